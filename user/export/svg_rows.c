// SPDX-License-Identifier: GPL-2.0-only
/* svg_rows.c - the rows of a timeline: what each task did. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define CELLS 400      /* of a row that shows several tasks */
#define DEPTH_SHOWN 6
#define ARGV_SHOWN 300 /* bytes */

/* ---- one task -------------------------------------------------------------------------------- */

static void draw_cell(FILE *out, const struct svg_plan *p, struct svg_cell *cell)
{
	if (cell->n) {
		svg_slice_open(out, p, svg_cell_state(cell), cell->n > 1, false, cell->start,
			       cell->end);
		svg_cell_title(out, p, cell);
		svg_slice_close(out);
	}
	*cell = (struct svg_cell){ 0 };
}

static void draw_slice(FILE *out, const struct svg_plan *p, const struct lane *lane,
		       const struct lane_slice *slice)
{
	char words[WAIT_TEXT_MAX];

	svg_slice_open(out, p, slice->state, false, false, slice->start, slice->end);
	svg_slice_title(out, p, slice->state, slice->start, slice->end);
	lane_text(words, p->session, lane, slice);
	if (*words) {
		fputs(": ", out);
		markup_text(out, words);
	}
	svg_slice_close(out);
}

static void draw_task(FILE *out, const struct svg_plan *p, const struct sched_task *task)
{
	struct svg_cell cell = { 0 };
	struct lane_slice slice;
	struct lane lane;

	lane_begin(&lane, p->run, task, p->launch, p->launch + p->span);
	while (lane_next(&lane, &slice)) {
		bool big = slice.end - slice.start >= p->quantum;

		if (big || svg_cell_full(&cell, p->quantum, slice.start, slice.end))
			draw_cell(out, p, &cell);
		if (big)
			draw_slice(out, p, &lane, &slice);
		else
			svg_cell_add(&cell, slice.start, slice.end, slice.state);
	}
	draw_cell(out, p, &cell);
}

/* ---- several tasks in one row ---------------------------------------------------------------- */

/* Add what a slice has of each cell. */
static void spread(struct svg_cell *cells, const struct svg_plan *p, const struct lane_slice *slice)
{
	uint64_t width = p->span / CELLS + 1, at = slice->start;

	while (at < slice->end) {
		size_t i = (at - p->launch) / width;
		uint64_t cut = p->launch + (i + 1) * width;

		if (i >= CELLS)
			break;
		if (cut > slice->end)
			cut = slice->end;
		cells[i].ns[slice->state] += cut - at;
		cells[i].n++;
		at = cut;
	}
}

/* Somebody who runs, or wants to, shows; all the others that wait do not outweigh him. */
static enum path_state busiest(const struct svg_cell *cell)
{
	struct svg_cell busy = *cell;

	busy.ns[PATH_BLOCKED] = busy.ns[PATH_HALTED] = busy.ns[PATH_UNEXPLAINED] = 0;
	return busy.ns[svg_cell_state(&busy)] ? svg_cell_state(&busy) : svg_cell_state(cell);
}

static void draw_folded(FILE *out, const struct svg_plan *p, const struct svg_row *row)
{
	CLEANUP_FREE struct svg_cell *cells = xcalloc(CELLS + 1, sizeof(*cells));
	uint64_t width = p->span / CELLS + 1;
	struct lane_slice slice;
	struct lane lane;
	size_t i, from, k;

	for (i = 0; i < row->n; i++) {
		lane_begin(&lane, p->run, row->tasks[i], p->launch, p->launch + p->span);
		while (lane_next(&lane, &slice))
			spread(cells, p, &slice);
	}
	for (from = 0; from < CELLS; from = i) {
		struct svg_cell sum = { .start = p->launch + from * width, .n = cells[from].n };

		i = from + 1;
		if (!cells[from].n)
			continue;
		while (i < CELLS && cells[i].n && busiest(&cells[i]) == busiest(&cells[from]))
			i++;
		sum.end = p->launch + i * width;
		if (sum.end > p->launch + p->span)
			sum.end = p->launch + p->span;
		for (k = from; k < i; k++) {
			int state;

			for (state = 0; state < PATH_STATE_COUNT; state++)
				sum.ns[state] += cells[k].ns[state];
		}
		svg_slice_open(out, p, busiest(&cells[from]), true, false, sum.start, sum.end);
		fprintf(out, "%zu threads together: ", row->n);
		sum.n = 0;
		svg_cell_title(out, p, &sum);
		svg_slice_close(out);
	}
}

/* ---- all rows -------------------------------------------------------------------------------- */

static void draw_life(FILE *out, const struct svg_plan *p, const struct process *process)
{
	uint64_t start = process->start, end = process->end;

	if (start < p->launch)
		start = p->launch;
	if (!end || end > p->launch + p->span)
		end = p->launch + p->span;
	if (start >= end)
		return;
	fprintf(out, "<path class=\"life\" d=\"M%u 4h%uv4h-%uz\"><title>there from ",
		svg_units(p, start), svg_units(p, end) - svg_units(p, start),
		svg_units(p, end) - svg_units(p, start));
	markup_ms(out, start - p->launch);
	fputs(" to ", out);
	markup_ms(out, end - p->launch);
	svg_slice_close(out);
}

void svg_rows(FILE *out, const struct svg_plan *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct svg_row *row = &p->rows[i];

		fprintf(out, "<g class=\"row\" transform=\"translate(0 %u)\">", row->y);
		if (row->folded)
			draw_folded(out, p, row);
		else if (row->n)
			draw_task(out, p, row->tasks[0]);
		else
			draw_life(out, p, row->process);
		fputs("</g>\n", out);
	}
}

/* Its arguments, else nothing. */
static void write_argv(FILE *out, const struct process *process)
{
	const struct exec *last = process->n_execs ? &process->execs[process->n_execs - 1] : NULL;
	size_t at, n = last && last->argv_len < ARGV_SHOWN ? last->argv_len : ARGV_SHOWN;

	if (!last || !last->argv_len)
		return;
	fputs(": ", out);
	for (at = 0; at < n; at += strnlen(last->argv + at, n - at) + 1) {
		if (at)
			fputc(' ', out);
		markup_text_n(out, last->argv + at, strnlen(last->argv + at, n - at));
	}
	if (n < last->argv_len)
		fputs(" …", out);
}

static const char *row_name(const struct svg_plan *p, const struct svg_row *row)
{
	const char *name = row->n ? sched_task_name(&p->run->sched, row->tasks[0],
						    p->launch + p->span) : "";

	if (row->n && row->tasks[0]->client)
		return "the client";
	return *name ? name : row->process ? row->process->comm : "";
}

/* The number of a task stands apart: where there is little room it is the name that is cut. */
void svg_row_names(FILE *out, const struct svg_plan *p, unsigned int y)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct svg_row *row = &p->rows[i];
		const struct process *process = row->process;
		bool first = process && (i == 0 || p->rows[i - 1].process != process);
		unsigned int depth = process ? process->depth : 0;
		unsigned int x = 4 + 8 * (depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN) +
				 (process && !first ? 8 : 0);
		uint32_t number = row->n ? row->tasks[0]->tid : process ? process->pid : 0;
		bool numbered = process && !row->folded;

		fprintf(out, "<text class=\"%s\" x=\"%u\" y=\"%u\"", first ? "who" : "thread", x,
			y + row->y + 10);
		if (numbered)
			fprintf(out, " data-id=\"%" PRIu32 "\"", number);
		fputs(">", out);
		if (row->folded) {
			fprintf(out, "and %zu thread%s", row->n, row->n == 1 ? "" : "s");
		} else {
			markup_cut(out, row_name(p, row), (SVG_LABELS - x) / 6 - 7);
			if (numbered)
				fprintf(out, " %" PRIu32, number);
		}
		fputs("<title>", out);
		markup_text(out, row_name(p, row));
		if (process)
			write_argv(out, process);
		fputs("; on a CPU for ", out);
		markup_ms(out, row->cpu);
		fputs("</title></text>\n", out);
	}
	if (p->left_out)
		fprintf(out, "<text class=\"thread\" x=\"4\" y=\"%zu\">%zu more processes, not drawn"
			"</text>\n", y + p->n * SVG_ROW + 10, p->left_out);
}
