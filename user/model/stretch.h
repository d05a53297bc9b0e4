/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stretch.h - a critical path of thousands of slices in as many stretches as people read.
 *
 * Stretches tile the path like its slices: they sum to the cold start, to the nanosecond. Each lies
 * in one phase. Within a phase a new one begins where another process goes on, or a thread with
 * another name, when both have enough of the cold start to matter; around a long slice that is more
 * than somebody's running; and where a guest's console falls silent for long, or speaks again. What
 * is short goes with a neighbour.
 */
#ifndef COLDPROF_STRETCH_H
#define COLDPROF_STRETCH_H

#include <stddef.h>
#include <stdint.h>

struct stretch {
	uint64_t start, end; /* absolute ns */
	size_t from, to;     /* slices [from, to) that are in it, the ones at its ends perhaps in part */
	size_t phase;        /* index into run->phases; 0 where there are none */
	uint32_t tid, pid;   /* who has most of it, by the longest slice; 0: nobody is known */
	const char *comm;    /* hostile text */
};

struct stretches {
	struct stretch *list; /* in the order of time; the caller frees it */
	size_t n, cap;
};

/* The cold start over these is a length that matters. */
struct stretch_rules {
	unsigned int who_part;   /* … of one, for a stretch of its own */
	unsigned int slice_part; /* … of a slice, or of a console's silence */
	size_t most;             /* stretches; phases have one each all the same */
};

struct run;
void stretches_of_run(const struct run *r, const struct stretch_rules *rules,
		      struct stretches *out);

#endif
