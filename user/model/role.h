/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * role.h - what to call a task whose own name says nothing.
 *
 * Who executes /proc/self/exe or a descriptor is called "exe" by the kernel: so are all of gVisor's
 * processes and runc's init. Then its arguments say more: "runsc-sandbox", "runsc-gofer",
 * "runc init", "runsc umount"; "runsc-stub" is a copy of the sandbox that never executes anything.
 */
#ifndef COLDPROF_ROLE_H
#define COLDPROF_ROLE_H

#include <stdint.h>

#define ROLE_NAME_MAX 32

struct run;
struct sched_task;

/* The task's name then; one of these instead where there is one. Returns it, or name itself. */
const char *role_of_task(char name[ROLE_NAME_MAX], const struct run *run,
			 const struct sched_task *task, uint64_t time);

/* The same for a process and its last name. */
const char *role_of_process(char name[ROLE_NAME_MAX], const struct run *run, uint32_t pid);

#endif
