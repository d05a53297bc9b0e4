// SPDX-License-Identifier: GPL-2.0-only
/*
 * markdown.c - the summary as a table for a ticket (GitHub's and GitLab's Markdown). Names of the
 * recording stand in code spans, where nothing of them is markup, a link or a mention.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/labels.h"
#include "user/report/page.h"

/* A code span that holds any text: '`' would end it, '|' the cell. */
static void put_code(FILE *out, const char *text)
{
	size_t size = 12 * strlen(text) + 1; /* no byte becomes longer than \u{10ffff} */
	CLEANUP_FREE char *shown = text_escape(xmalloc(size), size, text, strlen(text));
	const char *at;

	if (!*shown)
		return;
	fputc('`', out);
	for (at = shown; *at; at++) {
		if (*at == '`' || *at == '|')
			fprintf(out, "\\x%02x", (unsigned char)*at);
		else
			fputc(*at, out);
	}
	fputc('`', out);
}

static uint64_t whole(double v)
{
	return v <= 0 ? 0 : v >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(v + 0.5);
}

static void put_ms(FILE *out, double ns)
{
	char text[TEXT_NUMBER_MAX];

	fputs(text_ms(text, whole(ns)), out);
}

static void put_median(FILE *out, const struct scenario_result *s, enum quantity q)
{
	char text[TEXT_NUMBER_MAX];
	struct stats stats;

	scenario_stats(s, q, &stats);
	fputs(" | ", out);
	if (!stats.n)
		fputs("–", out);
	else if (q == QUANTITY_PSS_FIRST_BYTE || q == QUANTITY_PSS_SETTLED)
		fputs(text_bytes(text, whole(stats.median)), out);
	else
		put_ms(out, stats.median);
}

static void put_row(FILE *out, const struct page *p, const struct scenario_result *s)
{
	const char *emulation = page_emulation(p, s);
	struct stats cold;

	scenario_stats(s, QUANTITY_COLD_START, &cold);
	if (!cold.n)
		return;
	fputs("| ", out);
	put_code(out, s->name);
	if (emulation)
		fprintf(out, " (%s)", emulation);
	fputs(" | ", out);
	put_code(out, s->boundary);
	fputs(" | ", out);
	put_ms(out, cold.median);
	fputs(" | ", out);
	put_ms(out, cold.min);
	fputs(" to ", out);
	put_ms(out, cold.max);
	fprintf(out, " | %zu", cold.n);
	put_median(out, s, QUANTITY_FIRST_ACCEPT);
	put_median(out, s, QUANTITY_PSS_FIRST_BYTE);
	put_median(out, s, QUANTITY_PSS_SETTLED);
	put_median(out, s, QUANTITY_LATENCY);
	fputs(" |\n", out);
}

/* "- `kata-fc`: not here: `no firecracker in $PATH`", and what failed. */
static void put_problem(FILE *out, const struct scenario_result *s, bool *any)
{
	const char *status = scenario_status_name(s);

	if (!strcmp(status, "ok"))
		return;
	fputs(*any ? "- " : "\n- ", out);
	*any = true;
	put_code(out, s->name);
	fputs(!strcmp(status, "failed") ? ": failed: " : ": not here: ", out);
	put_code(out, scenario_reason(s));
	fputc('\n', out);
}

/* "- `runc`: 3 events lost: there are holes". */
static void put_losses(FILE *out, const struct export_pick *pick, bool *any)
{
	uint64_t lost = 0;
	size_t i;

	for (i = 0; i < pick->scenario->n_runs; i++)
		lost += pick->scenario->runs[i]->warmup ? 0 : pick->scenario->runs[i]->lost;
	if (!lost)
		return;
	fputs(*any ? "- " : "\n- ", out);
	*any = true;
	put_code(out, pick->scenario->name);
	fprintf(out, ": %" PRIu64 " event%s lost: there are holes\n", lost, lost == 1 ? "" : "s");
}

static void put_fact(FILE *out, const struct session *s, const char *key, const char *before)
{
	const char *value = session_env(s, key);

	if (!value || !*value)
		return;
	fputs(before, out);
	put_code(out, value);
}

static void put_environment(FILE *out, const struct session *s)
{
	time_t seconds = (time_t)(s->head.realtime / 1000000000u);
	bool cold = s->n_runs && s->runs[0]->cold;
	char date[48];
	struct tm tm;

	fprintf(out, "\n%s", cold ? "Page cache dropped before each run." : "Page cache as it was.");
	put_fact(out, s, "kernel", " Kernel ");
	put_fact(out, s, "cpu", ", CPU ");
	put_fact(out, s, "kvm", ", KVM ");
	fputs(". coldprof ", out);
	put_code(out, s->version);
	if (s->head.realtime && gmtime_r(&seconds, &tm) &&
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm))
		fprintf(out, ", %s", date);
	fputs(".\n", out);
}

/* What is measured. */
static void put_what(FILE *out, const struct session *s)
{
	const char *by = session_ready_by(s);

	if (!by) {
		fputs("Cold start: from the runtime's execve to the first byte of the answer", out);
		return;
	}
	fputs("Cold start: from the command's execve until it is ready (", out);
	put_code(out, by);
	fputc(')', out);
}

static int write_markdown(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct page page = { .out = out, .session = source->session };
	bool any = false;
	size_t i;

	(void)err;
	put_what(out, source->session);
	fputs("; medians.\n\n"
	      "| scenario | isolation | cold start | min to max | n | first accept "
	      "| PSS ", out);
	fputs(session_ready_by(source->session) ? "when ready" : "at 1st byte", out);
	fputs(" | PSS settled | latency p50 |\n"
	      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n", out);
	for (i = 0; i < source->n_picks; i++)
		put_row(out, &page, source->picks[i].scenario);
	for (i = 0; i < source->n_picks; i++)
		put_problem(out, source->picks[i].scenario, &any);
	for (i = 0; i < source->n_picks; i++)
		put_losses(out, &source->picks[i], &any);
	put_environment(out, source->session);
	if (source->incomplete) {
		fputs("\nThe recording is not whole: ", out);
		put_code(out, source->incomplete);
		fputs(".\n", out);
	}
	return 0;
}

const struct export_ops export_markdown = {
	.name = "markdown",
	.title = "the summary as a table for a ticket",
	.suffix = ".md",
	.runs = EXPORT_SUMMARY,
	.write = write_markdown,
};
