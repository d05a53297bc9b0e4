/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched.h - what each task of a run did at any moment: ran, wanted a CPU, or waited.
 *
 * Fed with SWITCH, WAKING, SYSCALL, BLOCKED, SAMPLE, SEEN and the lives of tasks (FORK, EXEC, EXIT,
 * COMM) in the order of the file, i.e. nearly in that of time. sched_settle() makes one timeline a
 * task of it: spans without gaps, from the first thing that is known of the task on. Where records
 * are missing the span is SPAN_UNKNOWN: what can have been is not made up.
 *
 * A task is a tid, and a tid can be several tasks one after the other: a span that is born (FORK)
 * or taken (a thread that is no leader calls execve and gets its leader's tid) begins another life.
 */
#ifndef COLDPROF_SCHED_H
#define COLDPROF_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/mem.h"
#include "user/base/texts.h"

#define SCHED_NONE UINT32_MAX /* no index, no system call, no such task */

/* All of these begin with the time that they are sorted by. */
struct sched_switch {
	uint64_t time;
	uint64_t quick_ns; /* of a stranger: how long it had the CPU, 0 = not known */
	uint64_t stolen_ns; /* of prev's time on the CPU: had by the hypervisor */
	uint32_t prev, prev_pid;
	uint32_t next, next_pid;
	uint32_t syscall; /* of prev, SCHED_NONE outside of one */
	uint32_t cpu;
	uint32_t prev_name, next_name; /* of strangers: index for sched_name(), 0 = not said */
	uint8_t prev_ours, next_ours;
	uint8_t state, iowait;
	bool unseen; /* that prev had come on the CPU was not seen */
	bool stray; /* private: prev is a leader's corpse with another task's tid */
};

struct sched_waking {
	uint64_t time;
	uint32_t tid; /* who is woken */
	uint32_t waker, waker_pid;
	uint32_t syscall; /* of the waker */
	uint32_t name;    /* of the waker, when it is a stranger */
	uint8_t context, irq, vector;
	uint8_t ours, kthread;
	bool throttled; /* whom it wakes: by the quota of its cgroup */
};

struct sched_call {
	uint64_t enter;
	uint64_t exit;  /* UINT64_MAX: never returned (a task's end) */
	int64_t ret;
	uint64_t arg[3];
	uint64_t object_id;
	const char *object;
	uint32_t tid, pid;
	uint32_t nr;
	uint32_t peer_pid;
	uint32_t port;
	uint16_t object_kind;
	bool made; /* without a record: a task's end, an exec that goes on under another tid */
};

struct sched_stack {
	uint64_t since;
	uint64_t time; /* when the task came back */
	const uint64_t *frames;
	const char *file; /* hostile text: it waited for a disk, for this file; NULL: not known */
	uint32_t tid, n;
};

struct sched_sample {
	uint64_t time;
	const uint64_t *frames; /* kernel's, innermost first, then the user's */
	uint32_t tid;
	uint16_t n_kernel, n_user;
	uint8_t place; /* enum sample_place: set by critpath_tally_samples() */
};

/* It ran then, though no switch says so. */
struct sched_seen {
	uint64_t time;
	uint32_t tid;
};

struct sched_life {
	uint64_t time;
	uint64_t enter;  /* EXEC, EXIT (0: not known): of the call */
	uint32_t tid, pid;
	uint32_t other;  /* FORK: the child's tid; EXEC: the tid before */
	uint32_t other_pid;
	uint32_t ns_changed;
	uint32_t name;
	uint16_t kind;   /* WIRE_FORK, WIRE_EXEC, WIRE_EXIT, WIRE_COMM */
	bool worker;     /* FORK: the child never leaves the kernel */
};

enum span_state { SPAN_UNKNOWN, SPAN_RUNNING, SPAN_RUNNABLE, SPAN_BLOCKED, SPAN_DEAD };

#define SPAN_BORN 0x1   /* began with a fork: ref is lives[] */
#define SPAN_TAKEN 0x2  /* began when an exec took over the tid: ref is lives[] */
#define SPAN_WOKEN 0x4  /* began with a wake-up: ref is wakings[] */
#define SPAN_UNSEEN 0x8 /* when it began is not known: start is 0 */

/* Else ref is switches[]: the one that brought the task (RUNNING; SCHED_NONE: not seen) or took it away (the others). */
struct span {
	uint64_t start; /* its end is the start of the next one */
	uint32_t ref;
	uint8_t state; /* enum span_state */
	uint8_t flags;
};

struct sched_range {
	uint32_t at, n; /* into the array that it is of */
};

struct sched_task {
	uint32_t tid, pid;
	bool client;
	bool vcpu; /* set by critpath_find() */
	bool worker; /* of the kernel, for its process: it is never in user mode */
	struct sched_range spans, calls, stacks, samples, names;
};

struct sched_rename {
	uint64_t time;
	uint32_t name;
};

struct sched {
	struct sched_switch *switches;
	struct sched_waking *wakings;
	struct sched_call *calls;   /* settled: by task, by entry */
	struct sched_stack *stacks; /* settled: by task, by since */
	struct sched_sample *samples; /* settled: by task, by time */
	struct sched_seen *seen;
	struct sched_life *lives;
	size_t n_switches, cap_switches, n_wakings, cap_wakings, n_calls, cap_calls;
	size_t n_stacks, cap_stacks, n_samples, cap_samples, n_lives, cap_lives;
	size_t n_seen, cap_seen;
	void *pool; /* private: names of strangers, once each */
	struct texts objects; /* private: of calls, once each */
	/* settled: */
	struct sched_task *tasks; /* in order of appearance */
	struct span *spans;       /* by task, by time */
	struct sched_rename *names;
	uint32_t *cpu_order;      /* switches by CPU, by time */
	uint64_t *pid_order;      /* tasks by pid: pid in the upper half, index in the lower */
	uint32_t *tids;           /* private: table from tid to task */
	size_t n_tasks, cap_tasks, n_spans, cap_spans, n_names, size_tids;
	bool settled;
	bool generic_calls; /* set before the first record: it speaks syscall_from_generic()'s numbers */
};

struct wire_head;

/* False when the record makes no sense. Others than the kinds above are ignored. */
bool sched_add(struct sched *s, struct arena *arena, const struct wire_head *record);
void sched_settle(struct sched *s, uint32_t client_tid);
void sched_release(struct sched *s);

/* The task of a tid, or NULL. */
const struct sched_task *sched_task(const struct sched *s, uint32_t tid);

/* Tasks of a process, one after the other: sched_of() them until SCHED_NONE. */
uint32_t sched_first_of(const struct sched *s, uint32_t pid);
uint32_t sched_next_of(const struct sched *s, uint32_t at);
const struct sched_task *sched_of(const struct sched *s, uint32_t at);

/* Index into spans of the last span of a task that begins before t; SCHED_NONE: nothing known. */
uint32_t sched_span_before(const struct sched *s, const struct sched_task *task, uint64_t t);
/*
 * The same for who asks for one time after the other, each a little before the last one: *near is
 * where he was (anything at first).
 */
uint32_t sched_span_near(const struct sched *s, const struct sched_task *task, uint64_t t,
			 uint32_t *near);
/* Is anything known of it before t? */
bool sched_known_before(const struct sched *s, const struct sched_task *task, uint64_t t);
/* Its end; UINT64_MAX for the last one. */
uint64_t sched_span_end(const struct sched *s, const struct sched_task *task, uint32_t span);

/* The call that a task was in at t (enter < t <= exit), or NULL when no record says so. */
const struct sched_call *sched_call_at(const struct sched *s, const struct sched_task *task,
				       uint64_t t);

/*
 * The last call of a task that is entered before t, NULL when none: whether it is over by then is
 * the caller's question.
 */
const struct sched_call *sched_call_before(const struct sched *s, const struct sched_task *task,
					   uint64_t t);

const struct sched_call *sched_call_near(const struct sched *s, const struct sched_task *task,
					 uint64_t t, uint32_t *near);

/* Where it slept from since on, or NULL. */
const struct sched_stack *sched_stack_since(const struct sched *s, const struct sched_task *task,
					    uint64_t since);

/* Index of a task's first sample after t; samples.at + samples.n when there is none. */
uint32_t sched_sample_after(const struct sched *s, const struct sched_task *task, uint64_t t);

/* Who left a CPU last before t: index of a switch, SCHED_NONE when there is none since from. */
uint32_t sched_cpu_before(const struct sched *s, uint32_t cpu, uint64_t from, uint64_t t,
			  uint32_t *near);

/* What a task was called at t; "" when nobody said. */
const char *sched_task_name(const struct sched *s, const struct sched_task *task, uint64_t t);
const char *sched_name(const struct sched *s, uint32_t name);

#endif
