// SPDX-License-Identifier: GPL-2.0-only
/* html_bar.c - bars of cold starts by phase. Parts of them have numbers, which a line below explains. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/model/compare.h"
#include "user/model/typical.h"

#define NUMBERED 2.4 /* percent of the chart that a part needs for its number */
#define NAMED 2.0    /* percent of its bar: phases that are shorter are told together */

/* Medians need not sum to the median cold start: the bar is parted by what they sum to. */
static double share_of(const struct phase_summaries *phases, size_t i)
{
	double sum = 0;
	size_t k;

	for (k = 0; k < phases->n; k++)
		sum += (double)phases->list[k].total;
	return sum > 0 ? (double)phases->list[i].total * 100 / sum : 0;
}

static size_t number_of(const struct phase_summaries *phases, size_t i,
			const struct compare_rows *order)
{
	size_t k;

	for (k = 0; order && k < order->n; k++)
		if (!strcmp(order->list[k].name, phases->list[i].name))
			return k + 1;
	return i + 1;
}

/* The phases of all counted runs: their medians in parts of a whole as long as the median. */
static void write_phases(FILE *out, const struct phase_summaries *phases,
			 const struct compare_rows *order, double width)
{
	size_t heaviest = phases_heaviest(phases), i;

	fprintf(out, "<span class=\"bar\" style=\"--w:%.3f%%\">", width);
	for (i = 0; i < phases->n; i++) {
		const struct phase_summary *p = &phases->list[i];

		fprintf(out, "<i class=\"ph%s\" style=\"width:%.3f%%\" title=\"",
			i == heaviest ? " ph-top" : i % 2 ? " ph-odd" : "", share_of(phases, i));
		markup_text(out, p->name);
		fputs(": ", out);
		markup_ms(out, (uint64_t)(p->stats.median + 0.5));
		fputs("\">", out);
		if (share_of(phases, i) * width / 100 >= NUMBERED)
			fprintf(out, "%zu", number_of(phases, i, order));
		fputs("</i>", out);
	}
	if (!phases->n)
		fputs("<i class=\"ph\" style=\"width:100%\"></i>", out);
	fputs("</span>", out);
}

/* From the fastest to the slowest run, with a tick for each. */
static void write_spread(FILE *out, const struct scenario_result *s, const struct stats *cold,
			 double most)
{
	uint64_t ns;
	size_t i;

	fprintf(out, "<span class=\"spread\" aria-hidden=\"true\"><i class=\"range\" "
		"style=\"left:%.3f%%;width:%.3f%%\"></i>", cold->min * 100 / most,
		(cold->max - cold->min) * 100 / most);
	for (i = 0; i < s->n_runs && i < 200; i++) {
		if (!run_counted(s->runs[i]) || !run_quantity(s->runs[i], QUANTITY_COLD_START, &ns))
			continue;
		fprintf(out, "<i class=\"run\" style=\"left:%.3f%%\"></i>", (double)ns * 100 / most);
	}
	fputs("</span>", out);
}

void html_cold_bar(FILE *out, const struct scenario_result *s, const struct compare_rows *order,
		   double most)
{
	struct phase_summaries phases;
	struct stats cold;

	scenario_stats(s, QUANTITY_COLD_START, &cold);
	if (!cold.n || most <= 0)
		return;
	phases_typical(s, &phases);
	write_phases(out, &phases, order, cold.median * 100 / most);
	write_spread(out, s, &cold, most);
	free(phases.list);
}

/* "1 exec 0.618 ms  2 service start-up 8.32 ms  shorter: 3 listen to accept", below its bar's row. */
void html_cold_key(FILE *out, const struct scenario_result *s, const struct compare_rows *order,
		   unsigned int columns)
{
	struct phase_summaries phases;
	size_t i, heaviest;
	bool shorter = false;

	phases_typical(s, &phases);
	heaviest = phases_heaviest(&phases);
	if (phases.n)
		fprintf(out, "<tr class=\"parts\"><td></td><td colspan=\"%u\">", columns);
	for (i = 0; i < phases.n; i++) {
		if (share_of(&phases, i) < NAMED)
			continue;
		fprintf(out, "<span%s><b>%zu</b> ", i == heaviest ? " class=\"most\"" : "",
			number_of(&phases, i, order));
		markup_cut(out, phases.list[i].name, 60);
		fputs(" ", out);
		markup_ms(out, (uint64_t)(phases.list[i].stats.median + 0.5));
		fputs("</span> ", out);
	}
	for (i = 0; i < phases.n; i++) {
		if (share_of(&phases, i) >= NAMED)
			continue;
		fprintf(out, "%s<span><b>%zu</b> ", shorter ? "" : "shorter: ",
			number_of(&phases, i, order));
		markup_cut(out, phases.list[i].name, 60);
		fputs("</span> ", out);
		shorter = true;
	}
	if (phases.n)
		fputs("</td></tr>\n", out);
	free(phases.list);
}
