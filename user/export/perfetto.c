// SPDX-License-Identifier: GPL-2.0-only
/*
 * perfetto.c - a Perfetto trace: TrackEvent packets, as ui.perfetto.dev opens them. The fields
 * that are used are in tests/export/perfetto.proto, by which the tests decode the result.
 */
#include <string.h>

#include "user/export/protobuf.h"
#include "user/export/trace.h"

enum { TRACE_PACKET = 1 };
enum {
	PACKET_TIMESTAMP = 8, PACKET_SEQUENCE_ID = 10, PACKET_TRACK_EVENT = 11,
	PACKET_SEQUENCE_FLAGS = 13, PACKET_TRACK_DESCRIPTOR = 60,
};
enum {
	TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5,
	TRACK_COUNTER = 8, TRACK_CHILD_ORDERING = 11, TRACK_RANK = 12, TRACK_PROCESS_ORDERING = 19,
	TRACK_THREAD_ORDERING = 20,
};
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };
enum { COUNTER_UNIT = 3, COUNTER_UNIT_NAME = 6 };
enum {
	EVENT_ANNOTATION = 4, EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_CATEGORY = 22,
	EVENT_NAME = 23, EVENT_COUNTER_VALUE = 30, EVENT_FLOW = 47, EVENT_FLOW_ENDS = 48,
};
enum { ANNOTATION_STRING = 6, ANNOTATION_NAME = 10 };
enum { TYPE_BEGIN = 1, TYPE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };
enum { UNIT_SIZE_BYTES = 3, ORDER_EXPLICIT = 3, ORDER_BY_RANK = 1, SEQUENCE_CLEARED = 1, SEQUENCE = 1 };

#define FIRST_COUNTER_RANK 100 /* below the other tracks of a run */

struct perfetto {
	FILE *out;
	struct protobuf packet;
	bool begun; /* a first packet was written */
};

/* Identities of tracks. Numbers of tasks are unique in a trace; 0 would be the whole trace's. */
static uint64_t track_uuid(struct trace_track track)
{
	return (uint64_t)track.tid << 2 | 1;
}

static uint64_t process_uuid(uint32_t pid)
{
	return (uint64_t)pid << 2 | 2;
}

static uint64_t counter_uuid(uint32_t pid, size_t index)
{
	return (uint64_t)index << 40 | (uint64_t)pid << 2 | 3;
}

static void finish(struct perfetto *p)
{
	protobuf_u64(&p->packet, PACKET_SEQUENCE_ID, SEQUENCE);
	if (!p->begun)
		protobuf_u64(&p->packet, PACKET_SEQUENCE_FLAGS, SEQUENCE_CLEARED);
	p->begun = true;
	protobuf_write(&p->packet, TRACE_PACKET, p->out);
}

/* ---- tracks ---------------------------------------------------------------------------------- */

static size_t begin_track(struct perfetto *p, uint64_t uuid, uint64_t parent, unsigned int rank)
{
	size_t at = protobuf_begin(&p->packet, PACKET_TRACK_DESCRIPTOR);

	protobuf_u64(&p->packet, TRACK_UUID, uuid);
	if (parent)
		protobuf_u64(&p->packet, TRACK_PARENT, parent);
	protobuf_u64(&p->packet, TRACK_RANK, rank);
	return at;
}

/* The track of the whole trace, which holds nothing: processes are shown by their ranks. */
static void put_root(struct perfetto *p)
{
	size_t track = protobuf_begin(&p->packet, PACKET_TRACK_DESCRIPTOR);

	protobuf_u64(&p->packet, TRACK_UUID, 0);
	protobuf_u64(&p->packet, TRACK_PROCESS_ORDERING, ORDER_BY_RANK);
	protobuf_end(&p->packet, track);
	finish(p);
}

static void put_process(void *ctx, uint32_t pid, const char *name, unsigned int rank)
{
	struct perfetto *p = ctx;
	size_t track = begin_track(p, process_uuid(pid), 0, rank), inner;

	protobuf_u64(&p->packet, TRACK_CHILD_ORDERING, ORDER_EXPLICIT);
	protobuf_u64(&p->packet, TRACK_THREAD_ORDERING, ORDER_BY_RANK);
	inner = protobuf_begin(&p->packet, TRACK_PROCESS);
	protobuf_u64(&p->packet, PROCESS_PID, pid);
	protobuf_string(&p->packet, PROCESS_NAME, name);
	protobuf_end(&p->packet, inner);
	protobuf_end(&p->packet, track);
	finish(p);
}

static void put_thread(void *ctx, struct trace_track id, const char *name, unsigned int rank)
{
	struct perfetto *p = ctx;
	size_t track = begin_track(p, track_uuid(id), process_uuid(id.pid), rank), inner;

	/* What is no thread is a track of its process with a name, not one with a made-up number. */
	if (!trace_is_task(id.tid)) {
		protobuf_string(&p->packet, TRACK_NAME, name);
		protobuf_end(&p->packet, track);
		finish(p);
		return;
	}
	inner = protobuf_begin(&p->packet, TRACK_THREAD);
	protobuf_u64(&p->packet, THREAD_PID, id.pid);
	protobuf_u64(&p->packet, THREAD_TID, id.tid);
	protobuf_string(&p->packet, THREAD_NAME, name);
	protobuf_end(&p->packet, inner);
	protobuf_end(&p->packet, track);
	finish(p);
}

/* A track for each value: Perfetto's counters have one. */
static void put_counter(void *ctx, const struct trace_counter *counter)
{
	struct perfetto *p = ctx;
	char name[128];
	unsigned int i;

	for (i = 0; i < counter->n; i++) {
		size_t track = begin_track(p, counter_uuid(counter->pid, counter->first + i),
					   process_uuid(counter->pid),
					   FIRST_COUNTER_RANK + counter->first + i);
		size_t inner = protobuf_begin(&p->packet, TRACK_COUNTER);

		if (counter->percent)
			protobuf_string(&p->packet, COUNTER_UNIT_NAME, "%");
		else
			protobuf_u64(&p->packet, COUNTER_UNIT, UNIT_SIZE_BYTES);
		protobuf_end(&p->packet, inner);
		snprintf(name, sizeof(name), "%s %s", counter->name, counter->keys[i]);
		protobuf_string(&p->packet, TRACK_NAME, name);
		protobuf_end(&p->packet, track);
		finish(p);
	}
}

/* ---- events ---------------------------------------------------------------------------------- */

static size_t begin_event(struct perfetto *p, uint64_t track, uint64_t time, unsigned int type)
{
	size_t at;

	protobuf_u64(&p->packet, PACKET_TIMESTAMP, time);
	at = protobuf_begin(&p->packet, PACKET_TRACK_EVENT);
	protobuf_u64(&p->packet, EVENT_TYPE, type);
	protobuf_u64(&p->packet, EVENT_TRACK, track);
	return at;
}

static void end_event(struct perfetto *p, size_t event)
{
	protobuf_end(&p->packet, event);
	finish(p);
}

static void put_slice(void *ctx, const struct trace_slice *slice)
{
	struct perfetto *p = ctx;
	uint64_t track = track_uuid(slice->track);
	size_t event = begin_event(p, track, slice->start, TYPE_BEGIN), inner;

	protobuf_string(&p->packet, EVENT_CATEGORY, slice->category);
	protobuf_string(&p->packet, EVENT_NAME, slice->name);
	if (slice->detail) {
		inner = protobuf_begin(&p->packet, EVENT_ANNOTATION);
		protobuf_string(&p->packet, ANNOTATION_NAME, "detail");
		protobuf_string(&p->packet, ANNOTATION_STRING, slice->detail);
		protobuf_end(&p->packet, inner);
	}
	if (slice->flow)
		protobuf_fixed64(&p->packet, EVENT_FLOW_ENDS, slice->flow);
	end_event(p, event);
	end_event(p, begin_event(p, track, slice->end, TYPE_END));
}

static void put_named_instant(struct perfetto *p, struct trace_track track, uint64_t time,
			      const char *category, const char *name, uint64_t flow)
{
	size_t event = begin_event(p, track_uuid(track), time, TYPE_INSTANT);

	protobuf_string(&p->packet, EVENT_CATEGORY, category);
	protobuf_string(&p->packet, EVENT_NAME, name);
	if (flow)
		protobuf_fixed64(&p->packet, EVENT_FLOW, flow);
	end_event(p, event);
}

static void put_instant(void *ctx, struct trace_track track, uint64_t time, const char *name)
{
	put_named_instant(ctx, track, time, "milestone", name, 0);
}

/* A flow begins at an event of its own: at the slice's beginning would be too early. */
static void put_wake(void *ctx, struct trace_track from, uint64_t time, uint64_t flow)
{
	put_named_instant(ctx, from, time, "wake-up", "wake-up", flow);
}

static void put_values(void *ctx, const struct trace_counter *counter, uint64_t time,
		       const uint64_t *values)
{
	struct perfetto *p = ctx;
	unsigned int i;

	for (i = 0; i < counter->n; i++) {
		size_t event = begin_event(p, counter_uuid(counter->pid, counter->first + i), time,
					   TYPE_COUNTER);

		protobuf_u64(&p->packet, EVENT_COUNTER_VALUE, values[i]);
		end_event(p, event);
	}
}

static const struct trace_sink perfetto_sink = {
	.process = put_process, .thread = put_thread, .slice = put_slice,
	.instant = put_instant, .wake = put_wake, .counter = put_counter,
	.values = put_values,
};

static int write_perfetto(FILE *out, const struct export_job *job, struct error *err)
{
	struct perfetto p = { .out = out };
	int ret;

	put_root(&p);
	ret = trace_walk(job, &perfetto_sink, &p, err);
	protobuf_release(&p.packet);
	return ret;
}

const struct export_ops export_perfetto = {
	.name = "perfetto",
	.title = "Perfetto trace (protobuf): ui.perfetto.dev",
	.suffix = ".perfetto-trace",
	.runs = EXPORT_MEDIAN,
	.binary = true,
	.needs_run = true,
	.write = write_perfetto,
};
