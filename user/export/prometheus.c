// SPDX-License-Identifier: GPL-2.0-only
/*
 * prometheus.c - text exposition for node_exporter's textfile collector. Gauges with the medians of
 * the runs that count, labelled by runtime; docs/exports.md lists them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/labels.h"

struct label {
	const char *name, *value; /* value "": the label is left out, which means the same there */
};

/* printf writes the decimal point of the locale; what is a number here is one by hand. */
static void put_seconds(FILE *out, double ns)
{
	uint64_t v = ns <= 0 ? 0 : ns >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(ns + 0.5);

	fprintf(out, "%" PRIu64 ".%09u", v / 1000000000u, (unsigned int)(v % 1000000000u));
}

static void put_count(FILE *out, double v)
{
	fprintf(out, "%" PRIu64,
		v <= 0 ? 0 : v >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(v + 0.5));
}

/* A name of the recording, harmless first, then as the format wants it. */
static void put_label(FILE *out, const struct label *label)
{
	size_t size = 12 * strlen(label->value) + 1; /* no byte becomes longer than \u{10ffff} */
	CLEANUP_FREE char *shown = text_escape(xmalloc(size), size, label->value,
					       strlen(label->value));
	const char *at;

	fprintf(out, "%s=\"", label->name);
	for (at = shown; *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', out);
		fputc(*at, out);
	}
	fputc('"', out);
}

static void begin_sample(FILE *out, const char *metric, const struct label *labels)
{
	const struct label *label;
	const char *separator = "";

	fprintf(out, "%s{", metric);
	for (label = labels; label->name; label++) {
		if (!*label->value)
			continue;
		fputs(separator, out);
		put_label(out, label);
		separator = ",";
	}
	fputs("} ", out);
}

static void head(FILE *out, const char *metric, const char *help)
{
	fprintf(out, "# HELP %s ", metric);
	for (; *help; help++) {
		if (*help == '\\')
			fputc('\\', out);
		fputc(*help, out);
	}
	fprintf(out, "\n# TYPE %s gauge\n", metric);
}

/* The scenario of a pick; NULL where one of its name came before: a sample may not come twice. */
static const struct scenario_result *scenario_of(const struct export_source *source, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(source->picks[k].scenario->name, source->picks[i].scenario->name))
			return NULL;
	return source->picks[i].scenario;
}

/* By what a VM was run: a number of an emulated one is not to be taken for one of KVM's. */
static const char *accel_of(const struct scenario_result *s)
{
	return s && s->flags & SCENARIO_VM ? s->accel : "";
}

/* ---- the metrics ----------------------------------------------------------------------------- */

static void put_times(FILE *out, const struct export_source *source)
{
	CLEANUP_FREE char *end = label_end(source->session);
	CLEANUP_FREE char *cold = xasprintf("Launch to %s%s, median of the runs.", end,
					    session_ready_by(source->session) ?
						    "" : " of the answer");
	const struct {
		const char *metric, *help;
		enum quantity quantity;
		size_t offset; /* into struct stats */
	} times[] = {
		{ "coldprof_cold_start_seconds", cold, QUANTITY_COLD_START,
		  offsetof(struct stats, median) },
		{ "coldprof_cold_start_min_seconds", "The same, the quickest run.",
		  QUANTITY_COLD_START, offsetof(struct stats, min) },
		{ "coldprof_cold_start_max_seconds", "The same, the slowest run.",
		  QUANTITY_COLD_START, offsetof(struct stats, max) },
		{ "coldprof_first_accept_seconds",
		  "Launch of the runtime to the service's first accept, median of the runs.",
		  QUANTITY_FIRST_ACCEPT, offsetof(struct stats, median) },
		{ "coldprof_latency_seconds",
		  "A request on a fresh connection after the start, median of all.",
		  QUANTITY_LATENCY, offsetof(struct stats, median) },
	};
	size_t i, k;

	for (k = 0; k < ARRAY_SIZE(times); k++) {
		head(out, times[k].metric, times[k].help);
		for (i = 0; i < source->n_picks; i++) {
			const struct scenario_result *s = scenario_of(source, i);
			const struct label labels[] = { { "runtime", s ? s->name : "" },
							{ "accel", accel_of(s) },
							{ NULL, NULL } };
			struct stats stats;
			double value;

			if (!s)
				continue;
			scenario_stats(s, times[k].quantity, &stats);
			if (!stats.n)
				continue;
			memcpy(&value, (const char *)&stats + times[k].offset, sizeof(value));
			begin_sample(out, times[k].metric, labels);
			put_seconds(out, value);
			fputc('\n', out);
		}
	}
}

static void put_phases(FILE *out, const struct export_source *source)
{
	static const char metric[] = "coldprof_phase_seconds";
	size_t i, k;

	head(out, metric, "A phase of the cold start, median of the runs that have it.");
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = scenario_of(source, i);
		struct phase_summaries phases;

		if (!s)
			continue;
		phases_of_scenario(s, &phases);
		for (k = 0; k < phases.n; k++) {
			const struct label labels[] = {
				{ "runtime", s->name }, { "phase", phases.list[k].name },
				{ "accel", accel_of(s) }, { NULL, NULL },
			};

			begin_sample(out, metric, labels);
			put_seconds(out, phases.list[k].stats.median);
			fputc('\n', out);
		}
		free(phases.list);
	}
}

static void put_memory(FILE *out, const struct export_source *source)
{
	static const char metric[] = "coldprof_memory_bytes";
	static const struct {
		const char *kind, *when;
		enum quantity quantity;
	} kinds[] = {
		{ "rss", "first_byte", QUANTITY_RSS_FIRST_BYTE },
		{ "pss", "first_byte", QUANTITY_PSS_FIRST_BYTE },
		{ "rss", "settled", QUANTITY_RSS_SETTLED },
		{ "pss", "settled", QUANTITY_PSS_SETTLED },
	};
	size_t i, k;

	head(out, metric, "Memory of all processes of a run, median of the runs.");
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = scenario_of(source, i);

		for (k = 0; s && k < ARRAY_SIZE(kinds); k++) {
			const struct label labels[] = {
				{ "runtime", s->name }, { "kind", kinds[k].kind },
				{ "when", kinds[k].when }, { "accel", accel_of(s) },
				{ NULL, NULL },
			};
			struct stats stats;

			scenario_stats(s, kinds[k].quantity, &stats);
			if (!stats.n)
				continue;
			begin_sample(out, metric, labels);
			put_count(out, stats.median);
			fputc('\n', out);
		}
	}
}

static void put_runs(FILE *out, const struct export_source *source)
{
	static const char *const names[] = { "ok", "failed" };
	size_t i, k, run;

	head(out, "coldprof_runs", "Runs that were made, warm-ups left out.");
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = scenario_of(source, i);

		for (k = 0; s && k < ARRAY_SIZE(names); k++) {
			const struct label labels[] = { { "runtime", s->name },
							{ "status", names[k] }, { NULL, NULL } };
			size_t n = 0;

			for (run = 0; run < s->n_runs; run++)
				n += !s->runs[run]->warmup &&
				     run_counted(s->runs[run]) == (k == 0);
			begin_sample(out, "coldprof_runs", labels);
			fprintf(out, "%zu\n", n);
		}
	}
}

/* What the numbers are not. */
static void put_honesty(FILE *out, const struct export_source *source)
{
	static const char info[] = "coldprof_runtime_info", lost[] = "coldprof_lost_events";
	size_t i, run;

	head(out, info, "How a runtime isolates, and why its numbers are to be doubted; always 1.");
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = scenario_of(source, i);
		CLEANUP_FREE char *notes = s ? label_notes(source, s, 0) : NULL;
		const struct label labels[] = {
			{ "runtime", s ? s->name : "" }, { "isolation", s ? s->boundary : "" },
			{ "accel", accel_of(s) }, { "notes", notes ? notes : "" }, { NULL, NULL },
		};

		if (!s)
			continue;
		begin_sample(out, info, labels);
		fputs("1\n", out);
	}
	head(out, lost, "Events that were lost in the runs: where there are some there are holes.");
	for (i = 0; i < source->n_picks; i++) {
		const struct scenario_result *s = scenario_of(source, i);
		const struct label labels[] = { { "runtime", s ? s->name : "" }, { NULL, NULL } };
		uint64_t n = 0;

		for (run = 0; s && run < s->n_runs; run++)
			n += s->runs[run]->warmup ? 0 : s->runs[run]->lost;
		if (!s)
			continue;
		begin_sample(out, lost, labels);
		fprintf(out, "%" PRIu64 "\n", n);
	}
	head(out, "coldprof_recording_complete", "Whether the recording has an end: 0 or 1.");
	fprintf(out, "coldprof_recording_complete %d\n", !source->incomplete);
}

static void put_session(FILE *out, const struct session *s)
{
	const char *kernel = session_env(s, "kernel"), *kvm = session_env(s, "kvm");
	const struct label labels[] = { { "version", s->version }, { "kernel", kernel ? kernel : "" },
					{ "kvm", kvm ? kvm : "" }, { NULL, NULL } };

	head(out, "coldprof_session_info", "What measured, and on which kernel; always 1.");
	begin_sample(out, "coldprof_session_info", labels);
	fputs("1\n", out);
	head(out, "coldprof_session_start_timestamp_seconds", "When the session was started.");
	fputs("coldprof_session_start_timestamp_seconds ", out);
	put_seconds(out, (double)s->head.realtime);
	fputc('\n', out);
}

static int write_prometheus(FILE *out, const struct export_job *job, struct error *err)
{
	(void)err;
	put_times(out, &job->sources[0]);
	put_phases(out, &job->sources[0]);
	put_memory(out, &job->sources[0]);
	put_runs(out, &job->sources[0]);
	put_honesty(out, &job->sources[0]);
	put_session(out, job->sources[0].session);
	return 0;
}

const struct export_ops export_prometheus = {
	.name = "prometheus",
	.title = "text exposition for node_exporter's textfile collector",
	.suffix = ".prom",
	.runs = EXPORT_SUMMARY,
	.write = write_prometheus,
};
