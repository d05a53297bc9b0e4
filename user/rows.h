/* SPDX-License-Identifier: GPL-2.0-only */
/* rows.h - which rows `--all` and `--runtime` mean. */
#ifndef COLDPROF_ROWS_H
#define COLDPROF_ROWS_H

#include "user/base/mem.h"
#include "user/options.h"

/* Zero-initialise; rows_release() frees. */
struct rows {
	struct stage_row *list;
	size_t n, cap;
	struct arena arena; /* candidate lists of rows that are no canonical ones */
};

/* Rows of --all, or of --runtime where names were given. An exit status; said when not 0. */
int rows_choose(struct rows *r, const struct launch_options *o);
void rows_release(struct rows *r);

#endif
