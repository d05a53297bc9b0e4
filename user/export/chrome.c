// SPDX-License-Identifier: GPL-2.0-only
/*
 * chrome.c - trace-event JSON: chrome://tracing and most other trace viewers read it. Times are in
 * microseconds; one event a line.
 */
#include <string.h>

#include "user/base/json.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/trace.h"

/* The viewer's own names for colours; others are made from the slice's name. */
static const struct {
	const char *category, *colour;
} colours[] = {
	{ "user", "thread_state_running" },      { "kernel", "rail_animation" },
	{ "runnable", "thread_state_runnable" }, { "blocked", "thread_state_sleeping" },
	{ "guest", "rail_load" },                { "vmm", "rail_response" },
	{ "halted", "thread_state_sleeping" },   { "unexplained", "thread_state_unknown" },
};

static void begin_event(struct json *j, const char *phase, struct trace_track track)
{
	json_object(j, NULL);
	json_string(j, "ph", phase);
	json_u64(j, "pid", track.pid);
	json_u64(j, "tid", track.tid);
}

static void end_event(struct json *j)
{
	json_end(j);
	json_newline(j);
}

static void metadata(struct json *j, struct trace_track track, const char *kind, const char *name)
{
	begin_event(j, "M", track);
	json_string(j, "name", kind);
	json_object(j, "args");
	json_string(j, "name", name);
	json_end(j);
	end_event(j);
}

static void sort_index(struct json *j, struct trace_track track, const char *kind, unsigned int rank)
{
	begin_event(j, "M", track);
	json_string(j, "name", kind);
	json_object(j, "args");
	json_u64(j, "sort_index", rank);
	json_end(j);
	end_event(j);
}

static void put_process(void *ctx, uint32_t pid, const char *name, unsigned int rank)
{
	struct trace_track track = { pid, pid };

	metadata(ctx, track, "process_name", name);
	sort_index(ctx, track, "process_sort_index", rank);
}

static void put_thread(void *ctx, struct trace_track track, const char *name, unsigned int rank)
{
	metadata(ctx, track, "thread_name", name);
	sort_index(ctx, track, "thread_sort_index", rank);
}

static void put_slice(void *ctx, const struct trace_slice *slice)
{
	struct json *j = ctx;
	size_t i;

	begin_event(j, "X", slice->track);
	json_thousandths(j, "ts", slice->start);
	json_thousandths(j, "dur", slice->end - slice->start);
	json_string(j, "cat", slice->category);
	json_string(j, "name", slice->name);
	for (i = 0; i < ARRAY_SIZE(colours); i++)
		if (!strcmp(colours[i].category, slice->category))
			json_string(j, "cname", colours[i].colour);
	if (slice->detail) {
		json_object(j, "args");
		json_string(j, "detail", slice->detail);
		json_end(j);
	}
	end_event(j);
	if (!slice->flow)
		return;
	begin_event(j, "f", slice->track);
	json_thousandths(j, "ts", slice->start);
	json_string(j, "cat", "wake-up");
	json_string(j, "name", "wake-up");
	json_u64(j, "id", slice->flow);
	json_string(j, "bp", "e");
	end_event(j);
}

static void put_instant(void *ctx, struct trace_track track, uint64_t time, const char *name)
{
	struct json *j = ctx;

	begin_event(j, "i", track);
	json_thousandths(j, "ts", time);
	json_string(j, "s", "p");
	json_string(j, "cat", "milestone");
	json_string(j, "name", name);
	end_event(j);
}

static void put_wake(void *ctx, struct trace_track from, uint64_t time, uint64_t flow)
{
	struct json *j = ctx;

	begin_event(j, "s", from);
	json_thousandths(j, "ts", time);
	json_string(j, "cat", "wake-up");
	json_string(j, "name", "wake-up");
	json_u64(j, "id", flow);
	end_event(j);
}

/* A counter says what it is with its first values. */
static void put_counter(void *ctx, const struct trace_counter *counter)
{
	(void)ctx;
	(void)counter;
}

static void put_values(void *ctx, const struct trace_counter *counter, uint64_t time,
		       const uint64_t *values)
{
	struct json *j = ctx;
	size_t i;

	begin_event(j, "C", (struct trace_track){ counter->pid, counter->pid });
	json_thousandths(j, "ts", time);
	json_string(j, "name", counter->name);
	json_object(j, "args");
	for (i = 0; i < counter->n; i++)
		json_u64(j, counter->keys[i], values[i]);
	json_end(j);
	end_event(j);
}

static const struct trace_sink chrome_sink = {
	.process = put_process, .thread = put_thread,   .slice = put_slice,
	.instant = put_instant, .wake = put_wake, .counter = put_counter,
	.values = put_values,
};

static int write_chrome(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct json j;
	int ret;

	json_init(&j, out);
	j.compact = true;
	json_object(&j, NULL);
	json_string(&j, "displayTimeUnit", "ms");
	json_object(&j, "otherData");
	json_string(&j, "producer", "coldprof " COLDPROF_VERSION);
	if (source->incomplete)
		json_string(&j, "incomplete", source->incomplete);
	json_end(&j);
	json_array(&j, "traceEvents");
	ret = trace_walk(job, &chrome_sink, &j, err);
	json_end(&j);
	json_end(&j);
	json_finish(&j);
	return ret;
}

const struct export_ops export_chrome = {
	.name = "chrome",
	.title = "trace-event JSON: chrome://tracing, ui.perfetto.dev and others",
	.suffix = ".json",
	.runs = EXPORT_MEDIAN,
	.needs_run = true,
	.write = write_chrome,
};
