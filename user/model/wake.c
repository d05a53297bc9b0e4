// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/wake.h"

#include <inttypes.h>
#include <stdio.h>

#include "user/model/role.h"
#include "user/model/syscall_names.h"

/* An interrupt's wake-up is not the doing of the task that it came upon, unless that one sends. */
static bool by_a_task(const struct sched_waking *waking)
{
	if (!waking->ours || !waking->waker)
		return false;
	return waking->context == WIRE_CONTEXT_TASK ||
	       (wait_is_network(waking) && (waking->ours == 2 || syscall_sends(waking->syscall)));
}

bool wake_of(const struct run *run, const struct sched_waking *waking, struct wake *out)
{
	if (!waking)
		return false;
	*out = (struct wake){ .time = waking->time, .waking = waking };
	if (by_a_task(waking) && sched_task(&run->sched, waking->waker))
		out->by = waking->waker;
	return true;
}

bool wake_before(const struct run *run, const struct sched_task *task, uint64_t time,
		 struct wake *out)
{
	const struct sched *s = &run->sched;
	uint32_t i = sched_span_before(s, task, time + 1);

	if (i == SCHED_NONE)
		return false;
	for (;; i--) {
		const struct span *span = &s->spans[i];

		if (span->flags & SPAN_WOKEN)
			return wake_of(run, &s->wakings[span->ref], out);
		if (span->flags & SPAN_BORN) {
			*out = (struct wake){ .time = span->start, .made = true,
					      .by = s->lives[span->ref].tid };
			return true;
		}
		if (i == task->spans.at)
			return false;
	}
}

void wake_text(char text[WAIT_TEXT_MAX], const struct run *run, const struct wake *wake)
{
	const struct sched_task *by = wake->by ? sched_task(&run->sched, wake->by) : NULL;
	char role[ROLE_NAME_MAX], who[64] = "", what[WAIT_TEXT_MAX] = "";
	const char *name = by ? role_of_task(role, run, by, wake->time) : "", *call = NULL;

	if (by && by->client)
		snprintf(who, sizeof(who), "the client");
	else if (*name)
		snprintf(who, sizeof(who), "%.32s (%" PRIu32 ")", name, wake->by);
	else if (wake->by)
		snprintf(who, sizeof(who), "%" PRIu32, wake->by);
	if (wake->waking) {
		wait_waker_text(what, &run->sched, wake->waking);
		call = wake->by && !*what ? syscall_name(wake->waking->syscall) : NULL;
	}
	snprintf(text, WAIT_TEXT_MAX, "%s%s%s%s%s", what, *what && *who ? ", from " : "", who,
		 call ? ", in " : "", call ? call : "");
}
