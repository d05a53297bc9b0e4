/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing.h - what a VMM's guest RAM is made of: of each mapping of /proc/PID/smaps what lies in the
 * memory slots that it handed to KVM. Where that is a part of a mapping, what is there of it is counted
 * page by page (pagemap), and huge pages are taken to be spread evenly over the mapping.
 */
#ifndef COLDPROF_BACKING_H
#define COLDPROF_BACKING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "user/collect/guestram.h"
#include "user/collect/smaps.h"
#include "user/record/format.h"

#define BACKINGS_MAX 256 /* mappings told of one VMM */

struct backing_part {
	struct host_guest_backing body;
	bool whole; /* all of it is guest RAM */
	char name[SMAPS_NAME_MAX];
};

/* Those of process pid, by address; the caller frees *parts. Returns how many; 0: it has no slots. */
size_t backing_read(const struct guestram *guest, pid_t pid, struct backing_part **parts);

/* What a mapping is backed by. */
enum guest_backing backing_of(const struct smaps_vma *vma);

#endif
