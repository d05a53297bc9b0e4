// SPDX-License-Identifier: GPL-2.0-only
#include "user/model/memory_timeline.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/model/session.h"
#include "user/record/reader.h"

#define AMOUNT_MAX (1ull << 52) /* more memory than there is */

/* An address space, while somebody uses it. */
struct space {
	UT_hash_handle hh;
	uint32_t mm;
	uint32_t users, owner; /* owner: pid whose it counts as */
	struct memory_amount amount;
};

/* A process that had records: which space it uses. */
struct user {
	UT_hash_handle hh;
	uint32_t pid;
	struct space *space;
	uint64_t joined;
	size_t life;
};

/* What happens to the tree's memory; the rest is in a record or a process of the tree. */
struct event {
	uint64_t time;
	uint32_t pid;
	const struct memory_rss *record; /* NULL: the process leaves its space */
	uint64_t enter; /* … by an execve that began then; 0: it ended */
	size_t order;
};

struct replay {
	struct memory_timeline *t;
	struct space *spaces;
	struct user *users;
	struct memory_amount now;
};

bool memory_timeline_add(struct memory_timeline *t, const struct wire_head *record)
{
	struct memory_rss *r;
	struct wire_rss body;

	record_body(record, &body, sizeof(body));
	if (body.anon > AMOUNT_MAX || body.file > AMOUNT_MAX || body.shmem > AMOUNT_MAX ||
	    body.page_tables > AMOUNT_MAX || body.swap > AMOUNT_MAX || body.most > AMOUNT_MAX)
		return false;
	ARRAY_RESERVE(t->records, t->n_records, t->cap_records, 1);
	r = &t->records[t->n_records++];
	*r = (struct memory_rss){ .time = record->time, .tid = record->tid, .pid = record->pid,
				  .body = body };
	return true;
}

uint64_t memory_amount_rss(const struct memory_amount *a)
{
	return a->anon + a->file + a->shmem;
}

uint64_t memory_amount_guest(const struct memory_amount *a)
{
	return a->guest_anon + a->guest_file + a->guest_shmem;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Pages that are given back are not told of the guest: no more than there is. */
static struct memory_amount amount_of(const struct wire_rss *b)
{
	return (struct memory_amount){ b->anon, b->file, b->shmem, b->page_tables, b->swap,
				       lesser(b->guest_anon, b->anon),
				       lesser(b->guest_file, b->file),
				       lesser(b->guest_shmem, b->shmem) };
}

static void add_amount(struct memory_amount *to, const struct memory_amount *a)
{
	to->anon += a->anon;
	to->file += a->file;
	to->shmem += a->shmem;
	to->page_tables += a->page_tables;
	to->swap += a->swap;
	to->guest_anon += a->guest_anon;
	to->guest_file += a->guest_file;
	to->guest_shmem += a->guest_shmem;
}

static void take_amount(struct memory_amount *from, const struct memory_amount *a)
{
	from->anon -= a->anon;
	from->file -= a->file;
	from->shmem -= a->shmem;
	from->page_tables -= a->page_tables;
	from->swap -= a->swap;
	from->guest_anon -= a->guest_anon;
	from->guest_file -= a->guest_file;
	from->guest_shmem -= a->guest_shmem;
}

uint64_t memory_faults_count(const struct memory_faults *f)
{
	return f->minor + f->major;
}

static void sum_faults(struct memory_faults *to, const struct memory_faults *f)
{
	to->minor += f->minor;
	to->major += f->major;
	to->anon += f->anon;
	to->file += f->file;
	to->read += f->read;
	to->shmem += f->shmem;
	to->cow += f->cow;
	to->guest += f->guest;
	to->other += f->other;
}

bool memory_faults_of_start(const struct memory_timeline *t, struct memory_faults *sum)
{
	size_t i;

	*sum = (struct memory_faults){ 0 };
	for (i = 0; i < t->n_phases; i++)
		sum_faults(sum, &t->phases[i].faults);
	return t->n > 0 && t->n_phases > 0;
}

static void add_faults(struct memory_faults *to, const struct wire_rss *b)
{
	uint64_t all = (uint64_t)b->minor + b->major, told;

	told = (uint64_t)b->faults_anon + b->faults_file + b->faults_read + b->faults_shmem +
	       b->faults_cow + b->faults_guest;
	to->minor += b->minor;
	to->major += b->major;
	to->anon += b->faults_anon;
	to->file += b->faults_file;
	to->read += b->faults_read;
	to->shmem += b->faults_shmem;
	to->cow += b->faults_cow;
	to->guest += b->faults_guest;
	/* A fault in progress is told now and counted by the kernel in the next record. */
	if (all > told)
		to->other += all - told;
	else if (to->other >= told - all)
		to->other -= told - all;
}

/* ---- who uses which space -------------------------------------------------------------------------- */

static struct user *user_of(struct replay *p, uint32_t pid)
{
	struct memory_timeline *t = p->t;
	struct user *u;

	HASH_FIND(hh, p->users, &pid, sizeof(pid), u);
	if (u)
		return u;
	u = xcalloc(1, sizeof(*u));
	u->pid = pid;
	u->life = t->n_lives;
	HASH_ADD(hh, p->users, pid, sizeof(u->pid), u);
	ARRAY_RESERVE(t->lives, t->n_lives, t->cap_lives, 1);
	t->lives[t->n_lives++] = (struct memory_life){ .pid = pid };
	return u;
}

/* Who brought it has left (by an execve, or it ended): the first of those who stay has it now. */
static void pass_on(struct replay *p, struct space *s, const struct user *left)
{
	struct user *u;

	if (s->owner != left->pid)
		return;
	for (u = p->users; u; u = u->hh.next)
		if (u->space == s) {
			s->owner = u->pid;
			return;
		}
}

static void leave(struct replay *p, struct user *u)
{
	struct space *s = u->space;

	u->space = NULL;
	if (!s)
		return;
	if (--s->users) {
		pass_on(p, s, u);
		return;
	}
	take_amount(&p->now, &s->amount);
	HASH_DELETE(hh, p->spaces, s);
	free(s);
}

static void join(struct replay *p, struct user *u, uint32_t mm, uint64_t time)
{
	struct space *s;

	if (u->space && u->space->mm == mm)
		return;
	leave(p, u);
	HASH_FIND(hh, p->spaces, &mm, sizeof(mm), s);
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->mm = mm;
		s->owner = u->pid;
		HASH_ADD(hh, p->spaces, mm, sizeof(s->mm), s);
	}
	s->users++;
	u->space = s;
	u->joined = time;
}

static void add_point(struct memory_timeline *t, uint64_t time, const struct memory_amount *a)
{
	if (t->n && t->points[t->n - 1].time == time)
		t->n--;
	ARRAY_RESERVE(t->points, t->n, t->cap, 1);
	t->points[t->n++] = (struct memory_point){ time, *a };
}

static void play(struct replay *p, const struct event *e)
{
	struct user *u;

	if (!e->record) {
		HASH_FIND(hh, p->users, &e->pid, sizeof(e->pid), u);
		/* An execve: unless it was seen in its new space already. */
		if (!u || !u->space || (e->enter && u->joined >= e->enter))
			return;
		leave(p, u);
	} else {
		const struct memory_amount a = amount_of(&e->record->body);

		u = user_of(p, e->pid);
		if (!e->record->body.known)
			return;
		join(p, u, e->record->body.mm, e->time);
		take_amount(&p->now, &u->space->amount);
		u->space->amount = a;
		add_amount(&p->now, &a);
	}
	add_point(p->t, e->time, &p->now);
}

static void release_replay(struct replay *p)
{
	struct space *s, *next_space;
	struct user *u, *next_user;

	HASH_ITER(hh, p->users, u, next_user) {
		HASH_DEL(p->users, u);
		free(u);
	}
	HASH_ITER(hh, p->spaces, s, next_space) {
		HASH_DEL(p->spaces, s);
		free(s);
	}
}

/* ---- events in order ---------------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static struct event *all_events(const struct run *r, size_t *n)
{
	const struct memory_timeline *t = &r->timeline;
	const struct process *root = r->tree.n ? r->tree.processes[0] : NULL;
	/* Until its execve is done the root process has coldprof's own memory, not the run's. */
	uint64_t begin = root && root->n_execs ? root->execs[0].time : 0;
	struct event *list = NULL;
	size_t cap = 0, i, k;

	*n = 0;
	ARRAY_RESERVE(list, *n, cap, t->n_records);
	for (i = 0; i < t->n_records; i++) {
		if (t->records[i].time < begin)
			continue;
		list[(*n)++] = (struct event){ .time = t->records[i].time, .order = i,
					       .pid = t->records[i].pid, .record = &t->records[i] };
	}
	for (i = 0; i < r->tree.n; i++) {
		const struct process *p = r->tree.processes[i];

		ARRAY_RESERVE(list, *n, cap, p->n_execs + 1);
		for (k = 0; k < p->n_execs; k++)
			list[(*n)++] = (struct event){ .time = p->execs[k].time, .pid = p->pid,
						       .enter = p->execs[k].enter ?
							       p->execs[k].enter : p->execs[k].time,
						       .order = t->n_records + i };
		if (p->end)
			list[(*n)++] = (struct event){ .time = p->end, .pid = p->pid,
						       .order = SIZE_MAX };
	}
	qsort(list, *n, sizeof(*list), by_time);
	return list;
}

/* ---- lives -------------------------------------------------------------------------------------------- */

/* Each life's own points, one after the other in one pool. */
static void fill_lives(struct run *r, const struct event *events, size_t n)
{
	struct memory_timeline *t = &r->timeline;
	struct user *users = NULL, *u, *next;
	size_t i, at = 0;

	for (i = 0; i < t->n_lives; i++) {
		u = xcalloc(1, sizeof(*u));
		u->pid = t->lives[i].pid;
		u->life = i;
		HASH_ADD(hh, users, pid, sizeof(u->pid), u);
	}
	for (i = 0; i < n; i++) {
		HASH_FIND(hh, users, &events[i].pid, sizeof(events[i].pid), u);
		if (u)
			t->lives[u->life].n++;
	}
	t->pool = xcalloc(n ? n : 1, sizeof(*t->pool));
	for (i = 0; i < t->n_lives; i++) {
		t->lives[i].points = t->pool + at;
		at += t->lives[i].n;
		t->lives[i].n = 0;
	}
	for (i = 0; i < n; i++) {
		struct memory_amount amount = { 0 };
		struct memory_life *life;

		HASH_FIND(hh, users, &events[i].pid, sizeof(events[i].pid), u);
		if (!u || (events[i].record && !events[i].record->body.known))
			continue;
		/* Before its execve is over it may be seen in its new image: that one stays. */
		if (!events[i].record && events[i].enter)
			continue;
		life = &t->lives[u->life];
		if (events[i].record)
			amount = amount_of(&events[i].record->body);
		life->points[life->n++] = (struct memory_point){ events[i].time, amount };
		if (events[i].time > t->end)
			continue;
		if (events[i].record && events[i].record->body.most > life->most)
			life->most = events[i].record->body.most;
		if (memory_amount_rss(&amount) > life->peak) {
			life->peak = memory_amount_rss(&amount);
			life->peak_time = events[i].time;
		}
	}
	HASH_ITER(hh, users, u, next) {
		HASH_DEL(users, u);
		free(u);
	}
}

/* Again up to the peak: who had what then. */
static void find_parts(struct run *r, const struct event *events, size_t n)
{
	struct memory_timeline *t = &r->timeline, scratch = { 0 };
	struct replay p = { .t = &scratch };
	struct space *s;
	struct user *u;
	size_t i;

	for (i = 0; i < n && events[i].time <= t->peak.time; i++)
		play(&p, &events[i]);
	/* Lives are in the order of their first records: the same as in the whole of it. */
	for (s = p.spaces; s; s = s->hh.next) {
		HASH_FIND(hh, p.users, &s->owner, sizeof(s->owner), u);
		if (u)
			add_amount(&t->lives[u->life].at_peak, &s->amount);
	}
	release_replay(&p);
	memory_timeline_release(&scratch);
}

/* ---- phases ------------------------------------------------------------------------------------------- */

struct memory_amount memory_at(const struct memory_point *points, size_t n, uint64_t time)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (points[middle].time <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? points[low - 1].amount : (struct memory_amount){ 0 };
}

static void find_growth(struct run *r)
{
	struct memory_timeline *t = &r->timeline;
	uint64_t launch = r->milestones.launch;
	size_t i;

	if (!r->phases.n)
		return;
	t->n_phases = r->phases.n;
	t->phases = xcalloc(t->n_phases, sizeof(*t->phases));
	for (i = 0; i < t->n_phases; i++) {
		const struct phase *phase = &r->phases.list[i];
		struct memory_amount from = memory_at(t->points, t->n, launch + phase->start);
		struct memory_amount to = memory_at(t->points, t->n, launch + phase->end);

		t->phases[i].from = memory_amount_rss(&from);
		t->phases[i].to = memory_amount_rss(&to);
	}
}

/* ---- page faults ---------------------------------------------------------------------------------------- */

static int by_life(const void *a, const void *b)
{
	const struct memory_fault_cell *x = a, *y = b;

	if (x->life != y->life)
		return x->life < y->life ? -1 : 1;
	return x->phase < y->phase ? -1 : x->phase > y->phase;
}

/* The cell of a life in a phase; phases only go on, so it is that life's last one or a new one. */
static struct memory_fault_cell *cell_of(struct memory_timeline *t, size_t *last, size_t life,
					 size_t phase)
{
	if (last[life] == SIZE_MAX || t->cells[last[life]].phase != phase) {
		ARRAY_RESERVE(t->cells, t->n_cells, t->cap_cells, 1);
		last[life] = t->n_cells;
		t->cells[t->n_cells++] = (struct memory_fault_cell){ .life = life, .phase = phase };
	}
	return &t->cells[last[life]];
}

/* Everything else is a sum of cells, so that it adds up. */
static void sum_cells(struct memory_timeline *t)
{
	size_t i;

	if (t->n_cells)
		qsort(t->cells, t->n_cells, sizeof(*t->cells), by_life);
	for (i = 0; i < t->n_cells; i++) {
		const struct memory_fault_cell *c = &t->cells[i];
		struct memory_life *life = &t->lives[c->life];

		if (!life->n_cells++)
			life->cells = c;
		if (c->phase > t->n_phases) {
			sum_faults(&t->load_faults, &c->faults);
			continue;
		}
		sum_faults(&life->faults, &c->faults);
		sum_faults(&t->faults, &c->faults);
		if (c->phase < t->n_phases)
			sum_faults(&t->phases[c->phase].faults, &c->faults);
	}
}

/* A record tells what happened before it: it is of the phase that it ends in. */
static void find_faults(struct run *r, const struct event *events, size_t n, struct user *users)
{
	struct memory_timeline *t = &r->timeline;
	CLEANUP_FREE size_t *last = xcalloc(t->n_lives ? t->n_lives : 1, sizeof(*last));
	uint64_t launch = r->milestones.launch;
	size_t i, phase = 0;
	struct user *u;

	memset(last, 0xff, t->n_lives * sizeof(*last));
	for (i = 0; i < n; i++) {
		const struct memory_rss *record = events[i].record;

		while (phase < t->n_phases && events[i].time > launch + r->phases.list[phase].end)
			phase++;
		if (events[i].time > t->end)
			phase = t->n_phases + 1;
		if (!record || !(record->body.minor || record->body.major ||
				 record->body.faults_anon || record->body.faults_file ||
				 record->body.faults_read || record->body.faults_shmem ||
				 record->body.faults_cow || record->body.faults_guest))
			continue;
		HASH_FIND(hh, users, &events[i].pid, sizeof(events[i].pid), u);
		if (u)
			add_faults(&cell_of(t, last, u->life, phase)->faults, &record->body);
	}
	sum_cells(t);
}

/* The most until the end; and behind it, where that was more than at the end. */
static void find_peaks(struct memory_timeline *t)
{
	struct memory_amount at_end = memory_at(t->points, t->n, t->end);
	size_t i;

	t->load = (struct memory_point){ .amount = at_end };

	for (i = 0; i < t->n; i++) {
		struct memory_point *most = t->points[i].time <= t->end ? &t->peak : &t->load;

		if (memory_amount_rss(&t->points[i].amount) > memory_amount_rss(&most->amount))
			*most = t->points[i];
	}
}

static uint64_t end_of(const struct run *r)
{
	static const enum memory_when order[] = { MEMORY_SETTLED, MEMORY_FIRST_BYTE };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (r->memory[order[i]].taken)
			return r->memory[order[i]].time;
	return UINT64_MAX;
}

void memory_timeline_find(struct run *r)
{
	struct memory_timeline *t = &r->timeline;
	struct replay p = { .t = t };
	CLEANUP_FREE struct event *events = NULL;
	size_t n, i;

	t->n = t->n_lives = t->n_phases = t->n_cells = 0;
	t->peak = t->load = (struct memory_point){ 0 };
	t->faults = t->load_faults = (struct memory_faults){ 0 };
	t->end = end_of(r);
	t->dropped = 0;
	t->knows_guest = false;
	for (i = 0; i < t->n_records; i++)
		if (t->records[i].body.dropped > t->dropped)
			t->dropped = t->records[i].body.dropped;
	free(t->pool);
	free(t->phases);
	t->pool = NULL;
	t->phases = NULL;
	if (!t->n_records)
		return;
	events = all_events(r, &n);
	for (i = 0; i < n; i++)
		play(&p, &events[i]);
	find_growth(r);
	find_faults(r, events, n, p.users);
	release_replay(&p);
	find_peaks(t);
	fill_lives(r, events, n);
	find_parts(r, events, n);
	memory_guest_find(r);
}

void memory_timeline_release(struct memory_timeline *t)
{
	free(t->records);
	free(t->points);
	free(t->pool);
	free(t->lives);
	free(t->phases);
	free(t->cells);
	free(t->costs);
	*t = (struct memory_timeline){ 0 };
}

void memory_columns(const struct memory_point *points, size_t n, uint64_t from, uint64_t to,
		    struct memory_amount *out, size_t columns)
{
	struct memory_amount now = memory_at(points, n, from);
	size_t column, i = 0;

	while (i < n && points[i].time <= from)
		i++;
	for (column = 0; column < columns; column++) {
		double part = (double)(column + 1) / (double)columns;
		uint64_t end = from + (uint64_t)((double)(to - from) * part);

		out[column] = now;
		for (; i < n && points[i].time < end; i++) {
			now = points[i].amount;
			if (memory_amount_rss(&now) > memory_amount_rss(&out[column]))
				out[column] = now;
		}
	}
}

size_t memory_thin(const struct memory_point *points, size_t n, struct memory_point *out, size_t max)
{
	uint64_t from, span;
	size_t kept = 0, i, bucket, last = SIZE_MAX;

	if (n <= max) {
		if (n)
			memcpy(out, points, n * sizeof(*out));
		return n;
	}
	if (!max)
		return 0;
	from = points[0].time;
	span = points[n - 1].time - from;
	for (i = 0; i < n; i++) {
		bucket = span ? (size_t)((double)(points[i].time - from) / (double)span *
					 (double)(max - 1)) : 0;
		if (bucket != last) {
			if (kept == max)
				break;
			out[kept++] = points[i];
			last = bucket;
		} else if (memory_amount_rss(&points[i].amount) >
			   memory_amount_rss(&out[kept - 1].amount)) {
			out[kept - 1] = points[i];
		}
	}
	return kept;
}
