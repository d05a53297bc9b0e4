/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * words.h - what the text report says in sentences, for other views: the same words everywhere.
 *
 * All text that comes back is printable (text_escape()); a view adds what its own format asks for.
 */
#ifndef COLDPROF_WORDS_H
#define COLDPROF_WORDS_H

#include "user/report/report.h"

/*
 * The answer: "43.2 ms; 27 % in "cgroups" (10.6 ms), of which 9.37 ms blocked: runc: write …".
 * The caller frees it; NULL where scheduling was not followed.
 */
char *words_answer(const struct scenario_result *s);

/* "in 3 of 5 runs; 11 executions; runc: write cgroup.procs: …"; the caller frees it. */
struct finding_summary;
char *words_evidence(const struct finding_summary *f, size_t of_runs);

/* "in less than half of the runs: sleep (1), re-exec (2)", or NULL; the caller frees it. */
struct finding_summaries;
char *words_few(const struct finding_summaries *found);

/* "TCG: not a KVM number", or NULL: page_emulation(). */
const char *words_emulation(const struct session *session, const struct scenario_result *s);

/* "5 runs each after 1 warm-up, page cache as it was, …"; the caller frees it. */
char *words_about(const struct session *session);

/* "Cold start: from … to …": what is measured, in a sentence without an end. Owned. */
char *words_cold_start(const struct session *session);

/* Everything below the tables of the text report, piece by piece. */
struct words_notes {
	void (*heading)(void *arg, const char *text);
	void (*note)(void *arg, const char *name, const char *text);
	void (*output)(void *arg, const char *line); /* of a failed runtime's last words */
	void *arg;
};
void words_notes(const struct session *session, const struct report_options *o,
		 const struct words_notes *to);

#endif
