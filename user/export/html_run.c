// SPDX-License-Identifier: GPL-2.0-only
/* html_run.c - the tables of a run: ledger, critical path, processes, memory. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "user/base/mem.h"
#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/model/lane.h"
#include "user/model/stretch.h"

#define LEDGER_MAX 150 /* rows; the rest is told as one */
#define LEDGER_SHOWN 10 /* before somebody asks for the others */
#define STEPS 120      /* of a path: a slice of this part of it has a line of its own */
#define TREE_MAX 200
#define ARGV_SHOWN 400
#define DEPTH_SHOWN 8

/* ---- ledger ---------------------------------------------------------------------------------- */

static void write_ledger_row(FILE *out, const struct ledger_row *row, size_t runs, uint64_t total,
			     bool more)
{
	fprintf(out, "<tr%s>", more ? " class=\"more\"" : "");
	html_cell_ms(out, (double)row->ns / (double)runs);
	html_cell_percent(out, (double)row->ns, (double)total);
	html_cell_state(out, row->state);
	html_cell_text(out, row->detail);
	fputs("</tr>\n", out);
}

void html_ledger(FILE *out, const struct scenario_result *s)
{
	struct ledger ledger = { 0 };
	uint64_t total, rest = 0;
	size_t runs, i;

	ledger_of_scenario(s, &ledger, &runs);
	total = ledger_total(&ledger);
	if (!ledger.n || !runs) {
		free(ledger.rows);
		return;
	}
	fprintf(out, "<div class=\"half\"><table class=\"ledger sortable\"><caption>What the answer "
		"waited for, mean of %zu run%s</caption>\n<thead><tr>", runs, runs == 1 ? "" : "s");
	html_column(out, "time", HTML_RIGHT);
	html_column(out, "share", HTML_RIGHT);
	html_column(out, "state", HTML_LEFT);
	html_column(out, "who: what", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < ledger.n && i < LEDGER_MAX; i++)
		write_ledger_row(out, &ledger.rows[i], runs, total, i >= LEDGER_SHOWN);
	for (; i < ledger.n; i++)
		rest += ledger.rows[i].ns;
	if (rest) {
		fputs("<tr class=\"more\">", out);
		html_cell_ms(out, (double)rest / (double)runs);
		html_cell_percent(out, (double)rest, (double)total);
		fprintf(out, "<td></td><td>%zu smaller ones</td></tr>\n", ledger.n - LEDGER_MAX);
	}
	fputs("</tbody></table></div>\n", out);
	free(ledger.rows);
}

/* ---- critical path --------------------------------------------------------------------------- */

/* A stretch in one line: who has most of it, what its longest slice is, its time by state. */
static void write_step(FILE *out, const struct run *r, const struct stretch *stretch)
{
	const struct path_slice *longest = &r->path.slices[stretch->from];
	uint64_t ns[PATH_STATE_COUNT] = { 0 }, most = 0;
	const char *separator = "";
	size_t i;
	int k;

	for (i = stretch->from; i < stretch->to; i++) {
		const struct path_slice *slice = &r->path.slices[i];
		uint64_t start = slice->start > stretch->start ? slice->start : stretch->start;
		uint64_t end = slice->end < stretch->end ? slice->end : stretch->end;

		ns[slice->state] += end - start;
		if (slice->tid == stretch->tid && end - start > most) {
			most = end - start;
			longest = slice;
		}
	}
	fputs("<tr>", out);
	html_cell_ms(out, (double)(stretch->start - r->milestones.launch));
	html_cell_ms(out, (double)(stretch->end - stretch->start));
	fputs("<td>", out);
	if (longest->state == PATH_CLIENT)
		fputs("the client", out);
	else
		markup_text(out, stretch->comm);
	if (stretch->tid)
		fprintf(out, " <small>%" PRIu32 "</small>", stretch->tid);
	fputs("</td>", out);
	html_cell_state(out, longest->state);
	fputs("<td>", out);
	markup_text(out, longest->detail);
	if (stretch->to - stretch->from > 1) {
		fprintf(out, "%s<small>%zu steps: ", *longest->detail ? "; " : "",
			stretch->to - stretch->from);
		for (k = 0; k < PATH_STATE_COUNT; k++) {
			if (!ns[k])
				continue;
			fprintf(out, "%s%s ", separator, path_state_name((enum path_state)k));
			markup_ms(out, ns[k]);
			separator = ", ";
		}
		fputs("</small>", out);
	}
	fputs("</td></tr>\n", out);
}

static void write_phase(FILE *out, const struct phase *phase)
{
	fputs("<tr class=\"phase\">", out);
	html_cell_ms(out, (double)phase->start);
	html_cell_ms(out, (double)(phase->end - phase->start));
	fputs("<th colspan=\"3\">", out);
	markup_text(out, phase->name);
	fputs("</th></tr>\n", out);
}

/* The timeline of the text report, finer: cut where that one is cut, and oftener. */
void html_path(FILE *out, const struct run *r)
{
	const struct stretch_rules rules = { .who_part = 4 * STEPS, .slice_part = STEPS,
					     .most = 2 * STEPS };
	struct stretches all;
	size_t i;

	stretches_of_run(r, &rules, &all);
	fputs("<div class=\"wide\"><table class=\"path\"><thead><tr>", out);
	html_column(out, "at", HTML_RIGHT);
	html_column(out, "for", HTML_RIGHT);
	html_column(out, "who", HTML_LEFT);
	html_column(out, "state", HTML_LEFT);
	html_column(out, "what", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < all.n; i++) {
		if (r->phases.n && (!i || all.list[i].phase != all.list[i - 1].phase))
			write_phase(out, &r->phases.list[all.list[i].phase]);
		write_step(out, r, &all.list[i]);
	}
	fputs("</tbody></table></div>\n", out);
	free(all.list);
}

/* ---- processes ------------------------------------------------------------------------------- */

static void write_argv(FILE *out, const struct process *p)
{
	const struct exec *last = p->n_execs ? &p->execs[p->n_execs - 1] : NULL;
	size_t at, n = last && last->argv_len < ARGV_SHOWN ? last->argv_len : ARGV_SHOWN;

	for (at = 0; last && at < n; at += strnlen(last->argv + at, n - at) + 1) {
		if (at)
			fputc(' ', out);
		markup_text_n(out, last->argv + at, strnlen(last->argv + at, n - at));
	}
	if (last && n < last->argv_len)
		fputs(" …", out);
}

static void write_end(FILE *out, const struct process *p)
{
	int status = (int)p->exit_code;

	if (!p->end)
		fputs("<td>still there</td>", out);
	else if (WIFSIGNALED(status))
		fprintf(out, "<td>signal %d</td>", WTERMSIG(status));
	else
		fprintf(out, "<td>exit %d</td>", WEXITSTATUS(status));
}

static void write_process(FILE *out, const struct run *r, const struct process *p, uint64_t span)
{
	uint64_t launch = r->milestones.launch;
	double start = p->start > launch ? (double)(p->start - launch) : 0;
	double end = p->end > launch ? (double)(p->end - launch) : (double)span;

	if (end > (double)span)
		end = (double)span;
	if (start > end)
		start = end;
	fprintf(out, "<tr><td class=\"n\">%" PRIu32 "</td><th scope=\"row\" style=\"padding-left:%u"
		"em\">", p->pid, p->depth < DEPTH_SHOWN ? p->depth : DEPTH_SHOWN);
	markup_text(out, p->comm);
	fputs("</th>", out);
	html_cell_ms(out, start);
	write_end(out, p);
	fprintf(out, "<td class=\"n\">%" PRIu32 "</td><td class=\"chart life\"><i style=\"left:%.2f%%;"
		"width:%.2f%%\"></i></td><td class=\"argv\">", p->threads,
		start * 100 / (double)span, (end - start) * 100 / (double)span);
	write_argv(out, p);
	fputs("</td></tr>\n", out);
}

void html_tree(FILE *out, const struct run *r)
{
	CLEANUP_FREE const struct process **order = NULL;
	size_t n, i;

	order = tree_order(&r->tree, &n);
	fputs("<div class=\"wide\"><table class=\"tree\"><thead><tr>", out);
	html_column(out, "pid", HTML_RIGHT);
	html_column(out, "name", HTML_LEFT);
	html_column(out, "born", HTML_RIGHT);
	html_column(out, "end", HTML_LEFT);
	html_column(out, "threads", HTML_RIGHT);
	html_column(out, "lifetime", HTML_LEFT);
	html_column(out, "arguments", HTML_LEFT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < n && i < TREE_MAX; i++)
		write_process(out, r, order[i], run_span(r));
	if (i < n)
		fprintf(out, "<tr><td></td><td colspan=\"6\">and %zu more</td></tr>\n", n - i);
	fputs("</tbody></table></div>\n", out);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void write_memory_row(FILE *out, const struct memory_process *p, const char *what)
{
	fprintf(out, "<tr%s><td class=\"n\">%" PRIu32 "</td><th scope=\"row\">",
		p->counted ? "" : " class=\"none\"", p->pid);
	markup_text(out, *p->role ? p->role : p->comm);
	fprintf(out, "</th><td>%s%s</td>", what, p->counted ? "" : ", shares memory, not added");
	html_cell_bytes(out, (double)p->pss);
	html_cell_bytes(out, (double)p->rss);
	html_cell_bytes(out, (double)p->uss);
	html_cell_bytes(out, (double)p->anon);
	html_cell_bytes(out, (double)p->file);
	html_cell_bytes(out, (double)p->shmem);
	html_cell_bytes(out, (double)p->guest);
	html_cell_bytes(out, (double)p->page_tables);
	fputs("</tr>\n", out);
}

static void write_snapshot(FILE *out, const struct memory_snapshot *m, const char *what)
{
	const struct memory_process all = { .comm = "", .counted = true, .rss = m->rss,
					    .pss = m->pss, .uss = m->uss, .anon = m->anon,
					    .file = m->file, .shmem = m->shmem, .guest = m->guest,
					    .page_tables = m->page_tables };
	size_t i;

	if (!m->taken)
		return;
	fprintf(out, "<tr class=\"sum\"><td></td><th scope=\"row\">all</th><td>%s</td>", what);
	html_cell_bytes(out, (double)all.pss);
	html_cell_bytes(out, (double)all.rss);
	html_cell_bytes(out, (double)all.uss);
	html_cell_bytes(out, (double)all.anon);
	html_cell_bytes(out, (double)all.file);
	html_cell_bytes(out, (double)all.shmem);
	html_cell_bytes(out, (double)all.guest);
	html_cell_bytes(out, (double)all.page_tables);
	fputs("</tr>\n", out);
	for (i = 0; i < m->n && i < TREE_MAX; i++)
		write_memory_row(out, &m->processes[i], what);
}

void html_memory(FILE *out, const struct run *r)
{
	static const char *const columns[] = { "PSS", "RSS", "USS", "anon", "file", "shmem",
					       "guest RAM", "page tables" };
	size_t i;

	if (!r->memory[MEMORY_FIRST_BYTE].taken && !r->memory[MEMORY_SETTLED].taken)
		return;
	fputs("<details><summary>Memory by process and class</summary>\n<div class=\"wide\">"
	      "<table class=\"memory sortable\"><thead><tr>", out);
	html_column(out, "pid", HTML_RIGHT);
	html_column(out, "name", HTML_LEFT);
	html_column(out, "when", HTML_LEFT);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		html_column(out, columns[i], HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	write_snapshot(out, &r->memory[MEMORY_FIRST_BYTE], milestone_title(r->milestones.end));
	write_snapshot(out, &r->memory[MEMORY_SETTLED], "settled");
	fputs("</tbody></table></div></details>\n", out);
}
