/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * watch_file.h - the recording of a watch.
 *
 * An entry is written when it is over, so that a watch that is killed leaves what it has seen. The
 * file holds the last ones: it grows to twice as many, then a new one takes its place in one step.
 */
#ifndef COLDPROF_WATCH_FILE_H
#define COLDPROF_WATCH_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/error.h"
#include "user/launch/watch.h"
#include "user/record/writer.h"

struct watch_entry {
	struct watch_entry *next;
	uint32_t number; /* the kernel's */
	struct watch_news news;
	char *rule, *id;
	unsigned char *bytes;
	size_t n, cap;
	uint64_t records, cut; /* kept, and what came when there was no more room */
	uint32_t *pids; /* processes that live; a pod's other containers leave for entries of their own */
	size_t n_pids, cap_pids;
	bool handed_over; /* nothing lives, but what begun it told another process to go on: see watch.c */
	uint64_t died;    /* … since then; 0 = it does not wait */
	uint64_t accept;
};

void watch_entry_free(struct watch_entry *e);

#define WATCH_KINDS_MAX 64 /* different rules; further ones go under the last */
struct watch_file {
	struct writer *writer;
	const struct watch_options *options;
	const char *path; /* borrowed */
	char *kinds[WATCH_KINDS_MAX]; /* rules, each of which is a scenario */
	unsigned int runs[WATCH_KINDS_MAX];
	size_t n_kinds;
	struct watch_entry *kept; /* the last ones, newest first */
	unsigned int n_kept, n_written; /* … and how many are in the file */
};

/* The session's own records into writer, which is f's from now on. 0, or a negative errno and err. */
int watch_file_begin(struct watch_file *f, const struct watch_options *o, struct writer *writer,
		     const char *path, struct error *err);

/* An entry that is over; it is f's. On the disk when this returns. */
int watch_file_add(struct watch_file *f, struct watch_entry *e, struct error *err);

/*
 * The last ones only, and sealed. lost: records that the probes could not send; nobody knows of which
 * entry, so it is told once, with the first. Frees everything, whatever it returns.
 */
int watch_file_end(struct watch_file *f, uint64_t lost, struct error *err);

#endif
