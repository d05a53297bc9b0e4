// SPDX-License-Identifier: GPL-2.0-only
/* finding.c - rules to findings; the rules themselves are in tables elsewhere. */
#include "user/model/finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/model/finding_rules.h"
#include "user/model/finding_sample.h"
#include "user/model/session.h"

static const struct finding_rule *const tables[] = {
	finding_rules_containers,
	finding_rules_vm,
};

const struct finding_rule *finding_rule_next(const struct finding_rule *rule)
{
	size_t i;

	if (rule && rule[1].name)
		return rule + 1;
	if (!rule)
		return tables[0];
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct finding_rule *r = tables[i];

		while (r->name && r != rule)
			r++;
		if (r == rule)
			return i + 1 < ARRAY_SIZE(tables) ? tables[i + 1] : NULL;
	}
	return NULL;
}

const struct finding_rule *finding_rule_named(const char *name)
{
	const struct finding_rule *r = NULL;

	while ((r = finding_rule_next(r)))
		if (!strcmp(r->name, name))
			return r;
	return NULL;
}

bool finding_matches(const char *const patterns[FINDING_PATTERNS], const char *text)
{
	size_t i;

	for (i = 0; i < FINDING_PATTERNS && patterns[i]; i++)
		if (phase_matches(patterns[i], text))
			return true;
	return false;
}

uint64_t finding_path_ns(const struct run *run, uint32_t states, uint64_t from, uint64_t to)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < run->path.n; i++) {
		const struct path_slice *s = &run->path.slices[i];
		uint64_t start = s->start > from ? s->start : from, end = s->end < to ? s->end : to;

		if ((1u << s->state) & states && start < end)
			total += end - start;
	}
	return total;
}

/* ---- slices ----------------------------------------------------------------------------------- */

static bool kind_fits(const struct finding_rule *rule, const struct path_kind *kind)
{
	if (!((1u << kind->state) & rule->states))
		return false;
	if (rule->comm && !phase_matches(rule->comm, kind->comm))
		return false;
	if (rule->details[0] && !finding_matches(rule->details, kind->detail))
		return false;
	return !finding_matches(rule->not_details, kind->detail);
}

uint64_t finding_bound(const struct finding_search *q)
{
	const struct milestones *m = &q->run->milestones;

	return q->rule->before != MILESTONE_LAUNCH && m->seen[q->rule->before] ?
		       m->launch + m->at[q->rule->before] : UINT64_MAX;
}

/* Of a slice the part that is early enough and in the rule's phase. */
static uint64_t part_of(const struct finding_search *q, const struct path_slice *slice)
{
	const struct phases *phases = &q->run->phases;
	uint64_t launch = q->run->milestones.launch, total = 0, last = finding_bound(q);
	size_t i;

	if (q->rule->within && !q->rule->within(q, slice->pid, slice->start))
		return 0;
	if (slice->end < last)
		last = slice->end;
	if (!q->rule->phase)
		return last > slice->start ? last - slice->start : 0;
	for (i = 0; i < phases->n; i++) {
		uint64_t from = launch + phases->list[i].start, to = launch + phases->list[i].end;
		uint64_t start = slice->start > from ? slice->start : from;
		uint64_t end = last < to ? last : to;

		if (start < end && phase_matches(q->rule->phase, phases->list[i].name))
			total += end - start;
	}
	return total;
}

/* Where slices count whole, the sums of their kinds say it all. */
static uint64_t whole_kinds(const struct critpath *path, const bool *marks, uint64_t *stolen,
			    const struct path_slice **longest)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < path->n_kinds; i++) {
		const struct path_slice *most = &path->slices[path->kinds[i].longest];

		if (!marks[i])
			continue;
		total += path->kinds[i].ns;
		*stolen += path->kinds[i].stolen_ns;
		if (!*longest || most->end - most->start > (*longest)->end - (*longest)->start ||
		    (most->end - most->start == (*longest)->end - (*longest)->start &&
		     most < *longest))
			*longest = most;
	}
	return total;
}

static bool has_phase(const struct finding_search *q)
{
	size_t i;

	for (i = 0; i < q->run->phases.n; i++)
		if (phase_matches(q->rule->phase, q->run->phases.list[i].name))
			return true;
	return false;
}

uint64_t finding_part_of_kinds(const struct finding_search *q, const bool *marks, uint64_t *stolen,
			       const struct path_slice **longest)
{
	const struct critpath *path = &q->run->path;
	uint64_t total = 0, most = 0, part;
	size_t i;

	*longest = NULL;
	*stolen = 0;
	if (q->rule->phase && !has_phase(q))
		return 0;
	if (!q->rule->phase && !q->rule->within && finding_bound(q) == UINT64_MAX)
		return whole_kinds(path, marks, stolen, longest);
	for (i = 0; i < path->n; i++) {
		if (!marks[path->slices[i].kind])
			continue;
		part = part_of(q, &path->slices[i]);
		total += part;
		*stolen += critpath_stolen_of(&path->slices[i], part);
		if (part > most) {
			most = part;
			*longest = &path->slices[i];
		}
	}
	return total;
}

static void search_slices(struct finding_search *q)
{
	const struct critpath *path = &q->run->path;
	CLEANUP_FREE bool *marks = NULL;
	const struct path_slice *heaviest;
	uint64_t stolen;
	bool some = false;
	size_t i;

	if (!q->rule->states)
		return;
	marks = xcalloc(path->n_kinds, sizeof(*marks));
	for (i = 0; i < path->n_kinds; i++) {
		marks[i] = kind_fits(q->rule, &path->kinds[i]);
		some = some || marks[i];
	}
	if (!some)
		return;
	q->ns += finding_part_of_kinds(q, marks, &stolen, &heaviest);
	if (heaviest)
		snprintf(q->evidence, sizeof(q->evidence), "%.15s%s%.220s", heaviest->comm,
			 *heaviest->comm && *heaviest->detail ? ": " : "", heaviest->detail);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static bool applies(const struct finding_rule *rule, const struct scenario_result *s)
{
	return (!rule->scenarios[0] || finding_matches(rule->scenarios, s->name)) &&
	       (s->flags & rule->flags) == rule->flags && !(s->flags & rule->not_flags);
}

static bool enough(const struct run *run, const struct finding *f)
{
	const struct finding_rule *rule = f->rule;
	uint64_t cold = run->milestones.at[run->milestones.end];

	return (f->ns || rule->evidence) && f->ns >= rule->least_ns &&
	       (unsigned __int128)f->ns * 100 >= (unsigned __int128)cold * rule->least_percent;
}

static int heavier(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return strcmp(x->rule->name, y->rule->name);
}

static void look_for(struct session *session, struct run *run, const struct finding_rule *rule,
		     struct finding_samples *samples)
{
	struct findings *out = &run->findings;
	struct finding_search q = { .session = session, .run = run, .rule = rule };
	struct finding_sampled sampled;
	struct finding found;

	search_slices(&q);
	sampled = finding_search_samples(&q, samples);
	if (rule->evidence && !rule->evidence(&q))
		return;
	found = (struct finding){
		.rule = rule, .ns = q.ns, .bytes = q.bytes, .count = q.count,
		.evidence = *q.evidence ? arena_strndup(&session->arena, q.evidence,
							strlen(q.evidence)) : "",
	};
	if (sampled.of) {
		ARRAY_RESERVE(out->estimates, out->n_estimates, out->cap_estimates, 1);
		out->estimates[out->n_estimates++] = (struct finding_estimate){ found, sampled };
	} else if (enough(run, &found)) {
		ARRAY_RESERVE(out->sure, out->n_sure, out->cap_sure, 1);
		out->sure[out->n_sure++] = found;
	}
}

void findings_of_run(struct session *session, struct run *run)
{
	const struct finding_rule *rule = NULL;
	struct finding_samples samples = { 0 };

	run->findings.n = run->findings.n_sure = run->findings.n_estimates = 0;
	if (run->path.n == 0)
		return;
	while ((rule = finding_rule_next(rule)))
		if (applies(rule, run->scenario))
			look_for(session, run, rule, &samples);
	finding_samples_release(&samples);
}

void findings_release(struct findings *f)
{
	free(f->list);
	free(f->sure);
	free(f->estimates);
	*f = (struct findings){ 0 };
}

/* ---- what rests on samples -------------------------------------------------------------------- */

static const struct finding_estimate *estimate_in(const struct run *run,
						  const struct finding_rule *rule)
{
	size_t i;

	for (i = 0; i < run->findings.n_estimates; i++)
		if (run->findings.estimates[i].finding.rule == rule)
			return &run->findings.estimates[i];
	return NULL;
}

static bool speaks_for_itself(const struct run *run, const struct finding_sampled *sampled)
{
	return !run_counted(run) || sampled->of >= FINDING_OWN_SAMPLES;
}

/* The samples for a rule of all counted runs that are too short to speak for themselves. */
static struct finding_sampled pool_of(const struct scenario_result *s,
				      const struct finding_rule *rule, size_t *runs)
{
	struct finding_sampled pool = { 0 };
	size_t i;

	for (i = *runs = 0; i < s->n_runs; i++) {
		const struct finding_estimate *e = estimate_in(s->runs[i], rule);

		if (!e || speaks_for_itself(s->runs[i], &e->sampled))
			continue;
		pool.fitting += e->sampled.fitting;
		pool.of += e->sampled.of;
		pool.example = pool.example ? pool.example : e->sampled.example;
		(*runs)++;
	}
	return pool;
}

/* "runc: execve; 12 of 40 samples of 3 runs, e.g. in runtime.schedinit" */
static const char *sampled_evidence(struct session *session, const char *before,
				    const struct finding_sampled *sampled, size_t runs)
{
	CLEANUP_FREE char *name = oncpu_short_name(sampled->example);
	CLEANUP_FREE char *of_runs = runs > 1 ? xasprintf(" of %zu runs", runs) : xstrdup("");
	CLEANUP_FREE char *text = xasprintf("%.120s%s%llu of %llu samples%s, e.g. in %.80s", before,
					    *before ? "; " : "",
					    (unsigned long long)sampled->fitting,
					    (unsigned long long)sampled->of, of_runs, name);

	return arena_strndup(&session->arena, text, strlen(text));
}

static void add_estimate(struct session *session, struct run *run, const struct finding_estimate *e)
{
	struct finding_sampled from = e->sampled;
	struct finding found = e->finding;
	size_t runs = 1;

	if (!speaks_for_itself(run, &from))
		from = pool_of(run->scenario, found.rule, &runs);
	if (from.fitting >= FINDING_SAMPLES) {
		found.ns += (uint64_t)((unsigned __int128)e->sampled.ns * from.fitting / from.of);
		if (enough(run, &found))
			found.evidence = sampled_evidence(session, found.evidence, &from, runs);
	}
	if (!enough(run, &found))
		return;
	ARRAY_RESERVE(run->findings.list, run->findings.n, run->findings.cap, 1);
	run->findings.list[run->findings.n++] = found;
}

static void settle_run(struct session *session, struct run *run)
{
	struct findings *f = &run->findings;
	size_t i;

	ARRAY_RESERVE(f->list, 0, f->cap, f->n_sure + 1);
	for (f->n = 0; f->n < f->n_sure; f->n++)
		f->list[f->n] = f->sure[f->n];
	for (i = 0; i < f->n_estimates; i++)
		add_estimate(session, run, &f->estimates[i]);
	if (f->n)
		qsort(f->list, f->n, sizeof(*f->list), heavier);
}

void findings_settle(struct session *session, const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		settle_run(session, s->runs[i]);
}

/* ---- scenarios -------------------------------------------------------------------------------- */

static const struct finding *finding_in(const struct run *r, const struct finding_rule *rule)
{
	size_t i;

	for (i = 0; i < r->findings.n; i++)
		if (r->findings.list[i].rule == rule)
			return &r->findings.list[i];
	return NULL;
}

static void summarise(const struct scenario_result *s, size_t of_runs, struct finding_summary *out)
{
	CLEANUP_FREE uint64_t *values = xcalloc(s->n_runs + 1, sizeof(*values));
	size_t i;

	for (i = 0; i < s->n_runs; i++) {
		const struct finding *f = run_counted(s->runs[i]) ?
						  finding_in(s->runs[i], out->rule) : NULL;

		if (!f)
			continue;
		if (out->runs == 0 || f->ns > out->heaviest.ns)
			out->heaviest = *f;
		values[out->runs++] = f->ns;
	}
	stats_of(values, out->runs, &out->ns);
	memset(values + out->runs, 0, (of_runs - out->runs) * sizeof(*values));
	stats_of(values, of_runs, &out->all_ns);
	out->typical = (uint64_t)(out->all_ns.median + 0.5);
}

static bool in_half(size_t runs, size_t of_runs)
{
	return runs * 2 >= of_runs;
}

bool finding_is_rule(const struct finding_summary *f, const struct finding_summaries *of)
{
	return in_half(f->runs, of->of_runs);
}

static int heavier_summary(const void *a, const void *b)
{
	const struct finding_summary *x = a, *y = b;
	bool often = in_half(x->runs, x->all_ns.n);

	if (often != in_half(y->runs, y->all_ns.n))
		return often ? -1 : 1;
	if (x->typical != y->typical)
		return x->typical > y->typical ? -1 : 1;
	if (x->all_ns.mean > y->all_ns.mean || x->all_ns.mean < y->all_ns.mean)
		return x->all_ns.mean > y->all_ns.mean ? -1 : 1;
	return strcmp(x->rule->name, y->rule->name);
}

void findings_of_scenario(const struct scenario_result *s, struct finding_summaries *out)
{
	const struct finding_rule *rule = NULL;
	size_t i;

	*out = (struct finding_summaries){ 0 };
	for (i = 0; i < s->n_runs; i++)
		out->of_runs += run_counted(s->runs[i]) && s->runs[i]->path.n;
	while (out->of_runs && (rule = finding_rule_next(rule))) {
		struct finding_summary summary = { .rule = rule };

		summarise(s, out->of_runs, &summary);
		if (summary.runs == 0)
			continue;
		ARRAY_RESERVE(out->list, out->n, out->cap, 1);
		out->list[out->n++] = summary;
	}
	if (out->n)
		qsort(out->list, out->n, sizeof(*out->list), heavier_summary);
}
