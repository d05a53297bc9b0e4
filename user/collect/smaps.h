/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * smaps.h - the text of /proc/PID/smaps, mapping by mapping.
 *
 * A pure function of the text: no descriptor, so recorded and hostile texts can be tested. Bytes;
 * the kernel gives KiB, each figure of each mapping rounded down by itself.
 */
#ifndef COLDPROF_SMAPS_H
#define COLDPROF_SMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SMAPS_NAME_MAX 256 /* with its NUL; of a longer name the end is kept */

struct smaps_vma {
	uint64_t start, end;
	uint64_t inode;
	uint32_t major, minor; /* of the file's device */
	bool writable, executable, shared;
	bool hugetlb; /* its pages are in hugetlb, not in rss and pss */
	char name[SMAPS_NAME_MAX]; /* "" = none; a newline in it is one again */
	uint64_t rss, pss, private, share; /* private + share = rss */
	uint64_t anon; /* of rss */
	uint64_t swap, huge; /* huge: hugetlb pages */
	uint64_t thp;  /* of rss: in transparent huge pages */
};

/* A mapping, whole. It is valid during the call. */
typedef void (*smaps_fn)(void *ctx, const struct smaps_vma *vma);

/* Zero-initialise, set fn and ctx. */
struct smaps {
	smaps_fn fn;
	void *ctx;
	struct smaps_vma vma; /* the one that is being read */
	bool open;
};

/*
 * Feed text; returns how many bytes were used: whole lines only. The rest is to be fed again with
 * what follows it. smaps_end() hands over the last mapping.
 */
size_t smaps_feed(struct smaps *s, const char *text, size_t n);
void smaps_end(struct smaps *s);

#endif
