// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_guest.c - guest RAM at the peak. The probes count what faults brought in since the VMM had
 * told where guest RAM is; the snapshot at the first byte knows all of it. What was there before they
 * counted is the difference, and was there at the peak too.
 */
#include "user/model/run.h"

struct guest {
	uint64_t anon, file, shmem;
};

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* The last record of a process until a time whose memory was read; NULL: there is none. */
static const struct memory_rss *record_at(const struct memory_timeline *t, uint32_t pid, uint64_t time)
{
	const struct memory_rss *last = NULL;
	size_t i;

	for (i = 0; i < t->n_records; i++) {
		const struct memory_rss *r = &t->records[i];

		if (r->pid == pid && r->time <= time && r->body.known &&
		    (!last || r->time >= last->time))
			last = r;
	}
	return last;
}

static bool is_told(const struct memory_rss *r)
{
	return r && r->body.known & 2;
}

/* What the snapshot has more, by class: of each what it says there is outside guest RAM is missing. */
static struct guest more_of(const struct memory_process *p, const struct wire_rss *b)
{
	uint64_t left = less(p->rss_of.guest, b->guest_anon + b->guest_file + b->guest_shmem);
	struct guest more;

	more.shmem = lesser(left, less(less(b->shmem, p->rss_of.shmem), b->guest_shmem));
	left -= more.shmem;
	more.file = lesser(left, less(less(b->file, p->rss_of.file), b->guest_file));
	more.anon = left - more.file;
	return more;
}

/* Guest RAM that was given back is not told: then each class had as much less as all together. */
static uint64_t corrected(uint64_t seen, uint64_t more, uint64_t all_seen, uint64_t all, uint64_t most)
{
	if (all_seen > all)
		seen = (uint64_t)((double)seen * (double)all / (double)all_seen);
	return lesser(seen + more, most);
}

static struct guest guest_at(const struct memory_process *p, const struct wire_rss *then,
			     const struct memory_amount *a)
{
	uint64_t seen = then->guest_anon + then->guest_file + then->guest_shmem;
	struct guest more = more_of(p, then);

	return (struct guest){
		corrected(a->guest_anon, more.anon, seen, p->rss_of.guest, a->anon),
		corrected(a->guest_file, more.file, seen, p->rss_of.guest, a->file),
		corrected(a->guest_shmem, more.shmem, seen, p->rss_of.guest, a->shmem),
	};
}

static void set_guest(struct memory_amount *all, struct memory_amount *part, struct guest g)
{
	all->guest_anon += g.anon - part->guest_anon;
	all->guest_file += g.file - part->guest_file;
	all->guest_shmem += g.shmem - part->guest_shmem;
	part->guest_anon = g.anon;
	part->guest_file = g.file;
	part->guest_shmem = g.shmem;
}

void memory_guest_find(struct run *r)
{
	const struct memory_snapshot *m = &r->memory[MEMORY_FIRST_BYTE];
	struct memory_timeline *t = &r->timeline;
	size_t i, k;

	for (i = 0; m->taken && m->detailed && i < m->n; i++) {
		const struct memory_process *p = &m->processes[i];
		const struct memory_rss *then = record_at(t, p->pid, m->time);

		if (!p->counted || p->guest_how == GUEST_NONE || p->guest_how == GUEST_UNKNOWN ||
		    p->guest_how == GUEST_HELPER || !is_told(then))
			continue;
		t->knows_guest = true;
		/* Before it had told where guest RAM is there is nothing to add. */
		if (!is_told(record_at(t, p->pid, t->peak.time)))
			continue;
		for (k = 0; k < t->n_lives; k++)
			if (t->lives[k].pid == p->pid)
				set_guest(&t->peak.amount, &t->lives[k].at_peak,
					  guest_at(p, &then->body, &t->lives[k].at_peak));
	}
}
