/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * procio.h - what processes read and faulted in, by the kernel's own account: /proc/PID/io and
 * /proc/PID/stat. Both hold what children that were waited for did, too.
 */
#ifndef COLDPROF_PROCIO_H
#define COLDPROF_PROCIO_H

#include <stdint.h>
#include <sys/types.h>

#include "user/record/format.h"

/* Add a process to sum. 0 or -errno; nothing is added then. */
int procio_add(struct host_io *sum, pid_t pid);

/* Take off what there was before; never below 0. */
void procio_subtract(struct host_io *sum, const struct host_io *before);

/*
 * The most memory that this process has had resident since its execve, in bytes; 0 = not known. (What
 * getrusage(2) calls ru_maxrss may be that of who executed it.)
 */
uint64_t procio_own_peak_rss(void);

#endif
