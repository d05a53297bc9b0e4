// SPDX-License-Identifier: GPL-2.0-only
/*
 * why.c - where the time went, scenario by scenario: a sentence that is the answer, the phases, the
 * heaviest rows of the wait ledger, and the median run's critical path (why_path.c).
 */
#include "user/report/why.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/typical.h"
#include "user/report/table.h"

#define HEAVIEST 10

char *why_cut(const struct page *p, const char *text, size_t columns)
{
	const char *dots = p->options->utf8 ? "…" : "...";
	size_t n = strlen(text), room;
	char *cut;

	if (text_width(text) <= columns)
		return xstrdup(text);
	room = columns > text_width(dots) ? columns - text_width(dots) : 0;
	cut = xstrdup(text);
	while (n && text_width(cut) > room) {
		do {
			n--;
		} while (n && ((unsigned char)cut[n] & 0xc0) == 0x80);
		cut[n] = '\0';
	}
	text = cut;
	cut = xasprintf("%s%s", text, dots);
	free((char *)text);
	return cut;
}

static unsigned int percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned int)((double)part * 100 / (double)whole + 0.5) : 0;
}

static uint64_t rounded(double v)
{
	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

/* Runs of a scenario that count and whose scheduling was followed. */
static size_t explained_runs(const struct scenario_result *s)
{
	size_t n = 0, i;

	for (i = 0; i < s->n_runs; i++)
		n += run_counted(s->runs[i]) && s->runs[i]->path.n;
	return n;
}

/* ", of which 9.37 ms blocked: runc: write cgroup.procs: …", "… 12.1 ms user (9.2 ms: runc)". */
static char *gist_text(const struct gist *gist)
{
	CLEANUP_FREE char *detail = NULL;
	char ns[TEXT_NUMBER_MAX], most[TEXT_NUMBER_MAX];

	if (!gist->ns)
		return xstrdup("");
	detail = page_escape(gist->detail, strlen(gist->detail));
	text_ms(ns, gist->ns);
	if (gist->detail_ns == gist->ns)
		return xasprintf(", of which %s %s%s%s", ns, path_state_name(gist->state),
				 *detail ? ": " : "", detail);
	if (!gist->detail_ns)
		return xasprintf(", of which %s %s", ns, path_state_name(gist->state));
	return xasprintf(", of which %s %s (%s%s%s)", ns, path_state_name(gist->state),
			 text_ms(most, gist->detail_ns), *detail ? ": " : "", detail);
}

#define TELLING_PERCENT 10

/* "; cgroup-rcu-stall: 9.37 ms (35 %), moving a task …": the heaviest finding, where it is a good part. */
static char *finding_text(const struct scenario_result *s, uint64_t cold)
{
	struct finding_summaries found;
	char ns[TEXT_NUMBER_MAX], *text = NULL;

	findings_of_scenario(s, &found);
	if (found.n && finding_is_rule(&found.list[0], &found) &&
	    found.list[0].typical * 100 >= cold * TELLING_PERCENT)
		text = xasprintf("; %s: %s (%u %%), %s", found.list[0].rule->name,
				 text_ms(ns, found.list[0].typical),
				 percent(found.list[0].typical, cold), found.list[0].rule->title);
	free(found.list);
	return text ? text : xstrdup("");
}

char *words_answer(const struct scenario_result *s)
{
	struct phase_summaries phases;
	struct arena arena = { 0 };
	char cold[TEXT_NUMBER_MAX], part[TEXT_NUMBER_MAX], *text = NULL;
	CLEANUP_FREE char *phase = NULL, *clause = NULL, *known = NULL;
	const struct phase_summary *heaviest;
	struct gist gist;

	phases_typical(s, &phases);
	if (explained_runs(s) == 0 || phases.n == 0) {
		free(phases.list);
		return NULL;
	}
	heaviest = &phases.list[phases_heaviest(&phases)];
	gist = gist_typical(&arena, s, heaviest->name);
	phase = page_escape(heaviest->name, strlen(heaviest->name));
	clause = gist_text(&gist);
	known = finding_text(s, phases.total);
	text = xasprintf("%s; %u %% in \"%s\" (%s)%s%s", text_ms(cold, phases.total),
			 percent(heaviest->total, phases.total), phase,
			 text_ms(part, heaviest->total), clause, known);
	free(phases.list);
	arena_release(&arena);
	return text;
}

/* The answer: medians over the runs, as the phases and the findings below (typical.h). */
static void print_sentence(const struct page *p, const struct scenario_result *s)
{
	char name[PAGE_NAME_MAX];
	CLEANUP_FREE char *lead = xasprintf("%s: ", page_row_name(name, p, s));
	CLEANUP_FREE char *text = words_answer(s);

	if (p->options->colour)
		fputs("\033[1m", p->out);
	prose_print(p->out, p->width, lead, text);
	if (p->options->colour)
		fputs("\033[0m", p->out);
}

static void cell_time(struct table *t, double ns)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, text_ms(number, rounded(ns)));
}

static void print_phases(const struct page *p, const struct phase_summaries *phases)
{
	struct table t = { 0 };
	size_t i;

	table_column(&t, TABLE_RIGHT, " ");
	table_column(&t, TABLE_RIGHT, "median");
	table_column(&t, TABLE_RIGHT, "min");
	table_column(&t, TABLE_RIGHT, "max");
	table_column(&t, TABLE_RIGHT, "share");
	table_column(&t, TABLE_LEFT, "phase");
	for (i = 0; i < phases->n; i++) {
		const struct phase_summary *phase = &phases->list[i];
		CLEANUP_FREE char *text = page_escape(phase->name, strlen(phase->name));
		CLEANUP_FREE char *cut = why_cut(p, text, p->width > 60 ? p->width - 46 : 14);
		char share[16];

		snprintf(share, sizeof(share), "%u %%", percent(phase->total, phases->total));
		table_cell(&t, "");
		cell_time(&t, phase->stats.median);
		cell_time(&t, phase->stats.min);
		cell_time(&t, phase->stats.max);
		table_cell(&t, share);
		table_cell(&t, cut);
	}
	fputc('\n', p->out);
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

/* "  12.1 ms   31 %  blocked      runc: write cgroup.procs: …", wrapped under itself. */
static void print_row(const struct page *p, const struct ledger_row *row, size_t runs,
		      uint64_t total)
{
	CLEANUP_FREE char *detail = page_escape(row->detail, strlen(row->detail));
	char number[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *lead = xasprintf("%12s %4u %%  %-12s  ", text_ms(number, row->ns / runs),
					    percent(row->ns, total), path_state_name(row->state));

	prose_print(p->out, p->width, lead, detail);
}

static void print_ledger(const struct page *p, const struct scenario_result *s)
{
	struct ledger ledger = { 0 };
	uint64_t total, shown = 0;
	char number[TEXT_NUMBER_MAX];
	size_t runs, i;

	ledger_of_scenario(s, &ledger, &runs);
	total = ledger_total(&ledger);
	fprintf(p->out, "\n  What %s waited for, mean of %zu run%s\n",
		session_ready_by(p->session) ? "the command" : "the answer", runs,
		runs == 1 ? "" : "s");
	for (i = 0; i < ledger.n && i < HEAVIEST; i++) {
		print_row(p, &ledger.rows[i], runs, total);
		shown += ledger.rows[i].ns;
	}
	if (ledger.n > i)
		fprintf(p->out, "%12s %4u %%  and %zu smaller ones\n",
			text_ms(number, (total - shown) / runs), percent(total - shown, total),
			ledger.n - i);
	free(ledger.rows);
}

/*
 * The run whose path is shown: the median one, unless it was not followed. A difference between
 * runs of the same scenario is possible where a recording is cut off.
 */
static const struct run *shown_run(const struct scenario_result *s)
{
	const struct run *r = scenario_median_run(s);
	size_t i;

	if (r && r->path.n)
		return r;
	for (i = 0; i < s->n_runs; i++)
		if (run_counted(s->runs[i]) && s->runs[i]->path.n)
			return s->runs[i];
	return NULL;
}

static void print_scenario(const struct page *p, const struct scenario_result *s)
{
	struct phase_summaries phases;
	size_t runs = explained_runs(s);
	const struct run *r = shown_run(s);

	phases_typical(s, &phases);
	if (runs && r && phases.n) {
		fputc('\n', p->out);
		print_sentence(p, s);
		print_phases(p, &phases);
		print_ledger(p, s);
		why_print_oncpu(p, s, NULL);
		why_print_disk(p, s);
		why_print_findings(p, s);
		vm_print_run(p, r);
		why_print_path(p, r);
	}
	free(phases.list);
}

void why_print(const struct page *p)
{
	bool headed = false;
	size_t i;

	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];

		if (explained_runs(s) == 0)
			continue;
		if (!headed) {
			fputc('\n', p->out);
			page_heading(p, "Where the time goes");
		}
		headed = true;
		print_scenario(p, s);
	}
}
