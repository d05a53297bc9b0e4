/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backing.h - what a VMM's guest RAM is made of: each mapping of /proc/PID/smaps that lies in one of
 * the memory slots that it handed to KVM.
 */
#ifndef COLDPROF_BACKING_H
#define COLDPROF_BACKING_H

#include <stddef.h>
#include <sys/types.h>

#include "user/collect/guestram.h"
#include "user/collect/smaps.h"
#include "user/record/format.h"

#define BACKINGS_MAX 256 /* mappings told of one VMM */

struct backing_part {
	struct host_guest_backing body;
	char name[SMAPS_NAME_MAX];
};

/* Those of process pid, by address; the caller frees *parts. Returns how many; 0: it has no slots. */
size_t backing_read(const struct guestram *guest, pid_t pid, struct backing_part **parts);

/* What a mapping is backed by. */
enum guest_backing backing_of(const struct smaps_vma *vma);

#endif
