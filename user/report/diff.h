/* SPDX-License-Identifier: GPL-2.0-only */
/* diff.h - a comparison of two recordings as text and as JSON, to a stream. */
#ifndef COLDPROF_DIFF_H
#define COLDPROF_DIFF_H

#include "user/model/compare.h"
#include "user/report/report.h"

/* A recording that is compared, and what it is called: hostile text. */
struct diff_side {
	const char *name;
	const struct session *session;
};

/* 0 or -errno of the stream. */
int diff_text(FILE *out, const struct comparison *c, const struct diff_side *base,
	      const struct diff_side *fresh, const struct report_options *o);
int diff_json(FILE *out, const struct comparison *c, const struct diff_side *base,
	      const struct diff_side *fresh);

#endif
