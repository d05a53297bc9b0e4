// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg_path.c - the critical path: a row of its own, and a line that goes through the rows of those
 * who were waited for.
 */
#include <inttypes.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define NAMES_MAX 120    /* names that zooming in can bring up */
#define NAMES_PART 400   /* … of slices that are so much of the whole */

static void draw_cell(FILE *out, const struct svg_plan *p, struct svg_cell *cell)
{
	if (cell->n) {
		svg_slice_open(out, p, svg_cell_state(cell), cell->n > 1, true, cell->start,
			       cell->end);
		svg_cell_title(out, p, cell);
		svg_slice_close(out);
	}
	*cell = (struct svg_cell){ 0 };
}

static void draw_slice(FILE *out, const struct svg_plan *p, const struct path_slice *slice)
{
	svg_slice_open(out, p, slice->state, false, true, slice->start, slice->end);
	svg_slice_title(out, p, slice->state, slice->start, slice->end);
	if (*slice->comm && slice->state != PATH_CLIENT) {
		fputs(", ", out);
		markup_text(out, slice->comm);
	}
	if (*slice->detail) {
		fputs(": ", out);
		markup_text(out, slice->detail);
	}
	svg_slice_close(out);
}

void svg_path(FILE *out, const struct svg_plan *p)
{
	const struct critpath *path = &p->run->path;
	struct svg_cell cell = { 0 };
	size_t i;

	for (i = 0; i < path->n; i++) {
		const struct path_slice *slice = &path->slices[i];
		bool big = slice->end - slice->start >= p->quantum;

		if (big || svg_cell_full(&cell, p->quantum, slice->start, slice->end))
			draw_cell(out, p, &cell);
		if (big)
			draw_slice(out, p, slice);
		else
			svg_cell_add(&cell, slice->start, slice->end, slice->state);
	}
	draw_cell(out, p, &cell);
}

/* "blocked: write cgroup.procs" inside the slice, where it fits or will when zoomed in. */
void svg_path_names(FILE *out, const struct svg_plan *p, unsigned int y)
{
	const struct critpath *path = &p->run->path;
	size_t i, n = 0;

	for (i = 0; i < path->n && n < NAMES_MAX; i++) {
		const struct path_slice *slice = &path->slices[i];
		CLEANUP_FREE char *text = NULL;

		if (slice->end - slice->start < p->span / NAMES_PART)
			continue;
		text = xasprintf("%s%s%s", path_state_name(slice->state),
				 *slice->detail ? ": " : "", slice->detail);
		svg_name(out, slice->state == PATH_VMM ? "in light" : "in", text,
			 svg_units(p, slice->start), svg_units(p, slice->end), y);
		n++;
	}
}

/* Where the line is, and since when. */
struct thread {
	FILE *out;
	const struct svg_plan *p;
	const struct svg_row *row; /* NULL: nowhere yet, or with nobody that has a row */
	uint64_t since, until;
	unsigned int base;
};

static void thread_draw(const struct thread *t)
{
	if (t->row)
		fprintf(t->out, "V%uH%u", t->base + t->row->y + 13, svg_units(t->p, t->until));
}

static void thread_to(struct thread *t, const struct svg_row *row, uint64_t start, uint64_t end)
{
	if (row && row == t->row) {
		t->until = end;
		return;
	}
	thread_draw(t);
	if (row && !t->row)
		fprintf(t->out, "M%u %u", svg_units(t->p, start), t->base + row->y + 13);
	t->row = row;
	t->since = start;
	t->until = end;
}

/*
 * The line stays with who has most of a stretch as long as the quantum: shorter visits would be a
 * smear. They are in the row above.
 */
void svg_thread(FILE *out, const struct svg_plan *p, unsigned int y)
{
	const struct critpath *path = &p->run->path;
	struct thread t = { .out = out, .p = p, .base = y };
	const struct svg_row *row = NULL;
	uint32_t tid = 0;
	size_t i;

	fputs("<path class=\"way\" vector-effect=\"non-scaling-stroke\" d=\"M0 0", out);
	for (i = 0; i < path->n;) {
		const struct path_slice *longest = &path->slices[i];
		uint64_t start = longest->start;

		for (; i < path->n; i++) {
			const struct path_slice *slice = &path->slices[i];

			if (slice->end - slice->start > longest->end - longest->start)
				longest = slice;
			if (slice->end - start >= p->quantum) {
				i++;
				break;
			}
		}
		if (longest->tid != tid || !row) {
			row = svg_plan_row(p, longest->tid);
			tid = longest->tid;
		}
		thread_to(&t, row, start, path->slices[i - 1].end);
	}
	thread_draw(&t);
	fputs("\"/>\n", out);
}
