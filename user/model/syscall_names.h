/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall_names.h - x86-64's system calls by number: what they are called, and of what sort. */
#ifndef COLDPROF_SYSCALL_NAMES_H
#define COLDPROF_SYSCALL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#define SYSCALL_READ 0
#define SYSCALL_WRITE 1
#define SYSCALL_POLL 7
#define SYSCALL_IOCTL 16
#define SYSCALL_SELECT 23
#define SYSCALL_NANOSLEEP 35
#define SYSCALL_SOCKET 41
#define SYSCALL_CONNECT 42
#define SYSCALL_ACCEPT 43
#define SYSCALL_RECVFROM 45
#define SYSCALL_RECVMSG 47
#define SYSCALL_LISTEN 50
#define SYSCALL_CLONE 56
#define SYSCALL_EXECVE 59
#define SYSCALL_WAIT4 61
#define SYSCALL_PIVOT_ROOT 155
#define SYSCALL_PRCTL 157
#define SYSCALL_CHROOT 161
#define SYSCALL_MOUNT 165
#define SYSCALL_FUTEX 202
#define SYSCALL_CLOCK_NANOSLEEP 230
#define SYSCALL_EXIT_GROUP 231
#define SYSCALL_EPOLL_WAIT 232
#define SYSCALL_WAITID 247
#define SYSCALL_OPENAT 257
#define SYSCALL_PSELECT6 270
#define SYSCALL_PPOLL 271
#define SYSCALL_EPOLL_PWAIT 281
#define SYSCALL_ACCEPT4 288
#define SYSCALL_SECCOMP 317
#define SYSCALL_EPOLL_PWAIT2 441

/* "openat"; NULL when there is no such number. */
const char *syscall_name(uint32_t nr);

/*
 * x86-64's number of the call that has nr in the generic table, by which recordings of arm64 and other
 * architectures speak. SCHED_NONE and the like, which are no numbers, stay as they are.
 */
uint32_t syscall_from_generic(uint32_t nr);

/* Does it wait for one thing, and return when that has come? */
bool syscall_waits(uint32_t nr);

/* Can it bring a message to whom it is for, over loopback or veth? */
bool syscall_sends(uint32_t nr);

#endif
