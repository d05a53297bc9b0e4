/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vma.bpf.h - in which mapping an address lies, read without a lock.
 *
 * bpf_find_vma() takes the lock, and where interrupts are off, as at the tracepoints of a page fault,
 * gives it back through an interrupt to this CPU: dearer than the fault. Here the tree of mappings is
 * read as it is. Another thread may change it meanwhile: then the answer is wrong, once, and nothing
 * else.
 */
#ifndef COLDPROF_VMA_BPF_H
#define COLDPROF_VMA_BPF_H

#include "bpf/probe.bpf.h"

/* include/linux/maple_tree.h, since 6.1 */
#define MAPLE_LEAF_64 1
#define MAPLE_RANGE_64 2
#define MAPLE_ARANGE_64 3
#define MAPLE_PIVOTS 15      /* of a leaf and a range … */
#define MAPLE_APIVOTS 9      /* … and of one that knows gaps */
#define MAPLE_DEPTH_MAX 6

struct maple_range_64___vma {
	unsigned long pivot[MAPLE_PIVOTS];
	void *slot[MAPLE_PIVOTS + 1];
} __attribute__((preserve_access_index));
struct maple_arange_64___vma {
	unsigned long pivot[MAPLE_APIVOTS];
	void *slot[MAPLE_APIVOTS + 1];
} __attribute__((preserve_access_index));
struct maple_tree___vma {
	void *ma_root;
} __attribute__((preserve_access_index));
struct mm_struct___vma {
	struct maple_tree___vma mm_mt;
} __attribute__((preserve_access_index));
struct vm_area_struct___vma {
	unsigned long vm_start, vm_end, vm_flags;
	void *vm_file;
} __attribute__((preserve_access_index));

#define VMA_SHARED 0x8 /* VM_SHARED */

struct vma_answer {
	__u64 start, end;
	__u32 shared;
	__u32 file;
};

#define VMA_ROOM 24 /* numbers: the pivots of a node, or the beginning of a mapping's struct */

/* What is behind the pivots of a node: the entry for the address. */
static __always_inline __u64 vma_step(__u64 *pivots, __u64 entry, __u64 address)
{
	__u32 type = (entry >> 3) & 15, n = MAPLE_PIVOTS, i;
	__u64 node = entry & ~255ull, next = 0, below = 0;
	__u64 at, slots;

	if (type == MAPLE_ARANGE_64) {
		n = MAPLE_APIVOTS;
		at = node + bpf_core_field_offset(struct maple_arange_64___vma, pivot);
		slots = node + bpf_core_field_offset(struct maple_arange_64___vma, slot);
	} else {
		at = node + bpf_core_field_offset(struct maple_range_64___vma, pivot);
		slots = node + bpf_core_field_offset(struct maple_range_64___vma, slot);
	}
	/* Of the shorter node the rest is slots: never looked at. */
	if (bpf_probe_read_kernel(pivots, MAPLE_PIVOTS * 8, (void *)at))
		return 0;
	/*
	 * The slot behind as many pivots as are below the address: they ascend. Those that are not used
	 * are 0, the last may be the highest number there is; user space is the lower half.
	 */
	for (i = 0; i < MAPLE_PIVOTS; i++)
		below += mask_negative(pivots[i] - address) & ~mask_negative(pivots[i] - 1) &
			 ~mask_negative(pivots[i]) & mask_negative((__s64)i - n) & 1;
	bpf_probe_read_kernel(&next, sizeof(next), (void *)(slots + below * 8));
	return next;
}

/* All of it at once: each read costs more than what it reads. */
static __always_inline bool vma_read(__u64 *head, struct vma_answer *a, __u64 vma)
{
	__u32 start = bpf_core_field_offset(struct vm_area_struct___vma, vm_start);
	__u32 end = bpf_core_field_offset(struct vm_area_struct___vma, vm_end);
	__u32 flags = bpf_core_field_offset(struct vm_area_struct___vma, vm_flags);
	__u32 file = bpf_core_field_offset(struct vm_area_struct___vma, vm_file);
	__u32 last = (VMA_ROOM - 1) * 8;

	if (start > last || end > last || flags > last || file > last ||
	    bpf_probe_read_kernel(head, VMA_ROOM * 8, (void *)vma))
		return false;
	a->start = head[start / 8];
	a->end = head[end / 8];
	a->shared = !!(head[flags / 8] & VMA_SHARED);
	a->file = head[file / 8] != 0;
	return true;
}

/*
 * False: there is none, or this kernel keeps its mappings otherwise. (No static function: verified once.)
 * For one file only.
 */
int vma_find(struct vma_answer *a, __u64 mm, __u64 address)
{
	struct mm_struct___vma *typed = (void *)mm;
	__u64 entry, room[VMA_ROOM];
	int i;

	if (!a || !bpf_core_field_exists(typed->mm_mt) ||
	    !bpf_core_type_exists(struct maple_range_64___vma))
		return 0;
	entry = (__u64)BPF_CORE_READ(typed, mm_mt.ma_root);
	for (i = 0; i < MAPLE_DEPTH_MAX; i++) {
		__u32 type = (entry >> 3) & 15;

		/* A node (the root says so), of a kind that trees of mappings have? */
		if ((!i && (entry & 3) != 2) || entry <= 4096 || type < MAPLE_LEAF_64 ||
		    type > MAPLE_ARANGE_64)
			return 0;
		entry = vma_step(room, entry, address);
		if (type == MAPLE_LEAF_64)
			break;
	}
	if (!entry || i == MAPLE_DEPTH_MAX || !vma_read(room, a, entry))
		return 0;
	return address >= a->start && address < a->end;
}

#endif
