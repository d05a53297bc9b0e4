/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compare.h - what moved from one recording (base) to another (new).
 *
 * A difference is that of the medians of the runs that count. It is said to have moved where it is
 * at least COMPARE_PERCENT of base's median, both sides have COMPARE_RUNS runs or more, and of all
 * pairs of a run of each side at least COMPARE_PAIRS percent agree about the direction. Else it can
 * be chance, and is only shown.
 */
#ifndef COLDPROF_COMPARE_H
#define COLDPROF_COMPARE_H

#include "user/model/session.h"

#define COMPARE_PERCENT 5
#define COMPARE_RUNS 3
#define COMPARE_PAIRS 90

enum compare_unit { COMPARE_NS, COMPARE_BYTES };

enum compare_moved {
	COMPARE_UNKNOWN, /* one side has it not, or too few runs */
	COMPARE_SAME,
	COMPARE_MORE,
	COMPARE_LESS,
};

struct compare_row {
	const char *name; /* "cold start", or a phase's: hostile text */
	enum compare_unit unit;
	struct stats base, fresh; /* n = 0: that side has it not */
	double by; /* fresh's median less base's; 0 where one of them is not there */
	enum compare_moved moved;
};

struct compare_rows {
	struct compare_row *list;
	size_t n, cap;
};

struct compare_scenario {
	const char *name; /* hostile text */
	const struct scenario_result *base, *fresh; /* NULL: not in that recording, or never run */
	struct compare_rows totals; /* those that either side has; the cold start is the first */
	struct compare_rows phases; /* in the order of the new one, then what is gone */
	bool broken;    /* "ok" in base, "failed" in the new one */
	bool regressed; /* broken, or its cold start or settled PSS is more */
};

struct comparison {
	struct compare_scenario *list; /* in the order of the new one, then those that are gone */
	size_t n, cap;
	bool regressed; /* one of them */
};

/* Both settled. Names live as long as the sessions. */
void compare_sessions(const struct session *base, const struct session *fresh,
		      struct comparison *out);
void comparison_release(struct comparison *c);

/* One scenario of each; either may be NULL. */
void compare_scenarios(const struct scenario_result *base, const struct scenario_result *fresh,
		       struct compare_scenario *out);
void compare_scenario_release(struct compare_scenario *s);

/* Stable words: "more", "less", "same", "unknown". */
const char *compare_moved_name(enum compare_moved moved);

#endif
