// SPDX-License-Identifier: GPL-2.0-only
/* compare.c - two recordings: scenarios of the same name, phase by phase. */
#include "user/model/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

#define PAIRS_MAX 4096 /* runs of a side that are paired: a recording cannot make this slow */

/* Values of the runs that count. */
struct values {
	uint64_t *list;
	size_t n, cap;
};

static void add_value(struct values *v, uint64_t value)
{
	ARRAY_RESERVE(v->list, v->n, v->cap, 1);
	v->list[v->n++] = value;
}

/* ---- has it moved? ---------------------------------------------------------------------------- */

/* Of all pairs, percent of those in which the new run has more (or, other way round, less). */
static double agreeing(const struct values *base, const struct values *fresh, bool more)
{
	size_t n = base->n < PAIRS_MAX ? base->n : PAIRS_MAX;
	size_t m = fresh->n < PAIRS_MAX ? fresh->n : PAIRS_MAX, i, k;
	uint64_t agree = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < m; k++)
			agree += more ? fresh->list[k] > base->list[i] :
					fresh->list[k] < base->list[i];
	return (double)agree * 100 / ((double)n * (double)m);
}

static enum compare_moved moved(const struct compare_row *row, const struct values *base,
				const struct values *fresh)
{
	if (row->base.n < COMPARE_RUNS || row->fresh.n < COMPARE_RUNS)
		return COMPARE_UNKNOWN;
	if (row->by == 0 || fabs(row->by) * 100 < row->base.median * COMPARE_PERCENT ||
	    agreeing(base, fresh, row->by > 0) < COMPARE_PAIRS)
		return COMPARE_SAME;
	return row->by > 0 ? COMPARE_MORE : COMPARE_LESS;
}

/* A row of both sides' values, which are released; none where neither side has one. */
static void add_row(struct compare_rows *rows, const char *name, enum compare_unit unit,
		    struct values *base, struct values *fresh)
{
	struct compare_row row = { .name = name, .unit = unit };

	stats_of(base->list, base->n, &row.base);
	stats_of(fresh->list, fresh->n, &row.fresh);
	if (base->n && fresh->n)
		row.by = row.fresh.median - row.base.median;
	row.moved = moved(&row, base, fresh);
	free(base->list);
	free(fresh->list);
	if (!row.base.n && !row.fresh.n)
		return;
	ARRAY_RESERVE(rows->list, rows->n, rows->cap, 1);
	rows->list[rows->n++] = row;
}

/* ---- totals ----------------------------------------------------------------------------------- */

static struct values values_of(const struct scenario_result *s, enum quantity quantity)
{
	struct values v = { 0 };
	uint64_t value;
	size_t i;

	for (i = 0; s && i < s->n_runs; i++)
		if (run_counted(s->runs[i]) && run_quantity(s->runs[i], quantity, &value))
			add_value(&v, value);
	return v;
}

/* Median latency of each run. */
static struct values latency_of(const struct scenario_result *s)
{
	struct values v = { 0 };
	size_t i;

	for (i = 0; s && i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		CLEANUP_FREE uint64_t *sorted = NULL;
		struct stats stats;

		if (!run_counted(r) || !r->n_latency)
			continue;
		sorted = xcalloc(r->n_latency, sizeof(*sorted));
		memcpy(sorted, r->latency, r->n_latency * sizeof(*sorted));
		stats_of(sorted, r->n_latency, &stats);
		add_value(&v, (uint64_t)(stats.median + 0.5));
	}
	return v;
}

static const struct {
	enum quantity quantity;
	const char *name;
	enum compare_unit unit;
	bool counts; /* more of it is a regression */
} totals[] = {
	{ QUANTITY_COLD_START, "cold start", COMPARE_NS, true },
	{ QUANTITY_FIRST_ACCEPT, "first accept", COMPARE_NS, false },
	{ QUANTITY_PSS_FIRST_BYTE, "PSS at the first byte", COMPARE_BYTES, false },
	{ QUANTITY_PSS_SETTLED, "PSS settled", COMPARE_BYTES, true },
	{ QUANTITY_LATENCY, "latency p50", COMPARE_NS, false },
};

static void add_totals(struct compare_scenario *out)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(totals); i++) {
		bool latency = totals[i].quantity == QUANTITY_LATENCY;
		struct values base = latency ? latency_of(out->base) :
					       values_of(out->base, totals[i].quantity);
		struct values fresh = latency ? latency_of(out->fresh) :
						values_of(out->fresh, totals[i].quantity);
		size_t before = out->totals.n;

		add_row(&out->totals, totals[i].name, totals[i].unit, &base, &fresh);
		if (totals[i].counts && out->totals.n > before &&
		    out->totals.list[before].moved == COMPARE_MORE)
			out->regressed = true;
	}
}

/* ---- phases ----------------------------------------------------------------------------------- */

/* Lengths of a phase in the runs that have it; several of a name in a run are one. */
static struct values phase_of(const struct scenario_result *s, const char *name)
{
	struct values v = { 0 };
	size_t i, k;

	for (i = 0; s && i < s->n_runs; i++) {
		const struct phases *p = &s->runs[i]->phases;
		uint64_t length = 0;
		bool has = false;

		for (k = 0; run_counted(s->runs[i]) && k < p->n; k++) {
			if (strcmp(p->list[k].name, name))
				continue;
			length += p->list[k].end - p->list[k].start;
			has = true;
		}
		if (has)
			add_value(&v, length);
	}
	return v;
}

static bool has_row(const struct compare_rows *rows, const char *name)
{
	size_t i;

	for (i = 0; i < rows->n; i++)
		if (!strcmp(rows->list[i].name, name))
			return true;
	return false;
}

static void add_phases(struct compare_scenario *out, const struct scenario_result *of)
{
	struct phase_summaries phases;
	size_t i;

	if (!of)
		return;
	phases_of_scenario(of, &phases);
	for (i = 0; i < phases.n; i++) {
		struct values base, fresh;

		if (has_row(&out->phases, phases.list[i].name))
			continue;
		base = phase_of(out->base, phases.list[i].name);
		fresh = phase_of(out->fresh, phases.list[i].name);
		add_row(&out->phases, phases.list[i].name, COMPARE_NS, &base, &fresh);
	}
	free(phases.list);
}

/* ---- scenarios -------------------------------------------------------------------------------- */

void compare_scenarios(const struct scenario_result *base, const struct scenario_result *fresh,
		       struct compare_scenario *out)
{
	*out = (struct compare_scenario){
		.name = fresh ? fresh->name : base->name, .base = base, .fresh = fresh,
		.broken = base && fresh && !strcmp(scenario_status_name(base), "ok") &&
			  !strcmp(scenario_status_name(fresh), "failed"),
	};
	out->regressed = out->broken;
	add_totals(out);
	add_phases(out, fresh);
	add_phases(out, base);
}

void compare_scenario_release(struct compare_scenario *s)
{
	free(s->totals.list);
	free(s->phases.list);
	*s = (struct compare_scenario){ 0 };
}

static const struct scenario_result *run_of_name(const struct session *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_scenarios; i++)
		if (s->scenarios[i]->n_runs && !strcmp(s->scenarios[i]->name, name))
			return s->scenarios[i];
	return NULL;
}

static void add_scenario(struct comparison *out, const struct scenario_result *base,
			 const struct scenario_result *fresh)
{
	ARRAY_RESERVE(out->list, out->n, out->cap, 1);
	compare_scenarios(base, fresh, &out->list[out->n]);
	out->regressed = out->regressed || out->list[out->n].regressed;
	out->n++;
}

void compare_sessions(const struct session *base, const struct session *fresh,
		      struct comparison *out)
{
	size_t i;

	*out = (struct comparison){ 0 };
	for (i = 0; i < fresh->n_scenarios; i++) {
		const struct scenario_result *s = fresh->scenarios[i];

		if (s->n_runs)
			add_scenario(out, run_of_name(base, s->name), s);
	}
	for (i = 0; i < base->n_scenarios; i++) {
		const struct scenario_result *s = base->scenarios[i];

		if (s->n_runs && !run_of_name(fresh, s->name))
			add_scenario(out, s, NULL);
	}
}

void comparison_release(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		compare_scenario_release(&c->list[i]);
	free(c->list);
	*c = (struct comparison){ 0 };
}

const char *compare_moved_name(enum compare_moved moved)
{
	static const char *const names[] = {
		[COMPARE_UNKNOWN] = "unknown", [COMPARE_SAME] = "same", [COMPARE_MORE] = "more",
		[COMPARE_LESS] = "less",
	};

	return names[moved];
}
