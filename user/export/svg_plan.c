// SPDX-License-Identifier: GPL-2.0-only
/* svg_plan.c - which rows a timeline has, and how fine it is drawn. */
#include "user/export/svg_plan.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

#define FINEST 2000 /* cells of a row: more are narrower than half a pixel of a wide screen */

/* ---- cells ----------------------------------------------------------------------------------- */

void svg_cell_add(struct svg_cell *cell, uint64_t start, uint64_t end, enum path_state state)
{
	if (cell->n == 0)
		cell->start = start;
	cell->end = end;
	cell->ns[state] += end - start;
	cell->n++;
}

bool svg_cell_full(const struct svg_cell *cell, uint64_t quantum, uint64_t start, uint64_t end)
{
	return cell->n && (end - cell->start > quantum || start - cell->end > quantum / 2);
}

enum path_state svg_cell_state(const struct svg_cell *cell)
{
	int best = 0, k;

	for (k = 1; k < PATH_STATE_COUNT; k++)
		if (cell->ns[k] > cell->ns[best])
			best = k;
	return (enum path_state)best;
}

/* ---- how much a task has to show ------------------------------------------------------------- */

static bool on_cpu(enum path_state state)
{
	return state == PATH_USER || state == PATH_KERNEL || state == PATH_GUEST ||
	       state == PATH_VMM;
}

/* A task that has something to be seen, and how much. */
struct candidate {
	const struct sched_task *task;
	uint64_t cpu, weight;
};

static bool weigh(const struct svg_plan *p, const struct sched_task *task, struct candidate *c)
{
	struct lane_slice slice;
	struct lane lane;
	bool there = false;

	*c = (struct candidate){ .task = task };
	lane_begin(&lane, p->run, task, p->launch, p->launch + p->span);
	while (lane_next(&lane, &slice)) {
		there = there || slice.state != PATH_UNEXPLAINED;
		if (on_cpu(slice.state))
			c->cpu += slice.end - slice.start;
	}
	c->weight = c->cpu;
	/* Leaders stand for their process, vCPUs for the machine: they are worth a row. */
	if (task->client || task->vcpu || task->tid == task->pid)
		c->weight += p->span;
	return there;
}

static int heavier(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->weight < y->weight) - (x->weight > y->weight);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static struct svg_row *row_add(struct svg_plan *p, const struct process *process)
{
	struct svg_row *row;

	ARRAY_RESERVE(p->rows, p->n, p->cap, 1);
	row = &p->rows[p->n++];
	*row = (struct svg_row){ .process = process };
	return row;
}

static void row_take(struct svg_row *row, const struct candidate *c)
{
	ARRAY_RESERVE(row->tasks, row->n, row->cap, 1);
	row->tasks[row->n++] = c->task;
	row->cpu += c->cpu;
}

static int by_pid(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->task->pid != y->task->pid)
		return x->task->pid < y->task->pid ? -1 : 1;
	if ((x->task->tid == x->task->pid) != (y->task->tid == y->task->pid))
		return x->task->tid == x->task->pid ? -1 : 1;
	return (x->task->tid > y->task->tid) - (x->task->tid < y->task->tid);
}

/* Where the tasks of a pid begin among candidates that are sorted by it. */
static size_t tasks_of(const struct candidate *list, size_t n, uint32_t pid)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].task->pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The rows of one process: its tasks that weigh least or more each, the others together. Those
 * that were taken are marked by a weight of 0.
 */
static void add_process(struct svg_plan *p, const struct process *process, struct candidate *list,
			size_t n, uint64_t least)
{
	size_t from = tasks_of(list, n, process->pid), i;
	struct svg_row *rest = NULL;
	size_t rows = p->n;

	/* A pid that was used twice: the newest process has the tasks. */
	if (tree_process(&p->run->tree, process->pid) != process)
		return;
	for (i = from; i < n && list[i].task->pid == process->pid; i++)
		if (list[i].weight >= least && !list[i].task->client)
			row_take(row_add(p, process), &list[i]);
	if (p->n == rows) {
		p->left_out++;
		return;
	}
	for (i = from; i < n && list[i].task->pid == process->pid; i++) {
		if (list[i].weight >= least || list[i].task->client)
			continue;
		if (!rest)
			rest = row_add(p, process);
		rest->folded = true;
		row_take(rest, &list[i]);
	}
}

static void find_rows(struct svg_plan *p, size_t rows_max)
{
	const struct sched *s = &p->run->sched;
	CLEANUP_FREE struct candidate *list = xcalloc(s->n_tasks + 1, sizeof(*list));
	CLEANUP_FREE const struct process **order = NULL;
	uint64_t least = p->span / 500 + 1;
	size_t n = 0, n_order, i;

	for (i = 0; i < s->n_tasks; i++)
		n += weigh(p, &s->tasks[i], &list[n]);
	qsort(list, n, sizeof(*list), heavier);
	if (n > rows_max && list[rows_max].weight >= least)
		least = list[rows_max].weight + 1;
	qsort(list, n, sizeof(*list), by_pid);
	order = tree_order(&p->run->tree, &n_order);
	for (i = 0; i < n_order; i++) {
		if (n)
			add_process(p, order[i], list, n, least);
		else if (p->n < rows_max) /* without scheduling there are lives to show */
			row_add(p, order[i]);
		else
			p->left_out++;
	}
	for (i = 0; i < n; i++)
		if (list[i].task->client)
			row_take(row_add(p, NULL), &list[i]);
	for (i = 0; i < p->n; i++)
		p->rows[i].y = (unsigned int)i * SVG_ROW;
}

/* ---- how fine -------------------------------------------------------------------------------- */

static size_t count_slices(const struct svg_plan *p, const struct sched_task *task,
			   uint64_t quantum)
{
	struct svg_cell cell = { 0 };
	struct lane_slice slice;
	struct lane lane;
	size_t n = 0;

	lane_begin(&lane, p->run, task, p->launch, p->launch + p->span);
	while (lane_next(&lane, &slice)) {
		bool big = slice.end - slice.start >= quantum;

		if (cell.n && (big || svg_cell_full(&cell, quantum, slice.start, slice.end))) {
			cell = (struct svg_cell){ 0 };
			n++;
		}
		if (big)
			n++;
		else
			svg_cell_add(&cell, slice.start, slice.end, slice.state);
	}
	return n + (cell.n != 0);
}

static void find_quantum(struct svg_plan *p, size_t slices_max)
{
	size_t n, i;

	p->quantum = p->span / FINEST + 1;
	for (;; p->quantum += p->quantum / 2 + 1) {
		for (i = 0, n = 0; i < p->n; i++)
			if (p->rows[i].n == 1)
				n += count_slices(p, p->rows[i].tasks[0], p->quantum);
		if (n <= slices_max || p->quantum >= p->span / 20)
			return;
	}
}

void svg_plan_make(struct svg_plan *p, const struct session *session, const struct run *run,
		   size_t rows_max, size_t slices_max)
{
	*p = (struct svg_plan){
		.session = session,
		.run = run,
		.launch = run->milestones.launch,
		.span = run_span(run),
	};
	find_rows(p, rows_max);
	find_quantum(p, slices_max);
}

void svg_plan_release(struct svg_plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		free(p->rows[i].tasks);
	free(p->rows);
	*p = (struct svg_plan){ 0 };
}

const struct svg_row *svg_plan_row(const struct svg_plan *p, uint32_t tid)
{
	size_t i, k;

	for (i = 0; i < p->n; i++)
		for (k = 0; k < p->rows[i].n; k++)
			if (p->rows[i].tasks[k]->tid == tid)
				return &p->rows[i];
	return NULL;
}
