// SPDX-License-Identifier: GPL-2.0-only
/*
 * html_memory.c - where a run's memory is and how it came: by phase with its page faults, the heaviest
 * mappings of each process, what its cgroups were charged.
 */
#include <inttypes.h>

#include "user/base/mem.h"
#include "user/export/html.h"
#include "user/export/markup.h"

#define PROCESSES_MAX 50
#define MAPPINGS_MAX 8
#define CGROUPS_MAX 20

static void write_count(FILE *out, uint64_t n)
{
	fprintf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">%" PRIu64 "</td>", n, n);
}

static void write_faults(FILE *out, const struct memory_faults *f)
{
	write_count(out, f->minor + f->major);
	write_count(out, f->anon);
	write_count(out, f->file);
	write_count(out, f->read);
	write_count(out, f->shmem);
	write_count(out, f->cow);
	write_count(out, f->guest);
	write_count(out, f->other);
	write_count(out, f->major);
}

static void write_growth_cell(FILE *out, uint64_t from, uint64_t to)
{
	fprintf(out, "<td class=\"n\" data-v=\"%" PRId64 "\">%s", (int64_t)(to - from),
		to < from ? "−" : to > from ? "+" : "");
	markup_bytes(out, to < from ? from - to : to - from);
	fputs("</td>", out);
}

static void write_growth(FILE *out, const struct run *r)
{
	static const char *const columns[] = {
		"RSS grew by", "page faults", "anon", "file", "read from disk", "shmem",
		"copy on write", "guest RAM", "other", "waited for a disk",
	};
	const struct memory_timeline *t = &r->timeline;
	size_t i;

	if (!t->n_phases || t->n_phases > r->phases.n)
		return;
	fputs("<details><summary>Memory growth and page faults by phase</summary>\n<div class=\"wide\">"
	      "<table class=\"growth sortable\"><thead><tr>", out);
	html_column(out, "phase", HTML_LEFT);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		html_column(out, columns[i], HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < t->n_phases; i++) {
		fputs("<tr><th scope=\"row\">", out);
		markup_text(out, r->phases.list[i].name);
		fputs("</th>", out);
		write_growth_cell(out, t->phases[i].from, t->phases[i].to);
		write_faults(out, &t->phases[i].faults);
		fputs("</tr>\n", out);
	}
	fputs("<tr class=\"sum\"><th scope=\"row\">all that was recorded</th><td></td>", out);
	write_faults(out, &t->faults);
	fputs("</tr></tbody></table></div></details>\n", out);
}

static void write_mapping(FILE *out, const struct memory_process *p, const struct memory_mapping *m)
{
	fprintf(out, "<tr><td class=\"n\">%" PRIu32 "</td><th scope=\"row\">", p->pid);
	markup_text(out, *p->role ? p->role : p->comm);
	fprintf(out, "</th><td>%s</td><td class=\"argv\">", memory_mapping_name(m->kind));
	markup_text(out, m->name);
	fputs("</td>", out);
	write_count(out, m->count);
	html_cell_bytes(out, (double)m->pss);
	html_cell_bytes(out, (double)m->rss);
	html_cell_bytes(out, (double)m->private);
	html_cell_bytes(out, (double)m->shared);
	html_cell_bytes(out, (double)m->size);
	fputs("</tr>\n", out);
}

static void write_mappings(FILE *out, const struct memory_snapshot *m)
{
	static const char *const columns[] = { "mappings", "PSS", "RSS", "private", "shared", "size" };
	size_t i, k;
	bool any = false;

	for (i = 0; i < m->n && !any; i++)
		any = m->processes[i].counted && m->processes[i].n_mappings;
	if (!m->taken || !m->detailed || !any)
		return;
	fputs("<details><summary>Biggest mappings of each process, settled</summary>\n"
	      "<div class=\"wide\"><table class=\"mappings sortable\"><thead><tr>", out);
	html_column(out, "pid", HTML_RIGHT);
	html_column(out, "name", HTML_LEFT);
	html_column(out, "kind", HTML_LEFT);
	html_column(out, "of", HTML_LEFT);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		html_column(out, columns[i], HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < m->n && i < PROCESSES_MAX; i++) {
		const struct memory_process *p = &m->processes[i];

		for (k = 0; p->counted && k < p->n_mappings && k < MAPPINGS_MAX; k++)
			write_mapping(out, p, &p->mappings[k]);
	}
	fputs("</tbody></table></div></details>\n", out);
}

static void write_charge(FILE *out, uint64_t bytes)
{
	if (bytes == MEMORY_UNKNOWN)
		html_cell_none(out);
	else
		html_cell_bytes(out, (double)bytes);
}

static void write_cgroups(FILE *out, const struct memory_snapshot *m)
{
	size_t i;

	if (!m->taken || !m->n_cgroups)
		return;
	fputs("<details><summary>Charges of its cgroups, settled</summary>\n<div class=\"wide\">"
	      "<table class=\"cgroups sortable\"><thead><tr>", out);
	html_column(out, "cgroup", HTML_LEFT);
	html_column(out, "charge", HTML_RIGHT);
	html_column(out, "peak", HTML_RIGHT);
	html_column(out, "inactive file", HTML_RIGHT);
	html_column(out, "kernel", HTML_RIGHT);
	fputs("</tr></thead><tbody>\n", out);
	for (i = 0; i < m->n_cgroups && i < CGROUPS_MAX; i++) {
		const struct host_memory_cgroup *c = &m->cgroups[i].figures;

		fputs("<tr><th scope=\"row\">", out);
		markup_text(out, m->cgroups[i].path);
		fputs("</th>", out);
		write_charge(out, c->usage);
		write_charge(out, c->peak);
		write_charge(out, c->inactive_file);
		write_charge(out, c->kernel);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></details>\n", out);
}

void html_memory_more(FILE *out, const struct run *r)
{
	write_growth(out, r);
	write_mappings(out, &r->memory[MEMORY_SETTLED]);
	write_cgroups(out, &r->memory[MEMORY_SETTLED]);
}
