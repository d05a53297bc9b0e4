/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * export.h - recordings in the formats of other people's viewers.
 *
 * A format is one file in this folder, with one `const struct export_ops export_NAME = { … };` at
 * its end; the build finds it (build/exports.gen.h), no list is to be edited. A format reads the
 * model and writes to a stream: it computes nothing, opens nothing, and does not gather what it
 * writes in memory. Text of a recording is hostile: each format escapes it in its own way.
 */
#ifndef COLDPROF_EXPORT_H
#define COLDPROF_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "user/base/error.h"
#include "user/model/session.h"

/* A scenario, and those of its runs that were chosen. */
struct export_pick {
	const struct scenario_result *scenario;
	const struct run **runs; /* in the order they were made; no warm-ups */
	size_t n_runs;           /* 0: unavailable, or no run of it is what was asked for */
};

/* A recording. */
struct export_source {
	const char *name;              /* its path as the user gave it; hostile text */
	const struct session *session; /* settled */
	const char *incomplete;        /* why it is not whole, or NULL */
	struct export_pick *picks;     /* the scenarios that were asked for, in rows' order */
	size_t n_picks;
	size_t n_runs;                 /* of all picks */
};

struct export_job {
	const struct export_source *sources; /* in the order given; one, or what .sources_max allows */
	size_t n_sources;
	unsigned int variant; /* index into ops->variants; 0 where there are none */
};

/* Which runs when --run says nothing. */
enum export_runs {
	EXPORT_MEDIAN, /* of each scenario the counted run with the median cold start */
	EXPORT_ALL,    /* all but the warm-ups, failed ones too */
	EXPORT_SUMMARY, /* all that count, summed up: --scenario is taken, --run is refused */
	EXPORT_WHOLE,  /* the format is about the whole recording: --scenario and --run are refused */
};

struct export_ops {
	const char *name;    /* for --format; also the file's name: export_NAME in NAME.c */
	const char *title;   /* one line for --list */
	const char *suffix;  /* of a file in this format, with its dot */
	enum export_runs runs;
	size_t sources_max;  /* recordings that go into one output; 0 = 1 */
	bool binary;         /* nothing for a terminal */
	bool needs_run;      /* without any chosen run there is nothing to write: an error */
	const char *variant; /* name of an option that chooses ("stacks": --stacks), or NULL … */
	const char *const *variants; /* … between these; NULL-terminated, the first is the default */
	/*
	 * Write job to out. 0, or a negative errno with err: what was asked for is not in the
	 * recording (class ERROR_USAGE). Errors of the stream stay in the stream: who opened it
	 * looks. What is written before an error is thrown away by the caller where it can be.
	 */
	int (*write)(FILE *out, const struct export_job *job, struct error *err);
};

extern const struct export_ops *const exports[]; /* NULL-terminated, by name */
const struct export_ops *export_find(const char *name); /* or NULL */

/* What of a recording was asked for. */
struct export_choice {
	const char *const *scenarios; /* names; n_scenarios = 0: all */
	size_t n_scenarios;
	enum { EXPORT_RUN_DEFAULT, EXPORT_RUN_MEDIAN, EXPORT_RUN_ALL, EXPORT_RUN_INDEX } run;
	uint32_t index;               /* EXPORT_RUN_INDEX: run.index, from 0 within its scenario */
};

/*
 * Fill the picks of n sources from their sessions. 0, or negative errno and err (class ERROR_USAGE):
 * a scenario or run that none of them has. export_source_release() in any case.
 */
int export_choose(struct export_source *sources, size_t n, const struct export_ops *ops,
		  const struct export_choice *choice, struct error *err);
void export_source_release(struct export_source *source);

#endif
