// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_time_text.c - how the memory of one run came to be: its peak, its page faults by process,
 * phase and kind, its growth by phase.
 */
#include "user/report/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/role.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define CELLS_SHOWN 6
#define CELL_SHARE 33 /* of all faults one 33th (3 %) at least */

/* "+ 3.1 MiB", "- 12 KiB" */
static char *growth_text(const struct memory_growth *g)
{
	char bytes[TEXT_NUMBER_MAX];

	return xasprintf("%s%s", g->to < g->from ? "-" : "+",
			 text_bytes(bytes, g->to < g->from ? g->from - g->to : g->to - g->from));
}

/* "; they took 7.6 ms of the critical path (by samples): 4.1 ms anon, 3.5 ms file" */
static void print_cost(FILE *out, const struct run *r)
{
	static const char *const kinds[FAULT_COST_KINDS] = { "anon", "file", "shmem",
							     "copy on write", "not told" };
	const struct memory_timeline *t = &r->timeline;
	char ms[TEXT_NUMBER_MAX];
	const char *before = ": ";
	size_t i;

	if (!t->cost_ns) {
		fputs(r->sched.n_samples ? "; too few samples to say how long they took" :
					   "; how long they took is not known: no samples", out);
		return;
	}
	fprintf(out, "; they took %s of the critical path (by samples)", text_ms(ms, t->cost_ns));
	for (i = 0; i < FAULT_COST_KINDS; i++) {
		if (!t->cost_of[i])
			continue;
		fprintf(out, "%s%s %s", before, text_ms(ms, t->cost_of[i]), kinds[i]);
		before = ", ";
	}
}

static void print_faults(const struct page *p, const struct run *r)
{
	const struct memory_faults *f = &r->timeline.faults;
	const struct {
		uint64_t n;
		const char *what;
	} kinds[] = {
		{ f->anon, "anon" }, { f->file, "file" }, { f->read, "file, read from disk" },
		{ f->shmem, "shmem" }, { f->cow, "copy on write" }, { f->guest, "guest RAM" },
		{ f->other, "other" },
	};
	char *text = NULL;
	const char *before = ": ";
	size_t i, n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	fprintf(out, "page faults: %" PRIu64, f->minor + f->major);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].n)
			continue;
		fprintf(out, "%s%" PRIu64 " %s", before, kinds[i].n, kinds[i].what);
		before = ", ";
	}
	if (f->major)
		fprintf(out, "; %" PRIu64 " waited for a disk", f->major);
	if (memory_faults_count(f))
		print_cost(out, r);
	fclose(out);
	prose_print(p->out, p->width, "  ", text);
	free(text);
}

static void print_growth(const struct page *p, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	struct table table = { 0 };
	size_t i;

	if (!t->n_phases)
		return;
	table_column(&table, TABLE_LEFT, "");
	table_column(&table, TABLE_RIGHT, "RSS grew");
	table_column(&table, TABLE_RIGHT, "faults");
	table_column(&table, TABLE_LEFT, "in the phase");
	for (i = 0; i < t->n_phases; i++) {
		CLEANUP_FREE char *growth = growth_text(&t->phases[i]), *cut = NULL;
		const char *name = r->phases.list[i].name;
		CLEANUP_FREE char *escaped = page_escape(name, strlen(name));
		char faults[TEXT_NUMBER_MAX];

		if (t->phases[i].from == t->phases[i].to)
			continue;
		snprintf(faults, sizeof(faults), "%" PRIu64,
			 t->phases[i].faults.minor + t->phases[i].faults.major);
		cut = why_cut(p, escaped, p->width > 60 ? p->width - 30 : 30);
		table_cell(&table, "");
		table_cell(&table, growth);
		table_cell(&table, faults);
		table_cell(&table, cut);
	}
	if (table.n_cells)
		table_print(&table, p->out, p->options->colour);
	table_release(&table);
}

/* Beside the peak's RSS: what PSS was then, as far as that can be told. */
static char *peak_pss_text(const struct run *r)
{
	char least[TEXT_NUMBER_MAX], estimate[TEXT_NUMBER_MAX];
	struct memory_peak_pss pss;

	if (!memory_peak_pss(r, &pss))
		return xstrdup("");
	if (pss.exact)
		return xstrdup(" (PSS: the same, nothing of it was shared)");
	if (!pss.has_estimate)
		return xasprintf(" (PSS: %s at the least)", text_bytes(least, pss.at_least));
	return xasprintf(" (PSS: about %s, %s at the least)", text_bytes(estimate, pss.estimate),
			 text_bytes(least, pss.at_least));
}

/* What coldprof's own requests added, after that. */
static char *load_text(const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	struct memory_amount before = memory_at(t->points, t->n, t->end);
	char bytes[TEXT_NUMBER_MAX];

	if (!t->load.time)
		return xstrdup("");
	return xasprintf("; later, under coldprof's own requests, it grew by %s",
			 text_bytes(bytes, memory_amount_rss(&t->load.amount) -
					   memory_amount_rss(&before)));
}

/* ---- page faults by process, phase and kind -------------------------------------------------------- */

static int more_faults(const void *a, const void *b)
{
	const struct memory_fault_cell *x = *(const struct memory_fault_cell *const *)a;
	const struct memory_fault_cell *y = *(const struct memory_fault_cell *const *)b;
	uint64_t n = memory_faults_count(&x->faults), m = memory_faults_count(&y->faults);

	if (n != m)
		return n < m ? 1 : -1;
	return (x > y) - (x < y);
}

/* Columns of kinds: those that the run had. */
#define KINDS 6
static const char *const kind_heads[KINDS] = { "anon", "file", "shmem", "CoW", "guest", "other" };

static void kinds_of(const struct memory_faults *f, uint64_t out[KINDS])
{
	const uint64_t kinds[KINDS] = { f->anon, f->file + f->read, f->shmem, f->cow, f->guest,
					f->other };

	memcpy(out, kinds, sizeof(kinds));
}

static void cell_count(struct table *t, uint64_t n)
{
	char text[TEXT_NUMBER_MAX];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	table_cell(t, n ? text : "");
}

static void print_cell(const struct page *p, struct table *t, const struct run *r,
		       const struct memory_fault_cell *c)
{
	uint64_t all[KINDS], mine[KINDS];
	char role[ROLE_NAME_MAX];
	const char *comm = role_of_process(role, r, r->timeline.lives[c->life].pid);
	const char *phase = c->phase < r->phases.n ? r->phases.list[c->phase].name :
			    c->phase == r->phases.n ? "after the first byte" : "under load";
	CLEANUP_FREE char *who = page_escape(comm, strlen(comm));
	CLEANUP_FREE char *where = page_escape(phase, strlen(phase));
	CLEANUP_FREE char *text = xasprintf("%s: %s", who, where), *cut = NULL;
	uint64_t ns = memory_cost_at(&r->timeline, r->timeline.lives[c->life].pid, c->phase);
	char ms[TEXT_NUMBER_MAX];
	size_t i;

	kinds_of(&r->timeline.faults, all);
	kinds_of(&c->faults, mine);
	cut = why_cut(p, text, p->width > 80 ? p->width - 50 : 30);
	table_cell(t, "");
	cell_count(t, memory_faults_count(&c->faults));
	for (i = 0; i < KINDS; i++)
		if (all[i])
			cell_count(t, mine[i]);
	if (r->timeline.cost_ns)
		table_cell(t, ns ? text_ms(ms, ns) : "");
	table_cell(t, cut);
}

static void print_cells(const struct page *p, const struct run *r)
{
	const struct memory_timeline *m = &r->timeline;
	CLEANUP_FREE const struct memory_fault_cell **sorted = NULL;
	struct table t = { 0 };
	uint64_t all[KINDS];
	size_t i, n = 0;

	if (!m->n_phases || !m->n_cells)
		return;
	sorted = xcalloc(m->n_cells, sizeof(*sorted));
	for (i = 0; i < m->n_cells; i++)
		if (m->cells[i].phase <= m->n_phases)
			sorted[n++] = &m->cells[i];
	if (n)
		qsort(sorted, n, sizeof(*sorted), more_faults);
	table_column(&t, TABLE_LEFT, "");
	table_column(&t, TABLE_RIGHT, "faults");
	kinds_of(&m->faults, all);
	for (i = 0; i < KINDS; i++)
		if (all[i])
			table_column(&t, TABLE_RIGHT, kind_heads[i]);
	if (m->cost_ns)
		table_column(&t, TABLE_RIGHT, "on path");
	table_column(&t, TABLE_LEFT, "most, by process and phase");
	for (i = 0; i < n && i < CELLS_SHOWN; i++)
		if (memory_faults_count(&sorted[i]->faults) * CELL_SHARE >=
		    memory_faults_count(&m->faults))
			print_cell(p, &t, r, sorted[i]);
	if (t.n_cells)
		table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

void memory_print_time(const struct page *p, const struct run *r)
{
	const struct memory_point *peak = &r->timeline.peak;
	uint64_t launch = r->milestones.launch;
	char rss[TEXT_NUMBER_MAX], at[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *text = NULL, *pss = NULL, *load = NULL;

	if (!r->timeline.n)
		return;
	pss = peak_pss_text(r);
	load = load_text(r);
	text = xasprintf("peak: %s RSS%s, %s after launch%s",
			 text_bytes(rss, memory_amount_rss(&peak->amount)), pss,
			 text_ms(at, peak->time > launch ? peak->time - launch : 0), load);
	prose_print(p->out, p->width, "  ", text);
	if (r->timeline.dropped)
		fprintf(p->out, "  %" PRIu64 " records of memory after the first byte were left out\n",
			r->timeline.dropped);
	print_faults(p, r);
	print_cells(p, r);
	print_growth(p, r);
}
