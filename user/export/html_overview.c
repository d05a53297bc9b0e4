// SPDX-License-Identifier: GPL-2.0-only
/* html_overview.c - the answer at one glance: all scenarios on one scale; then all numbers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/model/typical.h"
#include "user/report/words.h"

/* What the chart's widths are parts of. */
struct scale {
	double cold, pss; /* ns, bytes: the most that is drawn */
	double fastest;   /* ns */
};

static struct scale find_scale(const struct export_source *source)
{
	struct scale scale = { 0 };
	size_t i;

	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = source->picks[i].scenario;
		const struct run *r = html_run_of(source, s);
		struct stats cold;

		scenario_stats(s, QUANTITY_COLD_START, &cold);
		if (!cold.n || !r)
			continue;
		if (cold.max > scale.cold)
			scale.cold = cold.max;
		if (scale.fastest == 0 || cold.median < scale.fastest)
			scale.fastest = cold.median;
		if ((double)r->memory[MEMORY_SETTLED].pss > scale.pss)
			scale.pss = (double)r->memory[MEMORY_SETTLED].pss;
	}
	return scale;
}

/* ---- one row --------------------------------------------------------------------------------- */

void html_unmeasured(FILE *out, const struct scenario_result *s, unsigned int columns)
{
	bool failed = strcmp(scenario_status_name(s), "unavailable") != 0;

	fprintf(out, "<td colspan=\"%u\" class=\"%s\">%s", columns, failed ? "bad" : "none",
		failed ? "failed: " : "not here: ");
	markup_text(out, scenario_reason(s));
	if (!failed && *s->advice) {
		fputs("; get it: ", out);
		markup_text(out, s->advice);
	}
	fputs("</td></tr>\n", out);
}

static void write_times(FILE *out, const struct scenario_result *s, const struct stats *cold,
			const struct scale *scale)
{
	struct phase_summaries phases;
	size_t heaviest;

	phases_typical(s, &phases);
	heaviest = phases_heaviest(&phases);
	fputs("<td class=\"chart\">", out);
	html_cold_bar(out, s, NULL, scale->cold);
	fputs("</td>", out);
	fprintf(out, "<td class=\"n big\">");
	markup_ms(out, (uint64_t)(cold->median + 0.5));
	fprintf(out, "</td><td class=\"n times\">%.*f×</td><td class=\"why\">",
		cold->median < 9.95 * scale->fastest ? 1 : 0,
		scale->fastest > 0 ? cold->median / scale->fastest : 1);
	if (phases.n && phases.total) {
		fprintf(out, "<b>%.0f %%</b> ", (double)phases.list[heaviest].total * 100 /
						       (double)phases.total);
		markup_cut(out, phases.list[heaviest].name, 60);
	}
	fputs("</td>", out);
	free(phases.list);
}

static void write_row(FILE *out, const struct export_source *source, size_t index,
		      const struct scale *scale)
{
	const struct scenario_result *s = source->picks[index].scenario;
	const char *emulation = words_emulation(source->session, s);
	const struct run *r = html_run_of(source, s);
	struct stats cold;

	scenario_stats(s, QUANTITY_COLD_START, &cold);
	/* What was never run has no section. */
	fputs("<tr><th scope=\"row\">", out);
	if (s->n_runs)
		fprintf(out, "<a href=\"#s%zu\">", index);
	markup_cut(out, s->name, 32);
	fprintf(out, "%s<small>", s->n_runs ? "</a>" : "");
	markup_cut(out, s->boundary, 32);
	if (emulation)
		fprintf(out, "; <em>%s</em>", emulation);
	fputs("</small></th>", out);
	if (!cold.n || !r) {
		html_unmeasured(out, s, 6);
		return;
	}
	write_times(out, s, &cold, scale);
	fputs("<td class=\"chart mem\">", out);
	if (scale->pss > 0)
		html_memory_bar(out, &r->memory[MEMORY_SETTLED], 100 / scale->pss);
	fputs("</td><td class=\"n\">", out);
	if (r->memory[MEMORY_SETTLED].taken)
		markup_bytes(out, r->memory[MEMORY_SETTLED].pss);
	fputs("</td></tr>\n", out);
	html_cold_key(out, s, NULL, 6);
}

static void write_chart(FILE *out, const struct export_source *source)
{
	struct scale scale = find_scale(source);
	bool seen[HTML_CLASSES] = { false };
	size_t i;

	fputs("<input type=\"radio\" name=\"scale\" id=\"scale-common\" checked>"
	      "<label for=\"scale-common\">common scale</label>"
	      "<input type=\"radio\" name=\"scale\" id=\"scale-share\">"
	      "<label for=\"scale-share\">shares</label>\n"
	      "<table class=\"overview\"><caption>Median cold start by phase, the longest one "
	      "coloured, with their medians below; between them the runs. Memory: PSS of all processes, settled.</caption>\n"
	      "<thead><tr>", out);
	html_column(out, "scenario", HTML_LEFT);
	html_column(out, "cold start", HTML_LEFT);
	html_column(out, "median", HTML_RIGHT);
	html_column(out, "", HTML_RIGHT);
	html_column(out, "mostly", HTML_LEFT);
	html_column(out, "memory", HTML_LEFT);
	html_column(out, "PSS", HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < source->n_picks; i++)
		write_row(out, source, i, &scale);
	for (i = 0; i < source->n_picks; i++) {
		const struct run *r = html_run_of(source, source->picks[i].scenario);

		if (r)
			html_classes_of(&r->memory[MEMORY_SETTLED], seen);
	}
	fputs("</tbody></table>\n<p class=\"keys\"><i class=\"key ph-top\"></i>longest phase", out);
	html_class_keys(out, seen);
	fputs("</p>\n", out);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	enum quantity quantity;
	const char *heading;
	enum { MEDIAN, MIN, MAX, P99 } what;
	bool bytes;
	const char *ready; /* … of commands that are ready by something else than an answer; NULL: the same */
} columns[] = {
	{ QUANTITY_COLD_START, "cold start", MEDIAN, false, NULL },
	{ QUANTITY_COLD_START, "min", MIN, false, NULL },
	{ QUANTITY_COLD_START, "max", MAX, false, NULL },
	{ QUANTITY_FIRST_ACCEPT, "first accept", MEDIAN, false, NULL },
	{ QUANTITY_UNCERTAINTY, "uncertainty", MAX, false, NULL },
	{ QUANTITY_PSS_FIRST_BYTE, "PSS 1st byte", MEDIAN, true, "PSS when ready" },
	{ QUANTITY_PSS_SETTLED, "PSS settled", MEDIAN, true, NULL },
	{ QUANTITY_RSS_SETTLED, "RSS settled", MEDIAN, true, NULL },
	{ QUANTITY_LATENCY, "latency p50", MEDIAN, false, NULL },
	{ QUANTITY_LATENCY, "latency p99", P99, false, NULL },
};

static void write_numbers(FILE *out, const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(columns); i++) {
		struct stats stats;
		double v;

		scenario_stats(s, columns[i].quantity, &stats);
		v = columns[i].what == MIN ? stats.min : columns[i].what == MAX ? stats.max :
		    columns[i].what == P99 ? stats.p99 : stats.median;
		if (!stats.n)
			html_cell_none(out);
		else if (columns[i].bytes)
			html_cell_bytes(out, v);
		else
			html_cell_ms(out, v);
	}
}

static void write_table(FILE *out, const struct export_source *source)
{
	size_t i;

	fputs("<div class=\"wide\"><table class=\"sortable\"><caption>All numbers: medians of the n "
	      "runs that count, unless the heading says otherwise.</caption>\n<thead><tr>", out);
	html_column(out, "scenario", HTML_LEFT);
	html_column(out, "isolation", HTML_LEFT);
	html_column(out, "n", HTML_RIGHT);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		html_column(out, columns[i].ready && session_ready_by(source->session) ?
				 columns[i].ready : columns[i].heading, HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = source->picks[i].scenario;
		struct stats cold;

		scenario_stats(s, QUANTITY_COLD_START, &cold);
		if (!cold.n)
			continue;
		fprintf(out, "<tr><th scope=\"row\"><a href=\"#s%zu\">", i);
		markup_cut(out, s->name, 32);
		fputs("</a>", out);
		if (words_emulation(source->session, s))
			fprintf(out, " <em>%s</em>", words_emulation(source->session, s));
		fputs("</th>", out);
		html_cell_text(out, s->boundary);
		fprintf(out, "<td class=\"n\" data-v=\"%zu\">%zu</td>", cold.n, cold.n);
		write_numbers(out, s);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void html_incomplete(FILE *out, const struct export_source *source, const char *side)
{
	if (!source->incomplete)
		return;
	fprintf(out, "<p class=\"bad\">%s%she recording is not whole: ", side, *side ? ": t" : "T");
	markup_text(out, source->incomplete);
	fputs("</p>\n", out);
}

void html_overview(FILE *out, const struct export_source *source)
{
	CLEANUP_FREE char *about = words_about(source->session);
	CLEANUP_FREE char *what = words_cold_start(source->session);

	fputs("<section id=\"overview\"><h1>", out);
	markup_words(out, what);
	fputs("</h1>\n<p class=\"about\">", out);
	markup_words(out, about);
	fputs("</p>\n", out);
	html_incomplete(out, source, "");
	write_chart(out, source);
	write_table(out, source);
	fputs("</section>\n", out);
}
