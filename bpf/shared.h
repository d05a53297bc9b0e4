/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * shared.h - what collector and probes share besides the records: globals and the notice ring.
 * Never stored, so it may change freely; like wire.h it includes nothing.
 */
#ifndef COLDPROF_SHARED_H
#define COLDPROF_SHARED_H

#define PROBE_MARK_REST 34

/* In .bss: which run is on. Written by the collector between runs only. */
struct probe_control {
	__u32 run;          /* 0: none, every probe returns at once */
	__u32 netns;        /* where the service listens; 0 = any */
	__u32 client_netns; /* where the client is */
	__u32 timed;        /* 1 until the first byte: sockets, accepts, guest calls are recorded */
	__u32 roots;        /* children of the anchor so far */
	__u32 tap_frames;
	__u32 client_tid; /* the probing client's thread */
	__u32 guest;      /* 1: it has a gVisor guest, whose calls are looked for */
	__u32 idle;       /* 1: enough was seen of this run; only lives and ends are followed */
	__u32 quiet;      /* 1: nothing is traced, only a listen in netns is noticed */
	__u32 marks;      /* GUEST_MARK records so far, those left out with them; … */
	__u32 posts;      /* … and those of port 0x80, which have a budget of their own */
	__u32 isa;        /* what kvm_exit says it is: 1 vmx, 2 svm, others; 0 = it has not fired */
	__u32 vcpu_page;  /* where struct kvm_vcpu has the address of its struct kvm_run; 0 = not known */
};

/* A record of the ring "notices". */
struct probe_notice {
	__u64 time;
	__u32 kind; /* WIRE_LISTEN, WIRE_ACCEPT, WIRE_GUEST_SYSCALL */
	__u32 nr;
	__u16 port;
	__u16 run;
	__u32 pad;
};
_Static_assert(sizeof(struct probe_notice) == 24, "probe_notice changed size");

/* Key and value of the map "files": what a run read, per file. */
struct probe_file {
	__u64 inode;
	__u32 dev; /* the kernel's dev_t */
	__u32 pad;
};
struct probe_file_sums {
	__u64 read_bytes;  /* from disk */
	__u32 run;
	__u32 pid; /* who touched it first */
	char name[64];
};

/* Key and value of the map "vm_devices": address, and enum wire_space in the upper byte. */
#define PROBE_DEVICES_MAX 2048
#define PROBE_DEVICE_SPACE 56
struct probe_device {
	__u64 reads, writes, kernel_ns, user_ns, first, last;
};

/* Value of the map "vcpus": one vCPU's ledger, written by its own thread's events only. */
#define PROBE_VCPUS_MAX 64 /* power of two */
#define PROBE_VCPU_DEVICES 8 /* power of two */
struct probe_vcpu {
	__u64 page;  /* its struct kvm_run, as the kernel maps it: why KVM_RUN came back; 0 = not known */
	__u64 first; /* its first KVM_RUN */
	__u64 last;  /* ns[] is right up to here */
	__u64 end;   /* its thread ended; 0 = no */
	__u64 ns[8]; /* enum wire_vcpu_state, and two to make it a power of two */
	__u64 runs, entries, user_exits;
	__u64 woken;  /* off the CPU: when it was woken for the first time; 0 = not yet */
	__u64 off;    /* … and since when it is off; 0 = on a CPU */
	__u64 since;  /* an exit is handled in the kernel since, time off the CPU left out; 0 = none is */
	__u64 user_since; /* KVM_RUN returned, the same; 0 = it is in it */
	__u64 next_send;
	__u64 device; /* key of the address whose exit is handled; 0 = none or not known yet */
	__u64 device_kernel, device_user; /* ns of the exit that is handled */
	__u64 mmio_read; /* a read of this address went to the VMM and will come back */
	__u32 tid, pid;
	__u32 run;
	__u32 state, back; /* enum wire_vcpu_state: now, and on the CPU again */
	__u32 reason;      /* index of the exit that is handled, in the map "vm_exits"; ~0: none */
	__u32 user_reason; /* KVM_EXIT_* of the last exit to the VMM */
	__u32 writes;      /* of the exit that is handled: 1 when it is a write */
	__u32 pending_in;  /* 1: it was a port's read whose port is told by the next KVM_RUN */
	__u32 slot;        /* its place in the map */
	__u32 fd;          /* of which page is */
	__u32 pad;
	/* The accesses that it made last, by device: what is not in the map "vm_devices" yet. */
	struct {
		__u64 key; /* 0: none */
		struct probe_device sums;
	} devices[PROBE_VCPU_DEVICES];
};

/* Value of the map "guest_texts": what a VM's first serial port has said of a line; key: the VMM's pid. */
#define PROBE_TEXTS_MAX 64
struct probe_text {
	__u64 since, last; /* its first byte, and its last one */
	__u32 n;
	__u32 run;     /* an older one is stale */
	__u32 divisor; /* not 0: the port's divisor is being set, what is written is no text */
	__u32 pad;
	char bytes[256]; /* WIRE_GUEST_TEXT_MAX of them, and some to make it a power of two */
};

/* Indices of the map "vm_exits": hardware exits first, then KVM_EXIT_*. */
#define PROBE_EXIT_LOW 256    /* codes below it have their own … */
#define PROBE_EXIT_SVM 0x400  /* … and so have 16 from here on (nested page faults) */
#define PROBE_EXIT_UNKNOWN 272 /* no reason could be read, or a number out of range */
#define PROBE_EXIT_USER 273
#define PROBE_EXITS (PROBE_EXIT_USER + 64)
struct probe_exit {
	__u64 count, kernel_ns, user_ns;
	__u32 run; /* an older one is stale */
	__u32 pad;
};

/*
 * Which programs that somebody else executes are looked at, and where their argv has the id of a
 * container or the name of a machine (user/launch/adopted.c has the table). A word is the beginning
 * of an argument, 8 bytes at most; with its NUL under the mask it is the whole argument.
 */
struct adopt_word {
	__u64 bytes, mask; /* an argument's first bytes & mask == bytes; mask 0, bytes 1: no such word */
};
#define ADOPT_DENY 8
#define ADOPT_BAD 3
struct adopt_rule {
	struct adopt_word id_after; /* the id is the argument behind this one; none: the last one */
	struct adopt_word skip;     /* … less this prefix of it */
	struct adopt_word verbs[3]; /* one of these is an argument; none: does not matter */
	struct adopt_word deny[ADOPT_DENY]; /* with one of these it starts nothing … */
	struct adopt_word behind[2]; /* … nor with one of bad[] right behind one of these */
	struct adopt_word bad[ADOPT_BAD];
	__u32 skip_len;
	__u32 use; /* ADOPT_* */
	char name[24];
};
#define ADOPT_FOR_RUN 1 /* adopted when the id is one of the run's */
#define ADOPT_STARTS 2  /* begins an entry of `coldprof watch` */
#define ADOPT_ID_OPTIONAL 4 /* … even where it has no id */
#define ADOPT_IS_SERVICE 8  /* user space only: it is the machine itself, no manager of one */
#define ADOPT_HANDS_OVER 32 /* user space only: what it begins, somebody else's process may go on with */
#define ADOPT_MOVES 16      /* watch: with another id than its run's, a task of a run leaves it */
#define ADOPT_EXE_MAX 32
#define ADOPT_ID_MAX 64
/* Key of the trie "adopt_rules": the longest prefix of a program's file name wins. */
struct adopt_key {
	__u32 bits; /* 8 for each character */
	char exe[ADOPT_EXE_MAX];
};
/* In the map "adopt_ids": the id is but a word of the command, which no cgroup's name is held against. */
#define ADOPT_ID_WORD 0x80000000u
/* Runs of `coldprof watch` that can be on at once; number % this is a run's slot. */
#define WATCH_SLOTS 1024

/* What a task is to the run. Numbers 1 and 2 are "ours" in the records (struct wire_switch). */
enum probe_role {
	ROLE_NONE = 0,
	ROLE_TREE = 1,   /* of the run */
	ROLE_CLIENT = 2, /* the probing client: its scheduling is followed, nothing else */
	ROLE_ANCHOR = 3, /* the keeper: not of the run, but its children are */
};

/*
 * Value of the map "tasks" as user space writes it to mark a task: the beginning of struct
 * task_ctx, the rest zero.
 */
struct probe_mark {
	__u32 run;
	__u32 role;
	__u32 rest[PROBE_MARK_REST];
};

/*
 * The memory probes' own (bpf/memory.bpf.h): where each CPU's part of a per-CPU variable lies, and
 * whose base it is counted from.
 */
#define MEMORY_CPUS_MAX 256
#define MEMORY_GUEST_MAX 8
struct memory_shared {
	__u32 run;       /* these two: … */
	__u32 ready;     /* 1: addresses[] and base are set */
	__u64 started;   /* … when the run began for us */
	__u64 untimed;   /* last record */
	__u64 dropped;   /* records left out after the first byte */
	__u32 untimed_sent; /* … and those that were not */
	__u32 pad;
	__u64 base;
	__u64 addresses[MEMORY_CPUS_MAX];
	__u32 guest_pid; /* a VMM of the run … */
	__u32 n_guest;
	struct {
		__u64 start, end;
	} guest[MEMORY_GUEST_MAX]; /* … and where its guest's memory lies */
	__u64 guest_pages[4]; /* that faults there have brought in, by counter */
	__u64 asked; /* bytes of RAM that a VMM is asked to give its guest; 0 = not known */
};

#endif
