// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_sample.c - what samples say of the time in user mode: how much of it is page faults.
 *
 * A page fault that does not sleep leaves no record of its own. Among the samples that were taken
 * of a process while it ran outside of system calls, those in the kernel's fault handler have the
 * share of the time that the faults have. A slice with many samples is told by its own, the others
 * by all of the process on the path. How many there are does not depend on what they hit, so a share
 * of few is rough but errs to both sides alike; to say nothing would be to say "no faults".
 */
#include <stdlib.h>
#include <string.h>

#include "user/model/critpath_private.h"

#define SAMPLES_OF_SLICE 20 /* worth more than the whole process's … */
#define SAMPLES_OF_PROCESS 4 /* … and so many at least of that */

struct tally {
	uint32_t samples, faults;
};

bool critpath_is_fault(const struct session *session, const struct sched_sample *sample)
{
	static const char *const handlers[] = {
		"exc_page_fault", "asm_exc_page_fault", "do_user_addr_fault", "handle_mm_fault",
		"do_mem_abort", "el0_da", "el0_ia",
	};
	uint16_t i;
	size_t k;

	for (i = 0; i < sample->n_kernel; i++) {
		const char *name = session_symbol(session, sample->frames[i]);

		for (k = 0; *name && k < ARRAY_SIZE(handlers); k++)
			if (!strcmp(name, handlers[k]))
				return true;
	}
	return false;
}

static struct tally tally_of(const struct walk *w, const struct path_slice *slice)
{
	const struct sched_task *task = sched_task(w->s, slice->tid);
	struct tally tally = { 0 };
	uint32_t i;

	if (!task)
		return tally;
	for (i = sched_sample_after(w->s, task, slice->start);
	     i < task->samples.at + task->samples.n && w->s->samples[i].time <= slice->end; i++) {
		tally.samples++;
		tally.faults += critpath_is_fault(w->session, &w->s->samples[i]);
	}
	return tally;
}

void walk_page_faults(struct walk *w)
{
	struct critpath *path = &w->run->path;
	CLEANUP_FREE struct tally *slices = NULL, *processes = NULL;
	size_t i;

	if (w->s->n_samples == 0 || path->n == 0)
		return;
	slices = xcalloc(path->n, sizeof(*slices));
	processes = xcalloc(w->s->n_tasks, sizeof(*processes)); /* by the first of their tasks */
	for (i = 0; i < path->n; i++) {
		uint32_t first = sched_first_of(w->s, path->slices[i].pid);

		if (path->slices[i].state != PATH_USER || first == SCHED_NONE)
			continue;
		slices[i] = tally_of(w, &path->slices[i]);
		processes[first].samples += slices[i].samples;
		processes[first].faults += slices[i].faults;
	}
	for (i = 0; i < path->n; i++) {
		struct path_slice *slice = &path->slices[i];
		uint32_t first = sched_first_of(w->s, slice->pid);
		struct tally tally = slices[i];

		if (slice->state != PATH_USER || first == SCHED_NONE)
			continue;
		if (tally.samples < SAMPLES_OF_SLICE)
			tally = processes[first];
		if (tally.samples >= SAMPLES_OF_PROCESS)
			slice->fault_ns = (uint64_t)((unsigned __int128)(slice->end - slice->start - slice->quick_ns -
									 slice->stolen_ns) *
						     tally.faults / tally.samples);
	}
}
