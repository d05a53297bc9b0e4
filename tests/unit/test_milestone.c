// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_milestone.c - the edges of the rules; what whole runs give is in golden/{oci,gvisor,vm}.ev.
 */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"

#define SESSION "0 - SESSION port=8080\n0 - SCENARIO id=1 name=x flags=host_accept\n"
#define BEGIN "run 1 at 1s\n+0 - RUN_BEGIN scenario=1 netns=7 client_netns=8\n"
#define LAUNCH "+1ms 10 EXEC enter=+0 root=1 exe_name=a\n"
#define CLIENT "+9ms - CLIENT connect=+4ms connected=+6ms first_byte=+9ms\n"

static const struct milestones *only(const struct session *s)
{
	assert_int_equal(s->n_runs, 1);
	return &s->runs[0]->milestones;
}

static void is_at(const struct milestones *m, enum milestone which, uint64_t ns)
{
	assert_true(m->seen[which]);
	assert_int_equal(m->at[which], ns);
	assert_null(m->why[which]);
}

static void is_absent(const struct milestones *m, enum milestone which)
{
	assert_false(m->seen[which]);
	assert_non_null(m->why[which]);
	assert_null(m->note[which]);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(milestone_name(MILESTONE_FIRST_ACCEPT), "first_accept");
	assert_string_equal(milestone_title(MILESTONE_FIRST_ACCEPT), "first accept");
	assert_string_equal(milestone_name(MILESTONE_COUNT), "");
	assert_string_equal(milestone_title((enum milestone)99), "");
}

static void test_order_of_file_is_not_time(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH
		CLIENT
		"+7ms 11 ACCEPT local_port=8080 netns=7\n"
		"+6.5ms 11 ACCEPT local_port=8080 netns=7\n"
		"+3ms 11 LISTEN local_port=8080 netns=7\n"
		"+2.5ms 11 LISTEN local_port=8080 netns=7\n"
		"+2ms 11 EXEC enter=+1.9ms exe_name=svc\n"
		"+5ms 11 ESTABLISHED remote_port=8080 netns=8\n"
		"+1.5ms 10 FORK child=11\n");
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_LAUNCH, 0);
	is_at(m, MILESTONE_EXEC, 1000000);
	is_at(m, MILESTONE_SERVICE_EXEC, 2000000);
	is_at(m, MILESTONE_LISTEN, 2500000);
	is_at(m, MILESTONE_CONNECTED, 5000000);
	is_at(m, MILESTONE_FIRST_ACCEPT, 6500000);
	is_at(m, MILESTONE_FIRST_BYTE, 9000000);
	assert_int_equal(m->service_pid, 11);
	session_free(s);
}

/* Another port, another namespace, before launch, before listen: none is the service's. */
static void test_not_the_service(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH CLIENT
		"0.5s 10 LISTEN local_port=8080 netns=7\n"
		"+2ms 10 LISTEN local_port=8081 netns=7\n"
		"+2ms 10 LISTEN local_port=8080 netns=6\n"
		"+2ms 10 ACCEPT local_port=8080 netns=7\n"
		"+3ms 10 LISTEN local_port=8080 netns=7\n"
		"+4ms 10 ACCEPT local_port=8081 netns=7\n"
		"+5ms 10 ACCEPT local_port=8080 netns=6\n");
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_LISTEN, 3000000);
	is_absent(m, MILESTONE_FIRST_ACCEPT);
	assert_true(m->bracketed[MILESTONE_FIRST_ACCEPT]);
	assert_int_equal(m->from[MILESTONE_FIRST_ACCEPT], 3000000);
	assert_int_equal(m->to[MILESTONE_FIRST_ACCEPT], 9000000);
	session_free(s);
}

/* A published port: dockerd's forwarder has it first, and takes the client in. */
static void test_forwarder(void **state)
{
	static const char forwarder[] =
		"+2ms 10 FORK child=11\n"
		"+2.5ms 11 EXEC enter=+2.4ms exe_name=docker-proxy\n"
		"+3ms 11 LISTEN local_port=8080 netns=7\n"
		"+5ms 11 ACCEPT local_port=8080 netns=7\n";
	CLEANUP_FREE char *both = xasprintf("%s%s", forwarder,
		"+3ms 10 FORK child=12\n"
		"+4ms 12 EXEC enter=+3.9ms exe_name=svc\n"
		"+5.5ms 12 LISTEN local_port=8080 netns=7\n"
		"+7ms 12 ACCEPT local_port=8080 netns=7\n");
	CLEANUP_FREE char *alone_text = xasprintf("%s%s", SESSION BEGIN LAUNCH CLIENT, forwarder);
	CLEANUP_FREE char *both_text = xasprintf("%s%s", SESSION BEGIN LAUNCH CLIENT, both);
	struct session *s = evtext_session(both_text);
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_SERVICE_EXEC, 4000000);
	is_at(m, MILESTONE_LISTEN, 5500000);
	is_at(m, MILESTONE_FIRST_ACCEPT, 7000000);
	assert_int_equal(m->service_pid, 12);
	session_free(s);
	s = evtext_session(alone_text); /* the service has another port in its own namespace */
	m = only(s);
	is_absent(m, MILESTONE_LISTEN);
	is_absent(m, MILESTONE_FIRST_ACCEPT);
	assert_non_null(strstr(m->why[MILESTONE_FIRST_ACCEPT], "forwarder"));
	assert_true(m->bracketed[MILESTONE_FIRST_ACCEPT]);
	assert_int_equal(m->to[MILESTONE_FIRST_ACCEPT], 9000000);
	session_free(s);
	assert_true(milestone_is_proxy("docker-proxy"));
	assert_false(milestone_is_proxy("docker"));
}

/* Which of them is the service's is not seen from outside: it is said. */
static void test_gvisor_listens_twice(void **state)
{
	static const char gvisor[] =
		"0 - SESSION port=8080\n0 - SCENARIO id=1 name=gvisor flags=guest_accept\n"
		BEGIN LAUNCH CLIENT "+3ms 11 GUEST_SYSCALL nr=50 how=trap ret=50\n";
	CLEANUP_FREE char *twice = xasprintf("%s%s", gvisor, "+4ms 11 GUEST_SYSCALL nr=50 how=trap ret=50\n");
	struct session *s = evtext_session(gvisor);

	(void)state;
	assert_null(strstr(only(s)->note[MILESTONE_LISTEN], "several"));
	session_free(s);
	s = evtext_session(twice);
	assert_int_equal(only(s)->at[MILESTONE_LISTEN], 3000000);
	assert_non_null(strstr(only(s)->note[MILESTONE_LISTEN], "several"));
	session_free(s);
}

/* nginx and the like: the worker that listens was forked from the one that executed. */
static void test_program_is_inherited(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH CLIENT
		"+2ms 10 EXEC exe_name=svc\n"
		"+2.5ms 10 FORK child=11\n"
		"+2.6ms 10 EXEC exe_name=later\n"
		"+3ms 11 LISTEN local_port=8080 netns=7\n");
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_SERVICE_EXEC, 2000000);
	assert_int_equal(m->service_pid, 11);
	session_free(s);
}

/* The pid that listens was somebody else's before. */
static void test_reused_service_pid(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH CLIENT
		"+1.1ms 10 FORK child=11\n"
		"+1.2ms 11 EXEC exe_name=other\n"
		"+1.3ms 11 EXIT\n"
		"+2ms 10 FORK child=11\n"
		"+2.1ms 11 EXEC exe_name=svc\n"
		"+3ms 11 LISTEN local_port=8080 netns=7\n"
		"+8ms 11 EXIT\n"
		"+8.1ms 10 FORK child=11\n");
	(void)state;
	is_at(only(s), MILESTONE_SERVICE_EXEC, 2100000);
	session_free(s);
}

/* --ready: the cold start ends there, and what comes later is not considered. */
static void test_ready(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH CLIENT
		"+2ms 10 LISTEN local_port=8080 netns=7\n"
		"+7ms 10 ACCEPT local_port=8080 netns=7\n"
		"+0 - READY time=+7ms how=accept tid=10 by=accept\n");
	const struct milestones *m = only(s);
	uint64_t cold_start;

	(void)state;
	assert_int_equal(m->end, MILESTONE_READY);
	is_at(m, MILESTONE_FIRST_ACCEPT, 7000000);
	is_at(m, MILESTONE_READY, 7000000);
	is_absent(m, MILESTONE_FIRST_BYTE);
	assert_true(run_quantity(s->runs[0], QUANTITY_COLD_START, &cold_start));
	assert_int_equal(cold_start, 7000000);
	assert_string_equal(session_ready_by(s), "accept");
	session_free(s);

	s = evtext_session(SESSION BEGIN LAUNCH
		"+2ms 10 EXIT\n"
		"+3ms 10 ACCEPT local_port=8080 netns=7\n"
		"+0 - READY time=+2ms how=exit tid=10 by=exit\n");
	m = only(s);
	is_at(m, MILESTONE_READY, 2000000);
	assert_false(m->seen[MILESTONE_FIRST_ACCEPT]);
	assert_int_equal(m->uncertainty, 0);
	session_free(s);
}

static void test_ready_makes_no_sense(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH
		"+0 - READY time=3 how=77 tid=10 by=exit\n"
		"+0 - READY time=+4ms how=exit tid=10 by=second\n");
	const struct milestones *m = only(s);

	(void)state;
	is_absent(m, MILESTONE_READY);
	assert_int_equal(s->runs[0]->phases.n, 0);
	assert_int_equal(s->nonsense, 1);
	assert_string_equal(session_ready_by(s), "exit");
	session_free(s);
}

static void test_not_launched(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN CLIENT
		"+1ms 10 EXEC enter=+0 exe_name=not_root\n"
		"+3ms 10 LISTEN local_port=8080 netns=7\n");
	const struct milestones *m = only(s);
	int i;

	(void)state;
	assert_int_equal(m->launch, 0);
	assert_int_equal(m->n, MILESTONE_READY);
	for (i = 0; i < m->n; i++)
		is_absent(m, (enum milestone)i);
	session_free(s);
}

static void test_no_answer(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH
		"+3ms 10 LISTEN local_port=8080 netns=7\n"
		"+9ms - CLIENT connect=+4ms connected=+6ms problem=\"no answer\"\n");
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_LISTEN, 3000000);
	is_at(m, MILESTONE_CONNECTED, 6000000);
	assert_non_null(m->note[MILESTONE_CONNECTED]);
	is_absent(m, MILESTONE_FIRST_BYTE);
	is_absent(m, MILESTONE_FIRST_ACCEPT);
	assert_false(m->bracketed[MILESTONE_FIRST_ACCEPT]); /* it may never have been */
	session_free(s);
}

static void test_client_before_launch(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH
		"+9ms - CLIENT connected=2 first_byte=3 uncertainty=5\n");
	const struct milestones *m = only(s);

	(void)state;
	is_absent(m, MILESTONE_FIRST_BYTE);
	is_absent(m, MILESTONE_CONNECTED);
	assert_int_equal(m->uncertainty, 0);
	session_free(s);
}

/* Connections that the client gave up come first; the one that was answered counts. */
static void test_given_up_connection(void **state)
{
	struct session *s = evtext_session(SESSION BEGIN LAUNCH
		"+3ms 10 LISTEN local_port=8080 netns=7\n"
		"+3.5ms 1 ESTABLISHED remote_port=8080 netns=8\n"
		"+5ms 1 ESTABLISHED remote_port=8080 netns=8\n"
		"+5ms 1 ESTABLISHED local_port=8080 netns=7 passive=1\n"
		"+4ms 10 ACCEPT local_port=8080 netns=7\n" CLIENT);
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_CONNECTED, 5000000);
	is_at(m, MILESTONE_FIRST_ACCEPT, 4000000);
	session_free(s);
}

/* port=0 and netns=0: `coldprof run` on whatever the command listens on. */
static void test_any_port(void **state)
{
	struct session *s = evtext_session(
		"0 - SESSION port=0\n0 - SCENARIO id=1 name=x\n"
		"run 1 at 1s\n+0 - RUN_BEGIN scenario=1\n" LAUNCH CLIENT
		"+3ms 10 LISTEN local_port=6379 netns=3\n"
		"+5ms 10 ACCEPT local_port=6379 netns=3\n");
	const struct milestones *m = only(s);

	(void)state;
	is_at(m, MILESTONE_LISTEN, 3000000);
	is_at(m, MILESTONE_FIRST_ACCEPT, 5000000);
	session_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_order_of_file_is_not_time),
		cmocka_unit_test(test_not_the_service),
		cmocka_unit_test(test_program_is_inherited),
		cmocka_unit_test(test_forwarder),
		cmocka_unit_test(test_gvisor_listens_twice),
		cmocka_unit_test(test_reused_service_pid),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_makes_no_sense),
		cmocka_unit_test(test_not_launched),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_client_before_launch),
		cmocka_unit_test(test_given_up_connection),
		cmocka_unit_test(test_any_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
