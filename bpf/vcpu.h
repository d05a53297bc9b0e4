/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu.h - the arithmetic of a vCPU's ledger: in which state is its thread, since when.
 *
 * Plain functions of struct probe_vcpu, without maps or helpers: compiled into the probes and into
 * the unit tests. Include bpf/wire.h and bpf/shared.h before. Times are ns; an event that comes
 * late (its clock read before another one's) counts as if it came right then.
 *
 *     KVM_RUN entered --(kvm_entry)--> GUEST --(kvm_exit)--> KERNEL --(kvm_entry)--> GUEST …
 *     KVM_RUN returned --> VMM, or HALTED after KVM_EXIT_HLT --> KVM_RUN entered
 *     off the CPU: RUNNABLE, HALTED or BLOCKED; on it again: what it was before
 *
 * Where kvm_entry does not fire (another vendor's module, arm64 without it) GUEST is all time on a
 * CPU in KVM_RUN: then entries is 0.
 */
#ifndef COLDPROF_VCPU_H
#define COLDPROF_VCPU_H

#define VCPU_INLINE static inline __attribute__((always_inline))

#define VCPU_EXIT_HLT 5  /* KVM_EXIT_HLT */
#define VCPU_VMX_HLT 12  /* EXIT_REASON_HLT */
#define VCPU_SVM_HLT 0x78 /* SVM_EXIT_HLT; vmx has no such reason, svm none of the other number */
#define VCPU_SVM_IDLE_HLT 0xa6 /* SVM_EXIT_IDLE_HLT: a halt that finds no interrupt pending; likewise */
#define VCPU_SVM_NPF 0x400 /* SVM_EXIT_NPF */
#define VCPU_SVM_MMIO 0x40f /* ours: of those the ones that turn out to be accesses of devices */
#define VCPU_NONE (~0u)

/* Index into "vm_exits" of a hardware exit's reason. */
VCPU_INLINE __u32 vcpu_exit_index(__u32 reason)
{
	if (reason < PROBE_EXIT_LOW)
		return reason;
	if (reason >= PROBE_EXIT_SVM && reason < PROBE_EXIT_SVM + 16)
		return PROBE_EXIT_LOW + (reason - PROBE_EXIT_SVM);
	return PROBE_EXIT_UNKNOWN;
}

/* … and back: the number, ~0 for PROBE_EXIT_UNKNOWN. */
VCPU_INLINE __u32 vcpu_exit_reason(__u32 index)
{
	if (index < PROBE_EXIT_LOW)
		return index;
	if (index < PROBE_EXIT_UNKNOWN)
		return PROBE_EXIT_SVM + (index - PROBE_EXIT_LOW);
	return VCPU_NONE;
}

/* … and of the exit to the VMM that it is in, or was in last. */
VCPU_INLINE __u32 vcpu_user_exit_index(const struct probe_vcpu *v)
{
	return v->user_reason < PROBE_EXITS - PROBE_EXIT_USER ? PROBE_EXIT_USER + v->user_reason :
								PROBE_EXITS - 1;
}

VCPU_INLINE void vcpu_advance(struct probe_vcpu *v, __u64 now, __u32 next)
{
	if (now > v->last) {
		v->ns[v->state & 7] += now - v->last;
		v->last = now;
	}
	v->state = next;
}

/*
 * ns on a CPU since an exit began to be handled; 0 when none is. since moves on by what the thread
 * spent off the CPU, so of all exits together this is no more than the ledger's KERNEL.
 */
VCPU_INLINE __u64 vcpu_handled(const struct probe_vcpu *v, __u64 now)
{
	return v->since && now > v->since ? now - v->since : 0;
}

/* The same of the VMM, since KVM_RUN returned: a halt is no work of its own. */
VCPU_INLINE __u64 vcpu_user_handled(const struct probe_vcpu *v, __u64 now)
{
	return v->user_since && now > v->user_since && v->state == WIRE_VCPU_VMM ?
		       now - v->user_since : 0;
}

VCPU_INLINE void vcpu_begin(struct probe_vcpu *v, __u64 now)
{
	v->first = v->last = now;
	v->state = v->back = WIRE_VCPU_GUEST;
	v->runs = 1;
	v->reason = v->user_reason = VCPU_NONE;
}

VCPU_INLINE void vcpu_run_enter(struct probe_vcpu *v, __u64 now)
{
	vcpu_advance(v, now, v->entries ? WIRE_VCPU_KERNEL : WIRE_VCPU_GUEST);
	v->runs++;
	v->user_since = 0;
	v->since = 0;
	v->reason = VCPU_NONE;
}

VCPU_INLINE void vcpu_run_exit(struct probe_vcpu *v, __u64 now)
{
	vcpu_advance(v, now, v->user_reason == VCPU_EXIT_HLT ? WIRE_VCPU_HALTED : WIRE_VCPU_VMM);
	v->user_since = v->last;
	v->since = 0;
	v->reason = VCPU_NONE;
}

VCPU_INLINE void vcpu_hw_entry(struct probe_vcpu *v, __u64 now)
{
	/* The way into the first KVM_RUN was the kernel's after all. */
	if (!v->entries && v->state == WIRE_VCPU_GUEST)
		v->state = WIRE_VCPU_KERNEL;
	v->entries++;
	vcpu_advance(v, now, WIRE_VCPU_GUEST);
	v->since = 0;
	v->reason = VCPU_NONE;
}

/* index: vcpu_exit_index(). */
VCPU_INLINE void vcpu_hw_exit(struct probe_vcpu *v, __u64 now, __u32 index)
{
	vcpu_advance(v, now, WIRE_VCPU_KERNEL);
	v->since = v->last;
	v->reason = index;
}

/* Does it sleep in KVM_RUN because the guest has nothing to do? */
VCPU_INLINE int vcpu_sleeps_halted(const struct probe_vcpu *v, __u32 why)
{
	/* KVM waits interruptibly for a halted vCPU, for memory it does not. */
	if (why != WIRE_STATE_SLEEPING)
		return 0;
	return !v->entries || v->reason == VCPU_VMX_HLT || v->reason == VCPU_SVM_HLT ||
	       v->reason == VCPU_SVM_IDLE_HLT || v->reason == VCPU_NONE;
}

VCPU_INLINE void vcpu_on(struct probe_vcpu *v, __u64 now)
{
	__u64 woken = v->woken;

	/* That it left was not seen: what it did until now is what it did before. */
	if (!v->off) {
		vcpu_advance(v, now, v->state);
		v->woken = 0;
		return;
	}
	if (woken && woken < now)
		vcpu_advance(v, woken, WIRE_VCPU_RUNNABLE);
	vcpu_advance(v, now, v->back);
	v->woken = 0;
	/* Nobody handles an exit who is not on a CPU. */
	if (v->since)
		v->since += v->last - v->off;
	if (v->user_since)
		v->user_since += v->last - v->off;
	v->off = 0;
}

/*
 * Its thread does something. Some kernels change to a task now and then without a sched_switch
 * (bpf/probe.bpf.h): what is known then is when it was woken, or nothing before now.
 */
VCPU_INLINE void vcpu_here(struct probe_vcpu *v, __u64 now)
{
	if (v->off)
		vcpu_on(v, v->woken && v->woken < now ? v->woken : now);
}

/* It leaves the CPU; why is enum wire_task_state. */
VCPU_INLINE void vcpu_off(struct probe_vcpu *v, __u64 now, __u32 why)
{
	__u32 next = WIRE_VCPU_BLOCKED;

	vcpu_here(v, now);
	v->back = v->state;
	v->woken = 0;
	if (why == WIRE_STATE_RUNNABLE)
		next = WIRE_VCPU_RUNNABLE;
	else if (v->state == WIRE_VCPU_HALTED || (!v->user_since && vcpu_sleeps_halted(v, why)))
		next = WIRE_VCPU_HALTED;
	vcpu_advance(v, now, next);
	v->off = v->last;
	if (why == WIRE_STATE_ENDED)
		v->end = v->last;
}

#endif
