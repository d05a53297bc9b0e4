// SPDX-License-Identifier: GPL-2.0-only
/* test_mem.c - memory helpers, and what happens when there is none. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"

/* Let malloc fail under the sanitizer as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* volatile: compilers see through sizes like these and warn */
static volatile size_t absurd = SIZE_MAX / 2;

static void ask_malloc(void)
{
	xmalloc(absurd);
}

static void ask_calloc(void)
{
	xcalloc(absurd, 16);
}

static void ask_realloc(void)
{
	xrealloc(xmalloc(8), absurd);
}

static void ask_array_add(void)
{
	size_t cap = 0;

	array_reserve(NULL, 2 * absurd, &cap, absurd, 1);
}

static void ask_array_multiply(void)
{
	size_t cap = 0;

	array_reserve(NULL, absurd, &cap, 1, 16);
}

static void ask_arena(void)
{
	struct arena a = { 0 };

	arena_alloc(&a, 2 * absurd + 1);
}

static void expect_death(void (*ask)(void))
{
	static const char sentence[] = "coldprof: out of memory";
	char said[200] = "";
	size_t n = 0;
	int fds[2], status;
	ssize_t ret;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		ask();
		_exit(0);
	}
	close(fds[1]);
	/* All of it: the sanitizer warns of the size before we speak. */
	for (;;) {
		char buf[4096];

		ret = read(fds[0], buf, sizeof(buf) - 1);
		if (ret <= 0)
			break;
		buf[ret] = '\0';
		if (strstr(buf, sentence))
			snprintf(said, sizeof(said), "%.150s", strstr(buf, sentence));
		n += (size_t)ret;
	}
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
	assert_true(n > 0);
	assert_memory_equal(said, sentence, strlen(sentence));
}

static void test_out_of_memory(void **state)
{
	(void)state;
	expect_death(ask_malloc);
	expect_death(ask_calloc);
	expect_death(ask_realloc);
	expect_death(ask_array_add);
	expect_death(ask_array_multiply);
	expect_death(ask_arena);
}

static void test_zero_size(void **state)
{
	void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xrealloc(xmalloc(3), 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	free(a);
	free(b);
	free(c);
}

static void test_strings(void **state)
{
	CLEANUP_FREE char *a = xstrdup("cold");
	CLEANUP_FREE char *b = xasprintf("%s-%04d", a, 7);

	(void)state;
	assert_string_equal(a, "cold");
	assert_string_equal(b, "cold-0007");
}

static void test_array(void **state)
{
	size_t n = 0, cap = 0, moves = 0, last_cap = 0, i;
	uint32_t *items = NULL;

	(void)state;
	for (i = 0; i < 100000; i++) {
		ARRAY_RESERVE(items, n, cap, 1);
		assert_true(cap > n);
		moves += cap != last_cap;
		last_cap = cap;
		items[n++] = (uint32_t)(i * 3);
	}
	for (i = 0; i < n; i++)
		assert_int_equal(items[i], (uint32_t)(i * 3));
	assert_true(moves < 30);
	ARRAY_RESERVE(items, n, cap, 1000000);
	assert_true(cap >= n + 1000000);
	assert_int_equal(items[99999], 299997);
	free(items);
}

static void test_array_of_nothing(void **state)
{
	size_t cap = 0;
	int *items = NULL;

	(void)state;
	ARRAY_RESERVE(items, 0, cap, 0);
	assert_non_null(items);
	free(items);
}

static char *steal(void)
{
	CLEANUP_FREE char *s = xstrdup("mine");

	return STEAL(s);
}

static void test_steal(void **state)
{
	char *s = steal();

	(void)state;
	assert_string_equal(s, "mine");
	free(s);
}

static void open_and_fail(int *fd_out)
{
	CLEANUP_CLOSE int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int none = -1;
	CLEANUP_CLOSE int bad = 999999; /* close() fails and sets errno */

	(void)none;
	(void)bad;
	*fd_out = fd;
	errno = ENOTTY;
}

static void test_cleanup_close(void **state)
{
	int fd;

	(void)state;
	open_and_fail(&fd);
	assert_int_equal(errno, ENOTTY);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(errno, EBADF);
}

static void test_arena(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4096, 16384, 16385, 70000, 1 << 20 };
	unsigned char *got[40 * ARRAY_SIZE(sizes)];
	struct arena a = { 0 };
	size_t i, k, n = ARRAY_SIZE(got);

	(void)state;
	for (i = 0; i < n; i++) {
		size_t size = sizes[(i * 7) % ARRAY_SIZE(sizes)];

		got[i] = arena_alloc(&a, size);
		assert_int_equal((uintptr_t)got[i] % 16, 0);
		for (k = 0; k < size; k++)
			if (got[i][k])
				fail_msg("byte %zu of allocation %zu is not zero", k, i);
		memset(got[i], (int)(i % 255 + 1), size);
	}
	/* Nothing overlaps: each still holds its own pattern. */
	for (i = 0; i < n; i++) {
		size_t size = sizes[(i * 7) % ARRAY_SIZE(sizes)];

		for (k = 0; k < size; k++)
			if (got[i][k] != i % 255 + 1)
				fail_msg("byte %zu of allocation %zu was overwritten", k, i);
	}
	arena_release(&a);
	assert_null(a.blocks);
	arena_release(&a);
}

static void test_arena_strndup(void **state)
{
	struct arena a = { 0 };
	char raw[4] = { 'a', 'b', 'c', 'd' };

	(void)state;
	assert_string_equal(arena_strndup(&a, raw, 4), "abcd");
	assert_string_equal(arena_strndup(&a, raw, 2), "ab");
	assert_string_equal(arena_strndup(&a, raw, 0), "");
	assert_string_equal(arena_strndup(&a, "ab\0cd", 5), "ab");
	arena_release(&a);
}

static void test_clocks(void **state)
{
	uint64_t mono = clock_mono_ns(), cpu = clock_thread_cpu_ns();
	volatile unsigned int spin;

	(void)state;
	assert_true(clock_real_ns() > 1600000000ull * 1000000000ull);
	for (spin = 0; spin < 1000000; spin++)
		;
	assert_true(clock_mono_ns() > mono);
	assert_true(clock_thread_cpu_ns() > cpu);
	/* Sleeping is no CPU time. */
	cpu = clock_thread_cpu_ns();
	mono = clock_mono_ns();
	usleep(50000);
	assert_true(clock_mono_ns() - mono >= 50000000);
	assert_true(clock_thread_cpu_ns() - cpu < 40000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_zero_size),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_array_of_nothing),
		cmocka_unit_test(test_steal),
		cmocka_unit_test(test_cleanup_close),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_strndup),
		cmocka_unit_test(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
