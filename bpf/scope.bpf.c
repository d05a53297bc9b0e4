// SPDX-License-Identifier: GPL-2.0-only
/*
 * scope.bpf.c - which tasks belong to the run, and the life of each: fork, exec, rename, exit.
 *
 * Membership is inherited here, in the kernel, when a task forks and before its child first runs:
 * by the task that calls fork, so a daemon that forks twice, CLONE_PARENT and subreapers change
 * nothing.
 */
#include "bpf/probe.bpf.h"
#include "bpf/syscall_nr.bpf.h"

const volatile __u16 config_port = 0;
const volatile bool config_ledger = false; /* follow scheduling and system calls */
const volatile bool config_watch = false;  /* several runs at once, each begun by an exec */
const volatile bool config_loads = true;   /* bpf/read.bpf.h */
struct probe_control control = {};

_Static_assert(sizeof(struct task_ctx) == sizeof(struct probe_mark), "user space writes it");

/* Where a switch was hidden, this is the first that is known of the task: until then it may have waited. */
static __always_inline void send_seen(void)
{
	WIRE_RECORD(seen) *r = config_ledger && control.timed ? record_reserve(WIRE_SEEN, sizeof(*r)) : NULL;

	if (!r)
		return;
	r->body.cpu = bpf_get_smp_processor_id();
	r->body.pad = 0;
	record_submit(r);
}

int cpu_state_renew(struct cpu_state *s)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_ctx *c;

	/* Not by its number, which an exec by another thread than the first changes. */
	if (!s || s->task == (__u64)task)
		return 0;
	c = ctx_of(task);
	s->task = (__u64)task;
	s->stack = 0;
	s->vcpu = c ? c->vcpu : 0;
	s->ours = c != NULL;
	s->stolen = NOT_STOLEN; /* since when it is here is not known */
	if (c) {
		call_restart(s, c);
		c->call.nr = NO_SYSCALL; /* handed out: if it leaves unseen, it is in another one when it is back */
		memory_restart(&s->memory, task, bpf_ktime_get_ns());
		send_seen();
	}
	return 0;
}

#define PF_IO_WORKER 0x00000010   /* include/linux/sched.h */
#define PF_USER_WORKER 0x00004000 /* likewise, since 6.4 */
#define CLONE_NEWNS 0x00020000
#define CLONE_NEWCGROUP 0x02000000
#define CLONE_NEWUTS 0x04000000
#define CLONE_NEWIPC 0x08000000
#define CLONE_NEWPID 0x20000000
#define CLONE_NEWNET 0x40000000
#define SIGNAL_GROUP_EXIT 0x00000004

static __always_inline __u32 namespaces_changed(struct task_struct *a, struct task_struct *b)
{
	struct nsproxy *x = KERNEL_READ(a, nsproxy), *y = KERNEL_READ(b, nsproxy);
	__u32 flags = 0;

	if (x == y)
		return 0;
	if (KERNEL_READ(x, mnt_ns) != KERNEL_READ(y, mnt_ns))
		flags |= CLONE_NEWNS;
	if (KERNEL_READ(x, uts_ns) != KERNEL_READ(y, uts_ns))
		flags |= CLONE_NEWUTS;
	if (KERNEL_READ(x, ipc_ns) != KERNEL_READ(y, ipc_ns))
		flags |= CLONE_NEWIPC;
	if (KERNEL_READ(x, net_ns) != KERNEL_READ(y, net_ns))
		flags |= CLONE_NEWNET;
	if (KERNEL_READ(x, cgroup_ns) != KERNEL_READ(y, cgroup_ns))
		flags |= CLONE_NEWCGROUP;
	if (KERNEL_READ(x, pid_ns_for_children) != KERNEL_READ(y, pid_ns_for_children))
		flags |= CLONE_NEWPID;
	return flags;
}

/* After unshare or setns the parent's nsproxy has been the new one before: its own pid tells. */
static __always_inline __u32 pid_namespace_changed(struct task_struct *parent, struct task_struct *child)
{
	return KERNEL_READ(child, thread_pid, level) != KERNEL_READ(parent, thread_pid, level) ?
		       CLONE_NEWPID : 0;
}

/* The child's membership, from its parent's. */
static __always_inline bool adopt_child(struct task_struct *parent, struct task_struct *child)
{
	struct task_ctx *p, *c;
	__u32 root = 0;

	if (!control.run)
		return false;
	p = bpf_task_storage_get(&tasks, parent, NULL, 0);
	if (!p || !run_is_on(p->run))
		return false;
	if (p->role == ROLE_ANCHOR) {
		/* The keeper has one thread: no race on the count. */
		root = control.roots++ == 0;
		if (!root)
			return false; /* the keeper's own business */
	}
	c = bpf_task_storage_get(&tasks, child, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!c) {
		count_sent(false);
		return false;
	}
	c->run = p->run;
	c->role = ROLE_TREE;
	c->root = root;
	c->call.nr = NO_SYSCALL;
	return true;
}

/* A task's number in the pid namespace that another one is in; 0 when it has none there. */
static __always_inline __u32 number_for(struct task_struct *task, struct task_struct *reader)
{
	struct pid *pid = KERNEL_READ(task, thread_pid);
	__u32 level = KERNEL_READ(reader, thread_pid, level);

	if (level > KERNEL_READ(pid, level))
		return 0;
	return kernel_u32((__u64)pid + bpf_core_field_offset(pid->numbers) +
			  level * bpf_core_type_size(struct upid) + bpf_core_field_offset(struct upid, nr));
}

/*
 * Not sched_process_fork, which does not tell of the kernel's workers for a process (io_uring, vhost):
 * they are its threads, and what they do is done for it.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(on_fork, struct task_struct *child)
{
	struct task_struct *parent = bpf_get_current_task_btf();
	WIRE_RECORD(fork) *r;

	if (!adopt_child(parent, child))
		return 0;
	r = record_reserve(WIRE_FORK, sizeof(*r));
	if (!r)
		return 0;
	r->body.child_tid = child->pid;
	r->body.child_pid = child->tgid;
	r->body.shares_mm = child->mm && child->mm == parent->mm;
	r->body.ns_changed = namespaces_changed(parent, child) | pid_namespace_changed(parent, child);
	__builtin_memset(r->body.comm, 0, sizeof(r->body.comm));
	bpf_probe_read_kernel_str(r->body.comm, sizeof(r->body.comm), child->comm);
	r->body.child_number = number_for(child, parent);
	r->body.kernel_worker = child->tgid == parent->tgid && (child->flags & (PF_IO_WORKER | PF_USER_WORKER)) != 0;
	record_submit(r);
	return 0;
}

/* An exec's record is the only long one: it is put together here and then sent. */
struct exec_record {
	struct wire_head head;
	struct wire_exec body;
	char argv[WIRE_ARGV_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exec_record);
} exec_scratch SEC(".maps");

static __always_inline __u32 exec_argv(struct exec_record *r, struct task_struct *task)
{
	__u64 start = KERNEL_READ(task, mm, arg_start);
	__u64 len = KERNEL_READ(task, mm, arg_end) - start;

	if (len > WIRE_ARGV_MAX) {
		len = WIRE_ARGV_MAX;
		r->head.flags |= WIRE_F_TRUNCATED;
	}
	/* The kernel has just copied these pages: they are there, no fault is needed. */
	if (bpf_probe_read_user(r->argv, len, (void *)start)) {
		r->head.flags |= WIRE_F_UNREADABLE;
		return 0;
	}
	return len;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct task_ctx *c = ctx_of(task);
	struct exec_record *r;
	struct file *file;
	__u32 zero = 0;
	__u64 size;

	if (!c)
		return 0;
	r = bpf_map_lookup_elem(&exec_scratch, &zero);
	if (!r)
		return 0;
	r->head.time = bpf_ktime_get_ns();
	r->head.tid = task->pid;
	r->head.pid = task->tgid;
	r->head.kind = WIRE_EXEC;
	r->head.flags = 0;
	r->head.run = c->run;
	r->body.enter = 0;
	r->body.enter = c->telling_enter;
	if (!c->telling_enter)
		r->head.flags |= WIRE_F_NO_ENTER;
	r->body.old_tid = old_pid;
	r->body.root = c->root;
	file = KERNEL_READ(bprm, file);
	r->body.exe_inode = KERNEL_READ(file, f_inode, i_ino);
	r->body.exe_dev = KERNEL_READ(file, f_inode, i_sb, s_dev);
	/* The scratch still has the last one's names behind the NUL. */
	__builtin_memset(r->body.comm, 0, sizeof(r->body.comm));
	__builtin_memset(r->body.exe_name, 0, sizeof(r->body.exe_name));
	bpf_probe_read_kernel_str(r->body.comm, sizeof(r->body.comm), task->comm);
	bpf_probe_read_kernel_str(r->body.exe_name, sizeof(r->body.exe_name),
				  KERNEL_READ(file, f_path.dentry, d_name.name));
	r->body.argv_len = exec_argv(r, task);
	size = sizeof(r->head) + sizeof(r->body) + ((r->body.argv_len + 7) & ~7u);
	if (size > sizeof(*r))
		size = sizeof(*r);
	r->head.size = size;
	count_sent(bpf_ringbuf_output(&ring, r, size, BPF_RB_NO_WAKEUP) == 0);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *name)
{
	WIRE_RECORD(comm) *r;

	if (!ctx_of(task))
		return 0;
	r = record_reserve(WIRE_COMM, sizeof(*r));
	if (!r)
		return 0;
	/* prctl renames the caller, but a write to /proc/PID/task/TID/comm somebody else. */
	r->head.tid = task->pid;
	r->head.pid = task->tgid;
	bpf_probe_read_kernel_str(r->body.comm, sizeof(r->body.comm), name);
	record_submit(r);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal;
	struct cpu_state *s;
	WIRE_RECORD(exit) *r;

	if (!ctx_of(task))
		return 0;
	s = config_ledger ? cpu_state_of_current() : NULL;
	r = record_reserve(WIRE_EXIT, sizeof(*r));
	if (!r)
		return 0;
	/* What wait(2) would give: the group's code where the whole group was told to go. */
	signal = task->signal;
	r->body.group_dead = signal->live.counter == 0;
	r->body.code = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code
							 : task->exit_code;
	/* Up to 6.15 the task has given back its memory by now, which can take long. */
	r->body.enter = s && s->ours && (s->call.nr == SYSCALL_exit || s->call.nr == SYSCALL_exit_group) ?
				s->call.enter : 0;
	record_submit(r);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
