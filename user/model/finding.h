/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * finding.h - known reasons for a slow start, recognised in a run: what it is, what it cost here,
 * what to do about it and what that costs.
 *
 * A rule is data: a line of a table (finding_rules.c: containers, gVisor, WASM). What a rule
 * measures is, as a rule, slices of the run's critical path that fit its patterns:
 *
 *     { .name = "fsync", .title = "the start waits for data to reach the disk",
 *       .states = IN(KERNEL) | IN(BLOCKED), .details = { "fsync*", "fdatasync*" },
 *       .least_ns = 1000000, .mend = "…", .trade_off = "…" },
 *
 * Then ns is their length together and the evidence names the heaviest of them. Where that is not
 * enough there is a function, which may look at anything in the run (its tree, calls, phases,
 * memory, disk, samples); it is called last, with what the patterns gave, and decides.
 *
 * To add a table: an array that ends with an empty rule, and a line in tables[] of finding.c.
 */
#ifndef COLDPROF_FINDING_H
#define COLDPROF_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/model/critpath.h"
#include "user/model/milestone.h"
#include "user/model/stats.h"

struct scenario_result;

#define FINDING_TEXT_MAX 256
#define FINDING_IN(STATE) (1u << PATH_##STATE)
#define FINDING_PATTERNS 16

/* A rule at work on a run. */
struct finding_search {
	struct session *session;
	const struct run *run;
	const struct finding_rule *rule;
	uint64_t ns;     /* of the critical path; a function may set it … */
	uint64_t bytes;  /* … and these, which are shown where they are not 0 */
	uint64_t count;
	char evidence[FINDING_TEXT_MAX]; /* names of the recording in it are hostile */
};

struct finding_rule {
	const char *name;      /* stable, lower case; NULL ends a table */
	const char *title;     /* a clause: what is the matter */
	const char *mend;      /* a sentence: what to do */
	const char *trade_off; /* a sentence: what that costs */
	const char *counts;    /* what .count is of, in plural: "re-executions" */
	/* Which runs: all that are given must hold. */
	const char *scenarios[FINDING_PATTERNS]; /* one of these patterns ('*' for anything) fits */
	uint32_t flags;        /* all of these SCENARIO_* */
	uint32_t not_flags;    /* none of these */
	/* Which slices of the critical path: all that are given must hold; no states = none. */
	uint32_t states;       /* FINDING_IN(BLOCKED) | … */
	const char *comm;      /* patterns, each for the whole text */
	const char *phase;
	enum milestone before; /* what is later does not count; LAUNCH, or not seen: no bound */
	const char *details[FINDING_PATTERNS]; /* one of these … */
	const char *not_details[FINDING_PATTERNS]; /* … and none of these */
	/* May be NULL. False: what this process does at this time does not count. */
	bool (*within)(const struct finding_search *q, uint32_t pid, uint64_t time);
	/*
	 * Besides slices, or without: samples on the path with one of these functions or objects
	 * (patterns) anywhere in the stack, unless one of not_functions is further in: then that is
	 * what goes on, and the fitting one has but called it. Their share of the path's time on CPUs
	 * is added; comm, before and within hold for them, too.
	 */
	const char *functions[FINDING_PATTERNS];
	const char *not_functions[FINDING_PATTERNS];
	const char *objects[FINDING_PATTERNS];
	/* It holds when ns is not less than … */
	uint64_t least_ns;
	unsigned int least_percent; /* … and than so much of the cold start; 0 = anything */
	/* May be NULL. False: it does not hold. It is asked even where the patterns gave nothing. */
	bool (*evidence)(struct finding_search *q);
};

struct finding {
	const struct finding_rule *rule;
	uint64_t ns;    /* of this run's critical path; 0: the rule is about something else */
	uint64_t bytes, count;
	const char *evidence; /* hostile text; "" = the title says it */
};

/* What samples say of a rule in a run, before it is known whether they are enough. */
struct finding_sampled {
	uint64_t fitting, of; /* samples */
	uint64_t ns;          /* of the path, in which they were taken */
	const char *example;  /* a function; NULL: none fits */
};

/* A rule that asks samples: what else is known of it, so far. */
struct finding_estimate {
	struct finding finding; /* ns without the samples' share */
	struct finding_sampled sampled;
};

struct findings {
	struct finding *list; /* heaviest first */
	size_t n, cap;
	/* Private to finding.c: what findings_settle() makes the list of. */
	struct finding *sure; /* without samples */
	size_t n_sure, cap_sure;
	struct finding_estimate *estimates;
	size_t n_estimates, cap_estimates;
};

struct session;
struct run;

/*
 * What a run says by itself; its path, phases and ledger must be there. Then, once all runs of a
 * scenario have been asked, run->findings of them all: what rests on samples needs FINDING_SAMPLES of
 * them, and a run that is short borrows the others'. Text is in the session's arena.
 */
void findings_of_run(struct session *session, struct run *run);
void findings_settle(struct session *session, const struct scenario_result *s);
void findings_release(struct findings *f);

/*
 * The least number of fitting samples. Samples are few and independent, so the number of those that
 * fit is Poisson's: of k the relative standard error is 1/sqrt(k), 32 % at 10. With fewer the
 * length is a guess; "1 of 1" is anything from some percent to all.
 */
#define FINDING_SAMPLES 10
/*
 * A run with so many speaks for itself: its share is known to 5 percentage points or better (the
 * standard error sqrt(p(1-p)/n) at p = 1/2). Shorter ones of a scenario are the same start again:
 * their samples are put together, and each has the common share of its own time. Which of the two
 * does not depend on how many fit, which would choose those that fit often by chance.
 */
#define FINDING_OWN_SAMPLES 100

/* One rule over the runs of a scenario that count. */
struct finding_summary {
	const struct finding_rule *rule;
	size_t runs;    /* in so many of them it holds */
	struct stats ns;     /* over those */
	struct stats all_ns; /* over all counted runs that have a path: 0 where it does not hold … */
	uint64_t typical;    /* … and their median: what a view shows of a scenario */
	struct finding heaviest; /* of those, the one with the most ns */
};

struct finding_summaries {
	struct finding_summary *list; /* the rule first, then the heaviest; the caller frees it */
	size_t n, cap;
	size_t of_runs; /* counted runs with a path */
};

void findings_of_scenario(const struct scenario_result *s, struct finding_summaries *out);

/* Is it the rule there, in half of the runs or more? Else a view only names it, behind the others. */
bool finding_is_rule(const struct finding_summary *f, const struct finding_summaries *of);

/* ---- for evidence functions ------------------------------------------------------------------- */

/* Does a pattern of the list fit? An empty list fits nothing. */
bool finding_matches(const char *const patterns[FINDING_PATTERNS], const char *text);

/* Time of the critical path within [from, to) (absolute ns) in these states. */
uint64_t finding_path_ns(const struct run *run, uint32_t states, uint64_t from, uint64_t to);

/* The rule's tables, to list them: the next rule after one, NULL at the end; NULL begins. */
const struct finding_rule *finding_rule_next(const struct finding_rule *rule);
const struct finding_rule *finding_rule_named(const char *name);

#endif
