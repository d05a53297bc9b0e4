// SPDX-License-Identifier: GPL-2.0-only
/* trace.c - runs as tracks with slices. */
#include "user/export/trace_private.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/labels.h"

const char *trace_escape(char out[2 * WAIT_TEXT_MAX], const char *text)
{
	return text_escape(out, 2 * WAIT_TEXT_MAX, text, strlen(text));
}

uint32_t trace_task(const struct trace *t, uint32_t number)
{
	return t->base + number % TRACE_TASKS_MAX;
}

bool trace_is_task(uint32_t number)
{
	return number % TRACE_RUN_STRIDE < TRACE_TASKS_MAX;
}

uint64_t trace_time(const struct trace *t, uint64_t time)
{
	if (time > t->timeline.end)
		time = t->timeline.end;
	return time > t->timeline.start ? time - t->timeline.start : 0;
}

/* ---- the run itself -------------------------------------------------------------------------- */

static void walk_milestones(struct trace *t)
{
	const struct milestones *m = &t->run->milestones;
	struct trace_track track = { t->base + TRACE_ROW_RUN, t->base + TRACE_ROW_PHASES };
	int i;

	for (i = 0; i < MILESTONE_COUNT; i++)
		if (m->seen[i])
			t->sink->instant(t->ctx, track, m->at[i],
					 milestone_title((enum milestone)i));
}

static void walk_phases(struct trace *t)
{
	char name[2 * WAIT_TEXT_MAX];
	size_t i;

	for (i = 0; i < t->run->phases.n; i++) {
		const struct phase *phase = &t->run->phases.list[i];
		struct trace_slice slice = {
			.track = { t->base + TRACE_ROW_RUN, t->base + TRACE_ROW_PHASES },
			.start = phase->start, .end = phase->end,
			.category = "phase", .name = trace_escape(name, phase->name),
		};

		t->sink->slice(t->ctx, &slice);
	}
}

static void walk_path(struct trace *t)
{
	char name[2 * WAIT_TEXT_MAX], detail[2 * WAIT_TEXT_MAX];
	size_t i;

	for (i = 0; i < t->run->path.n; i++) {
		const struct path_slice *p = &t->run->path.slices[i];
		struct trace_slice slice = {
			.track = { t->base + TRACE_ROW_RUN, t->base + TRACE_ROW_PATH },
			.start = trace_time(t, p->start), .end = trace_time(t, p->end),
			.category = path_state_name(p->state), .name = trace_escape(name, p->comm),
			.detail = *p->detail ? trace_escape(detail, p->detail) : NULL,
		};

		t->sink->slice(t->ctx, &slice);
	}
}

static void walk_run(struct trace *t, const struct export_source *source)
{
	CLEANUP_FREE char *suffix = label_suffix(source, t->run->scenario, t->run->lost);
	const struct milestones *m = &t->run->milestones;
	uint32_t pid = t->base + TRACE_ROW_RUN;
	char name[2 * WAIT_TEXT_MAX], number[TEXT_NUMBER_MAX], *title;

	if (m->seen[m->end])
		text_ms(number, m->at[m->end]);
	else
		snprintf(number, sizeof(number), "%s", run_status_name(t->run));
	title = xasprintf("%s run %" PRIu32 ": %s%s", trace_escape(name, t->run->scenario->name),
			  label_run(t->run), number, suffix);
	t->sink->process(t->ctx, pid, title, t->rank++);
	free(title);
	t->sink->thread(t->ctx, (struct trace_track){ pid, t->base + TRACE_ROW_PHASES }, "phases", 0);
	walk_phases(t);
	walk_milestones(t);
	if (t->run->path.n) {
		t->sink->thread(t->ctx, (struct trace_track){ pid, t->base + TRACE_ROW_PATH },
				"critical path", 1);
		walk_path(t);
	}
	trace_walk_guest(t);
	trace_walk_memory(t);
}

/* ---- processes and threads ------------------------------------------------------------------- */

/* What programs a process was, one after the other. */
static void walk_programs(struct trace *t, const struct timeline_process *p)
{
	const struct process *process = p->process;
	struct trace_track track = { trace_task(t, p->pid), trace_task(t, p->pid) + TRACE_TASKS_MAX };
	char name[2 * WAIT_TEXT_MAX], argv[1024];
	uint64_t end = process->end ? process->end : UINT64_MAX, from = process->start;
	size_t i;

	t->sink->thread(t->ctx, track, "program", 0);
	for (i = 0; i <= process->n_execs; i++) {
		const struct exec *before = i ? &process->execs[i - 1] : NULL;
		uint64_t to = i < process->n_execs ? process->execs[i].time : end;
		struct trace_slice slice = {
			.track = track, .category = "program",
			.start = trace_time(t, from), .end = trace_time(t, to),
		};

		if (before && before->argv_len)
			slice.detail = text_argv(argv, sizeof(argv), before->argv, before->argv_len);
		slice.name = trace_escape(name, before ? before->exe :
					process->n_execs ? "before its first program" :
							   process->comm);
		if (slice.start < slice.end)
			t->sink->slice(t->ctx, &slice);
		if (to > from)
			from = to;
	}
}

/* An arrow from who woke it, where that is a task with a track of its own. */
static uint64_t walk_wake(struct trace *t, const struct lane_slice *slice)
{
	const struct sched *s = &t->run->sched;
	const struct span *span = &s->spans[slice->span];
	const struct sched_waking *waking;
	const struct sched_task *task;
	struct trace_track from;

	if (!(span->flags & SPAN_WOKEN) || slice->start != span->start)
		return 0;
	waking = &s->wakings[span->ref];
	task = waking->ours && waking->context == WIRE_CONTEXT_TASK ?
		       sched_task(s, waking->waker) : NULL;
	if (!task || waking->time < t->timeline.start ||
	    !sched_known_before(s, task, waking->time))
		return 0;
	from = (struct trace_track){ trace_task(t, task->pid), trace_task(t, task->tid) };
	t->sink->wake(t->ctx, from, trace_time(t, waking->time), ++t->flows);
	return t->flows;
}

static void walk_thread(struct trace *t, const struct timeline_process *p,
			const struct sched_task *task, unsigned int rank)
{
	struct trace_track track = { trace_task(t, p->pid), trace_task(t, task->tid) };
	char text[WAIT_TEXT_MAX], name[2 * WAIT_TEXT_MAX];
	struct lane_slice lane_slice;
	struct lane lane;

	trace_escape(name, sched_task_name(&t->run->sched, task, UINT64_MAX));
	if (!*name)
		trace_escape(name, p->name);
	t->sink->thread(t->ctx, track, name, rank);
	lane_begin(&lane, t->run, task, t->timeline.start, t->timeline.end);
	while (lane_next(&lane, &lane_slice)) {
		const char *state = path_state_name(lane_slice.state);
		struct trace_slice slice = {
			.track = track, .category = state, .name = state,
			.start = trace_time(t, lane_slice.start),
			.end = trace_time(t, lane_slice.end),
		};

		lane_text(text, t->session, &lane, &lane_slice);
		if (*text)
			slice.name = trace_escape(name, text);
		if (lane_slice.state == PATH_RUNNABLE)
			slice.flow = walk_wake(t, &lane_slice);
		t->sink->slice(t->ctx, &slice);
	}
}

static void walk_process(struct trace *t, const struct timeline_process *p)
{
	char name[2 * WAIT_TEXT_MAX];
	size_t i;

	t->sink->process(t->ctx, trace_task(t, p->pid), trace_escape(name, p->name), t->rank++);
	if (p->process)
		walk_programs(t, p);
	trace_walk_process_memory(t, p);
	for (i = 0; i < p->n; i++)
		walk_thread(t, p, t->timeline.threads[p->first + i], (unsigned int)i + 1);
}

int trace_walk(const struct export_job *job, const struct trace_sink *sink, void *ctx,
	       struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct trace t = { .sink = sink, .ctx = ctx, .session = source->session };
	size_t i, k, n;

	if (source->n_runs > TRACE_RUNS_MAX)
		return error_class(err, ERROR_USAGE, -E2BIG, "one trace holds %d runs, not %zu: "
				   "choose some with --scenario or --run", TRACE_RUNS_MAX,
				   source->n_runs);
	for (i = 0; i < source->n_picks; i++) {
		for (k = 0; k < source->picks[i].n_runs; k++) {
			t.run = source->picks[i].runs[k];
			timeline_make(&t.timeline, t.run);
			walk_run(&t, source);
			for (n = 0; n < t.timeline.n_processes; n++)
				walk_process(&t, &t.timeline.processes[n]);
			timeline_release(&t.timeline);
			t.base += TRACE_RUN_STRIDE;
		}
	}
	return 0;
}
