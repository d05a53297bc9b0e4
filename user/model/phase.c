// SPDX-License-Identifier: GPL-2.0-only
/* phase.c - rules to boundaries, boundaries to phases. */
#include "user/model/phase.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/session.h"

const struct phase_rule phase_rules_general[] = {
	{ .name = "exec" },
	{ .name = "runtime start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_SERVICE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

bool phase_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *retry = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			retry = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++retry;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* One rule that looks for its event. */
struct search {
	const struct run *run;
	const struct phase_rule *rule;
	uint64_t from, to; /* absolute, both included */
	uint64_t *times;   /* of what matches, for .nth */
	size_t n, cap;
	uint64_t first, last;
	uint32_t first_pid, last_pid;
	uint32_t before; /* .same: whose event the phase before began with; 0 = nobody's */
};

static bool is_who(const struct search *q, uint32_t pid)
{
	const struct tree *tree = &q->run->tree;
	uint32_t root = tree->n ? tree->processes[0]->pid : 0;
	uint32_t service = q->run->milestones.service_pid;

	switch (q->rule->who) {
	case PHASE_ROOT:
		return pid == root;
	case PHASE_NOT_ROOT:
		return pid != root;
	case PHASE_SERVICE:
		return service && pid == service;
	case PHASE_NOT_SERVICE:
		return pid != service;
	default:
		return true;
	}
}

#define ARGV0_EXECS 64 /* of a process: a recording cannot make this slow */

/* The first argument that a process was last executed with by then; "" when not known. */
static const char *argv0_of(const struct run *run, uint32_t pid, uint64_t time)
{
	const struct process *p = tree_process(&run->tree, pid);
	const char *argv0 = "";
	size_t i;

	for (i = 0; p && i < p->n_execs && i < ARGV0_EXECS; i++)
		if (p->execs[i].time <= time && p->execs[i].argv_len)
			argv0 = p->execs[i].argv;
	return argv0;
}

/* An event of the rule's kind at that time by that task, its own conditions fulfilled. */
static void found(struct search *q, uint64_t time, uint32_t tid, uint32_t pid)
{
	const struct sched_task *task;

	if (time < q->from || time > q->to || !is_who(q, pid))
		return;
	if (q->rule->comm) {
		task = sched_task(&q->run->sched, tid);
		if (!phase_matches(q->rule->comm,
				   task ? sched_task_name(&q->run->sched, task, time) : ""))
			return;
	}
	if (q->rule->argv0 && !phase_matches(q->rule->argv0, argv0_of(q->run, pid, time)))
		return;
	if (q->rule->same && (!q->before || pid != q->before))
		return;
	if (q->n == 0 || time < q->first) {
		q->first = time;
		q->first_pid = pid;
	}
	if (q->n == 0 || time > q->last) {
		q->last = time;
		q->last_pid = pid;
	}
	q->n++;
	if (q->rule->nth > 1) {
		size_t kept = q->n - 1;

		ARRAY_RESERVE(q->times, kept, q->cap, 1);
		q->times[kept] = time;
	}
}

static bool pattern_fits(const char *pattern, const char *text)
{
	return !pattern || phase_matches(pattern, text);
}

/* argv has NULs within, and one more behind it. */
static bool argument_fits(const char *pattern, const struct exec *e)
{
	size_t at;

	if (!pattern)
		return true;
	for (at = 0; at < e->argv_len; at += strlen(e->argv + at) + 1)
		if (phase_matches(pattern, e->argv + at))
			return true;
	return false;
}

static void search_execs(struct search *q)
{
	const struct tree *tree = &q->run->tree;
	size_t i, k;

	for (i = 0; i < tree->n; i++) {
		const struct process *p = tree->processes[i];

		for (k = 0; k < p->n_execs; k++)
			if (pattern_fits(q->rule->exe, p->execs[k].exe) &&
			    argument_fits(q->rule->argument, &p->execs[k]))
				found(q, p->execs[k].time, p->pid, p->pid);
	}
}

static void search_lives(struct search *q)
{
	const struct sched *s = &q->run->sched;
	const struct phase_rule *rule = q->rule;
	size_t i;

	for (i = 0; i < s->n_lives; i++) {
		const struct sched_life *l = &s->lives[i];
		bool fork = l->kind == WIRE_FORK;

		if (rule->at == PHASE_FORK && fork && l->other_pid != l->pid &&
		    (!rule->ns_changed || l->ns_changed))
			found(q, l->time, l->tid, l->pid);
		else if (rule->at == PHASE_EXIT && l->kind == WIRE_EXIT && l->tid == l->pid)
			found(q, l->time, l->tid, l->pid);
		else if (rule->at == PHASE_COMM && (fork || l->kind == WIRE_COMM) &&
			 pattern_fits(rule->object, sched_name(s, l->name)))
			found(q, l->time, fork ? l->other : l->tid, fork ? l->other_pid : l->pid);
	}
}

static void search_calls(struct search *q)
{
	const struct sched *s = &q->run->sched;
	const struct phase_rule *rule = q->rule;
	size_t i;

	for (i = 0; i < s->n_calls; i++) {
		const struct sched_call *c = &s->calls[i];

		if (c->made || c->nr != rule->nr || !pattern_fits(rule->object, c->object))
			continue;
		if (rule->mask && (c->arg[rule->arg % 3] & rule->mask) != rule->value)
			continue;
		found(q, rule->returned ? c->exit : c->enter, c->tid, c->pid);
	}
}

static void search_events(struct search *q)
{
	static const uint16_t kinds[] = {
		[PHASE_KVM_RUN] = WIRE_KVM_RUN, [PHASE_TAP_FRAME] = WIRE_TAP_FRAME,
		[PHASE_GUEST_SYSCALL] = WIRE_GUEST_SYSCALL, [PHASE_LISTEN] = WIRE_LISTEN,
	};
	const struct run *r = q->run;
	size_t i;

	for (i = 0; i < r->n_socks; i++) {
		const struct sock_event *e = &r->socks[i];

		if (e->kind == kinds[q->rule->at] &&
		    (q->rule->at != PHASE_GUEST_SYSCALL || e->value == q->rule->nr))
			found(q, e->time, e->tid, e->pid);
	}
}

static void search_kvm(struct search *q)
{
	const struct run *r = q->run;
	size_t i;

	for (i = 0; i < r->n_kvm_calls; i++) {
		const struct kvm_call *c = &r->kvm_calls[i];
		const struct sched_task *task = sched_task(&r->sched, c->tid);

		if (c->cmd == q->rule->nr)
			found(q, q->rule->returned ? c->exit : c->enter, c->tid,
			      task ? task->pid : 0);
	}
}

static void search_guest(struct search *q)
{
	const struct phase_rule *rule = q->rule;
	const struct vm *vm = &q->run->vm;
	bool mark = rule->at == PHASE_GUEST_MARK || rule->at == PHASE_GUEST_MMIO;
	uint32_t space = rule->at == PHASE_GUEST_MMIO ? WIRE_SPACE_MMIO : WIRE_SPACE_PORT;
	size_t i;

	if (rule->at == PHASE_GUEST_CLOCK && vm->clock_zero)
		found(q, vm->clock_zero, 0, 0);
	for (i = 0; rule->at == PHASE_CONSOLE && i < vm->n_lines; i++)
		if (phase_matches(rule->object, vm->lines[i].text))
			found(q, vm->lines[i].time, 0, 0);
	for (i = 0; mark && i < vm->n_marks; i++)
		if (vm->marks[i].address == rule->nr && vm->marks[i].space == space &&
		    (!rule->mask || (vm->marks[i].value & rule->mask) == rule->value))
			found(q, vm->marks[i].time, 0, 0);
}

static int compare_times(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* .before_exe: where nobody executes it, nothing is before it. */
static void end_before_exe(struct search *q)
{
	const struct tree *tree = &q->run->tree;
	uint64_t first = 0;
	size_t i, k;

	for (i = 0; i < tree->n; i++)
		for (k = 0; k < tree->processes[i]->n_execs; k++) {
			const struct exec *e = &tree->processes[i]->execs[k];

			if (phase_matches(q->rule->before_exe, e->exe) && (!first || e->time < first))
				first = e->time;
		}
	if (first < q->to)
		q->to = first;
}

/* The moment at which a rule's phase begins, absolute; false when its event did not occur. */
static bool find_event(struct search *q, uint64_t *time)
{
	const struct milestones *m = &q->run->milestones;
	const struct phase_rule *rule = q->rule;

	if (rule->before != MILESTONE_LAUNCH && m->seen[rule->before] &&
	    m->launch + m->at[rule->before] < q->to)
		q->to = m->launch + m->at[rule->before];
	if (rule->before_exe)
		end_before_exe(q);
	switch (rule->at) {
	case PHASE_MILESTONE:
		*time = m->launch + m->at[rule->milestone];
		return m->seen[rule->milestone] && *time >= q->from && *time <= q->to;
	case PHASE_EXEC:
		search_execs(q);
		break;
	case PHASE_FORK:
	case PHASE_EXIT:
	case PHASE_COMM:
		search_lives(q);
		break;
	case PHASE_SYSCALL:
		search_calls(q);
		break;
	case PHASE_KVM_IOCTL:
		search_kvm(q);
		break;
	case PHASE_KVM_RUN:
	case PHASE_TAP_FRAME:
	case PHASE_GUEST_SYSCALL:
	case PHASE_LISTEN:
		search_events(q);
		break;
	case PHASE_CONSOLE:
	case PHASE_GUEST_MARK:
	case PHASE_GUEST_CLOCK:
	case PHASE_GUEST_MMIO:
		search_guest(q);
		break;
	default:
		return false;
	}
	if (rule->nth > 1 && q->n >= rule->nth) {
		qsort(q->times, q->n, sizeof(*q->times), compare_times);
		*time = q->times[rule->nth - 1];
		return true;
	}
	*time = rule->last ? q->last : q->first;
	return q->n > 0 && rule->nth <= 1;
}

/* Whose event was found; 0 = nobody's, or of one of several. */
static uint32_t found_pid(const struct search *q)
{
	if (q->rule->nth > 1)
		return 0;
	return q->rule->last ? q->last_pid : q->first_pid;
}

/* The phase that goes on takes a name on: "a + b". */
static const char *join(struct session *session, const char *a, const char *b)
{
	CLEANUP_FREE char *both = xasprintf("%s + %s", a, b);

	return arena_strndup(&session->arena, both, strlen(both));
}

static void add_phase(struct phases *p, const char *name, uint64_t start)
{
	ARRAY_RESERVE(p->list, p->n, p->cap, 1);
	p->list[p->n++] = (struct phase){ .name = name, .start = start };
}

static void merge_phase(struct session *session, struct phase *into, const char *name)
{
	into->merged = true;
	into->name = join(session, into->name, name);
}

/* A phase from start on, where the last one ends: or in its place, when that has no length. */
static void begin_phase(struct session *session, struct phases *p, const char *name,
			uint64_t start)
{
	struct phase *last = &p->list[p->n - 1];

	if (start > last->start)
		add_phase(p, name, start);
	else if (last->merged)
		merge_phase(session, last, name);
	else
		last->name = name;
}

/* Of rules with the same name one after the other, the last. */
static const struct phase_rule *last_of_name(const struct phase_rule *rule)
{
	while (rule[1].name && !strcmp(rule[1].name, rule->name))
		rule++;
	return rule;
}

/* The moments of a service, which a command that is ready by something else need not be. */
static bool needs_answer(const struct milestones *m, const struct phase_rule *rule)
{
	return m->end == MILESTONE_READY && rule->at == PHASE_MILESTONE;
}

/* Tables of conditions and whether they hold; the same few stand at many rules. */
#define CONDITIONS 8
struct conditions {
	const struct phase_rule *tables[CONDITIONS];
	bool hold[CONDITIONS];
	size_t n;
};

static bool any_event(const struct run *run, const struct phase_rule *rule, uint64_t end)
{
	uint64_t time, launch = run->milestones.launch;
	bool seen = false;

	for (; rule->name && !seen; rule++) {
		struct search q = { .run = run, .rule = rule, .from = launch,
				    .to = launch + end - 1 };

		seen = find_event(&q, &time);
		free(q.times);
	}
	return seen;
}

static bool holds(struct conditions *c, const struct run *run, const struct phase_rule *table,
		  uint64_t end)
{
	size_t i;
	bool hold;

	for (i = 0; i < c->n; i++)
		if (c->tables[i] == table)
			return c->hold[i];
	hold = any_event(run, table, end);
	if (c->n < CONDITIONS) {
		c->tables[c->n] = table;
		c->hold[c->n++] = hold;
	}
	return hold;
}

/* Is this rule there in such a run? */
static bool applies(struct conditions *c, const struct run *run, const struct phase_rule *rule,
		    uint64_t end)
{
	return (!rule->given || holds(c, run, rule->given, end)) &&
	       !(rule->unless && holds(c, run, rule->unless, end));
}

/*
 * Phases up to end, which is ns after launch. In a run that is over, what was not seen is merged into
 * the phase before; in one that goes on it may still come.
 */
static void find_until(struct session *session, struct run *run, const struct phase_rule *rules,
		       uint64_t end, bool over, struct phases *p)
{
	const struct milestones *m = &run->milestones;
	struct conditions conditions = { 0 };
	uint32_t before = 0;
	size_t i;

	p->n = 0;
	if (!m->launch || end == 0)
		return;
	if (!rules || !rules->name)
		rules = phase_rules_general;
	add_phase(p, rules->name, 0);
	for (rules++; rules->name; rules++) {
		struct phase *last = &p->list[p->n - 1];
		struct search q = { .run = run, .rule = rules, .from = m->launch + last->start,
				    .to = m->launch + end, .before = before };
		uint64_t time;
		bool seen;

		if (!applies(&conditions, run, rules, end))
			continue;
		seen = find_event(&q, &time);
		free(q.times);
		if (seen && time - m->launch < end) {
			begin_phase(session, p, rules->name, time - m->launch);
			before = found_pid(&q);
			rules = last_of_name(rules);
		} else if (over && !rules->optional && rules == last_of_name(rules) &&
			   !needs_answer(&run->milestones, rules)) {
			merge_phase(session, last, rules->name);
		}
	}
	for (i = 0; i < p->n; i++)
		p->list[i].end = i + 1 < p->n ? p->list[i + 1].start : end;
}

void phases_find(struct session *session, struct run *run, const struct phase_rule *rules)
{
	const struct milestones *m = &run->milestones;

	find_until(session, run, rules,
		   m->seen[m->end] ? m->at[m->end] : 0, true,
		   &run->phases);
}

void phases_so_far(struct session *session, struct run *run, const struct phase_rule *rules)
{
	uint64_t launch = run->milestones.launch;

	find_until(session, run, rules, run->latest > launch ? run->latest - launch : 0, false,
		   &run->growing);
}

static struct phase_summary *summary_of(struct phase_summaries *out, const char *name)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (!strcmp(out->list[i].name, name))
			return &out->list[i];
	return NULL;
}

/* The phases of a run that are not there yet, each behind its predecessor in that run. */
static void add_names(struct phase_summaries *out, const struct phases *p)
{
	size_t i, at = 0;

	for (i = 0; i < p->n; i++) {
		struct phase_summary *known = summary_of(out, p->list[i].name);

		if (known) {
			at = (size_t)(known - out->list) + 1;
			continue;
		}
		ARRAY_RESERVE(out->list, out->n, out->cap, 1);
		memmove(&out->list[at + 1], &out->list[at], (out->n - at) * sizeof(*out->list));
		out->list[at++] = (struct phase_summary){ .name = p->list[i].name,
							  .merged = p->list[i].merged };
		out->n++;
	}
}

/* Lengths of a phase in all runs that have it; several of a name in a run are one. */
static void add_lengths(const struct scenario_result *s, struct phase_summary *summary)
{
	CLEANUP_FREE uint64_t *values = xcalloc(s->n_runs + 1, sizeof(*values));
	size_t n = 0, i, k;

	for (i = 0; i < s->n_runs; i++) {
		const struct phases *p = &s->runs[i]->phases;
		bool has = false;

		for (k = 0; run_counted(s->runs[i]) && k < p->n; k++) {
			if (strcmp(p->list[k].name, summary->name))
				continue;
			values[n] += p->list[k].end - p->list[k].start;
			has = true;
		}
		if (has)
			summary->total += values[n++];
	}
	stats_of(values, n, &summary->stats);
}

void phases_of_scenario(const struct scenario_result *s, struct phase_summaries *out)
{
	const struct run *median = scenario_median_run(s);
	size_t i;

	*out = (struct phase_summaries){ 0 };
	if (median)
		add_names(out, &median->phases);
	for (i = 0; i < s->n_runs; i++)
		if (run_counted(s->runs[i]))
			add_names(out, &s->runs[i]->phases);
	for (i = 0; i < out->n; i++) {
		add_lengths(s, &out->list[i]);
		out->total += out->list[i].total;
	}
}
