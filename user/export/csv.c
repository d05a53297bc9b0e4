// SPDX-License-Identifier: GPL-2.0-only
/*
 * csv.c - tables for spreadsheets and data frames (RFC 4180, UTF-8, lines end in CR LF). Columns
 * name their unit; a value that nobody knows is empty. A text that a spreadsheet would take for a
 * formula gets an apostrophe before it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/labels.h"

enum table { TABLE_RUNS, TABLE_PHASES, TABLE_LEDGER, TABLE_MEMORY };

struct csv {
	FILE *out;
	const struct export_source *source;
	bool some; /* the line has a cell */
};

static void put_cell(struct csv *c, const char *text)
{
	fputs(c->some ? "," : "", c->out);
	c->some = true;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, c->out);
		return;
	}
	fputc('"', c->out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', c->out);
		fputc(*text, c->out);
	}
	fputc('"', c->out);
}

/* A name of the recording. */
static void put_text(struct csv *c, const char *text)
{
	size_t size = 12 * strlen(text) + 2; /* no byte becomes longer than \u{10ffff} */
	CLEANUP_FREE char *shown = xmalloc(size);

	text_escape(shown + 1, size - 1, text, strlen(text));
	shown[0] = '\'';
	put_cell(c, shown[1] && strchr("=+-@", shown[1]) ? shown : shown + 1);
}

static void put_number(struct csv *c, uint64_t v)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	put_cell(c, text);
}

static void put_if(struct csv *c, bool known, uint64_t v)
{
	if (known)
		put_number(c, v);
	else
		put_cell(c, "");
}

static void end_line(struct csv *c)
{
	fputs("\r\n", c->out);
	c->some = false;
}

static void put_header(struct csv *c, const char *const *names)
{
	for (; *names; names++)
		put_cell(c, *names);
	end_line(c);
}

static void begin_line(struct csv *c, const struct run *r)
{
	put_text(c, r->scenario->name);
	put_number(c, label_run(r));
}

/* What every line says: by what a VM was run, and why its numbers are to be doubted. */
static void put_honesty(struct csv *c, const struct run *r)
{
	CLEANUP_FREE char *notes = label_notes(c->source, r->scenario, r->lost);

	put_text(c, r->scenario->accel);
	put_cell(c, notes ? notes : "");
	end_line(c);
}

/* ---- the tables ------------------------------------------------------------------------------ */

static const char *const runs_header[] = {
	"scenario", "run", "status", "reason", "cold", "cold_start_ns", "uncertainty_ns", "exec_ns",
	"service_exec_ns", "listen_ns", "connected_ns", "first_accept_ns", "first_byte_rss_bytes",
	"first_byte_pss_bytes", "first_byte_uss_bytes", "settled_rss_bytes", "settled_pss_bytes",
	"settled_uss_bytes", "lost_events", "bpf_ns", "collector_cpu_ns", "accel", "notes", NULL,
};

static void put_runs(struct csv *c, const struct run *r)
{
	const struct milestones *m = &r->milestones;
	int i;

	begin_line(c, r);
	put_text(c, run_status_name(r));
	put_text(c, r->reason);
	put_number(c, r->cold);
	put_if(c, m->seen[m->end], m->at[m->end]);
	put_if(c, m->seen[m->end], m->uncertainty);
	for (i = MILESTONE_EXEC; i < MILESTONE_FIRST_BYTE; i++)
		put_if(c, m->seen[i], m->at[i]);
	for (i = MEMORY_FIRST_BYTE; i <= MEMORY_SETTLED; i++) {
		put_if(c, r->memory[i].taken, r->memory[i].rss);
		put_if(c, r->memory[i].taken, r->memory[i].pss);
		put_if(c, r->memory[i].taken, r->memory[i].uss);
	}
	put_if(c, r->ended, r->lost);
	put_if(c, r->has_cost && r->cost.bpf_ns, r->cost.bpf_ns);
	put_if(c, r->has_cost, r->cost.collector_cpu_ns);
	put_honesty(c, r);
}

static const char *const phases_header[] = {
	"scenario", "run", "phase", "start_ns", "end_ns", "duration_ns", "merged",
	"accel", "notes", NULL,
};

static void put_phases(struct csv *c, const struct run *r)
{
	size_t i;

	for (i = 0; i < r->phases.n; i++) {
		const struct phase *p = &r->phases.list[i];

		begin_line(c, r);
		put_text(c, p->name);
		put_number(c, p->start);
		put_number(c, p->end);
		put_number(c, p->end - p->start);
		put_number(c, p->merged);
		put_honesty(c, r);
	}
}

static const char *const ledger_header[] = {
	"scenario", "run", "state", "detail", "ns", "accel", "notes", NULL,
};

static void put_ledger(struct csv *c, const struct run *r)
{
	size_t i;

	for (i = 0; i < r->ledger.n; i++) {
		begin_line(c, r);
		put_text(c, path_state_name(r->ledger.rows[i].state));
		put_text(c, r->ledger.rows[i].detail);
		put_number(c, r->ledger.rows[i].ns);
		put_honesty(c, r);
	}
}

static const char *const memory_header[] = {
	"scenario", "run", "when", "pid", "comm", "rss_bytes", "pss_bytes", "uss_bytes",
	"pss_anon_bytes", "pss_file_bytes", "pss_shmem_bytes", "page_tables_bytes",
	"shares_memory_with_pid", "pss_guest_ram_bytes", "accel", "notes", NULL,
};

static void put_memory(struct csv *c, const struct run *r)
{
	static const char *const names[] = { [MEMORY_FIRST_BYTE] = "first_byte",
					     [MEMORY_SETTLED] = "settled",
					     [MEMORY_PEAK] = "peak" };
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(names); k++) {
		for (i = 0; i < r->memory[k].n; i++) {
			const struct memory_process *p = &r->memory[k].processes[i];

			begin_line(c, r);
			put_cell(c, names[k]);
			put_number(c, p->pid);
			put_text(c, p->comm);
			put_number(c, p->rss);
			put_number(c, p->pss);
			put_number(c, p->uss);
			put_number(c, p->anon);
			put_number(c, p->file);
			put_number(c, p->shmem);
			put_number(c, p->page_tables);
			put_if(c, !p->counted, p->mm_owner);
			put_number(c, p->guest);
			put_honesty(c, r);
		}
	}
}

static const struct {
	const char *const *header;
	void (*put)(struct csv *c, const struct run *r);
} tables[] = {
	[TABLE_RUNS] = { runs_header, put_runs },
	[TABLE_PHASES] = { phases_header, put_phases },
	[TABLE_LEDGER] = { ledger_header, put_ledger },
	[TABLE_MEMORY] = { memory_header, put_memory },
};

static int write_csv(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct csv c = { .out = out, .source = source };
	size_t i, k;

	(void)err;
	put_header(&c, tables[job->variant].header);
	for (i = 0; i < source->n_picks; i++)
		for (k = 0; k < source->picks[i].n_runs; k++)
			tables[job->variant].put(&c, source->picks[i].runs[k]);
	return 0;
}

static const char *const variants[] = {
	[TABLE_RUNS] = "runs", [TABLE_PHASES] = "phases", [TABLE_LEDGER] = "ledger",
	[TABLE_MEMORY] = "memory", NULL,
};

const struct export_ops export_csv = {
	.name = "csv",
	.title = "one table of it; columns name their unit",
	.suffix = ".csv",
	.runs = EXPORT_ALL,
	.variant = "table",
	.variants = variants,
	.write = write_csv,
};
