// SPDX-License-Identifier: GPL-2.0-only
/*
 * speedscope.c - speedscope's own file format: one evented profile a thread, and before those of a
 * run its critical path. What a thread did is two frames deep: its state, and what that was on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/json.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/export.h"
#include "user/export/intern.h"
#include "user/export/labels.h"
#include "user/export/timeline.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"
#define DEPTH 4

struct speedscope {
	struct json j;
	struct intern frames; /* written at the end, when they are all known */
	const struct session *session;
	const struct run *run;
	char *title, *suffix; /* "runc run 1": how the names of the run's profiles begin, and end */
	uint32_t open[DEPTH]; /* frames that are open, outermost first */
	unsigned int depth;
	uint64_t at;
};

static void event(struct speedscope *s, const char *type, uint32_t frame, uint64_t at)
{
	json_object(&s->j, NULL);
	json_string(&s->j, "type", type);
	json_u64(&s->j, "frame", frame);
	json_u64(&s->j, "at", at);
	json_end(&s->j);
	json_newline(&s->j);
}

static uint32_t frame_of(struct speedscope *s, const char *text)
{
	char shown[2 * WAIT_TEXT_MAX];

	return intern_add(&s->frames, text_escape(shown, sizeof(shown), text, strlen(text)));
}

/* From at on these frames are open: closes and opens what differs. */
static void stand(struct speedscope *s, uint64_t at, const uint32_t *frames, unsigned int n)
{
	unsigned int same = 0;

	while (same < n && same < s->depth && s->open[same] == frames[same])
		same++;
	while (s->depth > same)
		event(s, "C", s->open[--s->depth], at);
	for (; s->depth < n; s->depth++) {
		s->open[s->depth] = frames[s->depth];
		event(s, "O", frames[s->depth], at);
	}
	s->at = at;
}

static void begin_profile(struct speedscope *s, const char *name, uint64_t span)
{
	json_object(&s->j, NULL);
	json_string(&s->j, "type", "evented");
	json_string(&s->j, "name", name);
	json_string(&s->j, "unit", "nanoseconds");
	json_u64(&s->j, "startValue", 0);
	json_u64(&s->j, "endValue", span);
	json_array(&s->j, "events");
	json_newline(&s->j);
	s->depth = 0;
	s->at = 0;
}

static void end_profile(struct speedscope *s)
{
	json_end(&s->j);
	json_end(&s->j);
	json_newline(&s->j);
}

/* ---- a thread -------------------------------------------------------------------------------- */

static void write_thread(struct speedscope *s, const struct timeline *t,
			 const struct timeline_process *p, const struct sched_task *task)
{
	char text[WAIT_TEXT_MAX], shown[2 * WAIT_TEXT_MAX];
	const char *name = sched_task_name(&s->run->sched, task, UINT64_MAX);
	CLEANUP_FREE char *title = NULL;
	struct lane_slice slice;
	struct lane lane;

	if (task->client || !*name)
		name = p->name;
	text_escape(shown, sizeof(shown), name, strlen(name));
	title = xasprintf("%s: %s (%" PRIu32 ")%s", s->title, shown, task->tid, s->suffix);
	begin_profile(s, title, t->end - t->start);
	lane_begin(&lane, s->run, task, t->start, t->end);
	while (lane_next(&lane, &slice)) {
		uint32_t frames[2] = { frame_of(s, path_state_name(slice.state)) };

		if (slice.start - t->start > s->at)
			stand(s, s->at, NULL, 0); /* it was not there for a while */
		lane_text(text, s->session, &lane, &slice);
		if (*text)
			frames[1] = frame_of(s, text);
		stand(s, slice.start - t->start, frames, *text ? 2 : 1);
		s->at = slice.end - t->start;
	}
	stand(s, s->at, NULL, 0);
	end_profile(s);
}

/* ---- the critical path ----------------------------------------------------------------------- */

static void write_path(struct speedscope *s, const struct timeline *t)
{
	const struct phases *phases = &s->run->phases;
	CLEANUP_FREE char *title = xasprintf("%s: critical path%s", s->title, s->suffix);
	size_t i, k = 0;

	begin_profile(s, title, t->end - t->start);
	for (i = 0; i < s->run->path.n; i++) {
		const struct path_slice *slice = &s->run->path.slices[i];
		uint64_t at = slice->start - t->start, end = slice->end - t->start;
		uint32_t frames[DEPTH] = { 0, frame_of(s, slice->comm),
					   frame_of(s, path_state_name(slice->state)),
					   *slice->detail ? frame_of(s, slice->detail) : 0 };

		/* A phase may begin within a slice. */
		while (at < end) {
			while (k + 1 < phases->n && phases->list[k].end <= at)
				k++;
			frames[0] = frame_of(s, phases->n ? phases->list[k].name : "cold start");
			stand(s, at, frames, *slice->detail ? 4 : 3);
			at = k + 1 < phases->n && phases->list[k].end < end ? phases->list[k].end : end;
			s->at = at;
		}
	}
	stand(s, s->at, NULL, 0);
	end_profile(s);
}

/* ---------------------------------------------------------------------------------------------- */

static void write_run(struct speedscope *s, const struct export_source *source)
{
	const struct scenario_result *scenario = s->run->scenario;
	char name[2 * WAIT_TEXT_MAX];
	struct timeline t;
	size_t i, k;

	text_escape(name, sizeof(name), scenario->name, strlen(scenario->name));
	s->title = xasprintf("%s run %" PRIu32, name, label_run(s->run));
	s->suffix = label_suffix(source, scenario, s->run->lost);
	timeline_make(&t, s->run);
	if (s->run->path.n)
		write_path(s, &t);
	for (i = 0; i < t.n_processes; i++)
		for (k = 0; k < t.processes[i].n; k++)
			write_thread(s, &t, &t.processes[i],
				     t.threads[t.processes[i].first + k]);
	timeline_release(&t);
	free(s->title);
	free(s->suffix);
}

static void write_frames(struct speedscope *s)
{
	size_t i;

	json_object(&s->j, "shared");
	json_array(&s->j, "frames");
	for (i = 0; i < s->frames.n; i++) {
		json_object(&s->j, NULL);
		json_string(&s->j, "name", s->frames.list[i].text);
		json_end(&s->j);
		json_newline(&s->j);
	}
	json_end(&s->j);
	json_end(&s->j);
}

static int write_speedscope(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct speedscope s = { .session = source->session };
	size_t i, k;

	(void)err;
	json_init(&s.j, out);
	s.j.compact = true;
	json_object(&s.j, NULL);
	json_string(&s.j, "$schema", SCHEMA);
	json_string(&s.j, "exporter", "coldprof " COLDPROF_VERSION);
	json_string(&s.j, "name", source->name);
	json_u64(&s.j, "activeProfileIndex", 0);
	json_array(&s.j, "profiles");
	json_newline(&s.j);
	for (i = 0; i < source->n_picks; i++) {
		for (k = 0; k < source->picks[i].n_runs; k++) {
			s.run = source->picks[i].runs[k];
			write_run(&s, source);
		}
	}
	json_end(&s.j);
	write_frames(&s);
	json_end(&s.j);
	json_finish(&s.j);
	intern_release(&s.frames);
	return 0;
}

const struct export_ops export_speedscope = {
	.name = "speedscope",
	.title = "speedscope.app: a profile for each thread and for the critical path",
	.suffix = ".speedscope.json",
	.runs = EXPORT_MEDIAN,
	.needs_run = true,
	.write = write_speedscope,
};
