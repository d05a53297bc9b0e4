/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace.h - runs as tracks with slices: what the trace viewers (perfetto, chrome) have in common.
 *
 * trace_walk() tells a sink everything that is in the trace. Every run begins at time 0, its
 * launch, so that several lie above one another. Numbers of tasks are the true ones in the first
 * run; those of the others are moved by TRACE_RUN_STRIDE each, for viewers know a task by its
 * number. Texts are made harmless (text_escape()) before they come to the sink.
 */
#ifndef COLDPROF_TRACE_H
#define COLDPROF_TRACE_H

#include "user/export/export.h"

#define TRACE_RUN_STRIDE (1u << 23)
#define TRACE_RUNS_MAX 255 /* viewers have signed numbers of 32 bits */

struct trace_track {
	uint32_t pid, tid; /* tid 0: of the process as a whole */
};

/* Is it the number of a task? Rows that are none have numbers that no task can have. */
bool trace_is_task(uint32_t number);

struct trace_slice {
	struct trace_track track;
	uint64_t start, end;  /* ns after launch */
	const char *category; /* a state of DESIGN.md §2, "phase", "program" */
	const char *name;
	const char *detail;   /* NULL: nothing to add */
	uint64_t flow;        /* its beginning is where this flow ends; 0: none does */
};

struct trace_counter {
	uint32_t pid;            /* the process that it is of */
	unsigned int first;      /* its n values have numbers from here on among those of pid */
	const char *name;        /* "RSS" */
	size_t n;
	const char *const *keys; /* what the values are: "anon", "file"; they add up to the name */
	bool percent;            /* else bytes */
};

/* ctx is what trace_walk() was given. Tracks are made before they are used. */
struct trace_sink {
	/* rank: in which order processes are shown, from 0. */
	void (*process)(void *ctx, uint32_t pid, const char *name, unsigned int rank);
	void (*thread)(void *ctx, struct trace_track track, const char *name, unsigned int rank);
	/* Slices of one track come in the order of time and do not overlap. */
	void (*slice)(void *ctx, const struct trace_slice *slice);
	void (*instant)(void *ctx, struct trace_track track, uint64_t time, const char *name);
	/* A flow begins on a track at a time: a wake-up. Comes just before the slice where it ends. */
	void (*wake)(void *ctx, struct trace_track from, uint64_t time, uint64_t flow);
	/* A counter, before its first values; then, at times, all n values of it together. */
	void (*counter)(void *ctx, const struct trace_counter *counter);
	void (*values)(void *ctx, const struct trace_counter *counter, uint64_t time,
		       const uint64_t *values);
};

/* 0, or negative errno and err: more runs than can be told apart. */
int trace_walk(const struct export_job *job, const struct trace_sink *sink, void *ctx,
	       struct error *err);

#endif
