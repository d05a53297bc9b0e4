/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dump.h - a recording as text, one record a line, and how many there are of each kind.
 *
 * The text is the language of tests/unit/evtext.h, so a dump that is cut down by hand is a golden
 * fixture: read back it gives the same bytes. Only padding, what follows the strings that a kind is
 * known to have, and the bodies of unknown kinds are not kept. Strings are hostile: whatever is not
 * printable ASCII is written as an escape.
 */
#ifndef COLDPROF_DUMP_H
#define COLDPROF_DUMP_H

#include <stdint.h>
#include <stdio.h>

#include "user/record/format.h"

/* Where the text is: times count from the first record of a run. Zero-initialise. */
struct dump_place {
	uint16_t run;
	uint64_t *base; /* of each run; UINT64_MAX = not met yet */
};

/* One record as one line, after a line "run N at TIME" when it is of another run than the last. */
void dump_record(FILE *out, struct dump_place *place, const struct wire_head *record);
void dump_release(struct dump_place *place);

/* Records per run and kind. Zero-initialise. */
struct dump_counts {
	struct dump_count {
		uint16_t run, kind;
		uint64_t n;
	} *list;
	size_t n, cap, merge_at;
};
void dump_count(struct dump_counts *c, const struct wire_head *record);

/* "RUN KIND N" a line, by run and number of the kind, under a heading. */
void dump_counts_print(FILE *out, struct dump_counts *c);
void dump_counts_release(struct dump_counts *c);

#endif
