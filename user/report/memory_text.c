// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_text.c - where every MiB is: by class, by process and its heaviest mappings, and as others
 * count. Of the median run of each scenario, settled.
 */
#include "user/report/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define PROCESSES_SHOWN 12
#define MAPPINGS_SHOWN 10
#define HEAVIEST_NAMED 3
#define SHARE_SHOWN 100 /* a mapping has a line from one 100th of the tree's PSS on … */
#define SHARE_NAMED 33  /* … and a word in the first line from one 33th (3 %) on */

static const struct memory_snapshot *settled(const struct scenario_result *s, const struct run **run)
{
	const struct run *r = scenario_median_run(s);

	*run = r;
	if (!r || !r->memory[MEMORY_SETTLED].taken || !r->memory[MEMORY_SETTLED].detailed)
		return NULL;
	return &r->memory[MEMORY_SETTLED];
}

static void cell_bytes(struct table *t, bool there, uint64_t bytes)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, there && bytes != MEMORY_UNKNOWN ? text_bytes(number, bytes) : "-");
}

/* ---- by class ----------------------------------------------------------------------------------- */

static bool any_guest(const struct session *s)
{
	const struct memory_snapshot *m;
	const struct run *r;
	size_t i;

	for (i = 0; i < s->n_scenarios; i++) {
		m = settled(s->scenarios[i], &r);
		if (m && m->guest_how != GUEST_NONE)
			return true;
	}
	return false;
}

static void print_classes(const struct page *p, bool guests)
{
	struct table t = { 0 };
	char name[PAGE_NAME_MAX];
	size_t i;

	table_column(&t, TABLE_LEFT, "scenario");
	table_column(&t, TABLE_RIGHT, "PSS");
	table_column(&t, TABLE_RIGHT, "= anon");
	table_column(&t, TABLE_RIGHT, "+ file");
	table_column(&t, TABLE_RIGHT, "+ shmem");
	if (guests)
		table_column(&t, TABLE_RIGHT, "+ guest RAM");
	table_column(&t, TABLE_RIGHT, "page tables");
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		const struct run *r;
		const struct memory_snapshot *m = settled(s, &r);

		if (!m)
			continue;
		table_cell(&t, page_row_name(name, p, s));
		cell_bytes(&t, true, m->pss);
		cell_bytes(&t, true, m->anon);
		cell_bytes(&t, true, m->file);
		cell_bytes(&t, true, m->shmem);
		if (guests)
			cell_bytes(&t, m->guest_how != GUEST_NONE && m->guest_how != GUEST_UNKNOWN,
				   m->guest);
		cell_bytes(&t, true, m->page_tables);
	}
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

/* ---- as others count ------------------------------------------------------------------------------ */

static void print_peers(const struct page *p, bool guests)
{
	struct table t = { 0 };
	char name[PAGE_NAME_MAX];
	size_t i;

	table_column(&t, TABLE_LEFT, "as others\ncount it");
	table_column(&t, TABLE_RIGHT, "RSS\nsum (ps)");
	table_column(&t, TABLE_RIGHT, "cgroup\ncharge");
	table_column(&t, TABLE_RIGHT, "docker\nstats");
	if (guests) {
		table_column(&t, TABLE_RIGHT, "Kata's\nPSS");
		table_column(&t, TABLE_RIGHT, "Firecracker's\nRSS");
	}
	table_column(&t, TABLE_RIGHT, "overhead\nPSS");
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		const struct run *r;
		const struct memory_snapshot *m = settled(s, &r);
		struct memory_peers peers;
		uint64_t overhead = 0;
		bool has_overhead;

		if (!m)
			continue;
		memory_peers(m, &peers);
		has_overhead = memory_overhead(r, m, &overhead);
		table_cell(&t, page_row_name(name, p, s));
		cell_bytes(&t, true, m->rss);
		cell_bytes(&t, m->n_cgroups, m->charge.usage);
		cell_bytes(&t, peers.has_docker, peers.docker);
		if (guests) {
			cell_bytes(&t, peers.has_kata, peers.kata);
			cell_bytes(&t, peers.has_firecracker, peers.firecracker);
		}
		cell_bytes(&t, has_overhead, overhead);
	}
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

/* ---- by process ------------------------------------------------------------------------------------ */

static int heavier(const void *a, const void *b)
{
	const struct memory_process *x = *(const struct memory_process *const *)a;
	const struct memory_process *y = *(const struct memory_process *const *)b;

	if (x->counted != y->counted)
		return x->counted ? -1 : 1;
	if (x->pss != y->pss)
		return x->pss < y->pss ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* "runsc (sandbox)"; whose memory it is where it has none of its own. */
static char *process_text(const struct memory_process *p)
{
	CLEANUP_FREE char *comm = page_escape(p->comm, strlen(p->comm));

	if (!p->counted)
		return xasprintf("%s: the same memory as pid %" PRIu32 "'s", comm, p->mm_owner);
	if (*p->role && strcmp(p->role, comm))
		return xasprintf("%s (%s)", comm, p->role);
	return STEAL(comm);
}

/* "file runsc"; the path is in the JSON. */
static char *mapping_text(enum mapping_kind kind, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash && slash[1] ? slash + 1 : path;
	CLEANUP_FREE char *escaped = page_escape(name, strlen(name));

	return xasprintf("%s%s%s", memory_mapping_name(kind), *escaped ? " " : "", escaped);
}

static void row(const struct page *p, struct table *t, bool numbers, uint64_t pss, uint64_t private,
		uint64_t shared, const char *text)
{
	CLEANUP_FREE char *cut = why_cut(p, text, p->width > 60 ? p->width - 40 : 20);

	table_cell(t, "");
	cell_bytes(t, numbers, pss);
	cell_bytes(t, numbers, private);
	cell_bytes(t, numbers, shared);
	table_cell(t, cut);
}

static void print_process(const struct page *p, struct table *t, const struct memory_snapshot *m,
			  const struct memory_process *process)
{
	CLEANUP_FREE char *text = process_text(process);
	size_t i, shown = 0;

	row(p, t, process->counted, process->pss, process->uss,
	    process->rss > process->uss ? process->rss - process->uss : 0, text);
	for (i = 0; i < process->n_mappings && shown < MAPPINGS_SHOWN; i++) {
		const struct memory_mapping *mapping = &process->mappings[i];
		CLEANUP_FREE char *what = NULL, *indented = NULL;

		if (mapping->kind == MAPPING_REST || mapping->pss < m->pss / SHARE_SHOWN)
			continue;
		what = mapping_text(mapping->kind, mapping->name);
		indented = xasprintf("  %s", what);
		row(p, t, true, mapping->pss, mapping->private, mapping->shared, indented);
		shown++;
	}
}

static void print_guest(const struct page *p, const struct memory_snapshot *m)
{
	char given[TEXT_NUMBER_MAX], touched[TEXT_NUMBER_MAX], vmm[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *text = NULL;

	if (m->guest_how == GUEST_NONE)
		return;
	if (m->guest_how == GUEST_UNKNOWN)
		text = xstrdup("guest RAM could not be told from the VMM's own memory");
	else
		text = xasprintf("guest RAM: %s given, %s touched; VMM outside it: %s PSS%s",
				 text_bytes(given, m->guest_given),
				 text_bytes(touched, m->guest_touched), text_bytes(vmm, m->vmm),
				 m->guest_how == GUEST_SIZE ?
					 " (no KVM: told by the size of the mapping)" : "");
	prose_print(p->out, p->width, "  ", text);
}

/* "gvisor: 44.5 MiB PSS in 7 processes: 23.6 MiB (53 %) file runsc, …" */
static void print_lead(const struct page *p, const struct scenario_result *s,
		       const struct memory_snapshot *m)
{
	char name[PAGE_NAME_MAX], bytes[TEXT_NUMBER_MAX];
	struct memory_heavy heavy[HEAVIEST_NAMED];
	size_t i, n = memory_heaviest(m, heavy, ARRAY_SIZE(heavy)), size;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	fprintf(out, "%s: %s PSS in %zu process%s", page_row_name(name, p, s),
		text_bytes(bytes, m->pss), m->n, m->n == 1 ? "" : "es");
	for (i = 0; i < n && heavy[i].pss >= m->pss / SHARE_NAMED; i++) {
		CLEANUP_FREE char *what = mapping_text(heavy[i].kind, heavy[i].name);

		fprintf(out, "%s%s (%.0f %%) %s", i ? ", " : ": ", text_bytes(bytes, heavy[i].pss),
			m->pss ? 100.0 * (double)heavy[i].pss / (double)m->pss : 0, what);
	}
	fclose(out);
	fputc('\n', p->out);
	prose_print(p->out, p->width, "", text);
	free(text);
}

static void print_scenario(const struct page *p, const struct scenario_result *s)
{
	const struct run *r;
	const struct memory_snapshot *m = settled(s, &r);
	CLEANUP_FREE const struct memory_process **sorted = NULL;
	struct table t = { 0 };
	size_t i;

	if (!m)
		return;
	sorted = xcalloc(m->n, sizeof(*sorted));
	for (i = 0; i < m->n; i++)
		sorted[i] = &m->processes[i];
	qsort(sorted, m->n, sizeof(*sorted), heavier);
	print_lead(p, s, m);
	print_guest(p, m);
	memory_print_moments(p, r);
	memory_print_time(p, r);
	table_column(&t, TABLE_LEFT, "");
	table_column(&t, TABLE_RIGHT, "PSS");
	table_column(&t, TABLE_RIGHT, "private");
	table_column(&t, TABLE_RIGHT, "shared");
	table_column(&t, TABLE_LEFT, "process, its heaviest mappings");
	for (i = 0; i < m->n && i < PROCESSES_SHOWN; i++)
		print_process(p, &t, m, sorted[i]);
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
	if (m->n > PROCESSES_SHOWN)
		fprintf(p->out, "  and %zu more\n", m->n - PROCESSES_SHOWN);
}

void memory_print(const struct page *p)
{
	const struct run *r;
	bool any = false, guests = any_guest(p->session);
	size_t i;

	for (i = 0; i < p->session->n_scenarios; i++)
		any = any || settled(p->session->scenarios[i], &r);
	if (!any)
		return;
	fputc('\n', p->out);
	page_heading(p, "Where the memory is: settled, the median run of each");
	fputc('\n', p->out);
	print_classes(p, guests);
	fputc('\n', p->out);
	print_peers(p, guests);
	for (i = 0; i < p->session->n_scenarios; i++)
		print_scenario(p, p->session->scenarios[i]);
}
