// SPDX-License-Identifier: GPL-2.0-only
/* test_syscall_names.c - the generic table's numbers, as the kernel's own header has them. */
/* What arm64 adds (its own asm/unistd.h). */
#define __ARCH_WANT_RENAMEAT
#define __ARCH_WANT_NEW_STAT
#define __ARCH_WANT_SET_GET_RLIMIT
#define __ARCH_WANT_SYS_CLONE3
#include <asm-generic/unistd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/model/syscall_names.h"

/* What the probes or the model ask for by number, one of each folder of the kernel, and the ends of the table. */
#define NAMES(X)                                                                                   \
	X(io_setup) X(getcwd) X(dup3) X(fcntl) X(inotify_init1) X(ioctl) X(flock) X(mkdirat)        \
	X(umount2) X(mount) X(pivot_root) X(ftruncate) X(chdir) X(fchdir) X(chroot) X(openat)       \
	X(close) X(pipe2) X(getdents64) X(lseek) X(read) X(write) X(readv) X(pread64) X(sendfile)   \
	X(pselect6) X(ppoll) X(splice) X(readlinkat) X(newfstatat) X(fstat) X(renameat) X(getrlimit) X(sync) X(fsync)        \
	X(fdatasync) X(timerfd_settime) X(capset) X(personality) X(exit) X(exit_group) X(waitid)    \
	X(unshare) X(futex) X(nanosleep) X(clock_nanosleep) X(syslog) X(ptrace) X(sched_yield)      \
	X(kill) X(tgkill) X(rt_sigaction) X(setuid) X(setsid) X(uname) X(prctl) X(gettimeofday)     \
	X(getpid) X(gettid) X(sysinfo) X(shmat) X(socket) X(bind) X(listen) X(accept) X(connect)    \
	X(sendto) X(recvfrom) X(sendmsg) X(recvmsg) X(brk) X(munmap) X(mremap) X(clone) X(execve)   \
	X(mmap) X(mprotect) X(msync) X(madvise) X(accept4) X(recvmmsg) X(wait4) X(setns)            \
	X(finit_module) X(seccomp) X(getrandom) X(memfd_create) X(bpf) X(execveat) X(membarrier)    \
	X(copy_file_range) X(statx) X(rseq) X(pidfd_send_signal) X(io_uring_enter) X(open_tree)     \
	X(move_mount) X(fsopen) X(fsconfig) X(fsmount) X(clone3) X(close_range) X(openat2)          \
	X(epoll_create1) X(epoll_ctl) X(epoll_pwait) X(epoll_pwait2)

static void test_generic(void **state)
{
#define IS_NAMED(name) assert_string_equal(syscall_name(syscall_from_generic(__NR_##name)), #name);
	NAMES(IS_NAMED)
#undef IS_NAMED
	(void)state;
}

static void test_no_number(void **state)
{
	/* Left out for architectures' own calls, and for 32 bits. */
	assert_null(syscall_name(syscall_from_generic(__NR_arch_specific_syscall)));
	assert_null(syscall_name(syscall_from_generic(403)));
	/* "none" is none. */
	assert_int_equal(syscall_from_generic(UINT32_MAX), UINT32_MAX);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generic),
		cmocka_unit_test(test_no_number),
	};

	return cmocka_run_group_tests_name("syscall_names", tests, NULL, NULL);
}
