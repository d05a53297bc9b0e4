// SPDX-License-Identifier: GPL-2.0-only
/* export.c - the table of formats, and which runs of a recording are exported. */
#include "user/export/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/labels.h"

#define EXPORT(name) extern const struct export_ops export_##name;
#include "exports.gen.h"
#undef EXPORT

#define EXPORT(name) &export_##name,
const struct export_ops *const exports[] = {
#include "exports.gen.h"
	NULL,
};
#undef EXPORT

const struct export_ops *export_find(const char *name)
{
	const struct export_ops *const *e;

	for (e = exports; *e; e++)
		if (!strcmp((*e)->name, name))
			return *e;
	return NULL;
}

static bool asked_for(const struct export_choice *choice, const char *name)
{
	size_t i;

	for (i = 0; i < choice->n_scenarios; i++)
		if (!strcmp(choice->scenarios[i], name))
			return true;
	return choice->n_scenarios == 0;
}

static bool in_recording(const struct session *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_scenarios; i++)
		if (!strcmp(s->scenarios[i]->name, name))
			return true;
	return false;
}

static bool wanted(const struct run *r, const struct run *median, const struct export_choice *choice,
		   bool all)
{
	if (r->warmup)
		return false;
	if (choice->run == EXPORT_RUN_INDEX)
		return r->index == choice->index;
	return all || r == median;
}

static void pick_runs(struct export_pick *pick, const struct export_choice *choice, bool all)
{
	const struct scenario_result *s = pick->scenario;
	const struct run *median = scenario_median_run(s);
	size_t i;

	pick->runs = xcalloc(s->n_runs + 1, sizeof(*pick->runs));
	for (i = 0; i < s->n_runs; i++)
		if (wanted(s->runs[i], median, choice, all))
			pick->runs[pick->n_runs++] = s->runs[i];
}

/* A scenario that was named, or a run that was numbered, has to be there. */
static int check_choice(const struct export_source *source, const struct export_choice *choice,
			bool needs_run, struct error *err)
{
	CLEANUP_FREE char *end = label_end(source->session);
	const char *reason;
	size_t i;

	for (i = 0; i < source->n_picks; i++) {
		const struct export_pick *pick = &source->picks[i];

		if (pick->n_runs || !choice->n_scenarios || !needs_run)
			continue;
		if (choice->run == EXPORT_RUN_INDEX)
			return error_class(err, ERROR_USAGE, -ENOENT,
					   "%s has no run %" PRIu32 " of %s", source->name,
					   choice->index + 1, pick->scenario->name);
		reason = scenario_reason(pick->scenario);
		return error_class(err, ERROR_USAGE, -ENOENT, "no run of %s in %s reached %s%s%s",
				   pick->scenario->name, source->name, end, *reason ? ": " : "",
				   reason);
	}
	if (source->n_runs)
		return 0;
	if (choice->run == EXPORT_RUN_INDEX)
		return error_class(err, ERROR_USAGE, -ENOENT, "%s has no run %" PRIu32,
				   source->name, choice->index + 1);
	if (!needs_run)
		return 0;
	return error_class(err, ERROR_USAGE, -ENOENT,
			   "%s has no run that reached %s%s", source->name, end,
			   choice->run == EXPORT_RUN_ALL ? "" : "; --run all takes failed ones too");
}

static void pick(struct export_source *source, const struct export_ops *ops,
		 const struct export_choice *choice)
{
	const struct session *s = source->session;
	bool all = choice->run == EXPORT_RUN_ALL ||
		   (choice->run == EXPORT_RUN_DEFAULT && ops->runs != EXPORT_MEDIAN);
	size_t i;

	source->picks = xcalloc(s->n_scenarios + 1, sizeof(*source->picks));
	source->n_picks = source->n_runs = 0;
	for (i = 0; i < s->n_scenarios; i++) {
		struct export_pick *to = &source->picks[source->n_picks];

		if (!asked_for(choice, s->scenarios[i]->name))
			continue;
		to->scenario = s->scenarios[i];
		pick_runs(to, choice, all);
		source->n_picks++;
		source->n_runs += to->n_runs;
	}
}

static int check_scenarios(const struct export_source *sources, size_t n,
			   const struct export_choice *choice, struct error *err)
{
	size_t i, k;

	for (i = 0; i < choice->n_scenarios; i++) {
		for (k = 0; k < n && !in_recording(sources[k].session, choice->scenarios[i]); k++)
			;
		if (k < n)
			continue;
		return error_class(err, ERROR_USAGE, -ENOENT, "%s%s%s%s has %s scenario '%s'",
				   n > 1 ? "neither " : "", sources[0].name, n > 1 ? " nor " : "",
				   n > 1 ? sources[1].name : "", n > 1 ? "a" : "no",
				   choice->scenarios[i]);
	}
	return 0;
}

int export_choose(struct export_source *sources, size_t n, const struct export_ops *ops,
		  const struct export_choice *choice, struct error *err)
{
	struct error first = { 0 };
	size_t i;
	int ret = check_scenarios(sources, n, choice, err);

	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		pick(&sources[i], ops, choice);
	/* What one of them has is enough: the others show that they have it not. */
	for (i = 0; i < n; i++) {
		ret = check_choice(&sources[i], choice, ops->needs_run, i ? &first : err);
		if (!ret)
			return 0;
	}
	return err->code;
}

void export_source_release(struct export_source *source)
{
	size_t i;

	for (i = 0; i < source->n_picks; i++)
		free(source->picks[i].runs);
	free(source->picks);
	source->picks = NULL;
	source->n_picks = source->n_runs = 0;
}
