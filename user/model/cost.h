/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cost.h - what each BPF program took in a run, by the kernel's statistics.
 *
 * To count costs more than what is counted (two looks at the clock for each call of a program), so it
 * is done in warm-ups as a rule. A run in which it was not is told by those of its scenario in which
 * it was: what a record cost there, times the records that it sent.
 */
#ifndef COLDPROF_COST_H
#define COLDPROF_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct program_cost {
	const char *name; /* hostile text */
	uint64_t ns, count;
};

struct program_costs {
	struct program_cost *list; /* most ns first; n = 0: not measured in this run */
	size_t n, cap;
};

struct run;
struct scenario_result;
struct session;
struct wire_head;

/* A PROGRAM_COST record. */
void cost_add(struct session *session, struct run *run, const struct wire_head *record);
void cost_settle(struct program_costs *costs);

/* ns that all programs took in the timed window of a run; *estimated: see above. 0: nobody knows. */
uint64_t cost_of_run(const struct run *r, bool *estimated);

/*
 * Each program's mean over the good runs of a scenario in which it was measured, warm-ups too; *runs is
 * how many those are. The caller frees out->list.
 */
void cost_of_scenario(const struct scenario_result *s, struct program_costs *out, size_t *runs);

#endif
