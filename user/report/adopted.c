// SPDX-License-Identifier: GPL-2.0-only
/* adopted.c - what was adopted, and the starts that a watch has seen. */
#include "user/report/adopted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"

#define ID_SHOWN 12 /* characters of a long id, as container engines show them */
#define ID_LONG 40

bool adopted_is_watch(const struct session *s)
{
	return session_env(s, "watch") != NULL;
}

/* Escaped; the caller frees it. */
static char *shown_id(const char *id)
{
	size_t n = strlen(id);

	return page_escape(id, n > ID_LONG ? ID_SHOWN : n);
}

static const struct adoption *first_adoption(const struct run *r)
{
	return r->tree.n ? r->tree.processes[0]->adoption : NULL;
}

static void cell_milestone(struct table *t, const struct run *r, enum milestone which)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, r->milestones.seen[which] ? text_ms(number, r->milestones.at[which]) : "-");
}

static void add_start(struct table *t, const struct run *r)
{
	const struct adoption *a = first_adoption(r);
	CLEANUP_FREE char *id = shown_id(a && *a->id ? a->id : "-");
	char name[PAGE_NAME_MAX], by[PAGE_NAME_MAX], n[32];

	table_cell(t, id);
	table_cell(t, page_name(name, r->scenario->name));
	table_cell(t, page_name(by, a ? a->parent_comm : ""));
	cell_milestone(t, r, MILESTONE_SERVICE_EXEC);
	cell_milestone(t, r, MILESTONE_LISTEN);
	cell_milestone(t, r, MILESTONE_FIRST_ACCEPT);
	snprintf(n, sizeof(n), "%zu", r->tree.n);
	table_cell(t, n);
	table_cell(t, run_status_name(r));
}

void adopted_starts(const struct page *p)
{
	struct table t = { 0 };
	size_t i;

	page_heading(p, "Starts, from the first exec of a runtime to the first accept");
	fputc('\n', p->out);
	table_column(&t, TABLE_LEFT, "container\nor machine");
	table_column(&t, TABLE_LEFT, "first\nexec");
	table_column(&t, TABLE_LEFT, "\nmade by");
	table_column(&t, TABLE_RIGHT, "service\nexec");
	table_column(&t, TABLE_RIGHT, "\nlisten");
	table_column(&t, TABLE_RIGHT, "first\naccept");
	table_column(&t, TABLE_RIGHT, "pro-\ncesses");
	table_column(&t, TABLE_LEFT, "");
	for (i = 0; i < p->session->n_runs; i++)
		add_start(&t, p->session->runs[i]);
	if (t.n_cells)
		table_print(&t, p->out, p->options->colour);
	else
		fputs("None was seen.\n", p->out);
	table_release(&t);
	fputc('\n', p->out);
	prose_print(p->out, p->width, "",
		    "Times count from when the first exec was done: its entry is not looked at. A start "
		    "whose first accept is \"-\" was over by the settling time, or ended.");
}

/* "containerd-shim 123: containerd shim of abc, made by containerd 99" */
static void print_one(const struct page *p, const struct process *process)
{
	const struct adoption *a = process->adoption;
	CLEANUP_FREE char *id = shown_id(a->id);
	CLEANUP_FREE char *line = NULL;
	char comm[PAGE_NAME_MAX], rule[PAGE_NAME_MAX], by[PAGE_NAME_MAX];

	page_name(comm, process->comm);
	page_name(rule, a->rule);
	page_name(by, a->parent_comm);
	if (a->how == WIRE_ADOPTED_DAEMON)
		line = xasprintf("%s (%u): %s, started before the launch", comm, process->pid, rule);
	else
		line = xasprintf("%s (%u): %s of %s, made by %s (%u)", comm, process->pid, rule, id,
				 by, a->parent_pid);
	prose_print(p->out, p->width, "    ", line);
}

void adopted_print(const struct page *p)
{
	size_t i, k;

	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		const struct run *r = scenario_median_run(s);
		char name[PAGE_NAME_MAX];
		bool said = false;

		for (k = 0; r && k < r->tree.n; k++) {
			if (!r->tree.processes[k]->adoption)
				continue;
			if (!said)
				fprintf(p->out, "\n%s: adopted, and counted with what they make\n",
					page_row_name(name, p, s));
			said = true;
			print_one(p, r->tree.processes[k]);
		}
	}
}
