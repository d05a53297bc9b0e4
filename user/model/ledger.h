/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ledger.h - the critical path added up: so much time in each state, for what.
 *
 * The rows of a run sum to its cold start, to the nanosecond. A row's detail begins with who it
 * was ("runc: openat config.json"); what differs from run to run in it (ids in paths) is "#", a
 * name that is nothing but a hash or an id is ".../<hash>" or "<id>", so that the rows of several
 * runs can be added up.
 */
#ifndef COLDPROF_LEDGER_H
#define COLDPROF_LEDGER_H

#include "user/model/critpath.h"

/* The row, of state runnable, that has the stolen_ns of slices. */
#define LEDGER_STOLEN "CPU held by the hypervisor"

struct ledger_row {
	enum path_state state;
	const char *detail; /* hostile text */
	uint64_t ns;
};

struct ledger {
	struct ledger_row *rows; /* heaviest first */
	size_t n, cap;
};

struct arena;
struct run;
struct session;
struct scenario_result;

/* run->ledger from run->path. */
void ledger_of_run(struct session *session, struct run *run);

/*
 * The rows of all runs of a scenario that count and have a path, added up; *runs is how many those
 * are. The caller frees out->rows; details live as long as the session.
 */
void ledger_of_scenario(const struct scenario_result *s, struct ledger *out, size_t *runs);

/*
 * The same for one phase, by name: of all those runs, of one run. The caller frees out->rows; details
 * are in the arena.
 */
void ledger_of_phase(struct arena *arena, const struct scenario_result *s, const char *name,
		     struct ledger *out);
void ledger_of_run_phase(struct arena *arena, const struct run *run, const char *name,
			 struct ledger *out);

/*
 * The same for [from, to) of one path, absolute ns. The caller frees out->rows; details are in the
 * arena.
 */
void ledger_of_span(struct arena *arena, const struct critpath *path, uint64_t from, uint64_t to,
		    struct ledger *out);

uint64_t ledger_total(const struct ledger *l);

/* detail with what differs from run to run taken out, NUL-terminated. */
void ledger_plain(char *out, size_t size, const char *detail);

#endif
