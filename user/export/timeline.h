/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * timeline.h - the rows of a run's timeline: its processes in the order of their tree, each with
 * those of its threads that did something between launch and the end of the timeline (lane.h).
 * What is not of the tree (the probing client) comes last.
 */
#ifndef COLDPROF_TIMELINE_H
#define COLDPROF_TIMELINE_H

#include "user/model/lane.h"

struct timeline_process {
	uint32_t pid;
	const struct process *process; /* NULL: not of the tree */
	const char *name;              /* "runc", "the client"; hostile text */
	bool client;
	size_t first, n; /* its threads; n = 0: only its life is known */
};

struct timeline {
	uint64_t start, end; /* absolute ns: launch, and where the axis ends */
	struct timeline_process *processes;
	size_t n_processes, cap_processes;
	const struct sched_task **threads; /* of each process its leader first */
	size_t n_threads, cap_threads;
};

/* Of a run that was launched; timeline_release() frees. Without a launch there is no row. */
void timeline_make(struct timeline *t, const struct run *run);
void timeline_release(struct timeline *t);

#endif
