// SPDX-License-Identifier: GPL-2.0-only
/* test_oncpu.c - samples to functions: whose they are, what they stand for, how they are named. */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"

/*
 * 100 is on a CPU from 0.1 ms (launch) on, waits from 4 to 6 ms, answers at 10 ms; 101 runs beside
 * it and nobody waits for it. At 5 ms the same addresses of 100 belong to another program.
 */
static const char text[] =
	"0 - SESSION port=8080\n"
	"0 - SCENARIO id=1 name=runc flags=host_accept\n"
	"run 1 at 1s\n"
	"+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"
	"+0 90 FORK child=100 comm=keeper\n"
	"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
	"+0.1ms 100 EXEC enter=+0.1ms root=1 exe_name=a comm=a exe_inode=7\n"
	"+0.2ms 100 FORK child=101 comm=a\n"
	"+0.3ms - SWITCH cpu=1 next_tid=101 next_ours=1 prev_syscall=none\n"
	"+1ms 100 SAMPLE n_user=2 stack=0x1000,0x3000\n"
	"+2ms 100 SAMPLE n_kernel=2 n_user=1 stack=0x20,0x10,0x1000\n"
	"+2ms 101 SAMPLE n_user=1 stack=0x1000\n"
	"+3ms 100 SAMPLE n_user=1 stack=0x2000\n"
	"+4ms 100 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=35\n"
	"+6ms 9 WAKING tid=100 waker_syscall=none context=hardirq irq=timer\n"
	"+6ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"
	"+6ms 100 SYSCALL enter=+4ms nr=35\n"
	"+7ms 100 SAMPLE n_user=1 stack=0x1000\n"
	"+8ms 101 SWITCH cpu=1 prev_ours=1 prev_state=sleeping prev_syscall=202\n"
	"+9ms 100 LISTEN local_port=8080 netns=100\n"
	"+10ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 waker_syscall=1 "
	"waker_ours=1\n"
	"+10ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"
	"+10.1ms - CLIENT first_byte=+10.1ms\n"
	"+0 - SYMBOL address=0x1000 offset=16 pid=100 name=main.first object=a\n"
	"+5ms - SYMBOL address=0x1000 offset=32 pid=100 name=main.second object=b\n"
	"+11ms - SYMBOL address=0x2000 offset=0x2000 pid=100 object=libc.so\n"
	"+11ms - SYMBOL address=0x1000 offset=8 pid=101 name=other object=a\n"
	"+11ms - SYMBOL address=0x10 offset=1 name=do_read object=kernel\n"
	"+11ms - SYMBOL address=0x20 offset=2 name=raw_pvm_irq_enable object=kernel\n"
	"+11ms - RUN_END status=ok\n";

static const struct oncpu_row *row(const struct oncpu *cpu, const char *function)
{
	size_t i;

	for (i = 0; i < cpu->n; i++)
		if (!strcmp(cpu->rows[i].frame.function, function))
			return &cpu->rows[i];
	fail_msg("no row for \"%s\"", function);
	return NULL;
}

/* Those on the path, the waiting left out: 0.1 to 4 and 6 to 10 ms by four samples. */
static void check_rows(const struct oncpu *cpu)
{
	uint64_t sum = 0;
	size_t i;

	assert_int_equal(cpu->n, 4);
	assert_int_equal(cpu->samples, 4);
	assert_int_equal(cpu->ns, 7900000);
	for (i = 0; i < cpu->n; i++) {
		assert_int_equal(cpu->rows[i].samples, 1);
		assert_int_equal(cpu->rows[i].ns, 1975000);
		sum += cpu->rows[i].ns;
	}
	assert_int_equal(sum, cpu->ns);
	assert_string_equal(row(cpu, "main.first")->frame.object, "a");
	assert_string_equal(row(cpu, "main.second")->frame.object, "b");
	assert_string_equal(row(cpu, "do_read")->frame.object, "kernel"); /* not who let it in */
	assert_string_equal(row(cpu, "")->frame.object, "libc.so");
	assert_int_equal(row(cpu, "")->frame.offset, 0x2000);
}

static void test_rows(void **state)
{
	struct session *s = evtext_session(text);
	struct oncpu cpu;
	size_t runs;

	(void)state;
	oncpu_of_run(s, s->runs[0], &cpu);
	assert_int_equal(cpu.taken, 5);
	check_rows(&cpu);
	free(cpu.rows);
	oncpu_of_scenario(s, s->scenarios[0], NULL, &cpu, &runs);
	assert_int_equal(runs, 1);
	check_rows(&cpu);
	free(cpu.rows);
	oncpu_of_scenario(s, s->scenarios[0], "no such phase", &cpu, &runs);
	assert_int_equal(runs, 1);
	assert_int_equal(cpu.n, 0);
	assert_int_equal(cpu.ns, 0);
	session_free(s);
}

/* 9.9 ms on a CPU, in which nothing is sampled but what a case says. */
#define SHORT_RUN(N, SAMPLES)                                                                      \
	"run " N " at " N "s\n"                                                                    \
	"+0 - RUN_BEGIN scenario=1 index=" N " netns=100 client_netns=200 client_tid=50\n"         \
	"+0 90 FORK child=100 comm=keeper\n"                                                       \
	"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"                            \
	"+0.1ms 100 EXEC enter=+0.1ms root=1 exe_name=a comm=a exe_inode=7\n"                      \
	"+0.2ms 100 FORK child=101 comm=a\n"                                                       \
	"+0.3ms - SWITCH cpu=1 next_tid=101 next_ours=1 prev_syscall=none\n" SAMPLES               \
	"+8ms 101 SWITCH cpu=1 prev_ours=1 prev_state=sleeping prev_syscall=202\n"                 \
	"+9ms 100 LISTEN local_port=8080 netns=100\n"                                              \
	"+10ms 100 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 waker_syscall=1 "     \
	"waker_ours=1\n"                                                                           \
	"+10ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"             \
	"+10.1ms - CLIENT first_byte=+10.1ms\n+11ms - RUN_END status=ok\n"

/* The mean is over all runs: without a sample, or with one off the path only, they have their time, too. */
static void test_mean(void **state)
{
	CLEANUP_FREE char *all = xasprintf("%s%s%s", text, SHORT_RUN("2", ""),
					   SHORT_RUN("3", "+2ms 101 SAMPLE n_user=1 stack=0x1000\n"));
	struct session *s = evtext_session(all);
	struct oncpu cpu;
	size_t runs;

	(void)state;
	assert_int_equal(s->nonsense, 0);
	oncpu_of_scenario(s, s->scenarios[0], NULL, &cpu, &runs);
	assert_int_equal(runs, 3);
	assert_int_equal(cpu.samples, 4);
	assert_int_equal(cpu.taken, 6);
	assert_int_equal(cpu.ns, 7900000 + 2 * 9900000);
	free(cpu.rows);
	session_free(s);
}

struct seen {
	unsigned int n, on_path;
	uint64_t ns;
	char names[5][FRAME_TEXT_MAX];
};

static void look(void *ctx, const struct oncpu_stack *stack)
{
	struct seen *seen = ctx;

	assert_true(seen->n < 5);
	oncpu_frame_text(seen->names[seen->n++], &stack->frames[stack->n - 1]);
	seen->on_path += stack->on_path;
	seen->ns += stack->ns;
	assert_string_equal(stack->comm, "a");
	assert_int_equal(stack->pid, stack->tid);
}

/* All of them, by task: they stand for 8 ms of 100 and 7.7 of 101. */
static void test_stacks(void **state)
{
	struct session *s = evtext_session(text);
	struct seen seen = { 0 };

	(void)state;
	oncpu_stacks(s, s->runs[0], look, &seen);
	assert_int_equal(seen.n, 5);
	assert_int_equal(seen.on_path, 4);
	assert_int_equal(seen.ns, 8000000 + 7700000);
	assert_string_equal(seen.names[0], "0x3000"); /* nothing known */
	assert_string_equal(seen.names[1], "main.first");
	assert_string_equal(seen.names[2], "libc.so+0x2000");
	assert_string_equal(seen.names[3], "main.second");
	assert_string_equal(seen.names[4], "other");
	session_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_mean),
		cmocka_unit_test(test_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
