// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_poll.c - woken by a thread of its own process that only looks around now and then.
 *
 * Go's sysmon is the one that matters: it sleeps 20 us to 10 ms by the timer, looks whether a
 * thread has been in a system call for long or the network has something, and wakes another thread
 * to go on, or makes one. Cases 4a and 5 would follow it into its sleeps, one after the other, and
 * say that the program waited for a timer all the time. It is a polled wait (DESIGN.md §9): the
 * sleeper waits for what the poller polls for. That is something that the process itself does; the
 * task of it that ran last before has brought it about, as far as the kernel can know. So the walk
 * goes on there, and what passed since is "noticed late". Who looks around notices soon: what has
 * happened before his last looks is not what he has found now. Where nobody ran since then, he has
 * found what comes from outside of the process, or has just come to the end of his naps. So what the
 * sleeper waited for is what the poller did: his naps and looks, as long as the sleeper slept. Further
 * he is not followed, he was there before and did the same.
 *
 * The same holds for the probing client before the connect that was answered: where it polls, its
 * packets wake whoever looks at the network (gVisor's sentry, a VMM), and what comes of it is
 * refused or forgotten. It cannot be what the answer waited for.
 *
 * Who polls: who was woken by a timer twice in a row, of one call or naps, with little work since. A
 * thread that sleeps once and then wakes somebody is no poller: its sleep is the cause (4b). Nor is
 * a vCPU, whose naps are its guest's.
 *
 * Where KVM does not do it, a thread of the VMM keeps the guest's timers: a halted vCPU that it wakes
 * when its own timer has run out waited for a timer of its guest.
 */
#include "user/model/critpath_private.h"
#include "user/model/syscall_names.h"
#include "user/model/wait.h"

#include <stdio.h>
#include <string.h>

#define LOOK_NS 1000000 /* CPU time of one look: more is work */
#define LOOK_SPANS 16
#define LOOK_TASKS 1024 /* of a process: a recording cannot make this slow */
/*
 * What is older than the last two looks was there to be found before. Sysmon looks at the network, and
 * at who is in a system call, where 10 ms have passed since it did, after a nap of 10 ms at most.
 */
#define LATE_NS 20000000

/*
 * Back from a span to the wait before it: its index, SCHED_NONE when there is none near. *ran is
 * the time on a CPU since.
 */
static uint32_t wait_before(const struct walk *w, const struct sched_task *task, uint32_t at,
			    uint64_t end, uint64_t *ran)
{
	unsigned int steps;

	*ran = 0;
	for (steps = 0; steps < LOOK_SPANS && at > task->spans.at; steps++, at--) {
		const struct span *span = &w->s->spans[at];

		if (span->flags & (SPAN_BORN | SPAN_TAKEN))
			break;
		if (span->state == SPAN_RUNNING)
			*ran += end - span->start;
		else if (span->state != SPAN_RUNNABLE)
			break;
		end = span->start;
		if (span->flags & SPAN_WOKEN)
			return w->s->spans[at - 1].state == SPAN_BLOCKED ? at - 1 : SCHED_NONE;
	}
	return SCHED_NONE;
}

/* Did a timer end this wait? Then the system call of it, else SCHED_NONE. */
static uint32_t timed_wait(const struct walk *w, const struct sched_task *task, uint32_t at)
{
	const struct span *woken = &w->s->spans[at + 1];

	if (w->s->spans[at].ref == SCHED_NONE || !wait_is_timer(&w->s->wakings[woken->ref]))
		return SCHED_NONE;
	return wait_syscall(w->run, task, &w->s->spans[at]);
}

/* Sysmon sleeps by nanosleep as a rule, and on a futex with a limit when all is quiet. */
static bool is_nap(uint32_t nr)
{
	return nr == SYSCALL_NANOSLEEP || nr == SYSCALL_CLOCK_NANOSLEEP;
}

/* Does it poll at t? Then *since is from when on it can have found something. */
static bool polls(const struct walk *w, const struct sched_task *task, uint64_t t, uint64_t *since)
{
	uint32_t at = sched_span_before(w->s, task, t), first, second, nr, other;
	uint64_t ran, before, look = t;

	if (at == SCHED_NONE || task->vcpu)
		return false;
	if (w->s->spans[at].state == SPAN_BLOCKED && at > task->spans.at) /* between two looks */
		t = w->s->spans[at--].start;
	first = wait_before(w, task, at, t, &ran);
	if (first == SCHED_NONE || ran > LOOK_NS || first == task->spans.at)
		return false;
	nr = timed_wait(w, task, first);
	if (nr == SCHED_NONE)
		return false;
	second = wait_before(w, task, first - 1, w->s->spans[first].start, &before);
	if (second == SCHED_NONE || before > LOOK_NS)
		return false;
	other = timed_wait(w, task, second);
	*since = w->s->spans[second].start;
	if (*since > look - LATE_NS)
		*since = look > LATE_NS ? look - LATE_NS : 0;
	return other == nr || (other != SCHED_NONE && (is_nap(nr) || is_nap(other)));
}

/*
 * Was what it did last begun by the client, with a connection that was not the one answered? That
 * looks for the answer; the answer does not wait for it.
 */
static bool woken_by_probe(const struct walk *w, const struct sched_task *task, uint32_t at)
{
	uint32_t n;

	for (n = 0; at > task->spans.at && n < LOOK_SPANS; at--, n++) {
		const struct span *span = &w->s->spans[at];

		if (span->flags & SPAN_WOKEN)
			return w->s->wakings[span->ref].ours == 2 && w->s->wakings[span->ref].time < w->connect;
	}
	return false;
}

/*
 * Of a process's tasks but two and but those that only poll, who ran last until t, and until when;
 * NULL: nobody after since.
 */
static const struct sched_task *last_active(const struct walk *w, const struct sched_task *not_a,
					    const struct sched_task *not_b, uint64_t since,
					    uint64_t t, uint64_t *until)
{
	const struct sched_task *best = NULL;
	bool best_runs = false;
	uint64_t look;
	uint32_t i, n = 0;

	*until = since;
	for (i = sched_first_of(w->s, not_a->pid); i != SCHED_NONE && n < LOOK_TASKS;
	     i = sched_next_of(w->s, i), n++) {
		const struct sched_task *task = sched_of(w->s, i);
		uint32_t at = sched_span_before(w->s, task, t);
		bool runs;
		uint64_t time;

		if (task == not_a || task == not_b || task->client || at == SCHED_NONE)
			continue;
		runs = w->s->spans[at].state == SPAN_RUNNING;
		if (runs || w->s->spans[at].state == SPAN_RUNNABLE)
			time = t;
		else if (w->s->spans[at].state == SPAN_UNKNOWN)
			continue;
		else
			time = w->s->spans[at].start;
		if ((time > *until || (time == *until && best && runs && !best_runs)) &&
		    !polls(w, task, t, &look) && !woken_by_probe(w, task, at)) {
			*until = time;
			best = task;
			best_runs = runs;
		}
	}
	return best;
}

bool walk_poller_made(struct walk *w, const struct sched_task *maker)
{
	const struct sched_task *active;
	uint64_t until, since;

	if (maker->pid != w->task->pid || !polls(w, maker, w->t, &since))
		return false;
	active = last_active(w, w->task, maker, since > w->launch ? since : w->launch, w->t, &until);
	if (!active)
		return false;
	walk_emit(w, maker, until, PATH_NOTICED_LATE, "polling");
	walk_go(w, active, until);
	return true;
}

/* Has a timer made the task run, which runs at t? */
static bool timer_made_it_run(const struct walk *w, const struct sched_task *task, uint64_t t)
{
	uint32_t at = sched_span_before(w->s, task, t);
	uint64_t ran;

	if (at == SCHED_NONE || w->s->spans[at].state != SPAN_RUNNING)
		return false;
	at = wait_before(w, task, at, t, &ran);
	return at != SCHED_NONE && ran <= LOOK_NS && timed_wait(w, task, at) != SCHED_NONE;
}

/* What the poller did from w->t back to begin, when the sleeper fell asleep; then go on with him. */
static void walk_inside(struct walk *w, const struct sched_task *poller, uint64_t begin)
{
	const struct sched_task *sleeper = w->task;
	uint64_t launch = w->launch;
	char text[WAIT_TEXT_MAX];

	w->task = poller;
	if (begin > launch)
		w->launch = begin; /* no slice begins before it */
	while (w->t > w->launch) {
		uint32_t at = sched_span_before(w->s, poller, w->t);
		const struct span *span = &w->s->spans[at];

		if (span->state == SPAN_RUNNING) {
			walk_running(w, at);
		} else if (span->state == SPAN_RUNNABLE) {
			walk_runnable(w, at);
		} else if (span->state == SPAN_BLOCKED) {
			wait_text(text, w->session, w->run, poller, span,
				  at + 1 < poller->spans.at + poller->spans.n && span[1].flags & SPAN_WOKEN ?
					  &w->s->wakings[span[1].ref] : NULL);
			walk_emit(w, poller, span->start, PATH_BLOCKED, text);
		} else {
			walk_emit(w, poller, w->launch, PATH_UNEXPLAINED, walk_unknown(w));
		}
	}
	w->launch = launch;
	w->task = sleeper;
}

bool walk_poller(struct walk *w, uint32_t begin, const struct sched_waking *waking,
		 const struct sched_task *waker)
{
	const struct sched_task *sleeper = w->task, *active;
	const struct span *span = &w->s->spans[begin];
	bool too_early = waker->client && w->t < w->connect, timer;
	char text[WAIT_TEXT_MAX];
	uint64_t until, since = 0;
	size_t n;

	if (sleeper->client || span->start >= w->t)
		return false;
	timer = !too_early && walk_wait_state(w, begin) == PATH_HALTED && waker->pid == sleeper->pid &&
		timer_made_it_run(w, waker, waking->time);
	if (!too_early && !timer && (waker->pid != sleeper->pid || !polls(w, waker, waking->time, &since)))
		return false;
	active = timer ? NULL : last_active(w, sleeper, waker, since > span->start ? since : span->start,
					    w->t, &until);
	if (active) {
		walk_emit(w, too_early ? sleeper : waker, until, PATH_NOTICED_LATE, "polling");
		walk_go(w, active, until);
		return true;
	}
	if (!too_early && !timer) {
		if (!sched_known_before(w->s, waker, span->start))
			return false;
		walk_inside(w, waker, span->start);
		return true;
	}
	wait_text(text, w->session, w->run, sleeper, span, waking);
	n = strlen(text);
	if (timer)
		snprintf(text + n, sizeof(text) - n, ": timer");
	walk_emit(w, sleeper, span->start, walk_wait_state(w, begin), text);
	return true;
}
