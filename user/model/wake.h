/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wake.h - who brought a task back to life, and when: the arrows of a timeline.
 *
 * A task begins to run because somebody woke it, or made it. Times are absolute ns.
 */
#ifndef COLDPROF_WAKE_H
#define COLDPROF_WAKE_H

#include "user/model/session.h"
#include "user/model/wait.h"

struct wake {
	uint64_t time;
	uint32_t by; /* tid of the task of the run (or the client) that did it; 0: none of them */
	bool made;   /* it is the task's birth */
	const struct sched_waking *waking; /* NULL: its birth */
};

/* The last wake-up of a task, or its birth, at or before a time. False: none was seen. */
bool wake_before(const struct run *run, const struct sched_task *task, uint64_t time,
		 struct wake *out);

/* A wake-up as lane_waking() gives it; false when waking is NULL. */
bool wake_of(const struct run *run, const struct sched_waking *waking, struct wake *out);

/* "runc (20953), in futex", "timer", "network, from the client". Hostile text. */
void wake_text(char text[WAIT_TEXT_MAX], const struct run *run, const struct wake *wake);

#endif
