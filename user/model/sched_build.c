// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched_build.c - timelines from records.
 *
 * All that happens to a task (born, brought to a CPU, taken from it, woken) is sorted by time and
 * run through a small state machine (sched_timeline.c).
 *
 * A thread that is no leader and calls execve goes on under its leader's tid. The kernel changes
 * the numbers at some moment before EXEC is sent; here it is the latest of what is known to come
 * before: the thread's coming back from waiting for the others, the leader's end.
 */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/sched_private.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define SYSCALL_EXECVEAT 322

/* ---- sorting: records are nearly sorted, and each kind begins with its u64 time ---------- */

static uint64_t key_of(const unsigned char *element)
{
	uint64_t key;

	memcpy(&key, element, sizeof(key));
	return key;
}

/* Two sorted neighbours, [a, a + left) and the rest up to n, into one; stable. */
static void merge(unsigned char *a, size_t left, size_t n, size_t size, unsigned char *tmp)
{
	unsigned char *out = a;
	size_t i = 0, k = left;

	if (key_of(a + (left - 1) * size) <= key_of(a + left * size))
		return;
	memcpy(tmp, a, left * size);
	while (i < left) {
		bool second = k < n && key_of(a + k * size) < key_of(tmp + i * size);

		memcpy(out, second ? a + k++ * size : tmp + i++ * size, size);
		out += size;
	}
}

static void sort_by_time(void *array, size_t n, size_t size)
{
	CLEANUP_FREE unsigned char *tmp = NULL;
	unsigned char *a = array;
	size_t width, at;

	for (at = 1; at < n && key_of(a + (at - 1) * size) <= key_of(a + at * size); at++)
		;
	if (at >= n)
		return;
	tmp = xmalloc(n * size);
	for (width = 1; width < n; width *= 2)
		for (at = 0; at + width < n; at += 2 * width)
			merge(a + at * size, width, n - at < 2 * width ? n - at : 2 * width, size,
			      tmp);
}

/* ---- tasks by tid ------------------------------------------------------------------------ */

static uint32_t hash(uint32_t tid)
{
	return tid * 2654435761u;
}

uint32_t sched_task_index(const struct sched *s, uint32_t tid)
{
	size_t at;

	if (!s->size_tids)
		return SCHED_NONE;
	for (at = hash(tid) & (s->size_tids - 1); s->tids[at] != SCHED_NONE;
	     at = (at + 1) & (s->size_tids - 1)) {
		if (s->tasks[s->tids[at]].tid == tid)
			return s->tids[at];
	}
	return SCHED_NONE;
}

static void put_tid(struct sched *s, uint32_t index)
{
	size_t at = hash(s->tasks[index].tid) & (s->size_tids - 1);

	while (s->tids[at] != SCHED_NONE)
		at = (at + 1) & (s->size_tids - 1);
	s->tids[at] = index;
}

static void grow_tids(struct sched *s)
{
	uint32_t i;

	s->size_tids = s->size_tids ? s->size_tids * 2 : 256;
	free(s->tids);
	s->tids = xmalloc(s->size_tids * sizeof(*s->tids));
	memset(s->tids, 0xff, s->size_tids * sizeof(*s->tids));
	for (i = 0; i < s->n_tasks; i++)
		put_tid(s, i);
}

/* The task of a tid, made when it is new. pid 0: not said here. */
static uint32_t task_of(struct sched *s, uint32_t tid, uint32_t pid)
{
	uint32_t index = sched_task_index(s, tid);

	if (index == SCHED_NONE) {
		if (2 * (s->n_tasks + 1) > s->size_tids)
			grow_tids(s);
		ARRAY_RESERVE(s->tasks, s->n_tasks, s->cap_tasks, 1);
		index = (uint32_t)s->n_tasks++;
		s->tasks[index] = (struct sched_task){ .tid = tid };
		put_tid(s, index);
	}
	if (pid)
		s->tasks[index].pid = pid;
	return index;
}

/* ---- what happens to a task, by task and by time ----------------------------------------- */

/* While timelines are made. */
struct build {
	struct sched *s;
	struct sched_event *events;
	struct sched_range *ranges; /* of events, by task */
	struct takeover {
		uint64_t time; /* first, to be sorted by */
		uint32_t life;
	} *takes;              /* births and takeovers by time */
	size_t n_takes, cap_takes;
	struct seen_at {
		uint64_t time; /* first, to be sorted by */
		uint32_t tid;
	} *seen;               /* when tasks did something, by time: of those … */
	size_t n_seen, cap_seen;
	bool *odd;             /* … with switches that were not seen */
	size_t n_switches, n_wakings, next_take; /* how far the merge is */
};

/* Every task that a record names, so that there is one to count for. */
static void find_tasks(struct sched *s)
{
	size_t i;

	for (i = 0; i < s->n_lives; i++) {
		const struct sched_life *l = &s->lives[i];

		task_of(s, l->tid, l->pid);
		if (l->kind == WIRE_FORK)
			task_of(s, l->other, l->other_pid);
		else if (l->kind == WIRE_EXEC)
			task_of(s, l->other, l->pid);
	}
	for (i = 0; i < s->n_switches; i++) {
		const struct sched_switch *w = &s->switches[i];

		if (w->prev_ours)
			task_of(s, w->prev, w->prev_pid);
		if (w->next_ours)
			task_of(s, w->next, w->next_pid);
	}
	for (i = 0; i < s->n_wakings; i++)
		task_of(s, s->wakings[i].tid, 0);
	for (i = 0; i < s->n_calls; i++)
		task_of(s, s->calls[i].tid, s->calls[i].pid);
	for (i = 0; i < s->n_stacks; i++)
		task_of(s, s->stacks[i].tid, 0);
	for (i = 0; i < s->n_samples; i++)
		task_of(s, s->samples[i].tid, 0);
}

static void add_take(struct build *b, uint64_t time, size_t life)
{
	ARRAY_RESERVE(b->takes, b->n_takes, b->cap_takes, 1);
	b->takes[b->n_takes++] = (struct takeover){ .time = time, .life = (uint32_t)life };
}

/* What each task last did, while switches are walked up to an exec. */
struct last_seen {
	uint64_t in;
	uint32_t end; /* switch that took it away for good; SCHED_NONE */
};

/* When the caller of an exec got its leader's number (see above). */
static uint64_t takeover_time(struct sched *s, const struct last_seen *seen,
			      const struct sched_life *l)
{
	const struct last_seen *old = &seen[sched_task_index(s, l->other)];
	const struct last_seen *leader = &seen[sched_task_index(s, l->tid)];
	uint64_t time = old->in;

	/* The leader's corpse may leave its CPU later than that, under either number. */
	if (old->end != SCHED_NONE && s->switches[old->end].time >= time) {
		time = s->switches[old->end].time;
		s->switches[old->end].stray = true;
	}
	if (leader->end != SCHED_NONE && s->switches[leader->end].time > time)
		time = s->switches[leader->end].time;
	return time ? time : l->enter;
}

static void note_switch(struct sched *s, struct last_seen *seen, uint32_t i)
{
	const struct sched_switch *w = &s->switches[i];

	if (w->next_ours)
		seen[sched_task_index(s, w->next)].in = w->time;
	if (w->prev_ours && w->state == WIRE_STATE_ENDED)
		seen[sched_task_index(s, w->prev)].end = i;
}

/* Births as they are told, takeovers at their own time. */
static void find_takes(struct build *b)
{
	struct sched *s = b->s;
	CLEANUP_FREE struct last_seen *seen = xcalloc(s->n_tasks, sizeof(*seen));
	size_t at = 0, i;

	for (i = 0; i < s->n_tasks; i++)
		seen[i].end = SCHED_NONE;
	for (i = 0; i < s->n_lives; i++) {
		const struct sched_life *l = &s->lives[i];

		for (; at < s->n_switches && s->switches[at].time <= l->time; at++)
			note_switch(s, seen, (uint32_t)at);
		if (l->kind == WIRE_FORK)
			add_take(b, l->time, i);
		else if (l->kind == WIRE_EXEC && l->other != l->tid)
			add_take(b, takeover_time(s, seen, l), i);
	}
	sort_by_time(b->takes, b->n_takes, sizeof(*b->takes));
}

/* Of a task whose last coming is missing nothing that follows says so. */
static bool seen_after_all(const struct sched *s, const struct sched_task *task, uint64_t time)
{
	const struct span *last;

	if (!task->spans.n)
		return false;
	last = &s->spans[task->spans.at + task->spans.n - 1];
	return time > last->start && (last->state == SPAN_RUNNABLE || last->state == SPAN_BLOCKED);
}

static void add_seen(struct build *b, uint64_t time, uint32_t tid)
{
	uint32_t index = sched_task_index(b->s, tid);

	if (index == SCHED_NONE || (!b->odd[index] && !seen_after_all(b->s, &b->s->tasks[index], time)))
		return;
	ARRAY_RESERVE(b->seen, b->n_seen, b->cap_seen, 1);
	b->seen[b->n_seen++] = (struct seen_at){ .time = time, .tid = tid };
}

/* (Of an exec by a thread only the number that it has afterwards is known.) */
static void find_seen(struct build *b)
{
	const struct sched *s = b->s;
	size_t i;

	for (i = 0; i < s->n_samples; i++)
		add_seen(b, s->samples[i].time, s->samples[i].tid);
	for (i = 0; i < s->n_seen; i++)
		add_seen(b, s->seen[i].time, s->seen[i].tid);
	for (i = 0; i < s->n_calls; i++) {
		const struct sched_call *call = &s->calls[i];

		if (call->made || call->nr == SYSCALL_EXECVE || call->nr == SYSCALL_EXECVEAT)
			continue;
		add_seen(b, call->enter, call->tid);
		add_seen(b, call->exit, call->tid);
	}
	sort_by_time(b->seen, b->n_seen, sizeof(*b->seen));
}

/* One event to its task; with events == NULL it is only counted. */
static void put_event(struct build *b, uint32_t tid, enum sched_event_kind kind, uint64_t time,
		      uint32_t ref)
{
	struct sched_range *range = &b->ranges[sched_task_index(b->s, tid)];

	if (b->events)
		b->events[range->at + range->n] = (struct sched_event){ time, ref, (uint8_t)kind };
	range->n++;
}

static void put_switch(struct build *b, uint32_t i)
{
	const struct sched_switch *w = &b->s->switches[i];

	if (w->prev_ours && !w->stray)
		put_event(b, w->prev, EVENT_OUT, w->time, i);
	if (w->next_ours)
		put_event(b, w->next, EVENT_IN, w->time, i);
}

static void put_take(struct build *b, const struct takeover *t)
{
	const struct sched_life *l = &b->s->lives[t->life];

	if (l->kind == WIRE_FORK) {
		put_event(b, l->other, EVENT_BORN, t->time, t->life);
	} else {
		put_event(b, l->tid, EVENT_TAKE, t->time, t->life);
		put_event(b, l->other, EVENT_GONE, t->time, SCHED_NONE);
	}
}

/*
 * All events in the order of time; of those of the same time births come first, then wake-ups. With
 * one exception: a takeover is at the very time of the switch that it was found by, and after it.
 */
static void put_events(struct build *b)
{
	struct sched *s = b->s;
	size_t i = 0, w = 0, t = 0, n = 0;

	while (i < s->n_switches || w < s->n_wakings || t < b->n_takes || n < b->n_seen) {
		uint64_t at_n = n < b->n_seen ? b->seen[n].time : UINT64_MAX;
		uint64_t at_i = i < s->n_switches ? s->switches[i].time : UINT64_MAX;
		uint64_t at_w = w < s->n_wakings ? s->wakings[w].time : UINT64_MAX;
		uint64_t at_t = t < b->n_takes ? b->takes[t].time : UINT64_MAX;
		bool take = t < b->n_takes && s->lives[b->takes[t].life].kind == WIRE_EXEC;

		uint64_t first = at_i < at_w ? at_i : at_w;

		if (at_t < first)
			first = at_t;
		if (n < b->n_seen && at_n <= first) {
			/* At the same time as a switch it says nothing. */
			if (at_n < first)
				put_event(b, b->seen[n].tid, EVENT_SEEN, at_n, SCHED_NONE);
			n++;
		} else if (t < b->n_takes && at_t <= at_w && (take ? at_t < at_i : at_t <= at_i)) {
			put_take(b, &b->takes[t++]);
		} else if (w < s->n_wakings && at_w <= at_i) {
			put_event(b, s->wakings[w].tid, EVENT_WAKE, at_w, (uint32_t)w), w++;
		} else if (i < s->n_switches) {
			put_switch(b, (uint32_t)i++);
		} else if (t < b->n_takes) {
			put_take(b, &b->takes[t++]);
		}
	}
}

/* Counts in ranges into places. */
static size_t place_ranges(struct sched_range *ranges, size_t n)
{
	size_t total = 0, i;

	for (i = 0; i < n; i++) {
		ranges[i].at = (uint32_t)total;
		total += ranges[i].n;
		ranges[i].n = 0;
	}
	return total;
}

/* ---- timelines ----------------------------------------------------------------------------- */

static void make_timelines(struct build *b)
{
	struct sched *s = b->s;
	size_t i;

	for (i = 0; i < s->n_tasks; i++) {
		const struct sched_range *range = &b->ranges[i];
		size_t first = s->n_spans;

		b->odd[i] = sched_make_spans(s, b->events + range->at, range->n);
		s->tasks[i].spans = (struct sched_range){ (uint32_t)first,
							  (uint32_t)(s->n_spans - first) };
	}
}

static void build_timelines(struct build *b)
{
	struct sched *s = b->s;

	s->n_spans = 0;
	b->ranges = xcalloc(s->n_tasks, sizeof(*b->ranges));
	put_events(b);
	b->events = xmalloc_big(place_ranges(b->ranges, s->n_tasks) * sizeof(*b->events));
	put_events(b);
	make_timelines(b);
	free(b->events);
	free(b->ranges);
	b->events = NULL;
}

/* ---- the rest, by task --------------------------------------------------------------------- */

static void add_made_call(struct sched *s, uint32_t tid, uint32_t pid, uint64_t enter,
			  uint64_t exit, uint32_t nr)
{
	ARRAY_RESERVE(s->calls, s->n_calls, s->cap_calls, 1);
	s->calls[s->n_calls++] = (struct sched_call){ .enter = enter, .exit = exit, .tid = tid,
						      .pid = pid, .nr = nr, .object = "",
						      .made = true };
}

/*
 * An exec by a thread is told as a call of the leader's tid from its beginning on. Until the
 * takeover that number was another task's.
 */
static void part_execs(struct build *b)
{
	struct sched *s = b->s;
	CLEANUP_FREE struct takeover *by_enter = xmalloc(b->n_takes * sizeof(*by_enter));
	size_t n = 0, i;

	for (i = 0; i < b->n_takes; i++)
		if (s->lives[b->takes[i].life].kind == WIRE_EXEC)
			by_enter[n++] = (struct takeover){ s->lives[b->takes[i].life].enter,
							   (uint32_t)i };
	sort_by_time(by_enter, n, sizeof(*by_enter));
	for (i = 0; n && i < s->n_calls; i++) {
		struct sched_call *call = &s->calls[i];
		size_t low = 0, high = n;

		if (call->nr != SYSCALL_EXECVE && call->nr != SYSCALL_EXECVEAT)
			continue;
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (by_enter[middle].time < call->enter)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < n && by_enter[low].time == call->enter; low++) {
			const struct takeover *take = &b->takes[by_enter[low].life];

			if (s->lives[take->life].tid == call->tid && take->time > call->enter &&
			    take->time <= call->exit) {
				call->enter = take->time;
				break;
			}
		}
	}
}

/*
 * Calls that have no record: a task's way out of the world, and the first half of an exec by a
 * thread, of which only the leader's tid tells.
 */
static void make_calls(struct build *b)
{
	struct sched *s = b->s;
	CLEANUP_FREE size_t *leaving = xcalloc(s->n_tasks, sizeof(*leaving));
	size_t i, kept = 0;

	for (i = 0; i < s->n_calls; i++)
		if (!s->calls[i].made)
			s->calls[kept++] = s->calls[i];
	s->n_calls = kept;
	part_execs(b);
	for (i = 0; i < s->n_lives; i++) {
		const struct sched_life *l = &s->lives[i];
		size_t *born = l->kind == WIRE_FORK ? &leaving[sched_task_index(s, l->other)] :
						      NULL;

		if (born && *born) { /* the tid is used again */
			s->calls[*born - 1].exit = l->time;
			*born = 0;
		}
		if (l->kind == WIRE_FORK)
			s->tasks[sched_task_index(s, l->other)].worker = l->worker;
		if (l->kind == WIRE_EXIT) {
			add_made_call(s, l->tid, l->pid, l->enter ? l->enter : l->time, UINT64_MAX,
				      SYSCALL_EXIT_GROUP);
			leaving[sched_task_index(s, l->tid)] = s->n_calls;
		}
	}
	for (i = 0; i < b->n_takes; i++) {
		const struct sched_life *l = &s->lives[b->takes[i].life];
		uint32_t leader = sched_task_index(s, l->tid);

		if (l->kind != WIRE_EXEC)
			continue;
		/* The leader's end is not that of its number. */
		if (leaving[leader] && s->calls[leaving[leader] - 1].enter <= l->time)
			s->calls[leaving[leader] - 1].exit = b->takes[i].time;
		if (b->takes[i].time > l->enter)
			add_made_call(s, l->other, l->pid, l->enter, b->takes[i].time,
				      SYSCALL_EXECVE);
	}
}

/*
 * Scatter an array to its tasks and sort each one's part by time. Records of a task are in order as
 * a rule, those of all of them together are not.
 */
static void *by_task(struct sched *s, void *array, size_t n, size_t size, size_t tid_offset,
		     size_t range_offset)
{
	CLEANUP_FREE struct sched_range *ranges = xcalloc(s->n_tasks, sizeof(*ranges));
	CLEANUP_FREE uint32_t *owner = xmalloc_big(n * sizeof(*owner));
	unsigned char *from = array, *to;
	size_t i;

	if (n == 0)
		return array;
	for (i = 0; i < n; i++) {
		uint32_t tid;

		memcpy(&tid, from + i * size + tid_offset, sizeof(tid));
		owner[i] = sched_task_index(s, tid);
		ranges[owner[i]].n++;
	}
	place_ranges(ranges, s->n_tasks);
	to = xmalloc_big(n * size);
	for (i = 0; i < n; i++) {
		struct sched_range *range = &ranges[owner[i]];

		memcpy(to + (range->at + range->n++) * size, from + i * size, size);
	}
	for (i = 0; i < s->n_tasks; i++) {
		sort_by_time(to + ranges[i].at * size, ranges[i].n, size);
		memcpy((unsigned char *)&s->tasks[i] + range_offset, &ranges[i], sizeof(ranges[i]));
	}
	free(array);
	return to;
}

struct naming { /* a sched_rename with whose it is */
	struct sched_rename rename;
	uint32_t tid;
};

static void make_names(struct sched *s)
{
	CLEANUP_FREE struct naming *all = xmalloc(s->n_lives * sizeof(*all));
	struct naming *sorted;
	size_t n = 0, i;

	for (i = 0; i < s->n_lives; i++) {
		const struct sched_life *l = &s->lives[i];

		if (l->kind == WIRE_EXIT)
			continue;
		all[n++] = (struct naming){ { l->time, l->name },
					    l->kind == WIRE_FORK ? l->other : l->tid };
	}
	sorted = by_task(s, all, n, sizeof(*all), offsetof(struct naming, tid),
			 offsetof(struct sched_task, names));
	all = n ? NULL : all; /* by_task() has freed it */
	s->names = xmalloc(n * sizeof(*s->names));
	s->n_names = n;
	for (i = 0; i < n; i++)
		s->names[i] = sorted[i].rename;
	if (n)
		free(sorted);
}

static void order_by_cpu(struct sched *s)
{
	CLEANUP_FREE uint32_t *at = xcalloc(SCHED_CPUS_MAX + 1, sizeof(*at));
	size_t i;

	s->cpu_order = xmalloc_big(s->n_switches * sizeof(*s->cpu_order));
	for (i = 0; i < s->n_switches; i++)
		at[s->switches[i].cpu + 1]++;
	for (i = 1; i <= SCHED_CPUS_MAX; i++)
		at[i] += at[i - 1];
	for (i = 0; i < s->n_switches; i++)
		s->cpu_order[at[s->switches[i].cpu]++] = (uint32_t)i;
}

static void order_by_pid(struct sched *s)
{
	size_t i;

	s->pid_order = xmalloc(s->n_tasks * sizeof(*s->pid_order));
	for (i = 0; i < s->n_tasks; i++)
		s->pid_order[i] = (uint64_t)s->tasks[i].pid << 32 | i;
	sort_by_time(s->pid_order, s->n_tasks, sizeof(*s->pid_order));
}

void sched_settle(struct sched *s, uint32_t client_tid)
{
	struct build b = { .s = s };
	size_t i;

	if (s->settled)
		return;
	sched_unsettle(s);
	sort_by_time(s->switches, s->n_switches, sizeof(*s->switches));
	sort_by_time(s->wakings, s->n_wakings, sizeof(*s->wakings));
	sort_by_time(s->lives, s->n_lives, sizeof(*s->lives));
	for (i = 0; i < s->n_switches; i++)
		s->switches[i].stray = false;
	find_tasks(s);
	find_takes(&b);
	b.odd = xcalloc(s->n_tasks, sizeof(*b.odd));
	build_timelines(&b);
	find_seen(&b);
	if (b.n_seen)
		build_timelines(&b);
	make_calls(&b);
	free(b.takes);
	free(b.seen);
	free(b.odd);
	s->calls = by_task(s, s->calls, s->n_calls, sizeof(*s->calls),
			   offsetof(struct sched_call, tid), offsetof(struct sched_task, calls));
	s->stacks = by_task(s, s->stacks, s->n_stacks, sizeof(*s->stacks),
			    offsetof(struct sched_stack, tid), offsetof(struct sched_task, stacks));
	s->samples = by_task(s, s->samples, s->n_samples, sizeof(*s->samples),
			     offsetof(struct sched_sample, tid),
			     offsetof(struct sched_task, samples));
	s->cap_samples = s->n_samples;
	s->cap_calls = s->n_calls;
	s->cap_stacks = s->n_stacks;
	make_names(s);
	order_by_cpu(s);
	order_by_pid(s);
	for (i = 0; i < s->n_tasks; i++)
		s->tasks[i].client = client_tid && s->tasks[i].tid == client_tid;
	s->settled = true;
}
