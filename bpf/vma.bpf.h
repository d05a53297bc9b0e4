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
	struct file___vma *vm_file;
} __attribute__((preserve_access_index));

#define VMA_SHARED 0x8 /* VM_SHARED */
#define VMA_SPECIAL 0x10404400 /* VM_PFNMAP, VM_IO, VM_HUGETLB, VM_MIXEDMAP: not in the counters, or not as files */
#define TMPFS_MAGIC 0x01021994

struct super_block___vma {
	unsigned long s_magic;
} __attribute__((preserve_access_index));
struct inode___vma {
	struct super_block___vma *i_sb;
} __attribute__((preserve_access_index));
struct file___vma {
	struct inode___vma *f_inode;
} __attribute__((preserve_access_index));

struct vma_answer {
	__u64 start, end;
	__u8 shared, special;
	__u8 file;  /* 1: it is of a file … */
	__u8 shmem; /* … whose pages are counted as shared memory (tmpfs, memfd, what fork shares) */
	__u32 pad;
};

/* What is behind the pivots of a node: the entry for the address. */
static __always_inline __u64 vma_step(__u64 entry, __u64 address)
{
	__u32 type = (entry >> 3) & 15, n = MAPLE_PIVOTS, i;
	__u64 node = entry & ~255ull, below = 0, pivot;
	__u64 at, slots;

	if (type == MAPLE_ARANGE_64) {
		n = MAPLE_APIVOTS;
		at = node + bpf_core_field_offset(struct maple_arange_64___vma, pivot);
		slots = node + bpf_core_field_offset(struct maple_arange_64___vma, slot);
	} else {
		at = node + bpf_core_field_offset(struct maple_range_64___vma, pivot);
		slots = node + bpf_core_field_offset(struct maple_range_64___vma, slot);
	}
	/*
	 * The slot behind as many pivots as are below the address: they ascend. Those that are not used
	 * are 0, the last may be the highest number there is; user space is the lower half. (Of the shorter
	 * node the rest is slots, which do not count.)
	 */
	for (i = 0; i < MAPLE_PIVOTS; i++) {
		pivot = kernel_u64(at + 8 * i);
		below += mask_negative(pivot - address) & ~mask_negative(pivot - 1) &
			 ~mask_negative(pivot) & mask_negative((__s64)i - n) & 1;
	}
	return kernel_u64(slots + below * 8);
}

/*
 * False: there is none, or this kernel keeps its mappings otherwise. (No static function: verified once.)
 * For one file only.
 */
int vma_find(struct vma_answer *a, __u64 mm, __u64 address)
{
	struct mm_struct___vma *typed = (void *)mm;
	struct vm_area_struct___vma *vma;
	struct file___vma *file;
	__u64 entry, flags;
	int i;

	if (!a || !bpf_core_field_exists(typed->mm_mt) ||
	    !bpf_core_type_exists(struct maple_range_64___vma))
		return 0;
	entry = (__u64)KERNEL_READ(typed, mm_mt.ma_root);
	for (i = 0; i < MAPLE_DEPTH_MAX; i++) {
		__u32 type = (entry >> 3) & 15;

		/* A node (the root says so), of a kind that trees of mappings have? */
		if ((!i && (entry & 3) != 2) || entry <= 4096 || type < MAPLE_LEAF_64 ||
		    type > MAPLE_ARANGE_64)
			return 0;
		entry = vma_step(entry, address);
		if (type == MAPLE_LEAF_64)
			break;
	}
	if (!entry || i == MAPLE_DEPTH_MAX)
		return 0;
	vma = (void *)entry;
	flags = KERNEL_READ(vma, vm_flags);
	file = KERNEL_READ(vma, vm_file);
	a->start = KERNEL_READ(vma, vm_start);
	a->end = KERNEL_READ(vma, vm_end);
	a->shared = !!(flags & VMA_SHARED);
	a->special = !!(flags & VMA_SPECIAL);
	a->file = file != NULL;
	a->shmem = file && KERNEL_READ(file, f_inode, i_sb, s_magic) == TMPFS_MAGIC;
	return address >= a->start && address < a->end;
}

#endif
