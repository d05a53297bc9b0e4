// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_guest_console.c - a guest whose truth is known, and where its lines are placed on the host's
 * clock. It keeps its log until it has a console; its clock may stand still, as that of an emulated
 * guest does; a line takes 0.3 ms to come out, and the reader looks every 0.2 ms.
 */
#include "tests/unit/evtext.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"

#define US 1000ull
#define MS 1000000ull
#define LINE_NS (300 * US)
#define LOOK_NS (200 * US)
#define LINES_MAX 400

struct guest {
	uint64_t zero;           /* when its clock began, after launch */
	uint64_t console;        /* when it had one */
	uint64_t stop, stop_for; /* its clock stood still from then on, for so long */
	uint64_t unread;         /* from then on the reader had no CPU for 7 ms */
	uint64_t said[LINES_MAX];
	const char *text[LINES_MAX];
	size_t n;
	uint64_t busy; /* until then the console comes out with a line */
};

static void say(struct guest *g, uint64_t at, const char *text)
{
	g->text[g->n] = text;
	g->said[g->n++] = at;
}

static uint64_t clock_at(const struct guest *g, uint64_t at)
{
	uint64_t lost = 0;

	if (g->stop_for && at > g->stop)
		lost = at - g->stop < g->stop_for ? at - g->stop : g->stop_for;
	return at > g->zero ? (at - g->zero - lost) / US * US : 0;
}

static uint64_t read_at(const struct guest *g, uint64_t at)
{
	at = (at + LOOK_NS - 1) / LOOK_NS * LOOK_NS;
	return g->unread && at >= g->unread && at < g->unread + 7 * MS ? g->unread + 7 * MS : at;
}

static struct session *heard(struct guest *g)
{
	CLEANUP_FREE char *text = xstrdup("0 - SESSION port=8080 runs=1 version=0.1\n"
					  "0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
					  "+0 - RUN_BEGIN scenario=1 netns=100\n"
					  "+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n");
	size_t i;

	for (i = 0; i < g->n; i++) {
		uint64_t at = g->said[i] > g->console ? g->said[i] : g->console, ns;
		char *more;

		at = at > g->busy ? at : g->busy;
		g->busy = at + LINE_NS;
		ns = clock_at(g, g->said[i]);
		more = xasprintf("%s+%" PRIu64 "ns - CONSOLE since=+%" PRIu64 "ns text=\"[%5" PRIu64 ".%06" PRIu64
				 "] %s\"\n", text, read_at(g, g->busy), read_at(g, at), ns / 1000000000,
				 ns / 1000 % 1000000, g->text[i] ? g->text[i] : "x");
		free(text);
		text = more;
	}
	return evtext_session(text);
}

/* Each line where it was said, but for what it takes to come out; never later than it came. */
static void assert_placed(const struct session *s, const struct guest *g, uint64_t late)
{
	const struct run *r = s->runs[0];
	size_t i;

	assert_int_equal(r->vm.n_lines, g->n);
	for (i = 0; i < g->n; i++) {
		const struct guest_line *l = &r->vm.lines[i];
		uint64_t truth = r->milestones.launch + g->said[i];

		assert_true(l->placed <= l->time);
		if (l->placed + US < truth || l->placed > truth + late)
			fail_msg("line %zu, said at %" PRIu64 " us: placed %" PRId64 " us off", i,
				 g->said[i] / 1000, ((int64_t)l->placed - (int64_t)truth) / 1000);
	}
}

/* 400 ms of log before there is a console, then a line each 2.7 ms, as a boot with initcall_debug. */
static void boot(struct guest *g)
{
	uint64_t at;

	*g = (struct guest){ .zero = 876 * MS, .console = 1276 * MS };
	say(g, 864 * MS, "Linux version 6.1.0");
	say(g, 875 * MS, "tsc: Detected 2445.404 MHz processor");
	for (at = 879496 * US; at < 1300 * MS; at += 5300 * US)
		say(g, at, NULL);
	for (; at < 1900 * MS; at += 2700 * US)
		say(g, at, NULL);
}

static void test_steady(void **state)
{
	struct guest g;
	struct session *s;

	(void)state;
	boot(&g);
	/* what the kernel says before its clock runs is of the moment at which that begins, at the latest */
	g.said[0] = g.said[1] = g.zero;
	s = heard(&g);
	assert_placed(s, &g, LOOK_NS);
	assert_in_range(s->runs[0]->vm.clock_zero - s->runs[0]->milestones.launch, g.zero, g.zero + LOOK_NS);
	session_free(s);
}

/* The clock of a guest under TCG stood still for 0.9 s while it spoke: what came after is no younger. */
static void test_stalled(void **state)
{
	struct guest g;
	struct session *s;
	uint64_t at;

	(void)state;
	boot(&g);
	g.said[0] = g.said[1] = g.zero;
	g.stop = 1905 * MS;
	g.stop_for = 930 * MS;
	for (at = 1906 * MS; at < 1926 * MS; at += 700 * US)
		say(&g, at, NULL);
	for (at = 2610 * MS; at < 3100 * MS; at += 9 * MS)
		say(&g, at, NULL);
	s = heard(&g);
	assert_placed(s, &g, LOOK_NS);
	assert_in_range(s->runs[0]->vm.clock_zero - s->runs[0]->milestones.launch, g.zero, g.zero + LOOK_NS);
	session_free(s);
}

/* Within a stream the stamps tell what the reader was late; a line that stands alone is as late as he. */
static void test_reader_without_a_cpu(void **state)
{
	struct guest g;
	struct session *s;

	(void)state;
	boot(&g);
	g.said[0] = g.said[1] = g.zero;
	g.unread = 1500 * MS;
	s = heard(&g);
	assert_placed(s, &g, LOOK_NS);
	session_free(s);
	g = (struct guest){ .zero = 100 * MS, .unread = 400 * MS };
	say(&g, 300 * MS + 1, NULL);
	say(&g, 401 * MS, NULL);
	say(&g, 500 * MS, NULL);
	s = heard(&g);
	assert_placed(s, &g, 6 * MS + LOOK_NS);
	assert_int_equal(s->runs[0]->vm.clock_zero, 0); /* the log's beginning is not there */
	session_free(s);
}

/* A clock that was behind is set right while nobody speaks: that is nothing for the lines before. */
static void test_clock_set_right(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"
		"+900ms - CONSOLE since=+900ms text=\"[    0.448068] a\"\n"
		"+950ms - CONSOLE since=+950ms text=\"[    0.448068] b\"\n"
		"+1000ms - CONSOLE since=+1000ms text=\"[    0.900000] c\"\n");
	const struct vm *vm = &s->runs[0]->vm;

	(void)state;
	assert_int_equal(vm->lines[0].placed, vm->lines[0].time);
	assert_int_equal(vm->lines[1].placed, vm->lines[1].time);
	assert_int_equal(vm->lines[2].placed, vm->lines[2].time);
	session_free(s);
}

/* A kernel whose first clock is jiffies: how long it stood at 0 nobody knows. */
static void test_zero_of_jiffies(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"
		"+900ms - CONSOLE since=+899ms text=\"[    0.000000] Linux version 6.1.0\"\n"
		"+901ms - CONSOLE since=+900ms text=\"[    0.004000] x\"\n");

	(void)state;
	assert_int_equal(s->runs[0]->vm.clock_zero, 0);
	session_free(s);
}

/* Initcalls lie between their lines; by the kernel's own word where that is finer than jiffies. */
static void test_initcalls(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"
		"+800.3ms - CONSOLE since=+800ms text=\"[    0.100001] calling  fine+0x0/0x22c @ 1\"\n"
		"+810.3ms - CONSOLE since=+810ms text=\"[    0.110001] initcall fine+0x0/0x22c returned 0 after 9123 usecs\"\n"
		"+820.3ms - CONSOLE since=+820ms text=\"[    0.120001] calling  coarse+0x0/0x22c @ 1\"\n"
		"+822.8ms - CONSOLE since=+822.5ms text=\"[    0.122501] initcall coarse+0x0/0x22c returned 0 after 4000 usecs\"\n"
		"+840.3ms - CONSOLE since=+840ms text=\"[    0.140001] calling  stalled+0x0/0x22c @ 1\"\n"
		"+1740.3ms - CONSOLE since=+1740ms text=\"[    0.140001] initcall stalled+0x0/0x22c returned 0 after 0 usecs\"\n"
		"+1750ms - CONSOLE since=+1750ms text=\"[    0.150001] initcall alone+0x0/0x22c returned 0 after 8000 usecs\"\n");
	static const struct { const char *name; uint64_t start, end; } expect[] = {
		{ "fine", 800877 * US, 810000 * US },
		{ "coarse", 820300 * US, 822500 * US },
		{ "stalled", 840300 * US, 1740000 * US },
		{ "alone", 1742000 * US, 1750000 * US },
	};
	const struct run *r = s->runs[0];
	size_t i;

	(void)state;
	assert_int_equal(r->vm.n_initcalls, ARRAY_SIZE(expect));
	for (i = 0; i < ARRAY_SIZE(expect); i++) {
		assert_string_equal(r->vm.initcalls[i].name, expect[i].name);
		assert_int_equal(r->vm.initcalls[i].start - r->milestones.launch, expect[i].start);
		assert_int_equal(r->vm.initcalls[i].end - r->milestones.launch, expect[i].end);
	}
	session_free(s);
}

/* Before 5.18 a "usec" of initcalls was 1024 ns; a length in jiffies is none of whole milliseconds then. */
static void test_usecs_of_old_kernels(void **state)
{
	static const struct { const char *version; uint64_t fine, coarse; } expect[] = {
		{ "5.10.0-30-amd64", 9123 * 1024, 2200 * US }, { "5.17.15", 9123 * 1024, 2200 * US },
		{ "4.19.0", 9123 * 1024, 2200 * US }, { "5.18.0", 9123 * US, 2500 * US },
		{ "6.1.0", 9123 * US, 2500 * US },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(expect); i++) {
		CLEANUP_FREE char *text = xasprintf(
			"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
			"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"
			"+700.3ms - CONSOLE since=+700ms text=\"[    0.000000] Linux version %s (x) #1\"\n"
			"+800.3ms - CONSOLE since=+800ms text=\"[    0.100001] calling  fine+0x0/0x22c @ 1\"\n"
			"+810.3ms - CONSOLE since=+810ms text=\"[    0.110001] initcall fine+0x0/0x22c returned 0 after 9123 usecs\"\n"
			"+820.3ms - CONSOLE since=+820ms text=\"[    0.120001] calling  coarse+0x0/0x22c @ 1\"\n"
			"+822.8ms - CONSOLE since=+822.5ms text=\"[    0.122501] initcall coarse+0x0/0x22c returned 0 after 3906 usecs\"\n",
			expect[i].version);
		struct session *s = evtext_session(text);
		const struct vm *vm = &s->runs[0]->vm;

		assert_int_equal(vm->n_initcalls, 2);
		assert_int_equal(vm->initcalls[0].end - vm->initcalls[0].start, expect[i].fine);
		/* 4 ms in jiffies: what lies between its two lines; else the most that can lie there */
		assert_int_equal(vm->initcalls[1].end - vm->initcalls[1].start, expect[i].coarse);
		session_free(s);
	}
}

/* CONFIG_PRINTK_CALLER: who said it is no part of what was said. */
static void test_caller(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n"
		"+800.3ms - CONSOLE since=+800ms text=\"[    0.100001][    T1] calling  fine+0x0/0x22c @ 1\"\n"
		"+810.3ms - CONSOLE since=+810ms text=\"[    0.110001][    T1] initcall fine+0x0/0x22c returned 0 after 9123 usecs\"\n"
		"+830ms - CONSOLE text=\"[    0.120001][   C0] a\"\n"
		"+831ms - CONSOLE text=\"[    0.121001][T12345] b\"\n"
		"+832ms - CONSOLE text=\"[    0.122001][  X1] c\"\n"
		"+833ms - CONSOLE text=\"[    0.123001][    T] d\"\n"
		"+834ms - CONSOLE text=\"[    0.124001] [    T1] e\"\n"
		"+835ms - CONSOLE text=\"[    0.125001][    T1\"\n"
		"+836ms - CONSOLE text=\"[    0.126001][\"\n");
	static const char *const said[] = {
		"calling  fine+0x0/0x22c @ 1", "initcall fine+0x0/0x22c returned 0 after 9123 usecs",
		"a", "b", "[  X1] c", "[    T] d", "[    T1] e", "[    T1", "[",
	};
	const struct vm *vm = &s->runs[0]->vm;
	size_t i;

	(void)state;
	assert_int_equal(vm->n_lines, ARRAY_SIZE(said));
	for (i = 0; i < ARRAY_SIZE(said); i++) {
		assert_true(vm->lines[i].stamp != VM_NO_STAMP);
		assert_string_equal(vm->lines[i].text + vm->lines[i].said, said[i]);
	}
	assert_int_equal(vm->n_initcalls, 1);
	assert_string_equal(vm->initcalls[0].name, "fine");
	assert_int_equal(vm->initcalls[0].end - vm->initcalls[0].start, 9123 * US);
	session_free(s);
}

struct expected_line {
	uint64_t time, end, stamp;
	const char *text, *said;
};

static void assert_lines(const char *events, const struct expected_line *expect, size_t n)
{
	CLEANUP_FREE char *text = xasprintf(
		"0 - SCENARIO id=1 name=vm boundary=VM flags=vm\nrun 1 at 1s\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n+0 100 EXEC enter=+0 root=1 exe_name=vmm comm=vmm\n%s", events);
	struct session *s = evtext_session(text);
	const struct run *r = s->runs[0];
	size_t i;

	assert_int_equal(r->vm.n_lines, n);
	for (i = 0; i < n; i++) {
		const struct guest_line *l = &r->vm.lines[i];

		assert_string_equal(l->text, expect[i].text);
		assert_int_equal(l->len, strlen(expect[i].text));
		assert_string_equal(l->text + l->said, expect[i].said);
		assert_int_equal(l->stamp, expect[i].stamp);
		assert_int_equal(l->time - r->milestones.launch, expect[i].time * US);
		assert_int_equal(l->end - r->milestones.launch, expect[i].end * US);
	}
	session_free(s);
}

#define BANNER "[    0.000000] Linux version 6.1.0"

/* SeaBIOS ends without a newline: the kernel's first line began when it came, not with the firmware's. */
static void test_line_of_two(void **state)
{
	static const struct expected_line paused[] = {
		{ 100000, 100000, VM_NO_STAMP, "Booting from ROM..\x1b[0m", "Booting from ROM..\x1b[0m" },
		{ 600000, 600000, 0, BANNER, "Linux version 6.1.0" },
		{ 601000, 601000, 1000000, "[    0.001000] x", "x" },
	};
	static const struct expected_line at_once[] = {
		{ 100000, 100240, VM_NO_STAMP, "SeaBIOS ", "SeaBIOS " },
		{ 100240, 101290, 0, BANNER, "Linux version 6.1.0" },
	};
	static const struct expected_line caller[] = {
		{ 100000, 100000, VM_NO_STAMP, "Booting from ROM..", "Booting from ROM.." },
		{ 600000, 600000, 0, "[    0.000000][    T0] x", "x" },
	};

	(void)state;
	assert_lines("+600ms - CONSOLE since=+100ms text=\"Booting from ROM..\\x1b[0m" BANNER "\"\n"
		     "+601ms - CONSOLE since=+601ms text=\"[    0.001000] x\"\n", paused, ARRAY_SIZE(paused));
	assert_lines("+101.29ms - CONSOLE since=+100ms text=\"SeaBIOS " BANNER "\"\n", at_once, ARRAY_SIZE(at_once));
	assert_lines("+600ms - CONSOLE since=+100ms text=\"Booting from ROM..[    0.000000][    T0] x\"\n", caller,
		     ARRAY_SIZE(caller));
}

/* What a terminal is told is nobody's text, and may have been there long before the kernel's. */
static void test_noise_before_a_stamp(void **state)
{
	static const struct expected_line expect[] = {
		{ 100000, 100000, 0, "\r" BANNER, "Linux version 6.1.0" },
		{ 300000, 300000, 2000000, "\x1b" "c\x1b[?7l\x1b[2J\r[    0.002000] y", "y" },
		{ 301000, 301000, VM_NO_STAMP, "\x1b[1;31mlogin: \x1b[0m", "login: \x1b[0m" },
		{ 302000, 302000, VM_NO_STAMP, "\x1b[", "\x1b[" },
		{ 303000, 303000, VM_NO_STAMP, "\x1b", "\x1b" },
	};

	(void)state;
	assert_lines("+100ms - CONSOLE text=\"\\r" BANNER "\"\n"
		     "+300ms - CONSOLE since=+200ms text=\"\\x1bc\\x1b[?7l\\x1b[2J\\r[    0.002000] y\"\n"
		     "+301ms - CONSOLE text=\"\\x1b[1;31mlogin: \\x1b[0m\"\n"
		     "+302ms - CONSOLE text=\"\\x1b[\"\n+303ms - CONSOLE text=\"\\x1b\"\n", expect, ARRAY_SIZE(expect));
}

/* Only what printk() writes parts a line, and only where the kernel has said nothing yet. */
static void test_no_line_of_two(void **state)
{
	static const char *const whole[] = {
		"a[0.000000] b", "a[   0.000000] b", "a[     0.000000] b", "a[    0.00000] b", "a[    0.0000000] b",
		"a[    0.000000]b", "a[    0.000000]", "a[    0.000000", "a<6>[0.000000] b", "a[ 1234.5] b", "a[",
	};
	static const struct expected_line later[] = {
		{ 100000, 100000, 0, BANNER, "Linux version 6.1.0" },
		{ 200000, 200000, VM_NO_STAMP, "dmesg: [    0.000000] x", "dmesg: [    0.000000] x" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(whole); i++) {
		const struct expected_line expect = { 100000, 100000, VM_NO_STAMP, whole[i], whole[i] };
		CLEANUP_FREE char *text = xasprintf("+100ms - CONSOLE text=\"%s\"\n", whole[i]);

		assert_lines(text, &expect, 1);
	}
	assert_lines("+100ms - CONSOLE text=\"" BANNER "\"\n+200ms - CONSOLE text=\"dmesg: [    0.000000] x\"\n",
		     later, ARRAY_SIZE(later));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady),
		cmocka_unit_test(test_stalled),
		cmocka_unit_test(test_reader_without_a_cpu),
		cmocka_unit_test(test_clock_set_right),
		cmocka_unit_test(test_zero_of_jiffies),
		cmocka_unit_test(test_initcalls),
		cmocka_unit_test(test_usecs_of_old_kernels),
		cmocka_unit_test(test_caller),
		cmocka_unit_test(test_line_of_two),
		cmocka_unit_test(test_noise_before_a_stamp),
		cmocka_unit_test(test_no_line_of_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
