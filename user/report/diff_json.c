// SPDX-License-Identifier: GPL-2.0-only
/* diff_json.c - what moved, for scripts; docs/json.md has the keys. */
#include "user/base/json.h"
#include "user/report/diff.h"

static void add_stats(struct json *j, const char *key, const struct stats *s)
{
	if (!s->n) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_u64(j, "n", s->n);
	json_double(j, "median", s->median);
	json_double(j, "min", s->min);
	json_double(j, "max", s->max);
	json_double(j, "stddev", s->stddev);
	json_end(j);
}

static void add_rows(struct json *j, const char *key, const struct compare_rows *rows)
{
	size_t i;

	json_array(j, key);
	for (i = 0; i < rows->n; i++) {
		const struct compare_row *row = &rows->list[i];

		json_object(j, NULL);
		json_string(j, "name", row->name);
		json_string(j, "unit", row->unit == COMPARE_NS ? "ns" : "bytes");
		add_stats(j, "base", &row->base);
		add_stats(j, "new", &row->fresh);
		if (row->base.n && row->fresh.n)
			json_double(j, "difference", row->by);
		else
			json_null(j, "difference");
		json_string(j, "moved", compare_moved_name(row->moved));
		json_end(j);
	}
	json_end(j);
}

int diff_json(FILE *out, const struct comparison *c, const struct diff_side *base,
	      const struct diff_side *fresh)
{
	struct json j;
	size_t i;

	json_init(&j, out);
	json_object(&j, NULL);
	json_string(&j, "format", "coldprof-diff");
	json_u64(&j, "version", 1);
	json_string(&j, "base", base->name);
	json_string(&j, "new", fresh->name);
	json_bool(&j, "regressed", c->regressed);
	json_array(&j, "scenarios");
	for (i = 0; i < c->n; i++) {
		const struct compare_scenario *s = &c->list[i];

		json_object(&j, NULL);
		json_string(&j, "name", s->name);
		json_bool(&j, "in_base", s->base != NULL);
		json_bool(&j, "in_new", s->fresh != NULL);
		json_bool(&j, "broken", s->broken);
		json_bool(&j, "regressed", s->regressed);
		add_rows(&j, "totals", &s->totals);
		add_rows(&j, "phases", &s->phases);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	return json_finish(&j);
}
