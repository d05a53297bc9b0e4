// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_planted.c - recordings of launches with a planted cause: does the model still name it?
 *
 * tests/golden/planted/NAME.coldprof was made by coldprof itself (tests/golden/planted/record.sh) of
 * a launch of tests/fixture/planted.c; NAME.log is what the fixture says it planted. Recordings hold
 * one run, without what differs from machine to machine and is not looked at here.
 *
 *     test_planted NAME              only that one
 *     test_planted --strip FROM TO   leave that out (record.sh)
 */
#include <inttypes.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/evtext.h"
#include "user/base/mem.h"
#include "user/load.h"
#include "user/record/writer.h"

#define CAUSES_MAX 3

/*
 * Rows are "STATE DETAIL", by extended regular expressions. The rows of top together are the
 * heaviest of all but those for a CPU that others held; the rows of each cause are as long as the
 * fixture says, more of them may count to it.
 */
static const struct planted {
	const char *name, *top;
	struct cause {
		const char *name, *rows, *more;
	} causes[CAUSES_MAX];
} planted[] = {
	{ "sleep", "^blocked planted: clock_nanosleep: timer$",
	  { { "sleep", "^blocked planted: clock_nanosleep: timer$", NULL } } },
	{ "naps", "^blocked (planted|napper): clock_nanosleep: timer$",
	  { { "naps", "^blocked (planted|napper): clock_nanosleep: timer$", NULL } } },
	{ "burn", "^user burner$", { { "burn", "^user burner$", NULL } } },
	{ "read", "^blocked planted: read .*data: .*disk$",
	  { { "read", "^blocked planted: read .*data: .*disk$",
	      "^runnable planted: an idle CPU wakes up$" } } },
	{ "flock", "^blocked holder: clock_nanosleep: timer$",
	  { { "flock", "^blocked holder: clock_nanosleep: timer$", NULL } } },
	{ "futex", "^blocked holder: clock_nanosleep: timer$",
	  { { "futex", "^blocked holder: clock_nanosleep: timer$", NULL } } },
	{ "pipe", "^blocked helper: clock_nanosleep: timer$",
	  { { "pipe", "^blocked helper: clock_nanosleep: timer$", NULL } } },
	{ "chain", "^user link[123]$",
	  { { "link1", "^user link1$", NULL }, { "link2", "^user link2$", NULL },
	    { "link3", "^user link3$", NULL } } },
	{ "throttle", "^runnable planted: held back by a CPU quota",
	  { { "throttle", "^runnable planted: held back by a CPU quota", NULL } } },
	{ "hog", "^runnable .*: CPU held by rival$", { { "hog", "^runnable hogger: ", NULL } } },
	{ "fsync", "^blocked planted: fsync .*data: .*disk$",
	  { { "fsync", "^blocked planted: fsync .*data: .*disk$",
	      "^runnable planted: an idle CPU wakes up$" } } },
	{ "connect", "^blocked planted: connect to port 7777: timer$",
	  { { "connect", "^blocked planted: connect to port 7777: timer$", NULL } } },
	{ "forks", "^(kernel|user|runnable|blocked) storm",
	  { { "forks", "^(kernel|user|runnable|blocked) storm", NULL } } },
	{ "faults", "^kernel toucher: page faults", { { "faults", "^(kernel|user) toucher", NULL } } },
	{ "hook", "^blocked dawdler: clock_nanosleep: timer$",
	  { { "sleep", "^blocked dawdler: clock_nanosleep: timer$", NULL } } },
};

/* Where it was planted: natively, or in a container ("runc-NAME"); a hook there is only. */
struct place {
	char name[32];
	const struct planted *of;
};

static char *path_of(const char *name, const char *ending)
{
	return xasprintf(TEST_DIR "/golden/planted/%s.%s", name, ending);
}

/* Rows that fit, together; the heaviest of the others that are no waiting for a CPU. */
static uint64_t rows(const struct run *run, const char *pattern, uint64_t *other)
{
	uint64_t sum = 0, heaviest = 0;
	regex_t regex;
	size_t i;

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	for (i = 0; i < run->ledger.n; i++) {
		const struct ledger_row *row = &run->ledger.rows[i];
		CLEANUP_FREE char *text = xasprintf("%s %s", path_state_name(row->state),
						    row->detail);

		if (!regexec(&regex, text, 0, NULL, 0))
			sum += row->ns;
		else if (row->state != PATH_RUNNABLE && row->ns > heaviest)
			heaviest = row->ns;
	}
	regfree(&regex);
	if (other)
		*other = heaviest;
	return sum;
}

/* What the fixture says of a cause: "CAUSE PLANTED …". */
static uint64_t planted_ns(const char *log, const char *cause)
{
	size_t n = strlen(cause);
	const char *at;

	for (at = log; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, cause, n) && at[n] == ' ')
			return strtoull(at + n + 1, NULL, 10);
	}
	fail_msg("the fixture does not say how long \"%s\" was", cause);
	return 0;
}

static void check_cause(const struct run *run, const struct cause *c, const char *log)
{
	uint64_t want = planted_ns(log, c->name), got = rows(run, c->rows, NULL);
	uint64_t more = c->more ? rows(run, c->more, NULL) : 0;
	uint64_t slack = want / 20 > 1000000 ? want / 20 : 1000000;

	if (got > want + slack || got + more + slack < want)
		fail_msg("%s: planted %" PRIu64 " ns, found %" PRIu64 " to %" PRIu64, c->name, want,
			 got, got + more);
}

static void check_sums(const struct run *run)
{
	uint64_t cold = run->milestones.at[MILESTONE_FIRST_BYTE], sum = 0, dark = 0;
	size_t i;

	assert_true(run->path.n > 0);
	assert_int_equal(run->lost, 0);
	assert_int_equal(ledger_total(&run->ledger), cold);
	for (i = 0; i < run->phases.n; i++)
		sum += run->phases.list[i].end - run->phases.list[i].start;
	assert_int_equal(sum, cold);
	for (i = 0; i < run->ledger.n; i++)
		if (run->ledger.rows[i].state == PATH_UNEXPLAINED)
			dark += run->ledger.rows[i].ns;
	assert_true(dark * 200 <= cold);
}

static void test_planted(void **state)
{
	const struct place *place = *state;
	const struct planted *p = place->of;
	CLEANUP_FREE char *path = path_of(place->name, "coldprof"), *log_path = path_of(place->name, "log");
	CLEANUP_FREE char *log = evtext_read_file(log_path);
	struct error err = { 0 };
	struct loaded l;
	const struct run *run;
	uint64_t mine, other;
	size_t i;

	assert_non_null(log);
	assert_int_equal(load_recording(&l, path, &err), 0);
	assert_null(l.incomplete);
	assert_int_equal(l.session->nonsense, 0);
	assert_int_equal(l.session->n_runs, 1);
	run = l.session->runs[0];
	check_sums(run);
	mine = rows(run, p->top, &other);
	if (mine < other)
		fail_msg("%s: a row of %" PRIu64 " ns, this has %" PRIu64, p->name, other, mine);
	for (i = 0; i < CAUSES_MAX && p->causes[i].name; i++)
		check_cause(run, &p->causes[i], log);
	load_release(&l);
}

/* Facts of the machine, memory and cost: nothing that the critical path is made from. */
static bool left_out(const struct wire_head *record)
{
	const char *name = record_kind_name(record->kind);

	return record->kind == HOST_ENV || record->kind == HOST_PROGRAM_COST ||
	       (name && (strstr(name, "MEMORY") || strstr(name, "RSS")));
}

static int strip(const char *from, const char *to)
{
	struct error err = { 0 };
	struct reader *r = reader_open(from, &err);
	struct writer *w = r ? writer_open(to, true, (uid_t)-1, (gid_t)-1, &err) : NULL;
	const struct wire_head *record;
	int ret = w ? 0 : -1;

	while (!ret && (record = reader_next(r)))
		if (!left_out(record))
			ret = writer_append(w, record, &err);
	if (w && writer_seal(w, &err))
		ret = -1;
	reader_close(r);
	if (ret)
		fprintf(stderr, "%s: %s\n", from, err.text);
	return ret ? 1 : 0;
}

int main(int argc, char **argv)
{
	static struct place places[2 * ARRAY_SIZE(planted)];
	struct CMUnitTest tests[ARRAY_SIZE(places)];
	size_t n = 0, i;

	if (argc == 4 && !strcmp(argv[1], "--strip"))
		return strip(argv[2], argv[3]);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		struct place *place = &places[n];
		bool runc = i >= ARRAY_SIZE(planted);

		place->of = &planted[i % ARRAY_SIZE(planted)];
		snprintf(place->name, sizeof(place->name), "%s%s", runc ? "runc-" : "", place->of->name);
		if ((runc || strcmp(place->name, "hook") != 0) &&
		    (argc != 2 || !strcmp(argv[1], place->name)))
			tests[n++] = (struct CMUnitTest){ .name = place->name, .test_func = test_planted,
							  .initial_state = place };
	}
	return n ? _cmocka_run_group_tests("planted", tests, n, NULL, NULL) : 2;
}
