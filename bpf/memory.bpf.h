/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.bpf.h - how a task's memory grows: what sched_switch and the probes of memory.bpf.c share.
 *
 * Nothing is sent for each fault or each change of a counter. Both only mark what the task on this
 * CPU did; the record that sums it up goes out when it leaves the CPU, or when a period is over.
 */
#ifndef COLDPROF_MEMORY_BPF_H
#define COLDPROF_MEMORY_BPF_H

#include "bpf/probe.bpf.h"

extern const volatile bool config_memory;
extern const volatile __u32 config_memory_cpus;
extern const volatile __u32 config_page_shift;

#define MEMORY_PERIOD_NS 1000000
#define MEMORY_PERIOD_SHIFT 10        /* of a long run: 1/1024 of its age */
#define MEMORY_LOOK_EVERY 16          /* changes between two looks at the clock; power of two */
#define MEMORY_UNTIMED_NS 5000000     /* after the first byte: at most so often */

/* memory_state.fault */
#define MEMORY_FAULT 0x80000000u
#define MEMORY_FAULT_GUEST 0x40000000u
#define MEMORY_FAULT_KERNEL 0x20000000u
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

/* The head of a per-CPU array map, up to where its first element's base is. */
struct bpf_array___base {
	void *pptrs[0];
} __attribute__((preserve_access_index));

/*
 * The address of a per-CPU variable on a CPU is its base and that CPU's offset. The kernel's table
 * of offsets has no address on kernels without CONFIG_KALLSYMS_ALL; a map of our own has both.
 */
static __always_inline void memory_find_cpus(void)
{
	__u8 head[360];
	__u32 zero = 0, cpu, offset = bpf_core_field_offset(struct bpf_array___base, pptrs);

	if (offset > sizeof(head) - 8)
		return;
	if (bpf_probe_read_kernel(head, offset + 8, &cpus))
		return;
	if (bpf_probe_read_kernel(&memory_shared.base, 8, head + offset))
		return;
	for (cpu = 0; cpu < MEMORY_CPUS_MAX && cpu < config_memory_cpus; cpu++)
		*(void *volatile *)&memory_shared.addresses[cpu] =
			bpf_map_lookup_percpu_elem(&cpus, &zero, cpu);
	memory_shared.ready = 1;
}

/*
 * By hand: an index that the compiler does not know before it inlines is multiplied with the size of
 * our struct, not the kernel's.
 */
static __always_inline __u64 percpu_pages(__u64 mm, int member)
{
	__u64 at = mm + bpf_core_field_offset(struct mm_struct___6_2, rss_stat) +
		   member * bpf_core_type_size(struct percpu_counter___6_2);
	__u64 part = 0;
	__s64 sum = 0;
	__s32 value;
	__u32 cpu;

	bpf_probe_read_kernel(&sum, sizeof(sum),
			      (void *)(at + bpf_core_field_offset(struct percpu_counter___6_2,
								  count)));
	bpf_probe_read_kernel(&part, sizeof(part),
			      (void *)(at + bpf_core_field_offset(struct percpu_counter___6_2,
								  counters)));
	part -= memory_shared.base;
	for (cpu = 0; cpu < MEMORY_CPUS_MAX && cpu < config_memory_cpus; cpu++) {
		value = 0;
		bpf_probe_read_kernel(&value, sizeof(value),
				      (void *)(part + memory_shared.addresses[cpu]));
		sum += value;
	}
	return sum > 0 ? sum : 0;
}

static __always_inline __u64 old_pages(struct mm_struct *mm, struct task_struct *task, int member)
{
	struct mm_struct___before_6_2 *old_mm = (void *)mm;
	struct task_struct___before_6_2 *old_task = (void *)task;
	__s64 sum = BPF_CORE_READ(old_mm, rss_stat.count[member].counter);

	if (bpf_core_field_exists(old_task->rss_stat))
		sum += BPF_CORE_READ(old_task, rss_stat.count[member]);
	return sum > 0 ? sum : 0;
}

/* address is that of task->mm, as a number. */
static __always_inline __u64 memory_bytes(__u64 address, struct task_struct *task, int member)
{
	struct mm_struct___before_6_2 *old = NULL;
	__u64 pages;

	if (bpf_core_field_exists(old->rss_stat.count))
		pages = old_pages(task->mm, task, member);
	else
		pages = percpu_pages(address, member);
	return pages << config_page_shift;
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

/* What the last fault was, now that it is over. Without an event of a counter nobody can tell. */
static __always_inline void memory_settle_fault(struct memory_state *m, struct task_struct *task)
{
	__u32 fault = m->fault, members = m->members;
	bool major = task->maj_flt != m->fault_major;

	m->fault = 0;
	m->members = 0;
	if (!(fault & MEMORY_FAULT))
		return;
	if (fault & MEMORY_FAULT_GUEST)
		m->faults[FAULT_IS_GUEST]++;
	else if ((fault & (FAULT_PRESENT | FAULT_WRITE)) == (FAULT_PRESENT | FAULT_WRITE))
		m->faults[FAULT_IS_COW]++;
	else if (members & (1 << MEMBER_SHMEM))
		m->faults[FAULT_IS_SHMEM]++;
	else if (members & (1 << MEMBER_FILE))
		m->faults[major ? FAULT_IS_READ : FAULT_IS_FILE]++;
	else if (members & (1 << MEMBER_ANON))
		m->faults[FAULT_IS_ANON]++;
}

static __always_inline bool memory_is_due(__u64 last, __u64 now)
{
	__u64 period = (now - memory_shared.started) >> MEMORY_PERIOD_SHIFT;

	return now - last >= (period > MEMORY_PERIOD_NS ? period : MEMORY_PERIOD_NS);
}

static __always_inline void memory_fill(struct wire_rss *b, struct memory_state *m,
					struct task_struct *task)
{
	struct mm_struct___before_6_2 *old;
	struct mm_struct *mm = task->mm;
	struct task_ctx *c;
	__u64 address = 0;
	__u32 seen;

	__builtin_memset(b, 0, sizeof(*b));
	b->minor = task->min_flt - m->minor;
	b->major = task->maj_flt - m->major;
	b->faults_anon = m->faults[FAULT_IS_ANON];
	b->faults_file = m->faults[FAULT_IS_FILE];
	b->faults_read = m->faults[FAULT_IS_READ];
	b->faults_shmem = m->faults[FAULT_IS_SHMEM];
	b->faults_cow = m->faults[FAULT_IS_COW];
	b->faults_guest = m->faults[FAULT_IS_GUEST];
	/* KVM takes a vCPU's faults in guest RAM upon itself: no exception is seen of them. */
	seen = m->seen < b->minor + b->major ? m->seen : b->minor + b->major;
	c = ctx_of(task);
	if (c && c->vcpu)
		b->faults_guest += b->minor + b->major - seen;
	old = (void *)mm;
	if (!mm || (!memory_shared.ready && !bpf_core_field_exists(old->rss_stat.count)))
		return;
	/* An identity, not an address of the kernel's; read anew, as a number. */
	bpf_core_read(&address, sizeof(address), &task->mm);
	b->mm = (address >> 6) * 0x9e3779b97f4a7c15ull >> 32;
	b->known = 1;
	b->anon = memory_bytes(address, task, MEMBER_ANON);
	b->file = memory_bytes(address, task, MEMBER_FILE);
	b->shmem = memory_bytes(address, task, MEMBER_SHMEM);
	b->swap = memory_bytes(address, task, MEMBER_SWAP);
	b->page_tables = BPF_CORE_READ(mm, pgtables_bytes.counter);
}

/* One record for all that happened since the last. */
static __always_inline void memory_send(struct memory_state *m, struct task_struct *task, __u64 now)
{
	WIRE_RECORD(rss) *r;

	memory_settle_fault(m, task);
	if (!control.timed) {
		if (now - memory_shared.untimed < MEMORY_UNTIMED_NS)
			return;
		memory_shared.untimed = now;
	}
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
	m->pending = m->seen = 0;
	m->sent = now;
}

/* sched_switch: a task of the run leaves this CPU, one comes on it. */
static __always_inline void memory_leave(struct cpu_state *s, struct task_struct *task, __u64 now)
{
	if (config_memory && s->ours && s->memory.pending)
		memory_send(&s->memory, task, now);
}

static __always_inline void memory_come_back(struct cpu_state *s, struct task_struct *task,
					     __u64 now)
{
	if (config_memory)
		memory_restart(&s->memory, task, now);
}

#endif
