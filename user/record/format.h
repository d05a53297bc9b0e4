/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h - the recording on disk.
 *
 * A recording is what a session leaves; everything that is shown anywhere is computed from it.
 *
 *     file header | chunk | chunk | ... | end chunk
 *
 * A chunk is a struct chunk_head and its payload: whole records, zlib-compressed. A record is a
 * struct wire_head (bpf/wire.h) and its body. All integers little-endian. The end chunk carries the
 * totals; a file without it was not closed (killed session) and is read up to its last good chunk.
 *
 * Rules: kinds and fields are appended, never renumbered or re-used. A body shorter than the
 * reader's struct is zero-extended, a longer one is cut, an unknown kind is skipped by its size.
 *
 * Strings of a body follow its fixed part, each ended by a NUL, in the order given here. Nothing in
 * a record tells where they begin, so the fixed part of a kind that has strings or bytes after it
 * never grows: what it lacks becomes one more string or a kind of its own. Zeros fill a record up
 * to a multiple of 8.
 *
 * Everything in a file is untrusted.
 */
#ifndef COLDPROF_FORMAT_H
#define COLDPROF_FORMAT_H

#include <linux/types.h>

#include "bpf/wire.h"

#define FORMAT_MAGIC "COLDPROF" /* 8 bytes, no NUL */
#define FORMAT_VERSION 1
#define FORMAT_CHUNK_MAX (1u << 20)  /* bytes of records in one chunk, at most */
#define FORMAT_PACKED_MAX (FORMAT_CHUNK_MAX + FORMAT_CHUNK_MAX / 8) /* the same, packed */
#define FORMAT_RECORD_MAX 65528u     /* bytes of one record, at most */

struct file_head {
	char magic[8];
	__u32 version; /* a reader refuses a greater one */
	__u32 flags;   /* 0 */
};

#define CHUNK_RECORDS 0x53434552u /* "RECS" */
#define CHUNK_END 0x21444e45u     /* "END!" */

struct chunk_head {
	__u32 type;
	__u32 raw_bytes;    /* of the payload when inflated */
	__u32 packed_bytes; /* of the payload in the file */
	__u32 crc;          /* zlib's crc32 of the packed payload */
};

struct end_payload { /* of CHUNK_END, stored without compression */
	__u64 records;
	__u64 chunks;
	__u64 raw_bytes;
};

/* What user space adds to the kernel's records: X(number, NAME, body struct suffix, strings). */
#define HOST_KINDS(X)                                                                              \
	X(256, SESSION, session, 1)                                                                \
	X(257, ENV, env, 2)                                                                        \
	X(258, SCENARIO, scenario, 9)                                                              \
	X(259, RUN_BEGIN, run_begin, 0)                                                            \
	X(260, RUN_END, run_end, 1)                                                                \
	X(261, CLIENT, client, 1)                                                                  \
	X(262, PROCESS_MEMORY, process_memory, 1)                                                  \
	X(263, LATENCY, latency, 0)                                                                \
	X(264, OUTPUT, output, 1)                                                                  \
	X(265, COST, cost, 0)                                                                      \
	X(266, SYMBOL, symbol, 2)                                                                  \
	X(267, PROGRAM_COST, program_cost, 1)                                                      \
	X(268, MEMORY_PROCESS, memory_process, 0)                                                  \
	X(269, MEMORY_MAPPING, memory_mapping, 1)                                                  \
	X(270, MEMORY_CGROUP, memory_cgroup, 1)                                                    \
	X(271, MEMORY_SYSTEM, memory_system, 0)                                                    \
	X(274, CONSOLE, console, 1)                                                                \
	X(286, PREPARING, preparing, 0)                                                            \
	X(287, IO, io, 0)                                                                          \
	X(288, READY, ready, 1)                                                                    \
	X(290, DENSITY, density, 1)                                                                \
	X(291, DENSITY_STEP, density_step, 0)                                                      \
	X(292, DENSITY_INSTANCE, density_instance, 0)                                              \
	X(293, DENSITY_FILE, density_file, 1)                                                      \
	X(294, GUEST_BACKING, guest_backing, 1)                                                    \
	X(295, BOOT_TIMER, boot_timer, 0)

#define HOST_ENUM(number, NAME, body, strings) HOST_##NAME = number,
enum host_kind { HOST_KINDS(HOST_ENUM) HOST_KIND_LIMIT };
#undef HOST_ENUM

/* SESSION: first record of a file. head.time = start. Strings: coldprof's version. */
struct host_session {
	__u64 realtime; /* CLOCK_REALTIME ns at head.time */
	__u32 port;     /* the service's port */
	__u32 requests; /* steady-state requests asked for, per run */
	__u32 runs;     /* asked for, per scenario */
	__u32 warmup;   /* asked for, per scenario */
	__u32 settle_ms; /* after the first byte, until memory counted as settled */
	__u32 pad;
};

/* ENV: one fact about the environment. Strings: key, value. Keys are those of the JSON report. */
struct host_env {
	__u32 pad[2];
};

/*
 * SCENARIO: one row. Strings: name, title, boundary (none, shared kernel, user-space kernel, VM,
 * WASM sandbox), runtime's path, runtime's version, accel (VMs; else empty), reason (not
 * available: what is missing), advice (how to get it), stands_for (canonical row that it replaces).
 */
struct host_scenario {
	__u32 id;     /* from 1; what RUN_BEGIN refers to */
	__u32 status; /* enum scenario_status */
	__u32 row;    /* order on screen, from 0 */
	__u32 flags;  /* SCENARIO_* */
};
enum scenario_status { SCENARIO_AVAILABLE = 0, SCENARIO_UNAVAILABLE = 1 };
#define SCENARIO_HOST_ACCEPT 0x1  /* listen and accept are the host kernel's: seen exactly */
#define SCENARIO_GUEST_ACCEPT 0x2 /* accept is a call inside gVisor: seen by its trap */
#define SCENARIO_VM 0x4           /* the service runs in a virtual machine */
#define SCENARIO_MODULE 0x8       /* the service is a module inside the runtime's process */
#define SCENARIO_ON_DEMAND 0x10 /* only when asked for by its own command, no row of --all */

/* RUN_BEGIN: records up to the RUN_END of the same head.run belong to this run. */
struct host_run_begin {
	__u32 scenario; /* host_scenario.id */
	__u32 index;    /* within the scenario, from 0; warm-ups count by themselves */
	__u32 warmup;   /* 1: not counted in statistics */
	__u32 cold;     /* 1: caches were dropped before it */
	__u32 netns;    /* inode number of the network namespace where the service listens */
	__u32 client_netns;
	__u32 client_tid; /* the probing client's thread */
	__u32 pad;
};

/* RUN_END. Strings: reason (empty when ok). */
struct host_run_end {
	__u32 status; /* enum run_status */
	__u32 exit_code; /* of the root process as wait(2) gives it, where it ended by itself */
	__u64 sent;      /* records that the probes sent in this run */
	__u64 lost;      /* records that the probes could not send */
};
enum run_status { RUN_OK = 0, RUN_FAILED = 1, RUN_INTERRUPTED = 2 };

/*
 * CLIENT: what the probing client saw, once per run. Times are 0 where not reached. Strings: what
 * went wrong (empty when the first byte came and the answer was right).
 */
struct host_client {
	__u64 notified;     /* it learned that the service listens; 0 = it polled */
	__u64 connect;      /* start of the connect that succeeded */
	__u64 connected;
	__u64 sent;         /* request handed to the kernel */
	__u64 first_byte;   /* recv returned the first byte of the response */
	__u64 done;         /* whole answer read */
	__u64 uncertainty;  /* ns by which first_byte may be late because of the client's polling */
	__u32 attempts;     /* sockets tried, the good one included */
	__u32 http_status;
};

/*
 * PROCESS_MEMORY: one process of the tree, from smaps_rollup. Bytes. Strings: comm. Earlier versions
 * wrote it; today's write MEMORY_PROCESS, which knows more.
 */
struct host_process_memory {
	__u32 when;  /* enum memory_when */
	__u32 pid;   /* in the initial pid namespace; the subject, head.tid/pid repeat it */
	__u64 rss, pss, uss;
	__u64 anon;  /* PSS by class */
	__u64 file;
	__u64 shmem;
	__u64 page_tables; /* VmPTE; not part of RSS or PSS */
	__u32 mm_owner;    /* pid of the first process with the same mm (itself as a rule) */
	__u32 pad;
};
enum memory_when {
	MEMORY_FIRST_BYTE = 0,
	MEMORY_SETTLED = 1,
	MEMORY_PEAK = 2,
	MEMORY_BEFORE = 3, /* of MEMORY_SYSTEM only: before the launch */
	MEMORY_LOADED = 4, /* after the steady-state requests */
};

/* LATENCY: steady state. Followed by n times u64: ns of each request on a fresh connection. */
struct host_latency {
	__u32 n;
	__u32 failed; /* requests without a good answer; not among the n */
};

/* OUTPUT: the last bytes that the runtime wrote to stdout and stderr, when a run failed. */
struct host_output {
	__u32 total; /* bytes written in all */
	__u32 pad;
};

/* COST: what measuring cost in this run. */
struct host_cost {
	__u64 bpf_ns;    /* run time of all programs (kernel's own statistics); 0 = not measured */
	__u64 bpf_count; /* how many times they ran */
	__u64 collector_cpu_ns;
	__u64 client_cpu_ns;
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a recording is little-endian");
/*
 * SYMBOL: name of an address that occurs in BLOCKED or SAMPLE records of this run, before RUN_END;
 * once each, but that a process which became another program has one for each: head.time is from
 * when on it holds. Strings: function name (empty: not known), object ("kernel", or the file's last
 * component).
 */
struct host_symbol {
	__u64 address;
	__u64 offset; /* in the function; where that is not known: in the object's file */
	__u32 pid;    /* whose address space; 0 = the kernel's */
	__u32 exact;  /* 0: the table does not say where the function ends */
};

/* PROGRAM_COST: one BPF program's run time in the timed window of a run. Strings: its name. */
struct host_program_cost {
	__u64 ns;
	__u64 count;
};

/*
 * MEMORY_PROCESS: one process of the tree; head.pid is its pid. Bytes. rss, pss, uss and anonymous
 * memory from smaps_rollup, the rest from smaps. By class: what the guest's memory is backed by is
 * taken out of anon, file and shmem, so that the four sum to pss and to rss exactly.
 */
struct host_memory_process {
	__u32 when;     /* enum memory_when */
	__u32 mm_owner; /* pid of the first process with the same mm (itself as a rule) */
	__u64 rss, pss, uss;
	__u64 pss_anon, pss_file, pss_shmem, pss_guest;
	__u64 rss_anon, rss_file, rss_shmem, rss_guest;
	__u64 page_tables;  /* VmPTE; in no RSS or PSS */
	__u64 kernel_stack; /* of its threads; in no RSS or PSS */
	__u64 hugetlb;      /* huge pages of its own or shared; in no RSS or PSS */
	__u64 guest_huge;   /* of those, the guest's */
	__u64 guest_given;  /* guest RAM that it has: bytes of address space */
	__u64 swap;
	__u32 guest_how;    /* enum guest_how */
	__u32 threads;
	__u32 mappings;     /* how many it has; 0: smaps was not read (another one's mm, or gone) */
	__u32 pad;
	char comm[WIRE_COMM_LEN];
	__u64 guest_there; /* of guest_given: what is there, whoever touched it; 0 = not known */
};
enum guest_how {
	GUEST_NONE = 0,
	GUEST_SLOTS = 1,   /* told by KVM's memory slots */
	GUEST_SIZE = 2,    /* told by size: the mapping is as large as the RAM that was asked for */
	GUEST_UNKNOWN = 3, /* it has a guest (its command line says so), its memory was not found */
	GUEST_HELPER = 4,  /* it maps the memory of another process's guest (vhost-user) */
};

/*
 * MEMORY_MAPPING: mappings of one process that are of a kind and have a name, together: its
 * heaviest ones by PSS, then one REST. Over all of a process, rss and pss sum to MEMORY_PROCESS.
 * head.pid is its pid. Bytes. Strings: name (path; "" = none).
 */
struct host_memory_mapping {
	__u32 when;  /* enum memory_when */
	__u32 kind;  /* enum mapping_kind */
	__u32 count; /* mappings */
	__u32 pad;
	__u64 bytes; /* of address space */
	__u64 rss, pss;
	__u64 private, shared; /* of rss: mapped here only, and elsewhere too */
	__u64 anon;  /* of rss: anonymous, e.g. pages of a file that were written to */
	__u64 huge;  /* hugetlb, in no RSS or PSS */
	__u64 swap;
};
enum mapping_kind {
	MAPPING_REST = 0,
	MAPPING_ANON = 1,    /* no name */
	MAPPING_HEAP = 2,    /* what brk gave */
	MAPPING_STACK = 3,   /* the first thread's */
	MAPPING_CODE = 4,    /* anonymous and executable: compiled at run time */
	MAPPING_FILE = 5,    /* of a file, not writable: text, read-only data */
	MAPPING_DATA = 6,    /* of a file, writable and private */
	MAPPING_SHARED_FILE = 7, /* of a file, writable and shared */
	MAPPING_SHMEM = 8,   /* memfd, tmpfs, shared anonymous memory */
	MAPPING_HUGETLB = 9,
	MAPPING_DEVICE = 10, /* neither file nor memory */
	MAPPING_GUEST = 11,  /* guest RAM */
};

/*
 * MEMORY_CGROUP: the charge of a cgroup that holds processes of the run and not coldprof itself;
 * one a cgroup, none within another. Without any, one with version and cgroups = 0. Bytes; what
 * the kernel does not tell is ~0. Strings: path within its hierarchy.
 */
struct host_memory_cgroup {
	__u32 when;      /* enum memory_when */
	__u32 version;   /* 1, 2; 0: no memory controller */
	__u32 processes; /* of the run, in it or below */
	__u32 cgroups;   /* how many the run has: as many records */
	__u64 usage, peak;
	__u64 inactive_file;
	__u64 kernel; /* v1: kmem; v2: memory.stat */
	__u64 kernel_stack, page_tables;
	__u64 anon, file, shmem;
};
#define MEMORY_UNKNOWN (~0ull)

/* MEMORY_SYSTEM: the whole machine, from /proc/meminfo. Bytes. */
struct host_memory_system {
	__u32 when; /* enum memory_when */
	__u32 pad;
	__u64 total, free, available, cached, shmem, slab, page_tables, kernel_stack, percpu;
};

/*
 * CONSOLE: a line of the guest's console, from the VMM's chardev, or as much of it as came at once;
 * head.time is when its end arrived, since when its first byte did: late by the reader's own pause
 * (CONSOLE_PAUSE_NS) at most, or by what the reader waited for a CPU. Strings: the line without its
 * line feed and without NULs.
 */
#define CONSOLE_PAUSE_NS 200000
struct host_console {
	__u64 since;
	__u32 open; /* 1: the line goes on in the next record */
	__u32 pad;
};

/* PREPARING: a scenario's files are being made, before its first run: what a live view shows then. */
struct host_preparing {
	__u32 scenario; /* host_scenario.id */
	__u32 pad;
};

/*
 * IO: what the run's processes read and faulted in until the first byte, by the kernel's own account
 * (those that ended are in their parents'). Not written where daemons of before take part.
 */
struct host_io {
	__u64 call_bytes;    /* returned by read calls, from whatever: pipes and sockets too */
	__u64 storage_bytes; /* that they had fetched from storage */
	__u64 minor_faults;  /* page faults that needed no I/O */
	__u64 major_faults;  /* page faults that waited for I/O */
};

/*
 * DENSITY: several instances of a scenario were started side by side; after its steps, once a
 * scenario. Not of a run (head.run is 0), as the three kinds that follow. Strings: reason (empty when
 * ok).
 */
struct host_density {
	__u32 scenario; /* host_scenario.id */
	__u32 asked;    /* instances that were asked for */
	__u32 answered; /* … and that answered, all of them at once alive */
	__u32 status;   /* enum density_status */
	__u64 available; /* MemAvailable before the first; bytes */
};
enum density_status {
	DENSITY_OK = 0,
	DENSITY_FAILED = 1,      /* one of them did not answer */
	DENSITY_NO_ROOM = 2,     /* by what the first one took, that many do not fit into memory */
	DENSITY_INTERRUPTED = 3,
};

/* DENSITY_STEP: so many of them had answered and settled; its instances and files follow. Bytes. */
struct host_density_step {
	__u32 scenario;
	__u32 instances;
	__u64 available; /* MemAvailable now */
	__u64 boxes;     /* USS, page tables and kernel stacks of coldprof's own processes that hold them */
};

/*
 * DENSITY_INSTANCE: all processes of one instance together, each mm once. PSS counts what instances
 * share once among them. Bytes.
 */
struct host_density_instance {
	__u32 scenario;
	__u32 instances; /* of its step */
	__u32 index;     /* from 0, in the order in which they were started */
	__u32 processes;
	__u64 rss, pss, uss;
	__u64 pss_anon, pss_file, pss_shmem, pss_guest;
	__u64 rss_anon, rss_file, rss_shmem, rss_guest;
	__u64 page_tables, kernel_stack, hugetlb;
	__u32 guest_how; /* enum guest_how: the least certain of its processes' */
	__u32 pad;
};

/*
 * DENSITY_FILE: a file that instances map, of the heaviest by RSS in a step, over all of them. Bytes.
 * Strings: its path.
 */
struct host_density_file {
	__u32 scenario;
	__u32 instances; /* of its step */
	__u32 mapped_by; /* so many of them */
	__u32 pad;
	__u64 rss, pss;  /* sums over all processes: what is shared is in rss as often as it is mapped */
};

/*
 * READY: the user has said by what his command is ready, if not by the first byte of an answer; once
 * per run that became it. Here the cold start ends. Strings: as he put it.
 */
struct host_ready {
	__u64 time;
	__u32 how; /* enum ready_how */
	__u32 tid; /* who did it; LINE: the client's thread, which read it */
};
enum ready_how {
	READY_ANSWER = 0, /* no such record: the first byte of an answer */
	READY_EXEC = 1,   /* the first exec of a process in other namespaces than the command's */
	READY_EXIT = 2,   /* the command's own end, with status 0 */
	READY_ACCEPT = 3, /* the first accept on the port */
	READY_LINE = 4,   /* a line of its stdout or stderr that matched */
};

_Static_assert(sizeof(struct host_ready) == 16, "host_ready changed size");
_Static_assert(sizeof(struct host_density) == 24, "host_density changed size");
_Static_assert(sizeof(struct host_density_step) == 24, "host_density_step changed size");
_Static_assert(sizeof(struct host_density_instance) == 136, "host_density_instance changed size");
_Static_assert(sizeof(struct host_density_file) == 32, "host_density_file changed size");
/*
 * GUEST_BACKING: a mapping of a VMM in which guest RAM lies, at the first byte; head.pid is the VMM.
 * Strings: its name (path; "" = none).
 */
struct host_guest_backing {
	__u64 start, end; /* addresses in the VMM: memory slots' hva lie in it (0.1: the whole mapping) */
	__u64 rss;        /* bytes of it that are there, huge pages included */
	__u64 huge;       /* … and of those, in huge pages, transparent or of hugetlb */
	__u32 backing;    /* enum guest_backing */
	__u32 pad;
};
enum guest_backing {
	GUEST_ANON = 1,
	GUEST_MEMFD = 2,
	GUEST_HUGETLB = 3,
	GUEST_FILE = 4,
	GUEST_SHARED_ANON = 5,
};

/*
 * BOOT_TIMER: the VMM's own word for how long its guest took to boot, from its log (Firecracker's
 * "Guest-boot-time"): since the VMM began with the machine until the guest wrote to the timer.
 */
struct host_boot_timer {
	__u64 ns;
	__u64 cpu_ns; /* of the VMM's process */
};

_Static_assert(sizeof(struct host_guest_backing) == 40, "host_guest_backing changed size");
_Static_assert(sizeof(struct host_boot_timer) == 16, "host_boot_timer changed size");
_Static_assert(sizeof(struct host_io) == 32, "host_io changed size");
_Static_assert(sizeof(struct file_head) == 16, "file_head changed size");
_Static_assert(sizeof(struct chunk_head) == 16, "chunk_head changed size");
_Static_assert(sizeof(struct end_payload) == 24, "end_payload changed size");
_Static_assert(sizeof(struct host_session) == 32, "host_session changed size");
_Static_assert(sizeof(struct host_scenario) == 16, "host_scenario changed size");
_Static_assert(sizeof(struct host_run_begin) == 32, "host_run_begin changed size");
_Static_assert(sizeof(struct host_run_end) == 24, "host_run_end changed size");
_Static_assert(sizeof(struct host_client) == 64, "host_client changed size");
_Static_assert(sizeof(struct host_process_memory) == 72, "host_process_memory changed size");
_Static_assert(sizeof(struct host_latency) == 8, "host_latency changed size");
_Static_assert(sizeof(struct host_output) == 8, "host_output changed size");
_Static_assert(sizeof(struct host_symbol) == 24, "host_symbol changed size");
_Static_assert(sizeof(struct host_program_cost) == 16, "host_program_cost changed size");
_Static_assert(sizeof(struct host_console) == 16, "host_console changed size");
_Static_assert(sizeof(struct host_preparing) == 8, "host_preparing changed size");
_Static_assert(sizeof(struct host_cost) == 32, "host_cost changed size");
_Static_assert(sizeof(struct host_memory_process) == 184, "host_memory_process changed size");
_Static_assert(sizeof(struct host_memory_mapping) == 80, "host_memory_mapping changed size");
_Static_assert(sizeof(struct host_memory_cgroup) == 88, "host_memory_cgroup changed size");
_Static_assert(sizeof(struct host_memory_system) == 80, "host_memory_system changed size");

#endif
