// SPDX-License-Identifier: GPL-2.0-only
#include "user/report/density.h"
#include "user/report/why.h"

static void write_classes(struct json *j, const char *key, const struct memory_classes *c)
{
	json_object(j, key);
	json_u64(j, "anon", c->anon);
	json_u64(j, "file", c->file);
	json_u64(j, "shmem", c->shmem);
	json_u64(j, "guest_ram", c->guest);
	json_end(j);
}

static void write_weight(struct json *j, const struct density_weight *w)
{
	json_u64(j, "rss", w->rss);
	json_u64(j, "pss", w->pss);
	json_u64(j, "uss", w->uss);
	write_classes(j, "classes", &w->pss_of);
	write_classes(j, "rss_classes", &w->rss_of);
	json_u64(j, "page_tables", w->page_tables);
	json_u64(j, "kernel_stack", w->kernel_stack);
	json_u64(j, "hugetlb", w->hugetlb);
}

static void write_stats(struct json *j, const struct density_step *s)
{
	static const struct {
		const char *key;
		enum density_quantity quantity;
	} entries[] = { { "rss", DENSITY_RSS }, { "pss", DENSITY_PSS }, { "uss", DENSITY_USS } };
	struct stats stats;
	size_t i;

	json_object(j, "per_instance");
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		density_stats(s, entries[i].quantity, &stats);
		why_json_stats(j, entries[i].key, &stats);
	}
	json_end(j);
}

static void write_step(struct json *j, const struct density *d, const struct density_step *s)
{
	size_t i;

	json_object(j, NULL);
	json_u64(j, "instances", s->instances);
	json_u64(j, "available", s->available);
	json_i64(j, "available_delta", density_lost(d, s));
	json_u64(j, "boxes", s->boxes);
	if (s->guest_how != GUEST_NONE)
		json_string(j, "guest_ram_told_by", memory_guest_how_name(s->guest_how));
	write_weight(j, &s->all);
	write_stats(j, s);
	json_array(j, "list");
	for (i = 0; i < s->n; i++) {
		json_object(j, NULL);
		json_u64(j, "index", s->list[i].index);
		json_u64(j, "processes", s->list[i].processes);
		write_weight(j, &s->list[i].weight);
		json_end(j);
	}
	json_end(j);
	json_array(j, "files");
	for (i = 0; i < s->n_files; i++) {
		json_object(j, NULL);
		json_string(j, "path", s->files[i].path);
		json_u64(j, "mapped_by", s->files[i].mapped_by);
		json_u64(j, "rss", s->files[i].rss);
		json_u64(j, "pss", s->files[i].pss);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void density_json(struct json *j, const struct scenario_result *s)
{
	const struct density *d = &s->density;
	struct density_marginal one_more;
	size_t i;

	if (!d->taken)
		return;
	json_object(j, "density");
	json_u64(j, "asked", d->asked);
	json_u64(j, "answered", d->answered);
	json_string(j, "status", density_status_name(d->status));
	if (d->status != DENSITY_OK)
		json_string(j, "reason", d->reason);
	json_u64(j, "available_before", d->available);
	if (density_marginal(d, &one_more)) {
		json_object(j, "one_more");
		json_i64(j, "pss", one_more.pss);
		json_i64(j, "available", one_more.available);
		json_end(j);
		json_u64(j, "shared", density_shared(d));
	}
	json_array(j, "steps");
	for (i = 0; i < d->n; i++)
		write_step(j, d, &d->steps[i]);
	json_end(j);
	json_end(j);
}
