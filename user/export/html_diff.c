// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_diff.c - two recordings as one page: the verdict of `coldprof diff` (compare.h), both sides'
 * bars, what moved as tables. What is in one of them alone, or fails now, has its lines, too.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/html_pair.h"
#include "user/export/markup.h"
#include "user/report/words.h"

static bool has_pick(const struct export_source *source, const char *name)
{
	return html_pick_of(source, name) != NULL;
}

/* The comparison without what was not asked for. */
static void compare_sources(const struct export_source *before, const struct export_source *after,
			    struct comparison *c)
{
	size_t i, n = 0;

	compare_sessions(before->session, after->session, c);
	c->regressed = false;
	for (i = 0; i < c->n; i++) {
		if (!has_pick(before, c->list[i].name) && !has_pick(after, c->list[i].name)) {
			compare_scenario_release(&c->list[i]);
			continue;
		}
		c->regressed = c->regressed || c->list[i].regressed;
		c->list[n++] = c->list[i];
	}
	c->n = n;
}

/* ---- one table ------------------------------------------------------------------------------- */

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

void html_difference(FILE *out, const struct compare_row *row)
{
	bool clear = row->moved == COMPARE_MORE || row->moved == COMPARE_LESS;

	if (!row->base.n || !row->fresh.n) {
		html_cell_none(out);
		html_cell_none(out);
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
}

/* "more", "less", "" where it can be chance; a scenario that fails is not gone. */
static const char *moved_word(const struct compare_scenario *s, const struct compare_row *row)
{
	if (row->moved == COMPARE_MORE || row->moved == COMPARE_LESS)
		return compare_moved_name(row->moved);
	if (!row->fresh.n)
		return html_fails(s->fresh) ? "fails" : "gone";
	if (!row->base.n)
		return html_fails(s->base) ? "failed before" : "new";
	return "";
}

/* Its name, and what its numbers are not. */
static void write_name(FILE *out, const struct session *session, const struct compare_scenario *s)
{
	const char *emulation = words_emulation(session, s->fresh ? s->fresh : s->base);

	fputs("<th scope=\"row\">", out);
	markup_cut(out, s->name, 32);
	if (emulation)
		fprintf(out, " <em>%s</em>", emulation);
	fputs("</th>", out);
}

/* session: of a table of several scenarios, that of the new one, else of the base; NULL: of one. */
static void write_row(FILE *out, const struct session *session, const struct compare_scenario *s,
		      const struct compare_row *row)
{
	const char *word = moved_word(s, row);

	fputs("<tr>", out);
	if (session) {
		write_name(out, session, s);
		html_cell_text(out, row->name);
	} else {
		fputs("<th scope=\"row\">", out);
		markup_text(out, row->name);
		fputs("</th>", out);
	}
	write_side(out, row, &row->base);
	write_side(out, row, &row->fresh);
	html_difference(out, row);
	fprintf(out, "<td%s>%s</td></tr>\n", !strcmp(word, "fails") ? " class=\"bad\"" : "", word);
}

static void write_columns(FILE *out, const char *scenario, const char *what)
{
	fputs("<thead><tr>", out);
	if (scenario)
		html_column(out, scenario, HTML_LEFT);
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

void html_moved(FILE *out, const struct compare_scenario *s)
{
	size_t i;

	if (!s->totals.n && !s->phases.n)
		return;
	fputs("<div class=\"wide\"><table class=\"diff sortable\"><caption>Totals and phases: medians of "
	      "the runs that count</caption>\n", out);
	write_columns(out, NULL, "total, phase");
	for (i = 0; i < s->totals.n; i++)
		write_row(out, NULL, s, &s->totals.list[i]);
	for (i = 0; i < s->phases.n; i++)
		write_row(out, NULL, s, &s->phases.list[i]);
	fputs("</tbody></table></div>\n", out);
}

static void write_totals(FILE *out, const struct export_source *before,
			 const struct export_source *after, const struct comparison *c)
{
	size_t i, k;

	fputs("<div class=\"wide\"><table class=\"diff sortable\">", out);
	write_columns(out, "scenario", "total");
	for (i = 0; i < c->n; i++) {
		const struct compare_scenario *s = &c->list[i];
		const struct session *session = s->fresh ? after->session : before->session;

		for (k = 0; k < s->totals.n; k++)
			write_row(out, session, s, &s->totals.list[k]);
		if (s->totals.n)
			continue;
		fputs("<tr>", out);
		write_name(out, session, s);
		fputs("<td colspan=\"8\">", out);
		html_pair_state(out, s);
		fputs("</td></tr>\n", out);
	}
	fputs("</tbody></table></div>\n", out);
}

/* ---- both sides' bars ------------------------------------------------------------------------ */

struct scale {
	double cold, pss;
};

static void add_side(struct scale *scale, const struct export_source *source,
		     const struct scenario_result *s, bool seen[HTML_CLASSES])
{
	const struct run *r = s ? html_run_of(source, s) : NULL;
	struct stats cold;

	if (!r)
		return;
	scenario_stats(s, QUANTITY_COLD_START, &cold);
	if (cold.max > scale->cold)
		scale->cold = cold.max;
	if ((double)r->memory[MEMORY_SETTLED].pss > scale->pss)
		scale->pss = (double)r->memory[MEMORY_SETTLED].pss;
	html_classes_of(&r->memory[MEMORY_SETTLED], seen);
}

static void write_bar_row(FILE *out, const struct export_source *source, size_t index,
			  const struct compare_scenario *c, bool fresh, const struct scale *scale)
{
	const struct scenario_result *s = fresh ? c->fresh : c->base;
	const struct run *r = s ? html_run_of(source, s) : NULL;
	const char *emulation = s ? words_emulation(source->session, s) : NULL;
	const struct memory_snapshot *m = r ? &r->memory[MEMORY_SETTLED] : NULL;
	struct stats cold = { 0 };

	fprintf(out, "<tr class=\"%s\"><th scope=\"row\"><a href=\"#s%zu\">", fresh ? "after" : "before",
		index);
	markup_cut(out, c->name, 32);
	fprintf(out, "</a><small>%s", fresh ? "after" : "before");
	if (emulation)
		fprintf(out, "; <em>%s</em>", emulation);
	fputs("</small></th>", out);
	if (s)
		scenario_stats(s, QUANTITY_COLD_START, &cold);
	if (!s) {
		const struct export_pick *pick = html_pick_of(source, c->name);

		if (pick) {
			html_unmeasured(out, pick->scenario, 6);
			return;
		}
		fprintf(out, "<td colspan=\"6\" class=\"none\">not in the %s recording</td></tr>\n",
			fresh ? "second" : "first");
		return;
	}
	if (!cold.n || !m) {
		html_unmeasured(out, s, 6);
		return;
	}
	fputs("<td class=\"chart\">", out);
	html_cold_bar(out, s, &c->phases, scale->cold);
	fputs("</td><td class=\"n big\">", out);
	markup_ms(out, (uint64_t)(cold.median + 0.5));
	fputs("</td>", out);
	if (fresh && c->totals.n) {
		html_difference(out, &c->totals.list[0]);
	} else {
		fputs("<td></td><td></td>", out);
	}
	fputs("<td class=\"chart mem\">", out);
	if (scale->pss > 0)
		html_memory_bar(out, m, 100 / scale->pss);
	fputs("</td><td class=\"n\">", out);
	if (m->taken)
		markup_bytes(out, m->pss);
	fputs("</td></tr>\n", out);
	html_cold_key(out, s, &c->phases, 6);
}

static void write_chart(FILE *out, const struct export_source *before,
			const struct export_source *after, const struct comparison *c)
{
	static const char *const columns[] = { "scenario", "cold start", "median", "difference",
					       "percent", "memory", "PSS" };
	bool seen[HTML_CLASSES] = { false };
	size_t i;

	fputs("<table class=\"overview pairs\"><caption>Each scenario on its own scale. Median cold "
	      "start by phase, the longest one coloured, with their medians below; between them the "
	      "runs. Memory: PSS of all processes, settled.</caption>\n<thead><tr>", out);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		html_column(out, columns[i], i == 0 || i == 1 || i == 5 ? HTML_LEFT : HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < c->n; i++) {
		struct scale scale = { 0 };

		/* It is a scenario's sides that are compared, whatever the others take. */
		add_side(&scale, before, c->list[i].base, seen);
		add_side(&scale, after, c->list[i].fresh, seen);
		write_bar_row(out, before, i, &c->list[i], false, &scale);
		write_bar_row(out, after, i, &c->list[i], true, &scale);
	}
	fputs("</tbody></table>\n<p class=\"keys\"><i class=\"key ph-top\"></i>longest phase", out);
	html_class_keys(out, seen);
	fputs("</p>\n", out);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* In the words of `coldprof diff`. */
static void write_verdict(FILE *out, const struct comparison *c)
{
	size_t i, n = 0;

	fprintf(out, "<p class=\"answer verdict%s\">", c->regressed ? " bad" : "");
	for (i = 0; i < c->n; i++) {
		if (!c->list[i].regressed)
			continue;
		fputs(n++ ? ", " : "regressed: ", out);
		markup_cut(out, c->list[i].name, 32);
		if (c->list[i].broken)
			fputs(" (now it fails)", out);
	}
	fputs(n ? "</p>\n" : "no regression</p>\n", out);
}

static void write_about(FILE *out, const char *side, const struct export_source *source)
{
	CLEANUP_FREE char *about = words_about(source->session);
	CLEANUP_FREE char *what = words_cold_start(source->session);

	fprintf(out, "<p class=\"about\">%s: ", side);
	markup_text(out, source->name);
	fputs(". ", out);
	markup_words(out, what);
	fputs("; ", out);
	markup_words(out, about);
	fputs("</p>\n", out);
	html_incomplete(out, source, side);
}

void html_diff_nav(FILE *out, const struct export_source *before, const struct export_source *after)
{
	struct comparison c;
	size_t i;

	compare_sources(before, after, &c);
	fputs("<a href=\"#diff\">before and after</a>", out);
	for (i = 0; i < c.n; i++) {
		fprintf(out, "<a href=\"#s%zu\">", i);
		markup_cut(out, c.list[i].name, 32);
		fputs("</a>", out);
	}
	fputs("<a href=\"#trust-before\">environment before</a><a href=\"#trust-after\">after</a>", out);
	comparison_release(&c);
}

void html_diff(FILE *out, const struct export_source *before, const struct export_source *after)
{
	struct comparison c;
	size_t i;

	compare_sources(before, after, &c);
	fputs("<section id=\"diff\"><h1>Before and after</h1>\n", out);
	write_verdict(out, &c);
	write_about(out, "Before", before);
	write_about(out, "After", after);
	write_chart(out, before, after, &c);
	fprintf(out, "<h2>What moved</h2>\n<p class=\"about\">Medians and ranges of the runs that count. "
		"Clearly more or less: by %d %% at least, with %d runs on each side, and %d %% of all "
		"pairs of runs agree; the rest can be chance.</p>\n", COMPARE_PERCENT, COMPARE_RUNS,
		COMPARE_PAIRS);
	write_totals(out, before, after, &c);
	fputs("</section>\n", out);
	for (i = 0; i < c.n; i++)
		html_pair(out, before, after, &c.list[i], i);
	comparison_release(&c);
}
