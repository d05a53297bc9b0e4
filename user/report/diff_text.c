// SPDX-License-Identifier: GPL-2.0-only
/* diff_text.c - what moved, for people: totals and phases of each scenario, both sides, by how much. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/diff.h"
#include "user/report/page.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define NAME_COLUMNS 24
#define WIDE 100 /* columns; the ranges of both sides have room then */

static uint64_t whole(double v)
{
	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

static const char *number_of(char buf[TEXT_NUMBER_MAX], enum compare_unit unit, double v)
{
	return unit == COMPARE_NS ? text_ms(buf, whole(v)) : text_bytes(buf, whole(v));
}

/* "25.0-30.1 ms": the runs' range. */
static void cell_range(struct table *t, enum compare_unit unit, const struct stats *stats)
{
	char low[TEXT_NUMBER_MAX], high[TEXT_NUMBER_MAX], range[2 * TEXT_NUMBER_MAX];

	number_of(low, unit, stats->min);
	number_of(high, unit, stats->max);
	/* The unit of the end says that of the beginning, where they are the same. */
	if (!strcmp(strchr(low, ' ') ? strchr(low, ' ') : "",
		    strchr(high, ' ') ? strchr(high, ' ') : ""))
		low[strcspn(low, " ")] = '\0';
	snprintf(range, sizeof(range), "%s-%s", low, high);
	table_cell(t, stats->n > 1 ? range : "");
}

static void cell_median(struct table *t, enum compare_unit unit, const struct stats *stats)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, stats->n ? number_of(number, unit, stats->median) : "-");
}

static double spread_of(const struct stats *stats)
{
	return stats->n && stats->median > 0 ? (stats->max - stats->min) * 50 / stats->median : 0;
}

/* Half the range of the side whose runs differ more, in percent of its median. */
static void cell_spread(struct table *t, const struct compare_row *row)
{
	double a = spread_of(&row->base), b = spread_of(&row->fresh);
	char text[TEXT_NUMBER_MAX];

	snprintf(text, sizeof(text), "%.0f %%", a > b ? a : b);
	table_cell(t, text);
}

static bool is_wide(const struct page *p)
{
	return p->width >= WIDE;
}

static void print_row(const struct page *p, struct table *t, const struct compare_row *row,
		      const char *indent)
{
	CLEANUP_FREE char *escaped = page_escape(row->name, strlen(row->name));
	CLEANUP_FREE char *named = xasprintf("%s%s", indent, escaped);
	CLEANUP_FREE char *cut = why_cut(p, named, NAME_COLUMNS);
	CLEANUP_FREE char *by = NULL, *percent = NULL;
	char number[TEXT_NUMBER_MAX];
	bool both = row->base.n && row->fresh.n;

	table_cell(t, cut);
	cell_median(t, row->unit, &row->base);
	if (is_wide(p))
		cell_range(t, row->unit, &row->base);
	cell_median(t, row->unit, &row->fresh);
	if (is_wide(p))
		cell_range(t, row->unit, &row->fresh);
	if (both)
		by = xasprintf("%s%s", row->by > 0 ? "+" : row->by < 0 ? "-" : "",
			       number_of(number, row->unit, fabs(row->by)));
	if (both && row->base.median > 0)
		percent = xasprintf("%+.0f %%", row->by * 100 / row->base.median);
	table_cell(t, by ? by : "");
	table_cell(t, percent ? percent : "");
	if (!is_wide(p))
		cell_spread(t, row);
	table_cell(t, row->moved == COMPARE_MORE || row->moved == COMPARE_LESS ?
			      compare_moved_name(row->moved) :
		      !row->fresh.n ? "gone" : !row->base.n ? "new" : "");
}

static void print_scenario(const struct page *p, const struct compare_scenario *s)
{
	CLEANUP_FREE char *name = page_escape(s->name, strlen(s->name));
	struct table t = { 0 };
	size_t i;

	fputc('\n', p->out);
	page_heading(p, name);
	if (!s->base || !s->fresh) {
		fprintf(p->out, "  only in the %s recording\n", s->base ? "first" : "second");
		return;
	}
	if (s->broken) {
		CLEANUP_FREE char *why = page_escape(scenario_reason(s->fresh),
						     strlen(scenario_reason(s->fresh)));

		prose_print(p->out, p->width, "  now it fails: ", why);
	}
	table_column(&t, TABLE_LEFT, "");
	table_column(&t, TABLE_RIGHT, "base");
	if (is_wide(p))
		table_column(&t, TABLE_RIGHT, "its runs");
	table_column(&t, TABLE_RIGHT, "new");
	if (is_wide(p))
		table_column(&t, TABLE_RIGHT, "its runs");
	table_column(&t, TABLE_RIGHT, "difference");
	table_column(&t, TABLE_RIGHT, "");
	if (!is_wide(p))
		table_column(&t, TABLE_RIGHT, "spread");
	table_column(&t, TABLE_LEFT, "");
	for (i = 0; i < s->totals.n; i++)
		print_row(p, &t, &s->totals.list[i], "");
	for (i = 0; i < s->phases.n; i++)
		print_row(p, &t, &s->phases.list[i], "  ");
	if (t.n_cells)
		table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

static void print_side(const struct page *p, const char *lead, const struct diff_side *side)
{
	CLEANUP_FREE char *name = page_escape(side->name, strlen(side->name));
	CLEANUP_FREE char *about = words_about(side->session);
	CLEANUP_FREE char *text = xasprintf("%s: %s", name, about);

	prose_print(p->out, p->width, lead, text);
}

static void print_verdict(const struct page *p, const struct comparison *c)
{
	size_t i, n = 0;

	fputc('\n', p->out);
	for (i = 0; i < c->n; i++) {
		CLEANUP_FREE char *name = page_escape(c->list[i].name, strlen(c->list[i].name));

		if (c->list[i].regressed)
			fprintf(p->out, "%s%s", n++ ? ", " : "regressed: ", name);
	}
	fputs(n ? "\n" : "no regression\n", p->out);
}

int diff_text(FILE *out, const struct comparison *c, const struct diff_side *base,
	      const struct diff_side *fresh, const struct report_options *o)
{
	struct page p = { .out = out, .session = fresh->session, .options = o,
			  .width = o->width ? o->width : 80 };
	CLEANUP_FREE char *about = xasprintf(
		"Medians of the runs that count, and %s. More or less: by %d %% at least, with %d runs on "
		"each side, and %d %% of all pairs of runs agree; the rest can be chance.",
		is_wide(&p) ? "their range" : "half the range of the side that spreads more",
		COMPARE_PERCENT, COMPARE_RUNS, COMPARE_PAIRS);
	size_t i;

	print_side(&p, "base  ", base);
	print_side(&p, "new   ", fresh);
	fputc('\n', out);
	prose_print(out, p.width, "", about);
	for (i = 0; i < c->n; i++)
		print_scenario(&p, &c->list[i]);
	print_verdict(&p, c);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
