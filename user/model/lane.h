/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lane.h - what a task did, slice by slice in the order of time: what a timeline draws.
 *
 *     struct lane lane;
 *     struct lane_slice slice;
 *
 *     lane_begin(&lane, run, task, launch, launch + run_span(run));
 *     while (lane_next(&lane, &slice)) …
 *
 * Slices do not overlap. Between them the task was not there: not born yet, or dead. Nothing is
 * allocated; a lane is read once, in time proportional to what the task did.
 *
 * Of a vCPU whose KVM_RUNs have no records of their own, the ledger (vm.h) says how much of each 10 ms
 * on a CPU was guest, kernel and VMM, not in which order: the parts stand in that one, as on the
 * critical path.
 */
#ifndef COLDPROF_LANE_H
#define COLDPROF_LANE_H

#include "user/model/critpath.h"
#include "user/model/session.h"
#include "user/model/wait.h"

struct lane_slice {
	uint64_t start, end;   /* absolute ns, start < end */
	enum path_state state; /* USER … HALTED; UNEXPLAINED: records are missing */
	const struct sched_call *call; /* the call that it was in; NULL: none, or not recorded */
	uint32_t span;         /* index into run->sched.spans: what it is (a part) of */
};

struct lane { /* all private */
	const struct run *run;
	const struct sched_task *task;
	uint64_t at, to;
	uint32_t span, call;
	const struct vcpu *vcpu; /* its ledger, or NULL */
	size_t point;            /* of the ledger: the first one that ends after at */
	uint64_t guest_end, kernel_end, piece_end; /* the parts of what is drawn by it just now */
};

/* The run's scheduling must be settled, i.e. the task come from it. Absolute ns, [from, to). */
void lane_begin(struct lane *lane, const struct run *run, const struct sched_task *task,
		uint64_t from, uint64_t to);
bool lane_next(struct lane *lane, struct lane_slice *out);

/* The slice that a task is in at a time, whole. False: the task is not there. */
bool lane_at(struct lane *lane, const struct run *run, const struct sched_task *task,
	     uint64_t time, struct lane_slice *out);

/*
 * What the slice was on, in words: "openat /etc/passwd", "read unix socket of containerd", "write
 * cgroup.procs: synchronize_rcu in …"; "" where there is nothing to add to its state. Hostile text.
 */
void lane_text(char text[WAIT_TEXT_MAX], const struct session *session, const struct lane *lane,
	       const struct lane_slice *slice);

/* The wake-up that ended a slice (RUNNABLE follows, BLOCKED or HALTED does), or NULL. */
const struct sched_waking *lane_waking(const struct lane *lane, const struct lane_slice *slice);

/*
 * How long a run is on a timeline, ns after launch: to its first byte; without one to the last
 * thing that is known of its processes, 1 ms at least.
 */
uint64_t run_span(const struct run *r);

#endif
