/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage_memory.h - a snapshot of a run's memory, written down: outside the timed window only.
 */
#ifndef COLDPROF_STAGE_MEMORY_H
#define COLDPROF_STAGE_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/collect/guestram.h"
#include "user/record/writer.h"

struct memory_stage {
	struct writer *writer;
	struct error *err;
	uint16_t run;
	const struct guestram *guest; /* may be NULL */
	struct guestram *shapes; /* what guest RAM looks like is added to it; may be NULL */
};

/* The processes, then their cgroups, then the machine, as of now. */
void stage_memory(const struct memory_stage *m, enum memory_when when, const pid_t *pids, size_t n);

/* The machine only. */
void stage_memory_system(const struct memory_stage *m, enum memory_when when);

#endif
