// SPDX-License-Identifier: GPL-2.0-only
/*
 * notes.c - what the numbers do not say by themselves: fall-backs, what is not here, what cannot be
 * seen, what failed with the runtime's last words, and how far all this can be trusted.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/adopted.h"
#include "user/report/page.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define LEAD_WIDTH 14
#define LAST_LINES 10      /* of a failed runtime's output */
#define LINE_MAX_BYTES 400 /* of one of them */

static void section(const struct page *p, const char *heading)
{
	if (p->notes) {
		p->notes->heading(p->notes->arg, heading);
		return;
	}
	fputc('\n', p->out);
	page_heading(p, heading);
}

/* "  runc          text that wraps under itself" */
void page_note(const struct page *p, const char *name, const char *text)
{
	int pad = LEAD_WIDTH - (int)text_width(name);
	CLEANUP_FREE char *lead = xasprintf("  %s%*s", name, pad > 2 ? pad : 2, "");

	if (p->notes)
		p->notes->note(p->notes->arg, name, text);
	else
		prose_print(p->out, p->width, lead, text);
}

/* A text that grows. */
struct draft {
	char *text;
	size_t n;
	FILE *out;
};

static void draft_open(struct draft *d)
{
	*d = (struct draft){ 0 };
	d->out = open_memstream(&d->text, &d->n);
	if (!d->out)
		abort(); /* out of memory, as xmalloc() */
}

/* Write it as a note unless it is empty. */
static void draft_note(struct draft *d, const struct page *p, const char *name)
{
	fclose(d->out);
	if (d->n)
		page_note(p, name, d->text);
	free(d->text);
}

static void print_escaped(FILE *out, const char *s)
{
	CLEANUP_FREE char *text = page_escape(s, strlen(s));

	fputs(text, out);
}

static void print_unavailable(const struct page *p, const struct scenario_result *s)
{
	char name[PAGE_NAME_MAX];
	struct draft d;

	draft_open(&d);
	fputs("not here: ", d.out);
	print_escaped(d.out, scenario_reason(s));
	if (*s->advice) {
		fputs("; get it: ", d.out);
		print_escaped(d.out, s->advice);
	}
	draft_note(&d, p, page_name(name, s->name));
}

static void print_moment(FILE *out, const char *separator, enum milestone which)
{
	fprintf(out, "%s%s", separator, milestone_title(which));
}

/* "service exec, listen: inside the guest" — neighbours with the same text are named together. */
static void print_moments(struct draft *d, const char *const text[MILESTONE_COUNT])
{
	int i, last;

	for (i = 0; i < MILESTONE_COUNT; i++) {
		if (!text[i])
			continue;
		fflush(d->out); /* d->n */
		print_moment(d->out, d->n ? "; " : "", (enum milestone)i);
		for (last = i; i + 1 < MILESTONE_COUNT; i++) {
			if (!text[i + 1])
				continue;
			if (strcmp(text[i + 1], text[last]))
				break;
			print_moment(d->out, ", ", (enum milestone)(i + 1));
		}
		fprintf(d->out, ": %s", text[last]);
	}
}

/*
 * What is worth a line: by how little "connected" is late when only the client's own time is known
 * is no such thing, unless the connection was not to the guest.
 */
static const char *note_of(const struct scenario_result *s, const struct milestones *m, int i)
{
	return i == MILESTONE_CONNECTED && !(s->flags & SCENARIO_VM) ? NULL : m->note[i];
}

/*
 * What a row stands in for; what is not seen in its median run, why, and where first accept must
 * lie; what "*" means.
 */
static void print_milestones(const struct page *p, const struct scenario_result *s)
{
	const struct run *r = scenario_median_run(s);
	const struct milestones *m;
	const char *notes[MILESTONE_COUNT];
	char name[PAGE_NAME_MAX], wanted[PAGE_NAME_MAX], from[TEXT_NUMBER_MAX], to[TEXT_NUMBER_MAX];
	struct draft d;
	const enum milestone accept = MILESTONE_FIRST_ACCEPT;
	int i;

	draft_open(&d);
	if (*s->stands_for)
		fprintf(d.out, "%s is not here; %s stands in for it",
			page_name(wanted, s->stands_for), page_name(name, s->name));
	page_row_name(name, p, s);
	if (!r) {
		draft_note(&d, p, name);
		return;
	}
	m = &r->milestones;
	for (i = 0; i < MILESTONE_COUNT; i++)
		notes[i] = note_of(s, m, i);
	print_moments(&d, m->why);
	print_moments(&d, notes);
	if (m->bracketed[accept] && m->to[accept] == m->at[m->end])
		fprintf(d.out, "; first accept was at most %s before the first byte",
			text_ms(from, m->to[accept] - m->from[accept]));
	else if (m->bracketed[accept])
		fprintf(d.out, "; first accept lies between %s and %s",
			text_ms(from, m->from[accept]), text_ms(to, m->to[accept]));
	draft_note(&d, p, name);
}

static bool has_notes(const struct scenario_result *s)
{
	const struct run *r = scenario_median_run(s);
	int i;

	for (i = 0; r && i < MILESTONE_COUNT; i++) {
		if (r->milestones.why[i] || note_of(s, &r->milestones, i))
			return true;
	}
	return *s->stands_for || !strcmp(scenario_status_name(s), "unavailable");
}

static void print_scenario_notes(const struct page *p)
{
	bool headed = false;
	size_t i;

	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];

		if (!has_notes(s))
			continue;
		if (!headed)
			section(p, "Notes");
		headed = true;
		if (!strcmp(scenario_status_name(s), "unavailable"))
			print_unavailable(p, s);
		else
			print_milestones(p, s);
	}
}

/* Where the last lines of a text begin. */
static size_t last_lines(const char *text, size_t n, unsigned int lines)
{
	size_t at = n;

	if (at && text[at - 1] == '\n')
		at--;
	while (at) {
		if (text[at - 1] == '\n' && --lines == 0)
			break;
		at--;
	}
	return at;
}

static size_t bytes_before(const char *s, size_t n, char stop)
{
	const char *at = memchr(s, stop, n);

	return at ? (size_t)(at - s) : n;
}

/* Escaped, but for tabs, which programs indent with; a line that goes on and on is cut. */
static void print_output_line(const struct page *p, const char *line, size_t n)
{
	bool cut = n > LINE_MAX_BYTES;
	struct draft d;

	if (cut)
		n = LINE_MAX_BYTES;
	draft_open(&d);
	while (n) {
		size_t piece = bytes_before(line, n, '\t');
		CLEANUP_FREE char *text = page_escape(line, piece);

		fputs(text, d.out);
		line += piece;
		n -= piece;
		for (; n && *line == '\t'; line++, n--)
			fputs("    ", d.out);
	}
	fputs(cut ? " [...]" : "", d.out);
	fclose(d.out);
	if (p->notes)
		p->notes->output(p->notes->arg, d.text);
	else
		fprintf(p->out, "    | %s\n", d.text);
	free(d.text);
}

static void print_output(const struct page *p, const struct run *r)
{
	size_t at = last_lines(r->output, r->output_len, LAST_LINES);

	while (at < r->output_len) {
		const char *line = r->output + at;
		const char *end = memchr(line, '\n', r->output_len - at);
		size_t n = end ? (size_t)(end - line) : r->output_len - at;

		print_output_line(p, line, n && line[n - 1] == '\r' ? n - 1 : n);
		at += n + 1;
	}
}

static void print_failed_run(const struct page *p, const struct run *r)
{
	char name[PAGE_NAME_MAX];
	struct draft d;

	draft_open(&d);
	fprintf(d.out, "%s %" PRIu64 " %s", r->warmup ? "warm-up" : "run", (uint64_t)r->index + 1,
		run_status_name(r));
	if (*r->reason && r->ended) {
		fputs(": ", d.out);
		print_escaped(d.out, r->reason);
	}
	draft_note(&d, p, page_name(name, r->scenario->name));
	print_output(p, r);
}

static void print_failures(const struct page *p)
{
	bool headed = false;
	size_t i;

	for (i = 0; i < p->session->n_runs; i++) {
		const struct run *r = p->session->runs[i];

		if (r->ended && r->status == RUN_OK)
			continue;
		if (!headed)
			section(p, "Runs that do not count");
		headed = true;
		print_failed_run(p, r);
	}
}

/* "name value" of all scenarios where value() has something, in one note. */
static void print_uncertainty(const struct page *p)
{
	struct draft d;
	const char *separator = "first byte may have come earlier by up to: ";
	size_t i;

	draft_open(&d);
	for (i = 0; i < p->session->n_scenarios; i++) {
		char name[PAGE_NAME_MAX], number[TEXT_NUMBER_MAX];
		struct stats u;

		scenario_stats(p->session->scenarios[i], QUANTITY_UNCERTAINTY, &u);
		if (u.n == 0 || u.max < 1)
			continue;
		fprintf(d.out, "%s%s %s", separator,
			page_row_name(name, p, p->session->scenarios[i]),
			text_ms(number, u.max < 1e18 ? (uint64_t)u.max : UINT64_MAX));
		separator = ", ";
	}
	fflush(d.out);
	if (d.n)
		fputs(" (the client polls there)", d.out);
	else
		fputs("none from polling: the client was told of every listen", d.out);
	draft_note(&d, p, "uncertainty");
}

/*
 * Median of what measuring cost in the counted runs of one scenario, false when nobody says.
 */
static bool cost_of(const struct scenario_result *s, uint64_t *bpf, uint64_t *collector,
		    bool *estimated)
{
	CLEANUP_FREE uint64_t *bpf_ns = xcalloc(s->n_runs + 1, sizeof(*bpf_ns));
	CLEANUP_FREE uint64_t *cpu_ns = xcalloc(s->n_runs + 1, sizeof(*cpu_ns));
	struct stats stats;
	size_t n = 0, n_bpf = 0, i;
	bool estimate;

	*estimated = false;

	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		if (!run_counted(r) || !r->has_cost)
			continue;
		bpf_ns[n_bpf] = cost_of_run(r, &estimate);
		*estimated = *estimated || estimate;
		n_bpf += bpf_ns[n_bpf] > 0;
		cpu_ns[n++] = r->cost.collector_cpu_ns;
	}
	stats_of(bpf_ns, n_bpf, &stats);
	*bpf = stats.median < 1e18 ? (uint64_t)stats.median : UINT64_MAX;
	stats_of(cpu_ns, n, &stats);
	*collector = stats.median < 1e18 ? (uint64_t)stats.median : UINT64_MAX;
	return n > 0;
}

static void print_cost(const struct page *p)
{
	struct draft d;
	const char *separator = "median per run, BPF programs + collector's CPU: ";
	bool estimated = false;
	size_t i;

	draft_open(&d);
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		char name[PAGE_NAME_MAX], number[TEXT_NUMBER_MAX], cpu[TEXT_NUMBER_MAX];
		uint64_t bpf, collector;
		bool guess;

		if (!cost_of(s, &bpf, &collector, &guess))
			continue;
		estimated = estimated || guess;
		text_ms(number, bpf);
		number[strcspn(number, " ")] = '\0'; /* "0.38 + 1.20 ms": one unit is enough */
		fprintf(d.out, "%s%s %s + %s", separator, page_name(name, s->name),
			bpf ? number : "(not measured)", text_ms(cpu, collector));
		separator = ", ";
	}
	if (estimated)
		fputs("; that of BPF programs is an estimate, from what a record cost in the runs in which "
		      "the kernel counted (as a rule the warm-up)", d.out);
	draft_note(&d, p, "own cost");
}

static void add_to(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

static void print_losses(const struct page *p)
{
	uint64_t sent = 0, lost = 0, all;
	size_t runs = 0, i;
	struct draft d;

	for (i = 0; i < p->session->n_runs; i++) {
		const struct run *r = p->session->runs[i];

		add_to(&sent, r->sent);
		add_to(&lost, r->lost);
		runs += r->lost != 0;
	}
	all = sent;
	add_to(&all, lost);
	draft_open(&d);
	if (lost)
		fprintf(d.out, "%" PRIu64 " of %" PRIu64 ", in %zu run%s: what they saw has holes",
			lost, all, runs, runs == 1 ? "" : "s");
	else
		fprintf(d.out, "none of %" PRIu64, sent);
	draft_note(&d, p, "lost events");
	if (p->session->nonsense) {
		draft_open(&d);
		fprintf(d.out, "%" PRIu64 " of %" PRIu64 " records make no sense and were left out",
			p->session->nonsense, p->session->records);
		draft_note(&d, p, "nonsense");
	}
	if (p->options->incomplete) {
		draft_open(&d);
		fputs("not complete: ", d.out);
		print_escaped(d.out, p->options->incomplete);
		draft_note(&d, p, "recording");
	}
}

/* Version of each runtime that was run, each once: rows may share one. */
static void print_runtimes(const struct page *p)
{
	struct draft d;
	const char *separator = "";
	size_t i, before;

	draft_open(&d);
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];

		if (!*s->runtime_version || !s->n_runs)
			continue;
		for (before = 0; before < i; before++) {
			const struct scenario_result *other = p->session->scenarios[before];

			if (other->n_runs && !strcmp(other->runtime_path, s->runtime_path) &&
			    !strcmp(other->runtime_version, s->runtime_version))
				break;
		}
		if (before < i)
			continue;
		fputs(separator, d.out);
		print_escaped(d.out, s->runtime_version);
		if (*s->runtime_path) {
			fputs(" (", d.out);
			print_escaped(d.out, s->runtime_path);
			fputc(')', d.out);
		}
		separator = "; ";
	}
	draft_note(&d, p, "runtimes");
}

/* Figures have their unit in the key, and JSON has them as they are; here it comes to the number. */
static void print_figure(FILE *out, const struct env_entry *e, char key[PAGE_NAME_MAX])
{
	char *unit = strrchr(page_name(key, e->key), '_');
	bool bytes = unit && !strcmp(unit, "_bytes"), ns = unit && !strcmp(unit, "_ns");
	char text[TEXT_NUMBER_MAX];
	uint64_t v;

	if (!text_parse_u64(e->value, 0, UINT64_MAX, &v) ||
	    (!bytes && !ns && strcmp(e->key, "own_peak_rss"))) {
		print_escaped(out, e->value);
		return;
	}
	if (bytes || ns)
		*unit = '\0';
	fputs(ns ? text_ms(text, v) : text_bytes(text, v), out);
}

static void print_environment(const struct page *p)
{
	static const char *const elsewhere[] = { "coldprof", "started" }; /* in the title */
	size_t i, k;

	for (i = 0; i < p->session->n_env; i++) {
		const struct env_entry *e = &p->session->env[i];
		char key[PAGE_NAME_MAX];
		struct draft d;

		for (k = 0; k < ARRAY_SIZE(elsewhere) && strcmp(e->key, elsewhere[k]); k++)
			;
		if (k < ARRAY_SIZE(elsewhere))
			continue;
		draft_open(&d);
		print_figure(d.out, e, key);
		draft_note(&d, p, key);
	}
}

/* The words of the table, so that a line of it can be quoted and understood. */
static void print_words(const struct page *p)
{
	bool starred = false;
	char words[512];
	size_t i;

	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct run *r = scenario_median_run(p->session->scenarios[i]);

		starred = starred || (r && r->milestones.note[MILESTONE_FIRST_ACCEPT]);
	}
	if (!p->notes)
		fputc('\n', p->out);
	snprintf(words, sizeof(words),
		 "Cold start and first accept are medians of the n runs that count, the range is "
		 "of their cold starts. PSS and RSS are of all processes of the run, shared memory "
		 "in PSS counted once; settled is %g s later. Latency is of one request on a fresh "
		 "connection, after that.",
		 p->session->head.settle_ms / 1000.0);
	if (p->notes) {
		p->notes->note(p->notes->arg, "", words);
		return;
	}
	prose_print(p->out, p->width, "", words);
	if (starred)
		prose_print(p->out, p->width, "* ",
			    "not exactly what the column says: see the notes");
}

void notes_print(const struct page *p)
{
	bool watch = adopted_is_watch(p->session); /* nobody asked, and nothing of the table is shown */

	if (p->session->n_runs && !watch)
		print_words(p);
	print_scenario_notes(p);
	print_failures(p);
	section(p, "How far to trust this");
	if (p->session->n_runs && !watch) {
		print_uncertainty(p);
		print_cost(p);
		why_print_programs(p);
	}
	print_losses(p);
	print_runtimes(p);
	print_environment(p);
}

void words_notes(const struct session *session, const struct report_options *o,
		 const struct words_notes *to)
{
	struct page p = { .session = session, .options = o, .width = 80, .notes = to };

	notes_print(&p);
}
