/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * typical.h - what the phases of a scenario are as a rule: medians over its runs, so that one slow
 * run of many neither lengthens a phase nor gets into what is said of all (docs/definitions.md).
 *
 * What a run does not have took 0 ns in it. Then a median is never more than that of what it is
 * part of: of a phase not more than the cold start's, of a row of the ledger not more than its
 * phase's.
 */
#ifndef COLDPROF_TYPICAL_H
#define COLDPROF_TYPICAL_H

#include "user/model/critpath.h"
#include "user/model/phase.h"

struct arena;

/* The median cold start of the runs that count and have a path: as a rule, of all that count. */
uint64_t cold_typical(const struct scenario_result *s);

/*
 * As phases_of_scenario(), but stats are over all runs that count and have a path, a phase's total
 * is its median, and that of all is cold_typical(): so total / total is its share. Medians
 * need not sum to a median.
 */
void phases_typical(const struct scenario_result *s, struct phase_summaries *out);

/* Which of them has most; 0 where there is none. */
size_t phases_heaviest(const struct phase_summaries *phases);

/* Of a phase: what most of it was, in one clause. Medians over the same runs. */
struct gist {
	uint64_t ns; /* 0: nothing is so in half of the runs */
	enum path_state state;
	const char *detail; /* of its heaviest row; in the arena */
	uint64_t detail_ns; /* of that row: less than ns where several were added up */
};
struct gist gist_typical(struct arena *arena, const struct scenario_result *s, const char *phase);

#endif
