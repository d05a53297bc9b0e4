/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labels.h - what every format says of a run, in the same words: its number, where its cold start
 * ends, and what its numbers are not. All texts are printable; a format escapes markup of its own.
 */
#ifndef COLDPROF_EXPORT_LABELS_H
#define COLDPROF_EXPORT_LABELS_H

#include "user/export/export.h"

/* As every screen counts and --run takes it: from 1 within its scenario. JSON's "index" is from 0. */
uint32_t label_run(const struct run *r);

/* Where the cold start ends: "the first byte", or "ready (exit)". Owned. */
char *label_end(const struct session *s);

/* Events that were lost in the chosen runs of a scenario. */
uint64_t label_lost(const struct export_pick *pick);

/*
 * Why the numbers are to be doubted: "TCG: not a KVM number; 3 events lost: there are holes; the
 * recording is not whole: …"; NULL when there is no reason. s: NULL = of no scenario. Owned.
 */
char *label_notes(const struct export_source *source, const struct scenario_result *s,
		  uint64_t lost);

/* The same as it stands after a name: " [TCG: not a KVM number]", or "". Owned. */
char *label_suffix(const struct export_source *source, const struct scenario_result *s,
		   uint64_t lost);

#endif
