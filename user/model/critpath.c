// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath.c - the walk of DESIGN.md §9; the numbers of cases in comments are those of that page.
 *
 * It ends: each step either makes a slice, so that time goes down to the start of a span, or
 * follows an edge, after which a slice must come. Time never goes up.
 *
 * Case 4 is read so: a wait ends by a task of the run (or the client), who is followed (4a); by
 * somebody who is named but whose life nobody recorded (an interrupt, a kernel thread, a process of
 * the host), and the wait is its own cause (4b), the waker being part of its description; or by
 * nobody (4c), and it is unexplained.
 */
#include "user/model/critpath.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/model/critpath_private.h"
#include "user/model/role.h"
#include "user/model/syscall_names.h"
#include "user/model/wait.h"

#define NOTHING_KNOWN "nothing is known of it before"

const char *path_state_name(enum path_state state)
{
	static const char *const names[] = {
#define PATH_NAME(NAME, name) [PATH_##NAME] = name,
		PATH_STATES(PATH_NAME)
#undef PATH_NAME
	};

	return state < PATH_STATE_COUNT ? names[state] : "";
}

static const char *keep(struct walk *w, const char **last, const char *text)
{
	if (!*text)
		return "";
	if (!*last || strcmp(*last, text))
		*last = texts_keep(&w->texts, &w->session->arena, text, strlen(text));
	return *last;
}

static const char *name_of(struct walk *w, const struct sched_task *task)
{
	char buffer[ROLE_NAME_MAX];
	const char *name;

	if (!task)
		return "";
	if (task->client)
		return "client";
	name = role_of_task(buffer, w->run, task, w->t);
	return name == buffer ? keep(w, &w->last_comm, name) : name;
}

void walk_emit(struct walk *w, const struct sched_task *task, uint64_t start,
	       enum path_state state, const char *detail)
{
	struct critpath *path = &w->run->path;

	if (start < w->launch)
		start = w->launch;
	if (start >= w->t)
		return;
	if (w->t <= w->waits_since)
		w->waiter = NULL;
	ARRAY_RESERVE(path->slices, path->n, path->cap, 1);
	path->slices[path->n++] = (struct path_slice){
		.start = start, .end = w->t, .tid = task ? task->tid : 0,
		.pid = task ? task->pid : 0, .comm = name_of(w, task), .state = state,
		.detail = keep(w, &w->last_detail, detail),
		.waiter = w->waiter ? w->waiter : "",
	};
	w->t = start;
	w->arrived = w->polled = false;
}

void walk_go(struct walk *w, const struct sched_task *task, uint64_t t)
{
	w->task = task;
	if (t < w->t) /* the first rule of honesty: never forwards */
		w->t = t;
	w->arrived = true;
	w->polled = false;
}

/* Nothing is known of the task before w->t, so nothing of what it was made or woken by. */
static void lost(struct walk *w, const char *detail)
{
	walk_emit(w, w->task, w->launch, PATH_UNEXPLAINED, detail);
}

/* Is a waker somebody to follow? Then who; NULL otherwise. */
static const struct sched_task *waker_task(const struct walk *w,
					   const struct sched_waking *waking)
{
	const struct sched_task *task;

	if (!waking->ours)
		return NULL;
	/* 4b: "loopback traffic wakes in the sender's context", in softirq on top of him. */
	if (waking->context != WIRE_CONTEXT_TASK &&
	    !(wait_is_network(waking) && (waking->ours == 2 || syscall_sends(waking->syscall))))
		return NULL;
	task = sched_task(w->s, waking->waker);
	if (!task || task == w->task || !sched_known_before(w->s, task, waking->time))
		return NULL;
	return task;
}

/*
 * The second rule of honesty: a wake-up that did not end the wait is no edge. The task woke, found
 * that what it waits for had not come, and slept again in the same call; it is one wait. Only calls
 * that return when there is something count as "without progress": a read from disk sleeps many
 * times, for something new each time.
 */
static uint32_t begin_of_wait(const struct walk *w, uint32_t span)
{
	const struct sched *s = w->s;
	uint32_t first = w->task->spans.at, begin = span, at;

	for (at = span; at > first && begin - at < 8; at--) {
		const struct span *here = &s->spans[begin], *before = &s->spans[at - 1];
		const struct sched_switch *a, *b;
		const struct sched_call *call;

		if (before->flags & (SPAN_BORN | SPAN_TAKEN | SPAN_UNSEEN) ||
		    before->state == SPAN_UNKNOWN || here->ref == SCHED_NONE)
			break;
		if (before->state != SPAN_BLOCKED)
			continue;
		a = &s->switches[before->ref];
		b = &s->switches[here->ref];
		if (b->state != WIRE_STATE_SLEEPING || a->state != WIRE_STATE_SLEEPING ||
		    a->syscall != b->syscall || b->quick_ns || !syscall_waits(b->syscall))
			break;
		call = sched_call_before(s, w->task, here->start + 1);
		if (call && call->enter > before->start)
			break; /* two calls of the same number */
		if (call && call->exit > before->start && call->exit < here->start)
			break; /* the first of two; the second's record is lost */
		if (call && call->object_kind == WIRE_OBJECT_FILE)
			break;
		begin = at - 1;
	}
	return begin;
}

/* The hop to who ended a wait makes no slice: what the wait was is noted with his. */
static void note_waiter(struct walk *w, uint32_t begin, const struct sched_waking *waking,
			const struct sched_task *waker)
{
	const struct span *span = &w->s->spans[begin];
	char text[WAIT_TEXT_MAX], buffer[ROLE_NAME_MAX], both[WAIT_TEXT_MAX + ROLE_NAME_MAX];

	w->waiter = NULL;
	if (w->task->client || waker->client || waker->pid == w->task->pid)
		return;
	wait_text(text, w->session, w->run, w->task, span, waking);
	snprintf(both, sizeof(both), "%s: %s", role_of_task(buffer, w->run, w->task, w->t), text);
	w->waiter = arena_strndup(&w->session->arena, both, strlen(both));
	w->waits_since = span->start;
}

/* Case 4: the wait of span ended at w->t. */
static void wait_ended(struct walk *w, uint32_t span)
{
	const struct span *next = &w->s->spans[span + 1];
	const struct sched_waking *waking = next->flags & SPAN_WOKEN ? &w->s->wakings[next->ref] :
								       NULL;
	const struct sched_task *waker = waking ? waker_task(w, waking) : NULL;
	enum path_state state;
	char text[WAIT_TEXT_MAX];
	uint32_t begin;

	begin = begin_of_wait(w, span);
	if (waker) { /* 4a */
		if (!walk_poller(w, begin, waking, waker)) {
			note_waiter(w, begin, waking, waker);
			walk_go(w, waker, waking->time);
		}
		return;
	}
	if (w->task->client && waking) {
		walk_client(w, span, waking);
		return;
	}
	wait_text(text, w->session, w->run, w->task, &w->s->spans[span], waking);
	if (waking ? waking->context == WIRE_CONTEXT_UNKNOWN ||
			     (waking->ours && waking->context == WIRE_CONTEXT_TASK) :
		     !wait_timed_out(w->run, w->task, &w->s->spans[span])) /* 4c */
		state = PATH_UNEXPLAINED;
	else
		state = walk_wait_state(w, span);
	walk_emit(w, w->task, w->s->spans[begin].start, state, text);
}

/* We come to a task that is asleep and stays so: it is not known who waits for whom. */
static void asleep(struct walk *w, uint32_t span)
{
	const struct span *sp = &w->s->spans[span];
	char text[WAIT_TEXT_MAX];
	uint64_t start = sp->start;

	if (w->polled) {
		/*
		 * It has done what the poller looks for, and waits for him: he noticed late, by
		 * no more than he himself vouches for.
		 */
		uint64_t bound = w->run->client.uncertainty;

		if (w->t - start > bound)
			start = w->t - bound;
		walk_emit(w, w->poller, start, PATH_NOTICED_LATE, "polling");
		if (start <= sp->start || w->t <= w->launch)
			return;
	}
	wait_text(text, w->session, w->run, w->task, sp,
		  span + 1 < w->task->spans.at + w->task->spans.n &&
		  w->s->spans[span + 1].flags & SPAN_WOKEN ?
			  &w->s->wakings[w->s->spans[span + 1].ref] : NULL);
	walk_emit(w, w->task, sp->start, walk_wait_state(w, span), text);
}

/* Case 5: the task's life began at w->t. */
static void began(struct walk *w, const struct span *span)
{
	const struct sched_life *life = &w->s->lives[span->ref];
	const struct sched_task *task = sched_task(w->s, span->flags & SPAN_BORN ? life->tid :
									      life->other);

	if (!task || task == w->task || !sched_known_before(w->s, task, w->t))
		lost(w, "made by somebody whose records are lost");
	else if (!(span->flags & SPAN_BORN) || !walk_poller_made(w, task))
		walk_go(w, task, w->t);
}

/*
 * A life that began at w->t itself, in a span without length (a clock has its grain), which looking
 * for what begins before w->t passes over. After an edge it is not looked for: see the top.
 */
static const struct span *born_now(const struct walk *w, uint32_t at)
{
	const struct span *born = NULL;
	uint32_t i = at == SCHED_NONE ? w->task->spans.at : at + 1;

	for (; i < w->task->spans.at + w->task->spans.n && w->s->spans[i].start == w->t; i++)
		if (w->s->spans[i].flags & (SPAN_BORN | SPAN_TAKEN))
			born = &w->s->spans[i];
	return w->arrived ? NULL : born;
}

static void step(struct walk *w)
{
	uint32_t at = sched_span_near(w->s, w->task, w->t,
				      &w->near[w->task - w->s->tasks].span);
	const struct span *span = born_now(w, at);

	if (span) {
		began(w, span);
		return;
	}
	if ((at == SCHED_NONE || (w->s->spans[at].flags & SPAN_UNSEEN)) && walk_handed_over(w))
		return;
	if (at == SCHED_NONE) {
		lost(w, NOTHING_KNOWN);
		return;
	}
	span = &w->s->spans[at];
	switch (span->state) {
	case SPAN_RUNNING:
		walk_running(w, at);
		break;
	case SPAN_RUNNABLE:
		walk_runnable(w, at);
		break;
	case SPAN_BLOCKED:
		if (!w->arrived && sched_span_end(w->s, w->task, at) == w->t)
			wait_ended(w, at);
		else
			asleep(w, at);
		return;
	case SPAN_DEAD:
		walk_emit(w, w->task, span->start, PATH_UNEXPLAINED, "it has ended");
		break;
	default:
		walk_emit(w, w->task, span->start, PATH_UNEXPLAINED,
			  span->flags & SPAN_UNSEEN ? NOTHING_KNOWN : walk_unknown(w));
		break;
	}
	if (w->t > w->launch && w->t == span->start && span->flags & (SPAN_BORN | SPAN_TAKEN))
		began(w, span);
}

void critpath_find(struct session *session, struct run *run)
{
	const struct milestones *m = &run->milestones;
	struct walk w = { .session = session, .run = run, .s = &run->sched, .launch = m->launch };
	size_t i;

	run->path.n = 0;
	if (!m->launch || !m->seen[m->end] || run->sched.n_switches == 0)
		return;
	for (i = 0; i < run->sched.n_tasks; i++)
		run->sched.tasks[i].vcpu = false;
	w.near = xcalloc(run->sched.n_tasks, sizeof(*w.near));
	walk_find_vcpus(&w);
	walk_find_moments(&w);
	w.connect = run->client.connect;
	if (m->seen[MILESTONE_LISTEN])
		w.listen = m->launch + m->at[MILESTONE_LISTEN];
	walk_begin(&w, m->launch + m->at[m->end]);
	while (w.t > w.launch)
		step(&w);
	texts_release(&w.texts);
	free(w.near);
	free(w.vcpus);
	free(w.notices);
	free(w.answers);
	for (i = 0; i < run->path.n / 2; i++) {
		struct path_slice *a = &run->path.slices[i];
		struct path_slice *b = &run->path.slices[run->path.n - 1 - i], swap = *a;

		*a = *b;
		*b = swap;
	}
}
