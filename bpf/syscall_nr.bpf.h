/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall_nr.bpf.h - numbers of the system calls that the probes look at, per architecture. */
#ifndef COLDPROF_SYSCALL_NR_BPF_H
#define COLDPROF_SYSCALL_NR_BPF_H

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_write 1
#define SYSCALL_mmap 9
#define SYSCALL_ioctl 16
#define SYSCALL_accept 43
#define SYSCALL_sendto 44
#define SYSCALL_accept4 288
#define SYSCALL_execve 59
#define SYSCALL_execveat 322
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_ioctl 29
#define SYSCALL_write 64
#define SYSCALL_mmap 222
#define SYSCALL_accept 202
#define SYSCALL_sendto 206
#define SYSCALL_accept4 242
#define SYSCALL_execve 221
#define SYSCALL_execveat 281
#else
#error "no system call numbers for this architecture"
#endif

/*
 * Calls that never wait and take a fraction of a microsecond: seeing them would cost more than they
 * do (Go's start makes a hundred rt_sigaction alone), so they count as the user mode around them.
 */
static __always_inline bool is_trivial(long nr)
{
#if defined(__TARGET_ARCH_x86)
	switch (nr) {
	case 8: case 13: case 14: case 15: case 39: /* lseek rt_sig{action,procmask,return} getpid */
	case 72: case 95: case 96: case 97: case 102: case 104: case 107: case 108: case 110:
	case 131: case 158: case 186: /* sigaltstack arch_prctl gettid */
	case 204: case 218: case 228: case 273: case 302: case 334:
		return true;
	}
#endif
	return false;
}

/* gVisor's guests are of the host's architecture; the record speaks x86-64 numbers. */
#define GUEST_write 1
#define GUEST_socket 41
#define GUEST_accept 43
#define GUEST_bind 49
#define GUEST_listen 50
#define GUEST_execve 59
#define GUEST_accept4 288

#endif
