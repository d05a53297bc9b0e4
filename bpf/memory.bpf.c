// SPDX-License-Identifier: GPL-2.0-only
/* memory.bpf.c - the page faults of the run: what they did, and with them how its memory grows. */
#include "bpf/memory.bpf.h"
#include "bpf/vma.bpf.h"

const volatile bool config_memory = false;
const volatile __u32 config_memory_cpus = 1;
const volatile __u32 config_page_shift = 12;
struct memory_shared memory_shared = {};

/* The state of this CPU when a task of the run is on it. */
static __always_inline struct cpu_state *state_of_ours(void)
{
	struct cpu_state *s = cpu_state_of_current();

	return s && s->ours ? s : NULL;
}

/* The head of a per-CPU array map, up to where its first element's base is. */
struct bpf_array___base {
	void *pptrs[0];
} __attribute__((preserve_access_index));

/*
 * The address of a per-CPU variable on a CPU is its base and that CPU's offset. The kernel's table
 * of offsets has no address on kernels without CONFIG_KALLSYMS_ALL; a map of our own has both.
 */
static __noinline int memory_find_cpus(void)
{
	__u8 head[360];
	__u32 zero = 0, cpu, offset = bpf_core_field_offset(struct bpf_array___base, pptrs);

	if (offset > sizeof(head) - 8 || config_memory_cpus > MEMORY_CPUS_MAX)
		return 0;
	if (bpf_probe_read_kernel(head, offset + 8, &cpus))
		return 0;
	if (bpf_probe_read_kernel(&memory_shared.base, 8, head + offset))
		return 0;
	for (cpu = 0; cpu < MEMORY_CPUS_MAX && cpu < config_memory_cpus; cpu++)
		*(void *volatile *)&memory_shared.addresses[cpu] =
			bpf_map_lookup_percpu_elem(&cpus, &zero, cpu);
	memory_shared.ready = 1;
	return 1;
}

static __always_inline void begin(void)
{
	struct memory_shared *g = &memory_shared;

	g->run = control.run;
	g->started = bpf_ktime_get_ns();
	g->guest_pid = g->n_guest = 0;
	g->untimed_sent = 0;
	g->dropped = 0;
	if (!g->ready && !memory_is_old())
		memory_find_cpus();
}

/*
 * What the last fault was, now that it is over. over: it certainly is; else the kernel has counted it,
 * or it goes on: it may be waiting for its page to be read. What it brought in so far is remembered.
 * mm as in memory_look(); it is the task's.
 */
static __always_inline void settle_fault(struct memory_state *m, struct task_struct *task,
					 struct mm_struct *mm, bool over)
{
	const __u32 *rose = m->work.rose;
	__u32 fault = m->fault;

	if (!fault)
		return;
	if (memory_rises(m, mm)) {
		fault |= (rose[MEMBER_SHMEM] ? MEMORY_ROSE_SHMEM : 0) |
			 (rose[MEMBER_FILE] ? MEMORY_ROSE_FILE : 0) |
			 (rose[MEMBER_ANON] ? MEMORY_ROSE_ANON : 0);
		if (fault & MEMORY_FAULT_GUEST)
			memory_guest_grew(rose);
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

int memory_settle_fault(struct memory_state *m, int over)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!m)
		return 0;
	if (memory_mm(task) == m->mm)
		settle_fault(m, task, NULL, over);
	else
		m->fault = 0;
	return 0;
}

int memory_look_at_run(struct memory_state *m)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 faults, seen;

	if (!m || !m->in_run)
		return 0;
	faults = task->min_flt + task->maj_flt + 1 - m->in_run;
	seen = m->seen - m->run_seen;
	if (faults <= seen || m->mm != memory_mm(task))
		return 0;
	memory_rises(m, NULL);
	memory_guest_grew(m->work.rose);
	m->faults[FAULT_IS_GUEST] += faults - seen;
	m->in_run += faults;
	m->run_seen = m->seen;
	m->pending = 1;
	return 0;
}

static __always_inline void memory_fill(struct wire_rss *b, struct memory_state *m,
					struct task_struct *task)
{
	struct memory_shared *g = &memory_shared;
	const __s64 *sums = m->work.sum;

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
	/* An identity, not an address of the kernel's. */
	b->mm = (m->mm >> 6) * 0x9e3779b97f4a7c15ull >> 32;
	b->known = 1;
	memory_sums(m, task);
	b->anon = (__u64)sums[MEMBER_ANON] << config_page_shift;
	b->file = (__u64)sums[MEMBER_FILE] << config_page_shift;
	b->shmem = (__u64)sums[MEMBER_SHMEM] << config_page_shift;
	b->swap = (__u64)sums[MEMBER_SWAP] << config_page_shift;
	b->page_tables = BPF_CORE_READ(task, mm, pgtables_bytes.counter);
	b->most = BPF_CORE_READ(task, mm, hiwater_rss) << config_page_shift;
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
int memory_send(struct memory_state *m, __u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	WIRE_RECORD(rss) *r;

	if (!m)
		return 0;
	memory_look_at_run(m);
	m->sent = now;
	if (!memory_may_send(now))
		return 0;
	r = record_reserve_at(WIRE_RSS, sizeof(*r), now);
	if (!r)
		return 0;
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
	return 0;
}

/* Where a write goes: to a copy of a file's page, to a page that others see, or neither. */
static __always_inline __u32 mapping_of(struct memory_state *m, __u64 address)
{
	struct vma_answer a = {};
	__u32 place = (address >> 21 ^ address >> 32) & (MEMORY_VMAS - 1);

	if (address >= m->vma[place].start && address < m->vma[place].end)
		return m->vma[place].flags;
	if (!vma_find(&a, m->mm, address))
		return 0;
	m->vmas = 1;
	m->vma[place].start = a.start;
	m->vma[place].end = a.end;
	m->vma[place].flags = a.shared ? MEMORY_FAULT_SHARED : a.file ? MEMORY_FAULT_FILE : 0;
	return m->vma[place].flags;
}

static __always_inline void on_fault(__u64 address, __u64 code)
{
	struct cpu_state *s = state_of_ours();
	struct memory_state *m;
	struct task_struct *task;
	struct mm_struct *mm;
	__u32 flags = 0;
	__u64 now;

	/* The upper half is the kernel's. */
	if (!s || (__s64)address < 0)
		return;
	if (memory_shared.run != control.run)
		begin();
	task = bpf_get_current_task_btf();
	m = &s->memory;
	/* The most frequent of all probes: here, and only here, the kernel's types pay. */
	mm = task->mm;
	if (!mm || ((__u64)mm != m->mm && !memory_bind(m, task)))
		return;
	if (m->in_run)
		memory_look_at_run(m);
	if (m->fault)
		settle_fault(m, task, mm, true);
	else
		memory_look(m, mm);
	/* Reading the clock costs more than all of this. */
	if (!(++m->looks & (MEMORY_LOOK_EVERY - 1))) {
		now = bpf_ktime_get_ns();
		if (memory_is_due(m->sent, now))
			memory_send(m, now);
	}
	m->pending = 1;
	m->seen++;
	m->fault_minor = task->min_flt;
	m->fault_major = task->maj_flt;
	if (memory_shared.n_guest && memory_is_guest(address, task->tgid))
		flags = MEMORY_FAULT_GUEST;
	else if (code & FAULT_WRITE)
		flags = mapping_of(m, address);
	m->fault = MEMORY_FAULT | flags | (code & (FAULT_PRESENT | FAULT_WRITE));
}

/* x86 only; elsewhere faults are counted and not told apart, but those in KVM_RUN. */
SEC("tp_btf/page_fault_user")
int BPF_PROG(on_fault_user, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(address, code);
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(on_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(address, code);
	return 0;
}

/*
 * Only where the two above are not: so that a task which keeps its CPU is seen to grow. Each change of
 * a counter costs a run of it.
 */
SEC("tp_btf/rss_stat")
int BPF_PROG(on_rss_stat, struct mm_struct *mm)
{
	struct cpu_state *s = state_of_ours();
	struct task_struct *task = bpf_get_current_task_btf();
	struct memory_state *m;
	__u64 now;

	/* A child's memory while it is made, an image that is not executed yet: not the task's own. */
	if (!s || memory_mm(task) != (__u64)mm)
		return 0;
	if (memory_shared.run != control.run)
		begin();
	m = &s->memory;
	m->pending = 1;
	if (++m->looks & (MEMORY_LOOK_EVERY - 1))
		return 0;
	now = bpf_ktime_get_ns();
	if (memory_is_due(m->sent, now))
		memory_send(m, now);
	return 0;
}
