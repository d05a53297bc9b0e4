// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched.bpf.c - who had the CPU, who waited, who woke whom, and where a long wait slept: the edges
 * of the critical path (DESIGN.md §9).
 */
#include "bpf/kvm.bpf.h"
#include "bpf/memory.bpf.h"
#include "bpf/probe.bpf.h"
#include "bpf/syscall_nr.bpf.h"

/* Task states (include/linux/sched.h); numbers are stable enough to be in every crash tool. */
#define STATE_INTERRUPTIBLE 0x0001
#define STATE_UNINTERRUPTIBLE 0x0002
#define STATE_STOPPED 0x0004
#define STATE_TRACED 0x0008
#define STATE_ENDED (0x0010 | 0x0020 | 0x0080)
#define PF_KTHREAD 0x00200000

/* task_ctx.blocked */
#define BLOCKED 1
#define BLOCKED_FOR_DISK 2

/* The field lost its volatile and got a new name in 5.14 (2f064a59a11f). */
struct task_struct___before_5_14 {
	volatile long state;
} __attribute__((preserve_access_index));

static __always_inline __u32 state_of(struct task_struct *task)
{
	struct task_struct___before_5_14 *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return task->__state;
	return KERNEL_READ(old, state);
}

static __always_inline __u8 why_off(struct task_struct *prev, bool preempted)
{
	__u32 state = state_of(prev);

	/* Preempted between setting its state and sleeping: it still wants to run. */
	if (preempted || state == 0)
		return WIRE_STATE_RUNNABLE;
	if (state & STATE_ENDED)
		return WIRE_STATE_ENDED;
	if (state & (STATE_STOPPED | STATE_TRACED))
		return WIRE_STATE_STOPPED;
	return state & STATE_UNINTERRUPTIBLE ? WIRE_STATE_BLOCKED : WIRE_STATE_SLEEPING;
}

static __always_inline void leave(struct cpu_state *s, struct task_ctx *p, __u8 why, bool iowait,
				  __u64 now)
{
	/* It came without a sched_switch and did nothing since: somebody else's call lies here. */
	if (s->ours)
		p->call = s->call;
	else
		p->call.nr = NO_SYSCALL;
	p->call.off_in_call = 1;
	p->call.off_since = now;
	/*
	 * An interruptible wait is told by its system call; only where the kernel itself waits
	 * (locks, RCU, disk) does the stack say more.
	 */
	p->blocked = why != WIRE_STATE_BLOCKED ? 0 : iowait ? BLOCKED_FOR_DISK : BLOCKED;
}

struct blocked_record {
	struct wire_head head;
	struct wire_blocked body;
	__u64 stack[WIRE_STACK_MAX];
};

/* It waited for a disk: for the file whose pages it has asked for last. */
static __always_inline void send_read_wait(struct task_ctx *n, struct task_struct *next, __u64 now)
{
	struct probe_file key = n->read;
	struct probe_file_sums *file = bpf_map_lookup_elem(&files, &key);
	WIRE_RECORD(read_wait) *r = record_reserve_of(WIRE_READ_WAIT, sizeof(*r), now, next->pid, next->tgid);

	if (!r)
		return;
	r->body.since = n->call.off_since;
	r->body.inode = key.inode;
	r->body.dev = key.dev;
	r->body.pad = 0;
	if (file)
		__builtin_memcpy(r->body.name, file->name, sizeof(r->body.name));
	else
		__builtin_memset(r->body.name, 0, sizeof(r->body.name));
	record_submit(r);
}

/*
 * Unwinding costs 2 us, so it is left until it is known that the wait was long: the task does not
 * run yet, and its stack is still that of its sleep.
 */
static __always_inline void send_stack(struct task_ctx *n, struct task_struct *next, __u64 now)
{
	struct blocked_record *r = record_reserve_of(WIRE_BLOCKED, sizeof(*r), now, next->pid, next->tgid);
	long bytes;

	if (!r)
		return;
	r->body.since = n->call.off_since;
	r->body.pad = 0;
	__builtin_memset(r->stack, 0, sizeof(r->stack));
	bytes = bpf_get_task_stack(next, r->stack, sizeof(r->stack), 0);
	r->body.n = bytes > 0 ? bytes / sizeof(__u64) : 0;
	record_submit(r);
}

static __always_inline void come_back(struct cpu_state *s, struct task_ctx *n,
				      struct task_struct *next, __u64 now)
{
	call_restart(s, n);
	if (n->blocked && now - n->call.off_since >= WIRE_BLOCKED_MIN_NS)
		send_stack(n, next, now);
	/* A system call says itself which file it is on. */
	if (n->blocked == BLOCKED_FOR_DISK && n->read.inode && n->call.nr == NO_SYSCALL)
		send_read_wait(n, next, now);
	n->call.nr = NO_SYSCALL; /* handed out, as in cpu_state_renew() */
	n->read.inode = 0;
}

/* The client is one thread of ours: its number is enough, it needs no storage. */
static __always_inline __u8 role_of(struct task_struct *task, struct task_ctx *c)
{
	if (c)
		return ROLE_TREE;
	return control.client_tid && (__u32)task->pid == control.client_tid ? ROLE_CLIENT
										    : ROLE_NONE;
}

/* Names of our own tasks are known from FORK, EXEC and COMM; a stranger's is not. */
static __always_inline void fill_comm(char *to, struct task_struct *task, __u8 role)
{
	__u64 comm = (__u64)task + bpf_core_field_offset(task->comm);
	__u64 parts[WIRE_COMM_LEN / 8] = {};

	if (!role) {
		parts[0] = kernel_u64(comm);
		parts[1] = kernel_u64(comm + 8);
	}
	__builtin_memcpy(to, parts, sizeof(parts));
}

/*
 * Is it taken from the CPU because of a quota? Since 6.18 tasks are throttled one by one, before it
 * was their queue, with all of its parents' in one count. (Neither without CONFIG_CFS_BANDWIDTH.)
 */
struct task_struct___since_6_18 {
	bool throttled;
} __attribute__((preserve_access_index));
/* Without CONFIG_PARAVIRT_TIME_ACCOUNTING there is no such member. */
struct rq___paravirt {
	__u64 prev_steal_time_rq;
} __attribute__((preserve_access_index));
struct cfs_rq___own {
	int throttle_count;
	struct rq___paravirt *rq;
} __attribute__((preserve_access_index));
struct sched_entity___own {
	struct cfs_rq___own *cfs_rq;
} __attribute__((preserve_access_index));
struct task_struct___own {
	struct sched_entity___own se;
} __attribute__((preserve_access_index));

static __always_inline bool throttled(struct task_struct *task)
{
	struct task_struct___since_6_18 *by_task = (void *)task;
	struct task_struct___own *by_queue = (void *)task;

	if (bpf_core_field_exists(by_task->throttled))
		return KERNEL_READ(by_task, throttled);
	if (bpf_core_field_exists(struct cfs_rq___own, throttle_count))
		return KERNEL_READ(by_queue, se.cfs_rq, throttle_count) > 0;
	return false;
}

/*
 * ns that the hypervisor below has kept this CPU from running what it had to (the steal clock of
 * Documentation/virt/kvm/x86/msr.rst), as the scheduler knows it, which takes these from the time that
 * it says a task has run. It learns of them when it brings its clock up to date: when it begins to
 * switch, but where a wake-up is the reason, at that: what is stolen until an idle CPU comes to switch
 * is in the stretch behind (critpath_run.c puts it right). 0 on bare metal.
 */
static __always_inline __u64 stolen_until(struct task_struct *prev)
{
	struct task_struct___own *task = (void *)prev;

	if (!bpf_core_field_exists(task->se.cfs_rq) || !bpf_core_field_exists(struct cfs_rq___own, rq) ||
	    !bpf_core_field_exists(struct rq___paravirt, prev_steal_time_rq))
		return 0;
	return KERNEL_READ(task, se.cfs_rq, rq, prev_steal_time_rq);
}

/*
 * A nap gets no record of its own (syscall.bpf.c): what it took until it slept is one more quick
 * call's time. (For the first time: it may be preempted before, and woken in between.)
 */
static __always_inline __u64 nap_begun(const struct call *call, __u64 now)
{
	if (call->nr == NO_SYSCALL || !is_nap(call->nr) || !call->enter || call->off_in_call)
		return 0;
	return now - call->enter;
}

/* Two strangers: worth a record when the first was there for long and one of ours may have waited. */
static __always_inline bool held_long(const struct cpu_state *s, __u64 now)
{
	return s->since && now - s->since >= WIRE_HELD_MIN_NS && now - s->used < WIRE_HELD_WATCH_NS;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct task_ctx *p, *n;
	WIRE_RECORD(switch) *r;
	__u8 why, prev_role, next_role;
	bool iowait;
	struct cpu_state *s = cpu_state();
	__u64 now, stolen;

	if (!s)
		return 0;
	if (s->task != (__u64)prev) /* it came without a sched_switch: what lies here is another's */
		s->ours = 0;
	s->task = (__u64)next;
	s->stack = 0;
	p = ctx_of(prev);
	n = ctx_of(next);
	s->vcpu = n ? n->vcpu : 0;
	prev_role = role_of(prev, p);
	next_role = role_of(next, n);
	if (!control.timed && !prev_role && !next_role)
		return 0;
	now = bpf_ktime_get_ns();
	if (!prev_role && !next_role && !held_long(s, now)) {
		s->since = now;
		return 0;
	}
	why = why_off(prev, preempt);
	iowait = p ? BPF_CORE_READ_BITFIELD(prev, in_iowait) : 0;
	stolen = p || n ? stolen_until(prev) : 0;
	r = control.timed ? record_reserve_of(WIRE_SWITCH, sizeof(*r), now, prev->pid, prev->tgid) : NULL;
	if (r) {
		r->body.next_tid = next->pid;
		r->body.next_pid = next->tgid;
		r->body.cpu = bpf_get_smp_processor_id();
		r->body.prev_ours = prev_role;
		r->body.next_ours = next_role;
		r->body.prev_state = p && why == WIRE_STATE_RUNNABLE && throttled(prev) ?
					     WIRE_STATE_THROTTLED : why;
		r->body.prev_iowait = iowait;
		r->body.prev_syscall = p && s->ours ? s->call.nr : NO_SYSCALL;
		r->body.quick_calls = p && s->ours ? s->call.quick_calls : 0;
		r->body.quick_ns = p && s->ours ? s->call.quick_ns + nap_begun(&s->call, now) :
				   !prev_role && s->since ? now - s->since : 0;
		r->body.stolen_ns = p && s->ours && stolen > s->stolen ? stolen - s->stolen : 0;
		if (p && !s->ours)
			r->head.flags |= WIRE_F_NO_ENTER;
		fill_comm(r->body.prev_comm, prev, prev_role);
		fill_comm(r->body.next_comm, next, next_role);
		record_submit(r);
	}
	s->since = now;
	if (prev_role || next_role)
		s->used = now;
	if (p) {
		memory_leave(s, p, prev, now);
		leave(s, p, why, iowait, now);
		if (p->vcpu)
			vcpu_leaves_cpu(p, why, now);
	}
	s->ours = n != NULL;
	s->stolen = stolen;
	if (n) {
		come_back(s, n, next, now);
		memory_come_back(s, n, next, vcpu_is_in_run(n), now);
		if (n->vcpu)
			vcpu_gets_cpu(n, now);
	}
	return 0;
}

/*
 * What interrupts the task on this CPU, if anything. preempt_count would tell, but its address is
 * not to be had on kernels without CONFIG_KALLSYMS_ALL: the ends of each kind are traced instead.
 */
static __always_inline int irq_enter(enum wire_irq irq, __u32 vector)
{
	struct cpu_state *s = cpu_state();

	if (s) {
		s->irqs |= 1u << irq;
		if (irq == WIRE_IRQ_SOFTIRQ)
			s->vector = vector;
	}
	return 0;
}

static __always_inline int irq_exit(enum wire_irq irq)
{
	struct cpu_state *s = cpu_state();

	if (s)
		s->irqs &= ~(1u << irq);
	return 0;
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(on_softirq_entry, unsigned int vector)
{
	return irq_enter(WIRE_IRQ_SOFTIRQ, vector);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(on_softirq_exit)
{
	return irq_exit(WIRE_IRQ_SOFTIRQ);
}

SEC("tp_btf/irq_handler_entry")
int BPF_PROG(on_handler_entry)
{
	return irq_enter(WIRE_IRQ_DEVICE, 0);
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(on_handler_exit)
{
	return irq_exit(WIRE_IRQ_DEVICE);
}

SEC("tp_btf/hrtimer_expire_entry")
int BPF_PROG(on_hrtimer_entry)
{
	return irq_enter(WIRE_IRQ_TIMER, 0);
}

SEC("tp_btf/hrtimer_expire_exit")
int BPF_PROG(on_hrtimer_exit)
{
	return irq_exit(WIRE_IRQ_TIMER);
}

/* x86 only; how the notice of a listen reaches the client. */
SEC("tp_btf/irq_work_entry")
int BPF_PROG(on_irq_work_entry)
{
	return irq_enter(WIRE_IRQ_WORK, 0);
}

SEC("tp_btf/irq_work_exit")
int BPF_PROG(on_irq_work_exit)
{
	return irq_exit(WIRE_IRQ_WORK);
}

static __always_inline void fill_context(struct wire_waking *body, const struct cpu_state *s)
{
	body->context = WIRE_CONTEXT_TASK;
	body->irq = WIRE_IRQ_NONE;
	body->vector = 0;
	if (!s || !s->irqs)
		return;
	body->context = WIRE_CONTEXT_HARDIRQ;
	if (s->irqs & (1u << WIRE_IRQ_TIMER)) {
		body->irq = WIRE_IRQ_TIMER;
	} else if (s->irqs & (1u << WIRE_IRQ_DEVICE)) {
		body->irq = WIRE_IRQ_DEVICE;
	} else if (s->irqs & (1u << WIRE_IRQ_WORK)) {
		body->irq = WIRE_IRQ_WORK;
	} else {
		body->context = WIRE_CONTEXT_SOFTIRQ;
		body->irq = WIRE_IRQ_SOFTIRQ;
		body->vector = s->vector;
	}
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *woken)
{
	struct task_struct *waker;
	struct cpu_state *s;
	struct task_ctx *c;
	WIRE_RECORD(waking) *r;
	bool ours;

	if (!control.run || !control.timed)
		return 0;
	c = ctx_of(woken);
	if (!role_of(woken, c))
		return 0;
	waker = bpf_get_current_task_btf();
	r = record_reserve_of(WIRE_WAKING, sizeof(*r), bpf_ktime_get_ns(), waker->pid, waker->tgid);
	if (!r)
		return 0;
	if (c && c->vcpu)
		vcpu_is_woken(c, r->head.time);
	s = cpu_state();
	if (s && s->task != (__u64)waker)
		cpu_state_renew(s);
	ours = s && s->ours;
	r->body.tid = woken->pid;
	r->body.pid = woken->tgid;
	r->body.cpu = bpf_get_smp_processor_id();
	fill_context(&r->body, s);
	r->body.waker_syscall = ours ? s->call.nr : NO_SYSCALL;
	r->body.waker_ours = ours ? ROLE_TREE : role_of(waker, NULL);
	r->body.waker_kthread = !!(waker->flags & PF_KTHREAD);
	fill_comm(r->body.waker_comm, waker, r->body.waker_ours);
	if (c && throttled(woken))
		r->head.flags |= WIRE_F_THROTTLED;
	record_submit(r);
	return 0;
}
