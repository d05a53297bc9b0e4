// SPDX-License-Identifier: GPL-2.0-only
/* html_pair.c - a scenario of two recordings: how it moved, both ledgers as one, both timelines. */
#include "user/export/html_pair.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/markup.h"
#include "user/model/lane.h"

#define LEDGER_MAX 150
#define LEDGER_SHOWN 12 /* before somebody asks for the others */

const struct export_pick *html_pick_of(const struct export_source *source, const char *name)
{
	size_t i;

	for (i = 0; i < source->n_picks; i++)
		if (!strcmp(source->picks[i].scenario->name, name))
			return &source->picks[i];
	return NULL;
}

bool html_fails(const struct scenario_result *s)
{
	return s && s->n_runs && !strcmp(scenario_status_name(s), "failed");
}

void html_pair_state(FILE *out, const struct compare_scenario *c)
{
	const struct compare_row *row = c->totals.n ? &c->totals.list[0] : NULL;

	if (!c->base || !c->fresh) {
		fprintf(out, "only in the %s recording", c->base ? "first" : "second");
		return;
	}
	if (html_fails(c->fresh)) {
		fprintf(out, "<span class=\"bad\">%s fails: ", c->broken ? "now it" : "it still");
		markup_text(out, scenario_reason(c->fresh));
		fputs("</span>", out);
	} else if (html_fails(c->base)) {
		fputs("it failed before: ", out);
		markup_text(out, scenario_reason(c->base));
	}
	if (!row || row->unit != COMPARE_NS || !row->base.n || !row->fresh.n)
		return;
	fputs(html_fails(c->fresh) || html_fails(c->base) ? "; before " : "before ", out);
	markup_ms(out, (uint64_t)(row->base.median + 0.5));
	fputs(", after ", out);
	markup_ms(out, (uint64_t)(row->fresh.median + 0.5));
	fprintf(out, ": %s", row->by > 0 ? "+" : row->by < 0 ? "−" : "");
	markup_ms(out, (uint64_t)(fabs(row->by) + 0.5));
	if (row->base.median > 0)
		fprintf(out, ", %+.0f %%", row->by * 100 / row->base.median);
	fputs(row->moved == COMPARE_MORE ? ", clearly more" : row->moved == COMPARE_LESS ?
		      ", clearly less" : row->moved == COMPARE_SAME ? ", which can be chance" :
		      ", of too few runs to tell", out);
}

/* ---- both ledgers ---------------------------------------------------------------------------- */

/* Mean ns of a state and detail in the runs of each side. */
struct entry {
	enum path_state state;
	const char *detail;
	double ns[2];
};

struct entries {
	struct entry *list;
	size_t n, cap;
};

static int by_text(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->detail, y->detail);

	return x->state != y->state ? (x->state < y->state ? -1 : 1) : order;
}

static int by_difference(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	double p = fabs(x->ns[1] - x->ns[0]), q = fabs(y->ns[1] - y->ns[0]);

	return p != q ? (p < q ? 1 : -1) : by_text(a, b);
}

static void add_ledger(struct entries *e, const struct ledger *ledger, size_t runs, int side)
{
	size_t i;

	for (i = 0; runs && i < ledger->n; i++) {
		ARRAY_RESERVE(e->list, e->n, e->cap, 1);
		e->list[e->n] = (struct entry){ .state = ledger->rows[i].state,
						.detail = ledger->rows[i].detail };
		e->list[e->n++].ns[side] = (double)ledger->rows[i].ns / (double)runs;
	}
}

/* Lines of the same state and detail become one. */
static void merge(struct entries *e)
{
	size_t i, n = 0;

	if (e->n)
		qsort(e->list, e->n, sizeof(*e->list), by_text);
	for (i = 0; i < e->n; i++) {
		if (n && !by_text(&e->list[n - 1], &e->list[i])) {
			e->list[n - 1].ns[0] += e->list[i].ns[0];
			e->list[n - 1].ns[1] += e->list[i].ns[1];
		} else {
			e->list[n++] = e->list[i];
		}
	}
	e->n = n;
	if (n)
		qsort(e->list, n, sizeof(*e->list), by_difference);
}

static void write_entry(FILE *out, const struct entry *entry, bool more)
{
	double by = entry->ns[1] - entry->ns[0];

	fprintf(out, "<tr%s>", more ? " class=\"more\"" : "");
	html_cell_ms(out, entry->ns[0]);
	html_cell_ms(out, entry->ns[1]);
	fprintf(out, "<td class=\"n\" data-v=\"%.0f\">%s", by, by > 0 ? "+" : by < 0 ? "−" : "");
	markup_ms(out, (uint64_t)(fabs(by) + 0.5));
	fputs("</td>", out);
	html_cell_state(out, entry->state);
	html_cell_text(out, entry->detail);
	fputs("</tr>\n", out);
}

static void write_ledgers(FILE *out, const struct compare_scenario *c)
{
	const struct scenario_result *const sides[2] = { c->base, c->fresh };
	struct ledger ledgers[2] = { 0 };
	struct entries e = { 0 };
	size_t runs[2] = { 0 }, i;
	double sum[2] = { 0 };

	for (i = 0; i < 2; i++) {
		if (sides[i])
			ledger_of_scenario(sides[i], &ledgers[i], &runs[i]);
		add_ledger(&e, &ledgers[i], runs[i], (int)i);
	}
	merge(&e);
	for (i = 0; i < e.n; i++) {
		sum[0] += e.list[i].ns[0];
		sum[1] += e.list[i].ns[1];
	}
	if (e.n) {
		fprintf(out, "<div class=\"wide\"><table class=\"ledger pair sortable\"><caption>What the "
			"answer waited for, means of %zu and %zu runs; what moved most comes first"
			"</caption>\n<thead><tr>", runs[0], runs[1]);
		html_column(out, "before", HTML_RIGHT);
		html_column(out, "after", HTML_RIGHT);
		html_column(out, "difference", HTML_RIGHT);
		html_column(out, "state", HTML_LEFT);
		html_column(out, "who: what", HTML_LEFT);
		fputs("</tr></thead><tbody>\n", out);
		for (i = 0; i < e.n && i < LEDGER_MAX; i++)
			write_entry(out, &e.list[i], i >= LEDGER_SHOWN);
		fputs("</tbody><tfoot><tr class=\"sum\">", out);
		html_cell_ms(out, sum[0]);
		html_cell_ms(out, sum[1]);
		fprintf(out, "<td class=\"n\">%s", sum[1] < sum[0] ? "−" : "+");
		markup_ms(out, (uint64_t)(fabs(sum[1] - sum[0]) + 0.5));
		fputs("</td><td></td><td>all", out);
		if (e.n > LEDGER_MAX)
			fprintf(out, ", %zu that moved less are not shown", e.n - LEDGER_MAX);
		fputs("</td></tr></tfoot></table></div>\n", out);
	}
	free(ledgers[0].rows);
	free(ledgers[1].rows);
	free(e.list);
}

/* ---- the section ----------------------------------------------------------------------------- */

static uint64_t longest(const struct export_pick *pick)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; pick && i < pick->n_runs; i++)
		if (pick->runs[i]->milestones.launch && run_span(pick->runs[i]) > most)
			most = run_span(pick->runs[i]);
	return most;
}

static void write_more(FILE *out, const struct export_pick *pick, const char *side)
{
	size_t i;

	if (!pick || !longest(pick))
		return;
	fprintf(out, "<details><summary>%s: critical path, milestones, processes, memory</summary>\n",
		side);
	for (i = 0; i < pick->n_runs; i++)
		if (pick->runs[i]->milestones.launch)
			html_run_details(out, pick->runs[i]);
	fputs("</details>\n", out);
}

void html_pair(FILE *out, const struct export_source *before, const struct export_source *after,
	       const struct compare_scenario *c, size_t index)
{
	const struct export_pick *was = c->base ? html_pick_of(before, c->name) : NULL;
	const struct export_pick *is = c->fresh ? html_pick_of(after, c->name) : NULL;
	size_t runs = before->n_runs + after->n_runs;
	uint64_t span = longest(was) > longest(is) ? longest(was) : longest(is);

	fprintf(out, "<section class=\"scenario\" id=\"s%zu\">\n", index);
	html_scenario_heading(out, c->fresh ? after : before, c->fresh ? c->fresh : c->base);
	fputs("<p class=\"answer\">", out);
	html_pair_state(out, c);
	fputs("</p>\n", out);
	html_moved(out, c);
	write_ledgers(out, c);
	if (c->base)
		html_findings(out, c->base, "Before");
	if (c->fresh)
		html_findings(out, c->fresh, "After");
	if (was)
		html_timelines(out, before, was, runs, "Before", span);
	if (is)
		html_timelines(out, after, is, runs, "After", span);
	write_more(out, was, "Before");
	write_more(out, is, "After");
	fputs("</section>\n", out);
}
