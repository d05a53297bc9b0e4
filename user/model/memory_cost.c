// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_cost.c - what page faults cost: their part of the critical path, by process and phase, as
 * samples say it (critpath_sample.c), and by kind, by the functions in which those samples were.
 */
#include <string.h>

#include "user/model/run.h"
#include "user/model/session.h"

/* In the order of a stack from its innermost frame: the first that is known tells. */
static const struct {
	const char *function; /* a name that ends in * is a beginning */
	enum fault_cost_kind kind;
} functions[] = {
	{ "do_anonymous_page", FAULT_COST_ANON },
	{ "do_huge_pmd_anonymous_page", FAULT_COST_ANON },
	{ "alloc_anon_folio", FAULT_COST_ANON },
	{ "do_wp_page", FAULT_COST_COW },
	{ "wp_page_copy", FAULT_COST_COW },
	{ "do_cow_fault", FAULT_COST_COW },
	{ "shmem_*", FAULT_COST_SHMEM },
	{ "do_read_fault", FAULT_COST_FILE },
	{ "do_shared_fault", FAULT_COST_FILE },
	{ "filemap_*", FAULT_COST_FILE },
};

static bool is_called(const char *name, const char *function)
{
	size_t n = strlen(function);

	return function[n - 1] == '*' ? !strncmp(name, function, n - 1) : !strcmp(name, function);
}

static enum fault_cost_kind kind_of(const struct session *s, const struct sched_sample *sample)
{
	uint16_t i;
	size_t k;

	for (i = 0; i < sample->n_kernel; i++) {
		const char *name = session_symbol(s, sample->frames[i]);

		for (k = 0; *name && k < ARRAY_SIZE(functions); k++)
			if (is_called(name, functions[k].function))
				return functions[k].kind;
	}
	return FAULT_COST_OTHER;
}

/* A slice's page faults, to the phases that it lies in; the last one has what rounding left. */
static void add_slice(struct run *r, const struct path_slice *slice)
{
	struct memory_timeline *t = &r->timeline;
	uint64_t length = slice->end - slice->start, left = slice->fault_ns, launch;
	size_t i, k;

	launch = r->milestones.launch;
	for (i = 0; i < r->phases.n && left; i++) {
		uint64_t from = launch + r->phases.list[i].start, to = launch + r->phases.list[i].end;
		uint64_t part = left;

		if (slice->end <= from || slice->start >= to)
			continue;
		if (slice->end > to) {
			from = slice->start > from ? slice->start : from;
			part = (uint64_t)((unsigned __int128)slice->fault_ns * (to - from) / length);
			part = part < left ? part : left;
		}
		for (k = 0; k < t->n_costs; k++)
			if (t->costs[k].pid == slice->pid && t->costs[k].phase == i)
				break;
		if (k == t->n_costs) {
			ARRAY_RESERVE(t->costs, t->n_costs, t->cap_costs, 1);
			t->costs[t->n_costs++] = (struct memory_cost){ slice->pid, i, 0 };
		}
		t->costs[k].ns += part;
		t->cost_ns += part;
		left -= part;
	}
}

static void add_samples(const struct session *s, struct run *r, const struct path_slice *slice,
			uint64_t kinds[FAULT_COST_KINDS])
{
	const struct sched_task *task = sched_task(&r->sched, slice->tid);
	const struct sched *sched = &r->sched;
	uint32_t i;

	if (!task)
		return;
	for (i = sched_sample_after(sched, task, slice->start);
	     i < task->samples.at + task->samples.n && sched->samples[i].time <= slice->end; i++)
		if (sched->samples[i].place == SAMPLE_FAULT)
			kinds[kind_of(s, &sched->samples[i])]++;
}

static void find_run(struct run *r, const uint64_t kinds[FAULT_COST_KINDS])
{
	struct memory_timeline *t = &r->timeline;
	uint64_t all = 0, left;
	size_t i;

	t->n_costs = 0;
	t->cost_ns = 0;
	memset(t->cost_of, 0, sizeof(t->cost_of));
	for (i = 0; i < r->path.n; i++)
		if (r->path.slices[i].fault_ns)
			add_slice(r, &r->path.slices[i]);
	for (i = 0; i < FAULT_COST_KINDS; i++)
		all += kinds[i];
	left = t->cost_ns;
	for (i = 0; all && i < FAULT_COST_KINDS; i++) {
		t->cost_of[i] = (uint64_t)((unsigned __int128)t->cost_ns * kinds[i] / all);
		left -= t->cost_of[i];
	}
	t->cost_of[FAULT_COST_OTHER] += left;
}

/* Of what kinds: as with the time itself, runs are the same start again. */
void memory_cost_find(const struct session *s, const struct scenario_result *scenario)
{
	uint64_t kinds[FAULT_COST_KINDS] = { 0 };
	size_t i, k;

	for (i = 0; i < scenario->n_runs; i++) {
		struct run *r = scenario->runs[i];

		for (k = 0; k < r->path.n && r->sched.n_samples; k++)
			if (r->path.slices[k].state == PATH_USER)
				add_samples(s, r, &r->path.slices[k], kinds);
	}
	for (i = 0; i < scenario->n_runs; i++)
		find_run(scenario->runs[i], kinds);
}

uint64_t memory_cost_at(const struct memory_timeline *t, uint32_t pid, size_t phase)
{
	size_t i;

	for (i = 0; i < t->n_costs; i++)
		if (t->costs[i].pid == pid && t->costs[i].phase == phase)
			return t->costs[i].ns;
	return 0;
}
