/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_state.bpf.h - what a CPU keeps of the memory of the task that runs on it. What is done with
 * it is in memory.bpf.h.
 */
#ifndef COLDPROF_MEMORY_STATE_BPF_H
#define COLDPROF_MEMORY_STATE_BPF_H

#include "bpf/read.bpf.h"

/* What a task did to its memory since it came on the CPU, or since its last RSS record. */
#define MEMORY_VMAS 8 /* power of two */
struct memory_state {
	__u64 sent;        /* when it came, or the last record */
	__u32 pending;     /* 1: something has changed */
	__u32 fault;       /* page fault in progress or just over: MEMORY_FAULT, … (bpf/memory.bpf.h) */
	__u32 seen;        /* exceptions */
	__u32 looks;       /* … ever */
	__u32 fault_minor, fault_major; /* the task's own counts when the fault began */
	__u32 faults[6];   /* enum memory_fault */
	/* Mappings that were asked for, and which state of which address space they are of: … */
	__u64 vma_mm;
	__u32 vma_pid, vma_seq;
	__u32 vmas;        /* … 1: there are some … */
	__u32 vma_next;    /* … where the next one goes … */
	__u32 vma_last;    /* … and which one was asked for last */
	__u32 pad;
	struct {
		__u64 start, bytes;
		__u32 flags, pad;
	} vma[MEMORY_VMAS];
	__u64 minor, major; /* the task's own counts when it came, or at the last record */
	__u64 mm;           /* whose counters the following is about; 0 = nobody's */
	__u64 part[4];      /* where they are on a CPU whose offset is 0 */
	__s32 values[4];    /* this CPU's part at the last look, in pages … */
	__s64 totals[4];    /* … and what all have in common */
	__u32 together;     /* 1: part[0] to part[3] lie side by side */
	__u32 pad3;
	/*
	 * For the time of a comparison only. On the stack they would be numbers that the verifier
	 * follows: each way through the code that makes them would be looked at to its end, for a second.
	 */
	struct {
		__s32 part[4];
		__u32 rose[4];
		__s64 total[4];
		__s64 sum[4];
	} work;
	__u64 looked;       /* the task's counts at a look at the counters + 1; 0 = look again */
	__u64 in_run;       /* in KVM_RUN: the task's counts then + 1; 0 = it is not */
	__u32 run_seen;     /* … and seen */
	__u32 pad2;
};

/*
 * Since 6.4 an address space counts how often its mappings were changed: while that number is the same,
 * so are they. (A number that began as a count became a sequence count in 6.14.)
 */
struct mm_struct___lock_int {
	int mm_lock_seq;
} __attribute__((preserve_access_index));
struct mm_struct___lock_seqcount {
	struct seqcount___number mm_lock_seq;
} __attribute__((preserve_access_index));

static __always_inline bool memory_has_seq(void)
{
	struct mm_struct___lock_int *number = NULL;
	struct mm_struct___lock_seqcount *count = NULL;

	return bpf_core_field_exists(number->mm_lock_seq) || bpf_core_field_exists(count->mm_lock_seq);
}

static __always_inline __u32 memory_seq(__u64 mm)
{
	struct mm_struct___lock_int *number = (void *)mm;
	struct mm_struct___lock_seqcount *count = (void *)mm;

	if (bpf_core_field_exists(number->mm_lock_seq))
		return KERNEL_READ(number, mm_lock_seq);
	if (bpf_core_field_exists(count->mm_lock_seq))
		return KERNEL_READ(count, mm_lock_seq.sequence);
	return 0;
}

static __always_inline void memory_forget_vmas(struct memory_state *m)
{
	if (m->vmas)
		m->vma[0].bytes = m->vma[1].bytes = m->vma[2].bytes = m->vma[3].bytes =
			m->vma[4].bytes = m->vma[5].bytes = m->vma[6].bytes = m->vma[7].bytes = 0;
	m->vmas = 0;
}

/* What a task does to its memory is counted from now on. */
static __always_inline void memory_restart(struct memory_state *m, struct task_struct *task,
					   __u64 now)
{
	m->pending = m->fault = m->seen = 0;
	m->mm = m->in_run = m->looked = 0;
	if (!memory_has_seq())
		memory_forget_vmas(m);
	__builtin_memset(m->faults, 0, sizeof(m->faults));
	m->sent = now;
	m->minor = task->min_flt;
	m->major = task->maj_flt;
}

#endif
