/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * contrast.h - two runs side by side: phases, moments, states of the critical path, memory.
 *
 * Phases and states part the whole of a cold start: what one run does not have took none of its time.
 * A moment that was not seen and memory that was not taken are not known: there is no difference
 * then, and none is made up.
 */
#ifndef COLDPROF_CONTRAST_H
#define COLDPROF_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTRAST_NONE UINT64_MAX

enum contrast_group { CONTRAST_PHASE, CONTRAST_MOMENT, CONTRAST_STATE, CONTRAST_MEMORY,
		      CONTRAST_GROUPS };

struct contrast_row {
	enum contrast_group group;
	uint32_t of;      /* moment: enum milestone; state: enum path_state */
	const char *name; /* hostile text */
	uint64_t amount[2]; /* ns, or bytes of memory: of the base, of the other; CONTRAST_NONE … */
	const char *why[2]; /* … that one has none of it (NULL), or why it is not known */
};

struct contrast {
	struct contrast_row *rows; /* by group, phases and moments in the order of time; to be freed */
	size_t n, cap;
};

struct run;
void contrast_runs(const struct run *base, const struct run *other, struct contrast *out);

/* Can the two be compared? And if so: ns or bytes that the other has more. */
bool contrast_known(const struct contrast_row *row);
double contrast_more(const struct contrast_row *row);

#endif
