/* SPDX-License-Identifier: GPL-2.0-only */
/* cost.h - what each BPF program took in a run, by the kernel's statistics. */
#ifndef COLDPROF_COST_H
#define COLDPROF_COST_H

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

/* Means over all good runs in which it was measured, warm-ups too; *runs is how many those are. The
 * caller frees out->list. */
void cost_of_session(const struct session *session, struct program_costs *out, size_t *runs);

#endif
