// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_sample.c - what samples say of the time in user mode: how much of it the kernel had all the same.
 *
 * A page fault that does not sleep leaves no record of its own, nor does an interrupt. Of the samples that
 * were taken of a task while it ran outside of system calls, those in the kernel's fault handler have
 * the share of the time that the faults have. What interrupts is not asked: samples are taken by a timer, and
 * what other timers do comes at the same moments, which would be ten times too much; a sample in an
 * interrupt is one of what that has interrupted. Samples in system calls are of those
 * that are too short for a record, whose time is known without; where they are clearly more than that, the
 * rest is calls that nobody follows, the ways into and out of the kernel, and the probes there. A slice with many samples is told by its
 * own, others by all that were taken under the same name in the run, or, of a run that is too short for that, in
 * the scenario's runs that count: they are the same start again. How many there are does not depend on
 * what they hit, so a share of few is rough but errs to both sides alike; to say nothing would be to say "no
 * faults".
 */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/phase.h"
#include "user/model/session.h"

#define SAMPLES_OF_SLICE 20  /* worth more than the whole run's … */
#define SAMPLE_LEAST_NS 40000 /* samples are no closer than that (--samples 25000) */
#define SAMPLES_OF_RUN 100   /* … and these more than all runs' … */
#define SAMPLES_OF_NAME 4    /* … and so many at least of those, or nothing is said */

static bool is_one_of(const char *const *patterns, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (*name == *patterns[i] && phase_matches(patterns[i], name))
			return true;
	return false;
}

bool critpath_is_fault_handler(const char *name)
{
	static const char *const faults[] = {
		"exc_page_fault", "asm_exc_page_fault", "do_user_addr_fault", "handle_mm_fault",
		"do_mem_abort", "el0_da", "el0_ia",
	};

	return is_one_of(faults, ARRAY_SIZE(faults), name);
}

static enum sample_place place_of(const struct session *session, const struct sched_sample *sample)
{
	static const char *const calls[] = { "do_syscall_64", "entry_SYSCALL_64*", "do_el0_svc", "el0_svc*" };
	static const char *const entries[] = { "asm_*", "el0*" };
	enum sample_place place = SAMPLE_NOT_TOLD;
	const char *name = "";
	uint16_t i;

	if (!sample->n_kernel)
		return SAMPLE_USER;
	for (i = 0; i < sample->n_kernel; i++) {
		name = session_symbol(session, sample->frames[i]);
		if (is_one_of(calls, ARRAY_SIZE(calls), name))
			return SAMPLE_CALL; /* its faults are part of it */
		if (critpath_is_fault_handler(name))
			place = SAMPLE_FAULT;
	}
	/* The outermost frame is where user mode was left, if the stack goes down to that. */
	if (place == SAMPLE_NOT_TOLD && is_one_of(entries, ARRAY_SIZE(entries), name))
		place = SAMPLE_USER;
	return place;
}

static void tally_slice(const struct run *run, const struct path_slice *slice, struct sample_tally *tally)
{
	const struct sched *s = &run->sched;
	const struct sched_task *task = sched_task(s, slice->tid);
	uint32_t i;

	for (i = task ? sched_sample_after(s, task, slice->start) : 0;
	     task && i < task->samples.at + task->samples.n && s->samples[i].time <= slice->end; i++)
		tally->n[s->samples[i].place]++;
	tally->ns = slice->end - slice->start - slice->stolen_ns;
	tally->quick_ns = slice->quick_ns;
}

/* So many that say which it is, of the time that is not known to be system calls'. */
static uint32_t told(const struct sample_tally *tally)
{
	return tally->n[SAMPLE_USER] + tally->n[SAMPLE_FAULT];
}

static uint32_t seen(const struct sample_tally *tally)
{
	return told(tally) + tally->n[SAMPLE_CALL];
}

static uint64_t part_of(uint64_t ns, double share)
{
	return (uint64_t)((double)ns * share);
}

/*
 * The share of the time that samples say is system calls', beyond what these took by the clock; 0 unless it is more
 * than chance makes it (two standard deviations of a count of samples).
 */
static double share_of_calls(const struct sample_tally *tally)
{
	double all = seen(tally), timed, more;

	if (!tally->ns || all < SAMPLES_OF_SLICE)
		return 0;
	timed = (double)tally->quick_ns / (double)tally->ns;
	more = tally->n[SAMPLE_CALL] - all * timed;
	return more > 0 && more * more > 4 * (all * timed * (1 - timed) + 1) ? more / all : 0;
}

static struct sample_tally *tally_named(struct sample_tallies *t, const char *comm)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->list[i].comm == comm || !strcmp(t->list[i].comm, comm))
			return &t->list[i];
	ARRAY_RESERVE(t->list, t->n, t->cap, 1);
	t->list[t->n] = (struct sample_tally){ .comm = comm };
	return &t->list[t->n++];
}

static void add_tally(struct sample_tally *to, const struct sample_tally *from)
{
	size_t i;

	for (i = 0; i < SAMPLE_PLACES; i++)
		to->n[i] += from->n[i];
	to->ns += from->ns;
	to->quick_ns += from->quick_ns;
}

void critpath_tally_samples(const struct session *session, struct run *run)
{
	struct sample_tallies *t = &run->path.tallies;
	size_t i;

	t->n = 0;
	for (i = 0; i < run->sched.n_samples; i++)
		run->sched.samples[i].place = (uint8_t)place_of(session, &run->sched.samples[i]);
	for (i = 0; run->sched.n_samples && i < run->path.n; i++) {
		struct sample_tally own = { 0 };

		if (run->path.slices[i].state != PATH_USER)
			continue;
		tally_slice(run, &run->path.slices[i], &own);
		add_tally(tally_named(t, run->path.slices[i].comm), &own);
	}
}

/* Who tells of a slice whose own samples are few: the name in this run, or in all; NULL: nobody. */
static const struct sample_tally *who_tells(struct run *run, struct sample_tallies *all, const char *comm)
{
	const struct sample_tally *tally = tally_named(&run->path.tallies, comm);

	if (seen(tally) >= SAMPLES_OF_RUN)
		return tally;
	tally = tally_named(all, comm);
	return seen(tally) >= SAMPLES_OF_NAME ? tally : NULL;
}

static void share_slice(struct path_slice *slice, const struct sample_tally *tally)
{
	uint64_t all = slice->end - slice->start - slice->stolen_ns, rest = all - slice->quick_ns;
	uint64_t calls = part_of(all, share_of_calls(tally));
	uint32_t of = told(tally);

	slice->call_ns = calls < rest ? calls : rest;
	rest -= slice->call_ns;
	if (!of)
		return;
	slice->fault_ns = (uint64_t)((unsigned __int128)rest * tally->n[SAMPLE_FAULT] / of);
}

static void share_run(struct run *run, struct sample_tallies *all)
{
	struct critpath *path = &run->path;
	size_t i;

	for (i = 0; i < path->n_kinds; i++)
		path->kinds[i].fault_ns = path->kinds[i].call_ns = 0;
	for (i = 0; i < path->n; i++) {
		struct path_slice *slice = &path->slices[i];
		struct sample_tally own = { 0 };
		const struct sample_tally *tally = &own;

		if (slice->state != PATH_USER)
			continue;
		slice->fault_ns = slice->call_ns = 0;
		if (run->sched.n_samples && slice->end - slice->start >= SAMPLES_OF_SLICE * SAMPLE_LEAST_NS)
			tally_slice(run, slice, &own);
		if (seen(&own) < SAMPLES_OF_SLICE)
			tally = who_tells(run, all, slice->comm);
		if (!tally)
			continue;
		share_slice(slice, tally);
		path->kinds[slice->kind].fault_ns += slice->fault_ns;
		path->kinds[slice->kind].call_ns += slice->call_ns;
	}
}

void critpath_share_samples(const struct scenario_result *s)
{
	struct sample_tallies all = { 0 };
	size_t i, k;
	bool any = false;

	for (i = 0; i < s->n_runs; i++)
		any = any || run_counted(s->runs[i]);
	for (i = 0; i < s->n_runs; i++) {
		const struct sample_tallies *t = &s->runs[i]->path.tallies;

		for (k = 0; k < t->n && (run_counted(s->runs[i]) || !any); k++)
			add_tally(tally_named(&all, t->list[k].comm), &t->list[k]);
	}
	for (i = 0; i < s->n_runs; i++)
		share_run(s->runs[i], &all);
	free(all.list);
}
