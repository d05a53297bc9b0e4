// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/contrast.h"

#include <string.h>

#include "user/base/mem.h"
#include "user/model/session.h"

static void add(struct contrast *c, enum contrast_group group, const char *name, int side,
		uint64_t ns)
{
	struct contrast_row *row = NULL;
	size_t i;

	for (i = 0; i < c->n && !row; i++)
		if (c->rows[i].group == group && !strcmp(c->rows[i].name, name))
			row = &c->rows[i];
	if (!row) {
		ARRAY_RESERVE(c->rows, c->n, c->cap, 1);
		row = &c->rows[c->n++];
		*row = (struct contrast_row){ group, name, { CONTRAST_NONE, CONTRAST_NONE } };
	}
	row->ns[side] = row->ns[side] == CONTRAST_NONE ? ns : row->ns[side] + ns;
}

void contrast_runs(const struct run *base, const struct run *other, struct contrast *out)
{
	const struct run *const runs[2] = { base, other };
	int i, side;
	size_t k;

	*out = (struct contrast){ 0 };
	for (i = MILESTONE_EXEC; i < MILESTONE_COUNT; i++)
		for (side = 0; side < 2; side++)
			if (runs[side]->milestones.seen[i])
				add(out, CONTRAST_MOMENT, milestone_title((enum milestone)i), side,
				    runs[side]->milestones.at[i]);
	for (side = 0; side < 2; side++)
		for (k = 0; k < runs[side]->phases.n; k++) {
			const struct phase *p = &runs[side]->phases.list[k];

			add(out, CONTRAST_PHASE, p->name, side, p->end - p->start);
		}
	for (side = 0; side < 2; side++)
		for (k = 0; k < runs[side]->ledger.n; k++) {
			const struct ledger_row *r = &runs[side]->ledger.rows[k];

			add(out, CONTRAST_STATE, path_state_name(r->state), side, r->ns);
		}
}

double contrast_more(const struct contrast_row *row)
{
	double base = row->ns[0] == CONTRAST_NONE ? 0 : (double)row->ns[0];

	return (row->ns[1] == CONTRAST_NONE ? 0 : (double)row->ns[1]) - base;
}
