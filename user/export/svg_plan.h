/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg_plan.h - private to svg*.c and html*.c: which rows the timeline of a run has, and how fine it
 * is drawn.
 *
 * A row is a task, or several that did little. Tasks of a process follow its leader, processes are
 * in the order of the tree. What a row cannot show slice by slice is drawn cell by cell.
 */
#ifndef COLDPROF_SVG_PLAN_H
#define COLDPROF_SVG_PLAN_H

#include "user/model/lane.h"

#define SVG_ROW 15 /* px from the upper edge of one row to that of the next */

struct svg_row {
	const struct process *process;     /* NULL: none of the run's (the client, a stranger) */
	const struct sched_task **tasks;   /* n > 1: drawn as one; n = 0: its life alone is known */
	size_t n, cap;
	uint64_t cpu;      /* ns on a CPU, all of them */
	bool folded;       /* "and N more threads" */
	unsigned int y;    /* of its upper edge, from that of the first row */
};

struct svg_plan {
	const struct session *session;
	const struct run *run;
	uint64_t launch, span; /* absolute ns; ns that are shown */
	uint64_t quantum;      /* ns: shorter slices are merged with their neighbours */
	struct svg_row *rows;
	size_t n, cap;
	size_t left_out;       /* processes for which there is no row */
};

/* rows_max and slices_max bound what is drawn; the rest is folded and merged. */
void svg_plan_make(struct svg_plan *p, const struct session *session, const struct run *run,
		   size_t rows_max, size_t slices_max);
void svg_plan_release(struct svg_plan *p);

/* The row of a task, or NULL. */
const struct svg_row *svg_plan_row(const struct svg_plan *p, uint32_t tid);

/* Slices that share a cell because each is shorter than the quantum. */
struct svg_cell {
	uint64_t start, end;
	uint64_t ns[PATH_STATE_COUNT];
	size_t n;
};
void svg_cell_add(struct svg_cell *cell, uint64_t start, uint64_t end, enum path_state state);
/* Does a slice belong into another cell than this one, which has something? */
bool svg_cell_full(const struct svg_cell *cell, uint64_t quantum, uint64_t start, uint64_t end);
/* The state that has most of it. */
enum path_state svg_cell_state(const struct svg_cell *cell);

#endif
