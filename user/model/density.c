// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/density.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/run.h"
#include "user/record/reader.h"

/* More than collection ever writes. */
#define STEPS_MAX 16
#define INSTANCES_MAX 4096
#define FILES_MAX 64
#define BYTES_MAX (1ull << 50) /* more memory than there is: so that sums do not overflow */

/* ---- records ---------------------------------------------------------------------------------- */

static bool add_density(struct session *s, struct scenario_result *r, const struct wire_head *record)
{
	struct density *d = &r->density;
	struct host_density body;

	record_body(record, &body, sizeof(body));
	if (body.status > DENSITY_INTERRUPTED || body.available > BYTES_MAX)
		return false;
	d->taken = true;
	d->asked = body.asked;
	d->answered = body.answered;
	d->status = (enum density_status)body.status;
	d->available = body.available;
	d->reason = session_string(s, record, sizeof(body), 0);
	return true;
}

static bool add_step(struct density *d, const struct wire_head *record)
{
	struct host_density_step body;

	record_body(record, &body, sizeof(body));
	if (!body.instances || d->n == STEPS_MAX || body.available > BYTES_MAX)
		return false;
	ARRAY_RESERVE(d->steps, d->n, d->cap, 1);
	d->steps[d->n++] = (struct density_step){ .instances = body.instances,
						  .available = body.available,
						  .boxes = body.boxes };
	return true;
}

static void add_weight(struct density_weight *to, const struct density_weight *w)
{
	to->rss += w->rss;
	to->pss += w->pss;
	to->uss += w->uss;
	to->pss_of.anon += w->pss_of.anon;
	to->pss_of.file += w->pss_of.file;
	to->pss_of.shmem += w->pss_of.shmem;
	to->pss_of.guest += w->pss_of.guest;
	to->rss_of.anon += w->rss_of.anon;
	to->rss_of.file += w->rss_of.file;
	to->rss_of.shmem += w->rss_of.shmem;
	to->rss_of.guest += w->rss_of.guest;
	to->page_tables += w->page_tables;
	to->kernel_stack += w->kernel_stack;
	to->hugetlb += w->hugetlb;
}

static bool add_instance(struct density *d, const struct wire_head *record)
{
	struct density_step *s = d->n ? &d->steps[d->n - 1] : NULL;
	struct host_density_instance b;
	struct density_instance *i;
	const __u64 *figure;

	record_body(record, &b, sizeof(b));
	for (figure = &b.rss; figure <= &b.hugetlb; figure++)
		if (*figure > BYTES_MAX)
			return false;
	if (!s || s->instances != b.instances || s->n == INSTANCES_MAX)
		return false;
	ARRAY_RESERVE(s->list, s->n, s->cap, 1);
	i = &s->list[s->n++];
	*i = (struct density_instance){
		.index = b.index, .processes = b.processes,
		.guest_how = b.guest_how <= GUEST_UNKNOWN ? (enum guest_how)b.guest_how :
							    GUEST_UNKNOWN,
		.weight = {
			.rss = b.rss, .pss = b.pss, .uss = b.uss,
			.pss_of = { b.pss_anon, b.pss_file, b.pss_shmem, b.pss_guest },
			.rss_of = { b.rss_anon, b.rss_file, b.rss_shmem, b.rss_guest },
			.page_tables = b.page_tables, .kernel_stack = b.kernel_stack,
			.hugetlb = b.hugetlb,
		},
	};
	if (i->guest_how > s->guest_how)
		s->guest_how = i->guest_how;
	add_weight(&s->all, &i->weight);
	return true;
}

static bool add_file(struct session *session, struct density *d, const struct wire_head *record)
{
	struct density_step *s = d->n ? &d->steps[d->n - 1] : NULL;
	struct host_density_file body;

	record_body(record, &body, sizeof(body));
	if (!s || s->instances != body.instances || s->n_files == FILES_MAX)
		return false;
	ARRAY_RESERVE(s->files, s->n_files, s->cap_files, 1);
	s->files[s->n_files++] = (struct density_file){
		.path = session_string(session, record, sizeof(body), 0),
		.mapped_by = body.mapped_by, .rss = body.rss, .pss = body.pss,
	};
	return true;
}

/* All four begin with the scenario's id. */
bool density_add(struct session *s, const struct wire_head *record)
{
	struct scenario_result *r;
	__u32 id;

	record_body(record, &id, sizeof(id));
	r = session_scenario(s, id);
	if (!r)
		return false;
	switch (record->kind) {
	case HOST_DENSITY:
		return add_density(s, r, record);
	case HOST_DENSITY_STEP:
		return add_step(&r->density, record);
	case HOST_DENSITY_INSTANCE:
		return add_instance(&r->density, record);
	case HOST_DENSITY_FILE:
		return add_file(s, &r->density, record);
	default:
		return false;
	}
}

void density_release(struct density *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->steps[i].list);
		free(d->steps[i].files);
	}
	free(d->steps);
}

/* ---- what it means ------------------------------------------------------------------------------ */

const struct density_step *density_alone(const struct density *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->steps[i].instances == 1 && d->steps[i].n)
			return &d->steps[i];
	return NULL;
}

const struct density_step *density_together(const struct density *d)
{
	const struct density_step *most = NULL;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (d->steps[i].n && (!most || d->steps[i].instances > most->instances))
			most = &d->steps[i];
	return most;
}

void density_stats(const struct density_step *s, enum density_quantity q, struct stats *out)
{
	CLEANUP_FREE uint64_t *values = xcalloc(s->n ? s->n : 1, sizeof(*values));
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct density_weight *w = &s->list[i].weight;

		values[i] = q == DENSITY_RSS ? w->rss : q == DENSITY_PSS ? w->pss : w->uss;
	}
	stats_of(values, s->n, out);
}

int64_t density_lost(const struct density *d, const struct density_step *s)
{
	return (int64_t)d->available - (int64_t)s->available;
}

bool density_marginal(const struct density *d, struct density_marginal *out)
{
	const struct density_step *one = density_alone(d), *all = density_together(d);
	int64_t more;

	if (!one || all->instances < 2)
		return false;
	more = (int64_t)all->instances - 1;
	out->pss = ((int64_t)all->all.pss - (int64_t)one->all.pss) / more;
	out->available = ((int64_t)one->available - (int64_t)all->available) / more;
	return true;
}

uint64_t density_shared(const struct density *d)
{
	const struct density_step *one = density_alone(d), *all = density_together(d);
	uint64_t alone, among;

	if (!one || all == one)
		return 0;
	alone = one->list[0].weight.pss;
	among = all->list[0].weight.pss;
	return alone > among ? alone - among : 0;
}

const char *density_status_name(enum density_status status)
{
	static const char *const names[] = { [DENSITY_OK] = "ok", [DENSITY_FAILED] = "failed",
					     [DENSITY_NO_ROOM] = "no room",
					     [DENSITY_INTERRUPTED] = "interrupted" };

	return names[status];
}
