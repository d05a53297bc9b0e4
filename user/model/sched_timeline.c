// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_timeline.c - what happened to a task, one event after the other, into what it did.
 *
 * What does not fit together is where records are missing:
 *
 *   brought, brought      where it left in between was not seen: unknown since the first
 *   taken, taken          when it came back was not seen: unknown since it could run again
 *   asleep, brought       nobody woke it: the span stays BLOCKED and has no waker, unless it was
 *                         woken just before it left: sched_waking of another CPU can precede the
 *                         sched_switch of a task that is on its way to sleep
 *   woken, woken          it ran and slept in between: unknown since the first
 *   not running, seen     a sample of it, or a call that it began or ended: it has come to a CPU at
 *                         some time before (some kernels do not tell of each change to a task)
 */
#include "user/base/mem.h"
#include "user/model/sched_private.h"
#include "user/record/format.h"

/* A wake-up so long before the switch away can still be what ended the wait: the waker's CPU waits
 * for the sleeper's switch, and either may be interrupted meanwhile (or be a preempted vCPU). */
#define EARLY_WAKE_NS 200000

struct timeline {
	struct sched *s;
	bool some;           /* it has a span */
	uint64_t early;      /* woken while it ran; 0 = not */
	uint32_t early_ref;
	bool odd;            /* something did not fit together */
};

static struct span *last_span(struct timeline *t)
{
	return t->some ? &t->s->spans[t->s->n_spans - 1] : NULL;
}

static void push(struct timeline *t, uint64_t start, enum span_state state, uint32_t ref,
		 unsigned int flags)
{
	struct sched *s = t->s;

	ARRAY_RESERVE(s->spans, s->n_spans, s->cap_spans, 1);
	s->spans[s->n_spans++] = (struct span){ .start = start, .ref = ref,
						.state = (uint8_t)state, .flags = (uint8_t)flags };
	t->some = true;
}

static void on_wake(struct timeline *t, const struct sched_event *e)
{
	struct span *last = last_span(t);

	if (!last) {
		push(t, 0, SPAN_BLOCKED, SCHED_NONE, SPAN_UNSEEN);
		push(t, e->time, SPAN_RUNNABLE, e->ref, SPAN_WOKEN);
		return;
	}
	switch (last->state) {
	case SPAN_BLOCKED:
		push(t, e->time, SPAN_RUNNABLE, e->ref, SPAN_WOKEN);
		break;
	case SPAN_RUNNABLE:
		/* Of one that was preempted a wake-up says nothing. */
		if (!(last->flags & SPAN_WOKEN))
			break;
		last->state = SPAN_UNKNOWN;
		t->odd = true;
		push(t, e->time, SPAN_RUNNABLE, e->ref, SPAN_WOKEN);
		break;
	case SPAN_RUNNING:
		t->early = e->time;
		t->early_ref = e->ref;
		break;
	default:
		break;
	}
}

/* Was what it sleeps in over before it slept? */
static bool woken_early(struct timeline *t)
{
	const struct span *last = last_span(t);

	return last->state == SPAN_BLOCKED && t->early && last->start - t->early <= EARLY_WAKE_NS;
}

static void on_in(struct timeline *t, const struct sched_event *e)
{
	struct span *last = last_span(t);

	if (!last || last->state == SPAN_DEAD) {
		/* The birth is missing: nothing is known of what was before. */
		push(t, last ? last->start : 0, SPAN_UNKNOWN, SCHED_NONE, SPAN_UNSEEN);
	} else if (woken_early(t)) {
		push(t, last->start, SPAN_RUNNABLE, t->early_ref, SPAN_WOKEN);
	} else if (last->state == SPAN_BLOCKED) {
		t->odd = true;
	} else if (last->state == SPAN_RUNNING) {
		last->state = SPAN_UNKNOWN;
		t->odd = true;
		if (t->early)
			push(t, t->early, SPAN_RUNNABLE, t->early_ref, SPAN_WOKEN);
	}
	push(t, e->time, SPAN_RUNNING, e->ref, 0);
	t->early = 0;
}

static void on_out(struct timeline *t, const struct sched_event *e)
{
	static const enum span_state after[] = {
		[WIRE_STATE_RUNNABLE] = SPAN_RUNNABLE, [WIRE_STATE_SLEEPING] = SPAN_BLOCKED,
		[WIRE_STATE_BLOCKED] = SPAN_BLOCKED, [WIRE_STATE_STOPPED] = SPAN_BLOCKED,
		[WIRE_STATE_ENDED] = SPAN_DEAD, [WIRE_STATE_THROTTLED] = SPAN_RUNNABLE,
	};
	struct span *last = last_span(t);

	t->odd |= last && last->state != SPAN_RUNNING;
	if (!last)
		push(t, 0, SPAN_UNKNOWN, SCHED_NONE, SPAN_UNSEEN);
	else if (last->state == SPAN_RUNNABLE && t->s->switches[e->ref].unseen)
		; /* it got the CPU meanwhile, and left it now: critpath_run.c has words for it */
	else if (last->state != SPAN_RUNNING)
		last->state = SPAN_UNKNOWN;
	push(t, e->time, after[t->s->switches[e->ref].state], e->ref, 0);
}

static void on_seen(struct timeline *t, const struct sched_event *e)
{
	const struct span *last = last_span(t);

	if (!last || last->state == SPAN_RUNNING || last->state == SPAN_DEAD)
		return;
	if (woken_early(t))
		push(t, last->start, SPAN_RUNNABLE, t->early_ref, SPAN_WOKEN);
	push(t, e->time, SPAN_RUNNING, SCHED_NONE, 0);
	t->early = 0;
}

static void run_event(struct timeline *t, const struct sched_event *e)
{
	switch (e->kind) {
	case EVENT_BORN:
		push(t, e->time, SPAN_RUNNABLE, e->ref, SPAN_BORN);
		t->early = 0;
		break;
	case EVENT_TAKE:
		push(t, e->time, SPAN_RUNNING, e->ref, SPAN_TAKEN);
		t->early = 0;
		break;
	case EVENT_GONE: /* it goes on under another number */
		push(t, e->time, SPAN_DEAD, SCHED_NONE, 0);
		t->early = 0;
		break;
	case EVENT_WAKE:
		on_wake(t, e);
		break;
	case EVENT_OUT:
		on_out(t, e);
		break;
	case EVENT_SEEN:
		on_seen(t, e);
		break;
	default:
		on_in(t, e);
		break;
	}
}

bool sched_make_spans(struct sched *s, const struct sched_event *events, size_t n)
{
	struct timeline t = { .s = s };
	size_t i;

	for (i = 0; i < n; i++)
		run_event(&t, &events[i]);
	return t.odd;
}
