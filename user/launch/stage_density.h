/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage_density.h - what one more instance costs: several of a scenario side by side, without probes.
 */
#ifndef COLDPROF_STAGE_DENSITY_H
#define COLDPROF_STAGE_DENSITY_H

#include "user/launch/stage.h"

/*
 * Before anything is started: can that many of each scenario fit at all? Their guests' RAM, and a
 * little for each, against MemAvailable; and descriptors. ERROR_USAGE.
 */
int stage_density_check(const struct stage *st, struct error *err);

/*
 * One alone, then all, each settled and written down; then everything is gone again. Returns 0, or
 * a signal number when interrupted.
 */
int stage_density(struct stage *st, struct stage_scenario *sc);

#endif
