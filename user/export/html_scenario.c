// SPDX-License-Identifier: GPL-2.0-only
/* html_scenario.c - one scenario: the answer, findings, phases, timeline, and the tables. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/html.h"
#include "user/export/labels.h"
#include "user/export/markup.h"
#include "user/export/svg.h"
#include "user/model/finding.h"
#include "user/model/typical.h"
#include "user/report/words.h"

#define ROWS_MAX 48
#define SLICES_MAX 8400 /* of a page's timelines together; fewer for each of many … */
#define SLICES_MIN 300
#define SLICES_ONE 1400 /* … and no more than this for one */
#define PART_MIN 0.25   /* of the longer of two runs: shorter ones would be too narrow on its scale */

void html_scenario_heading(FILE *out, const struct export_source *source,
			   const struct scenario_result *s)
{
	const char *emulation = words_emulation(source->session, s);

	fputs("<h2>", out);
	markup_cut(out, s->name, 32);
	fputs(" <small>", out);
	markup_text(out, *s->title ? s->title : s->name);
	fputs(", ", out);
	markup_text(out, s->boundary);
	if (*s->runtime_version) {
		fputs("; ", out);
		markup_cut(out, s->runtime_version, 60);
	}
	fputs("</small>", out);
	if (emulation)
		fprintf(out, " <em>%s</em>", emulation);
	fputs("</h2>\n", out);
}

static void write_answer(FILE *out, const struct scenario_result *s)
{
	CLEANUP_FREE char *answer = words_answer(s);
	struct stats cold;

	fputs("<p class=\"answer\">", out);
	scenario_stats(s, QUANTITY_COLD_START, &cold);
	if (answer)
		markup_words(out, answer);
	else if (cold.n)
		markup_ms(out, (uint64_t)(cold.median + 0.5));
	else
		markup_text(out, scenario_reason(s));
	fputs("</p>\n", out);
}

static void write_finding(FILE *out, const struct finding_summary *f, size_t of_runs,
			  uint64_t cold)
{
	CLEANUP_FREE char *evidence = words_evidence(f, of_runs);

	fputs("<li>", out);
	if (f->typical) {
		fputs("<b>", out);
		markup_ms(out, f->typical);
		if (cold)
			fprintf(out, ", %.0f %%", (double)f->typical * 100 / (double)cold);
		fputs("</b> ", out);
	}
	markup_text(out, f->rule->title);
	fputs(". <span class=\"evidence\">", out);
	markup_words(out, evidence);
	fputs("</span><br>", out);
	markup_text(out, f->rule->mend);
	fputs(" <span class=\"price\">", out);
	markup_text(out, f->rule->trade_off);
	fprintf(out, "</span> <code>%s</code></li>\n", f->rule->name);
}

void html_findings(FILE *out, const struct scenario_result *s, const char *side)
{
	CLEANUP_FREE char *few = NULL;
	struct finding_summaries found;
	size_t i;

	findings_of_scenario(s, &found);
	if (found.n)
		fprintf(out, "<h3>%s%sindings</h3>\n<ul class=\"findings\">\n", side,
			*side ? ": f" : "F");
	for (i = 0; i < found.n; i++)
		if (finding_is_rule(&found.list[i], &found))
			write_finding(out, &found.list[i], found.of_runs, cold_typical(s));
	few = words_few(&found);
	if (few) {
		fputs("<li>", out);
		markup_words(out, few);
		fputs("</li>\n", out);
	}
	if (found.n)
		fputs("</ul>\n", out);
	free(found.list);
}

static void write_phases(FILE *out, const struct scenario_result *s)
{
	struct phase_summaries phases;
	double most = 0;
	size_t i;

	phases_typical(s, &phases);
	for (i = 0; i < phases.n; i++)
		if ((double)phases.list[i].total > most)
			most = (double)phases.list[i].total;
	if (phases.n) {
		fputs("<div class=\"half\"><table class=\"phases\"><caption>Phases: medians over all "
		      "runs; shares of the median cold start</caption>\n<thead><tr>", out);
		html_column(out, "phase", HTML_LEFT);
		html_column(out, "median", HTML_RIGHT);
		html_column(out, "min", HTML_RIGHT);
		html_column(out, "max", HTML_RIGHT);
		html_column(out, "share", HTML_RIGHT);
		fputs("<td></td></tr></thead><tbody>\n", out);
	}
	for (i = 0; i < phases.n; i++) {
		const struct phase_summary *p = &phases.list[i];

		fputs("<tr><th scope=\"row\">", out);
		markup_text(out, p->name);
		fputs("</th>", out);
		html_cell_ms(out, p->stats.median);
		html_cell_ms(out, p->stats.min);
		html_cell_ms(out, p->stats.max);
		html_cell_percent(out, (double)p->total, (double)phases.total);
		fprintf(out, "<td class=\"chart\"><span class=\"bar\" style=\"--w:%.2f%%\"><i "
			"class=\"ph%s\" style=\"width:100%%\"></i></span></td></tr>\n",
			most > 0 ? (double)p->total * 100 / most : 0,
			(double)p->total >= most ? " ph-top" : "");
	}
	if (phases.n)
		fputs("</tbody></table></div>\n", out);
	free(phases.list);
}

static void write_milestones(FILE *out, const struct run *r)
{
	const struct milestones *m = &r->milestones;
	int i;

	fprintf(out, "<table class=\"milestones\"><caption>Milestones of run %" PRIu32 ", ms after its "
		"launch</caption><tbody>\n", label_run(r));
	for (i = 0; i < m->n; i++) {
		fprintf(out, "<tr><th scope=\"row\">%s</th>", milestone_title((enum milestone)i));
		if (m->seen[i])
			html_cell_ms(out, (double)m->at[i]);
		else
			html_cell_none(out);
		fputs("<td>", out);
		if (m->seen[i] && m->note[i])
			markup_text(out, m->note[i]);
		else if (!m->seen[i] && m->why[i])
			markup_text(out, m->why[i]);
		if (m->bracketed[i]) {
			fputs("; between ", out);
			markup_ms(out, m->from[i]);
			fputs(" and ", out);
			markup_ms(out, m->to[i]);
		}
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table>\n", out);
}

/* What a page's timelines may have together, shared out. */
static void write_timeline(FILE *out, const struct export_source *source, const struct run *r,
			   size_t runs_of_page, const char *side, uint64_t span)
{
	CLEANUP_FREE char *notes = label_notes(source, r->scenario, r->lost);
	size_t slices = SLICES_MAX / (runs_of_page ? runs_of_page : 1);
	struct svg_plan plan;

	slices = slices > SLICES_ONE ? SLICES_ONE : slices < SLICES_MIN ? SLICES_MIN : slices;
	svg_plan_make(&plan, source->session, r, ROWS_MAX, slices);
	fprintf(out, "<h3>%s%simeline of run %" PRIu32, side, *side ? ": t" : "T", label_run(r));
	if (r == scenario_median_run(r->scenario))
		fputs(" <small>the median one</small>", out);
	if (notes) {
		fputs(" <em>", out);
		markup_words(out, notes);
		fputs("</em>", out);
	}
	if (span && (double)plan.span >= PART_MIN * (double)span)
		fprintf(out, "</h3>\n<figure class=\"timeline part\" style=\"--part:%.4f\">",
			(double)plan.span / (double)span);
	else
		fputs("</h3>\n<figure class=\"timeline\">", out);
	svg_draw(out, &plan, 0);
	fputs("<figcaption>Slices shorter than ", out);
	markup_ms(out, plan.quantum);
	fputs(" are merged, in the colour of what they are most of.</figcaption></figure>\n", out);
	svg_plan_release(&plan);
}

static void write_details(FILE *out, const char *summary)
{
	fprintf(out, "<details><summary>%s</summary>\n", summary);
}

void html_run_details(FILE *out, const struct run *r)
{
	if (r->path.n) {
		write_details(out, "Critical path, step by step");
		html_path(out, r);
		fputs("</details>\n", out);
	}
	write_details(out, "Milestones");
	write_milestones(out, r);
	fputs("</details>\n", out);
	if (r->tree.n) {
		fprintf(out, "<details%s><summary>Processes</summary>\n", r->tree.n > 1 ? " open" : "");
		html_tree(out, r);
		fputs("</details>\n", out);
	}
	html_memory(out, r);
	html_memory_more(out, r);
	html_vm(out, r);
}

void html_timelines(FILE *out, const struct export_source *source, const struct export_pick *pick,
		    size_t runs_of_page, const char *side, uint64_t span)
{
	size_t i;

	for (i = 0; i < pick->n_runs; i++)
		if (pick->runs[i]->milestones.launch)
			write_timeline(out, source, pick->runs[i], runs_of_page, side, span);
}

void html_scenario(FILE *out, const struct export_source *source, size_t index)
{
	const struct export_pick *pick = &source->picks[index];
	const struct scenario_result *s = pick->scenario;
	size_t i;

	if (!s->n_runs)
		return;
	fprintf(out, "<section class=\"scenario\" id=\"s%zu\">\n", index);
	html_scenario_heading(out, source, s);
	write_answer(out, s);
	html_findings(out, s, "");
	fputs("<div class=\"halves\">\n", out);
	write_phases(out, s);
	html_ledger(out, s);
	fputs("</div>\n", out);
	for (i = 0; i < pick->n_runs; i++) {
		if (!pick->runs[i]->milestones.launch)
			continue;
		write_timeline(out, source, pick->runs[i], source->n_runs, "", 0);
		html_run_details(out, pick->runs[i]);
	}
	fputs("</section>\n", out);
}
