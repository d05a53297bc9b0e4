/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wait.h - in words: what a task waited for, what a system call was on, who had its CPU.
 *
 * Words do not hold numbers that differ from run to run (pids, addresses, times): they are what
 * the ledger adds up by. Names in them are as recorded, i.e. hostile.
 */
#ifndef COLDPROF_WAIT_H
#define COLDPROF_WAIT_H

#include "user/model/sched.h"
#include "user/model/session.h"

#define WAIT_TEXT_MAX 256

/* "openat /etc/passwd", "read unix socket of containerd". */
void wait_call_text(char text[WAIT_TEXT_MAX], const struct run *run,
		    const struct sched_call *call);

/*
 * What a task slept for from the start of a span (SPAN_BLOCKED) on: "write cgroup.procs:
 * synchronize_rcu in cgroup_procs_write_start". waking is what ended it, NULL when not known.
 */
void wait_text(char text[WAIT_TEXT_MAX], const struct session *session, const struct run *run,
	       const struct sched_task *task, const struct span *span,
	       const struct sched_waking *waking);

/* Who or what ended a wait that is no task of the run: "timer", "network"; "" when it is one. */
void wait_waker_text(char text[WAIT_TEXT_MAX], const struct sched *s,
		     const struct sched_waking *waking);

/* The system call that it slept in; SCHED_NONE: none (a page fault) or not known. */
uint32_t wait_syscall(const struct run *run, const struct sched_task *task,
		      const struct span *span);

/* Of a vCPU: does it sleep because its guest has nothing to do? */
bool wait_is_halt(const struct run *run, const struct sched_task *task, const struct span *span);

/*
 * Did it end by its own limit? What its call returned says so: the time is over, and nothing has come. Of
 * several waits of one call that is the last.
 */
bool wait_timed_out(const struct run *run, const struct sched_task *task, const struct span *span);

/* A name without what tells kernel threads of a sort apart, a CPU or a disk: "kworker". */
void wait_kthread_name(char text[WAIT_TEXT_MAX], const char *name);

/* Of all return addresses, innermost first, the function that says what was waited for; or "". */
void wait_deciding(char text[WAIT_TEXT_MAX], const struct session *session,
		   const struct sched_stack *stack);

/* Is a wake-up a timer's that ran out? */
bool wait_is_timer(const struct sched_waking *waking);

/* Is a wake-up the network's: a softirq that delivers packets? */
bool wait_is_network(const struct sched_waking *waking);

#endif
