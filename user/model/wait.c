// SPDX-License-Identifier: GPL-2.0-only
/* wait.c - what a task waited for, in words. */
#include "user/model/wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/model/role.h"
#include "user/model/syscall_names.h"

#define ANCESTORS 4
#define CHILDREN_LOOKED_AT 4096 /* a recording cannot make this slow */

#define EPHEMERAL 32768 /* net.ipv4.ip_local_port_range begins there by default */

/* include/linux/interrupt.h; as in wire_waking.vector. */
enum softirq {
	SOFTIRQ_TIMER = 1, SOFTIRQ_NET_TX = 2, SOFTIRQ_NET_RX = 3, SOFTIRQ_BLOCK = 4,
	SOFTIRQ_IRQ_POLL = 5, SOFTIRQ_HRTIMER = 8, SOFTIRQ_RCU = 9,
};

/*
 * Frames that say how a task sleeps, and not for what. A name ends with '*' where anything may
 * follow. Those of the second table are only left out when there is something behind them.
 */
static const char *const never_deciding[] = {
	"bpf_*", "__bpf_*", "__traceiter_*", "trace_event_*", "perf_trace_*", "_einittext",
	"__schedule", "schedule", "schedule_*", "io_schedule*", "preempt_schedule*",
	"__cond_resched*", "do_syscall_64", "do_syscall_x64", "x64_sys_call", "entry_*",
	"el0*", "invoke_syscall*", "do_el0_svc*", "ret_from_fork*",
};
static const char *const rarely_deciding[] = {
	"wait_for_completion*", "__wait_for_common*", "do_wait_for_common*", "__wait_rcu_gp",
	"wait_rcu_gp*", "exp_funnel_lock", "synchronize_rcu_normal", "rcu_sync_enter",
	"percpu_down_*", "__percpu_down_*", "rwsem_*", "down_*", "__down_*", "__mutex_*", "mutex_*",
	"ww_mutex_*", "rt_mutex_*", "__rt_mutex_*", "bit_wait*", "__wait_on_bit*",
	"out_of_line_wait_on_bit*", "wait_on_bit*", "folio_wait_*", "__folio_lock*",
	"__lock_page*", "wait_on_page*", "prepare_to_wait*", "do_wait_intr*", "usleep_range*",
	"msleep*", "__x64_sys_*", "__se_sys_*", "__do_sys_*", "asm_exc_*", "rcu_barrier_*",
	"vfs_*", "ksys_*", "new_sync_*",
};

static bool matches(const char *pattern, const char *name)
{
	size_t n = strcspn(pattern, "*");

	return pattern[n] == '*' ? !strncmp(pattern, name, n) : !strcmp(pattern, name);
}

static bool in_table(const char *const *table, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (matches(table[i], name))
			return true;
	return false;
}

/* The next frame from at on that says something; NULL when there is none. */
static const char *telling_frame(const struct session *session, const struct sched_stack *stack,
				 uint32_t *at, bool all)
{
	for (; *at < stack->n; (*at)++) {
		const char *name = session_symbol(session, stack->frames[*at]);

		if (!*name || in_table(never_deciding, ARRAY_SIZE(never_deciding), name))
			continue;
		if (!all && in_table(rarely_deciding, ARRAY_SIZE(rarely_deciding), name))
			continue;
		return name;
	}
	return NULL;
}

/* Compilers part functions and name the pieces "name.isra.0": that is no other function. */
static int plain_length(const char *name)
{
	return (int)strcspn(name, ".");
}

/*
 * A grace period is waited for by many: who asked for it says as much as that it was one. The
 * function that does it has several names, one for each way to do it.
 */
void wait_deciding(char text[WAIT_TEXT_MAX], const struct session *session,
		   const struct sched_stack *stack)
{
	const char *name = NULL, *on_behalf;
	uint32_t at;

	text[0] = '\0';
	for (at = 0; at < stack->n; at++) {
		const char *frame = session_symbol(session, stack->frames[at]);

		if (!strncmp(frame, "synchronize_rcu", 15) ||
		    !strncmp(frame, "synchronize_srcu", 16))
			name = frame;
		else if (name)
			break;
	}
	if (name) {
		on_behalf = telling_frame(session, stack, &at, false);
		snprintf(text, WAIT_TEXT_MAX, "synchronize_%s%s%.*s",
			 name[12] == 's' ? "srcu" : "rcu", on_behalf ? " in " : "",
			 on_behalf ? plain_length(on_behalf) : 0, on_behalf ? on_behalf : "");
		return;
	}
	at = 0;
	name = telling_frame(session, stack, &at, false);
	if (!name) {
		at = 0;
		name = telling_frame(session, stack, &at, true);
	}
	if (name)
		snprintf(text, WAIT_TEXT_MAX, "%.*s", plain_length(name), name);
}

void wait_kthread_name(char text[WAIT_TEXT_MAX], const char *name)
{
	text_append(text, WAIT_TEXT_MAX, 0, name, strcspn(name, "/"));
}

bool wait_is_network(const struct sched_waking *waking)
{
	if (waking->context != WIRE_CONTEXT_SOFTIRQ)
		return false;
	return waking->irq != WIRE_IRQ_SOFTIRQ || waking->vector == SOFTIRQ_NET_RX ||
	       waking->vector == SOFTIRQ_NET_TX;
}

bool wait_is_timer(const struct sched_waking *waking)
{
	return waking->irq == WIRE_IRQ_TIMER ||
	       (waking->irq == WIRE_IRQ_SOFTIRQ && (waking->vector == SOFTIRQ_TIMER ||
						    waking->vector == SOFTIRQ_HRTIMER));
}

/* The end of a path says more than its beginning, but a short one is kept whole. */
static const char *short_object(const char *path)
{
	size_t n = strlen(path);
	const char *at;

	if (n <= 48)
		return path;
	at = path + n - 47;
	while (*at && *at != '/' && at > path)
		at++;
	return *at ? at : path;
}

/* Did a process, or whom it comes from, come from another one? (A shim, a subreaper: it waits for grandchildren.) */
static bool comes_from(const struct process *p, uint32_t pid)
{
	int depth;

	for (depth = 0; p && depth < ANCESTORS; depth++, p = p->parent)
		if (p->parent && p->parent->pid == pid)
			return true;
	return false;
}

/*
 * The child that a call is about, by the number that it has where the waiter is: asked for, or, where
 * any would do, returned. A child may have been made by another child, for the waiter (CLONE_PARENT: runc's
 * stages) or left to it. Recordings of before 0.1 know the numbers of the host only. 0: not known.
 */
static uint32_t child_of(const struct run *run, const struct sched_call *call)
{
	uint64_t number = call->object_id;
	const struct process *p, *grandchild = NULL;
	size_t i, n = 0;

	if (!number && call->nr == SYSCALL_WAIT4 && call->ret > 0)
		number = (uint64_t)call->ret;
	for (i = run->tree.n; number && i > 0 && n < CHILDREN_LOOKED_AT; i--, n++) {
		p = run->tree.processes[i - 1];
		if (p->start > call->exit)
			continue;
		if (p->number ? p->number == number && p->parent && p->parent->pid == call->pid : p->pid == number)
			return p->pid;
		if (!grandchild && p->number == number && comes_from(p, call->pid))
			grandchild = p;
	}
	return grandchild ? grandchild->pid : 0;
}

/* The object of a call, with a blank before it, or "". */
static void object_text(char text[WAIT_TEXT_MAX], const struct run *run,
			const struct sched_call *call)
{
	char name[ROLE_NAME_MAX];
	const char *peer = call->peer_pid != call->pid ?
				   role_of_process(name, run, call->peer_pid) : "";
	size_t n;

	text[0] = '\0';
	switch (call->object_kind) {
	case WIRE_OBJECT_PATH:
	case WIRE_OBJECT_FILE:
	case WIRE_OBJECT_DEVICE:
		if (*call->object) {
			const char *object = short_object(call->object);

			n = text_append(text, WAIT_TEXT_MAX, 0,
					object != call->object ? " ..." : " ", SIZE_MAX);
			text_append(text, WAIT_TEXT_MAX, n, object, SIZE_MAX);
		}
		break;
	case WIRE_OBJECT_PIPE:
		text_append(text, WAIT_TEXT_MAX, 0, " pipe", SIZE_MAX);
		break;
	case WIRE_OBJECT_SOCKET_UNIX:
		snprintf(text, WAIT_TEXT_MAX, " unix socket%s%s", *peer ? " of " : "", peer);
		break;
	case WIRE_OBJECT_SOCKET_INET:
		/* A port that the kernel gave out for once is another one each time. */
		if (call->nr == SYSCALL_CONNECT && call->port >= EPHEMERAL)
			snprintf(text, WAIT_TEXT_MAX, " to an ephemeral port");
		else if (call->nr == SYSCALL_CONNECT && call->port)
			snprintf(text, WAIT_TEXT_MAX, " to port %u", call->port);
		else
			snprintf(text, WAIT_TEXT_MAX, " TCP socket");
		break;
	case WIRE_OBJECT_SOCKET_OTHER:
		snprintf(text, WAIT_TEXT_MAX, " socket");
		break;
	case WIRE_OBJECT_ANON:
		peer = call->object + (*call->object == '['); /* "[eventpoll]" */
		snprintf(text, WAIT_TEXT_MAX, " %.*s", (int)strcspn(peer, "]"), peer);
		break;
	case WIRE_OBJECT_CHILD:
		peer = role_of_process(name, run, child_of(run, call));
		if (*peer)
			snprintf(text, WAIT_TEXT_MAX, " for %s", peer);
		break;
	default:
		break;
	}
}

static const char *call_name(char number[24], uint32_t nr)
{
	const char *name = syscall_name(nr);

	if (name)
		return name;
	snprintf(number, 24, "system call %u", nr);
	return number;
}

void wait_call_text(char text[WAIT_TEXT_MAX], const struct run *run,
		    const struct sched_call *call)
{
	char object[WAIT_TEXT_MAX], number[24];
	size_t n;

	if (call->made && call->nr == SYSCALL_EXIT_GROUP) {
		snprintf(text, WAIT_TEXT_MAX, "exit");
		return;
	}
	object_text(object, run, call);
	n = text_append(text, WAIT_TEXT_MAX, 0, call_name(number, call->nr), SIZE_MAX);
	text_append(text, WAIT_TEXT_MAX, n, object, 200);
}

/* The record of the call in which the task went to sleep. */
static const struct sched_call *call_of(const struct run *run, const struct sched_task *task,
					const struct span *span)
{
	const struct sched *s = &run->sched;
	const struct sched_call *call = sched_call_at(s, task, span->start + 1);

	if (call && span->ref != SCHED_NONE && !call->made &&
	    s->switches[span->ref].syscall != call->nr)
		return NULL;
	return call;
}

uint32_t wait_syscall(const struct run *run, const struct sched_task *task,
		      const struct span *span)
{
	const struct sched_call *call = call_of(run, task, span);

	if (call)
		return call->nr;
	return span->ref == SCHED_NONE ? SCHED_NONE : run->sched.switches[span->ref].syscall;
}

/*
 * A vCPU halts in KVM_RUN, or, where the VMM does it (TCG), on a futex: that may be one of the VMM's
 * locks, too. Anything else it does not wait for because of its guest: page faults, files, pipes, nor
 * what there is before its first KVM_RUN.
 */
bool wait_is_halt(const struct run *run, const struct sched_task *task, const struct span *span)
{
	const struct vcpu *v = task->vcpu ? vm_vcpu(run, task->tid) : NULL;

	if (!task->vcpu || (v && span->start < v->first) ||
	    (span->ref != SCHED_NONE && run->sched.switches[span->ref].state != WIRE_STATE_SLEEPING))
		return false;
	return wait_syscall(run, task, span) == (run->vm.tcg ? SYSCALL_FUTEX : SYSCALL_IOCTL);
}

/* A nap that is over has no record, unless a signal ended it (bpf/syscall.bpf.c). */
static bool nap_is_over(const struct run *run, const struct sched_task *task, const struct span *span)
{
	const struct span *next = span + 1;
	uint32_t nr = wait_syscall(run, task, span);

	return (nr == SYSCALL_NANOSLEEP || nr == SYSCALL_CLOCK_NANOSLEEP) && !run->lost &&
	       run->sched.switches[span->ref].state == WIRE_STATE_SLEEPING &&
	       next < run->sched.spans + task->spans.at + task->spans.n &&
	       (next->state == SPAN_RUNNING || next->state == SPAN_RUNNABLE);
}

bool wait_timed_out(const struct run *run, const struct sched_task *task, const struct span *span)
{
	const struct sched_call *call = call_of(run, task, span);
	const struct span *end = run->sched.spans + task->spans.at + task->spans.n, *next;

	if (!call)
		return nap_is_over(run, task, span);
	/* (Asleep for a page of its arguments it waits for that.) */
	if (call->made || span->ref == SCHED_NONE ||
	    run->sched.switches[span->ref].state != WIRE_STATE_SLEEPING)
		return false;
	switch (call->nr) {
	case SYSCALL_POLL:
	case SYSCALL_PPOLL:
	case SYSCALL_SELECT:
	case SYSCALL_PSELECT6:
	case SYSCALL_EPOLL_WAIT:
	case SYSCALL_EPOLL_PWAIT:
	case SYSCALL_EPOLL_PWAIT2:
	case SYSCALL_NANOSLEEP:
	case SYSCALL_CLOCK_NANOSLEEP:
		if (call->ret)
			return false;
		break;
	case SYSCALL_FUTEX:
		if (call->ret != -ETIMEDOUT)
			return false;
		break;
	default:
		return false;
	}
	for (next = span + 1; next < end && next->state != SPAN_BLOCKED && next->state != SPAN_UNKNOWN; next++)
		;
	return next == end || next->start >= call->exit;
}

void wait_waker_text(char text[WAIT_TEXT_MAX], const struct sched *s,
		     const struct sched_waking *waking)
{
	char name[WAIT_TEXT_MAX];

	text[0] = '\0';
	if (wait_is_network(waking)) {
		snprintf(text, WAIT_TEXT_MAX, "network");
	} else if (wait_is_timer(waking)) {
		snprintf(text, WAIT_TEXT_MAX, "timer");
	} else if (waking->irq == WIRE_IRQ_SOFTIRQ && (waking->vector == SOFTIRQ_BLOCK ||
						       waking->vector == SOFTIRQ_IRQ_POLL)) {
		snprintf(text, WAIT_TEXT_MAX, "disk");
	} else if (waking->irq == WIRE_IRQ_SOFTIRQ && waking->vector == SOFTIRQ_RCU) {
		snprintf(text, WAIT_TEXT_MAX, "RCU");
	} else if (waking->irq == WIRE_IRQ_DEVICE) {
		snprintf(text, WAIT_TEXT_MAX, "a device");
	} else if (waking->context != WIRE_CONTEXT_TASK) {
		snprintf(text, WAIT_TEXT_MAX, "an interrupt");
	} else if (waking->kthread || !waking->waker) {
		wait_kthread_name(name, sched_name(s, waking->name));
		snprintf(text, WAIT_TEXT_MAX, "kernel thread%s%.100s", *name ? " " : "", name);
	} else if (!waking->ours) {
		snprintf(text, WAIT_TEXT_MAX, "%.100s, not of the run",
			 *sched_name(s, waking->name) ? sched_name(s, waking->name) : "a process");
	}
}

/* Who or what ended it, where that says something; "" else. */
static void cause_text(char text[WAIT_TEXT_MAX], const struct sched *s,
		       const struct sched_waking *waking, bool iowait, bool timed_out)
{
	if (iowait)
		snprintf(text, WAIT_TEXT_MAX, "disk");
	else if (!waking && timed_out)
		snprintf(text, WAIT_TEXT_MAX, "timer");
	else if (!waking)
		snprintf(text, WAIT_TEXT_MAX, "no wake-up was seen");
	else
		wait_waker_text(text, s, waking);
}

/*
 * Outside of system calls it is a page fault that waits, as a rule. A whole stack without its handler is
 * what a task does before it goes back to user mode: files closed and mounts dropped late, signals, seccomp.
 */
static bool is_no_fault(const struct session *session, const struct sched_stack *stack)
{
	uint32_t i;

	if (!stack->n || stack->n >= WIRE_STACK_MAX || stack->file)
		return false;
	for (i = 0; i < stack->n; i++) {
		const char *name = session_symbol(session, stack->frames[i]);

		if (!*name || critpath_is_fault_handler(name))
			return false;
	}
	return true;
}

void wait_text(char text[WAIT_TEXT_MAX], const struct session *session, const struct run *run,
	       const struct sched_task *task, const struct span *span,
	       const struct sched_waking *waking)
{
	const struct sched *s = &run->sched;
	const struct sched_switch *out = span->ref == SCHED_NONE ? NULL : &s->switches[span->ref];
	const struct sched_call *call = call_of(run, task, span);
	const struct sched_stack *stack = sched_stack_since(s, task, span->start);
	uint32_t nr = wait_syscall(run, task, span);
	bool iowait = out && out->iowait;
	char what[WAIT_TEXT_MAX], where[WAIT_TEXT_MAX] = "", why[WAIT_TEXT_MAX], number[24];
	size_t n;

	if (call)
		wait_call_text(what, run, call);
	else if (nr != SCHED_NONE)
		snprintf(what, sizeof(what), "%s", call_name(number, nr));
	else if (out && out->state == WIRE_STATE_STOPPED)
		snprintf(what, sizeof(what), "stopped");
	else if (task->worker)
		snprintf(what, sizeof(what), "waiting");
	else if (stack && is_no_fault(session, stack))
		snprintf(what, sizeof(what), "on the way to user mode");
	else if (out && (iowait || out->state == WIRE_STATE_BLOCKED))
		snprintf(what, sizeof(what), "page fault%s%.100s", stack && stack->file ? " in " : "",
			 stack && stack->file ? stack->file : "");
	else
		snprintf(what, sizeof(what), "waiting");
	if (stack)
		wait_deciding(where, session, stack);
	cause_text(why, s, waking, iowait, wait_timed_out(run, task, span));
	/* Where the kernel's own function is known, its helper that says "done" tells nothing. */
	if (*where && !iowait && waking && (waking->kthread || !waking->waker ||
					    waking->context != WIRE_CONTEXT_TASK))
		why[0] = '\0';
	n = text_append(text, WAIT_TEXT_MAX, 0, what, 140);
	n = text_append(text, WAIT_TEXT_MAX, n, *where ? ": " : "", SIZE_MAX);
	n = text_append(text, WAIT_TEXT_MAX, n, where, 70);
	n = text_append(text, WAIT_TEXT_MAX, n, !*why ? "" : *where ? ", " : ": ", SIZE_MAX);
	text_append(text, WAIT_TEXT_MAX, n, why, 40);
}
