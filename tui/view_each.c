// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_each.c - every single run of every scenario, a row each, to be sorted.
 *
 *     > runc     2   77.6 ms  76.4 ms  14.8 MiB  ███▒▒▒▒▒▒▒◇◆
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/lane.h"

#define NAME 14
#define LEGEND_LINES 4
#define LEGEND_LEAST 16 /* lines of the view: with less there is none */

enum order { ORDER_MADE, ORDER_TIME, ORDER_MEMORY, ORDER_SCENARIO, ORDERS };

static const char *const order_names[ORDERS] = { "as made", "by time", "by memory",
						 "by scenario" };

struct each_row {
	const struct run *run;
	uint64_t cold, accept, rss; /* 0: not known */
};

struct each {
	struct each_row *rows;
	size_t n;
	double longest;
	enum order order;
};

static int by_made(const struct each_row *x, const struct each_row *y)
{
	return (x->run->number > y->run->number) - (x->run->number < y->run->number);
}

/* The greatest first; what has no number comes last. */
static int by_number(uint64_t x, uint64_t y)
{
	return (x < y) - (x > y);
}

static int by_time(const void *a, const void *b)
{
	const struct each_row *x = a, *y = b;
	int order = by_number(x->cold, y->cold);

	return order ? order : by_made(x, y);
}

static int by_memory(const void *a, const void *b)
{
	const struct each_row *x = a, *y = b;
	int order = by_number(x->rss, y->rss);

	return order ? order : by_made(x, y);
}

static int by_scenario(const void *a, const void *b)
{
	const struct each_row *x = a, *y = b;
	uint32_t i = x->run->scenario->row, k = y->run->scenario->row;

	return i != k ? (i > k) - (i < k) : by_made(x, y);
}

static void open_each(struct view *v)
{
	static int (*const orders[ORDERS])(const void *, const void *) = {
		[ORDER_TIME] = by_time, [ORDER_MEMORY] = by_memory, [ORDER_SCENARIO] = by_scenario,
	};
	struct each *e = v->private;
	size_t i;

	e->n = v->session->n_runs;
	e->rows = xcalloc(e->n ? e->n : 1, sizeof(*e->rows));
	e->longest = 0;
	for (i = 0; i < e->n; i++) {
		struct each_row *row = &e->rows[i];

		*row = (struct each_row){ .run = v->session->runs[i] };
		run_quantity(row->run, QUANTITY_COLD_START, &row->cold);
		run_quantity(row->run, QUANTITY_FIRST_ACCEPT, &row->accept);
		if (!run_quantity(row->run, QUANTITY_RSS_SETTLED, &row->rss))
			run_quantity(row->run, QUANTITY_RSS_FIRST_BYTE, &row->rss);
		if ((double)row->cold > e->longest)
			e->longest = (double)row->cold;
	}
	if (e->n && orders[e->order])
		qsort(e->rows, e->n, sizeof(*e->rows), orders[e->order]);
	for (i = 0; i < e->n; i++)
		if (e->rows[i].run == v->run)
			v->list.at = i;
}

static void close_each(struct view *v)
{
	struct each *e = v->private;

	free(e->rows);
	e->rows = NULL;
	e->n = 0;
}

/* ---- what is drawn --------------------------------------------------------------------------- */

/* "2", "warm 1"; what failed says so in the bar's place. */
static enum style run_text(const struct run *r, char text[32])
{
	snprintf(text, 32, "%s%" PRIu32, r->warmup ? "warm " : "", r->index + 1);
	return r->warmup ? STYLE_DIM : STYLE_PLAIN;
}

static void draw_bar(const struct view *v, const struct each_row *row, struct canvas *c, int x,
		     int y, int columns)
{
	const struct each *e = v->private;
	const struct phases *phases = &row->run->phases;
	double cells = (double)row->cold / e->longest * (columns - 1);
	double accept = row->cold ? cells * (double)row->accept / (double)row->cold : 0;

	if (phases->n && cells >= 2)
		view_phase_bar(v, c, x, y, columns, phases, cells / (double)row->cold);
	else
		canvas_bar(c, x, y, columns, cells, STYLE_BAR);
	if (accept >= 1)
		canvas_text(c, x + (int)(accept - 0.5), y, 1, STYLE_MARK, c->utf8 ? "◇" : "a");
	canvas_text(c, x + (int)(cells + 0.5), y, 1, STYLE_MARK, c->utf8 ? "◆" : "*");
}

static void draw_ns(struct canvas *c, int x, int y, uint64_t ns, enum style style)
{
	char ms[TEXT_NUMBER_MAX];

	canvas_right(c, x, y, 9, style, ns ? text_ms(ms, ns) : "-");
}

static void draw_run(const struct view *v, struct canvas *c, struct area at, size_t i, int y)
{
	const struct each *e = v->private;
	const struct each_row *row = &e->rows[i];
	char text[VIEW_TEXT_MAX], number[TEXT_NUMBER_MAX], status[32];
	int x = at.x + 2, bar = at.x + 2 + NAME + 8 + 10 + 10 + 10;
	enum style style;

	canvas_text(c, x, y, NAME - 1, STYLE_PLAIN, view_escape(text, row->run->scenario->name));
	style = run_text(row->run, status);
	canvas_right(c, x + NAME, y, 7, style, status);
	draw_ns(c, x + NAME + 8, y, row->cold, row->run->warmup ? STYLE_DIM : STYLE_TITLE);
	draw_ns(c, x + NAME + 18, y, row->accept, STYLE_PLAIN);
	canvas_right(c, x + NAME + 28, y, 9, STYLE_PLAIN,
		     row->rss ? text_bytes(number, row->rss) : "-");
	if (!row->run->ended && !row->cold)
		canvas_text(c, bar, y, at.x + at.width - bar, STYLE_LIVE, "it goes on");
	else if (row->run->ended && row->run->status != RUN_OK)
		canvas_textf(c, bar, y, at.x + at.width - bar, STYLE_BAD, "%s: %s",
			     run_status_name(row->run), view_escape(text, row->run->reason));
	else if (row->cold)
		draw_bar(v, row, c, bar, y, at.x + at.width - bar - 1);
	if (i == v->list.at)
		view_cursor(c, (struct area){ at.x, y, 2 + NAME + 7, 1 }, y);
}

/* What the bar of the run under the cursor is made of. */
static void draw_legend(const struct view *v, struct canvas *c, struct area at)
{
	const struct each *e = v->private;
	const struct run *run = e->rows[v->list.at].run;
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], number[32];

	run_text(run, number);
	snprintf(text, sizeof(text), "%.200s, %s%s", view_escape(name, run->scenario->name),
		 run->warmup ? "" : "run ", number);
	view_heading(c, at, at.y, text);
	if (!run->phases.n)
		canvas_text(c, at.x + 2, at.y + 1, at.width - 3, STYLE_DIM,
			    "what it took its time for is not known");
	view_phase_legend(v, c, (struct area){ at.x + 2, at.y + 1, at.width - 3, at.height - 1 },
			  &run->phases);
}

static void draw_each(struct view *v, struct canvas *c, struct area at)
{
	const struct each *e = v->private;
	int legend = at.height >= LEGEND_LEAST ? LEGEND_LINES : 0;
	int lines = at.height - 2 - legend, x = at.x + 2, y;
	size_t i;

	if (!e->n) {
		view_nothing(c, at, "No run was begun yet.");
		return;
	}
	list_fit(&v->list, e->n, lines);
	v->list_y = at.y + 1;
	canvas_text(c, x, at.y, NAME - 1, STYLE_HEADING, "scenario");
	canvas_right(c, x + NAME, at.y, 7, STYLE_HEADING, "run");
	canvas_right(c, x + NAME + 8, at.y, 9, STYLE_HEADING, "1st byte");
	canvas_right(c, x + NAME + 18, at.y, 9, STYLE_HEADING, "accept");
	canvas_right(c, x + NAME + 28, at.y, 9, STYLE_HEADING, "RSS");
	if (e->n > v->list.page)
		canvas_text(c, x + NAME + 38, at.y, 12, STYLE_DIM, order_names[e->order]);
	else
		canvas_textf(c, x + NAME + 38, at.y, at.x + at.width - x - NAME - 38, STYLE_DIM,
			     "%zu runs, %s", e->n, order_names[e->order]);
	view_list_position(c, at, at.y, &v->list);
	for (i = v->list.top; i < e->n && (int)(i - v->list.top) < lines; i++)
		draw_run(v, c, at, i, at.y + 1 + (int)(i - v->list.top));
	y = at.y + at.height - 1 - legend;
	if (legend)
		draw_legend(v, c, (struct area){ at.x, y + 1, at.width, legend });
	x += NAME + 38;
	if (e->longest > 0)
		view_ruler(c, x, y, at.x + at.width - x - 1, 0, e->longest, -1);
}

static bool press_each(struct view *v, int key)
{
	struct each *e = v->private;

	if (key == PRESS_CLICK || list_press(&v->list, key)) {
		app_follow(v->app, false);
		if (e->n)
			app_choose(v->app, e->rows[v->list.at].run->scenario,
				   e->rows[v->list.at].run);
		return true;
	}
	if (key == 's') {
		e->order = (enum order)((e->order + 1) % ORDERS);
		close_each(v);
		open_each(v);
		return true;
	}
	if (key == PRESS_ENTER) {
		if (e->n)
			app_show(v->app, &view_timeline);
		return true;
	}
	return false;
}

static const char *const help_each[] = { "Enter\tlook into it", "s\tsort", "c\tbase to compare with",
					 NULL };

const struct view_ops view_each = {
	.name = "each",
	.title = "every single run",
	.key = 'e',
	.help = help_each,
	.private_size = sizeof(struct each),
	.open = open_each,
	.draw = draw_each,
	.press = press_each,
	.close = close_each,
};
