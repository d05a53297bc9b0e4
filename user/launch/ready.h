/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ready.h - by what a command is ready, where that is not the first byte of an answer: `coldprof
 * run --ready exec|exit|accept|/REGEX/`.
 *
 * The first three are told from the run's records, by their own times. A line of its output is read
 * by the client's thread, whom the probes follow, so that the critical path begins with him.
 */
#ifndef COLDPROF_READY_H
#define COLDPROF_READY_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/error.h"
#include "user/record/format.h"

struct ready {
	enum ready_how how;
	const char *text; /* as the user put it; not owned */
	regex_t line;     /* READY_LINE: extended, of a line without its line feed */
};

/* Returns 0, or -EINVAL and a sentence. text must outlive r. */
int ready_parse(struct ready *r, const char *text, struct error *err);
void ready_release(struct ready *r); /* one that is all zeros is fine */

/* What the records of one run have told so far. */
struct ready_run {
	const struct ready *ready;
	uint16_t port;
	uint64_t time; /* 0: not ready yet */
	uint32_t tid;  /* who did it */
	uint32_t root; /* the command's pid; 0: not executed yet */
	uint32_t *boxed; /* processes forked into namespaces of their own, and what they forked */
	size_t n_boxed, cap_boxed;
};

void ready_begin(struct ready_run *r, const struct ready *ready, uint16_t port);
void ready_record(struct ready_run *r, const struct wire_head *record);
void ready_end(struct ready_run *r);

/*
 * READY_LINE: wait until a whole line in the file at path matches, or wake_fd is readable. Returns
 * the time at which it was read, 0 when it was woken; -errno in *error where it cannot wait.
 */
uint64_t ready_wait_line(const struct ready *r, const char *path, int wake_fd, int *error);

#endif
