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
#define KVM_EXIT_INTR 10
#define KVM_EXIT_MEMORY_FAULT 39 /* the one reason that comes with an error */
#define KVM_RUN_EXIT_REASON 8 /* of struct kvm_run (linux/kvm.h) */
#define KVM_RUN_CMD 0xae80

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

/* The vCPU whose thread is on this CPU; ctx: a raw tracepoint's. */
static __always_inline struct probe_vcpu *vcpu_current(const void *ctx)
{
	struct cpu_state *s = control.timed ? cpu_state_on(ctx) : NULL;

	return s ? vcpu_at(s->vcpu) : NULL;
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

/* In kvm.bpf.c, and global: each call costs the verifier next to nothing. */
__u64 vcpu_page_of(__u32 fd);

/* Some VMMs run several vCPUs in one thread, by turns. */
static __always_inline void vcpu_is_fd(struct probe_vcpu *v, __u32 fd)
{
	v->page = vcpu_page_of(fd);
	v->fd = fd;
}

/* The first time that a task calls KVM_RUN, of the vCPU that fd is. */
static __always_inline void vcpu_new(struct task_ctx *c, __u32 fd, __u64 now)
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
	vcpu_is_fd(v, fd);
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

/*
 * The guest says something that a phase may begin with: the sums of here, so that none is parted by time alone
 * that is longer than that; but not for each of very many lines.
 */
static __always_inline void vcpu_tell_here(struct probe_vcpu *v, __u64 now)
{
	vcpu_advance(v, now, v->state);
	if (v->last + WIRE_VCPU_EVERY_NS >= v->next_send + WIRE_VCPU_LINES_NS)
		vcpu_send(v);
}

static __always_inline void vcpu_tell(struct probe_vcpu *v)
{
	if (v->last >= v->next_send)
		vcpu_send(v);
}

/* What a vCPU has counted of a device becomes all vCPUs'. Several may be here. */
static __noinline void device_flush(__u64 key, const struct probe_device *sums)
{
	struct probe_device *d, fresh = {};

	if (!sums)
		return;
	fresh.first = sums->first;
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
	__sync_fetch_and_add(&d->reads, sums->reads);
	__sync_fetch_and_add(&d->writes, sums->writes);
	__sync_fetch_and_add(&d->kernel_ns, sums->kernel_ns);
	__sync_fetch_and_add(&d->user_ns, sums->user_ns);
	d->last = sums->last;
}

/*
 * Book the access that is being handled: with the vCPU, for a look-up in the map of all and adding to
 * what several write cost as much as the rest of an exit. A guest that talks to a device does so again.
 */
static __always_inline void device_book(struct probe_vcpu *v, __u64 now)
{
	__u64 key = v->device;
	__u32 place = (key ^ key >> 4 ^ key >> 12) & (PROBE_VCPU_DEVICES - 1);
	struct probe_device *d = &v->devices[place].sums;

	v->device = 0;
	if (v->devices[place].key != key) {
		if (v->devices[place].key)
			device_flush(v->devices[place].key, d);
		v->devices[place].key = key;
		d->reads = d->writes = d->kernel_ns = d->user_ns = 0;
		d->first = now;
	}
	if (v->writes)
		d->writes++;
	else
		d->reads++;
	d->kernel_ns += v->device_kernel;
	d->user_ns += v->device_user;
	d->last = now;
}

/* The exit to the VMM is over now, and booked: the one that is open at the end, the collector books. */
static __always_inline void vcpu_entered_run(struct probe_vcpu *v, __u64 now)
{
	struct probe_exit *e;

	vcpu_here(v, now);
	v->device_user = vcpu_user_handled(v, now);
	if (v->user_since) {
		e = exit_at(vcpu_user_exit_index(v));
		if (e) {
			e->count++;
			e->kernel_ns += v->device_kernel;
			e->user_ns += v->device_user;
		}
	}
	if (v->device)
		device_book(v, now);
	vcpu_run_enter(v, now);
	vcpu_tell(v);
}

/* Why KVM_RUN came back. Interrupted by a signal, or failed, the reason is an old one. */
static __always_inline void vcpu_told_why(struct probe_vcpu *v, __u32 reason, bool failed)
{
	v->user_reason = failed && reason != KVM_EXIT_MEMORY_FAULT ? KVM_EXIT_INTR : reason;
	v->user_exits++;
}

static __always_inline void vcpu_left_run(struct probe_vcpu *v, __u64 now)
{
	struct probe_exit *e;

	if (v->user_since) /* that it entered was not seen */
		return;
	vcpu_here(v, now);
	v->device_kernel = vcpu_handled(v, now);
	if (v->reason != VCPU_NONE) {
		e = exit_at(v->reason);
		if (e)
			e->kernel_ns += v->device_kernel;
	}
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

/* Is it in KVM_RUN? Of one for which there is no room, the last call that told something does. */
static __always_inline bool vcpu_is_in_run(const struct task_ctx *c)
{
	struct probe_vcpu *v = c->vcpu ? vcpu_at(c->vcpu) : NULL;

	if (v)
		return !v->user_since;
	return c->vcpu && c->telling_enter && (__u32)c->arg[1] == KVM_RUN_CMD;
}

static __always_inline void vcpu_is_woken(struct task_ctx *c, __u64 now)
{
	struct probe_vcpu *v = vcpu_at(c->vcpu);

	/* The only field that others than its own thread write. */
	if (v && !v->woken)
		v->woken = now;
}

#endif
