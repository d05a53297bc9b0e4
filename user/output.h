/* SPDX-License-Identifier: GPL-2.0-only */
/* output.h - where results go: files that belong to the user behind sudo, the terminal's ways. */
#ifndef COLDPROF_OUTPUT_H
#define COLDPROF_OUTPUT_H

#include <stdio.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/report/report.h"

/* The user that called sudo (SUDO_UID, SUDO_GID), or -1: files that root writes belong to them. */
uid_t output_uid(void);
gid_t output_gid(void);

/*
 * Open path for writing, "-" is stdout. A file is made anew, never through a symlink, and given to
 * output_uid(). NULL and err (class ERROR_USAGE) when that cannot be.
 */
FILE *output_open(const char *path, struct error *err);

/* Close what output_open() gave; 0, or negative errno and err when something was not written. */
int output_close(FILE *f, const char *path, struct error *err);

/*
 * A result that is there as a whole or not at all: it is written beside path and takes its place
 * when it is complete, so that nobody reads half of it and what was there before survives an error.
 * "-" is stdout, and what is no regular file (a FIFO, /dev/full) is written to directly.
 */
struct output {
	FILE *stream;     /* to write to; its error flag is looked at in the end */
	const char *path; /* as given, borrowed */
	char *temporary;  /* NULL: written directly */
};

/* 0, or negative errno and err (class ERROR_USAGE): a symbolic link, no such directory, … */
int output_begin(struct output *o, const char *path, struct error *err);

/* Finish; 0, or negative errno and err when something was not written. o is released either way. */
int output_commit(struct output *o, struct error *err);

/* Throw away what was written, where that can be. */
void output_discard(struct output *o);

/* Width, colours and characters for out as it is: a terminal, a pipe, NO_COLOR, the locale. */
void output_style(FILE *out, struct report_options *o);

#endif
