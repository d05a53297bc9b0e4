// SPDX-License-Identifier: GPL-2.0-only
/* disk.c - what a run had read from disk, file by file. */
#include "user/model/disk.h"

#include <stdlib.h>
#include <string.h>

#include "user/model/run.h"
#include "user/record/reader.h"

/* Sums of a hostile recording stick at the greatest number instead of starting again at 0. */
static void add_to(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

void disk_add(struct session *session, struct run *run, const struct wire_head *record)
{
	struct disk *d = &run->disk;
	struct wire_file_cache body;

	record_body(record, &body, sizeof(body));
	ARRAY_RESERVE(d->files, d->n, d->cap, 1);
	d->files[d->n++] = (struct disk_file){
		.name = arena_strndup(&session->arena, body.name,
				      strnlen(body.name, sizeof(body.name))),
		.inode = body.inode, .dev = body.dev, .read_bytes = body.read_bytes,
	};
	add_to(&d->read_bytes, body.read_bytes);
}

static int more_bytes(const void *a, const void *b)
{
	const struct disk_file *x = a, *y = b;

	if (x->read_bytes != y->read_bytes)
		return x->read_bytes > y->read_bytes ? -1 : 1;
	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

bool disk_file_device(const struct disk_file *f, uint32_t *major, uint32_t *minor)
{
	*major = (uint32_t)(f->inode >> 20);
	*minor = (uint32_t)(f->inode & 0xfffff);
	return !*f->name && !(f->dev >> 20) && *major && f->inode <= UINT32_MAX;
}

void disk_settle(struct disk *d)
{
	if (d->n)
		qsort(d->files, d->n, sizeof(*d->files), more_bytes);
}
