// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg_path.c - the critical path: a row of its own, and a line that goes through the rows of those
 * who were waited for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/intern.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define NAMES_MAX 120    /* names that zooming in can bring up */
#define NAMES_PART 400   /* … of slices that are so much of the whole */

/*
 * What slices are, each text once, with how long it is on the path: the search finds it in those
 * that were drawn together too, and its sum is the recording's. Where there are too many, what comes
 * then has its state alone.
 */
#define TEXTS_MAX 2000
#define MENTIONS_MAX 20000 /* of texts by boxes */

struct searched {
	struct intern texts;
	size_t mentions;
	bool cut;
	uint32_t box;                                   /* that is drawn, counted from 1 … */
	uint32_t last_box[TEXTS_MAX + PATH_STATE_COUNT]; /* … and the last one that had a text */
	char text[2 * WAIT_TEXT_MAX];
};

static uint32_t text_of(struct searched *s, const struct path_slice *slice)
{
	bool client = slice->state == PATH_CLIENT;

	s->cut = s->cut || s->texts.n >= TEXTS_MAX || s->mentions >= MENTIONS_MAX;
	if (s->cut)
		return intern_add(&s->texts, path_state_name(slice->state));
	snprintf(s->text, sizeof(s->text), "%s%s%s%s%s", path_state_name(slice->state),
		 *slice->comm && !client ? ", " : "", client ? "" : slice->comm,
		 *slice->detail ? ": " : "", slice->detail);
	return intern_add(&s->texts, s->text);
}

static void write_texts(FILE *out, const struct searched *s)
{
	size_t i;

	fprintf(out, "<g class=\"texts\" display=\"none\"%s>\n", s->cut ? " data-cut=\"1\"" : "");
	for (i = 0; i < s->texts.n; i++) {
		fprintf(out, "<text data-ns=\"%" PRIu64 "\">", s->texts.list[i].weight);
		markup_text(out, s->texts.list[i].text);
		fputs("</text>\n", out);
	}
	fputs("</g>\n", out);
}

/* Slices [from, to) as one box. */
static void draw_part(FILE *out, const struct svg_plan *p, struct searched *s, size_t from, size_t to)
{
	const struct path_slice *slices = p->run->path.slices, *first = &slices[from];
	struct svg_cell cell = { 0 };
	const char *separator = "";
	size_t i;

	for (i = from; i < to; i++)
		svg_cell_add(&cell, slices[i].start, slices[i].end, slices[i].state);
	svg_slice_begin(out, p, to - from > 1 ? svg_cell_state(&cell) : first->state, to - from > 1,
			true, cell.start, cell.end);
	fputs(" data-t=\"", out);
	s->box++;
	for (i = from; i < to; i++) {
		uint32_t at = text_of(s, &slices[i]);

		s->texts.list[at].weight += slices[i].end - slices[i].start;
		if (s->last_box[at] == s->box)
			continue;
		s->last_box[at] = s->box;
		s->mentions++;
		fprintf(out, "%s%" PRIu32, separator, at);
		separator = " ";
	}
	fputs("\"><title>", out);
	if (to - from > 1) {
		svg_cell_title(out, p, &cell);
	} else {
		svg_slice_title(out, p, first->state, first->start, first->end);
		if (*first->comm && first->state != PATH_CLIENT) {
			fputs(", ", out);
			markup_text(out, first->comm);
		}
		if (*first->detail) {
			fputs(": ", out);
			markup_text(out, first->detail);
		}
	}
	svg_slice_close(out);
}

void svg_path(FILE *out, const struct svg_plan *p)
{
	const struct critpath *path = &p->run->path;
	struct searched *s = xcalloc(1, sizeof(*s));
	struct svg_cell cell = { 0 };
	size_t from = 0, i;

	for (i = 0; i < path->n; i++) {
		const struct path_slice *slice = &path->slices[i];
		bool big = slice->end - slice->start >= p->quantum;

		if (i > from &&
		    (big || svg_cell_full(&cell, p->quantum, slice->start, slice->end))) {
			draw_part(out, p, s, from, i);
			cell = (struct svg_cell){ 0 };
			from = i;
		}
		if (big) {
			draw_part(out, p, s, i, i + 1);
			from = i + 1;
		} else {
			svg_cell_add(&cell, slice->start, slice->end, slice->state);
		}
	}
	if (i > from)
		draw_part(out, p, s, from, i);
	write_texts(out, s);
	intern_release(&s->texts);
	free(s);
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
