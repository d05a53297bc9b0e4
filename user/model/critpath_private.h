/* SPDX-License-Identifier: GPL-2.0-only */
/* critpath_private.h - the walk's state, shared by critpath*.c. */
#ifndef COLDPROF_CRITPATH_PRIVATE_H
#define COLDPROF_CRITPATH_PRIVATE_H

#include "user/base/texts.h"
#include "user/model/session.h"

/* An event of run->socks. */
struct moment {
	uint64_t time;
	uint32_t tid;
};

struct walk_near {
	uint32_t span, call;
};

struct walk {
	struct session *session;
	struct run *run;
	const struct sched *s;
	uint64_t launch;
	const struct sched_task *task; /* where we stand (DESIGN.md §9, 1.) … */
	uint64_t t;                    /* … and when; only ever goes down */
	bool arrived; /* by an edge: the task itself is asked first, not who woke it */
	bool polled;  /* … of somebody who polls: what the task waits for now is just him */
	const struct sched_task *poller; /* … this one */
	const struct sched_task **vcpus;
	size_t n_vcpus, cap_vcpus;
	struct walk_near *near; /* by task: where its spans and calls were looked at last … */
	uint32_t near_cpu;      /* … and where the switches of a CPU */
	struct moment *notices, *answers; /* what the client can have been told of; who sent */
	size_t n_notices, cap_notices, n_answers, cap_answers;
	uint64_t listen;  /* the service listens, absolute; 0 = not known */
	uint64_t connect; /* start of the client's connect that was answered; likewise */
	struct texts texts;      /* that slices have; the last of each sort, which neighbours often share: */
	const char *last_detail, *last_comm;
	const char *waiter;      /* who waits for where we stand … */
	uint64_t waits_since;    /* … since then */
};

/* A slice [start, w->t] of a task, cut at launch; then w->t = start. Nothing when it is empty. */
void walk_emit(struct walk *w, const struct sched_task *task, uint64_t start,
	       enum path_state state, const char *detail);

/* Go on at another task at or before w->t. */
void walk_go(struct walk *w, const struct sched_task *task, uint64_t t);

/* critpath_run.c: a running or runnable task since start; w->t = start then. */
void walk_running(struct walk *w, uint32_t span);
void walk_runnable(struct walk *w, uint32_t span);
void walk_find_vcpus(struct walk *w);
/* What a wait of w->task that begins with a span is: a vCPU's, in which its guest has nothing to do, or any. */
enum path_state walk_wait_state(const struct walk *w, uint32_t span);
/* Why it is not known what a task did in a span: records are lost, or the kernel has not told. */
const char *walk_unknown(const struct walk *w);

/*
 * critpath_poll.c: the wait that began with a span was ended by a thread of the same process that
 * polls: go on at what it polled for. False: it does not poll.
 */
bool walk_poller(struct walk *w, uint32_t begin, const struct sched_waking *waking,
		 const struct sched_task *waker);

/* The same for a thread that begins at w->t, made by one that polls. */
bool walk_poller_made(struct walk *w, const struct sched_task *maker);

/*
 * critpath_adopted.c: at w->t begins what is known of a process that a daemon made: go on at who
 * waited for the daemon. False: it is no such process.
 */
bool walk_handed_over(struct walk *w);

/* critpath_client.c: the client waited in span until w->t; waking, no message, ended it. */
void walk_client(struct walk *w, uint32_t span, const struct sched_waking *waking);
/* Collect notices and answers. */
void walk_find_moments(struct walk *w);
/* Stand where the walk begins: at the end of the cold start, at the client or at who was ready. */
void walk_begin(struct walk *w, uint64_t end);

#endif
