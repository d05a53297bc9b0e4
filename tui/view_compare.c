// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_compare.c - two runs side by side, both from their launch on: the bars of their phases on one
 * scale, then phases, moments, states and memory, each with what the second one takes more or less.
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
#define DETAIL_LINES 2
#define DETAIL_LEAST 16 /* lines of the view: with less there are no details */
#define NAME_MAX_COLUMNS 40
#define NUMBERS 47 /* columns of a row beside name and bar */

static const char *const groups[] = { [CONTRAST_MOMENT] = "moment", [CONTRAST_PHASE] = "phase",
				      [CONTRAST_STATE] = "state", [CONTRAST_MEMORY] = "memory" };

struct compare {
	const struct run *base; /* as of open() */
	struct contrast rows;
	bool by_size;
};

/* ---- what is compared ------------------------------------------------------------------------ */

static bool in_bytes(const struct contrast_row *row)
{
	return row->group == CONTRAST_MEMORY;
}

/* Times, memory, and last what cannot be compared. */
static int class_of(const struct contrast_row *row)
{
	return !contrast_known(row) ? 2 : in_bytes(row);
}

static int by_size(const void *a, const void *b)
{
	double x = fabs(contrast_more(a)), y = fabs(contrast_more(b));

	return class_of(a) != class_of(b) ? class_of(a) - class_of(b) : (x < y) - (x > y);
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
		if (runs[side]->phases.n)
			view_phase_bar(v, c, at.x + 2, y + 1, columns, &runs[side]->phases,
				       columns / scale);
		else
			canvas_bar(c, at.x + 2, y + 1, columns,
				   (double)run_span(runs[side]) / scale * columns, STYLE_BAR);
	}
	view_ruler(c, at.x + 2, y, columns, 0, scale, -1);
}

/* Names as wide as they need to be, the rest is for bars. */
struct columns {
	int name_width, base, more, bar, bar_width;
};

static struct columns columns_of(struct area at)
{
	int room = at.width - NUMBERS;
	struct columns k = { .name_width = room < 20 ? room : room * 2 / 3 };

	if (k.name_width > NAME_MAX_COLUMNS)
		k.name_width = NAME_MAX_COLUMNS;
	k.base = at.x + 13 + k.name_width;
	k.more = k.base + 22;
	k.bar = k.more + 12;
	k.bar_width = at.x + at.width - k.bar;
	return k;
}

static const char *amount_text(char text[TEXT_NUMBER_MAX], const struct contrast_row *row,
			       double amount)
{
	return in_bytes(row) ? text_bytes(text, (uint64_t)amount) : text_ms(text, (uint64_t)amount);
}

static void draw_amount(struct canvas *c, int x, int y, const struct contrast_row *row, int side)
{
	char text[TEXT_NUMBER_MAX];

	if (row->amount[side] != CONTRAST_NONE)
		canvas_right(c, x, y, 10, STYLE_PLAIN,
			     amount_text(text, row, (double)row->amount[side]));
	else
		canvas_right(c, x, y, 10, STYLE_DIM, !row->why[side] ? "-" :
			     row->group == CONTRAST_MOMENT ? "not seen" : "not known");
}

/* What stands for it in the bars above, or on the timeline. */
static void draw_shade(const struct view *v, struct canvas *c, int x, int y,
		       const struct contrast_row *row)
{
	if (row->group == CONTRAST_PHASE)
		canvas_fill(c, x, y, 2, view_phase_style(v, row->name));
	else if (row->group == CONTRAST_STATE)
		canvas_fill(c, x, y, 2, view_state_style((enum path_state)row->of));
}

static void draw_row(const struct view *v, struct canvas *c, struct area at, size_t i, int y,
		     const double most[2])
{
	const struct compare *d = v->private;
	const struct contrast_row *row = &d->rows.rows[i];
	const struct columns k = columns_of(at);
	double by = contrast_more(row), scale = most[in_bytes(row)];
	char name[VIEW_TEXT_MAX], number[TEXT_NUMBER_MAX], text[40];

	canvas_text(c, at.x + 2, y, 6, STYLE_DIM, groups[row->group]);
	draw_shade(v, c, at.x + 9, y, row);
	canvas_text(c, at.x + 12, y, k.name_width, STYLE_PLAIN, view_escape(name, row->name));
	draw_amount(c, k.base, y, row, 0);
	draw_amount(c, k.base + 11, y, row, 1);
	if (contrast_known(row)) {
		snprintf(text, sizeof(text), "%s%s", by < 0 ? "-" : by > 0 ? "+" : "",
			 amount_text(number, row, fabs(by)));
		canvas_right(c, k.more, y, 11,
			     by < 0 ? STYLE_GOOD : by > 0 ? STYLE_BAD : STYLE_DIM, text);
		if (fabs(by) > 0 && k.bar_width > 0)
			canvas_bar(c, k.bar, y, k.bar_width, fabs(by) / scale * k.bar_width, STYLE_BAR);
	}
	if (i == v->list.at)
		view_cursor(c, at, y);
}

/* The row under the cursor in a sentence: how many times as much, or why nothing can be said. */
static void draw_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct compare *d = v->private;
	const struct contrast_row *row = &d->rows.rows[v->list.at];
	char text[VIEW_TEXT_MAX + 160], name[VIEW_TEXT_MAX];
	int side, x = at.x + 1;

	snprintf(text, sizeof(text), "%s: %s", groups[row->group], view_escape(name, row->name));
	view_heading(c, at, at.y, text);
	if (contrast_known(row)) {
		double base = (double)row->amount[0], other = (double)row->amount[1];

		if (row->amount[0] == CONTRAST_NONE || row->amount[1] == CONTRAST_NONE)
			canvas_text(c, x, at.y + 1, at.width - 2, STYLE_PLAIN,
				    row->amount[0] == CONTRAST_NONE ?
				    "only this one has it: it took none of the base's time" :
				    "only the base has it: it took none of this one's time");
		else if (base == other)
			canvas_text(c, x, at.y + 1, at.width - 2, STYLE_PLAIN, "as much as the base");
		else if (base > 0)
			canvas_textf(c, x, at.y + 1, at.width - 2, STYLE_PLAIN,
				     "%.3g times as much as the base", other / base);
		return;
	}
	for (side = 0; side < 2; side++)
		if (row->why[side])
			x += canvas_textf(c, x, at.y + 1, at.x + at.width - x - 1, STYLE_PLAIN,
					  "%s%s: %s", x > at.x + 1 ? "; " : "",
					  side ? "this one" : "base", row->why[side]);
}

static void draw_compare(struct view *v, struct canvas *c, struct area at)
{
	const struct compare *d = v->private;
	int details = at.height >= DETAIL_LEAST ? DETAIL_LINES : 0, head = at.y + HEAD_LINES - 1;
	int lines = at.height - HEAD_LINES - details;
	const struct columns k = columns_of(at);
	double most[2] = { 0, 0 };
	size_t i;

	if (!d->base || d->base == v->run) {
		view_nothing(c, at, "This run is the base that others are compared with. Choose another "
				    "one ({ } and [ ] do so here), or another base (c, anywhere).");
		return;
	}
	for (i = 0; i < d->rows.n; i++) {
		const struct contrast_row *row = &d->rows.rows[i];

		if (fabs(contrast_more(row)) > most[in_bytes(row)])
			most[in_bytes(row)] = fabs(contrast_more(row));
	}
	list_fit(&v->list, d->rows.n, lines);
	v->list_y = at.y + HEAD_LINES;
	draw_runs(v, c, at);
	canvas_text(c, at.x + 2, head, 20, STYLE_HEADING, "what");
	canvas_right(c, k.base, head, 10, STYLE_HEADING, "base");
	canvas_right(c, k.base + 11, head, 10, STYLE_HEADING, "this one");
	canvas_right(c, k.more, head, 11, STYLE_HEADING, "more");
	view_list_position(c, (struct area){ at.x, head, k.bar_width > 14 ? at.width : k.base - at.x, 1 },
			   head, &v->list);
	for (i = v->list.top; i < d->rows.n && (int)(i - v->list.top) < lines; i++)
		draw_row(v, c, at, i, at.y + HEAD_LINES + (int)(i - v->list.top), most);
	if (details && d->rows.n)
		draw_details(v, c, (struct area){ at.x, at.y + at.height - details, at.width, details });
}

static bool press_compare(struct view *v, int key)
{
	struct compare *d = v->private;

	if (key != 's')
		return false;
	d->by_size = !d->by_size;
	close_compare(v);
	open_compare(v);
	app_say(v->app, d->by_size ? "the greatest difference first" : "phases and moments in the order of time");
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
