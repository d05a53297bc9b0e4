/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_private.h - between sched.c, sched_build.c and sched_timeline.c. */
#ifndef COLDPROF_SCHED_PRIVATE_H
#define COLDPROF_SCHED_PRIVATE_H

#include "user/model/sched.h"

#define SCHED_CPUS_MAX 65536 /* the kernel's own limit is 8192 */

/* Index into tasks, or SCHED_NONE. */
uint32_t sched_task_index(const struct sched *s, uint32_t tid);

void sched_unsettle(struct sched *s);

/* What happens to a task, by time; ref is an index into what it is of, SCHED_NONE where it is of nothing. */
enum sched_event_kind { EVENT_BORN, EVENT_TAKE, EVENT_GONE, EVENT_WAKE, EVENT_OUT, EVENT_IN, EVENT_SEEN };

struct sched_event {
	uint64_t time;
	uint32_t ref;
	uint8_t kind;
};

/*
 * A task's n events into spans at the end of s->spans. Did something not fit together? Then records, or the
 * kernel's word for a change, are missing.
 */
bool sched_make_spans(struct sched *s, const struct sched_event *events, size_t n);

#endif
