// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_moments_text.c - one run's memory at the first byte, at its peak, settled, under load and after it, side
 * by side. By RSS, which is exact at each of them, and its classes; PSS where it was read.
 */
#include "user/report/memory.h"

#include <stdlib.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"

struct moment {
	const char *name;
	uint64_t time;
	uint64_t rss;
	struct memory_classes of;
	bool knows_guest; /* else it is in what backs it */
	uint64_t page_tables;
	uint64_t charge; /* MEMORY_UNKNOWN: there is none */
	const char *about; /* before PSS, where it is an estimate */
	uint64_t pss, uss; /* MEMORY_UNKNOWN: nobody could read it */
};

struct columns {
	bool guest, charge, wide;
};

#define WIDE 110 /* columns of the page, from which on there is room for all of the table's */

static struct moment of_snapshot(const char *name, const struct memory_snapshot *m)
{
	return (struct moment){ name, m->time, m->rss, m->rss_of, true,
				m->page_tables,
				m->n_cgroups ? m->charge.usage : MEMORY_UNKNOWN, "", m->pss, m->uss };
}

static struct moment of_point(const char *name, const struct memory_point *point, bool guest)
{
	const struct memory_amount *a = &point->amount;
	struct moment m = { .name = name, .time = point->time, .rss = memory_amount_rss(a),
			    .of = { a->anon, a->file, a->shmem, 0 },
			    .knows_guest = guest,
			    .page_tables = a->page_tables, .charge = MEMORY_UNKNOWN, .about = "",
			    .pss = MEMORY_UNKNOWN, .uss = MEMORY_UNKNOWN };

	if (guest) {
		m.of.anon -= a->guest_anon;
		m.of.file -= a->guest_file;
		m.of.shmem -= a->guest_shmem;
		m.of.guest = memory_amount_guest(a);
	}
	return m;
}

/* A peak of its own, between the snapshots. */
static bool of_peak(const struct run *r, struct moment *m)
{
	const struct memory_timeline *t = &r->timeline;
	struct memory_peak_pss pss;

	if (!memory_peak_pss(r, &pss))
		return false;
	*m = of_point("peak", &t->peak, t->knows_guest);
	if (pss.exact)
		m->pss = m->uss = pss.at_least;
	else if (pss.has_estimate)
		m->pss = pss.estimate;
	m->about = pss.exact ? "" : "~";
	m->charge = memory_charge_peak(r);
	return true;
}

static size_t moments_of(const struct run *r, struct moment out[5])
{
	const struct memory_snapshot *first = &r->memory[MEMORY_FIRST_BYTE];
	const struct memory_snapshot *settled = &r->memory[MEMORY_SETTLED];
	const struct memory_snapshot *peak = memory_peak_snapshot(r);
	size_t n = 0;

	if (first->taken && first->detailed)
		out[n++] = of_snapshot(peak == first ? "first byte, peak" : "first byte", first);
	n += of_peak(r, &out[n]);
	if (settled->taken && settled->detailed)
		out[n++] = of_snapshot(peak == settled ? "settled, peak" : "settled", settled);
	if (r->memory_loaded.taken && r->memory_loaded.detailed)
		out[n++] = of_snapshot("after requests", &r->memory_loaded);
	if (r->timeline.load.time)
		out[n++] = of_point("under load", &r->timeline.load, false);
	return n;
}

static void cell_bytes(struct table *t, const char *before, uint64_t bytes)
{
	char number[TEXT_NUMBER_MAX], text[TEXT_NUMBER_MAX + 8];

	snprintf(text, sizeof(text), "%s%s", before, text_bytes(number, bytes));
	table_cell(t, bytes == MEMORY_UNKNOWN ? "-" : text);
}

static void print_row(struct table *t, const struct run *r, const struct moment *m,
		      const struct columns *c)
{
	uint64_t launch = r->milestones.launch;
	char ms[TEXT_NUMBER_MAX];

	table_cell(t, "");
	table_cell(t, m->name);
	if (c->wide)
		table_cell(t, text_ms(ms, m->time > launch ? m->time - launch : 0));
	cell_bytes(t, "", m->rss);
	cell_bytes(t, "", m->of.anon);
	cell_bytes(t, "", m->of.file);
	cell_bytes(t, "", m->of.shmem);
	if (c->guest)
		cell_bytes(t, "", m->knows_guest ? m->of.guest : MEMORY_UNKNOWN);
	if (c->wide)
		cell_bytes(t, "", m->page_tables);
	cell_bytes(t, m->about, m->pss);
	if (!c->guest || c->wide)
		cell_bytes(t, "", m->uss);
	if (c->charge)
		cell_bytes(t, "", m->charge);
}

static void name_columns(struct table *t, const struct columns *c)
{
	table_column(t, TABLE_LEFT, "");
	table_column(t, TABLE_LEFT, "memory at");
	if (c->wide)
		table_column(t, TABLE_RIGHT, "after\nlaunch");
	table_column(t, TABLE_RIGHT, "\nRSS");
	table_column(t, TABLE_RIGHT, "\n= anon");
	table_column(t, TABLE_RIGHT, "\n+ file");
	table_column(t, TABLE_RIGHT, "\n+ shmem");
	if (c->guest)
		table_column(t, TABLE_RIGHT, "+ guest\nRAM");
	if (c->wide)
		table_column(t, TABLE_RIGHT, "page\ntables");
	table_column(t, TABLE_RIGHT, "\nPSS");
	if (!c->guest || c->wide)
		table_column(t, TABLE_RIGHT, "\nprivate");
	if (c->charge)
		table_column(t, TABLE_RIGHT, "cgroup\ncharge");
}

void memory_print_moments(const struct page *p, const struct run *r)
{
	struct columns c = { .wide = p->width >= WIDE };
	struct table t = { 0 };
	struct moment list[5];
	size_t n = moments_of(r, list), i;

	if (n < 2)
		return;
	for (i = 0; i < n; i++) {
		c.guest = c.guest || list[i].of.guest;
		c.charge = c.charge || list[i].charge != MEMORY_UNKNOWN;
	}
	name_columns(&t, &c);
	for (i = 0; i < n; i++)
		print_row(&t, r, &list[i], &c);
	table_print(&t, p->out, p->options->colour);
	table_release(&t);
}
