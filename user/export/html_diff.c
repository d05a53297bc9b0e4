// SPDX-License-Identifier: GPL-2.0-only
/* html_diff.c - what moved between two recordings (compare.h), as tables. */
#include <math.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/model/compare.h"

static const struct scenario_result *same(const struct export_source *source, const char *name)
{
	size_t i;

	for (i = 0; i < source->n_picks; i++)
		if (!strcmp(source->picks[i].scenario->name, name))
			return source->picks[i].scenario;
	return NULL;
}

static void write_number(FILE *out, enum compare_unit unit, double v)
{
	if (unit == COMPARE_NS)
		markup_ms(out, (uint64_t)(fabs(v) + 0.5));
	else
		markup_bytes(out, (uint64_t)(fabs(v) + 0.5));
}

static void write_side(FILE *out, const struct compare_row *row, const struct stats *stats)
{
	if (!stats->n) {
		html_cell_none(out);
		html_cell_none(out);
		return;
	}
	if (row->unit == COMPARE_NS)
		html_cell_ms(out, stats->median);
	else
		html_cell_bytes(out, stats->median);
	fprintf(out, "<td class=\"n range\" data-v=\"%.0f\">", stats->max - stats->min);
	write_number(out, row->unit, stats->min);
	fputs(" … ", out);
	write_number(out, row->unit, stats->max);
	fputs("</td>", out);
}

static void write_row(FILE *out, const char *scenario, const struct compare_row *row)
{
	bool clear = row->moved == COMPARE_MORE || row->moved == COMPARE_LESS;

	fputs("<tr><th scope=\"row\">", out);
	markup_cut(out, scenario, 32);
	fputs("</th>", out);
	html_cell_text(out, row->name);
	write_side(out, row, &row->base);
	write_side(out, row, &row->fresh);
	if (!row->base.n || !row->fresh.n) {
		html_cell_none(out);
		html_cell_none(out);
		fprintf(out, "<td>%s</td></tr>\n", row->base.n ? "gone" : "new");
		return;
	}
	fprintf(out, "<td class=\"n%s\" data-v=\"%.0f\">%s",
		!clear ? "" : row->by > 0 ? " up" : " down", row->by,
		row->by > 0 ? "+" : row->by < 0 ? "−" : "");
	write_number(out, row->unit, row->by);
	fputs("</td>", out);
	if (row->base.median > 0)
		fprintf(out, "<td class=\"n\" data-v=\"%.3f\">%+.0f %%</td>",
			row->by / row->base.median, row->by * 100 / row->base.median);
	else
		html_cell_none(out);
	fprintf(out, "<td>%s</td></tr>\n", clear ? compare_moved_name(row->moved) : "");
}

static void write_columns(FILE *out, const char *what)
{
	fputs("<thead><tr>", out);
	html_column(out, "scenario", HTML_LEFT);
	html_column(out, what, HTML_LEFT);
	html_column(out, "before", HTML_RIGHT);
	html_column(out, "its runs", HTML_RIGHT);
	html_column(out, "after", HTML_RIGHT);
	html_column(out, "its runs", HTML_RIGHT);
	html_column(out, "difference", HTML_RIGHT);
	html_column(out, "percent", HTML_RIGHT);
	html_column(out, "clearly", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
}

/* Totals, or phases, of all scenarios that both have. */
static void write_table(FILE *out, const struct export_source *before,
			const struct export_source *after, bool phases)
{
	size_t i, k;

	fputs("<div class=\"wide\"><table class=\"diff sortable\">", out);
	write_columns(out, phases ? "phase" : "total");
	for (i = 0; i < after->n_picks; i++) {
		const struct scenario_result *fresh = after->picks[i].scenario;
		const struct scenario_result *base = same(before, fresh->name);
		const struct compare_rows *rows;
		struct compare_scenario s;

		if (!base)
			continue;
		compare_scenarios(base, fresh, &s);
		rows = phases ? &s.phases : &s.totals;
		for (k = 0; k < rows->n; k++)
			write_row(out, s.name, &rows->list[k]);
		compare_scenario_release(&s);
	}
	fputs("</tbody></table></div>\n", out);
}

void html_diff(FILE *out, const struct export_source *before, const struct export_source *after)
{
	fputs("<section id=\"diff\"><h1>Before and after</h1>\n<p class=\"about\">before: ", out);
	markup_text(out, before->name);
	fputs("; after: ", out);
	markup_text(out, after->name);
	fprintf(out, ". Medians and ranges of the runs that count. Clearly more or less: by %d %% at "
		"least, with %d runs on each side, and %d %% of all pairs of runs agree. What follows "
		"this section is about the second one.</p>\n", COMPARE_PERCENT, COMPARE_RUNS,
		COMPARE_PAIRS);
	write_table(out, before, after, false);
	fputs("<h2>By phase</h2>\n", out);
	write_table(out, before, after, true);
	fputs("</section>\n", out);
}
