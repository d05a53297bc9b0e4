// SPDX-License-Identifier: GPL-2.0-only
/* test_session.c - records find their run, runs their scenario, and statistics only what counts. */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One run of scenario 1 that took so long, by number. */
#define RUN(n, fields, first_byte, end)                                                            \
	"run " n " at 1s\n+0 - RUN_BEGIN scenario=1 " fields "\n"                                  \
	"+1ms 10 EXEC enter=+0 root=1\n+9ms - CLIENT first_byte=+" first_byte "\n"                 \
	"+9ms - RUN_END " end "\n"

static void test_rows(void **state)
{
	struct session *s = evtext_session(
		"5 - SESSION version=1.2 port=80 runs=3\n"
		"0 - ENV key=a value=1\n0 - ENV key=b value=\n0 - ENV key=a value=2\n"
		"0 - SCENARIO id=7 row=2 name=last title=T boundary=VM path=/p accel=kvm\n"
		"0 - SCENARIO id=9 row=1 name=first status=unavailable reason=why advice=how\n"
		"0 - SCENARIO id=8 row=2 name=tie\n");

	(void)state;
	assert_string_equal(s->version, "1.2");
	assert_int_equal(s->started, 5);
	assert_string_equal(session_env(s, "a"), "2");
	assert_string_equal(session_env(s, "b"), "");
	assert_null(session_env(s, "c"));
	assert_int_equal(s->n_scenarios, 3);
	assert_string_equal(s->scenarios[0]->name, "first");
	assert_string_equal(scenario_status_name(s->scenarios[0]), "unavailable");
	assert_string_equal(scenario_reason(s->scenarios[0]), "why");
	assert_string_equal(s->scenarios[1]->accel, "kvm");
	assert_string_equal(s->scenarios[1]->stands_for, "");
	assert_string_equal(s->scenarios[2]->name, "tie");
	assert_string_equal(scenario_status_name(s->scenarios[2]), "failed");
	assert_int_equal(s->nonsense, 0);
	session_free(s);
}

/* A scenario that turns out not to be available when it is prepared. */
static void test_row_is_updated(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 row=5 name=a\n0 - SCENARIO id=2 row=6 name=b\n"
		"0 - SCENARIO id=1 row=7 name=a status=unavailable reason=broken\n");

	(void)state;
	assert_int_equal(s->n_scenarios, 2);
	assert_string_equal(s->scenarios[1]->name, "a");
	assert_string_equal(scenario_reason(s->scenarios[1]), "broken");
	session_free(s);
}

static void test_what_counts(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x\n"
		RUN("1", "warmup=1", "90ms", "status=ok")
		RUN("2", "", "30ms", "status=ok")
		RUN("3", "index=1", "10ms", "status=ok")
		RUN("4", "index=2", "1ms", "status=interrupted")
		RUN("5", "index=3", "20ms", "status=ok")
		RUN("6", "index=4", "40ms", "status=ok"));
	struct scenario_result *x = s->scenarios[0];
	struct stats stats;

	(void)state;
	scenario_stats(x, QUANTITY_COLD_START, &stats);
	assert_int_equal(stats.n, 4);
	assert_true(stats.median == 25e6 && stats.max == 40e6);
	assert_int_equal(scenario_median_run(x)->number, 5); /* the lower of 20 and 30 */
	assert_string_equal(scenario_status_name(x), "ok");
	assert_string_equal(scenario_reason(x), "");
	assert_string_equal(run_status_name(s->runs[3]), "interrupted");
	scenario_stats(x, QUANTITY_PSS_SETTLED, &stats);
	assert_int_equal(stats.n, 0);
	session_free(s);
}

static void test_failure(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x\n"
		RUN("1", "", "30ms", "status=ok")
		RUN("2", "index=1", "30ms", "status=failed reason=\"answered 500\"")
		"run 2\n0 - OUTPUT text=\"a\\x00b\\x00\"\n");

	(void)state;
	assert_string_equal(scenario_status_name(s->scenarios[0]), "failed");
	assert_string_equal(scenario_reason(s->scenarios[0]), "answered 500");
	assert_int_equal(s->runs[1]->output_len, 3);
	assert_memory_equal(s->runs[1]->output, "a\0b", 3);
	session_free(s);
}

/* A run that goes on: right for what was fed, and again after more. */
static void test_live(void **state)
{
	struct session *s = session_new();
	struct evtext e = { 0 };
	const struct wire_head *record;
	size_t at = 0, n = 0;

	(void)state;
	if (evtext_parse(&e, "0 - SCENARIO id=1 name=x\n" RUN("1", "", "30ms", "status=ok")))
		fail_msg("%s", e.error);
	while ((record = evtext_next(&e, &at))) {
		session_add(s, record);
		session_settle(s);
		n++;
		if (n == 3) {
			assert_string_equal(run_status_name(s->runs[0]), "unfinished");
			assert_string_equal(s->runs[0]->reason, "not finished");
			assert_true(s->runs[0]->milestones.seen[MILESTONE_EXEC]);
			assert_false(s->runs[0]->milestones.seen[MILESTONE_FIRST_BYTE]);
		}
	}
	assert_true(run_counted(s->runs[0]));
	assert_int_equal(s->runs[0]->milestones.at[MILESTONE_FIRST_BYTE], 30000000);
	evtext_release(&e);
	session_free(s);
}

static void test_memory(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x\n" RUN("1", "", "30ms", "status=ok")
		"+1ms 12 PROCESS_MEMORY when=settled rss=5 pss=5 uss=5 mm_owner=11 comm=stub\n"
		"+1ms 11 PROCESS_MEMORY when=settled rss=7 pss=6 uss=5 anon=1 file=2 shmem=3"
		" page_tables=4\n"
		"+1ms 13 PROCESS_MEMORY when=settled rss=9 pss=8 uss=7 mm_owner=99\n"
		"+1ms 14 PROCESS_MEMORY when=settled rss=9 pss=8 uss=7 mm_owner=99\n");
	struct memory_snapshot *m = &s->runs[0]->memory[MEMORY_SETTLED];
	struct stats stats;

	(void)state;
	assert_false(s->runs[0]->memory[MEMORY_FIRST_BYTE].taken);
	assert_int_equal(m->n, 4);
	assert_false(m->processes[0].counted);
	assert_true(m->processes[1].counted);
	assert_true(m->processes[2].counted); /* its owner is gone: the first stands for it */
	assert_false(m->processes[3].counted);
	assert_int_equal(m->rss, 16);
	assert_int_equal(m->pss, 14);
	assert_int_equal(m->uss, 12);
	assert_int_equal(m->anon + m->file + m->shmem + m->page_tables, 10);
	scenario_stats(s->scenarios[0], QUANTITY_PSS_SETTLED, &stats);
	assert_true(stats.n == 1 && stats.median == 14);
	session_free(s);
}

static void test_latency(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x\n" RUN("1", "", "30ms", "status=ok")
		"+1s - LATENCY ns=1ms*2,5ms failed=1\n+1s - LATENCY ns=7ms failed=2\n"
		"+1s - LATENCY n=9\n" /* says 9, has none */
		RUN("2", "index=1", "30ms", "status=failed") "+1s - LATENCY ns=99ms\n");
	struct stats stats;

	(void)state;
	assert_int_equal(s->runs[0]->n_latency, 4);
	assert_int_equal(s->runs[0]->latency_failed, 3);
	scenario_stats(s->scenarios[0], QUANTITY_LATENCY, &stats);
	assert_int_equal(stats.n, 4);
	assert_true(stats.max == 7e6 && stats.median == 3e6);
	session_free(s);
}

static void test_kvm(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x flags=vm\nrun 1\n0 - RUN_BEGIN scenario=1\n"
		"9 5 KVM_IOCTL enter=4 cmd=0xae01 fd=3 ret=-22 fd_name=kvm-vcpu:0123456789\n"
		"9 5 KVM_MEMSLOT slot=1 gpa=0x100000 bytes=256MiB hva=0x7f0000000000\n"
		"9 5 KVM_RUN fd=4\n9 5 TAP_FRAME ifname=cptap0\n");
	struct run *r = s->runs[0];

	(void)state;
	assert_int_equal(r->n_kvm_calls, 1);
	assert_int_equal(r->kvm_calls[0].cmd, 0xae01);
	assert_int_equal(r->kvm_calls[0].ret, -22);
	assert_string_equal(r->kvm_calls[0].fd_name, "kvm-vcpu:0123456");
	assert_int_equal(r->memslots[0].bytes, 256 << 20);
	assert_int_equal(r->n_socks, 2);
	session_free(s);
}

/* Numbers of runs with gaps, out of order, and up to the last one that a head can name. */
static void test_run_numbers(void **state)
{
	struct session *s = evtext_session(
		"0 - SCENARIO id=1 name=x\n"
		"run 65535\n0 - RUN_BEGIN scenario=1 index=1\n"
		"run 3\n0 - RUN_BEGIN scenario=1 index=2\n"
		"run 1\n0 - RUN_BEGIN scenario=1 index=3\n"
		"run 3\n0 - COST bpf_ns=3\nrun 2\n0 - COST bpf_ns=2\nrun 65535\n0 - COST bpf_ns=9\n"
		"run 0\n0 - RUN_BEGIN scenario=1\n");

	(void)state;
	assert_int_equal(s->n_runs, 3);
	assert_int_equal(s->runs[0]->number, 1);
	assert_int_equal(s->runs[1]->cost.bpf_ns, 3);
	assert_int_equal(s->runs[2]->cost.bpf_ns, 9);
	assert_int_equal(s->scenarios[0]->runs[0]->number, 65535); /* as they were made */
	assert_int_equal(s->nonsense, 2);
	session_free(s);
}

static void test_empty(void **state)
{
	struct session *s = session_new();

	(void)state;
	session_settle(s);
	session_free(s);
	session_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	    cmocka_unit_test(test_row_is_updated),
		cmocka_unit_test(test_what_counts), cmocka_unit_test(test_failure),
		cmocka_unit_test(test_live),	    cmocka_unit_test(test_memory),
		cmocka_unit_test(test_latency),	    cmocka_unit_test(test_kvm),
		cmocka_unit_test(test_run_numbers), cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
