// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_runs.c - every scenario on one scale, while they are measured and after, and what there is to
 * say of the one under the cursor.
 *
 *     > runc    run 3/5    34.2 ms   34.1…37.1 ms ▇▇█·    ▓▓▒   21.3 MiB
 *       ████▒▒▒▒▒▒░░░◇◆
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/runs.h"
#include "user/base/mem.h"
#include "user/base/text.h"

#define STRIP_MAX 20 /* runs in the strip: the last ones */
#define NAME_MAX_COLUMNS 22
#define DETAIL_LEAST 3  /* lines: a heading and the legend of four phases */
#define DETAIL_PLENTY 14
#define BAR_LEAST 10 /* columns of a bar that says something */

enum order { ORDER_CANONICAL, ORDER_TIME, ORDER_MEMORY, ORDER_NAME, ORDERS };

static const char *const order_names[ORDERS] = { "the canonical order", "cold start", "memory",
						 "name" };

struct runs {
	struct runs_row *rows;
	size_t n;
	struct runs_scale scale;
	int name_width;
	size_t most_runs; /* measured ones of a scenario */
	enum { BARS_AS_FIT, BARS_TALL, BARS_FLAT } bars;
	bool tall;  /* as they were drawn */
	/* The table, or the row under the cursor with all there is to say of it, in pages. */
	enum { PAGE_TABLE, PAGE_FIRST, PAGE_FINDINGS } page;
	const struct scenario_result *of; /* whose pages: another one's begin with the first … */
	size_t finding, next; /* … first finding of the page, and first that had no room */
	enum order order;
};

/* ---- rows ------------------------------------------------------------------------------------ */

static int compare(double a, double b)
{
	return (a > b) - (a < b);
}

/* What has no number comes last. */
static double time_of(const struct runs_row *row)
{
	return row->cold.n ? row->cold.median : 1e300;
}

static double memory_of(const struct runs_row *row)
{
	const struct runs_memory *m = &row->memory[RUNS_RSS];

	return m->bytes > 0 ? m->bytes : 1e300;
}

static int by_time(const void *a, const void *b)
{
	return compare(time_of(a), time_of(b));
}

static int by_memory(const void *a, const void *b)
{
	return compare(memory_of(a), memory_of(b));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct runs_row *)a)->name, ((const struct runs_row *)b)->name);
}

static void sort_rows(struct runs *r)
{
	static int (*const orders[ORDERS])(const void *, const void *) = {
		[ORDER_TIME] = by_time, [ORDER_MEMORY] = by_memory, [ORDER_NAME] = by_name,
	};

	if (r->n && orders[r->order])
		qsort(r->rows, r->n, sizeof(*r->rows), orders[r->order]);
}

static size_t measured_runs(const struct scenario_result *s)
{
	size_t n = 0, i;

	for (i = 0; i < s->n_runs; i++)
		n += !s->runs[i]->warmup;
	return n;
}

static void open_runs(struct view *v)
{
	struct runs *r = v->private;
	size_t i;

	r->n = v->session->n_scenarios;
	r->rows = xcalloc(r->n ? r->n : 1, sizeof(*r->rows));
	r->scale.largest = 0;
	r->name_width = 8;
	r->most_runs = v->session->head.runs < STRIP_MAX ? v->session->head.runs : STRIP_MAX;
	for (i = 0; i < r->n; i++) {
		struct runs_row *row = &r->rows[i];
		int width;

		runs_row_open(row, v->session, v->session->scenarios[i]);
		/* RSS is never less than PSS: one scale for both. */
		if (row->memory[RUNS_RSS].bytes > r->scale.largest)
			r->scale.largest = row->memory[RUNS_RSS].bytes;
		width = (int)text_width(row->name);
		if (width > r->name_width)
			r->name_width = width < NAME_MAX_COLUMNS ? width : NAME_MAX_COLUMNS;
		if (measured_runs(row->s) > r->most_runs)
			r->most_runs = measured_runs(row->s);
	}
	sort_rows(r);
	for (i = 0; i < r->n; i++)
		if (r->rows[i].s == v->scenario)
			v->list.at = i;
}

static void close_runs(struct view *v)
{
	struct runs *r = v->private;
	size_t i;

	for (i = 0; i < r->n; i++)
		runs_row_close(&r->rows[i]);
	free(r->rows);
	r->rows = NULL;
	r->n = 0;
}

/* ---- columns --------------------------------------------------------------------------------- */

/* Counted from the right; the first free column goes down as they are given away. */
static int take(int *right, int width)
{
	*right -= width;
	return *right;
}

/* The bar has a line of its own: there is room for everything beside the name. */
static void tall_columns(const struct runs *r, struct area at, bool live, struct runs_columns *k)
{
	int right = at.x + at.width, room;

	k->bar = at.x + 2;
	k->bar_width = at.width - 3;
	k->state = at.x + 2 + r->name_width + 2;
	k->state_width = live ? 9 : 0;
	k->number = k->state + k->state_width + live;
	room = right - k->number - 9 - 10 - k->strip_width - 2;
	if (room >= 16 + 4)
		k->range = k->number + 9;
	if (room >= 16 + 4 + 12 + 8)
		k->accept = k->number + 9;
	if (k->accept)
		k->range += 12;
	k->memory = take(&right, 9);
	k->strip = (k->range ? k->range + 16 : k->number + 10) + 1;
	k->memory_width = k->memory - k->strip - k->strip_width - 3;
	if (k->memory_width < 4)
		k->memory_width = 0;
	k->memory -= k->memory_width;
}

/*
 * While it goes on the state stands where the range will: it needs less, and bars want room. Else
 * the range gives way.
 */
static void flat_columns(const struct runs *r, struct area at, bool live, struct runs_columns *k)
{
	int right = at.x + at.width, left;

	k->memory_width = at.width < 72 ? 0 : at.width < 100 ? 6 : 10;
	k->memory = take(&right, 9 + k->memory_width);
	k->strip = take(&right, k->strip_width + 1);
	k->range_width = live && at.width < 110 ? 9 : 15;
	left = right - 9 - (at.x + 2 + r->name_width + 1) - 1;
	k->range = live || left - k->range_width >= BAR_LEAST ? take(&right, k->range_width) - 1 : 0;
	right -= !k->range;
	k->number = take(&right, 9);
	if (at.width >= 110)
		k->accept = take(&right, 12);
	k->bar = at.x + 2 + r->name_width + 1;
	k->bar_width = right - k->bar - 1;
	k->state = k->bar;
}

static struct runs_columns columns_of(const struct runs *r, struct area at, bool tall, bool live)
{
	struct runs_columns k = { .tall = tall, .range_width = 15 };

	k.strip_width = r->most_runs < 4 ? 4 : (int)r->most_runs;
	if (k.strip_width > STRIP_MAX || (at.width < 110 && k.strip_width > STRIP_MAX / 2))
		k.strip_width = at.width < 110 ? STRIP_MAX / 2 : STRIP_MAX;
	if (tall)
		tall_columns(r, at, live, &k);
	else
		flat_columns(r, at, live, &k);
	return k;
}

static void draw_head(const struct view *v, struct canvas *c, struct area at,
		      const struct runs_columns *k, size_t shown)
{
	const struct runs *r = v->private;
	bool ready = session_ready_by(v->session);
	const char *bar = r->scale.own ? "parts of the cold start" : ready ? "launch to ready" :
						   "launch to 1st byte";

	if (shown == 1 && r->n > 1)
		canvas_textf(c, at.x + 2, at.y, k->state - at.x - 3, STYLE_HEADING, "%zu of %zu",
			     v->list.top + 1, r->n);
	else if (shown < r->n)
		canvas_textf(c, at.x + 2, at.y, k->state - at.x - 3, STYLE_HEADING, "%zu%s%zu of %zu",
			     v->list.top + 1, c->utf8 ? "–" : "-", v->list.top + shown, r->n);
	else
		canvas_text(c, at.x + 2, at.y, k->state - at.x - 3, STYLE_HEADING, "scenario");
	if (k->state_width)
		canvas_text(c, k->state, at.y, k->state_width, STYLE_HEADING, "state");
	else if (!k->tall)
		canvas_text(c, k->bar, at.y, k->bar_width, STYLE_HEADING, bar);
	if (k->accept)
		canvas_right(c, k->accept, at.y, 11, STYLE_HEADING, "1st accept");
	canvas_right(c, k->number, at.y, 9, STYLE_HEADING, "median");
	if (k->range)
		canvas_right(c, k->range, at.y, k->range_width, STYLE_HEADING,
			     k->range_width < 15 ? "state" : "min to max");
	canvas_text(c, k->strip, at.y, k->strip_width + 1, STYLE_HEADING, "runs");
	if (k->memory_width)
		canvas_text(c, k->memory, at.y, k->memory_width, STYLE_HEADING, "memory");
	canvas_right(c, k->memory + k->memory_width, at.y, 9, STYLE_HEADING,
		     r->scale.weight == RUNS_PSS ? "PSS" : "RSS");
}

/* The scale under the bars. */
static void draw_foot(const struct view *v, struct canvas *c, const struct runs_columns *k, int y)
{
	const struct runs *r = v->private;

	if (!r->scale.own)
		view_ruler(c, k->bar, y, k->bar_width - 1, 0, r->scale.longest, -1);
	else
		canvas_text(c, k->bar, y, k->bar_width, STYLE_DIM, "shares of each cold start");
}

/* ---- the view -------------------------------------------------------------------------------- */

/* The longest bar of all; where a run goes on that is longer yet, everything shrinks. */
static void find_scale(const struct view *v)
{
	struct runs *r = v->private;
	size_t i;

	r->scale.longest = 0;
	for (i = 0; i < r->n; i++) {
		double length = runs_row_length(&r->rows[i], v->now);

		if (r->rows[i].cold.n && r->rows[i].cold.median > length)
			length = r->rows[i].cold.median;
		if (length > r->scale.longest)
			r->scale.longest = length;
	}
}

/* A line of its own for each bar, if what there is to say of the chosen one has room, too. */
static bool tall_fits(const struct view *v, struct area at)
{
	const struct runs *r = v->private;
	int left = at.height - 2, want;
	size_t i;

	if (r->bars != BARS_AS_FIT)
		return r->bars == BARS_TALL;
	for (i = 0; i < r->n; i++)
		left -= runs_row_lines(&r->rows[i], v->now != 0, true);
	want = runs_detail_lines(v, &r->rows[v->list.at < r->n ? v->list.at : 0]);
	/* While it goes on the bars are what one looks at. */
	return left >= (v->now ? DETAIL_LEAST : want) || left >= DETAIL_PLENTY;
}

/* The rows from the first one shown on, and how many; returns the line behind them. */
static int draw_rows(struct view *v, struct canvas *c, struct area at,
		     const struct runs_columns *k, size_t *shown)
{
	struct runs *r = v->private;
	int y = at.y;
	size_t i;

	for (i = 0; i < r->n; i++)
		r->rows[i].y = 0;
	for (i = v->list.top; i < r->n; i++) {
		int lines = runs_row_lines(&r->rows[i], v->now != 0, k->tall);

		if (y + lines > at.y + at.height)
			break;
		r->rows[i].y = y;
		runs_row_draw(&r->rows[i], v, c, y, k, &r->scale);
		if (i == v->list.at)
			view_cursor(c, (struct area){ at.x, y, 2 + r->name_width + 1, 1 }, y);
		y += lines;
	}
	*shown = i - v->list.top;
	return y;
}

static void draw_runs(struct view *v, struct canvas *c, struct area at)
{
	struct runs *r = v->private;
	int lines = at.height - 2, y;
	struct runs_columns k;
	size_t shown;
	bool tall;

	if (!r->n) {
		view_nothing(c, at, "No scenario is in this recording.");
		return;
	}
	tall = r->page != PAGE_TABLE || tall_fits(v, at);
	k = columns_of(r, at, tall, v->now != 0);
	find_scale(v);
	if (r->page != PAGE_TABLE)
		lines = runs_row_lines(&r->rows[v->list.at < r->n ? v->list.at : 0], v->now != 0, true);
	/* The details may take a third of the room, the table the rest. */
	if (!tall && (int)r->n > lines - lines / 3)
		lines -= lines / 3;
	list_fit(&v->list, r->n, r->page != PAGE_TABLE ? 1 : tall && r->bars == BARS_TALL ? lines / 2 : lines);
	if (r->of != r->rows[v->list.at].s && r->page == PAGE_FINDINGS)
		r->page = PAGE_FIRST;
	r->of = r->rows[v->list.at].s;
	r->scale.alone = r->page != PAGE_TABLE;
	r->scale.findings_only = r->page == PAGE_FINDINGS;
	r->scale.finding = r->finding;
	v->list_y = at.y + 1;
	r->tall = tall;
	y = draw_rows(v, c, (struct area){ at.x, at.y + 1, at.width, lines }, &k, &shown);
	draw_head(v, c, at, &k, shown);
	draw_foot(v, c, &k, y++);
	r->next = runs_detail_draw(v, &r->rows[v->list.at], &r->scale, c,
				   (struct area){ at.x, y, at.width, at.y + at.height - y });
}

static long row_at(const struct view *v, int y)
{
	const struct runs *r = v->private;
	long found = -1;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->rows[i].y && r->rows[i].y <= y)
			found = (long)i;
	return found;
}

static void turn_run(struct view *v, int by)
{
	const struct scenario_result *s = v->scenario;
	size_t i;

	for (i = 0; s && i < s->n_runs; i++)
		if (s->runs[i] == v->run && i + (size_t)by < s->n_runs) {
			app_choose(v->app, s, s->runs[i + (size_t)by]);
			return;
		}
}

static void next_order(struct view *v)
{
	struct runs *r = v->private;

	r->order = (enum order)((r->order + 1) % ORDERS);
	close_runs(v);
	open_runs(v);
	app_say(v->app, "sorted by %s", order_names[r->order]);
}

/* The table, one scenario with all there is to say of it, its other findings, the table. */
static void next_page(struct view *v)
{
	struct runs *r = v->private;
	size_t n = v->list.at < r->n ? r->rows[v->list.at].findings.n : 0;

	if (r->page == PAGE_TABLE) {
		r->page = PAGE_FIRST;
	} else if (r->next < n && (r->page == PAGE_FIRST || r->next > r->finding)) {
		r->page = PAGE_FINDINGS;
		r->finding = r->next;
	} else {
		r->page = PAGE_TABLE;
	}
}

static bool press_runs(struct view *v, int key)
{
	struct runs *r = v->private;

	if (key == PRESS_CLICK || list_press(&v->list, key)) {
		app_follow(v->app, false);
		if (r->n)
			app_choose(v->app, r->rows[v->list.at].s, NULL);
		return true;
	}
	if (key == PRESS_LEFT || key == 'h' || key == PRESS_RIGHT || key == 'l') {
		app_follow(v->app, false);
		turn_run(v, key == PRESS_LEFT || key == 'h' ? -1 : 1);
		return true;
	}
	if (key == 's') {
		next_order(v);
		return true;
	}
	if (key == 'm') {
		r->scale.weight = r->scale.weight == RUNS_RSS ? RUNS_PSS : RUNS_RSS;
		return true;
	}
	if (key == '%') {
		r->scale.own = !r->scale.own;
		return true;
	}
	if (key == 'd') {
		next_page(v);
		return true;
	}
	if (key == 'b') {
		r->page = PAGE_TABLE;
		r->bars = r->tall ? BARS_FLAT : BARS_TALL;
		return true;
	}
	if (key == PRESS_ENTER) {
		if (v->run)
			app_show(v->app, &view_timeline);
		else
			app_say(v->app, "this scenario has no runs");
		return true;
	}
	return false;
}

static const char *const help_runs[] = { "Enter\tlook into it", "d\tdetails", "h l\twhich run",
					 "e\teach run", "s\tsort", "m\tRSS, PSS", "%\tshares",
					 "b\tbars", NULL };

const struct view_ops view_runs = {
	.name = "runs",
	.title = "all scenarios, one scale",
	.key = '1',
	.help = help_runs,
	.private_size = sizeof(struct runs),
	.open = open_runs,
	.draw = draw_runs,
	.press = press_runs,
	.row_at = row_at,
	.close = close_runs,
};
