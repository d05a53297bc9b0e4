// SPDX-License-Identifier: GPL-2.0-only
/*
 * syscall.bpf.c - system calls of the run, by one tp_btf pair for all of them: accept, the KVM
 * ioctls, and the calls of a gVisor guest, which trap and so show up as an exit without an entry.
 */
#include "bpf/mapping.bpf.h"
#include "bpf/object.bpf.h"
#include "bpf/syscall.bpf.h"

const volatile bool config_mappings = false;
const volatile bool config_kvm = false;
const volatile bool config_guest_syscalls = false;

#define KVM_SET_USER_MEMORY_REGION_NR 0x46
#define KVM_SET_USER_MEMORY_REGION2_NR 0x49

/* The part that both versions of the ioctl's argument begin with (linux/kvm.h). */
struct memory_region {
	__u32 slot;
	__u32 flags;
	__u64 gpa;
	__u64 bytes;
	__u64 hva;
};

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long id)
{
	return enter_call(regs, id);
}

/* A known vCPU is back from KVM_RUN. */
static __always_inline bool exit_vcpu(const struct pt_regs *regs, long ret)
{
	struct cpu_state *s = control.timed ? cpu_state_on(regs) : NULL;
	struct probe_vcpu *v = s ? vcpu_at(s->vcpu) : NULL;
	__u64 now;

	if (!v)
		return false;
	s->call.nr = NO_SYSCALL;
	if (v->user_since) /* kvm_userspace_exit has told it */
		return true;
	now = bpf_ktime_get_ns();
	if (v->page)
		vcpu_told_why(v, kernel_u32(v->page + KVM_RUN_EXIT_REASON), ret < 0);
	vcpu_left_run(v, now);
	memory_ends_run(s, now);
	return true;
}

static __always_inline void exit_accept(struct task_ctx *c, long ret)
{
	WIRE_RECORD(accept) *r;

	if (ret < 0 || !c->port || !control.timed)
		return;
	if (config_port && c->port != config_port)
		return;
	r = record_reserve(WIRE_ACCEPT, sizeof(*r));
	if (!r)
		return;
	r->body.enter = c->telling_enter;
	r->body.fd = ret;
	r->body.family = c->family;
	r->body.local_port = c->port;
	r->body.io_uring = 0;
	r->body.pad = 0;
	r->body.netns = c->netns;
	record_submit(r);
}

/* What the kernel has taken is where guest RAM lies; what it has refused is nowhere. */
static __always_inline void exit_memory_region(struct task_ctx *c, __u64 arg)
{
	struct memory_region region;
	WIRE_RECORD(kvm_memslot) *slot = record_reserve(WIRE_KVM_MEMSLOT, sizeof(*slot));

	if (!slot)
		return;
	__builtin_memset(&slot->body, 0, sizeof(slot->body));
	slot->body.fd = c->arg[0];
	if (bpf_probe_read_user(&region, sizeof(region), (void *)arg)) {
		slot->head.flags |= WIRE_F_UNREADABLE;
	} else {
		slot->body.slot = region.slot;
		slot->body.flags = region.flags;
		slot->body.gpa = region.gpa;
		slot->body.bytes = region.bytes;
		slot->body.hva = region.hva;
		memory_slot(region.hva, region.bytes, slot->head.pid);
	}
	record_submit(slot);
}

static __always_inline void exit_kvm(struct task_ctx *c, __u32 cmd, __u64 arg, long ret)
{
	__u32 nr = cmd & 0xff;
	struct file *file;
	WIRE_RECORD(kvm_ioctl) *r;

	if (!is_kvm_ioctl(cmd) || cmd != (__u32)c->arg[1] || nr == KVM_RUN_NR)
		return;
	if (ret >= 0 && (nr == KVM_SET_USER_MEMORY_REGION_NR || nr == KVM_SET_USER_MEMORY_REGION2_NR))
		exit_memory_region(c, arg);
	r = record_reserve(WIRE_KVM_IOCTL, sizeof(*r));
	if (!r)
		return;
	r->body.enter = c->telling_enter;
	r->body.cmd = c->arg[1];
	r->body.fd = c->arg[0];
	r->body.ret = ret;
	__builtin_memset(r->body.fd_name, 0, sizeof(r->body.fd_name));
	file = file_of_fd(bpf_get_current_task_btf(), c->arg[0]);
	if (file)
		bpf_probe_read_kernel_str(r->body.fd_name, sizeof(r->body.fd_name),
					  KERNEL_READ(file, f_path.dentry, d_name.name));
	record_submit(r);
}

#define PROT_EXEC 4
#define MAP_ANONYMOUS 0x20

static __always_inline void exit_mmap(struct pt_regs *regs, long ret)
{
	__u64 bytes = PT_REGS_PARM2_SYSCALL(regs), offset;
	__u32 fd;

	if (ret < 0 && ret > -4096)
		return;
	if (!(PT_REGS_PARM3_SYSCALL(regs) & PROT_EXEC) ||
	    (PT_REGS_PARM4_SYSCALL(regs) & MAP_ANONYMOUS) || !control.timed)
		return;
	fd = PT_REGS_PARM5_SYSCALL(regs);
#if defined(__TARGET_ARCH_x86)
	offset = regs->r9;
#else
	offset = regs->regs[5];
#endif
	send_mapping(file_of_fd(bpf_get_current_task_btf(), fd), ret, bytes, offset);
}

static __always_inline bool is_guest_call(long nr)
{
	return nr == GUEST_listen || nr == GUEST_accept || nr == GUEST_accept4 ||
	       nr == GUEST_bind || nr == GUEST_socket || nr == GUEST_write || nr == GUEST_execve;
}

static __always_inline void guest_call(__u32 nr, __u32 how, __s64 ret)
{
	WIRE_RECORD(guest_syscall) *r;
	__u64 time;

	if (!control.timed || !is_guest_call(nr))
		return;
	r = record_reserve(WIRE_GUEST_SYSCALL, sizeof(*r));
	if (!r)
		return;
	r->body.nr = nr;
	r->body.how = how;
	r->body.ret = ret;
	time = r->head.time;
	record_submit(r);
	if (nr == GUEST_listen || nr == GUEST_accept || nr == GUEST_accept4)
		notify(time, WIRE_GUEST_SYSCALL, nr, 0);
}

/* A call that is thinned has ended: counted, and true, unless it slept all the same. */
static __always_inline bool was_thinned(struct call *c, __u8 *slot)
{
	if (c->enter)
		return false;
	if (c->off_in_call) {
		c->enter = c->off_since; /* it was there at least since it left the CPU */
		return false;
	}
	c->quick_calls++;
	*slot += 1;
	return true;
}

/* One that was timed and is too short for a record. */
static __always_inline void count_quick(struct call *c, __u8 *slot, bool spun, __u64 took)
{
	c->quick_calls++;
	if (!spun) {
		c->quick_ns += took;
	} else if (*slot == 255) {
		c->quick_ns += took * THIN_EVERY;
		*slot = THIN_AFTER + 1;
	} else {
		c->quick_ns += took;
		*slot += 1;
	}
}

/* (Few calls come here: apart from what all of them run through.) */
static __noinline void send_call(const struct cpu_state *s, struct pt_regs *regs, __u32 nr, long ret, __u64 now)
{
	const struct call *c = &s->call;
	WIRE_RECORD(syscall) *r;
	struct task_struct *task;

	if (!control.timed)
		return;
	task = task_of(s);
	r = record_reserve_of(WIRE_SYSCALL, sizeof(*r), now, task->pid, task->tgid);
	if (!r)
		return;
	__builtin_memset(&r->body, 0, sizeof(r->body));
	r->body.enter = c->enter;
	r->body.ret = ret;
	r->body.nr = nr;
	/* The registers still hold the arguments: nothing had to be kept at the entry. */
	r->body.arg[0] = PT_REGS_PARM1_SYSCALL(regs);
	r->body.arg[1] = PT_REGS_PARM2_SYSCALL(regs);
	r->body.arg[2] = PT_REGS_PARM3_SYSCALL(regs);
	/* After a successful execve the path is gone with the old memory; EXEC has it. */
	if (!((nr == SYSCALL_execve || nr == SYSCALL_execveat) && ret == 0))
		object_fill(&r->body, r->body.arg);
	record_submit(r);
}

/* For the ledger: a call that was long or slept, whole; the others as a sum. */
static __always_inline void ledger_call(struct cpu_state *s, struct pt_regs *regs, __u32 nr, long ret)
{
	struct call *c = &s->call;
	bool spun = is_spun(nr, PT_REGS_PARM3_SYSCALL(regs));
	__u8 *slot = slot_of(c, nr);
	__u64 now, took;

	if (was_thinned(c, slot))
		return;
	now = bpf_ktime_get_ns();
	took = now - c->enter;
	if (c->off_in_call && is_nap(nr) && !ret) { /* one that a signal ends has a record */
		c->quick_calls++;
		c->quick_ns += now - s->since; /* since it came back from its nap */
		return;
	}
	if (took < WIRE_SYSCALL_MIN_NS && !c->off_in_call &&
	    !is_marked(nr, PT_REGS_PARM1_SYSCALL(regs))) {
		count_quick(c, slot, spun, took);
		return;
	}
	if (spun)
		*slot = 0;
	send_call(s, regs, nr, ret, now);
}

static __always_inline void exit_telling(struct pt_regs *regs, long id, long ret)
{
	struct cpu_state *s;
	struct task_ctx *c;

	c = ctx_current();
	/* No entry was seen: not a call of its own (a trapped one of a guest). */
	if (!c || !c->telling_enter)
		return;
	s = is_kvm_run(regs, id) ? cpu_state_on(regs) : NULL;
	if (s)
		memory_ends_run(s, bpf_ktime_get_ns());
	if (id == SYSCALL_accept || id == SYSCALL_accept4)
		exit_accept(c, ret);
	else if (config_kvm && id == SYSCALL_ioctl)
		exit_kvm(c, PT_REGS_PARM2_SYSCALL(regs), PT_REGS_PARM3_SYSCALL(regs), ret);
	c->telling_enter = 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	long id = syscall_nr(regs);
	struct cpu_state *s;
	struct call *call;
	__u32 nr;

	if (control.idle || (is_kvm_run(regs, id) && exit_vcpu(regs, ret)) || !is_wanted(regs, id))
		return 0;
	if (is_telling(id))
		exit_telling(regs, id, ret);
	if (!config_ledger && !has_guest())
		return 0;
	call = call_current(regs);
	if (!call)
		return 0;
	nr = call->nr;
	call->nr = NO_SYSCALL;
	if (nr == NO_SYSCALL) {
		/* No entry: a trapped call of a guest, or just the child's side of clone. */
		if (has_guest())
			guest_call(id, ret == id ? WIRE_GUEST_SECCOMP_TRAP : WIRE_GUEST_PTRACE,
				   ret);
		return 0;
	}
	/* A vCPU's ledger has it: a record for each exit would be too much. */
	s = config_ledger && !is_kvm_run(regs, id) ? cpu_state() : NULL;
	if (s)
		ledger_call(s, regs, nr, ret);
	if (config_memory && nr == SYSCALL_mmap)
		memory_mapped(regs, ret);
	if (config_mappings && nr == SYSCALL_mmap)
		exit_mmap(regs, ret);
	return 0;
}

#define SIGSYS 31
#define SYS_USER_DISPATCH 2

/* Later gVisor: the stub's calls raise SIGSYS by syscall user dispatch. */
SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	if (sig != SIGSYS || !has_guest() || !ctx_of(task))
		return 0;
	if ((unsigned long)info < 4096) /* SEND_SIG_PRIV and the like are no pointers */
		return 0;
	if (KERNEL_READ(info, si_code) != SYS_USER_DISPATCH)
		return 0;
	guest_call(KERNEL_READ(info, _sifields._sigsys._syscall), WIRE_GUEST_USER_DISPATCH,
		   KERNEL_READ(info, _sifields._sigsys._syscall));
	return 0;
}
