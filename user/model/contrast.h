/* SPDX-License-Identifier: GPL-2.0-only */
/* contrast.h - two runs side by side: moments, phases and states of the critical path. */
#ifndef COLDPROF_CONTRAST_H
#define COLDPROF_CONTRAST_H

#include <stddef.h>
#include <stdint.h>

#define CONTRAST_NONE UINT64_MAX

enum contrast_group { CONTRAST_MOMENT, CONTRAST_PHASE, CONTRAST_STATE };

struct contrast_row {
	enum contrast_group group;
	const char *name; /* hostile text */
	uint64_t ns[2];   /* of the base and of the other; CONTRAST_NONE: that one has no such thing */
};

struct contrast {
	struct contrast_row *rows; /* by group; what only the other has is last; the caller frees it */
	size_t n, cap;
};

struct run;
void contrast_runs(const struct run *base, const struct run *other, struct contrast *out);

/* ns that the other takes more: what one of them has not took none of its time. */
double contrast_more(const struct contrast_row *row);

#endif
