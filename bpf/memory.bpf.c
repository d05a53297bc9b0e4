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
	__u32 flags = 0;
	__u64 now;

	/* The upper half is the kernel's. */
	if (!s || (__s64)address < 0)
		return;
	if (memory_shared.run != control.run)
		begin();
	task = bpf_get_current_task_btf();
	m = &s->memory;
	if (m->mm != (__u64)task->mm && !memory_bind(m, task))
		return;
	if (m->in_run)
		memory_look_at_run(m, task);
	if (m->fault)
		memory_settle_fault(m, task, true);
	else
		memory_look(m, task);
	/* Reading the clock costs more than all of this. */
	if (!(++m->looks & (MEMORY_LOOK_EVERY - 1))) {
		now = bpf_ktime_get_ns();
		if (memory_is_due(m->sent, now))
			memory_send(m, task, now);
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
	if (!s || task->mm != mm)
		return 0;
	if (memory_shared.run != control.run)
		begin();
	m = &s->memory;
	m->pending = 1;
	if (++m->looks & (MEMORY_LOOK_EVERY - 1))
		return 0;
	now = bpf_ktime_get_ns();
	if (memory_is_due(m->sent, now))
		memory_send(m, task, now);
	return 0;
}
