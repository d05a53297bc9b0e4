/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.bpf.h - what every probe file shares: the maps, the question "is this task of the run?",
 * and how a record is sent. Definitions live in scope.bpf.c; the files are compiled as one (Makefile).
 */
#ifndef COLDPROF_PROBE_BPF_H
#define COLDPROF_PROBE_BPF_H

/* clang-format off: vmlinux.h must come first */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "bpf/memory_state.bpf.h"
#include "bpf/wire.h"
#include "bpf/shared.h"
/* clang-format on */

#define NO_SYSCALL (~0u)

#define CALL_SLOTS 16 /* power of two */

/* The system call in progress and the quick ones before it. */
struct call {
	__u64 enter;       /* entry of the call in progress; 0: it is thinned (bpf/syscall.bpf.c) */
	__u64 quick_ns;    /* time in calls that get no record, since the task came on the CPU */
	__u32 quick_calls; /* … and how many */
	__u32 nr;          /* call in progress, NO_SYSCALL outside */
	__u32 off_in_call; /* 1: the task left the CPU since the call in progress began */
	__u32 pad;
	__u64 off_since;   /* when it left the CPU for the last time */
	__u8 quick[CALL_SLOTS]; /* quick calls in a row, by number */
};

/* What we remember of a task of the run, in task-local storage. */
struct task_ctx {
	__u32 run;     /* number of the run; 0 = not ours */
	__u32 role;    /* enum probe_role */
	__u32 root;    /* 1: the run's root process */
	__u32 vcpu;    /* it has called KVM_RUN: its place in the map "vcpus" + 1; ~0: no room there */
	struct call call; /* with the ledger: only while it is off the CPU, see struct cpu_state */
	__u64 telling_enter; /* entry of an accept, execve or KVM ioctl in progress */
	__u64 arg[2];     /* KVM ioctl in progress: descriptor and command */
	__u32 port;       /* accept in progress: the listening socket's port, 0 = not TCP */
	__u32 netns;      /* … and its network namespace */
	__u32 family;     /* … and its address family */
	__u32 blocked;    /* it left the CPU for an uninterruptible wait: 1, or 2: for a disk */
	struct probe_file read; /* whose pages it asked a disk for since it came on the CPU; inode 0: none */
	__u32 memory_minor, memory_major; /* of the page fault in which it sleeps: memory_state's … */
	__u32 memory_fault;               /* … and the fault; 0 = none */
	__u32 pad;
};

#define NOT_STOLEN (~(__u64)0)

/*
 * What goes on on a CPU. The call of the task that runs there lies here, not with the task: two
 * loads instead of two look-ups for each system call. sched_switch carries it back and forth.
 */
struct cpu_state {
	__u32 run;    /* of which run it speaks; an older one is stale */
	__u32 irqs;   /* 1 << enum wire_irq: what interrupts the task */
	__u32 vector; /* of the softirq */
	__u32 ours;   /* 1: the task is of the run */
	__u32 vcpu;   /* its task_ctx.vcpu */
	__u64 task;   /* its address, to know it again; 0 = not known */
	__u64 stack;  /* its kernel stack: which block of STACK_BYTES; 0 = not known */
	__u64 place;  /* see stack_block() */
	__u64 since;  /* when the task that is on it came; 0 = not known */
	__u64 used;   /* when one of the run last came or left */
	__u64 stolen; /* stolen_until() when the task came; NOT_STOLEN: not known */
	struct call call;
	struct memory_state memory;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_state);
} cpus __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} tasks __weak SEC(".maps");

/* Everything goes through one ring, without waking anybody: the collector drains it by the clock. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 << 20);
} ring __weak SEC(".maps");

/* The few events that the client must react to at once. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} notices __weak SEC(".maps");

/* What a run read, by file (bpf/file.bpf.c). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct probe_file);
	__type(value, struct probe_file_sums);
} files __weak SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wire_stats);
} stats __weak SEC(".maps");

extern const volatile __u16 config_port;
extern const volatile bool config_ledger;
extern const volatile bool config_watch;
extern struct probe_control control;
extern __u32 watch_live[WATCH_SLOTS];

/*
 * All ones where v is less than 0, else 0: choices between numbers without a jump. The verifier follows
 * both ways of each jump, so a dozen of them in a row took it most of a second.
 */
static __always_inline __u64 mask_negative(__s64 v)
{
	v >>= 63;
	asm volatile("" : "+r"(v)); /* or the compiler makes the jump again */
	return v;
}

/* Does a run go on? There is one at a time, or (config_watch) one for each start that is seen. */
static __always_inline bool run_is_on(__u32 run)
{
	if (config_watch)
		return run && watch_live[run % WATCH_SLOTS] == run;
	return run == control.run;
}

static __always_inline struct task_ctx *ctx_of(struct task_struct *task)
{
	struct task_ctx *c;

	/* The idle task is nobody's, nor is one with which nothing is kept: most of the machine's. */
	if (!control.run || !task->pid || !KERNEL_READ(task, bpf_storage))
		return NULL;
	c = bpf_task_storage_get(&tasks, task, NULL, 0);
	return c && run_is_on(c->run) && c->role == ROLE_TREE ? c : NULL;
}

static __always_inline struct task_ctx *ctx_current(void)
{
	return ctx_of(bpf_get_current_task_btf());
}

static __always_inline struct cpu_state *cpu_state(void)
{
	struct cpu_state *s;
	__u32 zero = 0;

	if (!control.run || control.idle)
		return NULL;
	s = bpf_map_lookup_elem(&cpus, &zero);
	if (s && s->run != control.run) {
		s->run = control.run;
		s->irqs = 0;
		s->ours = 0;
		s->task = 0;
		s->stack = 0;
		s->vcpu = 0;
		s->since = 0;
		s->used = 0;
	}
	return s;
}

/* A task's call comes to the CPU with it; what was quick is counted anew. */
static __always_inline void call_restart(struct cpu_state *s, const struct task_ctx *c)
{
	s->call = c->call;
	s->call.quick_ns = 0;
	s->call.quick_calls = 0;
	__builtin_memset(s->call.quick, 0, sizeof(s->call.quick));
}

/*
 * For what asks about the task that runs: the state is made its own, if it is still another's. Some kernels
 * change to a task now and then without a sched_switch (seen on a nested guest, 6.18, behind threads of pid 1):
 * it is noticed here, at the first thing that it does. In scope.bpf.c, and global: the verifier looks at it once.
 */
int cpu_state_renew(struct cpu_state *s);

static __always_inline struct cpu_state *cpu_state_of_current(void)
{
	struct cpu_state *s = cpu_state();

	if (s)
		cpu_state_renew(s);
	return s;
}

#define STACK_BYTES 16384 /* a kernel stack is no smaller, and lies at a multiple of its size, wherever 64 bits are */

/*
 * The block that a place on the kernel's stack is in: no two threads share one. (The verifier masks no
 * pointers; what has been in memory is a number to it.)
 */
static __always_inline __u64 stack_block(struct cpu_state *s, const void *place)
{
	volatile __u64 *number = &s->place;

	*number = (__u64)place;
	return *number & ~(__u64)(STACK_BYTES - 1);
}

/*
 * cpu_state_of_current() for what has something on the task's own stack, as a rule: the registers of
 * a system call, the arguments of a tracepoint. To ask for the task is a call, which costs more
 * than all else here where the kernel guards its returns (20 ns).
 */
static __always_inline struct cpu_state *cpu_state_on(const void *place)
{
	struct cpu_state *s = cpu_state();
	__u64 stack;

	if (!s)
		return NULL;
	stack = stack_block(s, place);
	if (s->stack != stack) {
		cpu_state_renew(s);
		s->stack = s->irqs ? 0 : stack; /* an interrupt's stack is any task's */
	}
	return s;
}

/* The task whose state this is, the current one: to read its members. */
static __always_inline struct task_struct *task_of(const struct cpu_state *s)
{
	if (by_load())
		return bpf_rdonly_cast((void *)s->task, bpf_core_type_id_kernel(struct task_struct));
	return bpf_get_current_task_btf();
}

/* The current task's call, NULL when the task is not of the run. */
static __always_inline struct call *call_current(const struct pt_regs *regs)
{
	struct cpu_state *s;
	struct task_ctx *c;

	if (config_ledger) {
		s = cpu_state_on(regs);
		return s && s->ours ? &s->call : NULL;
	}
	c = ctx_current();
	return c ? &c->call : NULL;
}

static __always_inline void count_sent(bool ok)
{
	__u32 zero = 0;
	struct wire_stats *s = bpf_map_lookup_elem(&stats, &zero);

	if (!s)
		return;
	if (ok)
		s->sent++;
	else
		s->lost++;
}

static __always_inline __u16 run_of_current(void)
{
	struct task_ctx *c = config_watch ? ctx_current() : NULL;

	return c ? c->run : control.run;
}

/* Room for a record of size bytes, its head filled; NULL (counted): no room. */
static __always_inline void *record_reserve_of(__u16 kind, const __u64 size, __u64 time, __u32 tid,
					       __u32 pid)
{
	struct wire_head *h = bpf_ringbuf_reserve(&ring, size, 0);

	/* One look at h only: up to 6.1 the verifier does not see that the second says the same. */
	if (!h) {
		count_sent(false);
		return NULL;
	}
	count_sent(true);
	h->time = time;
	h->tid = tid;
	h->pid = pid;
	h->kind = kind;
	h->flags = 0;
	h->run = run_of_current();
	h->size = size;
	return h;
}

/*
 * … of the current task. Who has read the clock already hands its time over: reading it costs as much as
 * the rest; so does who has the task (record_reserve_of()).
 */
static __always_inline void *record_reserve_at(__u16 kind, const __u64 size, __u64 time)
{
	__u64 id = bpf_get_current_pid_tgid();

	return record_reserve_of(kind, size, time, id, id >> 32);
}

static __always_inline void *record_reserve(__u16 kind, const __u64 size)
{
	return record_reserve_at(kind, size, bpf_ktime_get_ns());
}

static __always_inline void record_submit(void *record)
{
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* A record whose body is one struct: struct WIRE { struct wire_head head; struct wire_NAME body; }. */
#define WIRE_RECORD(name)                                                                          \
	struct {                                                                                   \
		struct wire_head head;                                                             \
		struct wire_##name body;                                                           \
	}

static __always_inline void notify(__u64 time, __u32 kind, __u32 nr, __u16 port)
{
	struct probe_notice *n = bpf_ringbuf_reserve(&notices, sizeof(*n), 0);

	if (!n)
		return;
	n->time = time;
	n->kind = kind;
	n->nr = nr;
	n->port = port;
	n->run = control.run;
	n->pad = 0;
	bpf_ringbuf_submit(n, BPF_RB_FORCE_WAKEUP);
}

/* The struct sock behind a descriptor of the current task, NULL when it is no socket. */
static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct socket *socket;

	if ((KERNEL_READ(file, f_inode, i_mode) & 0170000) != 0140000) /* S_IFSOCK */
		return NULL;
	socket = (struct socket *)KERNEL_READ(file, private_data);
	return socket ? KERNEL_READ(socket, sk) : NULL;
}

static __always_inline struct file *file_of_fd(struct task_struct *task, __u32 fd)
{
	struct fdtable *fdt = KERNEL_READ(task, files, fdt);

	if (!fdt || fd >= KERNEL_READ(fdt, max_fds))
		return NULL;
	return (struct file *)kernel_u64((__u64)KERNEL_READ(fdt, fd) + 8 * (__u64)fd);
}

#endif
