// SPDX-License-Identifier: GPL-2.0-only
#include "user/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/text.h"
#include "user/record/format.h"

static bool is_candidate(const struct canonical_row *rows, const char *name)
{
	const char *const *c;

	for (; rows->name; rows++)
		for (c = rows->candidates; *c; c++)
			if (!strcmp(*c, name))
				return true;
	return false;
}

static void add_own(struct rows *r, const struct scenario_ops *ops)
{
	const char **candidates = arena_alloc(&r->arena, 2 * sizeof(*candidates));

	candidates[0] = ops->name;
	ARRAY_RESERVE(r->list, r->n, r->cap, 1);
	r->list[r->n++] = (struct stage_row){
		.name = ops->name, .title = ops->title, .candidates = candidates,
	};
}

static void add_canonical(struct rows *r, const struct canonical_row *row)
{
	ARRAY_RESERVE(r->list, r->n, r->cap, 1);
	r->list[r->n++] = (struct stage_row){
		.name = row->name, .title = row->title, .candidates = row->candidates,
		.advice = row->advice,
	};
}

/* native, the canonical five, then whatever else there is a driver for. */
static void rows_all(struct rows *r)
{
	const struct canonical_row *row;
	const struct scenario_ops *const *ops;

	for (row = canonical_rows; row->name; row++)
		add_canonical(r, row);
	for (ops = scenarios; *ops; ops++)
		if (!is_candidate(canonical_rows, (*ops)->name) &&
		    !((*ops)->flags & SCENARIO_ON_DEMAND))
			add_own(r, *ops);
}

static int unknown_runtime(const char *name)
{
	const char *names[64];
	const char *near;
	char shown[128];
	size_t n = 0;

	for (; scenarios[n] && n < ARRAY_SIZE(names); n++)
		names[n] = scenarios[n]->name;
	near = text_suggest(name, names, n);
	fprintf(stderr, "coldprof: unknown runtime '%s'%s%s%s; `coldprof list` names them\n",
		text_escape(shown, sizeof(shown), name, strlen(name)),
		near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return EXIT_USAGE;
}

static bool is_chosen(const struct rows *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n; i++)
		if (!strcmp(r->list[i].name, name))
			return true;
	return false;
}

/* An option that nobody of them takes is said, not swallowed; with --all it is for some. */
static void warn_initcalls(const struct rows *r)
{
	const struct scenario_ops *ops;
	const char *const *c;
	size_t i;

	for (i = 0; i < r->n; i++)
		for (c = r->list[i].candidates; *c; c++) {
			ops = scenario_find(*c);
			if (ops && ops->tells_initcalls)
				return;
		}
	fprintf(stderr, "coldprof: --guest-initcalls does nothing here: no chosen runtime boots a guest "
			"that tells them (qemu does)\n");
}

static int rows_named(struct rows *r, const struct launch_options *o)
{
	const struct canonical_row *row;
	size_t i;

	for (i = 0; i < o->n_runtimes; i++) {
		const struct scenario_ops *ops = scenario_find(o->runtimes[i]);

		if (is_chosen(r, o->runtimes[i]))
			continue; /* named twice: run once */
		for (row = canonical_rows; row->name; row++)
			if (!strcmp(row->name, o->runtimes[i]))
				break;
		if (ops) {
			add_own(r, ops);
		} else if (row->name) {
			add_canonical(r, row);
		} else {
			return unknown_runtime(o->runtimes[i]);
		}
	}
	return EXIT_DONE;
}

int rows_choose(struct rows *r, const struct launch_options *o)
{
	int ret = EXIT_DONE;

	if (o->n_runtimes)
		ret = rows_named(r, o);
	else
		rows_all(r);
	if (!ret && o->stage.scenario.guest_initcalls)
		warn_initcalls(r);
	return ret;
}

void rows_release(struct rows *r)
{
	free(r->list);
	arena_release(&r->arena);
}
