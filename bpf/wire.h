/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wire.h - the records that the probes send to user space.
 *
 * The only header that both sides compile. It includes nothing: the BPF side has __u32 and friends
 * from vmlinux.h, user space from <linux/types.h>.
 *
 * A record is a struct wire_head followed by the body of its kind and, for some kinds, by
 * NUL-terminated strings. Records are stored in the recording as they are sent, so the rules of a
 * file format hold here: fixed-width fields, explicit padding, no pointer, bool, long or enum;
 * kinds and fields are appended, never renumbered or re-used; a reader takes a body that is shorter
 * than it knows as zero-extended and skips a kind that it does not know by its size.
 *
 * Times are CLOCK_MONOTONIC nanoseconds (bpf_ktime_get_ns). "pid" is what user space calls a
 * process id (the kernel's tgid), "tid" is one thread; both in the initial pid namespace.
 */
#ifndef COLDPROF_WIRE_H
#define COLDPROF_WIRE_H

#define WIRE_COMM_LEN 16
#define WIRE_ARGV_MAX 512 /* bytes of argv kept of an exec; more sets WIRE_F_TRUNCATED */
#define WIRE_NAME_MAX 64  /* bytes of a file name kept, with its NUL */

/* All kinds, once: X(number, NAME, body struct suffix). Numbers < 256 come from the kernel. */
#define WIRE_KINDS(X)                                                                              \
	X(1, FORK, fork)                                                                           \
	X(2, EXEC, exec)                                                                           \
	X(3, EXIT, exit)                                                                           \
	X(4, COMM, comm)                                                                           \
	X(5, LISTEN, sock)                                                                         \
	X(6, ESTABLISHED, sock)                                                                    \
	X(7, ACCEPT, accept)                                                                       \
	X(8, SOCK_RECV, sock)                                                                      \
	X(9, SOCK_SEND, sock)                                                                      \
	X(10, GUEST_SYSCALL, guest_syscall)                                                        \
	X(11, KVM_IOCTL, kvm_ioctl)                                                                \
	X(12, KVM_MEMSLOT, kvm_memslot)                                                            \
	X(13, KVM_RUN, kvm_run)                                                                    \
	X(14, TAP_FRAME, tap_frame)                                                                \
	X(15, SYN_RETRANSMIT, sock)                                                                \
	X(16, SWITCH, switch)                                                                      \
	X(17, WAKING, waking)                                                                      \
	X(18, SYSCALL, syscall)                                                                    \
	X(19, BLOCKED, blocked)                                                                    \
	X(20, SAMPLE, sample)                                                                      \
	X(21, FILE_CACHE, file_cache)                                                              \
	X(22, MAPPING, mapping)                                                                    \
	X(23, RSS, rss)                                                                    \
	X(27, VCPU, vcpu)                                                                          \
	X(28, VM_EXIT, vm_exit)                                                                    \
	X(29, VM_DEVICE, vm_device)                                                                \
	X(30, GUEST_TEXT, guest_text)                                                              \
	X(31, GUEST_MARK, guest_mark)                                                              \
	X(32, ADOPTED, adopted)                                                                    \
	X(40, READ_WAIT, read_wait)                                                                \
	X(41, SEEN, seen)

#define WIRE_ENUM(number, NAME, body) WIRE_##NAME = number,
enum wire_kind { WIRE_KINDS(WIRE_ENUM) WIRE_KIND_LIMIT = 256 };
#undef WIRE_ENUM

/* wire_head.flags: how far a record can be trusted. */
#define WIRE_F_TRUNCATED 0x0001  /* a string or list was longer than what is kept */
#define WIRE_F_UNREADABLE 0x0002 /* a user-space string or struct could not be read */
#define WIRE_F_NO_ENTER 0x0004   /* the start of the call was not seen; its enter time is 0 */
#define WIRE_F_THROTTLED 0x0008  /* WAKING: whom it wakes gets no CPU: the quota is used up */

struct wire_head {
	__u64 time; /* when it happened */
	__u32 tid;  /* the task that it is about */
	__u32 pid;
	__u16 kind;  /* enum wire_kind, or a host kind of user/record/format.h */
	__u16 flags; /* WIRE_F_* */
	__u16 run;   /* number of the run in its recording, from 1; 0 = of the session itself */
	__u16 size;  /* bytes of the whole record, this head and padding included; multiple of 8 */
};

/* FORK: head's task made a child. Sent before the child first runs. */
struct wire_fork {
	__u32 child_tid;
	__u32 child_pid;  /* differs from head.pid: a process, else a thread */
	__u32 shares_mm;  /* 1: the child shares its parent's memory (thread, vfork, CLONE_VM) */
	__u32 ns_changed; /* CLONE_NEW* flags of namespaces that differ from the parent's */
	char comm[WIRE_COMM_LEN];
	__u32 child_number; /* child_tid in the parent's own pid namespace, as clone returns it; 0 = not known */
	__u32 kernel_worker; /* 1: a thread that never leaves the kernel (of io_uring, vhost) */
};

/*
 * EXEC: head's task became another program; time is when the new image was ready. Followed by
 * argv: NUL-separated as in /proc/PID/cmdline, argv_len bytes.
 */
struct wire_exec {
	__u64 enter;   /* entry of the execve; 0 with WIRE_F_NO_ENTER */
	__u32 old_tid; /* tid before: differs when a thread that is no leader calls execve */
	__u32 argv_len;
	__u64 exe_inode; /* of the program's file: the same for every re-exec of a binary */
	__u32 exe_dev;   /* kernel's dev_t */
	__u32 root;      /* 1: this task is the run's root process */
	char comm[WIRE_COMM_LEN];
	char exe_name[WIRE_NAME_MAX]; /* last component of the program's real file name */
};

/* EXIT: head's task ended. */
struct wire_exit {
	__u32 code;       /* as wait(2) gives it: status << 8 | signal */
	__u32 group_dead; /* 1: it was the last thread of its process */
	__u64 enter;      /* entry of its exit or exit_group; 0: it was killed, or not known */
};

/* COMM: head's task renamed itself (prctl PR_SET_NAME and the like). */
struct wire_comm {
	char comm[WIRE_COMM_LEN];
};

/*
 * LISTEN, ESTABLISHED, SOCK_RECV, SOCK_SEND, SYN_RETRANSMIT: a TCP socket of the run. The head's
 * task is who was on the CPU: the caller for listen, recv and send, anybody for ESTABLISHED on the
 * serving side (softirq) and for retransmits.
 */
struct wire_sock {
	__u64 sock; /* opaque identity of the socket within the run */
	__u16 family;
	__u16 local_port; /* host byte order */
	__u16 remote_port;
	__u16 passive; /* ESTABLISHED: 1 = the serving side, 0 = the connecting side */
	__s32 bytes;   /* SOCK_RECV/SOCK_SEND: result of the call */
	__u32 netns;   /* inode number of the network namespace */
};

/* ACCEPT: a call that took a connection from a TCP listening socket. */
struct wire_accept {
	__u64 enter; /* entry of the call that returned it; 0 with WIRE_F_NO_ENTER */
	__s32 fd;    /* the new connection's descriptor */
	__u16 family;
	__u16 local_port;
	__u16 io_uring; /* 1: completed by io_uring, no system call of its own */
	__u16 pad;
	__u32 netns;
};

/*
 * GUEST_SYSCALL: a system call of a program inside gVisor, seen from the host because its stub
 * trapped: an exit without entry (systrap, ptrace) or a SIGSYS (syscall user dispatch). Only the
 * calls in wire_guest_syscalls() are sent. First use of each call site at least, later ones not
 * always (systrap patches call sites).
 */
struct wire_guest_syscall {
	__u32 nr;  /* of the host's architecture */
	__u32 how; /* WIRE_GUEST_* */
	__s64 ret; /* emulated result where the platform shows it (ptrace), else == nr */
};
#define WIRE_GUEST_SECCOMP_TRAP 1 /* systrap up to 2025: sys_exit with ret == nr */
#define WIRE_GUEST_USER_DISPATCH 2 /* systrap later: SIGSYS, code SYS_USER_DISPATCH */
#define WIRE_GUEST_PTRACE 3        /* ptrace platform: orphan exit with the real result */

/* KVM_IOCTL: any ioctl of type 0xAE but KVM_RUN, at its return. */
struct wire_kvm_ioctl {
	__u64 enter;
	__u32 cmd;
	__s32 fd;
	__s64 ret;
	char fd_name[WIRE_COMM_LEN]; /* "kvm", "kvm-vm", "kvm-vcpu:0": what the descriptor is */
};

/*
 * KVM_MEMSLOT: KVM_SET_USER_MEMORY_REGION(2), when it has returned and did not fail (up to 0.1: at its
 * entry, those that fail too); bytes == 0 deletes the slot.
 */
struct wire_kvm_memslot {
	__u32 slot; /* address space in the upper 16 bits, as KVM has it */
	__u32 flags;
	__u64 gpa;
	__u64 bytes;
	__u64 hva; /* user-space address in the VMM: where guest RAM lies */
	__s32 fd;  /* of the VM: a process may have several. Not in recordings of 0.1 */
	__u32 pad;
};

/* KVM_RUN: the first entry of KVM_RUN on each task. */
struct wire_kvm_run {
	__s32 fd;
	__u32 pad;
};

/* TAP_FRAME: the first frame that came in on a tap device of the run: the guest's NIC is up. */
struct wire_tap_frame {
	__u32 ifindex;
	__u32 bytes;
	char ifname[WIRE_COMM_LEN];
};

/*
 * SWITCH: a CPU changed from one task to another; sent when either is of the run (or the client),
 * and of two strangers when the first had the CPU for WIRE_HELD_MIN_NS or more, where the run used
 * that CPU less than WIRE_HELD_WATCH_NS ago: one of it may have wanted it.
 * head's task is the one that leaves the CPU; WIRE_F_NO_ENTER: that it came on it was not seen.
 */
#define WIRE_HELD_MIN_NS 100000
#define WIRE_HELD_WATCH_NS 100000000
struct wire_switch {
	__u32 next_tid; /* 0: idle */
	__u32 next_pid;
	__u32 cpu;
	__u8 prev_ours; /* 1: of the run; 2: the probing client; 0: somebody else */
	__u8 next_ours;
	__u8 prev_state;   /* enum wire_task_state: why it leaves */
	__u8 prev_iowait;  /* 1: it waits for a block device (task_struct.in_iowait) */
	__u32 prev_syscall; /* call in progress, ~0: none (user mode, page fault, kernel thread) */
	__u32 quick_calls; /* system calls since it came on the CPU that got no SYSCALL record … */
	__u64 quick_ns;    /* … and the time in them; of a stranger: how long it had the CPU, 0 = not known */
	char prev_comm[WIRE_COMM_LEN]; /* empty when it is of the run or the client */
	char next_comm[WIRE_COMM_LEN]; /* likewise */
	__u64 stolen_ns; /* since prev, of the run, came on the CPU: the hypervisor below had the CPU for others */
};
enum wire_task_state {
	WIRE_STATE_RUNNABLE = 0, /* preempted or yielded: it wants the CPU back */
	WIRE_STATE_SLEEPING = 1, /* interruptible wait */
	WIRE_STATE_BLOCKED = 2,  /* uninterruptible wait */
	WIRE_STATE_STOPPED = 3,  /* stopped or traced */
	WIRE_STATE_ENDED = 4,
	WIRE_STATE_THROTTLED = 5, /* it wants the CPU, but its cgroup's quota is used up */
};

/* WAKING: head's task (or an interrupt on top of it) wakes a task of the run or the client. */
struct wire_waking {
	__u32 tid; /* who is woken */
	__u32 pid;
	__u32 cpu;            /* where the waker runs */
	__u32 context;        /* enum wire_context */
	__u32 waker_syscall;  /* call the waker is in, ~0: none or not of the run */
	__u8 waker_ours;      /* as in wire_switch */
	__u8 waker_kthread;   /* 1: a kernel thread */
	__u8 irq;             /* enum wire_irq: what interrupted the task, if anything */
	__u8 vector;          /* WIRE_IRQ_SOFTIRQ: which (include/linux/interrupt.h: 1 timer, 3 net
				 rx, 4 block, 6 tasklet, 8 hrtimer, 9 RCU) */
	char waker_comm[WIRE_COMM_LEN]; /* empty when it is of the run or the client */
};
enum wire_context {
	WIRE_CONTEXT_TASK = 0,
	WIRE_CONTEXT_SOFTIRQ = 1, /* head's task only happened to be on the CPU */
	WIRE_CONTEXT_HARDIRQ = 2,
	WIRE_CONTEXT_NMI = 3,
	WIRE_CONTEXT_UNKNOWN = 4,
};
enum wire_irq {
	WIRE_IRQ_NONE = 0,
	WIRE_IRQ_SOFTIRQ = 1,
	WIRE_IRQ_DEVICE = 2, /* a device's interrupt handler */
	WIRE_IRQ_TIMER = 3,  /* a high-resolution timer ran out */
	WIRE_IRQ_WORK = 4,   /* irq_work: the kernel's own deferred work, our notices among it */
};

/*
 * SYSCALL: a system call of the run that took WIRE_SYSCALL_MIN_NS or more, or in which the task
 * left the CPU, or one of those that change what a process is (mount, clone, unshare, seccomp, …);
 * at its return. Quicker ones are summed in SWITCH, and so is what (clock_)nanosleep takes beside
 * sleeping. exit_group and a successful execve never return and are told by EXIT and EXEC.
 */
#define WIRE_SYSCALL_MIN_NS 10000
#define WIRE_OBJECT_MAX 64
struct wire_syscall {
	__u64 enter;
	__s64 ret;
	__u64 arg[3];
	__u32 nr;          /* of this architecture */
	__u32 object_kind; /* enum wire_object: what it was on */
	__u64 object_id;   /* inode number; futex: address */
	__u32 peer_pid;    /* SOCKET_UNIX: who is at the other end, 0 = unknown */
	__u32 netns_or_dev; /* sockets: remote port; files: device */
	char object[WIRE_OBJECT_MAX]; /* path as given by the caller, or the file's last component */
};
enum wire_object {
	WIRE_OBJECT_NONE = 0,
	WIRE_OBJECT_PATH = 1, /* a path argument */
	WIRE_OBJECT_FILE = 2, /* a descriptor: regular file or directory */
	WIRE_OBJECT_PIPE = 3,
	WIRE_OBJECT_SOCKET_UNIX = 4,
	WIRE_OBJECT_SOCKET_INET = 5,
	WIRE_OBJECT_SOCKET_OTHER = 6, /* netlink and the like */
	WIRE_OBJECT_ANON = 7, /* eventfd, epoll, signalfd, pidfd, kvm-*: the name is in object */
	WIRE_OBJECT_DEVICE = 8,
	WIRE_OBJECT_FUTEX = 9,
	WIRE_OBJECT_CHILD = 10, /* wait4, waitid: object_id is the pid asked for, 0 = any */
};

/*
 * BLOCKED: head's task waited uninterruptibly for WIRE_BLOCKED_MIN_NS or more; sent when it comes
 * back.
 * Followed by n kernel return addresses (u64), innermost first: where it slept.
 */
#define WIRE_BLOCKED_MIN_NS 100000
#define WIRE_STACK_MAX 24
struct wire_blocked {
	__u64 since; /* when it left the CPU */
	__u32 n;
	__u32 pad;
};

/*
 * READ_WAIT: head's task waited for a block device outside of a system call (a page fault), and this is
 * the file whose pages it had asked for last; sent when it comes back, behind a BLOCKED if there is one.
 */
struct wire_read_wait {
	__u64 since; /* as in BLOCKED */
	__u64 inode;
	__u32 dev;
	__u32 pad;
	char name[WIRE_NAME_MAX]; /* last component; "" = not known */
};

/* SEEN: head's task does something on a CPU that no SWITCH has brought it to (bpf/probe.bpf.h). */
struct wire_seen {
	__u32 cpu;
	__u32 pad;
};

/*
 * SAMPLE: the software clock found head's task on a CPU. Followed by n_kernel and then n_user
 * return addresses (u64), innermost first.
 */
#define WIRE_SAMPLE_KERNEL 63 /* innermost frames kept: a page fault that reads from a disk has 30, and an interrupt on top */
#define WIRE_SAMPLE_USER 64
struct wire_sample {
	__u32 cpu;
	__u16 n_kernel;
	__u16 n_user;
};

/*
 * FILE_CACHE: what the run read of one file, sent by user space after the timed window from the
 * probes' sums; head's pid is who touched it first.
 */
struct wire_file_cache {
	__u64 inode;
	__u64 read_bytes;  /* from disk, readahead included */
	__u32 dev;
	__u32 pad;
	char name[WIRE_NAME_MAX];
};

/*
 * MAPPING: head's process mapped a file for execution; an exec ends all older ones. The path is
 * that of the file within its file system, innermost component first.
 */
#define WIRE_PATH_PARTS 10
#define WIRE_PATH_PART_MAX 32
struct wire_mapping {
	__u64 start;
	__u64 bytes;
	__u64 file_offset;
	__u64 inode;
	__u32 dev; /* kernel's dev_t */
	__u32 n;   /* components; WIRE_PATH_PARTS: there may be more */
	char path[WIRE_PATH_PARTS][WIRE_PATH_PART_MAX];
};

/*
 * VCPU: what head's task, a vCPU's thread, has done since it first called KVM_RUN: sums up to
 * head.time, of which every nanosecond is in one state. Sent when the state changes, at most every
 * WIRE_VCPU_EVERY_NS, and by user space when the timed window is over.
 */
#define WIRE_VCPU_EVERY_NS 10000000
#define WIRE_VCPU_LINES_NS 1000000 /* … and with a line or mark of the guest, so long after the one before */
enum wire_vcpu_state {
	WIRE_VCPU_GUEST = 0, /* on a CPU in KVM_RUN, and not known to be in the kernel */
	WIRE_VCPU_KERNEL = 1, /* on a CPU, between kvm_exit and kvm_entry or KVM_RUN's return */
	WIRE_VCPU_VMM = 2, /* on a CPU, outside of KVM_RUN */
	WIRE_VCPU_HALTED = 3, /* asleep in KVM_RUN, or since an exit for HLT until the next KVM_RUN */
	WIRE_VCPU_RUNNABLE = 4, /* wants a CPU */
	WIRE_VCPU_BLOCKED = 5, /* any other wait */
};
#define WIRE_VCPU_STATES 6
struct wire_vcpu {
	__u64 first; /* its first KVM_RUN */
	__u64 ns[WIRE_VCPU_STATES];
	__u64 runs;       /* calls of KVM_RUN */
	__u64 entries;    /* kvm_entry: 0 where it does not fire, then GUEST has KERNEL in it */
	__u64 user_exits; /* returns of KVM_RUN that told why */
	__u32 slot;       /* its place among the probes' sums; no meaning beyond that */
	__u32 pad;
};

/* VM_EXIT: exits of all vCPUs for one reason, over the timed window; sent by user space. */
struct wire_vm_exit {
	__u32 table;  /* enum wire_exit_table */
	__u32 reason; /* its number there; ~0: could not be read */
	__u64 count;
	__u64 kernel_ns; /* until the guest, or user space, went on; without the thread's time off the CPU */
	__u64 user_ns;   /* WIRE_EXIT_USER: until the next KVM_RUN; the same, and not of halts */
};
enum wire_exit_table {
	WIRE_EXIT_USER = 0, /* KVM_EXIT_* of linux/kvm.h: exits to the VMM */
	WIRE_EXIT_VMX = 1,  /* the two of the kernel's isa: hardware exits */
	WIRE_EXIT_SVM = 2,
	WIRE_EXIT_OTHER = 3, /* of another vendor (kvm_pvm) or architecture */
};

/* VM_DEVICE: accesses that left the guest, per address, over the timed window; by user space. */
struct wire_vm_device {
	__u64 address;
	__u32 space; /* enum wire_space */
	__u32 pad;
	__u64 reads;
	__u64 writes;
	__u64 kernel_ns; /* from the exit (without kvm_exit: from the access) to who handles it */
	__u64 user_ns;   /* in the VMM: from KVM_RUN's return to the next call */
	__u64 first;     /* when, the first and the last of them */
	__u64 last;
};
enum wire_space {
	WIRE_SPACE_PORT = 1,
	WIRE_SPACE_MMIO = 2,
	WIRE_SPACE_REST = 3, /* addresses for which there was no room, as one */
};

/*
 * GUEST_TEXT: what the guest wrote to its first serial port (port 0x3f8), a line or as much of one
 * as there is room for; head.time is its end. Bytes up to n, no NUL; the rest is 0.
 */
#define WIRE_GUEST_TEXT_MAX 224
struct wire_guest_text {
	__u64 since; /* its first byte */
	__u32 n;
	__u32 open; /* 1: the line goes on in the next record */
	char text[WIRE_GUEST_TEXT_MAX];
};

/*
 * GUEST_MARK: a write to an address that guests mark their boot with. WIRE_MARKS_MAX a run at most, and as
 * many of port 0x80 (of what user space reads: of each port). How many more there were is told by one of
 * space REST: value is their number, address 0x80 (the port), or 0 for all others.
 */
#define WIRE_MARKS_MAX 256
struct wire_guest_mark {
	__u64 address;
	__u32 space; /* enum wire_space */
	__u32 value;
};

/*
 * ADOPTED: head's process belongs to the run though nobody of the run made it: what a daemon does
 * for it. Sent before any other record of it; its descendants inherit.
 */
struct wire_adopted {
	__u32 how;        /* WIRE_ADOPTED_* */
	__u32 parent_pid; /* who forked it; 0 where that does not matter */
	char parent_comm[WIRE_COMM_LEN];
	char rule[24];    /* name of the rule that held */
	char id[64];      /* the container's id or the machine's name, by which it is told; "" */
};
#define WIRE_ADOPTED_EXEC 1   /* it executed a program of a rule, with an id of the run in argv */
#define WIRE_ADOPTED_DAEMON 2 /* the run's own daemon, started before the launch; all its threads */
#define WIRE_ADOPTED_WATCH 3  /* `coldprof watch`: such a program began a run of its own */
#define WIRE_ADOPTED_CGROUP 4 /* it executed a program in a cgroup whose name has an id of the run */

/*
 * RSS: what head's task and its process have come to: when it leaves the CPU after a change, and at
 * least every millisecond of a run's first second while it goes on (later every 1/1024 of the run's
 * age). Memory is that of the address space now, in bytes; faults are those of this task since its
 * last such record.
 */
struct wire_rss {
	__u32 mm;    /* identity of the address space within the run */
	__u32 known; /* 0: the task has no memory any more, or it was not read: only the faults count */
	__u64 anon, file, shmem, swap;
	__u64 page_tables;
	__u32 minor, major; /* page faults, by the kernel's own count … */
	/* … and of those, by what they did: */
	__u32 faults_anon;  /* a new anonymous page of zeros */
	__u32 faults_file;  /* a page of a file that was in the page cache */
	__u32 faults_read;  /* … that had to be read */
	__u32 faults_shmem; /* a page of shared memory */
	__u32 faults_cow;   /* a write to a private page that was mapped read-only, or that is a file's */
	__u32 faults_guest; /* at an address in guest RAM, or of a vCPU in KVM_RUN */
	/*
	 * known & 2: this process has a guest whose memory's place was known. Guest RAM that its own
	 * faults brought in since then, of anon, file and shmem; what was there before is not in it.
	 */
	__u64 guest_anon, guest_file, guest_shmem;
	__u64 most;    /* the kernel's own high-water mark of the address space's RSS; 0 = not read */
	__u64 dropped; /* RSS records of this run that were left out after the first byte, so far */
};

/* Per-CPU counters of the probes, summed by user space. */
struct wire_stats {
	__u64 sent;
	__u64 lost; /* no room in the ring buffer */
};

#define WIRE_ASSERT(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " changed size")
WIRE_ASSERT(struct wire_head, 24);
WIRE_ASSERT(struct wire_fork, 40);
WIRE_ASSERT(struct wire_exec, 112);
WIRE_ASSERT(struct wire_exit, 16);
WIRE_ASSERT(struct wire_comm, 16);
WIRE_ASSERT(struct wire_sock, 24);
WIRE_ASSERT(struct wire_accept, 24);
WIRE_ASSERT(struct wire_guest_syscall, 16);
WIRE_ASSERT(struct wire_kvm_ioctl, 40);
WIRE_ASSERT(struct wire_kvm_memslot, 40); /* 0.1: 32, without fd */
WIRE_ASSERT(struct wire_kvm_run, 8);
WIRE_ASSERT(struct wire_tap_frame, 24);
WIRE_ASSERT(struct wire_switch, 72);
WIRE_ASSERT(struct wire_waking, 40);
WIRE_ASSERT(struct wire_syscall, 128);
WIRE_ASSERT(struct wire_blocked, 16);
WIRE_ASSERT(struct wire_sample, 8);
WIRE_ASSERT(struct wire_read_wait, 88);
WIRE_ASSERT(struct wire_seen, 8);
WIRE_ASSERT(struct wire_file_cache, 88);
WIRE_ASSERT(struct wire_mapping, 360);
WIRE_ASSERT(struct wire_rss, 120);
WIRE_ASSERT(struct wire_vcpu, 88);
WIRE_ASSERT(struct wire_vm_exit, 32);
WIRE_ASSERT(struct wire_vm_device, 64);
WIRE_ASSERT(struct wire_guest_text, 240);
WIRE_ASSERT(struct wire_guest_mark, 16);
WIRE_ASSERT(struct wire_adopted, 112);
_Static_assert(__builtin_offsetof(struct wire_head, kind) == 16, "wire_head.kind moved");
_Static_assert(__builtin_offsetof(struct wire_exec, comm) == 32, "wire_exec.comm moved");
_Static_assert(__builtin_offsetof(struct wire_sock, bytes) == 16, "wire_sock.bytes moved");

#endif
