/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cgroupmem.h - what the cgroups of a run are charged (v1 and v2), and the memory of the machine.
 *
 * A run's cgroups are those that its processes are in, but the one that coldprof itself is in and
 * the ones above it: their charge is not the run's. A charge covers what is below a cgroup too.
 */
#ifndef COLDPROF_CGROUPMEM_H
#define COLDPROF_CGROUPMEM_H

#include <stddef.h>
#include <sys/types.h>

#include "user/record/format.h"

struct cgroup_memory {
	struct host_memory_cgroup body; /* .when is the caller's */
	char *path;
};

/*
 * The cgroups of n processes; *result is for cgroupmem_release(). There is always one at least:
 * with body.cgroups = 0 when the run has none of its own.
 */
size_t cgroupmem_read(const pid_t *pids, size_t n, struct cgroup_memory **result);
/* For tests: the same with another /proc; what it says is mounted is where that is. */
size_t cgroupmem_read_in(const char *proc, const pid_t *pids, size_t n,
			 struct cgroup_memory **result);
void cgroupmem_release(struct cgroup_memory *list, size_t n);

/*
 * For tests: figures of a cgroup v2's memory.stat, or a v1's, into body; what it does not say stays
 * as it is.
 */
void cgroupmem_stat(struct host_memory_cgroup *body, const char *text);

/* /proc/meminfo; zeros where it does not say. */
void meminfo_read(struct host_memory_system *body);
/* The same from a text. */
void meminfo_parse(struct host_memory_system *body, const char *text);

#endif
