// SPDX-License-Identifier: GPL-2.0-only
/*
 * otlp.c - OpenTelemetry traces in OTLP/JSON, as a collector takes them at /v1/traces or reads them
 * from a file: a run is a trace, its root span the cold start; phases and processes are its spans,
 * milestones its events. Times are those of the wall clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/json.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/labels.h"
#include "user/export/timeline.h"

enum { KIND_INTERNAL = 1 };
enum { STATUS_OK = 1, STATUS_ERROR = 2 };

struct otlp {
	struct json j;
	const struct export_source *source;
	const struct session *session;
	const struct run *run;
	uint64_t launch, end; /* absolute ns */
	char *end_name;       /* where cold starts end */
};

/* ---- identities: the same recording gives the same ones --------------------------------------- */

/* Finaliser of SplitMix64: neighbours become far apart. */
static uint64_t mix(uint64_t v)
{
	v += 0x9e3779b97f4a7c15u;
	v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
	v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
	return (v ^ (v >> 31)) | 1; /* 0 is no identity */
}

static void put_trace_id(struct otlp *o)
{
	uint64_t session = mix(o->session->head.realtime) ^ o->session->started;
	char text[33];

	snprintf(text, sizeof(text), "%016" PRIx64 "%016" PRIx64, mix(session),
		 mix(session + o->run->number));
	json_string(&o->j, "traceId", text);
}

/* Span 0 is the run. */
static void put_span_id(struct otlp *o, const char *key, uint64_t span)
{
	char text[17];

	snprintf(text, sizeof(text), "%016" PRIx64,
		 mix(mix(o->session->started + o->run->number) + span));
	json_string(&o->j, key, text);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

/* 64-bit numbers are strings in protobuf's JSON. */
static void put_time(struct otlp *o, const char *key, uint64_t time)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64,
		 (uint64_t)o->session->head.realtime + (time - o->session->started));
	json_string(&o->j, key, text);
}

static void put_harmless(struct json *j, const char *key, const char *text)
{
	size_t size = 12 * strlen(text) + 1; /* no byte becomes longer than \u{10ffff} */
	CLEANUP_FREE char *shown = text_escape(xmalloc(size), size, text, strlen(text));

	json_string(j, key, shown);
}

/* What is harmless already. */
static void put_plain(struct json *j, const char *key, const char *value)
{
	json_object(j, NULL);
	json_string(j, "key", key);
	json_object(j, "value");
	json_string(j, "stringValue", value);
	json_end(j);
	json_end(j);
}

static void put_attribute(struct json *j, const char *key, const char *value)
{
	size_t size = 12 * strlen(value) + 1; /* no byte becomes longer than \u{10ffff} */
	CLEANUP_FREE char *shown = text_escape(xmalloc(size), size, value, strlen(value));

	put_plain(j, key, shown);
}

static void put_number(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	json_object(j, NULL);
	json_string(j, "key", key);
	json_object(j, "value");
	json_string(j, "intValue", text);
	json_end(j);
	json_end(j);
}

static uint64_t clamp(const struct otlp *o, uint64_t time)
{
	return time < o->launch ? o->launch : time > o->end ? o->end : time;
}

/* Attributes follow, then end_span(). */
static void begin_span(struct otlp *o, uint64_t id, const char *name, uint64_t start, uint64_t end)
{
	json_object(&o->j, NULL);
	put_trace_id(o);
	put_span_id(o, "spanId", id);
	if (id)
		put_span_id(o, "parentSpanId", 0);
	put_harmless(&o->j, "name", name);
	json_u64(&o->j, "kind", KIND_INTERNAL);
	put_time(o, "startTimeUnixNano", clamp(o, start));
	put_time(o, "endTimeUnixNano", clamp(o, end));
	json_array(&o->j, "attributes");
}

static void end_span(struct otlp *o)
{
	json_end(&o->j);
	json_newline(&o->j);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static void put_events(struct otlp *o)
{
	const struct milestones *m = &o->run->milestones;
	int i;

	json_array(&o->j, "events");
	for (i = 0; i < MILESTONE_COUNT; i++) {
		if (!m->seen[i])
			continue;
		json_object(&o->j, NULL);
		put_time(o, "timeUnixNano", clamp(o, o->launch + m->at[i]));
		json_string(&o->j, "name", milestone_title((enum milestone)i));
		json_end(&o->j);
	}
	json_end(&o->j);
}

static void put_run(struct otlp *o)
{
	const struct run *r = o->run;
	bool ok = r->ended && r->status == RUN_OK;

	begin_span(o, 0, "cold start", o->launch, o->end);
	put_attribute(&o->j, "coldprof.runtime", r->scenario->name);
	put_attribute(&o->j, "coldprof.isolation", r->scenario->boundary);
	if (*r->scenario->runtime_version)
		put_attribute(&o->j, "coldprof.runtime.version", r->scenario->runtime_version);
	if (*r->scenario->accel)
		put_attribute(&o->j, "coldprof.accel", r->scenario->accel);
	put_number(&o->j, "coldprof.run", label_run(r));
	put_plain(&o->j, "coldprof.cold_start.end", o->end_name);
	put_number(&o->j, "coldprof.lost_events", r->lost);
	if (r->memory[MEMORY_FIRST_BYTE].taken)
		put_number(&o->j, "coldprof.first_byte.pss_bytes",
			   r->memory[MEMORY_FIRST_BYTE].pss);
	if (r->memory[MEMORY_SETTLED].taken)
		put_number(&o->j, "coldprof.settled.pss_bytes", r->memory[MEMORY_SETTLED].pss);
	json_end(&o->j);
	put_events(o);
	json_object(&o->j, "status");
	json_u64(&o->j, "code", ok ? STATUS_OK : STATUS_ERROR);
	if (*r->reason && !ok)
		put_harmless(&o->j, "message", r->reason);
	json_end(&o->j);
	end_span(o);
}

static void put_phases(struct otlp *o)
{
	size_t i;

	for (i = 0; i < o->run->phases.n; i++) {
		const struct phase *p = &o->run->phases.list[i];

		begin_span(o, 1 + i, p->name, o->launch + p->start, o->launch + p->end);
		put_attribute(&o->j, "coldprof.kind", "phase");
		json_end(&o->j);
		end_span(o);
	}
}

static void put_processes(struct otlp *o, const struct timeline *t)
{
	char argv[1024];
	size_t i;

	for (i = 0; i < t->n_processes; i++) {
		const struct process *p = t->processes[i].process;
		const struct exec *last = p && p->n_execs ? &p->execs[p->n_execs - 1] : NULL;

		if (!p)
			continue;
		begin_span(o, (1u << 20) + i, p->comm, p->start, p->end ? p->end : o->end);
		put_attribute(&o->j, "coldprof.kind", "process");
		put_number(&o->j, "process.pid", p->pid);
		if (p->parent)
			put_number(&o->j, "process.parent_pid", p->parent->pid);
		if (last) {
			put_attribute(&o->j, "process.executable.name", last->exe);
			put_plain(&o->j, "process.command_line",
				  text_argv(argv, sizeof(argv), last->argv, last->argv_len));
		}
		json_end(&o->j);
		end_span(o);
	}
}

static void put_resource(struct otlp *o, const struct scenario_result *s)
{
	const char *kernel = session_env(o->session, "kernel");
	CLEANUP_FREE char *notes = label_notes(o->source, s, 0);

	json_object(&o->j, "resource");
	json_array(&o->j, "attributes");
	put_attribute(&o->j, "service.name", "coldprof");
	put_attribute(&o->j, "service.version", o->session->version);
	put_attribute(&o->j, "coldprof.scenario", s->name);
	if (*s->accel)
		put_attribute(&o->j, "coldprof.accel", s->accel);
	put_plain(&o->j, "coldprof.recording.complete", o->source->incomplete ? "no" : "yes");
	if (notes)
		put_plain(&o->j, "coldprof.notes", notes);
	put_attribute(&o->j, "os.type", "linux");
	if (kernel)
		put_attribute(&o->j, "os.version", kernel);
	json_end(&o->j);
	json_end(&o->j);
}

static void put_scenario(struct otlp *o, const struct export_pick *pick)
{
	struct timeline t;
	size_t i;

	json_object(&o->j, NULL);
	put_resource(o, pick->scenario);
	json_array(&o->j, "scopeSpans");
	json_object(&o->j, NULL);
	json_object(&o->j, "scope");
	json_string(&o->j, "name", "coldprof");
	json_string(&o->j, "version", COLDPROF_VERSION);
	json_end(&o->j);
	json_array(&o->j, "spans");
	for (i = 0; i < pick->n_runs; i++) {
		o->run = pick->runs[i];
		timeline_make(&t, o->run);
		o->launch = t.start;
		o->end = t.end;
		if (t.start) {
			put_run(o);
			put_phases(o);
			put_processes(o, &t);
		}
		timeline_release(&t);
	}
	json_end(&o->j);
	json_end(&o->j);
	json_end(&o->j);
	json_end(&o->j);
}

static int write_otlp(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct otlp o = { .source = source, .session = source->session,
			  .end_name = label_end(source->session) };
	size_t i;

	(void)err;
	json_init(&o.j, out);
	o.j.compact = true;
	json_object(&o.j, NULL);
	json_array(&o.j, "resourceSpans");
	for (i = 0; i < source->n_picks; i++)
		if (source->picks[i].n_runs)
			put_scenario(&o, &source->picks[i]);
	json_end(&o.j);
	json_end(&o.j);
	json_finish(&o.j);
	free(o.end_name);
	return 0;
}

const struct export_ops export_otlp = {
	.name = "otlp",
	.title = "OpenTelemetry traces (OTLP/JSON): a run is a trace",
	.suffix = ".otlp.json",
	.runs = EXPORT_ALL,
	.needs_run = true,
	.write = write_otlp,
};
