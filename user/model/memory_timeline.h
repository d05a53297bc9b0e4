/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_timeline.h - how a run's memory grew, from RSS records: the tree and each process over
 * time, the peak and its moment, what each phase added, and the page faults.
 *
 * Bytes, as the kernel counts them (RSS: shared pages count in each process). An address space that
 * several processes use counts once; one that nobody uses any more, or has executed away, is gone.
 * Between two records a process is what it was in the earlier one.
 *
 * The end is the settled snapshot (without one, the first byte's): until then the run did nothing but
 * start and answer once. Peaks and faults are those until the end.
 */
#ifndef COLDPROF_MEMORY_TIMELINE_H
#define COLDPROF_MEMORY_TIMELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/record/format.h"

struct memory_amount {
	uint64_t anon, file, shmem;  /* RSS is their sum */
	uint64_t page_tables, swap;  /* beside it */
	uint64_t guest_anon, guest_file, guest_shmem; /* of the three: guest RAM, as far as known */
};

struct memory_point {
	uint64_t time; /* absolute ns */
	struct memory_amount amount;
};

struct memory_faults {
	uint64_t minor, major; /* by the kernel's count; of these, by what they did: */
	uint64_t anon, file, read, shmem, cow, guest;
	uint64_t other; /* could not be told */
};

/* Page faults of one process in one phase; what nobody faulted has none. */
struct memory_fault_cell {
	size_t life;  /* in lives */
	size_t phase; /* in run->phases; their number: after the first byte, or where there are none;
			 one more: under load */
	struct memory_faults faults;
};

struct memory_life { /* of a process that had records */
	uint32_t pid;
	struct memory_point *points; /* in the order of time; in the timeline's pool */
	size_t n;
	uint64_t peak, peak_time; /* most RSS until the end, and when it was first reached */
	uint64_t most; /* … by the kernel's own high-water mark; 0 = not known */
	struct memory_amount at_peak; /* its part of the tree's peak; 0 where another one's counts */
	struct memory_faults faults; /* the sum of its cells but the one under load */
	const struct memory_fault_cell *cells; /* by phase; in the timeline's */
	size_t n_cells;
};

struct memory_growth { /* one phase, as in run->phases */
	uint64_t from, to; /* RSS of the tree at its ends */
	struct memory_faults faults; /* of records within it: the sum of its cells */
};

/* On the critical path, by the samples; what took none is not there. */
struct memory_cost {
	uint32_t pid;
	size_t phase; /* in run->phases */
	uint64_t ns;
};
enum fault_cost_kind {
	FAULT_COST_ANON,
	FAULT_COST_FILE,
	FAULT_COST_SHMEM,
	FAULT_COST_COW,
	FAULT_COST_OTHER, /* the stack does not say */
};
#define FAULT_COST_KINDS 5

struct memory_rss { /* one record */
	uint64_t time;
	uint32_t tid, pid;
	struct wire_rss body;
};

struct memory_timeline {
	struct memory_rss *records; /* settled: by time */
	size_t n_records, cap_records;
	/* found when the run is settled: */
	struct memory_point *points; /* of the tree; n = 0: nothing was recorded */
	size_t n, cap;
	struct memory_point *pool;   /* private: of all lives */
	struct memory_life *lives;   /* in the order of their first record */
	size_t n_lives, cap_lives;
	struct memory_growth *phases; /* run->phases.n of them, or none */
	size_t n_phases;
	struct memory_fault_cell *cells; /* page faults by process and phase; by life, then phase */
	size_t n_cells, cap_cells;
	uint64_t end;                /* what comes later is what coldprof's own requests did: under load */
	struct memory_point peak;    /* of points until the end */
	struct memory_point load;    /* … and behind it; time 0: never more than at the end */
	struct memory_faults faults; /* the sum of all cells but those under load … */
	struct memory_faults load_faults; /* … and of these */
	bool knows_guest;            /* peak and at_peak tell guest RAM apart */
	struct memory_cost *costs;   /* what page faults cost, by process and phase: they sum to … */
	size_t n_costs, cap_costs;
	uint64_t cost_ns;            /* … this; 0: none was sampled, or too few samples to say */
	uint64_t cost_of[FAULT_COST_KINDS]; /* … and so do these */
	uint64_t dropped;            /* records left out after the first byte */
};

struct run;
struct session;
struct scenario_result;
struct wire_head;
bool memory_timeline_add(struct memory_timeline *t, const struct wire_head *record);
void memory_timeline_find(struct run *r);
void memory_cost_find(const struct session *s, const struct scenario_result *scenario); /* memory_cost.c: after the ledgers */
uint64_t memory_cost_at(const struct memory_timeline *t, uint32_t pid, size_t phase); /* ns */
void memory_guest_find(struct run *r); /* memory_guest.c: of memory_timeline_find() only */
void memory_timeline_release(struct memory_timeline *t);

uint64_t memory_faults_count(const struct memory_faults *f); /* minor and major */
/* Those of all phases, so until the first byte; false: not recorded, or the run has no phases. */
bool memory_faults_of_start(const struct memory_timeline *t, struct memory_faults *sum);
uint64_t memory_amount_rss(const struct memory_amount *a);
uint64_t memory_amount_guest(const struct memory_amount *a); /* of that, guest RAM */

/* What it was at a time: the last point at or before it, or nothing. */
struct memory_amount memory_at(const struct memory_point *points, size_t n, uint64_t time);

/*
 * [from, to) in so many columns of equal length: in each what it was when it had the most RSS; where
 * no record came, what was before goes on.
 */
void memory_columns(const struct memory_point *points, size_t n, uint64_t from, uint64_t to,
		    struct memory_amount *out, size_t columns);

/*
 * At most max points that look the same: of each stretch of equal length that with the most RSS.
 * Returns how many; out has room for max.
 */
size_t memory_thin(const struct memory_point *points, size_t n, struct memory_point *out,
		   size_t max);

#endif
