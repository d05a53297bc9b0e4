// SPDX-License-Identifier: GPL-2.0-only
/* cost.c - what each BPF program took. */
#include "user/model/cost.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/run.h"
#include "user/record/reader.h"

#define PROGRAMS_MAX 256 /* more than anybody loads; they are searched one by one */

void cost_add(struct session *session, struct run *run, const struct wire_head *record)
{
	struct program_costs *costs = &run->programs;
	struct host_program_cost body;

	if (costs->n == PROGRAMS_MAX)
		return;
	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(costs->list, costs->n, costs->cap, 1);
	costs->list[costs->n++] = (struct program_cost){
		.name = session_string(session, record, sizeof(body), 0),
		.ns = body.ns, .count = body.count,
	};
}

static int heavier(const void *a, const void *b)
{
	const struct program_cost *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

void cost_settle(struct program_costs *costs)
{
	if (costs->n)
		qsort(costs->list, costs->n, sizeof(*costs->list), heavier);
}

static void add(struct program_costs *out, const struct program_cost *cost)
{
	size_t i = 0;

	while (i < out->n && strcmp(out->list[i].name, cost->name))
		i++;
	if (i == PROGRAMS_MAX)
		return;
	if (i == out->n) {
		ARRAY_RESERVE(out->list, out->n, out->cap, 1);
		out->list[out->n++] = (struct program_cost){ .name = cost->name };
	}
	out->list[i].ns += cost->ns;
	out->list[i].count += cost->count;
}

uint64_t cost_of_run(const struct run *r, bool *estimated)
{
	const struct scenario_result *s = r->scenario;
	unsigned __int128 ns = 0, sent = 0, here;
	size_t i;

	*estimated = false;
	if (r->has_cost && r->cost.bpf_ns)
		return r->cost.bpf_ns;
	for (i = 0; s && i < s->n_runs; i++) {
		const struct run *other = s->runs[i];

		if (!other->ended || other->status != RUN_OK || !other->has_cost || !other->cost.bpf_ns)
			continue;
		ns += other->cost.bpf_ns;
		sent += other->sent;
	}
	if (!sent || !r->ended)
		return 0;
	*estimated = true;
	here = ns * r->sent / sent; /* 64 bits times runs: no overflow of 128 */
	return here > UINT64_MAX ? UINT64_MAX : (uint64_t)here;
}

void cost_of_scenario(const struct scenario_result *s, struct program_costs *out, size_t *runs)
{
	size_t i, k;

	*out = (struct program_costs){ 0 };
	*runs = 0;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		if (!r->ended || r->status != RUN_OK || r->programs.n == 0)
			continue;
		(*runs)++;
		for (k = 0; k < r->programs.n; k++)
			add(out, &r->programs.list[k]);
	}
	for (i = 0; i < out->n; i++) {
		out->list[i].ns /= *runs;
		out->list[i].count /= *runs;
	}
	cost_settle(out);
}
