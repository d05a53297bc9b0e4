/* SPDX-License-Identifier: GPL-2.0-only */
/* syscall_nr.bpf.h - numbers of the system calls that the probes look at, per architecture. */
#ifndef COLDPROF_SYSCALL_NR_BPF_H
#define COLDPROF_SYSCALL_NR_BPF_H

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_write 1
#define SYSCALL_mmap 9
#define SYSCALL_munmap 11
#define SYSCALL_brk 12
#define SYSCALL_mremap 25
#define SYSCALL_madvise 28
#define SYSCALL_exit 60
#define SYSCALL_exit_group 231
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
#define SYSCALL_munmap 215
#define SYSCALL_brk 214
#define SYSCALL_mremap 216
#define SYSCALL_madvise 233
#define SYSCALL_exit 93
#define SYSCALL_exit_group 94
#define SYSCALL_accept 202
#define SYSCALL_sendto 206
#define SYSCALL_accept4 242
#define SYSCALL_execve 221
#define SYSCALL_execveat 281
#else
#error "no system call numbers for this architecture"
#endif

/* fcntl's commands that wait for a lock (include/uapi/asm-generic/fcntl.h). */
#define F_SETLKW 7
#define F_OFD_SETLKW 38

/*
 * Calls that never wait and take a fraction of a microsecond: seeing them would cost more than they
 * do (Go's start makes a hundred rt_sigaction alone), so they count as the user mode around them.
 * arg1 is the call's second argument.
 */
static __always_inline bool is_trivial(long nr, __u64 arg1)
{
#if defined(__TARGET_ARCH_x86)
	switch (nr) {
	case 8: case 13: case 14: case 15: case 39: /* lseek rt_sig{action,procmask,return} getpid */
	case 95: case 96: case 97: case 102: case 104: case 107: case 108: case 110:
	case 131: case 158: case 186: /* sigaltstack arch_prctl gettid */
	case 204: case 218: case 228: case 273: case 302: case 334:
		return true;
	case 72: /* fcntl */
		return arg1 != F_SETLKW && arg1 != F_OFD_SETLKW;
	}
#endif
	return false;
}

/*
 * Calls that change what a process is: few, and what phases are told by, so they get a record
 * however quick they are. arg0 is the call's first argument.
 */
static __always_inline bool is_marked(long nr, __u64 arg0)
{
#if defined(__TARGET_ARCH_x86)
	switch (nr) {
	case 56: case 57: case 58: case 435: /* clone fork vfork clone3 */
	case 155: case 161: case 165: case 166: /* pivot_root chroot mount umount2 */
	case 272: case 308: case 317: /* unshare setns seccomp */
	case 428: case 429: case 430: case 431: case 432: /* open_tree move_mount fs{open,config,mount} */
		return true;
	case 157: /* prctl: PR_SET_SECCOMP */
		return arg0 == 22;
	}
#else
	switch (nr) {
	case 220: case 435: /* clone clone3 */
	case 39: case 40: case 41: case 51: /* umount2 mount pivot_root chroot */
	case 97: case 268: case 277: /* unshare setns seccomp */
	case 428: case 429: case 430: case 431: case 432:
		return true;
	case 167:
		return arg0 == 22;
	}
#endif
	return false;
}

/*
 * Calls that programs make in tight loops and that are never long on the CPU: what moves few bytes,
 * and what asks whether there is something. arg2 is the call's third argument.
 */
static __always_inline bool is_spun(long nr, __u64 arg2)
{
#if defined(__TARGET_ARCH_x86)
	switch (nr) {
	case 0: case 1: case 17: case 18: case 44: case 45: /* read write pread pwrite sendto recvfrom */
		return arg2 <= 65536;
	case 5: case 7: case 24: case 202: /* fstat poll sched_yield futex */
	case 232: case 233: case 271: case 281: case 441: /* epoll_{wait,ctl} ppoll epoll_pwait{,2} */
		return true;
	}
#else
	switch (nr) {
	case 63: case 64: case 67: case 68: case 206: case 207:
		return arg2 <= 65536;
	case 80: case 124: case 98: case 21: case 22: case 73: case 441:
		return true;
	}
#endif
	return false;
}

/* Sleeps for a time: Go's sysmon makes thousands a second, and SWITCH and WAKING tell all of one. */
static __always_inline bool is_nap(long nr)
{
#if defined(__TARGET_ARCH_x86)
	return nr == 35 || nr == 230; /* nanosleep clock_nanosleep */
#else
	return nr == 101 || nr == 115;
#endif
}

/* gVisor's guests are of the host's architecture, and so are the numbers of their calls. */
#define GUEST_write SYSCALL_write
#define GUEST_accept SYSCALL_accept
#define GUEST_accept4 SYSCALL_accept4
#define GUEST_execve SYSCALL_execve
#if defined(__TARGET_ARCH_x86)
#define GUEST_socket 41
#define GUEST_bind 49
#define GUEST_listen 50
#else
#define GUEST_socket 198
#define GUEST_bind 200
#define GUEST_listen 201
#endif

#endif
