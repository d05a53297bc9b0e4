// SPDX-License-Identifier: GPL-2.0-only
/* stretch.c - the critical path cut at phases and hand-overs that matter, the rest together. */
#include "user/model/stretch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/base/mem.h"
#include "user/model/run.h"

/* Under way: what is closed is in out, behind it what is too short so far to stand for itself. */
struct build {
	const struct run *run;
	uint64_t who_ns, slice_ns; /* lengths that matter */
	uint64_t *cuts;               /* moments within the path, in order: a stretch ends there */
	size_t n_cuts, cap_cuts, cut;
	struct stretch open;  /* slices of one; open.end = 0: none */
	struct stretch loose; /* of several, each short; loose.end = 0: none */
	bool open_alone;      /* one long slice, that nothing joins */
	size_t section;       /* of out: what is before it lies before the last cut */
	bool *alone;          /* for each of out->list */
	size_t cap_alone;
	struct stretches *out;
};

/* Who is one to a reader: threads of a process that have one name, as a Go program's have. */
struct who {
	const char *comm;
	uint64_t pid;
};

/* Time of somebody within a stretch. */
struct share {
	struct who who;
	uint64_t ns, longest;
	size_t slice; /* the longest */
	UT_hash_handle hh;
};

static uint64_t length_of(const struct stretch *s)
{
	return s->end - s->start;
}

static bool same_who(const struct stretch *a, const struct stretch *b)
{
	return a->pid == b->pid && (a->comm == b->comm || !strcmp(a->comm, b->comm));
}

static void find_who(const struct critpath *path, struct stretch *s)
{
	struct share *by_who = NULL, *share = NULL, *next, *best = NULL;
	size_t i;

	for (i = s->from; i < s->to; i++) {
		const struct path_slice *slice = &path->slices[i];
		uint64_t start = slice->start > s->start ? slice->start : s->start;
		uint64_t end = slice->end < s->end ? slice->end : s->end;

		struct who who = { slice->comm, slice->pid };

		if (!share || share->who.comm != who.comm || share->who.pid != who.pid)
			HASH_FIND(hh, by_who, &who, sizeof(who), share);
		if (!share) {
			share = xcalloc(1, sizeof(*share));
			share->who = who;
			HASH_ADD(hh, by_who, who, sizeof(who), share);
		}
		share->ns += end - start;
		if (end - start > share->longest) {
			share->longest = end - start;
			share->slice = i;
		}
	}
	HASH_ITER(hh, by_who, share, next) {
		if (!best || share->ns > best->ns)
			best = share;
	}
	s->tid = path->slices[best->slice].tid;
	s->pid = path->slices[best->slice].pid;
	s->comm = path->slices[best->slice].comm;
	HASH_ITER(hh, by_who, share, next) {
		HASH_DEL(by_who, share);
		free(share);
	}
}

static void add_cut(struct build *b, uint64_t at)
{
	const struct critpath *path = &b->run->path;

	if (at <= path->slices[0].start || at >= path->slices[path->n - 1].end)
		return;
	ARRAY_RESERVE(b->cuts, b->n_cuts, b->cap_cuts, 1);
	b->cuts[b->n_cuts++] = at;
}

static int earlier(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Where phases begin, and the ends of the console's long silences. */
static void find_cuts(struct build *b)
{
	const struct run *r = b->run;
	const struct vm *vm = &r->vm;
	size_t i;

	for (i = 0; i < r->phases.n; i++)
		add_cut(b, r->milestones.launch + r->phases.list[i].start);
	for (i = 1; i < vm->n_lines; i++) {
		if (!vm->lines[i].gap ||
		    vm->lines[i].time - vm->lines[i - 1].time < b->slice_ns)
			continue;
		add_cut(b, vm->lines[i - 1].time);
		add_cut(b, vm->lines[i].time);
	}
	if (b->n_cuts)
		qsort(b->cuts, b->n_cuts, sizeof(*b->cuts), earlier);
}

static size_t phase_at(const struct run *r, uint64_t time)
{
	size_t i = r->phases.n;

	while (i > 1 && r->milestones.launch + r->phases.list[i - 1].start > time)
		i--;
	return i ? i - 1 : 0;
}

/* The last one of this section; NULL: there is none yet. */
static struct stretch *before(const struct build *b)
{
	return b->out->n > b->section ? &b->out->list[b->out->n - 1] : NULL;
}

static void join(struct stretch *a, const struct stretch *b)
{
	a->end = b->end;
	a->to = b->to;
}

static void put(struct build *b, const struct stretch *s, bool alone)
{
	struct stretch *last = before(b);

	if (last && same_who(last, s) && !alone && !b->alone[b->out->n - 1]) {
		join(last, s);
		return;
	}
	ARRAY_RESERVE(b->out->list, b->out->n, b->out->cap, 1);
	ARRAY_RESERVE(b->alone, b->out->n, b->cap_alone, 1);
	b->alone[b->out->n] = alone;
	b->out->list[b->out->n++] = *s;
}

/* What is loose goes with what is before it, when that is too little or the same one's. */
static void put_loose(struct build *b)
{
	struct stretch *last = before(b), loose = b->loose;

	b->loose = (struct stretch){ 0 };
	if (!loose.end)
		return;
	find_who(&b->run->path, &loose);
	if (last && !b->alone[b->out->n - 1] &&
	    (length_of(&loose) < b->who_ns || same_who(&loose, last)))
		join(last, &loose);
	else
		put(b, &loose, false);
}

static void close_open(struct build *b)
{
	struct stretch open = b->open;

	b->open = (struct stretch){ 0 };
	if (!open.end)
		return;
	if (b->open_alone || length_of(&open) >= b->who_ns) {
		put_loose(b);
		put(b, &open, b->open_alone);
	} else if (b->loose.end) {
		join(&b->loose, &open);
	} else {
		b->loose = open;
	}
}

static void end_section(struct build *b)
{
	close_open(b);
	put_loose(b);
	b->section = b->out->n;
}

static void add_piece(struct build *b, size_t i, uint64_t start, uint64_t end)
{
	const struct path_slice *slice = &b->run->path.slices[i];
	struct stretch piece = { .start = start, .end = end, .from = i, .to = i + 1,
				 .tid = slice->tid, .pid = slice->pid, .comm = slice->comm };
	bool alone = end - start >= b->slice_ns && *slice->detail;

	if (b->open.end && !alone && !b->open_alone && same_who(&b->open, &piece)) {
		join(&b->open, &piece);
		return;
	}
	close_open(b);
	b->open = piece;
	b->open_alone = alone;
}

static void add_slice(struct build *b, size_t i)
{
	const struct path_slice *slice = &b->run->path.slices[i];
	uint64_t start = slice->start;

	while (b->cut < b->n_cuts && b->cuts[b->cut] < slice->end) {
		if (b->cuts[b->cut] > start) {
			add_piece(b, i, start, b->cuts[b->cut]);
			start = b->cuts[b->cut];
		}
		end_section(b);
		b->cut++;
	}
	add_piece(b, i, start, slice->end);
}

/* Which neighbour in its phase one would go with: the same one's, or the shorter one. */
static size_t neighbour(const struct build *b, size_t i, bool alone_too)
{
	const struct stretches *all = b->out;
	const struct stretch *s = &all->list[i];
	const struct stretch *left = i && s[-1].phase == s->phase ? s - 1 : NULL;
	const struct stretch *right = i + 1 < all->n && s[1].phase == s->phase ? s + 1 : NULL;

	if (left && !alone_too && b->alone[i - 1])
		left = NULL;
	if (right && !alone_too && b->alone[i + 1])
		right = NULL;
	if (!left || !right)
		return left ? i - 1 : right ? i + 1 : SIZE_MAX;
	if (same_who(left, s) != same_who(right, s))
		return same_who(left, s) ? i - 1 : i + 1;
	return length_of(left) <= length_of(right) ? i - 1 : i + 1;
}

/* The shortest of those shorter than that which have somebody to go with; SIZE_MAX: none. */
static size_t shortest_of(const struct build *b, uint64_t shorter, bool alone_too)
{
	const struct stretch *list = b->out->list;
	size_t shortest = SIZE_MAX, i;

	for (i = 0; i < b->out->n; i++)
		if (length_of(&list[i]) < shorter && (alone_too || !b->alone[i]) &&
		    neighbour(b, i, alone_too) != SIZE_MAX &&
		    (shortest == SIZE_MAX || length_of(&list[i]) < length_of(&list[shortest])))
			shortest = i;
	return shortest;
}

static void join_with(struct build *b, size_t i, size_t with)
{
	struct stretches *all = b->out;
	size_t left = i < with ? i : with, after = all->n - left - 2;

	join(&all->list[left], &all->list[left + 1]);
	find_who(&b->run->path, &all->list[left]);
	memmove(&all->list[left + 1], &all->list[left + 2], after * sizeof(*all->list));
	b->alone[left] = false;
	memmove(&b->alone[left + 1], &b->alone[left + 2], after * sizeof(*b->alone));
	all->n--;
}

/* What is short goes with a neighbour; then the shortest ones do until there are few enough. */
static void shorten(struct build *b, size_t most)
{
	size_t i;

	while ((i = shortest_of(b, b->who_ns, false)) != SIZE_MAX)
		join_with(b, i, neighbour(b, i, false));
	while ((i = shortest_of(b, b->who_ns, true)) != SIZE_MAX)
		join_with(b, i, neighbour(b, i, true));
	while (b->out->n > most && (i = shortest_of(b, UINT64_MAX, true)) != SIZE_MAX)
		join_with(b, i, neighbour(b, i, true));
}

void stretches_of_run(const struct run *r, const struct stretch_rules *rules,
		      struct stretches *out)
{
	const struct critpath *path = &r->path;
	struct build b = { .run = r, .out = out };
	uint64_t total;
	size_t i;

	*out = (struct stretches){ 0 };
	if (!path->n)
		return;
	total = path->slices[path->n - 1].end - path->slices[0].start;
	b.who_ns = total / rules->who_part + 1;
	b.slice_ns = total / rules->slice_part + 1;
	find_cuts(&b);
	for (i = 0; i < path->n; i++)
		add_slice(&b, i);
	end_section(&b);
	for (i = 0; i < out->n; i++) {
		out->list[i].phase = phase_at(r, out->list[i].start);
		find_who(path, &out->list[i]);
	}
	shorten(&b, rules->most);
	free(b.cuts);
	free(b.alone);
}
