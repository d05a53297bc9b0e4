// SPDX-License-Identifier: GPL-2.0-only
/* html_overview.c - the answer at one glance: all scenarios on one scale; then all numbers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/html.h"
#include "user/export/markup.h"
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

/* The phases of all counted runs; their means in parts of the whole, as long as the median. */
static void write_phases(FILE *out, const struct phase_summaries *phases, size_t heaviest,
			 double median, const struct scale *scale)
{
	size_t i;

	fprintf(out, "<span class=\"bar\" style=\"--w:%.3f%%\">", median * 100 / scale->cold);
	for (i = 0; i < phases->n; i++) {
		const struct phase_summary *p = &phases->list[i];

		fprintf(out, "<i class=\"ph%s\" style=\"width:%.3f%%\" title=\"",
			i == heaviest ? " ph-top" : i % 2 ? " ph-odd" : "",
			phases->total ? (double)p->total * 100 / (double)phases->total : 0);
		markup_text(out, p->name);
		fputs(": ", out);
		markup_ms(out, (uint64_t)(p->stats.median + 0.5));
		fputs("\"></i>", out);
	}
	if (!phases->n)
		fputs("<i class=\"ph\" style=\"width:100%\"></i>", out);
	fputs("</span>", out);
}

/* From the fastest to the slowest run, with a tick for each. */
static void write_spread(FILE *out, const struct scenario_result *s, const struct stats *cold,
			 const struct scale *scale)
{
	uint64_t ns;
	size_t i;

	fprintf(out, "<span class=\"spread\" aria-hidden=\"true\"><i class=\"range\" "
		"style=\"left:%.3f%%;width:%.3f%%\"></i>", cold->min * 100 / scale->cold,
		(cold->max - cold->min) * 100 / scale->cold);
	for (i = 0; i < s->n_runs && i < 200; i++) {
		if (!run_counted(s->runs[i]) || !run_quantity(s->runs[i], QUANTITY_COLD_START, &ns))
			continue;
		fprintf(out, "<i class=\"run\" style=\"left:%.3f%%\"></i>",
			(double)ns * 100 / scale->cold);
	}
	fputs("</span>", out);
}

static void write_unmeasured(FILE *out, const struct scenario_result *s)
{
	bool failed = strcmp(scenario_status_name(s), "unavailable") != 0;

	fprintf(out, "<td colspan=\"6\" class=\"%s\">%s", failed ? "bad" : "none",
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
	size_t heaviest = 0, i;

	phases_of_scenario(s, &phases);
	for (i = 1; i < phases.n; i++)
		if (phases.list[i].total > phases.list[heaviest].total)
			heaviest = i;
	fputs("<td class=\"chart\">", out);
	write_phases(out, &phases, heaviest, cold->median, scale);
	write_spread(out, s, cold, scale);
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
	fprintf(out, "<tr><th scope=\"row\"><a href=\"#s%zu\">", index);
	markup_cut(out, s->name, 32);
	fputs("</a><small>", out);
	markup_cut(out, s->boundary, 32);
	if (emulation)
		fprintf(out, "; <em>%s</em>", emulation);
	fputs("</small></th>", out);
	if (!cold.n || !r) {
		write_unmeasured(out, s);
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
}

static void write_chart(FILE *out, const struct export_source *source)
{
	struct scale scale = find_scale(source);
	size_t i;

	fputs("<input type=\"radio\" name=\"scale\" id=\"scale-common\" checked>"
	      "<label for=\"scale-common\">common scale</label>"
	      "<input type=\"radio\" name=\"scale\" id=\"scale-share\">"
	      "<label for=\"scale-share\">shares</label>\n"
	      "<table class=\"overview\"><caption>Median cold start by phase, the longest one "
	      "coloured; below each bar its runs. Memory: PSS of all processes, settled.</caption>\n"
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
	fputs("</tbody></table>\n<p class=\"keys\"><i class=\"key ph-top\"></i>longest phase"
	      "<i class=\"key c-anon\"></i>anon<i class=\"key c-file\"></i>file"
	      "<i class=\"key c-shmem\"></i>shmem"
	      "<i class=\"key c-guest_ram\"></i>guest RAM</p>\n", out);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	enum quantity quantity;
	const char *heading;
	enum { MEDIAN, MIN, MAX, P99 } what;
	bool bytes;
} columns[] = {
	{ QUANTITY_COLD_START, "cold start", MEDIAN, false },
	{ QUANTITY_COLD_START, "min", MIN, false },
	{ QUANTITY_COLD_START, "max", MAX, false },
	{ QUANTITY_FIRST_ACCEPT, "first accept", MEDIAN, false },
	{ QUANTITY_UNCERTAINTY, "uncertainty", MAX, false },
	{ QUANTITY_PSS_FIRST_BYTE, "PSS 1st byte", MEDIAN, true },
	{ QUANTITY_PSS_SETTLED, "PSS settled", MEDIAN, true },
	{ QUANTITY_RSS_SETTLED, "RSS settled", MEDIAN, true },
	{ QUANTITY_LATENCY, "latency p50", MEDIAN, false },
	{ QUANTITY_LATENCY, "latency p99", P99, false },
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
		html_column(out, columns[i].heading, HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = source->picks[i].scenario;
		struct stats cold;

		scenario_stats(s, QUANTITY_COLD_START, &cold);
		if (!cold.n)
			continue;
		fprintf(out, "<tr><th scope=\"row\"><a href=\"#s%zu\">", i);
		markup_cut(out, s->name, 32);
		fputs("</a></th>", out);
		html_cell_text(out, s->boundary);
		fprintf(out, "<td class=\"n\" data-v=\"%zu\">%zu</td>", cold.n, cold.n);
		write_numbers(out, s);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

void html_overview(FILE *out, const struct export_source *source)
{
	CLEANUP_FREE char *about = words_about(source->session);

	fputs("<section id=\"overview\"><h1>Cold start: from the runtime's execve to the first byte of "
	      "the answer</h1>\n<p class=\"about\">", out);
	html_words(out, about);
	fputs("</p>\n", out);
	if (source->incomplete) {
		fputs("<p class=\"bad\">The recording is not whole: ", out);
		markup_text(out, source->incomplete);
		fputs("</p>\n", out);
	}
	write_chart(out, source);
	write_table(out, source);
	fputs("</section>\n", out);
}
