// SPDX-License-Identifier: GPL-2.0-only
/* typical.c - medians over the runs of a scenario that count and have a path. */
#include "user/model/typical.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/session.h"

static bool explained(const struct run *r)
{
	return run_counted(r) && r->path.n;
}

static uint64_t rounded(double v)
{
	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

uint64_t cold_typical(const struct scenario_result *s)
{
	CLEANUP_FREE uint64_t *values = xcalloc(s->n_runs + 1, sizeof(*values));
	struct stats cold;
	size_t i, n = 0;

	for (i = 0; i < s->n_runs; i++)
		if (explained(s->runs[i]) &&
		    run_quantity(s->runs[i], QUANTITY_COLD_START, &values[n]))
			n++;
	stats_of(values, n, &cold);
	return rounded(cold.median);
}

/* ---- phases ----------------------------------------------------------------------------------- */

static uint64_t length_in(const struct run *r, const char *phase)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < r->phases.n; i++)
		if (!strcmp(r->phases.list[i].name, phase))
			total += r->phases.list[i].end - r->phases.list[i].start;
	return total;
}

void phases_typical(const struct scenario_result *s, struct phase_summaries *out)
{
	CLEANUP_FREE uint64_t *values = xcalloc(s->n_runs + 1, sizeof(*values));
	size_t i, k, n;

	phases_of_scenario(s, out);
	for (i = 0; i < out->n; i++) {
		for (k = n = 0; k < s->n_runs; k++)
			if (explained(s->runs[k]))
				values[n++] = length_in(s->runs[k], out->list[i].name);
		stats_of(values, n, &out->list[i].stats);
		out->list[i].total = rounded(out->list[i].stats.median);
	}
	out->total = cold_typical(s);
}

size_t phases_heaviest(const struct phase_summaries *phases)
{
	size_t heaviest = 0, i;

	for (i = 1; i < phases->n; i++)
		if (phases->list[i].total > phases->list[heaviest].total)
			heaviest = i;
	return heaviest;
}

/* ---- the gist of one --------------------------------------------------------------------------- */

/* In user mode, in the kernel and wanting a CPU are one thing each, whoever it was. */
static bool is_one_thing(enum path_state state)
{
	return state == PATH_USER || state == PATH_KERNEL || state == PATH_RUNNABLE;
}

/* The phase's ledger in each run. */
struct ledgers {
	struct ledger *list;
	size_t n;
	uint64_t *values; /* room for one of each */
};

/* Over the runs: what a state had, of one detail or (NULL) of all. */
static uint64_t median_of(struct ledgers *l, enum path_state state, const char *detail)
{
	struct stats stats;
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		l->values[i] = 0;
		for (k = 0; k < l->list[i].n; k++) {
			const struct ledger_row *row = &l->list[i].rows[k];

			if (row->state == state && (!detail || !strcmp(row->detail, detail)))
				l->values[i] += row->ns;
		}
	}
	stats_of(l->values, l->n, &stats);
	return rounded(stats.median);
}

static struct gist heaviest_gist(struct ledgers *l, const struct ledger *all)
{
	bool summed[PATH_STATE_COUNT] = { 0 };
	struct gist best = { 0 };
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct ledger_row *row = &all->rows[i];
		struct gist gist = { .state = row->state, .detail = row->detail };
		bool sum = is_one_thing(row->state);

		if (summed[row->state])
			continue;
		/* A median is at most twice the mean: this wait and those behind it are less. */
		if (!sum && row->ns / l->n * 2 < best.ns)
			continue;
		summed[row->state] = sum;
		gist.detail_ns = median_of(l, row->state, row->detail);
		gist.ns = sum ? median_of(l, row->state, NULL) : gist.detail_ns;
		if (gist.ns > best.ns)
			best = gist;
	}
	return best;
}

struct gist gist_typical(struct arena *arena, const struct scenario_result *s, const char *phase)
{
	struct ledgers l = { .list = xcalloc(s->n_runs + 1, sizeof(*l.list)),
			     .values = xcalloc(s->n_runs + 1, sizeof(*l.values)) };
	struct ledger all = { 0 };
	struct gist gist = { 0 };
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		if (explained(s->runs[i]))
			ledger_of_run_phase(arena, s->runs[i], phase, &l.list[l.n++]);
	ledger_of_phase(arena, s, phase, &all);
	if (l.n)
		gist = heaviest_gist(&l, &all);
	for (i = 0; i < l.n; i++)
		free(l.list[i].rows);
	free(l.list);
	free(l.values);
	free(all.rows);
	return gist;
}
