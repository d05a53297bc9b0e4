// SPDX-License-Identifier: GPL-2.0-only
/*
 * sample.bpf.c - what runs: the software clock looks at every CPU some hundred times a second, and
 * where it finds a task of the run it keeps the stacks of kernel and user.
 */
#include "bpf/mapping.bpf.h"

_Static_assert(WIRE_SAMPLE_KERNEL == 63, "a mask of six bits bounds it");

struct sample_record {
	struct wire_head head;
	struct wire_sample body;
	__u64 stack[WIRE_SAMPLE_KERNEL + WIRE_SAMPLE_USER];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sample_record);
} sample_scratch SEC(".maps");

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx)
{
	__u64 id = bpf_get_current_pid_tgid(), size;
	struct sample_record *r;
	__u32 zero = 0;
	__u64 n;
	long bytes;

	if (!control.run || !control.timed || !ctx_current())
		return 0;
	r = bpf_map_lookup_elem(&sample_scratch, &zero);
	if (!r)
		return 0;
	r->head.time = bpf_ktime_get_ns();
	r->head.tid = (__u32)id;
	r->head.pid = id >> 32;
	r->head.kind = WIRE_SAMPLE;
	r->head.flags = 0;
	r->head.run = control.run;
	r->body.cpu = bpf_get_smp_processor_id();
	bytes = bpf_get_stack(ctx, r->stack, WIRE_SAMPLE_KERNEL * sizeof(__u64), 0);
	n = bytes > 0 ? (__u64)bytes / sizeof(__u64) : 0;
	/* The verifier must see the bound; the compiler would prove it away. */
	asm volatile("%0 &= 63" : "+r"(n));
	r->body.n_kernel = n;
	bytes = bpf_get_stack(ctx, &r->stack[n], WIRE_SAMPLE_USER * sizeof(__u64),
			      BPF_F_USER_STACK);
	r->body.n_user = bytes > 0 ? bytes / sizeof(__u64) : 0;
	size = sizeof(r->head) + sizeof(r->body) + (n + r->body.n_user) * sizeof(__u64);
	if (size > sizeof(*r))
		size = sizeof(*r);
	r->head.size = size;
	count_sent(bpf_ringbuf_output(&ring, r, size, BPF_RB_NO_WAKEUP) == 0);
	return 0;
}

static long on_vma(struct task_struct *task, struct vm_area_struct *vma, void *ctx)
{
	send_mapping(KERNEL_READ(vma, vm_file), KERNEL_READ(vma, vm_start),
		     KERNEL_READ(vma, vm_end) - KERNEL_READ(vma, vm_start),
		     KERNEL_READ(vma, vm_pgoff) << 12);
	return 0;
}

/*
 * The kernel itself maps the program and its interpreter, by no system call: the one lies where the
 * code begins, the other where the new program starts to run (a static program has only the one).
 */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_mapped, struct task_struct *task)
{
	struct pt_regs *regs;
	__u64 code, ip;

	if (!control.timed || !ctx_of(task))
		return 0;
	code = KERNEL_READ(task, mm, start_code);
	bpf_find_vma(task, code, on_vma, NULL, 0);
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	ip = PT_REGS_IP_CORE(regs);
	if (ip < code || ip >= KERNEL_READ(task, mm, end_code))
		bpf_find_vma(task, ip, on_vma, NULL, 0);
	return 0;
}
