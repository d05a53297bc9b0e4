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
	if (!g->ready && !kernel_before_6_2())
		memory_find_cpus();
}

/* Has the kernel counted it? What failed it has not, nor what goes on: it may wait for its page. */
static __always_inline bool fault_is_counted(const struct memory_state *m, struct task_struct *task)
{
	return (__u32)task->min_flt != m->fault_minor || (__u32)task->maj_flt != m->fault_major;
}

static __always_inline void count_known(struct memory_state *m, struct task_struct *task)
{
	__u32 kind = m->fault >> MEMORY_FAULT_KIND & 7;

	if (kind == FAULT_IS_FILE && (__u32)task->maj_flt != m->fault_major)
		kind = FAULT_IS_READ;
	if (kind < FAULT_IS_NOTHING)
		m->faults[kind]++;
}

/*
 * The same of one whose mapping is not known (too old a kernel, guest RAM, devices): what it brought in
 * is told by the counters, and remembered while it goes on. m->mm is the task's.
 */
static __always_inline void follow_unknown(struct memory_state *m)
{
	const __u32 *rose = m->work.rose;
	__u32 fault = m->fault;

	if (!memory_rises(m))
		return;
	fault |= (rose[MEMBER_SHMEM] ? MEMORY_ROSE_SHMEM : 0) |
		 (rose[MEMBER_FILE] ? MEMORY_ROSE_FILE : 0) |
		 (rose[MEMBER_ANON] ? MEMORY_ROSE_ANON : 0);
	if (fault & MEMORY_FAULT_GUEST)
		memory_guest_grew(rose);
	m->fault = fault;
}

static __always_inline void count_unknown(struct memory_state *m, struct task_struct *task)
{
	__u32 fault = m->fault;

	if (fault & MEMORY_FAULT_GUEST)
		m->faults[FAULT_IS_GUEST]++;
	else if ((fault & (FAULT_PRESENT | FAULT_WRITE)) == (FAULT_PRESENT | FAULT_WRITE))
		m->faults[FAULT_IS_COW]++;
	else if (fault & MEMORY_ROSE_SHMEM)
		m->faults[FAULT_IS_SHMEM]++;
	else if (fault & MEMORY_ROSE_FILE)
		m->faults[(__u32)task->maj_flt != m->fault_major ? FAULT_IS_READ : FAULT_IS_FILE]++;
	else if (fault & MEMORY_ROSE_ANON)
		m->faults[FAULT_IS_ANON]++;
}

/* What the last fault was. over: it certainly is, counted or not; else it is if it was counted. */
static __always_inline void settle_known(struct memory_state *m, struct task_struct *task, bool over)
{
	bool counted = fault_is_counted(m, task);

	if (counted)
		count_known(m, task);
	if (counted || over)
		m->fault = 0;
}

int memory_settle_fault(struct memory_state *m, int over)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (!m || !m->fault)
		return 0;
	if (m->fault & MEMORY_FAULT_KNOWN) {
		settle_known(m, task, over);
		return 0;
	}
	if (memory_mm(task) != m->mm) {
		m->fault = 0;
		return 0;
	}
	follow_unknown(m);
	if (!over && !fault_is_counted(m, task))
		return 0;
	count_unknown(m, task);
	m->fault = 0;
	return 0;
}

int memory_begin_look(struct memory_state *m, __u64 task, __u64 mm)
{
	if (!m || !memory_bind(m, task, mm))
		return 0;
	memory_look(m);
	return 1;
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
	memory_rises(m);
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
	if (!memory_bind(m, (__u64)task, memory_mm(task)))
		return;
	/* An identity, not an address of the kernel's. */
	b->mm = (m->mm >> 6) * 0x9e3779b97f4a7c15ull >> 32;
	b->known = 1;
	memory_sums(m, task);
	b->anon = (__u64)sums[MEMBER_ANON] << config_page_shift;
	b->file = (__u64)sums[MEMBER_FILE] << config_page_shift;
	b->shmem = (__u64)sums[MEMBER_SHMEM] << config_page_shift;
	b->swap = (__u64)sums[MEMBER_SWAP] << config_page_shift;
	b->page_tables = KERNEL_READ(task, mm, pgtables_bytes.counter);
	b->most = KERNEL_READ(task, mm, hiwater_rss) << config_page_shift;
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
	r = record_reserve_of(WIRE_RSS, sizeof(*r), now, task->pid, task->tgid);
	if (!r)
		return 0;
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

/* What a mapping is of. None of these: it is not known, or no memory that the counters count. */
#define MAPPING_ANON 1u
#define MAPPING_FILE 2u
#define MAPPING_SHMEM 4u
#define MAPPING_SHARED 8u

/* One that is known, else one that was not asked for since the address space has changed. */
int memory_find_mapping(struct memory_state *m, __u64 mm, __u64 address)
{
	struct vma_answer a = {};
	__u32 place;

	if (!m)
		return 0;
	for (place = 0; place < MEMORY_VMAS; place++)
		if (address - m->vma[place].start < m->vma[place].bytes) {
			m->vma_last = place;
			return m->vma[place].flags;
		}
	if (!vma_find(&a, mm, address))
		return 0;
	place = m->vma_next++ & (MEMORY_VMAS - 1);
	m->vma_last = place;
	m->vmas = 1;
	m->vma[place].start = a.start;
	m->vma[place].bytes = a.end - a.start;
	m->vma[place].flags = a.special ? 0 : (a.shared ? MAPPING_SHARED : 0) |
			      (a.shmem ? MAPPING_SHMEM : a.file ? MAPPING_FILE : MAPPING_ANON);
	return m->vma[place].flags;
}

static __always_inline __u32 mapping_of(struct memory_state *m, struct task_struct *task, __u64 mm,
					__u64 address)
{
	__u32 seq = memory_seq(mm), i;

	if (m->vma_mm != mm || m->vma_seq != seq || m->vma_pid != (__u32)task->tgid) {
		memory_forget_vmas(m);
		m->vma_mm = mm;
		m->vma_seq = seq;
		m->vma_pid = task->tgid;
	}
	/* As a rule it is where the last one was. */
	i = m->vma_last & (MEMORY_VMAS - 1);
	if (address - m->vma[i].start < m->vma[i].bytes)
		return m->vma[i].flags;
	return memory_find_mapping(m, mm, address);
}

/* What a fault there will turn out to be. */
static __always_inline __u32 kind_of(__u32 mapping, __u32 code)
{
	if (code & FAULT_PRESENT)
		return !(code & FAULT_WRITE) ? FAULT_IS_NOTHING :
		       mapping & MAPPING_SHARED ? FAULT_IS_FILE : FAULT_IS_COW;
	if (mapping & MAPPING_ANON)
		return code & FAULT_WRITE ? FAULT_IS_ANON : FAULT_IS_NOTHING;
	if (code & FAULT_WRITE && !(mapping & MAPPING_SHARED))
		return FAULT_IS_COW;
	return mapping & MAPPING_SHMEM ? FAULT_IS_SHMEM : FAULT_IS_FILE;
}

static __always_inline void on_fault(const void *place, __u64 address, __u64 code)
{
	/* The upper half is the kernel's. */
	struct cpu_state *s = (__s64)address < 0 ? NULL : cpu_state_on(place);
	struct task_struct *task;
	struct memory_state *m;
	__u32 mapping = 0, flags;
	__u64 mm, now;

	if (!s || !s->ours)
		return;
	task = task_of(s);
	mm = memory_mm(task);
	if (!mm)
		return;
	if (memory_shared.run != control.run)
		begin();
	m = &s->memory;
	if (m->in_run)
		memory_look_at_run(m);
	if (m->fault & MEMORY_FAULT_KNOWN)
		settle_known(m, task, true);
	else if (m->fault)
		memory_settle_fault(m, 1);
	/* Reading the clock costs more than all of this. */
	if (!(++m->looks & (MEMORY_LOOK_EVERY - 1))) {
		now = bpf_ktime_get_ns();
		if (memory_is_due(m->sent, now))
			memory_send(m, now);
	}
	code &= FAULT_PRESENT | FAULT_WRITE;
	flags = MEMORY_FAULT | code;
	if (memory_shared.n_guest && memory_is_guest(address, task->tgid))
		flags |= MEMORY_FAULT_GUEST;
	else
		mapping = mapping_of(m, task, mm, address);
	/* A vCPU in KVM_RUN has its counters looked at anyway. */
	if (mapping && !m->in_run)
		flags |= MEMORY_FAULT_KNOWN | kind_of(mapping, code) << MEMORY_FAULT_KIND;
	else if (!memory_begin_look(m, s->task, mm))
		return;
	m->pending = 1;
	m->seen++;
	m->fault_minor = task->min_flt;
	m->fault_major = task->maj_flt;
	m->fault = flags;
}

/* x86 only; elsewhere faults are counted and not told apart, but those in KVM_RUN. */
SEC("tp_btf/page_fault_user")
int BPF_PROG(on_fault_user, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(ctx, address, code);
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(on_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(ctx, address, code);
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
