// SPDX-License-Identifier: GPL-2.0-only
/*
 * json.c - the report as JSON: docs/json.md, DESIGN.md §8. Scripts rely on it: keys are added and
 * never renamed; a key whose feature is not built, or whose value nobody knows, is absent.
 */
#include "user/base/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/report.h"
#include "user/report/density.h"
#include "user/report/memory.h"
#include "user/report/why.h"

#define REPORT_VERSION 1

void why_json_stats(struct json *j, const char *key, const struct stats *s)
{
	if (s->n == 0)
		return;
	json_object(j, key);
	json_u64(j, "n", s->n);
	json_double(j, "mean", s->mean);
	json_double(j, "stddev", s->stddev);
	json_double(j, "min", s->min);
	json_double(j, "median", s->median);
	json_double(j, "p90", s->p90);
	json_double(j, "p99", s->p99);
	json_double(j, "max", s->max);
	json_end(j);
}

/* RFC 3339 in UTC, from the recording's own clock. */
static void write_started(struct json *j, uint64_t realtime)
{
	time_t seconds = (time_t)(realtime / 1000000000u);
	char date[48];
	struct tm tm;

	if (realtime && gmtime_r(&seconds, &tm) &&
	    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm))
		json_string(j, "started", date);
}

static void write_environment(struct json *j, const struct session *s)
{
	size_t i;

	json_object(j, "environment");
	for (i = 0; i < s->n_env; i++) {
		const struct env_entry *e = &s->env[i];
		uint64_t number;

		if (strcmp(e->key, "cpus"))
			json_string(j, e->key, e->value);
		else if (text_parse_u64(e->value, 0, UINT64_MAX, &number))
			json_u64(j, e->key, number);
	}
	/* The session's own record knows these too, should nobody have said them. */
	if (!session_env(s, "coldprof") && *s->version)
		json_string(j, "coldprof", s->version);
	if (!session_env(s, "started"))
		write_started(j, s->head.realtime);
	json_end(j);
}

static void write_milestones(struct json *j, const struct milestones *m)
{
	bool bracketed = false;
	int i;

	json_object(j, "milestones");
	for (i = 0; i < m->n; i++) {
		if (m->seen[i])
			json_u64(j, milestone_name((enum milestone)i), m->at[i]);
		else
			json_null(j, milestone_name((enum milestone)i));
		bracketed = bracketed || m->bracketed[i];
	}
	json_end(j);
	json_object(j, "milestones_why");
	for (i = 0; i < m->n; i++) {
		if (!m->seen[i] && m->why[i])
			json_string(j, milestone_name((enum milestone)i), m->why[i]);
	}
	json_end(j);
	json_object(j, "milestones_note");
	for (i = 0; i < m->n; i++) {
		if (m->seen[i] && m->note[i])
			json_string(j, milestone_name((enum milestone)i), m->note[i]);
	}
	json_end(j);
	if (!bracketed)
		return;
	json_object(j, "milestones_between");
	for (i = 0; i < m->n; i++) {
		if (!m->bracketed[i])
			continue;
		json_array(j, milestone_name((enum milestone)i));
		json_u64(j, NULL, m->from[i]);
		json_u64(j, NULL, m->to[i]);
		json_end(j);
	}
	json_end(j);
}

/* Time since launch; a process that was there before it, or an unknown launch, has a null. */
static void write_since(struct json *j, const char *key, uint64_t time, uint64_t launch)
{
	if (launch && time >= launch)
		json_u64(j, key, time - launch);
	else
		json_null(j, key);
}

static void write_adoption(struct json *j, const struct adoption *a, uint64_t launch)
{
	json_object(j, "adopted");
	json_string(j, "how", adoption_how(a));
	json_string(j, "rule", a->rule);
	if (*a->id)
		json_string(j, "id", a->id);
	if (a->parent_pid) {
		json_u64(j, "by_pid", a->parent_pid);
		json_string(j, "by_comm", a->parent_comm);
	}
	write_since(j, "at_ns", a->time, launch);
	json_end(j);
}

static void write_process(struct json *j, const struct process *p, uint64_t launch)
{
	const struct exec *last = p->n_execs ? &p->execs[p->n_execs - 1] : NULL;
	size_t at;

	json_object(j, NULL);
	json_u64(j, "pid", p->pid);
	if (p->parent)
		json_u64(j, "ppid", p->parent->pid);
	else
		json_null(j, "ppid");
	json_string(j, "comm", p->comm);
	json_array(j, "argv");
	for (at = 0; last && at < last->argv_len; at += strlen(last->argv + at) + 1)
		json_string(j, NULL, last->argv + at);
	json_end(j);
	write_since(j, "start_ns", p->start, launch);
	write_since(j, "end_ns", p->end, launch);
	if (p->end)
		json_u64(j, "exit", p->exit_code);
	else
		json_null(j, "exit");
	if (p->adoption)
		write_adoption(j, p->adoption, launch);
	json_end(j);
}

/* A run's latencies are sorted by stats_of(), so it gets a copy. */
static void write_latency(struct json *j, const struct run *r)
{
	CLEANUP_FREE uint64_t *copy = xcalloc(r->n_latency + 1, sizeof(*copy));
	struct stats stats;

	if (r->n_latency)
		memcpy(copy, r->latency, r->n_latency * sizeof(*copy));
	stats_of(copy, r->n_latency, &stats);
	why_json_stats(j, "latency_ns", &stats);
	if (r->n_latency || r->latency_failed)
		json_u64(j, "latency_failed", r->latency_failed);
}

static void write_tree(struct json *j, const struct run *r)
{
	size_t i;

	json_array(j, "tree");
	for (i = 0; i < r->tree.n; i++)
		write_process(j, r->tree.processes[i], r->milestones.launch);
	json_end(j);
}

static void write_run(struct json *j, const struct session *s, const struct run *r)
{
	const struct milestones *m = &r->milestones;

	json_object(j, NULL);
	json_u64(j, "index", r->index);
	json_string(j, "status", run_status_name(r));
	if (*r->reason)
		json_string(j, "reason", r->reason);
	json_bool(j, "cold", r->cold);
	write_milestones(j, m);
	if (m->seen[m->end]) {
		json_u64(j, "uncertainty_ns", m->uncertainty);
		json_u64(j, "cold_start_ns", m->at[m->end]);
	}
	if (r->has_ready)
		json_string(j, "ready", r->ready_by);
	why_json_run(j, s, r);
	vm_json_run(j, r);
	write_tree(j, r);
	memory_json_run(j, r);
	write_latency(j, r);
	if (r->output_len)
		json_string_n(j, "output", r->output, r->output_len);
	if (r->has_cost) {
		bool estimated;
		uint64_t bpf_ns = cost_of_run(r, &estimated);

		json_object(j, "cost");
		if (bpf_ns)
			json_u64(j, "bpf_ns", bpf_ns);
		if (estimated)
			json_bool(j, "bpf_estimated", true);
		json_u64(j, "collector_cpu_ns", r->cost.collector_cpu_ns);
		why_json_programs(j, r);
		json_end(j);
	}
	if (r->ended)
		json_u64(j, "lost_events", r->lost);
	json_end(j);
}

static void write_runs(struct json *j, const struct session *session, const char *key,
		       const struct scenario_result *s, bool warmup)
{
	size_t i;

	json_array(j, key);
	for (i = 0; i < s->n_runs; i++) {
		if (s->runs[i]->warmup == warmup)
			write_run(j, session, s->runs[i]);
	}
	json_end(j);
}

static void write_summary(struct json *j, const struct scenario_result *s)
{
	static const struct {
		const char *key;
		enum quantity quantity;
	} entries[] = {
		{ "cold_start_ns", QUANTITY_COLD_START },
		{ "first_accept_ns", QUANTITY_FIRST_ACCEPT },
		{ "uncertainty_ns", QUANTITY_UNCERTAINTY },
		{ "rss_first_byte", QUANTITY_RSS_FIRST_BYTE },
		{ "pss_first_byte", QUANTITY_PSS_FIRST_BYTE },
		{ "rss_settled", QUANTITY_RSS_SETTLED },
		{ "pss_settled", QUANTITY_PSS_SETTLED },
		{ "latency_ns", QUANTITY_LATENCY },
	};
	size_t i;

	json_object(j, "summary");
	for (i = 0; i < ARRAY_SIZE(entries); i++) {
		struct stats stats;

		scenario_stats(s, entries[i].quantity, &stats);
		why_json_stats(j, entries[i].key, &stats);
	}
	why_json_summary(j, s);
	json_end(j);
}

static void write_scenario(struct json *j, const struct session *session,
			   const struct scenario_result *s)
{
	const char *reason = scenario_reason(s);

	json_object(j, NULL);
	json_string(j, "name", s->name);
	json_string(j, "title", s->title);
	json_string(j, "boundary", s->boundary);
	json_string(j, "status", scenario_status_name(s));
	if (*reason)
		json_string(j, "reason", reason);
	if (*s->advice)
		json_string(j, "advice", s->advice);
	if (*s->stands_for)
		json_string(j, "stands_for", s->stands_for);
	if (*s->runtime_path || *s->runtime_version) {
		json_object(j, "runtime");
		if (*s->runtime_path)
			json_string(j, "path", s->runtime_path);
		if (*s->runtime_version)
			json_string(j, "version", s->runtime_version);
		json_end(j);
	}
	if (s->flags & SCENARIO_VM)
		json_string(j, "accel", s->accel);
	write_runs(j, session, "runs", s, false);
	write_runs(j, session, "warmup_runs", s, true);
	write_summary(j, s);
	density_json(j, s);
	json_end(j);
}

int report_json(FILE *out, const struct session *s, const struct report_options *o)
{
	struct json j;
	size_t i;

	json_init(&j, out);
	json_object(&j, NULL);
	json_string(&j, "format", "coldprof-report");
	json_u64(&j, "version", REPORT_VERSION);
	if (o->incomplete)
		json_string(&j, "incomplete", o->incomplete);
	if (s->nonsense)
		json_u64(&j, "nonsense_records", s->nonsense);
	write_environment(&j, s);
	json_array(&j, "scenarios");
	for (i = 0; i < s->n_scenarios; i++)
		write_scenario(&j, s, s->scenarios[i]);
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}
