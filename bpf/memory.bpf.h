/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.bpf.h - how a task's memory grows: what sched_switch and the probes of memory.bpf.c share.
 *
 * Nothing is sent for each fault or each change of a counter. What a fault did is told by the kernel's
 * counters of the address space: this CPU's part of them is read when a fault begins and when it is
 * over (at the next one, before a call that changes memory, when the task leaves the CPU). The record
 * that sums it up goes out when the task leaves the CPU, or when a period is over, and before memory is
 * given back, so that no peak is missed.
 */
#ifndef COLDPROF_MEMORY_BPF_H
#define COLDPROF_MEMORY_BPF_H

#include "bpf/probe.bpf.h"
#include "bpf/syscall_nr.bpf.h"

extern const volatile bool config_memory;
extern const volatile __u32 config_memory_cpus;
extern const volatile __u32 config_page_shift;

#define MEMORY_PERIOD_NS 1000000
#define MEMORY_PERIOD_SHIFT 10        /* of a long run: 1/1024 of its age */
#define MEMORY_LOOK_EVERY 16          /* faults between two looks at the clock; power of two */
#define MEMORY_UNTIMED_MAX 8192       /* records after the first byte; what is more is … */
#define MEMORY_UNTIMED_NS 5000000     /* … sent at most so often, and counted where it is not */
#define MEMORY_SHRINK_MIN 65536       /* less that is given back is no peak */

/* memory_state.fault */
#define MEMORY_FAULT 0x80000000u
#define MEMORY_FAULT_GUEST 0x40000000u
#define MEMORY_ROSE_SHMEM 0x08000000u   /* what it has brought in so far */
#define MEMORY_ROSE_FILE 0x04000000u
#define MEMORY_ROSE_ANON 0x02000000u
/*
 * Its mapping is known, and with it what the fault does: no counters need be looked at. Which of enum
 * memory_fault that is, is in the bits from 16 on.
 */
#define MEMORY_FAULT_KNOWN 0x01000000u
#define MEMORY_FAULT_KIND 16
#define FAULT_PRESENT 0x1u /* x86: the page is there, its protection was in the way */
#define FAULT_WRITE 0x2u

enum memory_fault {
	FAULT_IS_ANON,
	FAULT_IS_FILE,
	FAULT_IS_READ,
	FAULT_IS_SHMEM,
	FAULT_IS_COW,
	FAULT_IS_GUEST,
	FAULT_IS_NOTHING, /* … that has a count: a read of an anonymous page that is not there, say */
};

/* include/linux/mm_types_task.h */
#define MEMBER_FILE 0
#define MEMBER_ANON 1
#define MEMBER_SWAP 2
#define MEMBER_SHMEM 3

extern struct memory_shared memory_shared;

/* Before 6.2 (f1a7941243c1) the counters were one for all CPUs, and each task kept some back. */
struct mm_struct___before_6_2 {
	struct mm_rss_stat___before_6_2 rss_stat;
} __attribute__((preserve_access_index));
struct task_rss_stat___before_6_2 {
	int count[4];
} __attribute__((preserve_access_index));
struct task_struct___before_6_2 {
	struct task_rss_stat___before_6_2 rss_stat;
} __attribute__((preserve_access_index));
struct percpu_counter___6_2 {
	__s64 count;
	__s32 *counters;
} __attribute__((preserve_access_index));
struct mm_struct___6_2 {
	struct percpu_counter___6_2 rss_stat[4];
} __attribute__((preserve_access_index));

/* The address of the task's address space, as a number. */
static __always_inline __u64 memory_mm(struct task_struct *task)
{
	return (__u64)KERNEL_READ(task, mm);
}

/* Where the counters of an address space are: each is a struct percpu_counter. */
static __always_inline __u64 memory_counter(__u64 mm, int member, __u32 offset)
{
	return mm + bpf_core_field_offset(struct mm_struct___6_2, rss_stat) +
	       member * bpf_core_type_size(struct percpu_counter___6_2) + offset;
}

/* What all CPUs have in common. */
static __always_inline void memory_totals(__u64 mm, __s64 out[4])
{
	__u32 count = bpf_core_field_offset(struct percpu_counter___6_2, count);

	if (kernel_before_6_2()) {
		out[0] = out[1] = out[2] = out[3] = 0;
		bpf_probe_read_kernel(out, 32,
				      (void *)(mm + bpf_core_field_offset(struct mm_struct___before_6_2,
									  rss_stat.count)));
		return;
	}
	out[MEMBER_FILE] = kernel_u64(memory_counter(mm, MEMBER_FILE, count));
	out[MEMBER_ANON] = kernel_u64(memory_counter(mm, MEMBER_ANON, count));
	out[MEMBER_SWAP] = kernel_u64(memory_counter(mm, MEMBER_SWAP, count));
	out[MEMBER_SHMEM] = kernel_u64(memory_counter(mm, MEMBER_SHMEM, count));
}

/*
 * Where the counters of the address space mm (0: none) of the task at that address are. Since 6.6
 * (14ef95be6f55) the four of a CPU lie side by side, before 6.2 those of a task do.
 */
static __always_inline bool memory_bind(struct memory_state *m, __u64 task, __u64 mm)
{
	struct task_struct___before_6_2 *old = (void *)task;
	__u32 counters = bpf_core_field_offset(struct percpu_counter___6_2, counters);
	int k;

	if (m->mm == mm)
		return mm;
	m->mm = 0;
	if (!(m->fault & MEMORY_FAULT_KNOWN))
		m->fault = 0;
	if (!mm)
		return false;
	if (kernel_before_6_2()) {
		m->part[0] = bpf_core_field_exists(old->rss_stat) ?
				     task + bpf_core_field_offset(old->rss_stat.count) : 0;
		m->together = 1;
	} else {
		if (!memory_shared.ready)
			return false;
		for (k = 0; k < 4; k++)
			m->part[k] = kernel_u64(memory_counter(mm, k, counters)) - memory_shared.base;
		m->together = m->part[MEMBER_ANON] == m->part[MEMBER_FILE] + 4 &&
			      m->part[MEMBER_SHMEM] == m->part[MEMBER_FILE] + 12;
	}
	m->mm = mm;
	return true;
}

/* The four of one CPU, or, before 6.2, of the task. */
static __always_inline void memory_read(const struct memory_state *m, __u32 cpu, __s32 out[4])
{
	__u64 offset = kernel_before_6_2() ? 0 : memory_shared.addresses[cpu & (MEMORY_CPUS_MAX - 1)];

	if (m->together) {
		__u64 at = m->part[0] + offset, low = 0, high = 0;

		if (m->part[0]) {
			low = kernel_u64(at);
			high = kernel_u64(at + 8);
		}
		out[0] = low;
		out[1] = low >> 32;
		out[2] = high;
		out[3] = high >> 32;
		return;
	}
	out[0] = kernel_u32(m->part[0] + offset);
	out[1] = kernel_u32(m->part[1] + offset);
	out[2] = kernel_u32(m->part[2] + offset);
	out[3] = kernel_u32(m->part[3] + offset);
}

/* From here on what changes is the next fault's doing. */
static __always_inline void memory_look(struct memory_state *m)
{
	memory_read(m, bpf_get_smp_processor_id(), m->values);
	memory_totals(m->mm, m->totals);
}

/*
 * The part where that rose. A fault takes one page off a counter at most: more than that was carried
 * over to the common part, and then it is the two together where they rose.
 */
static __always_inline __u32 rise_of(__s64 part, __s64 total)
{
	__u64 rose = part & ~mask_negative(part - 1);
	__u64 carried = (part + total) & ~mask_negative(part + total - 1) & mask_negative(part + 1);

	return rose | carried;
}

/*
 * By how many pages the task's counters rose since the last look (m->work.rose), and look again. As
 * much as a batch at once (a huge page) goes to the common part and leaves this CPU's as it was. Only
 * then that one is believed: other CPUs add to it too.
 */
static __always_inline bool memory_rises(struct memory_state *m)
{
	__u32 *rose = m->work.rose;
	int k;

	for (k = 0; k < 4; k++) {
		m->work.part[k] = m->values[k];
		m->work.total[k] = m->totals[k];
	}
	memory_look(m);
	for (k = 0; k < 4; k++) {
		m->work.part[k] = m->values[k] - m->work.part[k];
		m->work.total[k] = m->totals[k] - m->work.total[k];
		rose[k] = k == MEMBER_SWAP ? 0 : rise_of(m->work.part[k], m->work.total[k]);
	}
	if (rose[MEMBER_FILE] | rose[MEMBER_ANON] | rose[MEMBER_SHMEM])
		return true;
	for (k = 0; k < 4; k++)
		if (k != MEMBER_SWAP)
			rose[k] = m->work.total[k] & ~mask_negative(m->work.total[k] - 1) &
				  ~mask_negative(m->work.part[k]) & ~mask_negative(-(__s64)m->work.part[k]);
	return rose[MEMBER_FILE] | rose[MEMBER_ANON] | rose[MEMBER_SHMEM];
}

/* In pages, of all CPUs: into m->work.sum. */
static __always_inline void memory_sums(struct memory_state *m, struct task_struct *task)
{
	__s64 *sum = m->work.sum;
	__u32 cpu;
	int k;

	memory_totals(m->mm, sum);
	for (cpu = 0; cpu < MEMORY_CPUS_MAX && cpu < config_memory_cpus; cpu++) {
		memory_read(m, cpu, m->work.part);
		for (k = 0; k < 4; k++)
			sum[k] += m->work.part[k];
		if (kernel_before_6_2())
			break;
	}
	for (k = 0; k < 4; k++)
		sum[k] &= ~mask_negative(sum[k]);
}

/* The VMM hands memory to its guest; ranges that touch are one. What is taken back stays known. */
static __always_inline void memory_slot(__u64 start, __u64 bytes, __u32 pid)
{
	struct memory_shared *g = &memory_shared;
	__u32 i;

	if (!config_memory || !bytes)
		return;
	if (g->guest_pid != pid) {
		g->guest_pid = pid;
		g->n_guest = 0;
		__builtin_memset(g->guest_pages, 0, sizeof(g->guest_pages));
	}
	for (i = 0; i < MEMORY_GUEST_MAX && i < g->n_guest; i++) {
		if (start > g->guest[i].end || start + bytes < g->guest[i].start)
			continue;
		if (start < g->guest[i].start)
			g->guest[i].start = start;
		if (start + bytes > g->guest[i].end)
			g->guest[i].end = start + bytes;
		return;
	}
	if (i >= MEMORY_GUEST_MAX)
		return;
	g->guest[i].start = start;
	g->guest[i].end = start + bytes;
	g->n_guest = i + 1;
}

static __always_inline bool memory_is_guest(__u64 address, __u32 pid)
{
	struct memory_shared *g = &memory_shared;
	__u32 i;

	if (g->guest_pid != pid)
		return false;
	for (i = 0; i < MEMORY_GUEST_MAX && i < g->n_guest; i++)
		if (address >= g->guest[i].start && address < g->guest[i].end)
			return true;
	return false;
}

static __always_inline void memory_guest_grew(const __u32 pages[4])
{
	__sync_fetch_and_add(&memory_shared.guest_pages[MEMBER_FILE], pages[MEMBER_FILE]);
	__sync_fetch_and_add(&memory_shared.guest_pages[MEMBER_ANON], pages[MEMBER_ANON]);
	__sync_fetch_and_add(&memory_shared.guest_pages[MEMBER_SHMEM], pages[MEMBER_SHMEM]);
}

/*
 * These four are in memory.bpf.c, and each is verified once, by itself: followed into from every place
 * that calls them they took the verifier most of a second. m is that of this CPU, and what is told is
 * the task on it, which sched_switch has not taken from it yet. They return 0; memory_begin_look(), which
 * is about the task with that address (cpu_state.task), not 0 if there is a look to compare with.
 */
int memory_begin_look(struct memory_state *m, __u64 task, __u64 mm);
int memory_settle_fault(struct memory_state *m, int over);
int memory_look_at_run(struct memory_state *m);
int memory_send(struct memory_state *m, __u64 now);

/* A task's page faults, and one, so that it is never 0. */
static __always_inline __u64 memory_counts(const struct task_struct *task)
{
	return task->min_flt + task->maj_flt + 1;
}

/*
 * KVM takes a vCPU's faults in guest RAM upon itself: no exception is seen of them. What the task's
 * counts grew by in KVM_RUN, less the exceptions, is the guest's.
 */
static __always_inline void memory_enter_run(struct cpu_state *s, __u64 counts)
{
	struct memory_state *m = &s->memory;

	/* As a rule there was no fault since the last time: hundreds of thousands of times a second. */
	if (m->looked != counts) {
		if (!memory_begin_look(m, s->task, memory_mm((struct task_struct *)s->task)))
			return;
		m->looked = counts;
	}
	m->in_run = counts;
	m->run_seen = m->seen;
}

static __always_inline bool memory_is_due(__u64 last, __u64 now)
{
	__u64 period = (now - memory_shared.started) >> MEMORY_PERIOD_SHIFT;

	return now - last >= (period > MEMORY_PERIOD_NS ? period : MEMORY_PERIOD_NS);
}

/* ---- the scheduler --------------------------------------------------------------------------------- */

static __always_inline bool memory_changed(const struct memory_state *m, struct task_struct *task)
{
	return m->pending || task->min_flt != m->minor || task->maj_flt != m->major;
}

/* sched_switch: a task of the run leaves this CPU, one comes on it. */
static __always_inline void memory_leave(struct cpu_state *s, struct task_ctx *c,
					 struct task_struct *task, __u64 now)
{
	struct memory_state *m = &s->memory;

	if (!config_memory)
		return;
	c->memory_fault = 0;
	if (!s->ours)
		return;
	if (m->fault)
		memory_settle_fault(m, 0);
	if (memory_changed(m, task))
		memory_send(m, now);
	/* Asleep in a fault: it is told when the page is there. */
	c->memory_fault = m->fault;
	c->memory_minor = m->fault_minor;
	c->memory_major = m->fault_major;
}

/* in_run: it comes back into KVM_RUN. */
static __always_inline void memory_come_back(struct cpu_state *s, struct task_ctx *c,
					     struct task_struct *task, bool in_run, __u64 now)
{
	struct memory_state *m = &s->memory;

	if (!config_memory)
		return;
	memory_restart(m, task, now);
	if (c->memory_fault && (c->memory_fault & MEMORY_FAULT_KNOWN ||
				memory_begin_look(m, s->task, memory_mm(task)))) {
		m->fault = c->memory_fault;
		m->fault_minor = c->memory_minor;
		m->fault_major = c->memory_major;
	}
	if (in_run)
		memory_enter_run(s, memory_counts(task));
}

/* ---- system calls ---------------------------------------------------------------------------------- */

/* s is the current task's in both. */
static __always_inline void memory_begins_run(struct cpu_state *s)
{
	if (!config_memory || !s->ours)
		return;
	if (s->memory.fault)
		memory_settle_fault(&s->memory, 1);
	memory_enter_run(s, memory_counts(task_of(s)));
}

static __always_inline void memory_ends_run(struct cpu_state *s, __u64 now)
{
	struct memory_state *m = &s->memory;

	if (!config_memory || !s->ours || !m->in_run)
		return;
	if (memory_counts(task_of(s)) != m->in_run)
		memory_look_at_run(m);
	if (m->pending && memory_is_due(m->sent, now))
		memory_send(m, now);
	m->in_run = 0;
}

/* Calls that change what a process has, by more than the faults that they make. */
static __always_inline bool memory_is_call(long nr)
{
	return nr == SYSCALL_munmap || nr == SYSCALL_brk || nr == SYSCALL_mmap ||
	       nr == SYSCALL_madvise || nr == SYSCALL_mremap || nr == SYSCALL_execve ||
	       nr == SYSCALL_execveat || nr == SYSCALL_exit_group || nr == SYSCALL_exit;
}

#define MAP_POPULATE 0x8000
#define MAP_LOCKED 0x2000

static __always_inline __u64 memory_brk(struct task_struct *task)
{
	return KERNEL_READ(task, mm, brk);
}

/* Does it give much back? */
static __always_inline bool memory_shrinks(struct task_struct *task, struct pt_regs *regs, long nr)
{
	__u64 a = PT_REGS_PARM1_SYSCALL(regs), b = PT_REGS_PARM2_SYSCALL(regs);

	if (nr == SYSCALL_mmap)
		return false;
	if (nr == SYSCALL_munmap || nr == SYSCALL_madvise)
		return b >= MEMORY_SHRINK_MIN;
	if (nr == SYSCALL_mremap)
		return b >= PT_REGS_PARM3_SYSCALL(regs) + MEMORY_SHRINK_MIN;
	if (nr == SYSCALL_brk)
		return a && a + MEMORY_SHRINK_MIN <= memory_brk(task);
	return true; /* all of it */
}

/* Before the call: what a fault before it did is told, and how much there was. */
static __always_inline void memory_before_call(struct pt_regs *regs, long nr)
{
	struct cpu_state *s = cpu_state_of_current();
	struct task_struct *task = bpf_get_current_task_btf();
	struct memory_state *m;

	if (!s || !s->ours)
		return;
	m = &s->memory;
	if (!memory_has_seq())
		memory_forget_vmas(m);
	m->looked = 0;
	if (m->fault)
		memory_settle_fault(m, 1);
	if (memory_shrinks(task, regs, nr)) {
		if (memory_changed(m, task))
			memory_send(m, bpf_ktime_get_ns());
		m->pending = 1;
	} else if (nr == SYSCALL_mmap &&
		   PT_REGS_PARM4_SYSCALL(regs) & (MAP_POPULATE | MAP_LOCKED)) {
		m->pending = 1;
	}
}

/* Without KVM nobody tells where guest RAM is but its size, which no other mapping has. */
static __always_inline void memory_mapped(struct pt_regs *regs, __u64 address)
{
	__u64 bytes = PT_REGS_PARM2_SYSCALL(regs);

	if (!memory_shared.asked || bytes != memory_shared.asked || address >= -4096ull ||
	    !(PT_REGS_PARM3_SYSCALL(regs) & 2)) /* PROT_WRITE */
		return;
	memory_slot(address, bytes, bpf_get_current_pid_tgid() >> 32);
}

#endif
