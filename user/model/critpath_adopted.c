// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_adopted.c - from a process that a daemon made for the run to who asked the daemon.
 *
 * What the daemon itself did is not recorded. But the run's own processes slept meanwhile, or nothing
 * would have been asked for: the one of them that went to sleep last is who waited for the daemon.
 */
#include <stdio.h>

#include "user/model/critpath_private.h"

/* Of the run's own process, or of one that a daemon made? */
static bool is_adopted(const struct run *r, uint32_t pid)
{
	const struct process *p = tree_process(&r->tree, pid);

	while (p && !p->adoption)
		p = p->parent;
	return p != NULL;
}

static const struct sched_task *last_asleep(const struct walk *w, uint32_t *span)
{
	const struct sched *s = w->s;
	const struct sched_task *last = NULL;
	uint64_t since = 0;
	size_t i;

	for (i = 0; i < s->n_tasks; i++) {
		const struct sched_task *task = &s->tasks[i];
		uint32_t at = sched_span_before(s, task, w->t);

		if (at == SCHED_NONE || s->spans[at].state != SPAN_BLOCKED || task->client ||
		    s->spans[at].start < since || is_adopted(w->run, task->pid))
			continue;
		last = task;
		since = s->spans[at].start;
		*span = at;
	}
	return last;
}

bool walk_handed_over(struct walk *w)
{
	const struct process *p = tree_process(&w->run->tree, w->task->pid);
	const struct sched_task *asker;
	char text[WIRE_COMM_LEN + 64];
	uint32_t span = SCHED_NONE;

	if (!p || !p->adoption ||
	    (p->adoption->how != WIRE_ADOPTED_EXEC && p->adoption->how != WIRE_ADOPTED_CGROUP))
		return false;
	asker = last_asleep(w, &span);
	if (!asker)
		return false;
	snprintf(text, sizeof(text), "%s, not of the run, works for it", p->adoption->parent_comm);
	w->task = asker;
	walk_emit(w, asker, w->s->spans[span].start, PATH_BLOCKED, text);
	return true;
}
