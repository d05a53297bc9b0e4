/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_private.h - between sched.c and sched_build.c. */
#ifndef COLDPROF_SCHED_PRIVATE_H
#define COLDPROF_SCHED_PRIVATE_H

#include "user/model/sched.h"

#define SCHED_CPUS_MAX 65536 /* the kernel's own limit is 8192 */

/* Index into tasks, or SCHED_NONE. */
uint32_t sched_task_index(const struct sched *s, uint32_t tid);

void sched_unsettle(struct sched *s);

#endif
