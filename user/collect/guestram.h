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
#include "user/record/format.h"

struct guest_range {
	uint64_t start, end;
};

struct guest_slot {
	uint32_t pid, slot;
	int32_t fd; /* of the VM */
	uint64_t start, bytes;
};

/* What a mapping of guest RAM looked like in a VMM whose slots were seen. */
struct guest_shape {
	uint64_t bytes;
	enum guest_backing backing; /* 0: any */
	char comm[WIRE_COMM_LEN];   /* of the VMM; "": any */
};
#define GUEST_SHAPES_MAX 8
#define GUEST_SHAPE_MIN (1u << 20) /* smaller ones have others of their size */

struct guestram { /* zero-initialise */
	struct guest_slot *slots;
	size_t n, cap;
	/* Where no slots were seen, in other processes of the same scenario: by shape. */
	struct guest_shape shapes[GUEST_SHAPES_MAX];
	size_t n_shapes;
};

/* Once each; too small ones and more than there is room for are left out. */
void guestram_add_shape(struct guestram *g, const struct guest_shape *shape);

void guestram_record(struct guestram *g, uint32_t pid, const struct wire_kvm_memslot *slot);

/* The union for one process, sorted, without overlap; the caller frees *ranges. Returns how many. */
size_t guestram_ranges(const struct guestram *g, uint32_t pid, struct guest_range **ranges);

/* Bytes of [start, end) that lie in the ranges. */
uint64_t guestram_overlap(const struct guest_range *ranges, size_t n, uint64_t start, uint64_t end);

/* Forget all slots: another run. */
void guestram_reset(struct guestram *g);
void guestram_release(struct guestram *g);

/*
 * The guest's memory that a command line of QEMU asks for (-m 256, -m 1G, -m size=512M,…), in
 * bytes; 0 when it is not QEMU or does not say. argv is NUL-separated, n bytes.
 */
uint64_t guestram_asked(const char *argv, size_t n);
uint64_t guestram_asked_words(char *const *argv, size_t n); /* the same of a list */

#endif
