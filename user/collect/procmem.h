/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * procmem.h - memory of processes, from /proc/PID: smaps_rollup, status and smaps.
 *
 * RSS, PSS and USS as the kernel gives them, by class, guest RAM told apart; and the heaviest
 * mappings. What is written down adds up: the classes to the process, the mappings to the process.
 */
#ifndef COLDPROF_PROCMEM_H
#define COLDPROF_PROCMEM_H

#include <stddef.h>
#include <sys/types.h>

#include "user/collect/guestram.h"
#include "user/collect/mappings.h"
#include "user/record/format.h"

#define PROCMEM_MAPPINGS 10 /* heaviest groups kept of a process, then the rest as one */

struct process_memory {
	pid_t pid;
	struct host_memory_process body; /* .when is the caller's, as those below */
	struct mapping_group *groups;    /* PROCMEM_MAPPINGS and MAPPING_REST, or none */
	size_t n_groups;
	uint64_t asked; /* RAM that its command line asks for a guest; 0 = it is no QEMU */
	struct mapping_file files[MAPPING_FILES_MAX]; /* that its guest's memory is shared by */
	size_t n_files;
};

/*
 * The totals of one process, without its mappings: 0 or -errno (-ESRCH when it is gone, or is a
 * zombie or kernel thread). Guest RAM is not told apart yet.
 */
int procmem_read(pid_t pid, struct process_memory *m);

/*
 * All n processes: the totals of all of them first, then their mappings, by several threads where
 * there are many. mm_owner is set for processes that share one mm (kcmp):
 * only the first has mappings. What a process has mapped of a file that backs another one's guest RAM
 * (vhost-user) is guest RAM. *result is for procmem_release(); returns how many could be read.
 * guest may be NULL.
 */
size_t procmem_read_all(const pid_t *pids, size_t n, const struct guestram *guest,
			struct process_memory **result);
void procmem_release(struct process_memory *list, size_t n);

#endif
