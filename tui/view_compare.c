// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_compare.c - two runs side by side, both from their launch on: the bars of their phases on one
 * scale, then moments, phases and states, each with what the second one takes more or less.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/contrast.h"
#include "user/model/lane.h"

#define HEAD_LINES 6

static const char *const groups[] = { [CONTRAST_MOMENT] = "moment", [CONTRAST_PHASE] = "phase",
				      [CONTRAST_STATE] = "state" };

struct compare {
	const struct run *base; /* as of open() */
	struct contrast rows;
	bool by_size;
};

/* ---- what is compared ------------------------------------------------------------------------ */

static int by_size(const void *a, const void *b)
{
	double x = fabs(contrast_more(a)), y = fabs(contrast_more(b));

	return (x < y) - (x > y);
}

static void open_compare(struct view *v)
{
	struct compare *d = v->private;

	d->rows = (struct contrast){ 0 };
	d->base = app_base(v->app);
	if (d->base && v->run)
		contrast_runs(d->base, v->run, &d->rows);
	if (d->by_size && d->rows.n)
		qsort(d->rows.rows, d->rows.n, sizeof(*d->rows.rows), by_size);
}

static void close_compare(struct view *v)
{
	struct compare *d = v->private;

	free(d->rows.rows);
	d->rows = (struct contrast){ 0 };
}

/* ---- what is drawn --------------------------------------------------------------------------- */

static void run_name(const struct run *r, char *text, size_t size)
{
	char name[VIEW_TEXT_MAX];

	snprintf(text, size, "%.100s, %s %" PRIu64, view_escape(name, r->scenario->name),
		 r->warmup ? "warm-up" : "run", (uint64_t)r->index + 1);
}

static void draw_bar(const struct run *r, struct canvas *c, int x, int y, int columns, double scale)
{
	CLEANUP_FREE struct bar_part *parts = xcalloc(r->phases.n + 1, sizeof(*parts));
	size_t i;

	for (i = 0; i < r->phases.n; i++) {
		const struct phase *p = &r->phases.list[i];

		parts[i].cells = (double)(p->end - p->start) / scale * columns;
		parts[i].style = view_phase_style(i);
	}
	if (r->phases.n)
		canvas_stack(c, x, y, columns, parts, r->phases.n);
	else
		canvas_bar(c, x, y, columns, (double)run_span(r) / scale * columns, STYLE_BAR);
}

static void draw_runs(const struct view *v, struct canvas *c, struct area at)
{
	const struct compare *d = v->private;
	const struct run *const runs[2] = { d->base, v->run };
	double a = (double)run_span(d->base), b = (double)run_span(v->run);
	double scale = a > b ? a : b;
	char text[160], ms[TEXT_NUMBER_MAX];
	int side, y = at.y, columns = at.width - 4;
	uint64_t ns;

	for (side = 0; side < 2; side++, y += 2) {
		run_name(runs[side], text, sizeof(text));
		canvas_text(c, at.x + 2, y, 10, STYLE_DIM, side ? "this one" : "base");
		canvas_text(c, at.x + 12, y, at.width - 24, side ? STYLE_TITLE : STYLE_PLAIN, text);
		if (run_quantity(runs[side], QUANTITY_COLD_START, &ns))
			canvas_right(c, at.x + at.width - 12, y, 10, STYLE_TITLE, text_ms(ms, ns));
		draw_bar(runs[side], c, at.x + 2, y + 1, columns, scale);
	}
	view_ruler(c, at.x + 2, y, columns, 0, scale);
}

static void draw_ns(struct canvas *c, int x, int y, uint64_t ns)
{
	char ms[TEXT_NUMBER_MAX];

	canvas_right(c, x, y, 10, ns == CONTRAST_NONE ? STYLE_DIM : STYLE_PLAIN,
		     ns == CONTRAST_NONE ? "-" : text_ms(ms, ns));
}

static void draw_row(const struct view *v, struct canvas *c, struct area at, size_t i, int y,
		     double most)
{
	const struct compare *d = v->private;
	const struct contrast_row *row = &d->rows.rows[i];
	double by = contrast_more(row);
	char name[VIEW_TEXT_MAX], ms[32], text[40];
	int numbers = at.x + at.width - (at.width >= 110 ? 66 : 46), bar = at.width >= 110 ? 32 : 12;

	canvas_text(c, at.x + 2, y, 7, STYLE_DIM, groups[row->group]);
	canvas_text(c, at.x + 10, y, numbers - at.x - 11, STYLE_PLAIN, view_escape(name, row->name));
	draw_ns(c, numbers, y, row->ns[0]);
	draw_ns(c, numbers + 11, y, row->ns[1]);
	snprintf(text, sizeof(text), "%s%s", by < 0 ? "-" : by > 0 ? "+" : "",
		 view_ms(ms, fabs(by)));
	canvas_right(c, numbers + 21, y, 11, by < 0 ? STYLE_GOOD : by > 0 ? STYLE_BAD : STYLE_DIM,
		     text);
	if (most > 0 && fabs(by) > 0)
		canvas_bar(c, numbers + 33, y, bar, fabs(by) / most * bar, STYLE_BAR);
	if (i == v->list.at)
		view_cursor(c, at, y);
}

static void draw_compare(struct view *v, struct canvas *c, struct area at)
{
	const struct compare *d = v->private;
	int lines = at.height - HEAD_LINES, numbers = at.width - (at.width >= 110 ? 66 : 46);
	double most = 0;
	size_t i;

	if (!d->base || d->base == v->run) {
		view_nothing(c, at, "This run is the base that others are compared with. Choose another "
				    "one ({ } and [ ] do so here), or another base (c, anywhere).");
		return;
	}
	for (i = 0; i < d->rows.n; i++)
		if (fabs(contrast_more(&d->rows.rows[i])) > most)
			most = fabs(contrast_more(&d->rows.rows[i]));
	list_fit(&v->list, d->rows.n, lines);
	v->list_y = at.y + HEAD_LINES;
	draw_runs(v, c, at);
	canvas_text(c, at.x + 2, at.y + HEAD_LINES - 1, 20, STYLE_HEADING, "what");
	canvas_right(c, at.x + numbers, at.y + HEAD_LINES - 1, 10, STYLE_HEADING, "base");
	canvas_right(c, at.x + numbers + 11, at.y + HEAD_LINES - 1, 10, STYLE_HEADING, "this one");
	canvas_right(c, at.x + numbers + 22, at.y + HEAD_LINES - 1, 10, STYLE_HEADING, "more");
	for (i = v->list.top; i < d->rows.n && (int)(i - v->list.top) < lines; i++)
		draw_row(v, c, at, i, at.y + HEAD_LINES + (int)(i - v->list.top), most);
}

static bool press_compare(struct view *v, int key)
{
	struct compare *d = v->private;

	if (key != 's')
		return false;
	d->by_size = !d->by_size;
	close_compare(v);
	open_compare(v);
	app_say(v->app, d->by_size ? "the greatest difference first" : "in the order of time");
	return true;
}

static const char *const help_compare[] = { "c\tthis is the base", "s\tsort", NULL };

const struct view_ops view_compare = {
	.name = "compare",
	.title = "two runs side by side",
	.key = '9',
	.help = help_compare,
	.needs_run = true,
	.private_size = sizeof(struct compare),
	.open = open_compare,
	.draw = draw_compare,
	.press = press_compare,
	.close = close_compare,
};
