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
#define MEMORY_FAULT_FILE 0x20000000u   /* a write to a private mapping of a file … */
#define MEMORY_FAULT_SHARED 0x10000000u /* … to a shared mapping */
#define MEMORY_ROSE_SHMEM 0x08000000u   /* what it has brought in so far */
#define MEMORY_ROSE_FILE 0x04000000u
#define MEMORY_ROSE_ANON 0x02000000u
#define FAULT_PRESENT 0x1u /* x86: the page is there, its protection was in the way */
#define FAULT_WRITE 0x2u

enum memory_fault {
	FAULT_IS_ANON,
	FAULT_IS_FILE,
	FAULT_IS_READ,
	FAULT_IS_SHMEM,
	FAULT_IS_COW,
	FAULT_IS_GUEST,
};

/* include/linux/mm_types_task.h */
#define MEMBER_FILE 0
#define MEMBER_ANON 1
#define MEMBER_SWAP 2
#define MEMBER_SHMEM 3

extern struct memory_shared memory_shared;

/* Before 6.2 (f1a7941243c1) the counters were one for all CPUs, and each task kept some back. */
struct mm_rss_stat___before_6_2 {
	atomic_long_t count[4];
} __attribute__((preserve_access_index));
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

static __always_inline bool memory_is_old(void)
{
	struct mm_struct___before_6_2 *old = NULL;

	return bpf_core_field_exists(old->rss_stat.count);
}

/* The member is a constant: its offset is relocated. */
#define memory_total(task, member) (((struct mm_struct___6_2 *)(task)->mm)->rss_stat[member].count)
#define memory_part(task, member)                                                                  \
	((__u64)((struct mm_struct___6_2 *)(task)->mm)->rss_stat[member].counters -                \
	 memory_shared.base)

/* What all CPUs have in common. Before 6.2 the verifier does not follow to the counters. */
static __always_inline void memory_totals(struct task_struct *task, __s64 out[4])
{
	struct mm_struct___before_6_2 *old = (void *)task->mm;

	if (memory_is_old()) {
		out[0] = out[1] = out[2] = out[3] = 0;
		bpf_core_read(out, 32, &old->rss_stat.count);
		return;
	}
	out[MEMBER_FILE] = memory_total(task, MEMBER_FILE);
	out[MEMBER_ANON] = memory_total(task, MEMBER_ANON);
	out[MEMBER_SWAP] = memory_total(task, MEMBER_SWAP);
	out[MEMBER_SHMEM] = memory_total(task, MEMBER_SHMEM);
}

/*
 * Where the counters of the task's address space are. Since 6.6 (14ef95be6f55) the four of a CPU lie
 * side by side, before 6.2 those of a task do.
 */
static __always_inline bool memory_bind(struct memory_state *m, struct task_struct *task)
{
	struct task_struct___before_6_2 *old = (void *)task;
	__u64 mm = (__u64)task->mm;

	if (m->mm == mm)
		return mm;
	m->mm = 0;
	m->fault = 0;
	memory_forget_vmas(m);
	if (!mm)
		return false;
	if (memory_is_old()) {
		m->part[0] = bpf_core_field_exists(old->rss_stat) ?
				     (__u64)old + bpf_core_field_offset(old->rss_stat.count) : 0;
		m->together = 1;
	} else {
		if (!memory_shared.ready)
			return false;
		m->part[MEMBER_FILE] = memory_part(task, MEMBER_FILE);
		m->part[MEMBER_ANON] = memory_part(task, MEMBER_ANON);
		m->part[MEMBER_SWAP] = memory_part(task, MEMBER_SWAP);
		m->part[MEMBER_SHMEM] = memory_part(task, MEMBER_SHMEM);
		m->together = m->part[MEMBER_ANON] == m->part[MEMBER_FILE] + 4 &&
			      m->part[MEMBER_SHMEM] == m->part[MEMBER_FILE] + 12;
	}
	m->mm = mm;
	return true;
}

/* The four of one CPU, or, before 6.2, of the task. */
static __always_inline void memory_read(const struct memory_state *m, __u32 cpu, __s32 out[4])
{
	__u64 offset = memory_is_old() ? 0 : memory_shared.addresses[cpu & (MEMORY_CPUS_MAX - 1)];

	out[0] = out[1] = out[2] = out[3] = 0;
	if (m->together) {
		if (m->part[0])
			bpf_probe_read_kernel(out, 16, (void *)(m->part[0] + offset));
		return;
	}
	bpf_probe_read_kernel(&out[0], 4, (void *)(m->part[0] + offset));
	bpf_probe_read_kernel(&out[1], 4, (void *)(m->part[1] + offset));
	bpf_probe_read_kernel(&out[2], 4, (void *)(m->part[2] + offset));
	bpf_probe_read_kernel(&out[3], 4, (void *)(m->part[3] + offset));
}

/* From here on what changes is the next fault's doing. */
static __always_inline void memory_look(struct memory_state *m, struct task_struct *task)
{
	memory_read(m, bpf_get_smp_processor_id(), m->values);
	memory_totals(task, m->totals);
}

static __always_inline __u32 rise_of(__s64 part, __s64 total)
{
	if (part > 0)
		return part;
	/* A fault takes one page off a counter at most: this was carried over to the common part. */
	if (part < -1 && part + total > 0)
		return part + total;
	return 0;
}

/*
 * By how many pages the task's counters rose since the last look, and look again. As much as a batch
 * at once (a huge page) goes to the common part and leaves this CPU's as it was. Only then that one
 * is believed: other CPUs add to it too.
 */
static __always_inline bool memory_rises(struct memory_state *m, struct task_struct *task,
					 __u32 pages[4])
{
	__s32 part[4];
	__s64 total[4];
	int k;

	for (k = 0; k < 4; k++) {
		part[k] = m->values[k];
		total[k] = m->totals[k];
	}
	memory_look(m, task);
	for (k = 0; k < 4; k++) {
		part[k] = m->values[k] - part[k];
		total[k] = m->totals[k] - total[k];
		pages[k] = k == MEMBER_SWAP ? 0 : rise_of(part[k], total[k]);
	}
	if (pages[MEMBER_FILE] | pages[MEMBER_ANON] | pages[MEMBER_SHMEM])
		return true;
	for (k = 0; k < 4; k++)
		if (k != MEMBER_SWAP && !part[k] && total[k] > 0)
			pages[k] = total[k];
	return pages[MEMBER_FILE] | pages[MEMBER_ANON] | pages[MEMBER_SHMEM];
}

/* In pages: of all CPUs. */
static __always_inline void memory_sums(const struct memory_state *m, struct task_struct *task,
					__s64 sums[4])
{
	__s32 part[4];
	__u32 cpu;
	int k;

	memory_totals(task, sums);
	for (cpu = 0; cpu < MEMORY_CPUS_MAX && cpu < config_memory_cpus; cpu++) {
		memory_read(m, cpu, part);
		for (k = 0; k < 4; k++)
			sums[k] += part[k];
		if (memory_is_old())
			break;
	}
	for (k = 0; k < 4; k++)
		sums[k] = sums[k] > 0 ? sums[k] : 0;
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
 * What the last fault was, now that it is over. over: it certainly is; else the kernel has counted it,
 * or it goes on: it may be waiting for its page to be read. What it brought in so far is remembered.
 */
static __always_inline void memory_settle_fault(struct memory_state *m, struct task_struct *task,
						bool over)
{
	__u32 fault = m->fault, pages[4];

	if (!fault || (__u64)task->mm != m->mm) {
		m->fault = 0;
		return;
	}
	if (memory_rises(m, task, pages)) {
		fault |= (pages[MEMBER_SHMEM] ? MEMORY_ROSE_SHMEM : 0) |
			 (pages[MEMBER_FILE] ? MEMORY_ROSE_FILE : 0) |
			 (pages[MEMBER_ANON] ? MEMORY_ROSE_ANON : 0);
		if (fault & MEMORY_FAULT_GUEST)
			memory_guest_grew(pages);
	}
	m->fault = fault;
	if (!over && (__u32)task->min_flt == m->fault_minor &&
	    (__u32)task->maj_flt == m->fault_major)
		return;
	m->fault = 0;
	if (fault & MEMORY_FAULT_GUEST)
		m->faults[FAULT_IS_GUEST]++;
	else if ((fault & (FAULT_PRESENT | FAULT_WRITE)) == (FAULT_PRESENT | FAULT_WRITE))
		m->faults[fault & MEMORY_FAULT_SHARED ? FAULT_IS_FILE : FAULT_IS_COW]++;
	else if (fault & MEMORY_ROSE_SHMEM)
		m->faults[FAULT_IS_SHMEM]++;
	else if (fault & MEMORY_ROSE_FILE)
		m->faults[(__u32)task->maj_flt != m->fault_major ? FAULT_IS_READ : FAULT_IS_FILE]++;
	else if (fault & MEMORY_ROSE_ANON)
		m->faults[fault & MEMORY_FAULT_FILE ? FAULT_IS_COW : FAULT_IS_ANON]++;
}

/*
 * KVM takes a vCPU's faults in guest RAM upon itself: no exception is seen of them. What the task's
 * counts grew by in KVM_RUN, less the exceptions, is the guest's.
 */
static __always_inline void memory_enter_run(struct memory_state *m, struct task_struct *task)
{
	if (m->fault)
		memory_settle_fault(m, task, true);
	if (!memory_bind(m, task))
		return;
	memory_look(m, task);
	m->in_run = task->min_flt + task->maj_flt + 1;
	m->run_seen = m->seen;
}

static __noinline void memory_look_at_run(struct memory_state *m, struct task_struct *task)
{
	__u64 faults = task->min_flt + task->maj_flt + 1 - m->in_run, seen = m->seen - m->run_seen;
	__u32 pages[4];

	if (!m->in_run || faults <= seen || m->mm != (__u64)task->mm)
		return;
	memory_rises(m, task, pages);
	memory_guest_grew(pages);
	m->faults[FAULT_IS_GUEST] += faults - seen;
	m->in_run += faults;
	m->run_seen = m->seen;
	m->pending = 1;
}

static __always_inline bool memory_is_due(__u64 last, __u64 now)
{
	__u64 period = (now - memory_shared.started) >> MEMORY_PERIOD_SHIFT;

	return now - last >= (period > MEMORY_PERIOD_NS ? period : MEMORY_PERIOD_NS);
}

static __always_inline void memory_fill(struct wire_rss *b, struct memory_state *m,
					struct task_struct *task)
{
	struct memory_shared *g = &memory_shared;
	__u64 address = 0;
	__s64 sums[4];

	__builtin_memset(b, 0, sizeof(*b));
	b->minor = task->min_flt - m->minor;
	b->major = task->maj_flt - m->major;
	b->faults_anon = m->faults[FAULT_IS_ANON];
	b->faults_file = m->faults[FAULT_IS_FILE];
	b->faults_read = m->faults[FAULT_IS_READ];
	b->faults_shmem = m->faults[FAULT_IS_SHMEM];
	b->faults_cow = m->faults[FAULT_IS_COW];
	b->faults_guest = m->faults[FAULT_IS_GUEST];
	b->dropped = g->dropped;
	if (!memory_bind(m, task))
		return;
	/* An identity, not an address of the kernel's; read anew, as a number. */
	bpf_core_read(&address, sizeof(address), &task->mm);
	b->mm = (address >> 6) * 0x9e3779b97f4a7c15ull >> 32;
	b->known = 1;
	memory_sums(m, task, sums);
	b->anon = (__u64)sums[MEMBER_ANON] << config_page_shift;
	b->file = (__u64)sums[MEMBER_FILE] << config_page_shift;
	b->shmem = (__u64)sums[MEMBER_SHMEM] << config_page_shift;
	b->swap = (__u64)sums[MEMBER_SWAP] << config_page_shift;
	b->page_tables = task->mm->pgtables_bytes.counter;
	b->most = task->mm->hiwater_rss << config_page_shift;
	if (!g->n_guest || g->guest_pid != (__u32)task->tgid)
		return;
	b->known |= 2;
	b->guest_anon = g->guest_pages[MEMBER_ANON] << config_page_shift;
	b->guest_file = g->guest_pages[MEMBER_FILE] << config_page_shift;
	b->guest_shmem = g->guest_pages[MEMBER_SHMEM] << config_page_shift;
}

/* After the first byte the ring is emptied now and then only: how many it may have is bounded. */
static __always_inline bool memory_may_send(__u64 now)
{
	struct memory_shared *g = &memory_shared;

	if (control.timed || g->untimed_sent < MEMORY_UNTIMED_MAX ||
	    now - g->untimed >= MEMORY_UNTIMED_NS) {
		g->untimed_sent += !control.timed;
		g->untimed = now;
		return true;
	}
	__sync_fetch_and_add(&g->dropped, 1);
	return false;
}

/* One record for all that happened since the last. The fault that is begun has been settled. */
static __noinline void memory_send(struct memory_state *m, struct task_struct *task, __u64 now)
{
	WIRE_RECORD(rss) *r;

	memory_look_at_run(m, task);
	m->sent = now;
	if (!memory_may_send(now))
		return;
	r = record_reserve_at(WIRE_RSS, sizeof(*r), now);
	if (!r)
		return;
	r->head.tid = task->pid;
	r->head.pid = task->tgid;
	memory_fill(&r->body, m, task);
	record_submit(r);
	__builtin_memset(m->faults, 0, sizeof(m->faults));
	m->minor = task->min_flt;
	m->major = task->maj_flt;
	m->pending = m->seen = m->run_seen = 0;
	if (m->in_run)
		m->in_run = task->min_flt + task->maj_flt + 1;
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
		memory_settle_fault(m, task, false);
	if (memory_changed(m, task))
		memory_send(m, task, now);
	/* Asleep in a fault: it is told when the page is there. */
	c->memory_fault = m->fault;
	c->memory_minor = m->fault_minor;
	c->memory_major = m->fault_major;
}

#define MEMORY_KVM_RUN 0xae80

static __always_inline void memory_come_back(struct cpu_state *s, struct task_ctx *c,
					     struct task_struct *task, __u64 now)
{
	struct memory_state *m = &s->memory;

	if (!config_memory)
		return;
	memory_restart(m, task, now);
	if (c->memory_fault && memory_bind(m, task)) {
		memory_look(m, task);
		m->fault = c->memory_fault;
		m->fault_minor = c->memory_minor;
		m->fault_major = c->memory_major;
	}
	if (c->vcpu && c->telling_enter && (__u32)c->arg[1] == MEMORY_KVM_RUN)
		memory_enter_run(m, task);
}

/* ---- system calls ---------------------------------------------------------------------------------- */

static __always_inline void memory_begins_run(void)
{
	struct cpu_state *s = config_memory ? cpu_state_of_current() : NULL;

	if (s && s->ours)
		memory_enter_run(&s->memory, bpf_get_current_task_btf());
}

static __always_inline void memory_ends_run(__u64 now)
{
	struct cpu_state *s = config_memory ? cpu_state_of_current() : NULL;
	struct task_struct *task = bpf_get_current_task_btf();
	struct memory_state *m;

	if (!s || !s->ours || !s->memory.in_run)
		return;
	m = &s->memory;
	memory_look_at_run(m, task);
	if (m->pending && memory_is_due(m->sent, now))
		memory_send(m, task, now);
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
		return a && task->mm && a + MEMORY_SHRINK_MIN <= task->mm->brk;
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
	memory_forget_vmas(m);
	if (m->fault)
		memory_settle_fault(m, task, true);
	if (memory_shrinks(task, regs, nr)) {
		if (memory_changed(m, task))
			memory_send(m, task, bpf_ktime_get_ns());
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
