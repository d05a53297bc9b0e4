// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/backing.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

#define PIECE 65536

struct parts {
	const struct guest_range *ranges;
	size_t n_ranges;
	struct backing_part *list;
	size_t n, cap;
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

static void add(void *ctx, const struct smaps_vma *vma)
{
	struct parts *p = ctx;
	struct backing_part *part;

	if (p->n == BACKINGS_MAX || !guestram_overlap(p->ranges, p->n_ranges, vma->start, vma->end))
		return;
	ARRAY_RESERVE(p->list, p->n, p->cap, 1);
	part = &p->list[p->n++];
	*part = (struct backing_part){ .body = {
		.start = vma->start, .end = vma->end, .backing = backing_of(vma),
		.rss = vma->rss + vma->huge, .huge = vma->huge + vma->thp,
	} };
	snprintf(part->name, sizeof(part->name), "%s", vma->name);
}

static void read_smaps(struct parts *p, pid_t pid)
{
	struct smaps s = { .fn = add, .ctx = p };
	CLEANUP_FREE char *buf = xmalloc(PIECE);
	CLEANUP_FREE char *path = xasprintf("/proc/%d/smaps", (int)pid);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0, used;
	ssize_t got;

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
