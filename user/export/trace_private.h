/* SPDX-License-Identifier: GPL-2.0-only */
/* trace_private.h - what the parts of trace_walk() share. */
#ifndef COLDPROF_TRACE_PRIVATE_H
#define COLDPROF_TRACE_PRIVATE_H

#include "user/export/timeline.h"
#include "user/export/trace.h"

/*
 * Rows that are no task of the recording, by numbers behind those of the kernel (at most 2^22):
 * the row of the run and its tracks, and of each process what programs it was.
 */
#define TRACE_TASKS_MAX (1u << 22)
enum {
	TRACE_ROW_RUN = 2 * TRACE_TASKS_MAX - 8, TRACE_ROW_PHASES, TRACE_ROW_PATH,
	TRACE_ROW_CONSOLE, TRACE_ROW_INITCALLS,
};

struct trace {
	const struct trace_sink *sink;
	void *ctx;
	const struct session *session;
	const struct run *run;
	struct timeline timeline;
	uint32_t base;     /* of the numbers of this run */
	unsigned int rank; /* of the next process */
	uint64_t flows;    /* that were made */
};

const char *trace_escape(char out[2 * WAIT_TEXT_MAX], const char *text);
uint32_t trace_task(const struct trace *t, uint32_t number);
uint64_t trace_time(const struct trace *t, uint64_t time); /* ns after launch, within the axis */

/* trace_memory.c: RSS over time, of the run and of a process; else PSS at the first byte. */
void trace_walk_memory(struct trace *t);
void trace_walk_process_memory(struct trace *t, const struct timeline_process *p);

/* trace_guest.c: a VM's console, initcalls and vCPUs. */
void trace_walk_guest(struct trace *t);

#endif
