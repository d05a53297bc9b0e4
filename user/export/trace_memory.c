// SPDX-License-Identifier: GPL-2.0-only
/* trace_memory.c - memory over time as counters. */
#include "user/export/trace_private.h"

static void put_points(struct trace *t, const struct trace_counter *counter,
		       const struct memory_point *points, size_t n)
{
	size_t i;

	t->sink->counter(t->ctx, counter);
	for (i = 0; i < n; i++) {
		const struct memory_amount *a = &points[i].amount;
		const uint64_t values[] = { a->anon, a->file, a->shmem };

		/* Only the last one before the axis is still true when it begins. */
		if (points[i].time > t->timeline.end)
			break;
		if (i + 1 < n && points[i + 1].time <= t->timeline.start)
			continue;
		t->sink->values(t->ctx, counter, trace_time(t, points[i].time), values);
	}
}

/* Without guest RAM in growth: there it is anon or shmem, as the kernel counts it. */
static const char *const classes[] = { "anon", "file", "shmem", "guest RAM" };
#define GROWTH_CLASSES 3

/* Without records of its growth there is one moment: the first byte. */
void trace_walk_memory(struct trace *t)
{
	const struct memory_snapshot *m = &t->run->memory[MEMORY_FIRST_BYTE];
	const uint64_t values[] = { m->anon, m->file, m->shmem, m->guest };
	struct trace_counter counter = { .pid = t->base + TRACE_ROW_RUN, .name = "RSS",
					 .n = GROWTH_CLASSES, .keys = classes };

	if (t->run->timeline.n) {
		put_points(t, &counter, t->run->timeline.points, t->run->timeline.n);
	} else if (m->taken && t->run->milestones.seen[t->run->milestones.end]) {
		counter.name = "PSS";
		counter.n = m->guest ? ARRAY_SIZE(classes) : GROWTH_CLASSES;
		t->sink->counter(t->ctx, &counter);
		t->sink->values(t->ctx, &counter, t->run->milestones.at[t->run->milestones.end],
				values);
	}
}

void trace_walk_process_memory(struct trace *t, const struct timeline_process *p)
{
	const struct memory_timeline *timeline = &t->run->timeline;
	struct trace_counter counter = { .pid = trace_task(t, p->pid), .name = "RSS",
					 .n = GROWTH_CLASSES, .keys = classes };
	size_t i;

	if (!p->process || tree_process(&t->run->tree, p->pid) != p->process)
		return;
	for (i = 0; i < timeline->n_lives; i++)
		if (timeline->lives[i].pid == p->pid) {
			put_points(t, &counter, timeline->lives[i].points, timeline->lives[i].n);
			return;
		}
}
