// SPDX-License-Identifier: GPL-2.0-only
/*
 * folded.c - stacks with their weight in nanoseconds, one a line: "runc;runc;openat …;vfs_read 1200".
 * flamegraph.pl, inferno and speedscope read it. The outermost frame is the scenario, then comes
 * the task's name; functions of the kernel end in _[k], as flamegraph.pl likes to colour them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/export.h"
#include "user/export/intern.h"
#include "user/export/labels.h"
#include "user/export/timeline.h"
#include "user/model/oncpu.h"

enum stacks { STACKS_ON_CPU, STACKS_OFF_CPU, STACKS_PATH };

#define LINE_MAX_BYTES 32768

struct folded {
	const struct session *session;
	const struct run *run;
	const char *suffix; /* of the scenario's name: what its numbers are not */
	struct intern stacks;
	size_t n;
	char line[LINE_MAX_BYTES];
};

/* One more frame; what would part frames or lines in it does not any more. */
static void add_frame(struct folded *f, const char *text, const char *suffix)
{
	char shown[4 * FRAME_TEXT_MAX], *semicolon;

	text_escape(shown, sizeof(shown), *text ? text : "?", *text ? strlen(text) : 1);
	for (semicolon = shown; (semicolon = strchr(semicolon, ';'));)
		*semicolon = ':';
	if (strlen(shown) + strlen(suffix) + 16 < sizeof(f->line) - f->n)
		f->n += (size_t)snprintf(f->line + f->n, sizeof(f->line) - f->n, "%s%s%s",
					 f->n ? ";" : "", shown, suffix);
}

static void end_stack(struct folded *f, uint64_t ns)
{
	uint32_t at = intern_add(&f->stacks, f->line);

	f->stacks.list[at].weight += ns;
	f->n = 0;
}

static void begin_stack(struct folded *f, const char *comm)
{
	add_frame(f, f->run->scenario->name, f->suffix);
	add_frame(f, comm, "");
}

/* ---- on a CPU: samples ----------------------------------------------------------------------- */

static void add_sample(void *ctx, const struct oncpu_stack *stack)
{
	struct folded *f = ctx;
	char text[FRAME_TEXT_MAX];
	unsigned int i;

	begin_stack(f, stack->comm);
	for (i = stack->n; i-- > 0;) {
		const struct frame *frame = &stack->frames[i];

		if (*frame->function)
			add_frame(f, frame->function, frame->kernel ? "_[k]" : "");
		else
			add_frame(f, oncpu_frame_text(text, frame), "");
	}
	end_stack(f, stack->ns);
}

/* ---- off the CPU: waits ---------------------------------------------------------------------- */

static void add_wait(struct folded *f, const struct lane *lane, const struct lane_slice *slice)
{
	const struct sched *s = &f->run->sched;
	const struct sched_stack *stack;
	char text[WAIT_TEXT_MAX];
	uint32_t i;

	begin_stack(f, sched_task_name(s, lane->task, slice->start));
	lane_text(text, f->session, lane, slice);
	add_frame(f, text, "");
	stack = sched_stack_since(s, lane->task, s->spans[slice->span].start);
	for (i = stack ? stack->n : 0; i-- > 0;) {
		const char *function = session_symbol(f->session, stack->frames[i]);

		if (*function)
			add_frame(f, function, "_[k]");
	}
	end_stack(f, slice->end - slice->start);
}

static void add_waits(struct folded *f)
{
	struct timeline t;
	size_t i;

	timeline_make(&t, f->run);
	for (i = 0; i < t.n_threads; i++) {
		struct lane_slice slice;
		struct lane lane;

		if (t.threads[i]->client)
			continue;
		lane_begin(&lane, f->run, t.threads[i], t.start, t.end);
		while (lane_next(&lane, &slice))
			if (slice.state == PATH_BLOCKED || slice.state == PATH_HALTED)
				add_wait(f, &lane, &slice);
	}
	timeline_release(&t);
}

/* ---- the critical path ----------------------------------------------------------------------- */

static void add_path_stack(struct folded *f, const char *phase, const struct path_slice *slice,
			   enum path_state state, const char *text, uint64_t ns)
{
	char detail[WAIT_TEXT_MAX];

	add_frame(f, f->run->scenario->name, f->suffix);
	add_frame(f, phase, "");
	add_frame(f, slice->comm, "");
	add_frame(f, path_state_name(state), "");
	ledger_plain(detail, sizeof(detail), text);
	if (*detail)
		add_frame(f, detail, "");
	end_stack(f, ns);
}

static void add_path_part(struct folded *f, const char *phase, const struct path_slice *slice,
			  uint64_t ns)
{
	uint64_t stolen = critpath_stolen_of(slice, ns);

	if (stolen)
		add_path_stack(f, phase, slice, PATH_RUNNABLE, LEDGER_STOLEN, stolen);
	if (ns > stolen)
		add_path_stack(f, phase, slice, slice->state, slice->detail, ns - stolen);
}

/* Slices and phases both tile the cold start: cut the former where the latter change. */
static void add_path(struct folded *f)
{
	const struct critpath *path = &f->run->path;
	const struct phases *phases = &f->run->phases;
	uint64_t launch = f->run->milestones.launch, at;
	size_t i, k = 0;

	for (i = 0; i < path->n; i++) {
		for (at = path->slices[i].start; at < path->slices[i].end;) {
			uint64_t end = path->slices[i].end;

			while (k + 1 < phases->n && launch + phases->list[k].end <= at)
				k++;
			if (k + 1 < phases->n && launch + phases->list[k].end < end)
				end = launch + phases->list[k].end;
			add_path_part(f, phases->n ? phases->list[k].name : "", &path->slices[i],
				      end - at);
			at = end;
		}
	}
}

/* ---------------------------------------------------------------------------------------------- */

static void add_run(struct folded *f, enum stacks stacks)
{
	if (stacks == STACKS_ON_CPU)
		oncpu_stacks(f->session, f->run, add_sample, f);
	else if (stacks == STACKS_OFF_CPU)
		add_waits(f);
	else
		add_path(f);
}

static int write_folded(FILE *out, const struct export_job *job, struct error *err)
{
	static const char *const missing[] = {
		[STACKS_ON_CPU] = "has no samples: it was made with --no-samples or --no-ledger",
		[STACKS_OFF_CPU] = "has no waits: it was made with --no-ledger",
		[STACKS_PATH] = "has no critical path: it was made with --no-ledger",
	};
	const struct export_source *source = &job->sources[0];
	struct folded *f = xcalloc(1, sizeof(*f));
	size_t i, k, n;

	f->session = source->session;
	for (i = 0; i < source->n_picks; i++) {
		const struct export_pick *pick = &source->picks[i];
		CLEANUP_FREE char *suffix = label_suffix(source, pick->scenario, label_lost(pick));

		/* In a frame a semicolon would end it. */
		for (k = 0; suffix[k]; k++)
			if (suffix[k] == ';')
				suffix[k] = ',';
		f->suffix = suffix;
		for (k = 0; k < pick->n_runs; k++) {
			f->run = pick->runs[k];
			add_run(f, (enum stacks)job->variant);
		}
	}
	intern_sort(&f->stacks);
	for (i = 0; i < f->stacks.n; i++)
		fprintf(out, "%s %" PRIu64 "\n", f->stacks.list[i].text, f->stacks.list[i].weight);
	n = f->stacks.n;
	intern_release(&f->stacks);
	free(f);
	if (n)
		return 0;
	return error_class(err, ERROR_USAGE, -ENODATA, "%s %s", source->name,
			   missing[job->variant]);
}

static const char *const variants[] = {
	[STACKS_ON_CPU] = "on-cpu", [STACKS_OFF_CPU] = "off-cpu", [STACKS_PATH] = "path", NULL,
};

const struct export_ops export_folded = {
	.name = "folded",
	.title = "folded stacks, ns: flamegraph.pl, inferno, speedscope",
	.suffix = ".folded",
	.runs = EXPORT_MEDIAN,
	.needs_run = true,
	.variant = "stacks",
	.variants = variants,
	.write = write_folded,
};
