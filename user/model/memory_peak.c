// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_peak.c - what PSS can have been at a peak between the snapshots. Nobody can read it there:
 * the timeline has RSS by class, which is exact.
 */
#include <stdlib.h>

#include "user/base/mem.h"
#include "user/model/run.h"

/*
 * Anonymous pages are shared by fork only, until the child executes something: processes of one image
 * are a family, and two families share none.
 */
struct member {
	uint32_t pid;  /* who executed the image; 0: from before the run */
	size_t exec;   /* which of its execs it was */
	uint64_t anon; /* of one process of the family */
};

/* Execs that a process had behind it at a time. */
static size_t execs_until(const struct process *p, uint64_t time)
{
	size_t n = 0;

	while (n < p->n_execs && p->execs[n].time <= time)
		n++;
	return n;
}

static struct member member_of(const struct run *r, uint32_t pid, uint64_t time)
{
	const struct process *p = tree_process(&r->tree, pid);
	int steps = 64; /* a tree may be as deep as somebody wrote it */

	for (; p && steps--; p = p->parent) {
		size_t n = execs_until(p, time);

		if (n)
			return (struct member){ .pid = p->pid, .exec = n };
		time = p->start;
	}
	return (struct member){ 0 };
}

static int by_family(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->exec < y->exec ? -1 : x->exec > y->exec;
}

/* Of each family the process that has most: its pages are all different. */
static uint64_t anon_at_least(const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	CLEANUP_FREE struct member *list = xcalloc(t->n_lives ? t->n_lives : 1, sizeof(*list));
	uint64_t sum = 0, most = 0;
	size_t i, n = 0;

	for (i = 0; i < t->n_lives; i++) {
		if (!t->lives[i].at_peak.anon)
			continue;
		list[n] = member_of(r, t->lives[i].pid, t->peak.time);
		list[n++].anon = t->lives[i].at_peak.anon;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_family);
	for (i = 0; i < n; i++) {
		if (i && by_family(&list[i], &list[i - 1])) {
			sum += most;
			most = 0;
		}
		most = list[i].anon > most ? list[i].anon : most;
	}
	return sum + most;
}

uint64_t memory_charge_peak(const struct run *r)
{
	const struct memory_snapshot *m = &r->memory[r->memory[MEMORY_SETTLED].taken ?
							     MEMORY_SETTLED : MEMORY_FIRST_BYTE];

	return m->n_cgroups ? m->charge.peak : MEMORY_UNKNOWN;
}

/* As much of it as of that class in the snapshot. */
static uint64_t part(uint64_t rss, uint64_t pss_then, uint64_t rss_then)
{
	if (!rss_then || pss_then >= rss_then)
		return rss;
	return (uint64_t)((double)rss * (double)pss_then / (double)rss_then);
}

/* With one address space at the peak, of which a snapshot says that nobody else maps any page. */
static bool is_alone(const struct run *r)
{
	const struct memory_snapshot *m = &r->memory[MEMORY_FIRST_BYTE];
	const struct memory_timeline *t = &r->timeline;
	size_t i, n = 0;
	uint32_t pid = 0;

	for (i = 0; i < t->n_lives; i++)
		if (memory_amount_rss(&t->lives[i].at_peak)) {
			pid = t->lives[i].pid;
			n++;
		}
	for (i = 0; n == 1 && m->taken && m->detailed && i < m->n; i++)
		if (m->processes[i].counted && m->processes[i].pid == pid)
			return m->processes[i].pss == m->processes[i].rss &&
			       m->processes[i].uss == m->processes[i].rss;
	return false;
}

bool memory_peak_pss(const struct run *r, struct memory_peak_pss *out)
{
	const struct memory_snapshot *m = &r->memory[MEMORY_FIRST_BYTE];
	const struct memory_amount *a = &r->timeline.peak.amount;
	uint64_t guest = memory_amount_guest(a);

	*out = (struct memory_peak_pss){ 0 };
	if (!r->timeline.n || memory_peak_snapshot(r))
		return false;
	out->at_most = memory_amount_rss(a);
	/* Whoever else maps guest RAM: in the tree's PSS each page of it counts once. */
	out->at_least = is_alone(r) ? out->at_most :
				      anon_at_least(r) + a->guest_file + a->guest_shmem;
	if (out->at_least > out->at_most)
		out->at_least = out->at_most;
	if (out->at_least >= out->at_most) {
		out->exact = out->has_estimate = true;
		out->estimate = out->at_most;
		return true;
	}
	if (!m->taken || !m->detailed)
		return true;
	out->has_estimate = true;
	/* Guest RAM is private to its VMM, whatever backs it: left out of the shares. */
	out->estimate = part(a->anon - a->guest_anon, m->anon, m->rss_of.anon) +
			part(a->file - a->guest_file, m->file, m->rss_of.file) +
			part(a->shmem - a->guest_shmem, m->shmem, m->rss_of.shmem) + guest;
	if (out->estimate < out->at_least)
		out->estimate = out->at_least;
	return true;
}
