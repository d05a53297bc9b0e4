// SPDX-License-Identifier: GPL-2.0-only
/* why_json.c - phases, ledger and critical path as JSON (docs/json.md). */
#include <stdlib.h>

#include "user/report/why.h"

static void write_phases(struct json *j, const struct phases *p)
{
	size_t i;

	json_array(j, "phases");
	for (i = 0; i < p->n; i++) {
		json_object(j, NULL);
		json_string(j, "name", p->list[i].name);
		json_u64(j, "start_ns", p->list[i].start);
		json_u64(j, "end_ns", p->list[i].end);
		if (p->list[i].merged)
			json_bool(j, "merged", true);
		json_end(j);
	}
	json_end(j);
}

static void write_ledger(struct json *j, const struct ledger *l)
{
	size_t i;

	json_array(j, "ledger");
	for (i = 0; i < l->n; i++) {
		json_object(j, NULL);
		json_string(j, "state", path_state_name(l->rows[i].state));
		json_string(j, "detail", l->rows[i].detail);
		json_u64(j, "ns", l->rows[i].ns);
		json_end(j);
	}
	json_end(j);
}

static void write_path(struct json *j, const struct critpath *path, uint64_t launch)
{
	size_t i;

	json_array(j, "critical_path");
	for (i = 0; i < path->n; i++) {
		const struct path_slice *slice = &path->slices[i];

		json_object(j, NULL);
		json_u64(j, "start_ns", slice->start - launch);
		json_u64(j, "end_ns", slice->end - launch);
		json_u64(j, "tid", slice->tid);
		json_u64(j, "pid", slice->pid);
		json_string(j, "comm", slice->comm);
		json_string(j, "state", path_state_name(slice->state));
		json_string(j, "detail", slice->detail);
		if (*slice->waiter)
			json_string(j, "waiter", slice->waiter);
		if (slice->quick_ns)
			json_u64(j, "short_calls_ns", slice->quick_ns);
		if (slice->fault_ns)
			json_u64(j, "page_faults_ns", slice->fault_ns);
		if (slice->call_ns)
			json_u64(j, "other_calls_ns", slice->call_ns);
		if (slice->stolen_ns)
			json_u64(j, "stolen_ns", slice->stolen_ns);
		json_end(j);
	}
	json_end(j);
}

void why_json_run(struct json *j, const struct session *session, const struct run *r)
{
	if (r->path.n == 0)
		return;
	write_phases(j, &r->phases);
	write_ledger(j, &r->ledger);
	write_path(j, &r->path, r->milestones.launch);
	why_json_oncpu(j, session, r);
	why_json_findings(j, r);
	why_json_disk(j, r);
}

void why_json_summary(struct json *j, const struct scenario_result *s)
{
	struct phase_summaries phases;
	size_t i;

	phases_of_scenario(s, &phases);
	if (phases.n) {
		json_object(j, "phases");
		for (i = 0; i < phases.n; i++)
			why_json_stats(j, phases.list[i].name, &phases.list[i].stats);
		json_end(j);
	}
	free(phases.list);
	why_json_found(j, s);
}
