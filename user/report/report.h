/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * report.h - a session as text and as JSON, to a stream.
 *
 * The text is a table with a bar per row and, below it, notes: what fell back to what, what is not
 * here and how to get it, what failed and the runtime's last words, the honesty box (uncertainty,
 * cost, losses, environment). The JSON is the contract of DESIGN.md §8.
 */
#ifndef COLDPROF_REPORT_H
#define COLDPROF_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "user/model/session.h"

struct report_options {
	unsigned int width; /* columns of the terminal; 80 when unknown */
	bool colour;        /* SGR colours; never carries information by itself */
	bool utf8;          /* block elements for bars, else '#' */
	const char *incomplete; /* why the recording is not whole (reader_complete), or NULL */
};

/* session_settle() first. Returns 0 or -errno of the stream. */
int report_text(FILE *out, const struct session *s, const struct report_options *o);
int report_json(FILE *out, const struct session *s, const struct report_options *o);

#endif
