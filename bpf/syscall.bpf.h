/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * syscall.bpf.h - the entry of a system call, for the one program that looks at it (on_sys_enter in
 * syscall.bpf.c, on_learn in adopt.bpf.c: a second one would cost each call of the machine as much
 * again), and what it and the exit have in common.
 */
#ifndef COLDPROF_SYSCALL_BPF_H
#define COLDPROF_SYSCALL_BPF_H

#include "bpf/kvm.bpf.h"
#include "bpf/memory.bpf.h"
#include "bpf/probe.bpf.h"
#include "bpf/syscall_nr.bpf.h"

extern const volatile bool config_kvm;
extern const volatile bool config_guest_syscalls;

#define KVM_TYPE 0xae
#define KVM_RUN_NR 0x80

static __always_inline bool is_kvm_ioctl(__u32 cmd)
{
	return ((cmd >> 8) & 0xff) == KVM_TYPE;
}

static __always_inline void enter_accept(struct task_ctx *c, __u32 fd)
{
	struct file *file = file_of_fd(bpf_get_current_task_btf(), fd);
	struct sock *sk = file ? sock_of_file(file) : NULL;

	c->port = 0;
	if (!sk)
		return;
	c->family = KERNEL_READ(sk, __sk_common.skc_family);
	if (c->family != 2 && c->family != 10) /* AF_INET, AF_INET6: control sockets are AF_UNIX */
		return;
	c->port = KERNEL_READ(sk, __sk_common.skc_num);
	c->netns = KERNEL_READ(sk, __sk_common.skc_net.net, ns.inum);
}

static __always_inline void enter_kvm(struct task_ctx *c, __u32 fd, __u32 cmd)
{
	__u32 nr = cmd & 0xff;
	WIRE_RECORD(kvm_run) *run;
	struct cpu_state *s;

	c->arg[0] = fd;
	c->arg[1] = cmd;
	if (nr == KVM_RUN_NR) {
		s = cpu_state_of_current();
		if (s)
			memory_begins_run(s);
		if (c->vcpu) /* there was no room for it */
			return;
		vcpu_new(c, fd, c->telling_enter);
		if (s)
			s->vcpu = c->vcpu;
		run = record_reserve(WIRE_KVM_RUN, sizeof(*run));
		if (!run)
			return;
		run->body.fd = fd;
		run->body.pad = 0;
		record_submit(run);
	}
}

/* Calls that tell something by themselves, whatever the ledger says. */
static __always_inline bool is_telling(long nr)
{
	return nr == SYSCALL_accept || nr == SYSCALL_accept4 || nr == SYSCALL_execve ||
	       nr == SYSCALL_execveat || (config_kvm && nr == SYSCALL_ioctl);
}

/*
 * A task that spins (a poll loop makes a million calls a second) would wait for our clock more than
 * for anything else: of calls that are never long, after so many quick ones of one number in a row
 * since the task came on the CPU, only every n-th is timed and stands for all.
 */
#define THIN_AFTER 191
#define THIN_EVERY (255 - THIN_AFTER)

static __always_inline __u8 *slot_of(struct call *call, __u32 nr)
{
	return &call->quick[nr & (CALL_SLOTS - 1)];
}

static __always_inline bool has_guest(void)
{
	return config_guest_syscalls && control.guest;
}

/*
 * Both halves of a call are asked the same, or none: without ledger and guests only the few calls
 * that tell something by themselves, else all but the trivial ones.
 */
static __always_inline bool is_wanted(struct pt_regs *regs, long nr)
{
	if (config_ledger || has_guest())
		return !is_trivial(nr, PT_REGS_PARM2_SYSCALL(regs));
	return is_telling(nr);
}

static __always_inline long syscall_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return regs->orig_ax;
#else
	return regs->syscallno;
#endif
}

static __always_inline bool is_kvm_run(struct pt_regs *regs, long id)
{
	__u32 cmd = PT_REGS_PARM2_SYSCALL(regs);

	return config_kvm && id == SYSCALL_ioctl && is_kvm_ioctl(cmd) &&
	       (cmd & 0xff) == KVM_RUN_NR;
}

/*
 * A known vCPU calls KVM_RUN: by far the most frequent of all calls, so it is looked at by itself, and
 * at once. False: it is none.
 */
static __always_inline bool enter_vcpu(struct pt_regs *regs)
{
	struct cpu_state *s = control.timed ? cpu_state_on(regs) : NULL;
	struct probe_vcpu *v = s ? vcpu_at(s->vcpu) : NULL;
	__u64 now;

	if (!v)
		return false;
	now = bpf_ktime_get_ns();
	s->call.nr = SYSCALL_ioctl;
	s->call.off_in_call = 0;
	s->call.enter = now;
	if (v->fd != (__u32)PT_REGS_PARM1_SYSCALL(regs))
		vcpu_is_fd(v, PT_REGS_PARM1_SYSCALL(regs));
	vcpu_entered_run(v, now);
	memory_begins_run(s);
	return true;
}

/*
 * These few are kept with the task itself: what they tell must not depend on sched_switch having
 * told us of every change.
 */
static __always_inline __u64 enter_telling(struct pt_regs *regs, long id)
{
	struct task_ctx *c;

	c = ctx_current();
	if (!c)
		return 0;
	c->telling_enter = bpf_ktime_get_ns();
	if (id == SYSCALL_accept || id == SYSCALL_accept4)
		enter_accept(c, PT_REGS_PARM1_SYSCALL(regs));
	else if (config_kvm && id == SYSCALL_ioctl && is_kvm_ioctl(PT_REGS_PARM2_SYSCALL(regs)))
		enter_kvm(c, PT_REGS_PARM1_SYSCALL(regs), PT_REGS_PARM2_SYSCALL(regs));
	return c->telling_enter;
}

static __always_inline int enter_call(struct pt_regs *regs, long id)
{
	struct call *call;
	__u64 now = 0;
	__u8 quick;

	if (control.idle || (is_kvm_run(regs, id) && enter_vcpu(regs)) || !is_wanted(regs, id))
		return 0;
	if (is_telling(id))
		now = enter_telling(regs, id);
	if (!config_ledger && !has_guest())
		return 0;
	call = call_current(regs);
	if (!call)
		return 0;
	call->nr = id;
	call->off_in_call = 0;
	if (config_memory && memory_is_call(id))
		memory_before_call(regs, id);
	if (!config_ledger)
		return 0;
	if (is_spun(id, PT_REGS_PARM3_SYSCALL(regs))) {
		quick = *slot_of(call, id);
		if (quick > THIN_AFTER && quick < 255) {
			call->enter = 0;
			return 0;
		}
	}
	call->enter = now ? now : bpf_ktime_get_ns();
	return 0;
}

#endif
