/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage_density_memory.h - what instances that are side by side take, written down. Of
 * stage_density.c only.
 */
#ifndef COLDPROF_STAGE_DENSITY_MEMORY_H
#define COLDPROF_STAGE_DENSITY_MEMORY_H

#include <stdint.h>

#include "user/launch/instance.h"
#include "user/launch/stage.h"

/*
 * A step of n instances: DENSITY_STEP, what each takes, the files that they map. Returns 0, or the
 * number (from 1) of one that has no process left; then nothing is written. Nothing is traced here:
 * guest RAM is what looks like it did in the scenario's runs.
 */
unsigned int density_memory(struct stage *st, const struct stage_scenario *sc,
			    const struct instance *list, unsigned int n);

/* Bytes that one takes: PSS, page tables, kernel stacks and huge pages, its box's included. */
uint64_t density_memory_taken(const struct instance *one);

#endif
