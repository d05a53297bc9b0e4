/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvm.bpf.h - the ledger of vCPUs, as far as system calls and the scheduler move it. What the kvm
 * tracepoints add is in kvm.bpf.c. Everything is summed here, in the kernel: no record per exit.
 */
#ifndef COLDPROF_KVM_BPF_H
#define COLDPROF_KVM_BPF_H

#include "bpf/probe.bpf.h"
#include "bpf/vcpu.h"

#define KVM_EXIT_IO 2

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PROBE_VCPUS_MAX);
	__type(key, __u32);
	__type(value, struct probe_vcpu);
} vcpus __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROBE_EXITS);
	__type(key, __u32);
	__type(value, struct probe_exit);
} vm_exits __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, PROBE_DEVICES_MAX);
	__type(key, __u64);
	__type(value, struct probe_device);
} vm_devices __weak SEC(".maps");

static __always_inline struct probe_vcpu *vcpu_at(__u32 place)
{
	struct probe_vcpu *v;
	__u32 slot = place - 1;

	if (!place || slot >= PROBE_VCPUS_MAX)
		return NULL;
	v = bpf_map_lookup_elem(&vcpus, &slot);
	return v && v->run == control.run ? v : NULL;
}

/*
 * The place of the vCPU that was last here is kept with the CPU: looking it up with the task costs
 * more than the rest of an exit. Whose it is, is asked all the same.
 */
static __always_inline struct probe_vcpu *vcpu_current(void)
{
	struct cpu_state *s = control.timed ? cpu_state() : NULL;
	struct probe_vcpu *v;
	struct task_ctx *c;

	if (!s)
		return NULL;
	v = vcpu_at(s->vcpu);
	if (v && v->tid == (__u32)bpf_get_current_pid_tgid())
		return v;
	c = ctx_current();
	if (!c)
		return NULL;
	s->vcpu = c->vcpu;
	return vcpu_at(c->vcpu);
}

static __always_inline struct probe_exit *exit_at(__u32 index)
{
	struct probe_exit *e = bpf_map_lookup_elem(&vm_exits, &index);

	if (e && e->run != control.run) {
		e->count = e->kernel_ns = e->user_ns = 0;
		e->run = control.run;
	}
	return e;
}

/* The first time that a task calls KVM_RUN. */
static __always_inline void vcpu_new(struct task_ctx *c, __u64 now)
{
	static const struct probe_vcpu empty = {};
	__u64 id = bpf_get_current_pid_tgid();
	struct probe_vcpu *v = NULL;
	__u32 slot, i;

	c->vcpu = ~0u;
	if (!config_ledger)
		return;
	/* Threads that begin together have neighbouring numbers: no two take the same place. */
	for (i = 0; i < PROBE_VCPUS_MAX; i++) {
		slot = ((__u32)id + i) & (PROBE_VCPUS_MAX - 1);
		v = bpf_map_lookup_elem(&vcpus, &slot);
		if (!v || v->run != control.run)
			break;
	}
	if (!v || v->run == control.run)
		return;
	*v = empty;
	v->tid = (__u32)id;
	v->pid = id >> 32;
	v->run = control.run;
	v->slot = slot;
	v->next_send = now + WIRE_VCPU_EVERY_NS;
	vcpu_begin(v, now);
	c->vcpu = slot + 1;
}

static __noinline void vcpu_send(struct probe_vcpu *v)
{
	WIRE_RECORD(vcpu) *r;

	v->next_send = v->last + WIRE_VCPU_EVERY_NS;
	if (!control.timed)
		return;
	r = record_reserve(WIRE_VCPU, sizeof(*r));
	if (!r)
		return;
	r->head.time = v->last;
	r->head.tid = v->tid;
	r->head.pid = v->pid;
	r->body.first = v->first;
	__builtin_memcpy(r->body.ns, v->ns, sizeof(r->body.ns));
	r->body.runs = v->runs;
	r->body.entries = v->entries;
	r->body.user_exits = v->user_exits;
	r->body.slot = v->slot;
	r->body.pad = 0;
	record_submit(r);
}

static __always_inline void vcpu_tell(struct probe_vcpu *v)
{
	if (v->last >= v->next_send)
		vcpu_send(v);
}

/* Book the access that is being handled. */
static __always_inline void device_book(struct probe_vcpu *v, __u64 now)
{
	struct probe_device *d;
	struct probe_device fresh = { .first = now };
	__u64 key = v->device;

	v->device = 0;
	d = bpf_map_lookup_elem(&vm_devices, &key);
	if (!d) {
		/* Another vCPU may make it just now, and what it has counted stays. */
		bpf_map_update_elem(&vm_devices, &key, &fresh, BPF_NOEXIST);
		d = bpf_map_lookup_elem(&vm_devices, &key);
	}
	if (!d) { /* full: what is left goes on one account */
		key = (__u64)WIRE_SPACE_REST << PROBE_DEVICE_SPACE;
		d = bpf_map_lookup_elem(&vm_devices, &key);
		if (!d)
			return;
	}
	/* Several vCPUs may be here. */
	if (v->writes)
		__sync_fetch_and_add(&d->writes, 1);
	else
		__sync_fetch_and_add(&d->reads, 1);
	__sync_fetch_and_add(&d->kernel_ns, v->device_kernel);
	__sync_fetch_and_add(&d->user_ns, v->device_user);
	d->last = now;
}

static __always_inline void vcpu_entered_run(struct probe_vcpu *v, __u64 now)
{
	struct probe_exit *e;
	__u64 user;

	vcpu_here(v, now);
	user = vcpu_user_handled(v, now);
	e = exit_at(PROBE_EXIT_USER + (v->user_reason < 63 ? v->user_reason : 63));
	if (e)
		e->user_ns += user;
	v->device_user = user;
	if (v->device)
		device_book(v, now);
	vcpu_run_enter(v, now);
	vcpu_tell(v);
}

static __always_inline void vcpu_left_run(struct probe_vcpu *v, __u64 now)
{
	struct probe_exit *e;
	__u64 kernel;

	if (v->user_since) /* that it entered was not seen */
		return;
	vcpu_here(v, now);
	kernel = vcpu_handled(v, now);
	if (v->reason != VCPU_NONE) {
		e = exit_at(v->reason);
		if (e)
			e->kernel_ns += kernel;
	}
	e = exit_at(PROBE_EXIT_USER + (v->user_reason < 63 ? v->user_reason : 63));
	if (e) {
		e->count++;
		e->kernel_ns += kernel;
	}
	v->device_kernel = kernel;
	/* A read of a port is told (kvm_pio) when its value is there, in the next KVM_RUN. */
	v->pending_in = !v->device && v->user_reason == KVM_EXIT_IO;
	vcpu_run_exit(v, now);
}

/* ---- the scheduler ---- */

static __always_inline void vcpu_leaves_cpu(struct task_ctx *c, __u32 why, __u64 now)
{
	struct probe_vcpu *v = vcpu_at(c->vcpu);

	if (v && control.timed)
		vcpu_off(v, now, why);
}

static __always_inline void vcpu_gets_cpu(struct task_ctx *c, __u64 now)
{
	struct probe_vcpu *v = vcpu_at(c->vcpu);

	if (!v || !control.timed)
		return;
	vcpu_on(v, now);
	vcpu_tell(v);
}

static __always_inline void vcpu_is_woken(struct task_ctx *c, __u64 now)
{
	struct probe_vcpu *v = vcpu_at(c->vcpu);

	/* The only field that others than its own thread write. */
	if (v && !v->woken)
		v->woken = now;
}

#endif
