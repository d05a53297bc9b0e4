// SPDX-License-Identifier: GPL-2.0-only
/* test_procio.c - the kernel's account of our own reads and faults, those of a child included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/base/mem.h"
#include "user/collect/procio.h"

#define MIB (1024 * 1024)
#define PAGES 64

static void read_zeros(size_t bytes)
{
	CLEANUP_FREE char *buffer = xmalloc(MIB);
	FILE *zero = fopen("/dev/zero", "re");

	assert_non_null(zero);
	while (bytes) {
		assert_int_equal(read(fileno(zero), buffer, MIB), MIB);
		bytes -= MIB;
	}
	fclose(zero);
}

static void touch(size_t pages)
{
	long size = sysconf(_SC_PAGESIZE);
	volatile char *memory = mmap(NULL, pages * (size_t)size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	assert_true(memory != MAP_FAILED);
	madvise((void *)memory, pages * (size_t)size, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		memory[i * (size_t)size] = 1;
	munmap((void *)memory, pages * (size_t)size);
}

static void test_self(void **state)
{
	struct host_io before = { 0 }, after = { 0 };
	pid_t child;

	(void)state;
	if (access("/proc/self/io", R_OK))
		skip();
	assert_int_equal(procio_add(&before, getpid()), 0);
	read_zeros(2 * MIB);
	touch(PAGES);
	assert_int_equal(procio_add(&after, getpid()), 0);
	procio_subtract(&after, &before);
	assert_in_range(after.call_bytes, 2 * MIB, 3 * MIB);
	assert_true(after.minor_faults + after.major_faults >= PAGES);
	/* What a child did is ours when we have waited for it. */
	memset(&before, 0, sizeof(before));
	assert_int_equal(procio_add(&before, getpid()), 0);
	child = fork();
	if (!child) {
		read_zeros(MIB);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	memset(&after, 0, sizeof(after));
	assert_int_equal(procio_add(&after, getpid()), 0);
	procio_subtract(&after, &before);
	assert_true(after.call_bytes >= MIB);
}

static void test_gone(void **state)
{
	struct host_io sum = { .call_bytes = 5 }, more = { .call_bytes = 7, .minor_faults = 1 };

	(void)state;
	assert_true(procio_add(&sum, 0x7ffffffe) < 0);
	assert_int_equal(sum.call_bytes, 5);
	procio_subtract(&sum, &more);
	assert_int_equal(sum.call_bytes, 0);
	assert_int_equal(sum.minor_faults, 0);
}

/* Ours, not that of who executed us: a child executes this program anew after having had much. */
static void test_own_peak(void **state)
{
	char path[64] = "/proc/self/exe";
	int fds[2], status;
	uint64_t peak = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		char *much = xmalloc(64 * MIB);

		memset(much, 1, 64 * MIB);
		dup2(fds[1], 1);
		execl(path, path, "--peak", NULL);
		_exit(127);
	}
	assert_true(pid > 0);
	close(fds[1]);
	assert_int_equal(read(fds[0], &peak, sizeof(peak)), sizeof(peak));
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_in_range(peak, 100 * 1024, 48 * MIB);
}

int main(int argc, char **argv)
{
	uint64_t peak = procio_own_peak_rss();

	if (argc == 2 && !strcmp(argv[1], "--peak"))
		return write(1, &peak, sizeof(peak)) != sizeof(peak);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_own_peak),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
