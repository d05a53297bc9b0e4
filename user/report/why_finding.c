// SPDX-License-Identifier: GPL-2.0-only
/* why_finding.c - what is known of such starts: each finding with its length, mend and price. */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/typical.h"
#include "user/report/table.h"
#include "user/report/why.h"

char *words_evidence(const struct finding_summary *f, size_t of_runs)
{
	CLEANUP_FREE char *evidence = page_escape(f->heaviest.evidence,
						  strlen(f->heaviest.evidence));
	CLEANUP_FREE char *count = NULL, *bytes = NULL;
	char number[TEXT_NUMBER_MAX];

	if (f->heaviest.count && f->rule->counts)
		count = xasprintf("; %llu %s", (unsigned long long)f->heaviest.count,
				  f->rule->counts);
	if (f->heaviest.bytes)
		bytes = xasprintf("; %s", text_bytes(number, f->heaviest.bytes));
	return xasprintf("in %zu of %zu run%s%s%s%s%s", f->runs, of_runs, of_runs == 1 ? "" : "s",
			 count ? count : "", bytes ? bytes : "", *evidence ? "; " : "", evidence);
}

/* "sleep (1), re-exec (2)": those that are not the rule, each with its runs. NULL: none. */
char *words_few(const struct finding_summaries *found)
{
	CLEANUP_FREE char *few = NULL;
	char *rest;
	size_t i;

	for (i = 0; i < found->n; i++) {
		const struct finding_summary *f = &found->list[i];

		if (finding_is_rule(f, found))
			continue;
		rest = xasprintf("%s%s%s (%zu)", few ? few : "", few ? ", " : "", f->rule->name,
				 f->runs);
		free(few);
		few = rest;
	}
	return few ? xasprintf("in less than half of the runs: %s", few) : NULL;
}

static void print_finding(const struct page *p, const struct finding_summary *f, size_t of_runs,
			  uint64_t cold)
{
	CLEANUP_FREE char *evidence = words_evidence(f, of_runs);
	CLEANUP_FREE char *text = xasprintf("%s: %s (%s)", f->rule->name, f->rule->title, evidence);
	CLEANUP_FREE char *lead = NULL;
	char number[TEXT_NUMBER_MAX];

	if (f->typical)
		lead = xasprintf("%12s %4u %%  ", text_ms(number, f->typical),
				 cold ? (unsigned int)((double)f->typical * 100 / (double)cold + 0.5) : 0);
	else
		lead = xasprintf("%21s", "");
	prose_print(p->out, p->width, lead, text);
	prose_print(p->out, p->width, "                       do: ", f->rule->mend);
	prose_print(p->out, p->width, "                     cost: ", f->rule->trade_off);
}

void why_print_findings(const struct page *p, const struct scenario_result *s)
{
	struct finding_summaries found;
	CLEANUP_FREE char *few = NULL;
	size_t i;

	findings_of_scenario(s, &found);
	if (found.n)
		fprintf(p->out, "\n  Findings, median of %zu run%s; they may overlap\n",
			found.of_runs, found.of_runs == 1 ? "" : "s");
	for (i = 0; i < found.n; i++)
		if (finding_is_rule(&found.list[i], &found))
			print_finding(p, &found.list[i], found.of_runs, cold_typical(s));
	few = words_few(&found);
	if (few)
		prose_print(p->out, p->width, "                     ", few);
	free(found.list);
}

void why_json_findings(struct json *j, const struct run *r)
{
	size_t i;

	json_array(j, "findings");
	for (i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.list[i];

		json_object(j, NULL);
		json_string(j, "name", f->rule->name);
		json_u64(j, "ns", f->ns);
		if (f->bytes)
			json_u64(j, "bytes", f->bytes);
		if (f->count)
			json_u64(j, "count", f->count);
		if (*f->evidence)
			json_string(j, "evidence", f->evidence);
		json_end(j);
	}
	json_end(j);
}

void why_json_found(struct json *j, const struct scenario_result *s)
{
	struct finding_summaries found;
	size_t i;

	findings_of_scenario(s, &found);
	if (found.of_runs)
		json_array(j, "findings");
	for (i = 0; i < found.n; i++) {
		const struct finding_summary *f = &found.list[i];

		json_object(j, NULL);
		json_string(j, "name", f->rule->name);
		json_string(j, "title", f->rule->title);
		json_u64(j, "runs", f->runs);
		json_u64(j, "of_runs", found.of_runs);
		why_json_stats(j, "ns", &f->ns);
		why_json_stats(j, "ns_of_all_runs", &f->all_ns);
		if (*f->heaviest.evidence)
			json_string(j, "evidence", f->heaviest.evidence);
		json_string(j, "mend", f->rule->mend);
		json_string(j, "trade_off", f->rule->trade_off);
		json_end(j);
	}
	if (found.of_runs)
		json_end(j);
	free(found.list);
}
