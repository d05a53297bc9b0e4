/* SPDX-License-Identifier: GPL-2.0-only */
/* gvisor.h - what runsc needs, whoever starts it: the launcher or containerd's shim. */
#ifndef COLDPROF_SCENARIO_GVISOR_H
#define COLDPROF_SCENARIO_GVISOR_H

#include "user/base/error.h"

/*
 * For enter, in the run's own mount namespace. runsc refuses its own network stack in what it takes
 * for the host's namespace. Releases of 2024 tell that by /proc/sys/net/core/rmem_default, which
 * Linux shows in every namespace since 6.14; later ones by dev_weight. Neither is there under an
 * empty directory, which this mounts. 0, or < 0 with *err set.
 */
int gvisor_hide_net_core(struct error *err);

#endif
