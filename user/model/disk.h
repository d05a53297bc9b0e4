/* SPDX-License-Identifier: GPL-2.0-only */
/* disk.h - was it cold? What a run had read from disk, and which of its files that was. */
#ifndef COLDPROF_DISK_H
#define COLDPROF_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/record/format.h"

struct disk_file {
	const char *name;    /* last component, hostile text; "" = not known */
	uint64_t inode;
	uint32_t dev;        /* kernel's dev_t */
	uint64_t read_bytes; /* from disk, readahead included */
};

struct disk {
	struct disk_file *files; /* settled: most bytes first */
	size_t n, cap;
	uint64_t read_bytes;     /* of all files */
	struct host_io io;       /* the kernel's account of the run's processes … */
	bool has_io;             /* … where it was taken */
};

struct run;
struct session;
struct wire_head;

/* A FILE_CACHE record. */
void disk_add(struct session *session, struct run *run, const struct wire_head *record);
void disk_settle(struct disk *disk);

/*
 * Is it a block device itself, by which a file system reads its metadata? These inodes are in the
 * kernel's own file system of block devices, which has no device number (major 0), and their number is
 * the device's. A name none of them has.
 */
bool disk_file_device(const struct disk_file *f, uint32_t *major, uint32_t *minor);

#endif
