// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/backing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

#define PIECE 65536

#define PRESENT (1ull << 63) /* in an entry of pagemap */

struct parts {
	const struct guest_range *ranges;
	size_t n_ranges;
	struct backing_part *list;
	size_t n, cap;
	int pagemap; /* < 0: cannot be read */
};

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

enum guest_backing backing_of(const struct smaps_vma *vma)
{
	if (vma->hugetlb)
		return GUEST_HUGETLB;
	if (begins(vma->name, "/memfd:"))
		return GUEST_MEMFD;
	if (!vma->inode)
		return GUEST_ANON;
	/* Shared anonymous memory has a file that nobody can open. */
	if (begins(vma->name, "/dev/zero ") || begins(vma->name, "/SYSV"))
		return GUEST_SHARED_ANON;
	return GUEST_FILE;
}

/* Bytes of [start, end) that are there, at most most. */
static uint64_t present(int pagemap, uint64_t start, uint64_t end, uint64_t most)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entries[512], bytes = 0, n, i;
	ssize_t got;

	for (; start < end; start += n * page) {
		n = (end - start) / page < ARRAY_SIZE(entries) ? (end - start) / page : ARRAY_SIZE(entries);
		got = n ? pread(pagemap, entries, n * 8, (off_t)(start / page * 8)) : 0;
		n = got > 0 ? (uint64_t)got / 8 : 0;
		if (!n)
			break;
		for (i = 0; i < n; i++)
			bytes += entries[i] & PRESENT ? page : 0;
	}
	return bytes < most ? bytes : most;
}

static void add_part(struct parts *p, const struct smaps_vma *vma, uint64_t start, uint64_t end)
{
	uint64_t rss = vma->rss + vma->huge, huge = vma->huge + vma->thp;
	struct backing_part *part;

	if (p->n == BACKINGS_MAX)
		return;
	ARRAY_RESERVE(p->list, p->n, p->cap, 1);
	part = &p->list[p->n++];
	*part = (struct backing_part){ .body = {
		.start = start, .end = end, .backing = backing_of(vma), .rss = rss, .huge = huge,
	} };
	part->whole = guestram_overlap(p->ranges, p->n_ranges, vma->start, vma->end) ==
		      vma->end - vma->start;
	snprintf(part->name, sizeof(part->name), "%s", vma->name);
	/* A part of the mapping has what of it is there; of huge pages as much as the whole, by share. */
	if (end - start < vma->end - vma->start) {
		part->body.rss = present(p->pagemap, start, end, rss);
		part->body.huge = rss ? (uint64_t)((double)huge * (double)part->body.rss / (double)rss) : 0;
	}
	if (part->body.rss > end - start)
		part->body.rss = end - start;
	if (part->body.huge > part->body.rss)
		part->body.huge = part->body.rss;
}

/* What of the mapping lies in the slots: the VMM's own memory may be beside it in the same one. */
static void add(void *ctx, const struct smaps_vma *vma)
{
	struct parts *p = ctx;
	size_t i;

	for (i = 0; i < p->n_ranges; i++) {
		uint64_t start = p->ranges[i].start > vma->start ? p->ranges[i].start : vma->start;
		uint64_t end = p->ranges[i].end < vma->end ? p->ranges[i].end : vma->end;

		if (start < end)
			add_part(p, vma, start, end);
	}
}

static void read_smaps(struct parts *p, pid_t pid)
{
	struct smaps s = { .fn = add, .ctx = p };
	CLEANUP_FREE char *buf = xmalloc(PIECE);
	CLEANUP_FREE char *path = xasprintf("/proc/%d/smaps", (int)pid);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *pagemap = xasprintf("/proc/%d/pagemap", (int)pid);
	CLEANUP_CLOSE int pages = open(pagemap, O_RDONLY | O_CLOEXEC);
	size_t n = 0, used;
	ssize_t got;

	p->pagemap = pages;
	while (fd >= 0 && n < PIECE && (got = read(fd, buf + n, PIECE - n)) > 0) {
		n += (size_t)got;
		used = smaps_feed(&s, buf, n);
		n -= used;
		memmove(buf, buf + used, n);
	}
	smaps_end(&s);
}

size_t backing_read(const struct guestram *guest, pid_t pid, struct backing_part **parts)
{
	struct guest_range *ranges;
	struct parts p = { 0 };

	p.n_ranges = guestram_ranges(guest, (uint32_t)pid, &ranges);
	p.ranges = ranges;
	if (p.n_ranges)
		read_smaps(&p, pid);
	free(ranges);
	*parts = p.list;
	return p.n;
}
