// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.bpf.c - the changes of a task's memory: its counters and its page faults.
 *
 * What a fault did is told by the counters that change before the next one: the kernel has no event
 * for a fault's end. The kernel's own counts of faults (min_flt, maj_flt) go with them, so what
 * could not be told is known by number.
 */
#include "bpf/memory.bpf.h"

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

static __always_inline void begin(__u64 now)
{
	struct mm_struct___before_6_2 *old = NULL;

	memory_shared.run = control.run;
	memory_shared.started = now;
	if (!memory_shared.ready && !bpf_core_field_exists(old->rss_stat.count))
		memory_find_cpus();
}

SEC("tp_btf/rss_stat")
int BPF_PROG(on_rss_stat, struct mm_struct *mm, int member)
{
	struct cpu_state *s = state_of_ours();
	struct memory_state *m;
	struct task_struct *task;
	__u64 now;

	if (!s)
		return 0;
	/* A child's memory while it is made, an image that is not executed yet: not the task's own. */
	task = bpf_get_current_task_btf();
	if (task->mm != mm)
		return 0;
	m = &s->memory;
	m->pending = 1;
	/* In a system call that followed the fault it is the call's doing. */
	if (m->fault && (m->fault & MEMORY_FAULT_KERNEL || s->call.nr == NO_SYSCALL))
		m->members |= 1u << (member & 3);
	if (memory_shared.run != control.run)
		begin(bpf_ktime_get_ns());
	/* Reading the clock costs more than all of this. */
	if (++m->changes & (MEMORY_LOOK_EVERY - 1))
		return 0;
	now = bpf_ktime_get_ns();
	if (memory_is_due(m->sent, now))
		memory_send(m, task, now);
	return 0;
}

static __always_inline void on_fault(__u64 address, __u64 code, __u32 flags)
{
	struct cpu_state *s = state_of_ours();
	struct memory_state *m;
	struct task_struct *task;

	/* The upper half is the kernel's. */
	if (!s || (__s64)address < 0)
		return;
	task = bpf_get_current_task_btf();
	m = &s->memory;
	if (m->fault)
		memory_settle_fault(m, task);
	m->pending = 1;
	m->members = 0;
	m->seen++;
	m->fault_major = task->maj_flt;
	if (memory_shared.n_guest && memory_is_guest(address, task->tgid))
		flags |= MEMORY_FAULT_GUEST;
	m->fault = MEMORY_FAULT | flags | (code & (FAULT_PRESENT | FAULT_WRITE));
}

/* x86 only; elsewhere faults are counted and not told apart. */
SEC("tp_btf/page_fault_user")
int BPF_PROG(on_fault_user, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(address, code, 0);
	return 0;
}

SEC("tp_btf/page_fault_kernel")
int BPF_PROG(on_fault_kernel, unsigned long address, struct pt_regs *regs, unsigned long code)
{
	on_fault(address, code, MEMORY_FAULT_KERNEL);
	return 0;
}
