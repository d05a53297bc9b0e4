// SPDX-License-Identifier: GPL-2.0-only
/* timeline.c - the rows of a run's timeline. */
#include "user/export/timeline.h"

#include <stdlib.h>

static bool in_sight(const struct timeline *t, const struct run *run, const struct sched_task *task)
{
	struct lane_slice slice;
	struct lane lane;

	lane_begin(&lane, run, task, t->start, t->end);
	while (lane_next(&lane, &slice))
		if (slice.state != PATH_UNEXPLAINED)
			return true;
	return false;
}

static void add_thread(struct timeline *t, const struct sched_task *task)
{
	ARRAY_RESERVE(t->threads, t->n_threads, t->cap_threads, 1);
	t->threads[t->n_threads++] = task;
}

static void add_threads(struct timeline *t, const struct run *run, uint32_t pid)
{
	const struct sched *s = &run->sched;
	uint32_t at;

	for (at = sched_first_of(s, pid); at != SCHED_NONE; at = sched_next_of(s, at))
		if (sched_of(s, at)->tid == pid && in_sight(t, run, sched_of(s, at)))
			add_thread(t, sched_of(s, at));
	for (at = sched_first_of(s, pid); at != SCHED_NONE; at = sched_next_of(s, at))
		if (sched_of(s, at)->tid != pid && in_sight(t, run, sched_of(s, at)))
			add_thread(t, sched_of(s, at));
}

static struct timeline_process *add_process(struct timeline *t, uint32_t pid)
{
	ARRAY_RESERVE(t->processes, t->n_processes, t->cap_processes, 1);
	t->processes[t->n_processes] = (struct timeline_process){
		.pid = pid, .first = t->n_threads,
	};
	return &t->processes[t->n_processes++];
}

/* A pid that is used twice has one timeline: that of its tasks, at its newest process. */
static void add_of_tree(struct timeline *t, const struct run *run, const struct process *process)
{
	struct timeline_process *p;

	if (process->start >= t->end || (process->end && process->end <= t->start))
		return;
	p = add_process(t, process->pid);
	p->process = process;
	p->name = process->comm;
	if (tree_process(&run->tree, process->pid) == process)
		add_threads(t, run, process->pid);
	p->n = t->n_threads - p->first;
}

/* Tasks of nobody in the tree: the client, and whose birth was not seen. */
static void add_others(struct timeline *t, const struct run *run)
{
	const struct sched *s = &run->sched;
	size_t i;

	for (i = 0; i < s->n_tasks; i++) {
		const struct sched_task *task = &s->tasks[i];
		struct timeline_process *p;

		if (tree_process(&run->tree, task->pid) || !in_sight(t, run, task))
			continue;
		p = add_process(t, task->pid);
		p->client = task->client;
		p->name = task->client ? "the client" : sched_task_name(s, task, UINT64_MAX);
		add_thread(t, task);
		p->n = 1;
	}
}

void timeline_make(struct timeline *t, const struct run *run)
{
	size_t n, i;
	CLEANUP_FREE const struct process **order = tree_order(&run->tree, &n);

	*t = (struct timeline){ .start = run->milestones.launch };
	if (!t->start)
		return;
	t->end = t->start + run_span(run);
	for (i = 0; i < n; i++)
		add_of_tree(t, run, order[i]);
	add_others(t, run);
}

void timeline_release(struct timeline *t)
{
	free(t->processes);
	free(t->threads);
	*t = (struct timeline){ 0 };
}
