// SPDX-License-Identifier: GPL-2.0-only
/* scenario.c - what the runs of one scenario say together. */
#include <stdlib.h>
#include <string.h>

#include "user/model/session.h"

bool run_counted(const struct run *r)
{
	return r->ended && r->status == RUN_OK && !r->warmup;
}

const char *run_status_name(const struct run *r)
{
	if (!r->ended)
		return "unfinished";
	switch (r->status) {
	case RUN_OK:
		return "ok";
	case RUN_INTERRUPTED:
		return "interrupted";
	case RUN_FAILED:
		break;
	}
	return "failed";
}

/* Warm-ups count here: a runtime that fails only the first time fails. */
static const struct run *first_failed(const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++) {
		if (s->runs[i]->ended && s->runs[i]->status == RUN_FAILED)
			return s->runs[i];
	}
	return NULL;
}

static bool any_counted(const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++) {
		if (run_counted(s->runs[i]))
			return true;
	}
	return false;
}

const char *scenario_status_name(const struct scenario_result *s)
{
	if (!s->available && s->n_runs == 0)
		return "unavailable";
	return any_counted(s) && !first_failed(s) ? "ok" : "failed";
}

const char *scenario_reason(const struct scenario_result *s)
{
	const struct run *failed = first_failed(s);

	if (failed)
		return *failed->reason ? failed->reason : "failed without a reason";
	if (any_counted(s))
		return "";
	if (!s->available)
		return *s->reason ? s->reason : "not available";
	return s->n_runs ? "no run was finished" : "was not run";
}

void scenario_progress(const struct session *session, const struct scenario_result *s,
		       struct progress *out)
{
	const struct run *last = s->n_runs ? s->runs[s->n_runs - 1] : NULL;

	*out = (struct progress){ .run = last, .of = session->head.runs };
	if (last) {
		out->warmup = last->warmup;
		out->index = last->index + 1;
		out->of = last->warmup ? session->head.warmup : session->head.runs;
	}
	if (!last)
		out->state = !s->available ? PROGRESS_ABSENT :
			     s->preparing ? PROGRESS_PREPARING : PROGRESS_WAITING;
	else if (!last->ended)
		out->state = last->has_client ? PROGRESS_READY : PROGRESS_RUNNING;
	else if (last->status == RUN_FAILED || !s->available)
		out->state = PROGRESS_FAILED;
	else if (!last->warmup && out->index >= out->of)
		out->state = PROGRESS_DONE;
	else
		out->state = PROGRESS_BETWEEN;
}

bool run_quantity(const struct run *r, enum quantity q, uint64_t *value)
{
	const struct milestones *m = &r->milestones;
	const struct memory_snapshot *first = &r->memory[MEMORY_FIRST_BYTE];
	const struct memory_snapshot *settled = &r->memory[MEMORY_SETTLED];

	switch (q) {
	case QUANTITY_COLD_START:
		*value = m->at[m->end];
		return m->seen[m->end];
	case QUANTITY_FIRST_ACCEPT:
		*value = m->at[MILESTONE_FIRST_ACCEPT];
		return m->seen[MILESTONE_FIRST_ACCEPT];
	case QUANTITY_UNCERTAINTY:
		*value = m->uncertainty;
		return m->seen[m->end];
	case QUANTITY_RSS_FIRST_BYTE:
		*value = first->rss;
		return first->taken;
	case QUANTITY_PSS_FIRST_BYTE:
		*value = first->pss;
		return first->taken;
	case QUANTITY_RSS_SETTLED:
		*value = settled->rss;
		return settled->taken;
	case QUANTITY_PSS_SETTLED:
		*value = settled->pss;
		return settled->taken;
	case QUANTITY_LATENCY:
		break;
	}
	return false;
}

void scenario_stats(const struct scenario_result *s, enum quantity q, struct stats *out)
{
	CLEANUP_FREE uint64_t *values = NULL;
	size_t n = 0, cap = 0, i;

	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		uint64_t value;

		if (!run_counted(r))
			continue;
		if (q == QUANTITY_LATENCY && r->n_latency) {
			ARRAY_RESERVE(values, n, cap, r->n_latency);
			memcpy(values + n, r->latency, r->n_latency * sizeof(*values));
			n += r->n_latency;
		} else if (run_quantity(r, q, &value)) {
			ARRAY_RESERVE(values, n, cap, 1);
			values[n++] = value;
		}
	}
	stats_of(values, n, out);
}

/* By cold start; runs that took equally long stay in the order they were made. */
static int compare_runs(const void *a, const void *b)
{
	const struct run *x = *(const struct run *const *)a, *y = *(const struct run *const *)b;
	uint64_t x_ns = x->milestones.at[x->milestones.end];
	uint64_t y_ns = y->milestones.at[y->milestones.end];

	if (x_ns != y_ns)
		return x_ns < y_ns ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

const struct run *scenario_median_run(const struct scenario_result *s)
{
	CLEANUP_FREE const struct run **sorted = NULL;
	size_t n = 0, i;

	if (s->n_runs == 0)
		return NULL;
	sorted = xcalloc(s->n_runs, sizeof(*sorted));
	for (i = 0; i < s->n_runs; i++) {
		const struct milestones *m = &s->runs[i]->milestones;

		if (run_counted(s->runs[i]) && m->seen[m->end])
			sorted[n++] = s->runs[i];
	}
	qsort(sorted, n, sizeof(*sorted), compare_runs);
	return n ? sorted[(n - 1) / 2] : NULL;
}
