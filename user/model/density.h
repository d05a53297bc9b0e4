/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * density.h - what one more instance costs, where others of the same scenario run already.
 *
 * Bytes. A step is a moment when a number of instances had answered and settled: one alone, then
 * all. PSS counts what instances share once among them, so it falls with each that joins; RSS does
 * not. What MemAvailable lost is the whole machine's: kernel memory and coldprof's own processes
 * that hold the instances are in it, page cache is not, and others' business is.
 */
#ifndef COLDPROF_DENSITY_H
#define COLDPROF_DENSITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/model/memory.h"
#include "user/model/stats.h"
#include "user/record/format.h"

struct density_weight {
	uint64_t rss, pss, uss;
	struct memory_classes pss_of, rss_of;
	uint64_t page_tables, kernel_stack, hugetlb; /* in neither */
};

struct density_instance {
	uint32_t index, processes;
	enum guest_how guest_how;
	struct density_weight weight;
};

struct density_file { /* mapped by instances; sums over all their processes */
	const char *path;
	uint32_t mapped_by;
	uint64_t rss, pss;
};

struct density_step {
	uint32_t instances;
	uint64_t available; /* MemAvailable then */
	uint64_t boxes;     /* of what it lost, coldprof's own processes that hold them */
	struct density_instance *list;
	size_t n, cap;
	struct density_weight all; /* of all of them */
	enum guest_how guest_how;  /* the least certain of theirs */
	struct density_file *files; /* heaviest by RSS first */
	size_t n_files, cap_files;
};

struct density { /* of a scenario; all zero: it was not asked for */
	bool taken;
	uint32_t asked, answered;
	enum density_status status;
	const char *reason;
	uint64_t available; /* MemAvailable before the first */
	struct density_step *steps; /* in the order of time */
	size_t n, cap;
};

/* The step of one instance, and that of most (which may be the same); NULL when there is none. */
const struct density_step *density_alone(const struct density *d);
const struct density_step *density_together(const struct density *d);

enum density_quantity { DENSITY_RSS, DENSITY_PSS, DENSITY_USS };
/* Over the instances of a step. */
void density_stats(const struct density_step *s, enum density_quantity q, struct stats *out);

/* What MemAvailable lost since before the first; less than 0: it has grown. */
int64_t density_lost(const struct density *d, const struct density_step *s);

/* What each instance after the first added, on average; false when there was only one. */
struct density_marginal {
	int64_t pss, available;
};
bool density_marginal(const struct density *d, struct density_marginal *out);

/*
 * Of the first instance's PSS alone, how much the others take over because they share it: its PSS
 * alone less its PSS among all; 0 when it has none less.
 */
uint64_t density_shared(const struct density *d);

/* "ok", "failed", "no room", "interrupted". */
const char *density_status_name(enum density_status status);

#endif
