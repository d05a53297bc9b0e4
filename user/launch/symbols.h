/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbols.h - names for the addresses in a run's stacks, looked up while its files are still there.
 *
 * During the run addresses and mappings are only kept; after it, before the box is torn down, each
 * distinct address is named once and a SYMBOL record is written.
 */
#ifndef COLDPROF_SYMBOLS_H
#define COLDPROF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/record/writer.h"

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *s);

/*
 * Keep the addresses of a BLOCKED or SAMPLE record and what a MAPPING says. Returns whether the
 * record has served its purpose and need not be stored.
 */
bool symbols_record(struct symbols *s, const struct wire_head *record);

/*
 * Name what was kept since the last call and write it as records of run. box is a process in whose
 * mount namespace the run's paths mean what they say (its pid 1); 0: ours. Forgets everything, so
 * that tables do not add up over a session.
 */
void symbols_write(struct symbols *s, struct writer *w, uint16_t run, uint64_t time, pid_t box,
		   struct error *err);

#endif
