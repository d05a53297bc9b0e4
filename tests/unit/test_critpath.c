// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_critpath.c - what holds for the critical path of any recording, true or not; its speed; the
 * small parts that the golden cases do not reach. The rules themselves are in tests/golden/path_*.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/evtext.h"
#include "user/base/mem.h"
#include "user/model/session.h"
#include "user/model/stretch.h"
#include "user/model/wait.h"

#define SOUPS 10000
#define MANY 1000000

static uint64_t seed;

static uint64_t dice(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* ---- records without text ---------------------------------------------------------------- */

struct any {
	struct wire_head head;
	union {
		struct wire_fork fork;
		struct wire_exec exec;
		struct wire_exit exit;
		struct wire_comm comm;
		struct wire_sock sock;
		struct wire_guest_syscall guest;
		struct wire_switch sw;
		struct wire_waking waking;
		struct wire_syscall call;
		struct wire_kvm_run kvm;
		struct {
			struct wire_blocked head;
			uint64_t frames[4];
		} blocked;
		struct {
			struct wire_sample head;
			uint64_t frames[2];
		} sample;
		struct host_run_begin begin;
		struct host_client client;
		struct host_run_end end;
		unsigned char bytes[160];
	} u;
};

static void feed(struct session *s, struct any *a, unsigned int kind, uint64_t time, uint32_t tid,
		 uint32_t pid, size_t body)
{
	a->head = (struct wire_head){ .time = time, .tid = tid, .pid = pid, .kind = (__u16)kind,
				      .run = 1, .size = (__u16)(sizeof(a->head) + body) };
	session_add(s, &a->head);
	memset(a, 0, sizeof(*a));
}

#define FEED(s, a, kind, time, tid, pid, member)                                                   \
	feed(s, a, kind, time, tid, pid, (sizeof((a)->u.member) + 7) & ~(size_t)7)

static struct session *begin(const char *scenario_flags)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "0 - SESSION port=8080\n0 - SCENARIO id=1 name=runc flags=%s\n", scenario_flags);
	return evtext_session(text);
}

/* Everything that must hold, whatever was fed. */
/* Stretches tile the path, each in one phase, no more than there may be; so do what they are made of. */
static void check_stretches(const struct run *r, const struct stretch_rules *rules)
{
	uint64_t at = r->milestones.launch, launch = at;
	struct arena arena = { 0 };
	struct stretches all;
	size_t i;

	stretches_of_run(r, rules, &all);
	assert_true(all.n <= (rules->most > r->phases.n ? rules->most : r->phases.n));
	for (i = 0; i < all.n; i++) {
		const struct stretch *s = &all.list[i];
		const struct phase *phase = &r->phases.list[s->phase];
		struct ledger ledger = { 0 };

		assert_int_equal(s->start, at);
		assert_true(s->end > s->start && s->from < s->to && s->to <= r->path.n);
		assert_true(r->path.slices[s->from].start <= s->start);
		assert_true(r->path.slices[s->from].end > s->start);
		assert_true(r->path.slices[s->to - 1].end >= s->end);
		assert_true(s->start >= launch + phase->start && s->end <= launch + phase->end);
		ledger_of_span(&arena, &r->path, s->start, s->end, &ledger);
		assert_int_equal(ledger_total(&ledger), s->end - s->start);
		free(ledger.rows);
		at = s->end;
	}
	assert_int_equal(at - launch, r->milestones.at[MILESTONE_FIRST_BYTE]);
	free(all.list);
	arena_release(&arena);
}

static void check(const struct run *r)
{
	uint64_t cold = r->milestones.at[MILESTONE_FIRST_BYTE], at = r->milestones.launch, sum = 0;
	size_t i;

	if (!r->path.n) {
		assert_int_equal(r->ledger.n, 0);
		return;
	}
	for (i = 0; i < r->path.n; i++) {
		const struct path_slice *p = &r->path.slices[i];

		assert_int_equal(p->start, at);
		assert_true(p->end > p->start);
		assert_true(p->quick_ns + p->fault_ns + p->call_ns + p->stolen_ns <= p->end - p->start);
		assert_true(p->state < PATH_STATE_COUNT);
		assert_non_null(p->detail);
		at = p->end;
	}
	assert_int_equal(at - r->milestones.launch, cold);
	assert_int_equal(ledger_total(&r->ledger), cold);
	for (i = 0; i < r->phases.n; i++) {
		assert_int_equal(r->phases.list[i].start, sum);
		assert_true(r->phases.list[i].end > r->phases.list[i].start);
		sum = r->phases.list[i].end;
	}
	assert_int_equal(sum, cold);
	check_stretches(r, &(struct stretch_rules){ 100, 20, 12 });
	check_stretches(r, &(struct stretch_rules){ 3, 2, 1 });
}

/* ---- soups --------------------------------------------------------------------------------- */

#define TASKS 6

static uint32_t some_tid(void)
{
	return dice(12) ? 100 + (uint32_t)dice(TASKS) : (uint32_t)dice(3) * 50;
}

static uint32_t some_nr(void)
{
	static const uint32_t nrs[] = { 0, 1, 16, 35, 59, 61, 202, 231, 271, ~0u, 5000 };

	return nrs[dice(ARRAY_SIZE(nrs))];
}

static uint8_t ours(uint32_t tid)
{
	if (!dice(20))
		return (uint8_t)dice(4);
	return tid == 50 ? 2 : tid >= 100;
}

static void add_scheduling(struct session *s, uint64_t time, uint64_t span)
{
	struct any a = { 0 };
	uint32_t tid = some_tid(), other = some_tid();

	switch (dice(12)) {
	case 0: case 1: case 2: case 3:
		a.u.sw = (struct wire_switch){
			.next_tid = other, .next_pid = 100, .cpu = (uint32_t)dice(2),
			.prev_ours = ours(tid), .next_ours = ours(other),
			.prev_state = (uint8_t)dice(dice(9) ? 4 : 6),
			.prev_iowait = !dice(4), .prev_syscall = some_nr(),
			.quick_ns = dice(2) ? dice(span) : 0,
			.stolen_ns = dice(2) ? 0 : dice(8) ? dice(2 * span) : UINT64_MAX,
		};
		FEED(s, &a, WIRE_SWITCH, time, tid, 100, sw);
		break;
	case 4: case 5: case 6:
		a.u.waking = (struct wire_waking){
			.tid = other, .pid = 100, .context = (uint32_t)dice(6),
			.waker_syscall = some_nr(), .waker_ours = ours(tid),
			.waker_kthread = !dice(3), .irq = (uint8_t)dice(6),
			.vector = (uint8_t)dice(10),
		};
		FEED(s, &a, WIRE_WAKING, time, tid, 100, waking);
		break;
	case 7: case 8:
		a.u.call = (struct wire_syscall){
			.enter = time - dice(span / 4 + 1), .nr = some_nr(),
			.object_kind = (uint32_t)dice(12), .arg = { 0, dice(2) ? 0xae80 : 0, 4 },
			.object = "x/12345678a",
		};
		FEED(s, &a, WIRE_SYSCALL, time, tid, 100, call);
		break;
	case 9: case 10:
		a.u.sample.head.n_kernel = (uint16_t)dice(4); /* more than there are, at times */
		a.u.sample.frames[0] = dice(3);
		FEED(s, &a, WIRE_SAMPLE, time, tid, 100, sample);
		break;
	default:
		a.u.blocked.head = (struct wire_blocked){ .since = time - dice(span / 4 + 1),
							 .n = (uint32_t)dice(6) };
		FEED(s, &a, WIRE_BLOCKED, time, tid, 100, blocked);
		break;
	}
}

static void add_life(struct session *s, uint64_t time)
{
	struct any a = { 0 };
	uint32_t tid = some_tid(), other = some_tid();

	switch (dice(7)) {
	case 0: case 1:
		a.u.fork = (struct wire_fork){ .child_tid = other,
					       .child_pid = dice(2) ? 100 : other };
		FEED(s, &a, WIRE_FORK, time, tid, dice(2) ? 100 : tid, fork);
		break;
	case 2:
		a.u.exec = (struct wire_exec){ .enter = time - dice(50), .old_tid = other };
		FEED(s, &a, WIRE_EXEC, time, tid, tid, exec);
		break;
	case 3:
		FEED(s, &a, WIRE_EXIT, time, tid, 100, exit);
		break;
	case 4:
		strcpy(a.u.comm.comm, dice(2) ? "CPU 0/TCG" : "x");
		FEED(s, &a, WIRE_COMM, time, tid, 100, comm);
		break;
	case 5:
		a.u.sock.local_port = 8080;
		FEED(s, &a, dice(2) ? WIRE_LISTEN : WIRE_SOCK_SEND, time, tid, 100, sock);
		break;
	default:
		FEED(s, &a, dice(2) ? WIRE_KVM_RUN : WIRE_GUEST_SYSCALL, time, tid, 100, guest);
		break;
	}
}

static void soup(uint64_t n)
{
	static const char *const flags[] = { "host_accept", "vm", "guest_accept" };
	struct session *s = begin(flags[dice(3)]);
	/* Few moments for many records: that is where equal times and disorder come from. */
	uint64_t span = dice(2) ? 50 + dice(100) : 100000, start = 1000000, i, m;
	struct any a = { 0 };

	a.u.begin = (struct host_run_begin){ .scenario = 1, .client_tid = 50 };
	FEED(s, &a, HOST_RUN_BEGIN, start, 0, 0, begin);
	a.u.bytes[0] = 1; /* the address */
	strcpy((char *)a.u.bytes + sizeof(struct host_symbol), "exc_page_fault");
	feed(s, &a, HOST_SYMBOL, start, 0, 0, sizeof(struct host_symbol) + 24);
	a.u.exec = (struct wire_exec){ .enter = start, .root = 1, .old_tid = 100 };
	FEED(s, &a, WIRE_EXEC, start + dice(5), 100, 100, exec);
	m = 20 + dice(200);
	for (i = 0; i < m; i++) {
		uint64_t time = dice(5) ? start + i * span / m : start + dice(span + span / 10);

		if (dice(4))
			add_scheduling(s, time, span);
		else
			add_life(s, time);
	}
	a.u.client = (struct host_client){ .first_byte = start + 1 + dice(span),
					   .notified = dice(2) ? start + dice(span) : 0,
					   .uncertainty = dice(span) };
	FEED(s, &a, HOST_CLIENT, start, 0, 0, client);
	FEED(s, &a, HOST_RUN_END, start, 0, 0, end);
	session_settle(s);
	check(s->runs[0]);
	/* Feeding goes on: nothing of the first settling is left over. */
	if (n % 8 == 0) {
		add_scheduling(s, start + dice(span), span);
		session_settle(s);
		check(s->runs[0]);
	}
	session_free(s);
}

static void test_soups(void **state)
{
	uint64_t i;

	(void)state;
	for (i = 0; i < SOUPS; i++) {
		seed = 0x9e3779b97f4a7c15u * (i + 1);
		soup(i);
	}
}

/* ---- speed --------------------------------------------------------------------------------- */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Two threads that hand a lock to and fro, with a system call of each in between. */
static void feed_many(struct session *s, uint64_t start)
{
	struct any a = { 0 };
	uint64_t time = start;
	uint32_t i;

	for (i = 0; i < MANY / 3; i++) {
		uint32_t from = 100 + i % 40, to = 100 + (i + 1) % 40;

		time += 1000;
		a.u.waking = (struct wire_waking){ .tid = to, .pid = 100, .waker_ours = 1,
						   .waker_syscall = 202 };
		FEED(s, &a, WIRE_WAKING, time, from, 100, waking);
		time += 1000;
		a.u.sw = (struct wire_switch){ .next_tid = to, .next_pid = 100, .prev_ours = 1,
					       .next_ours = 1, .prev_syscall = 202,
					       .prev_state = WIRE_STATE_SLEEPING };
		FEED(s, &a, WIRE_SWITCH, time, from, 100, sw);
		a.u.call = (struct wire_syscall){ .nr = 202,
						  .enter = i >= 40 ? time - 79500 : start,
						  .object_kind = WIRE_OBJECT_FUTEX };
		/* A little out of order, as the ring of several CPUs is. */
		FEED(s, &a, WIRE_SYSCALL, time + (i % 7) * 100, to, 100, call);
	}
	a.u.client.first_byte = time;
	FEED(s, &a, HOST_CLIENT, time, 0, 0, client);
}

static double cpu_of(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static void test_size(void **state)
{
	struct session *s = begin("host_accept");
	struct any a = { 0 };
	struct rusage before, after;
	double begun = now();
	long kib;

	(void)state;
	mem_use_huge_pages(); /* as who reads a recording does */
	getrusage(RUSAGE_SELF, &before);
	a.u.begin = (struct host_run_begin){ .scenario = 1 };
	FEED(s, &a, HOST_RUN_BEGIN, 1000, 0, 0, begin);
	a.u.exec = (struct wire_exec){ .enter = 1000, .root = 1, .old_tid = 100 };
	FEED(s, &a, WIRE_EXEC, 2000, 100, 100, exec);
	feed_many(s, 3000);
	session_settle(s);
	check(s->runs[0]);
	begun = now() - begun;
	getrusage(RUSAGE_SELF, &after);
	kib = after.ru_maxrss - before.ru_maxrss;
	print_message("%d records: %.3f s, %.3f s of CPU, %ld MiB, %zu slices\n", MANY, begun,
		      cpu_of(&after) - cpu_of(&before), kib / 1024, s->runs[0]->path.n);
#ifndef __SANITIZE_ADDRESS__
	assert_true(kib < 300 * 1024);
#endif
	session_free(s);
}

/* ---- small parts --------------------------------------------------------------------------- */

static void test_plain(void **state)
{
	static const char *const cases[][2] = {
		{ "runc: openat /run/coldprof/10211-e39e7d906b5db0c2/run-4/state",
		  "runc: openat /run/coldprof/#-#/run-#/state" },
		{ "x: read /proc/4711/fd/12", "x: read /proc/#/fd/#" },
		{ "runc:[2:INIT]: mount x86_64-gnu", "runc:[2:INIT]: mount x86_64-gnu" },
		{ "a: read libseccomp.so.2.5.4", "a: read libseccomp.so.2.5.4" },
		{ "umount2 /tmp/crun.6NBoSa: rcu", "umount2 /tmp/crun.#: rcu" },
		{ "crun: mkdir coldprof-10211", "crun: mkdir coldprof-#" },
		{ "deadbeef-cafe", "deadbeef-cafe" },
		{ "wazero: read ade6b73088d8cee75d49766e5977ea9bc903d123129f7a8da54837ede7a0037",
		  "wazero: read .../<hash>" },
		{ "x: mkdir 0123456789abcdef0123456789abcdef: rcu", "x: mkdir .../<hash>: rcu" },
		{ "x: read /var/0123456789abcdef0123456789abcdef", "x: read /var/#" },
		{ "x: openat 0123456789abcdef0123456789abcdef.scope", "x: openat #.scope" },
		{ "x: read 12abcdef", "x: read <id>" },
		{ "x: connect to port 7777", "x: connect to port 7777" },
		{ "", "" },
	};
	char text[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ledger_plain(text, sizeof(text), cases[i][0]);
		assert_string_equal(text, cases[i][1]);
	}
	ledger_plain(text, 5, "abcdefgh");
	assert_string_equal(text, "abcd");
	ledger_plain(text, 8, "a 12abcdef");
	assert_string_equal(text, "a <id>");
	ledger_plain(text, 5, "a 12abcdef");
	assert_string_equal(text, "a <i");
}

static void expect_stretch(const struct stretch *s, uint64_t start, uint64_t end, size_t phase,
			   const char *comm)
{
	assert_int_equal(s->start, start);
	assert_int_equal(s->end, end);
	assert_int_equal(s->phase, phase);
	assert_string_equal(s->comm, comm);
}

/*
 * One's short turn stays in the other's stretch, a long one is its own; so is a long slice. A
 * phase ends a stretch in the middle of a slice, a console's long silence does.
 */
static void test_stretches(void **state)
{
	struct path_slice slices[] = {
		{ .start = 1000, .end = 1100, .pid = 1, .comm = "a", .detail = "" },
		{ .start = 1100, .end = 1110, .pid = 2, .comm = "b", .detail = "" },
		{ .start = 1110, .end = 1200, .tid = 9, .pid = 1, .comm = "a", .detail = "" },
		{ .start = 1200, .end = 1400, .pid = 2, .comm = "b", .detail = "" },
		{ .start = 1400, .end = 1700, .pid = 2, .comm = "b", .detail = "read x" },
		{ .start = 1700, .end = 1850, .pid = 2, .comm = "b", .detail = "" },
		{ .start = 1850, .end = 2000, .pid = 3, .comm = "c", .detail = "" },
	};
	struct phase phases[] = { { "one", 0, 150, false }, { "two", 150, 900, false },
				  { "three", 900, 1000, false } };
	struct guest_line lines[] = { { .time = 1705, .gap = true }, { .time = 1780, .gap = true },
				      { .time = 1801, .gap = true } };
	struct run r = { .milestones.launch = 1000, .path = { .slices = slices, .n = 7 },
			 .phases = { .list = phases, .n = 3 } };
	struct stretches all;

	(void)state;
	stretches_of_run(&r, &(struct stretch_rules){ 40, 4, 20 }, &all);
	assert_int_equal(all.n, 7);
	expect_stretch(&all.list[0], 1000, 1150, 0, "a");
	expect_stretch(&all.list[1], 1150, 1200, 1, "a");
	expect_stretch(&all.list[2], 1200, 1400, 1, "b");
	expect_stretch(&all.list[3], 1400, 1700, 1, "b"); /* a long slice */
	expect_stretch(&all.list[4], 1700, 1850, 1, "b");
	expect_stretch(&all.list[5], 1850, 1900, 1, "c");
	expect_stretch(&all.list[6], 1900, 2000, 2, "c");
	free(all.list);
	/* Silences of 75 and 21: one is long. */
	r.vm.lines = lines;
	r.vm.n_lines = 3;
	stretches_of_run(&r, &(struct stretch_rules){ 1000, 15, 20 }, &all);
	assert_int_equal(all.n, 11);
	expect_stretch(&all.list[1], 1100, 1110, 0, "b");
	expect_stretch(&all.list[6], 1700, 1705, 1, "b");
	expect_stretch(&all.list[7], 1705, 1780, 1, "b");
	expect_stretch(&all.list[8], 1780, 1850, 1, "b");
	free(all.list);
	/* Few: the shortest goes with a neighbour, but each phase has one. */
	stretches_of_run(&r, &(struct stretch_rules){ 40, 4, 1 }, &all);
	assert_int_equal(all.n, 3);
	expect_stretch(&all.list[1], 1150, 1900, 1, "b");
	free(all.list);
}

static void test_patterns(void **state)
{
	(void)state;
	assert_true(phase_matches("*", ""));
	assert_true(phase_matches("*.wasm", "/a/b.wasm"));
	assert_true(phase_matches("a*b*c", "aXbXbc"));
	assert_true(phase_matches("runc:[2:INIT]", "runc:[2:INIT]"));
	assert_false(phase_matches("*.wasm", "b.wasm.gz"));
	assert_false(phase_matches("", "x"));
	assert_false(phase_matches("ab", "a"));
}

static void test_kthread(void **state)
{
	char text[WAIT_TEXT_MAX];

	(void)state;
	wait_kthread_name(text, "kworker/0:1-events");
	assert_string_equal(text, "kworker");
	wait_kthread_name(text, "rcu_preempt");
	assert_string_equal(text, "rcu_preempt");
}

/* Without SWITCH records there is no word about any of this. */
static void test_nothing(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=runc flags=host_accept\n"
		"run 1 at 1s\n+0 - RUN_BEGIN scenario=1\n"
		"+1ms 100 EXEC enter=+0 root=1\n+2ms 100 SYSCALL enter=+1ms nr=1\n"
		"+3ms - CLIENT first_byte=+3ms\n+4ms - RUN_END status=ok\n");

	(void)state;
	assert_int_equal(s->runs[0]->path.n, 0);
	assert_int_equal(s->runs[0]->phases.n, 0);
	assert_int_equal(s->runs[0]->ledger.n, 0);
	session_free(s);
}

/* Who calls execve goes on under its leader's tid; the old one runs no more. */
static void test_gone(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=gvisor flags=host_accept\n"
		"run 1 at 1s\n+0 - RUN_BEGIN scenario=1\n"
		"+1ms 100 EXEC enter=+0 root=1\n+2ms 100 FORK thread=101\n"
		"+2.1ms 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 "
		"prev_state=sleeping prev_syscall=202\n"
		"+3ms 100 EXIT group_dead=0\n"
		"+4ms 100 EXEC enter=+2.5ms old_tid=101\n"
		"+9ms - CLIENT first_byte=+9ms\n+9ms - RUN_END status=ok\n");
	const struct sched *sched = &s->runs[0]->sched;
	const struct sched_task *old = sched_task(sched, 101), *leader = sched_task(sched, 100);

	(void)state;
	assert_int_equal(sched->spans[old->spans.at + old->spans.n - 1].state, SPAN_DEAD);
	assert_int_equal(sched->spans[leader->spans.at + leader->spans.n - 1].state, SPAN_RUNNING);
	session_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),   cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_stretches),
		cmocka_unit_test(test_kthread), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_soups),   cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
