// SPDX-License-Identifier: GPL-2.0-only
/*
 * session.c - records in, model out: which record belongs to what.
 *
 * The session's own records (head.run = 0 or any) are handled here, those of a run in run.c.
 */
#include "user/model/session.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/run.h"
#include "user/record/reader.h"

/* More than any honest session has; they are searched one by one. */
#define ENV_MAX 1024
#define SCENARIOS_MAX 1024

struct session *session_new(void)
{
	struct session *s = xcalloc(1, sizeof(*s));

	s->version = "";
	return s;
}

const char *session_string(struct session *s, const struct wire_head *record, size_t body_size,
			   unsigned int index)
{
	const char *text;
	size_t n = record_string(record, body_size, index, &text);

	return n ? arena_strndup(&s->arena, text, n) : "";
}

const char *session_ready_by(const struct session *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		if (s->runs[i]->has_ready)
			return s->runs[i]->ready_by;
	return NULL;
}

const char *session_env(const struct session *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->n_env; i++) {
		if (!strcmp(s->env[i].key, key))
			return s->env[i].value;
	}
	return NULL;
}

static bool add_session(struct session *s, const struct wire_head *record)
{
	if (s->started)
		return false;
	record_body(record, &s->head, sizeof(s->head));
	s->version = session_string(s, record, sizeof(s->head), 0);
	s->started = record->time;
	return true;
}

/* A later word on a key replaces the earlier one. */
static bool add_env(struct session *s, const struct wire_head *record)
{
	const char *key = session_string(s, record, sizeof(struct host_env), 0);
	const char *value = session_string(s, record, sizeof(struct host_env), 1);
	size_t i;

	if (!*key)
		return false;
	for (i = 0; i < s->n_env; i++) {
		if (!strcmp(s->env[i].key, key)) {
			s->env[i].value = value;
			return true;
		}
	}
	if (s->n_env == ENV_MAX)
		return false;
	ARRAY_RESERVE(s->env, s->n_env, s->cap_env, 1);
	s->env[s->n_env++] = (struct env_entry){ .key = key, .value = value };
	return true;
}

struct scenario_result *session_scenario(const struct session *s, uint32_t id)
{
	size_t i;

	for (i = 0; i < s->n_scenarios; i++) {
		if (s->scenarios[i]->id == id)
			return s->scenarios[i];
	}
	return NULL;
}

/* Move the last one to its place among the rows; equal rows stay in the order of the file. */
static void sort_last_scenario(struct session *s)
{
	size_t i = s->n_scenarios - 1;
	struct scenario_result *last = s->scenarios[i];

	for (; i > 0 && s->scenarios[i - 1]->row > last->row; i--)
		s->scenarios[i] = s->scenarios[i - 1];
	s->scenarios[i] = last;
}

static void remove_scenario(struct session *s, const struct scenario_result *scenario)
{
	size_t i = 0;

	while (s->scenarios[i] != scenario)
		i++;
	s->n_scenarios--;
	memmove(&s->scenarios[i], &s->scenarios[i + 1],
		(s->n_scenarios - i) * sizeof(s->scenarios[0]));
}

/*
 * A second record of the same id brings the row up to date: a scenario that was there can turn out
 * not to be when it is prepared. Its runs stay.
 */
static bool add_scenario(struct session *s, const struct wire_head *record)
{
	struct host_scenario body;
	struct scenario_result *r;

	record_body(record, &body, sizeof(body));
	r = session_scenario(s, body.id);
	if (r) {
		remove_scenario(s, r);
	} else {
		if (s->n_scenarios == SCENARIOS_MAX)
			return false;
		r = arena_alloc(&s->arena, sizeof(*r));
		r->id = body.id;
	}
	r->row = body.row;
	r->flags = body.flags;
	r->available = body.status == SCENARIO_AVAILABLE;
	{
		const char **const strings[] = {
			&r->name,   &r->title,  &r->boundary, &r->runtime_path, &r->runtime_version,
			&r->accel,  &r->reason, &r->advice,   &r->stands_for,
		};
		unsigned int i;

		for (i = 0; i < ARRAY_SIZE(strings); i++)
			*strings[i] = session_string(s, record, sizeof(body), i);
	}
	ARRAY_RESERVE(s->scenarios, s->n_scenarios, s->cap_scenarios, 1);
	s->scenarios[s->n_scenarios++] = r;
	sort_last_scenario(s);
	return true;
}

/* Where run number is among the runs, or would have to be put. */
static size_t run_position(const struct session *s, uint32_t number)
{
	size_t low = 0, high = s->n_runs;

	/* As a rule runs are numbered 1, 2, 3 …, and this is asked for every record. */
	if (number && number <= s->n_runs && s->runs[number - 1]->number == number)
		return number - 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->runs[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct run *find_run(const struct session *s, uint32_t number)
{
	size_t at = run_position(s, number);

	return at < s->n_runs && s->runs[at]->number == number ? s->runs[at] : NULL;
}

static bool begin_run(struct session *s, const struct wire_head *record)
{
	struct host_run_begin body;
	struct scenario_result *scenario;
	struct run *r;
	size_t at;

	record_body(record, &body, sizeof(body));
	scenario = session_scenario(s, body.scenario);
	if (!record->run || !scenario || find_run(s, record->run))
		return false;
	r = run_new(s, record->run, &body);
	r->scenario = scenario;
	r->begun = record->time;
	scenario->preparing = false;
	ARRAY_RESERVE(scenario->runs, scenario->n_runs, scenario->cap_runs, 1);
	scenario->runs[scenario->n_runs++] = r;
	at = run_position(s, r->number);
	ARRAY_RESERVE(s->runs, s->n_runs, s->cap_runs, 1);
	memmove(&s->runs[at + 1], &s->runs[at], (s->n_runs - at) * sizeof(s->runs[0]));
	s->runs[at] = r;
	s->n_runs++;
	return true;
}

static bool add_preparing(struct session *s, const struct wire_head *record)
{
	struct host_preparing body;
	struct scenario_result *scenario;

	record_body(record, &body, sizeof(body));
	scenario = session_scenario(s, body.scenario);
	if (scenario)
		scenario->preparing = true;
	return scenario != NULL;
}

static bool add(struct session *s, const struct wire_head *record)
{
	struct run *r;

	switch (record->kind) {
	case HOST_SESSION:
		return add_session(s, record);
	case HOST_ENV:
		return add_env(s, record);
	case HOST_SCENARIO:
		return add_scenario(s, record);
	case HOST_RUN_BEGIN:
		return begin_run(s, record);
	case HOST_PREPARING:
		return add_preparing(s, record);
	case HOST_DENSITY:
	case HOST_DENSITY_STEP:
	case HOST_DENSITY_INSTANCE:
	case HOST_DENSITY_FILE:
		return density_add(s, record);
	default:
		/* Unknown, of the session: a later version. Of no run that began: nonsense. */
		r = find_run(s, record->run);
		return r ? run_add(s, r, record) : record->run == 0;
	}
}

void session_add(struct session *s, const struct wire_head *record)
{
	s->records++;
	if (record->size < sizeof(*record) || !add(s, record))
		s->nonsense++;
}

void session_add_symbol(struct session *s, const struct host_symbol *symbol, const char *name)
{
	ARRAY_RESERVE(s->symbols, s->n_symbols, s->cap_symbols, 1);
	s->symbols[s->n_symbols++] = (struct kernel_symbol){
		.address = symbol->address, .name = name,
	};
	s->symbols_sorted = false;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct kernel_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return strcmp(x->name, y->name);
}

size_t session_symbol_at(const struct session *s, uint64_t address)
{
	size_t low = 0, high = s->symbols_sorted ? s->n_symbols : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->symbols[middle].address < address)
			low = middle + 1;
		else if (s->symbols[middle].address > address)
			high = middle;
		else
			return middle;
	}
	return s->n_symbols;
}

const char *session_symbol(const struct session *s, uint64_t address)
{
	size_t at = session_symbol_at(s, address);

	return at < s->n_symbols ? s->symbols[at].name : "";
}

void session_set_phase_rules(struct session *s, phase_rules_fn rules)
{
	s->phase_rules = rules;
}

/* Every run names its own addresses: the same ones, as a rule. */
static void sort_symbols(struct session *s)
{
	size_t n = 0, i;

	if (s->symbols_sorted || s->n_symbols == 0)
		return;
	qsort(s->symbols, s->n_symbols, sizeof(*s->symbols), compare_symbols);
	for (i = 0; i < s->n_symbols; i++)
		if (n == 0 || s->symbols[n - 1].address != s->symbols[i].address)
			s->symbols[n++] = s->symbols[i];
	s->n_symbols = n;
	s->symbols_sorted = true;
}

/* What only all runs of a scenario together say. */
static void settle_scenario(struct session *s, const struct scenario_result *scenario)
{
	size_t i;

	critpath_share_samples(scenario);
	for (i = 0; i < scenario->n_runs; i++)
		ledger_of_run(s, scenario->runs[i]);
	memory_cost_find(s, scenario);
	findings_settle(s, scenario);
}

static void settle_runs(struct session *s,
			void (*settle)(struct session *s, struct run *r, uint16_t port))
{
	uint16_t port = s->head.port <= UINT16_MAX ? (uint16_t)s->head.port : 0;
	size_t i;

	sort_symbols(s);
	for (i = 0; i < s->n_runs; i++)
		settle(s, s->runs[i], port);
	for (i = 0; i < s->n_scenarios; i++) {
		if (s->scenarios[i]->stale)
			settle_scenario(s, s->scenarios[i]);
		s->scenarios[i]->stale = false;
	}
}

void session_settle(struct session *s)
{
	settle_runs(s, run_settle);
}

void session_grow(struct session *s)
{
	settle_runs(s, run_grow);
}

void session_free(struct session *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_runs; i++)
		run_release(s->runs[i]);
	for (i = 0; i < s->n_scenarios; i++) {
		free(s->scenarios[i]->runs);
		density_release(&s->scenarios[i]->density);
	}
	free(s->scenarios);
	free(s->runs);
	free(s->env);
	free(s->symbols);
	texts_release(&s->row_texts);
	arena_release(&s->arena);
	free(s);
}
