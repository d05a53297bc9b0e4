// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_client.c - the probing client's waits: what it looked out for, and who brought it about.
 *
 * The client is told of a listen by a notice that its CPU's irq_work delivers, or it polls. Both
 * are DESIGN.md §9's polled wait: it waited for the event, so the walk goes on at the task that
 * caused the event, at its time; what passed until the client was woken is "noticed late".
 */
#include <stdlib.h>

#include "user/model/critpath_private.h"
#include "user/model/syscall_names.h"
#include "user/model/wait.h"

static int by_time(const void *a, const void *b)
{
	const struct moment *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* The guest calls that the client is told of (bpf/syscall.bpf.c). */
static bool is_notice(int64_t nr)
{
	return nr == SYSCALL_LISTEN || nr == SYSCALL_ACCEPT || nr == SYSCALL_ACCEPT4;
}

void walk_find_moments(struct walk *w)
{
	const struct run *run = w->run;
	uint32_t port = w->session->head.port;
	size_t i;

	for (i = 0; i < run->n_socks; i++) {
		const struct sock_event *e = &run->socks[i];
		struct moment moment = { .time = e->time, .tid = e->tid };

		if ((e->kind == WIRE_GUEST_SYSCALL && is_notice(e->value)) ||
		    (e->kind == WIRE_LISTEN && (!port || e->local_port == port))) {
			ARRAY_RESERVE(w->notices, w->n_notices, w->cap_notices, 1);
			w->notices[w->n_notices++] = moment;
		} else if (e->kind == WIRE_SOCK_SEND) {
			ARRAY_RESERVE(w->answers, w->n_answers, w->cap_answers, 1);
			w->answers[w->n_answers++] = moment;
		}
	}
	if (w->n_notices)
		qsort(w->notices, w->n_notices, sizeof(*w->notices), by_time);
	if (w->n_answers)
		qsort(w->answers, w->n_answers, sizeof(*w->answers), by_time);
}

/* The last one in (from, to]; NULL when there is none. */
static const struct moment *last_in(const struct moment *list, size_t n, uint64_t from,
				    uint64_t to)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].time <= to)
			low = middle + 1;
		else
			high = middle;
	}
	return low && list[low - 1].time > from ? &list[low - 1] : NULL;
}

static const struct sched_task *known_task(const struct walk *w, uint32_t tid, uint64_t t)
{
	const struct sched_task *task = tid ? sched_task(w->s, tid) : NULL;

	return task && !task->client && sched_known_before(w->s, task, t) ? task :
										       NULL;
}

/* What a client that polls a VM waits for: the vCPU that runs, or the first; else the VMM. */
static const struct sched_task *machine(const struct walk *w)
{
	const struct tree *tree = &w->run->tree;
	const struct sched_task *some = NULL;
	size_t i;

	if (!w->run->scenario || !(w->run->scenario->flags & SCENARIO_VM))
		return NULL;
	for (i = 0; i < w->n_vcpus; i++) {
		uint32_t at = sched_span_before(w->s, w->vcpus[i], w->t);

		if (at == SCHED_NONE)
			continue;
		if (w->s->spans[at].state == SPAN_RUNNING)
			return w->vcpus[i];
		if (!some)
			some = w->vcpus[i];
	}
	return some ? some : tree->n ? known_task(w, tree->processes[0]->pid, w->t) : NULL;
}

static void go_to_event(struct walk *w, const struct sched_task *task, uint64_t time,
			enum path_state state, const char *detail)
{
	if (time < w->t)
		walk_emit(w, w->task, time, state, detail);
	walk_go(w, task, time);
}

void walk_client(struct walk *w, uint32_t at, const struct sched_waking *waking)
{
	const struct run *run = w->run;
	uint64_t since = w->s->spans[at].start;
	const struct moment *told = last_in(w->notices, w->n_notices, since, w->t);
	const struct moment *answer;
	const struct sched_task *task = told ? known_task(w, told->tid, told->time) : NULL;

	if (wait_is_network(waking)) {
		/* No sender in sight: the packet was delivered later, by ksoftirqd or whoever. */
		answer = last_in(w->answers, w->n_answers, since, w->t);
		task = answer ? known_task(w, answer->tid, answer->time) : machine(w);
		if (task)
			go_to_event(w, task, answer ? answer->time : w->t, PATH_CLIENT,
				    "the answer is on its way");
		else
			walk_emit(w, w->task, since, PATH_CLIENT, "network");
	} else if (task) {
		go_to_event(w, task, told->time, PATH_NOTICED_LATE, "told of the listen");
	} else if (waking->irq == WIRE_IRQ_WORK && waking->ours == 1 &&
		   (task = known_task(w, waking->waker, w->t))) {
		walk_go(w, task, w->t); /* the event's own record is lost */
	} else if ((task = machine(w))) {
		const struct sched_task *poller = w->task;

		walk_go(w, task, w->t);
		w->polled = true;
		w->poller = poller;
	} else if ((run->client.notified && run->client.notified <= since) ||
		   (w->listen && w->listen <= since)) {
		/* It had been told or has polled, was refused, and tries again. */
		walk_emit(w, w->task, since, PATH_NOTICED_LATE, "trying again");
	} else if (waking->context == WIRE_CONTEXT_TASK && !waking->ours) {
		walk_emit(w, w->task, since, PATH_CLIENT, "waiting");
	} else {
		walk_emit(w, w->task, since, PATH_UNEXPLAINED,
			  "the client polled: for what is not known");
	}
}

void walk_begin(struct walk *w, uint64_t end)
{
	const struct run *run = w->run;
	const struct moment *answer = last_in(w->answers, w->n_answers, w->launch, end);

	w->t = end;
	if (run->has_ready && run->ready.how != READY_LINE) {
		w->task = known_task(w, run->ready.tid, end);
		if (w->task)
			return;
	}
	w->task = run->client_tid ? sched_task(w->s, run->client_tid) : NULL;
	if (w->task && sched_known_before(w->s, w->task, end))
		return;
	/* The client was not followed: begin at who answered, else at the run's root. */
	w->task = answer ? known_task(w, answer->tid, answer->time) : NULL;
	if (w->task)
		walk_emit(w, NULL, answer->time, PATH_UNEXPLAINED, "the client was not followed");
	else if (run->tree.n)
		w->task = known_task(w, run->tree.processes[0]->pid, end);
	if (!w->task)
		walk_emit(w, NULL, w->launch, PATH_UNEXPLAINED, "nobody was followed");
}
