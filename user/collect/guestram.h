/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guestram.h - where in a VMM's address space its guest's memory lies.
 *
 * Told by the memory slots that the VMM handed to KVM (KVM_MEMSLOT records): the union of their
 * user-space ranges, whatever backs them. A later word on a slot replaces the earlier one; a slot
 * of no bytes is gone. Slots are of a VM, and a process may have several: each has its descriptor.
 */
#ifndef COLDPROF_GUESTRAM_H
#define COLDPROF_GUESTRAM_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/wire.h"

struct guest_range {
	uint64_t start, end;
};

struct guest_slot {
	uint32_t pid, slot;
	int32_t fd; /* of the VM */
	uint64_t start, bytes;
};

struct guestram { /* zero-initialise */
	struct guest_slot *slots;
	size_t n, cap;
};

void guestram_record(struct guestram *g, uint32_t pid, const struct wire_kvm_memslot *slot);

/* The union for one process, sorted, without overlap; the caller frees *ranges. Returns how many. */
size_t guestram_ranges(const struct guestram *g, uint32_t pid, struct guest_range **ranges);

/* Bytes of [start, end) that lie in the ranges. */
uint64_t guestram_overlap(const struct guest_range *ranges, size_t n, uint64_t start, uint64_t end);

/* Forget everything: another run. */
void guestram_reset(struct guestram *g);
void guestram_release(struct guestram *g);

/*
 * The guest's memory that a command line of QEMU asks for (-m 256, -m 1G, -m size=512M,…), in
 * bytes; 0 when it is not QEMU or does not say. argv is NUL-separated, n bytes.
 */
uint64_t guestram_asked(const char *argv, size_t n);
uint64_t guestram_asked_words(char *const *argv, size_t n); /* the same of a list */

#endif
