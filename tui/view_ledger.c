// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_ledger.c - what the answer waited for, added up: rows sum to the cold start. Of the run, or
 * of all runs of the scenario that count (their mean).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"

#define DETAIL_LINES 3

struct ledger_view {
	struct ledger all;    /* of the scenario; rows are ours */
	size_t runs;          /* in all */
	const struct ledger_row **rows; /* that the filter lets through */
	size_t n;
	uint64_t total, shown;
	bool mean, by_state;
};

static int by_state(const void *a, const void *b)
{
	const struct ledger_row *x = *(const struct ledger_row *const *)a;
	const struct ledger_row *y = *(const struct ledger_row *const *)b;

	if (x->state != y->state)
		return (int)x->state - (int)y->state;
	return (x->ns < y->ns) - (x->ns > y->ns);
}

static size_t divisor(const struct ledger_view *l)
{
	return l->mean && l->runs ? l->runs : 1;
}

static void open_ledger(struct view *v)
{
	struct ledger_view *l = v->private;
	const struct ledger *from = &v->run->ledger;
	char text[VIEW_TEXT_MAX], line[VIEW_TEXT_MAX + 32];
	size_t i;

	l->all = (struct ledger){ 0 };
	l->n = 0;
	l->shown = 0;
	if (l->mean) {
		ledger_of_scenario(v->scenario, &l->all, &l->runs);
		from = &l->all;
	}
	l->total = ledger_total(from);
	l->rows = xcalloc(from->n + 1, sizeof(*l->rows));
	for (i = 0; i < from->n; i++) {
		snprintf(line, sizeof(line), "%s %s", path_state_name(from->rows[i].state),
			 view_escape(text, from->rows[i].detail));
		if (!view_matches(v, line))
			continue;
		l->rows[l->n++] = &from->rows[i];
		l->shown += from->rows[i].ns;
	}
	if (l->by_state)
		qsort(l->rows, l->n, sizeof(*l->rows), by_state);
}

static void close_ledger(struct view *v)
{
	struct ledger_view *l = v->private;

	free(l->all.rows);
	free(l->rows);
	l->all.rows = NULL;
	l->rows = NULL;
	l->n = 0;
}

static void draw_row(const struct view *v, struct canvas *c, struct area at, size_t i, int y)
{
	const struct ledger_view *l = v->private;
	const struct ledger_row *row = l->rows[i];
	double share = l->total ? (double)row->ns / (double)l->total : 0;
	char ms[TEXT_NUMBER_MAX], text[VIEW_TEXT_MAX];
	int bar = at.width >= 110 ? 24 : 10, x = at.x + 1;

	canvas_right(c, x, y, 10, STYLE_PLAIN, text_ms(ms, row->ns / divisor(l)));
	x += 11;
	canvas_textf(c, x, y, 6, STYLE_DIM, "%4.1f%%", share * 100);
	x += 7;
	canvas_bar(c, x, y, bar, share * bar, view_state_style(row->state));
	x += bar + 1;
	canvas_text(c, x, y, 12, STYLE_PLAIN, path_state_name(row->state));
	x += 13;
	canvas_text(c, x, y, at.x + at.width - x, STYLE_PLAIN, view_escape(text, row->detail));
	if (i == v->list.at)
		view_cursor(c, at, y);
}

static void draw_head(const struct view *v, struct canvas *c, struct area at)
{
	const struct ledger_view *l = v->private;
	char shown[TEXT_NUMBER_MAX], total[TEXT_NUMBER_MAX];

	if (l->mean)
		canvas_textf(c, at.x + 1, at.y, at.width - 2, STYLE_TITLE,
			     "%zu rows, mean of %zu run%s: %s of %s", l->n, l->runs,
			     l->runs == 1 ? "" : "s", text_ms(shown, l->shown / divisor(l)),
			     text_ms(total, l->total / divisor(l)));
	else
		canvas_textf(c, at.x + 1, at.y, at.width - 2, STYLE_TITLE,
			     "%zu rows of this run: %s of %s", l->n, text_ms(shown, l->shown),
			     text_ms(total, l->total));
}

static void draw_ledger(struct view *v, struct canvas *c, struct area at)
{
	struct ledger_view *l = v->private;
	int lines = at.height - 1 - DETAIL_LINES, y;
	char text[VIEW_TEXT_MAX];
	size_t i;

	if (!l->total) {
		view_nothing(c, at, "What this run waited for is not known: scheduling was not "
				    "followed, or no first byte came.");
		return;
	}
	list_fit(&v->list, l->n, lines);
	v->list_y = at.y + 1;
	draw_head(v, c, at);
	view_list_position(c, at, at.y, &v->list);
	view_no_match(v, c, (struct area){ at.x, at.y + 1, at.width, lines });
	for (i = v->list.top; i < l->n && (int)(i - v->list.top) < lines; i++)
		draw_row(v, c, at, i, at.y + 1 + (int)(i - v->list.top));
	if (!l->n)
		return;
	y = at.y + 1 + lines;
	view_heading(c, at, y, path_state_name(l->rows[v->list.at]->state));
	canvas_prose(c, (struct area){ at.x + 1, y + 1, at.width - 2, DETAIL_LINES - 1 },
		     STYLE_PLAIN, view_escape(text, l->rows[v->list.at]->detail));
}

static bool press_ledger(struct view *v, int key)
{
	struct ledger_view *l = v->private;

	if (key != 'a' && key != 's')
		return false;
	if (key == 'a')
		l->mean = !l->mean;
	else
		l->by_state = !l->by_state;
	close_ledger(v);
	open_ledger(v);
	return true;
}

static const char *const help_ledger[] = { "/\tfilter", "a\tall runs", "s\tby time or state",
					   NULL };

const struct view_ops view_ledger = {
	.name = "ledger",
	.title = "waits added up",
	.key = '4',
	.help = help_ledger,
	.needs_run = true,
	.filters = true,
	.private_size = sizeof(struct ledger_view),
	.open = open_ledger,
	.draw = draw_ledger,
	.press = press_ledger,
	.close = close_ledger,
};
