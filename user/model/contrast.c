// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/contrast.h"

#include <string.h>

#include "user/base/mem.h"
#include "user/model/session.h"

static struct contrast_row *find(struct contrast *c, enum contrast_group group, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->rows[i].group == group && !strcmp(c->rows[i].name, name))
			return &c->rows[i];
	return NULL;
}

static struct contrast_row *insert(struct contrast *c, size_t at, enum contrast_group group,
				   const char *name)
{
	ARRAY_RESERVE(c->rows, c->n, c->cap, 1);
	memmove(c->rows + at + 1, c->rows + at, (c->n - at) * sizeof(*c->rows));
	c->n++;
	c->rows[at] = (struct contrast_row){
		.group = group, .name = name, .amount = { CONTRAST_NONE, CONTRAST_NONE },
	};
	return &c->rows[at];
}

/* One run's things of a group, put into the list one after the other. */
struct adding {
	struct contrast *c;
	enum contrast_group group;
	int side;
	size_t at; /* behind what was added last: there is the place of what only this run has */
};

static struct contrast_row *add(struct adding *a, const char *name, uint64_t amount)
{
	struct contrast_row *row = find(a->c, a->group, name);

	if (!row)
		row = insert(a->c, a->at, a->group, name);
	a->at = (size_t)(row - a->c->rows) + 1;
	if (amount != CONTRAST_NONE)
		row->amount[a->side] = amount +
				       (row->amount[a->side] == CONTRAST_NONE ? 0 : row->amount[a->side]);
	return row;
}

static void add_phases(struct adding *a, const struct run *r)
{
	size_t i;

	for (i = 0; i < r->phases.n; i++)
		add(a, r->phases.list[i].name, r->phases.list[i].end - r->phases.list[i].start);
}

/* By their times: a guest may listen long before the host knows that its kernel runs. */
static void add_moments(struct adding *a, const struct run *r)
{
	const struct milestones *m = &r->milestones;
	int order[MILESTONE_COUNT], n = 0, i, k;

	for (i = MILESTONE_EXEC; i < MILESTONE_COUNT; i++) {
		if (!m->seen[i])
			continue;
		for (k = n++; k > 0 && m->at[order[k - 1]] > m->at[i]; k--)
			order[k] = order[k - 1];
		order[k] = i;
	}
	for (i = 0; i < n; i++)
		add(a, milestone_title((enum milestone)order[i]), m->at[order[i]])->of =
			(uint32_t)order[i];
}

static void add_states(struct adding *a, const struct run *r)
{
	size_t i;

	for (i = 0; i < r->ledger.n; i++) {
		a->at = a->c->n; /* they have no order of time */
		add(a, path_state_name(r->ledger.rows[i].state), r->ledger.rows[i].ns)->of =
			r->ledger.rows[i].state;
	}
}

/* The totals of two moments, and what the later one is made of. */
static void add_memory(struct adding *a, const struct run *r)
{
	const struct memory_snapshot *first = &r->memory[MEMORY_FIRST_BYTE];
	const struct memory_snapshot *settled = &r->memory[MEMORY_SETTLED];

	if (first->taken) {
		add(a, "first byte RSS", first->rss);
		add(a, "first byte PSS", first->pss);
	}
	if (settled->taken) {
		add(a, "settled RSS", settled->rss);
		add(a, "settled PSS", settled->pss);
		add(a, "settled PSS, anon", settled->anon);
		add(a, "settled PSS, file", settled->file);
		add(a, "settled PSS, shmem", settled->shmem);
		add(a, "settled PSS, guest RAM", settled->guest);
		add(a, "settled page tables", settled->page_tables);
	}
}

static const char *why_not(const struct run *r, const struct contrast_row *row)
{
	const char *why;

	switch (row->group) {
	case CONTRAST_PHASE:
		return r->phases.n ? NULL : "no first byte";
	case CONTRAST_STATE:
		return r->ledger.n ? NULL : "scheduling was not followed, or no first byte";
	case CONTRAST_MOMENT:
		why = r->milestones.why[row->of];
		return why && *why ? why : "not seen";
	default:
		return "not taken";
	}
}

/* Rows that say nothing: memory that neither has. */
static void drop_empty(struct contrast *c)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++) {
		const struct contrast_row *row = &c->rows[i];

		if (row->group != CONTRAST_MEMORY || (row->amount[0] && row->amount[0] != CONTRAST_NONE) ||
		    (row->amount[1] && row->amount[1] != CONTRAST_NONE))
			c->rows[n++] = *row;
	}
	c->n = n;
}

void contrast_runs(const struct run *base, const struct run *other, struct contrast *out)
{
	static void (*const adders[CONTRAST_GROUPS])(struct adding *, const struct run *) = {
		[CONTRAST_PHASE] = add_phases, [CONTRAST_MOMENT] = add_moments,
		[CONTRAST_STATE] = add_states, [CONTRAST_MEMORY] = add_memory,
	};
	const struct run *const runs[2] = { base, other };
	int group, side;
	size_t i;

	*out = (struct contrast){ 0 };
	for (group = 0; group < CONTRAST_GROUPS; group++) {
		size_t begin = out->n;

		for (side = 0; side < 2; side++) {
			struct adding a = { out, (enum contrast_group)group, side, begin };

			adders[group](&a, runs[side]);
		}
	}
	for (i = 0; i < out->n; i++)
		for (side = 0; side < 2; side++)
			if (out->rows[i].amount[side] == CONTRAST_NONE)
				out->rows[i].why[side] = why_not(runs[side], &out->rows[i]);
	drop_empty(out);
}

bool contrast_known(const struct contrast_row *row)
{
	return !row->why[0] && !row->why[1];
}

double contrast_more(const struct contrast_row *row)
{
	double base = row->amount[0] == CONTRAST_NONE ? 0 : (double)row->amount[0];

	if (!contrast_known(row))
		return 0;
	return (row->amount[1] == CONTRAST_NONE ? 0 : (double)row->amount[1]) - base;
}
