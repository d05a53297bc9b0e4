// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_golden.c - every tests/golden/NAME.ev, through the model, against NAME.expect.
 *
 * A line "%view NAME key=value …" in the .ev asks for one view of the session; the .expect holds
 * them all, one after the other, each under its own line "%view …". UPDATE_GOLDEN=1 writes the
 * .expect files anew: look at the difference before you commit it.
 */
#include "tests/unit/evtext.h"

#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/contrast.h"
#include "user/model/lane.h"
#include "user/model/wake.h"
#include "user/report/report.h"

/* Value of "key=…" in the rest of a %view line, up to a blank; NULL when it is not there. */
static char *option(const char *args, const char *key)
{
	size_t n = strlen(key);
	const char *at = args;

	while ((at = strstr(at, key))) {
		if (at[n] == '=' && (at == args || at[-1] == ' '))
			return xasprintf("%.*s", (int)strcspn(at + n + 1, " \n"), at + n + 1);
		at += n;
	}
	return NULL;
}

static unsigned int number(const char *args, const char *key, unsigned int otherwise)
{
	CLEANUP_FREE char *value = option(args, key);

	return value ? (unsigned int)strtoul(value, NULL, 10) : otherwise;
}

static void view_text(FILE *out, const struct session *s, const char *args)
{
	CLEANUP_FREE char *incomplete = option(args, "incomplete");
	struct report_options o = { .width = number(args, "width", 80),
				    .colour = number(args, "colour", 0),
				    .utf8 = number(args, "utf8", 1),
				    .incomplete = incomplete };

	assert_int_equal(report_text(out, s, &o), 0);
}

static void view_json(FILE *out, const struct session *s, const char *args)
{
	CLEANUP_FREE char *incomplete = option(args, "incomplete");
	struct report_options o = { .incomplete = incomplete };

	assert_int_equal(report_json(out, s, &o), 0);
}

/* One line per milestone: "listen  12.3 ms", its note, or why it is not seen and its bracket. */
static void view_milestones(FILE *out, const struct session *s, const char *args)
{
	size_t i;
	int k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct milestones *m = &s->runs[i]->milestones;

		fprintf(out, "run %" PRIu32 " %s %s service_pid=%" PRIu32,
			s->runs[i]->number, s->runs[i]->scenario->name, run_status_name(s->runs[i]),
			m->service_pid);
		fprintf(out, " uncertainty=%" PRIu64 "\n", m->uncertainty);
		for (k = 0; k < m->n; k++) {
			fprintf(out, "  %-13s", milestone_name((enum milestone)k));
			if (m->seen[k])
				fprintf(out, "%12" PRIu64 "%s%s\n", m->at[k],
					m->note[k] ? "  " : "", m->note[k] ? m->note[k] : "");
			else
				fprintf(out, "%12s  %s\n", "-", m->why[k]);
			if (m->bracketed[k])
				fprintf(out, "%27s  between %" PRIu64 " and %" PRIu64 "\n", "",
					m->from[k], m->to[k]);
		}
	}
	fprintf(out, "%" PRIu64 " records, %" PRIu64 " nonsense\n", s->records, s->nonsense);
}

static void write_process(FILE *out, const struct process *p)
{
	int indent = (int)(2 + 2 * p->depth);
	char argv[256];
	size_t i;

	fprintf(out, "%*s%" PRIu32 " %s start=%" PRIu64 " end=%" PRIu64 " threads=%" PRIu32, indent,
		"", p->pid, p->comm, p->start, p->end, p->threads);
	if (p->parent)
		fprintf(out, " parent=%" PRIu32 "/%" PRIu32, p->parent->pid, p->parent_tid);
	fprintf(out, "%s\n", p->shares_mm ? " shares_mm" : "");
	for (i = 0; i < p->n_execs; i++)
		fprintf(out, "%*sexec %s: %s\n", indent + 2, "", p->execs[i].exe,
			text_argv(argv, sizeof(argv), p->execs[i].argv, p->execs[i].argv_len));
}

static void view_tree(FILE *out, const struct session *s, const char *args)
{
	size_t i, p;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct tree *t = &s->runs[i]->tree;

		fprintf(out, "run %" PRIu32 ": %" PRIu64 " forks, %" PRIu64 " execs, %" PRIu64
			" exits\n", s->runs[i]->number, t->forks, t->execs, t->exits);
		for (p = 0; p < t->n; p++)
			write_process(out, t->processes[p]);
	}
}

/* Who brought the task to the CPU, or ended its wait; each slice can be found by its time, too. */
static void write_wake(FILE *out, const struct run *r, const struct sched_task *task,
		       const struct lane *lane, const struct lane_slice *slice)
{
	char text[WAIT_TEXT_MAX], shown[2 * WAIT_TEXT_MAX];
	struct lane_slice found;
	struct lane again;
	struct wake wake;
	bool ends = slice->state == PATH_BLOCKED || slice->state == PATH_HALTED;

	assert_true(lane_at(&again, r, task, slice->start + (slice->end - slice->start) / 2, &found));
	assert_true(found.start <= slice->start && found.end >= slice->end);
	assert_int_equal(found.state, slice->state);
	if (!(ends ? wake_of(r, lane_waking(lane, slice), &wake) :
		     wake_before(r, task, slice->start, &wake)))
		return;
	wake_text(text, r, &wake);
	text_escape(shown, sizeof(shown), text, strlen(text));
	fprintf(out, "%24s  <- %s %" PRId64 " %s\n", "", wake.made ? "made" : "woken",
		(int64_t)(wake.time - r->milestones.launch), shown);
}

/* What each task of a run did: a line per slice, ns after launch; slices may not overlap. */
static void view_lanes(FILE *out, const struct session *s, const char *args)
{
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		uint64_t launch = r->milestones.launch;

		fprintf(out, "run %" PRIu32 " span %" PRIu64 "\n", r->number, run_span(r));
		for (k = 0; k < r->sched.n_tasks; k++) {
			const struct sched_task *task = &r->sched.tasks[k];
			char text[WAIT_TEXT_MAX], shown[2 * WAIT_TEXT_MAX];
			struct lane_slice slice;
			uint64_t at = launch;
			struct lane lane;

			fprintf(out, "%" PRIu32 "\n", task->tid);
			lane_begin(&lane, r, task, launch, launch + run_span(r));
			while (lane_next(&lane, &slice)) {
				assert_true(slice.start >= at && slice.start < slice.end);
				at = slice.end;
				lane_text(text, s, &lane, &slice);
				text_escape(shown, sizeof(shown), text, strlen(text));
				fprintf(out, "%12" PRIu64 "%12" PRIu64 "  %-12s%s%s\n",
					slice.start - launch, slice.end - launch,
					path_state_name(slice.state), shown,
					lane_waking(&lane, &slice) ? " (woken)" : "");
				write_wake(out, r, task, &lane, &slice);
			}
			assert_true(at <= launch + run_span(r));
		}
	}
}

/* The tree's memory over time in so many columns: KiB of anon, file and shmem in each. */
static void view_memory_columns(FILE *out, const struct session *s, const char *args)
{
	struct memory_amount columns[10];
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		const struct memory_timeline *t = &r->timeline;
		uint64_t launch = r->milestones.launch;

		memory_columns(t->points, t->n, launch, launch + run_span(r), columns,
			       ARRAY_SIZE(columns));
		fprintf(out, "run %" PRIu32 " span %" PRIu64 "\n", r->number, run_span(r));
		for (k = 0; k < ARRAY_SIZE(columns); k++)
			fprintf(out, "%10" PRIu64 "%10" PRIu64 "%10" PRIu64 "\n",
				columns[k].anon / 1024, columns[k].file / 1024,
				columns[k].shmem / 1024);
	}
}

/* The peak of each run and who made it up: the processes sum to the tree, class by class. */
static void view_memory_peak(FILE *out, const struct session *s, const char *args)
{
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct memory_timeline *t = &s->runs[i]->timeline;
		const struct memory_amount *a = &t->peak.amount;
		struct memory_amount left = *a;

		fprintf(out, "run %" PRIu32 " rss=%" PRIu64 " guest=%" PRIu64 " load=%" PRIu64 " KiB\n",
			s->runs[i]->number, memory_amount_rss(a) / 1024,
			memory_amount_guest(a) / 1024, memory_amount_rss(&t->load.amount) / 1024);
		for (k = 0; k < t->n_lives; k++) {
			const struct memory_amount *part = &t->lives[k].at_peak;

			fprintf(out, "%6" PRIu32 "%10" PRIu64 "%10" PRIu64 "\n", t->lives[k].pid,
				memory_amount_rss(part) / 1024, memory_amount_guest(part) / 1024);
			left.anon -= part->anon;
			left.file -= part->file;
			left.shmem -= part->shmem;
			left.guest_anon -= part->guest_anon;
			left.guest_shmem -= part->guest_shmem;
		}
		assert_int_equal(left.anon | left.file | left.shmem, 0);
		assert_int_equal(left.guest_anon | left.guest_shmem, 0);
	}
}

/* Two runs side by side: the first of a recording as the base, with each of the others. */
static void view_contrast(FILE *out, const struct session *s, const char *args)
{
	static const char *const groups[] = { "phase", "moment", "state", "memory" };
	size_t i, k, side;

	(void)args;
	for (i = 1; i < s->n_runs; i++) {
		struct contrast c;

		contrast_runs(s->runs[0], s->runs[i], &c);
		fprintf(out, "run %" PRIu32 "\n", s->runs[i]->number);
		for (k = 0; k < c.n; k++) {
			const struct contrast_row *row = &c.rows[k];

			fprintf(out, "%-7s%12" PRId64 "%12" PRId64, groups[row->group],
				row->amount[0] == CONTRAST_NONE ? -1 : (int64_t)row->amount[0],
				row->amount[1] == CONTRAST_NONE ? -1 : (int64_t)row->amount[1]);
			if (contrast_known(row))
				fprintf(out, "%12.0f  %s\n", contrast_more(row), row->name);
			else
				fprintf(out, "%12s  %s", "-", row->name);
			for (side = 0; side < 2; side++)
				if (row->why[side])
					fprintf(out, "; %s: %s", side ? "other" : "base", row->why[side]);
			if (!contrast_known(row))
				fputc('\n', out);
		}
		free(c.rows);
	}
}

/* One line per slice, and whether they tile: "  from  length  tid comm  state  detail". */
static void view_path(FILE *out, const struct session *s, const char *args)
{
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];
		uint64_t at = r->milestones.launch;

		fprintf(out, "run %" PRIu32 " cold start %" PRIu64 "\n", r->number,
			r->milestones.at[MILESTONE_FIRST_BYTE]);
		for (k = 0; k < r->path.n; k++) {
			const struct path_slice *p = &r->path.slices[k];

			assert_int_equal(p->start, at);
			assert_true(p->end > p->start);
			at = p->end;
			fprintf(out, "%10" PRIu64 " %9" PRIu64 "  %" PRIu32 " %-8s %-11s %s",
				p->start - r->milestones.launch, p->end - p->start, p->tid,
				p->comm, path_state_name(p->state), p->detail);
			if (p->quick_ns)
				fprintf(out, " (short calls %" PRIu64 ")", p->quick_ns);
			if (p->stolen_ns)
				fprintf(out, " (stolen %" PRIu64 ")", p->stolen_ns);
			fputc('\n', out);
		}
		if (r->path.n)
			assert_int_equal(at - r->milestones.launch,
					 r->milestones.at[MILESTONE_FIRST_BYTE]);
	}
}

static void view_cost(FILE *out, const struct session *s, const char *args)
{
	size_t i;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		bool estimated;
		uint64_t ns = cost_of_run(s->runs[i], &estimated);

		fprintf(out, "run %u: %" PRIu64 " ns%s\n", s->runs[i]->number, ns,
			estimated ? ", estimated" : "");
	}
}

static void view_ledger(FILE *out, const struct session *s, const char *args)
{
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		fprintf(out, "run %" PRIu32 "\n", r->number);
		for (k = 0; k < r->ledger.n; k++)
			fprintf(out, "%10" PRIu64 "  %-11s %s\n", r->ledger.rows[k].ns,
				path_state_name(r->ledger.rows[k].state), r->ledger.rows[k].detail);
		if (r->path.n)
			assert_int_equal(ledger_total(&r->ledger),
					 r->milestones.at[MILESTONE_FIRST_BYTE]);
	}
}

static void view_phases(FILE *out, const struct session *s, const char *args)
{
	size_t i, k;

	(void)args;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		fprintf(out, "run %" PRIu32 " %s\n", r->number, r->scenario->name);
		for (k = 0; k < r->phases.n; k++)
			fprintf(out, "%10" PRIu64 " %9" PRIu64 "  %s%s\n", r->phases.list[k].start,
				r->phases.list[k].end - r->phases.list[k].start,
				r->phases.list[k].name, r->phases.list[k].merged ? " (merged)" : "");
	}
}

static const struct {
	const char *name;
	void (*write)(FILE *out, const struct session *s, const char *args);
} views[] = {
	{ "text", view_text },
	{ "json", view_json },
	{ "milestones", view_milestones },
	{ "tree", view_tree },
	{ "lanes", view_lanes },
	{ "memory-columns", view_memory_columns },
	{ "memory-peak", view_memory_peak },
	{ "contrast", view_contrast },
	{ "path", view_path },
	{ "ledger", view_ledger }, { "cost", view_cost },
	{ "phases", view_phases },
};

static void write_view(FILE *out, const struct session *s, const char *line)
{
	size_t n = strcspn(line, "\n"), i;
	CLEANUP_FREE char *args = xasprintf("%.*s", (int)n, line);

	for (i = 0; i < ARRAY_SIZE(views); i++) {
		size_t length = strlen(views[i].name);

		if (!strncmp(args, views[i].name, length) && strchr(" ", args[length])) {
			fprintf(out, "%%view %s\n", args);
			views[i].write(out, s, args + length);
			return;
		}
	}
	fail_msg("no view is called \"%s\"", args);
}

/* All views that text asks for. */
static char *render(const char *text)
{
	static const char directive[] = "%view ";
	struct session *s = evtext_session(text);
	char *result = NULL;
	size_t size, n = 0;
	FILE *out = open_memstream(&result, &size);
	const char *at;

	assert_non_null(out);
	for (at = text; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		if (!strncmp(at, directive, strlen(directive))) {
			write_view(out, s, at + strlen(directive));
			n++;
		}
	}
	fclose(out);
	session_free(s);
	assert_true(n > 0);
	return result;
}

/* Say where two texts part, with the line of each. */
static void compare(const char *path, const char *got, const char *want)
{
	unsigned int line = 1;

	while (*got || *want) {
		size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");

		if (g != w || strncmp(got, want, g) || got[g] != want[w])
			fail_msg("%s:%u\n  expected: %.*s\n  got:      %.*s\n"
				 "(UPDATE_GOLDEN=1 takes it)", path, line,
				 (int)w, want, (int)g, got);
		got += g + (got[g] == '\n');
		want += w + (want[w] == '\n');
		line++;
	}
}

static void test_golden(void **state)
{
	const char *path = *state;
	CLEANUP_FREE char *expect = xasprintf("%.*s.expect", (int)(strlen(path) - 3), path);
	CLEANUP_FREE char *text = evtext_read_file(path);
	CLEANUP_FREE char *want = evtext_read_file(expect);
	CLEANUP_FREE char *got = NULL;

	assert_non_null(text);
	got = render(text);
	if (getenv("UPDATE_GOLDEN")) {
		CLEANUP_FCLOSE FILE *f = fopen(expect, "w");

		assert_non_null(f);
		fputs(got, f);
		return;
	}
	if (!want)
		fail_msg("%s is missing", expect);
	compare(expect, got, want);
}

int main(void)
{
	glob_t found;
	struct CMUnitTest *tests;
	size_t i;
	int result;

	if (glob(TEST_DIR "/golden/*.ev", 0, NULL, &found)) {
		fprintf(stderr, "no golden cases in %s/golden\n", TEST_DIR);
		return 1;
	}
	tests = xcalloc(found.gl_pathc, sizeof(*tests));
	for (i = 0; i < found.gl_pathc; i++) {
		tests[i].name = found.gl_pathv[i];
		tests[i].test_func = test_golden;
		tests[i].initial_state = found.gl_pathv[i];
	}
	result = _cmocka_run_group_tests("golden", tests, found.gl_pathc, NULL, NULL);
	free(tests);
	globfree(&found);
	return result;
}
