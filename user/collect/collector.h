/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * collector.h - load the probes, say which task is the run's root, drain what they send.
 *
 * The only part that speaks to libbpf. Life of a collector:
 *
 *     collector_open()             load and attach everything; ~20 ms
 *       collector_run_begin()      number, anchor, namespaces of the coming run
 *         collector_drain()        now and then: records to the callback
 *       collector_run_end()        last records, counters
 *     collector_close()            detach: may take RCU grace periods, outside any timed window
 */
#ifndef COLDPROF_COLLECTOR_H
#define COLDPROF_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/types.h>

#include "bpf/wire.h"
#include "user/base/error.h"
#include "user/collect/adopt.h"

struct collector;

#define COLLECTOR_SAMPLES_AUTO (~0u)

struct collector_options {
	uint16_t port;       /* the service's port; 0 = any */
	bool kvm;            /* trace KVM ioctls (a run with a VMM is planned) */
	bool guest_syscalls; /* trace trapped calls of gVisor guests */
	unsigned int sample_hz; /* software-clock samples of the run's tasks; 0 = none;
				   COLLECTOR_SAMPLES_AUTO: 999, or with the kernel's tick where a
				   timer interrupt is dear */
	bool ledger;         /* trace scheduling and system calls: phases, ledger, critical path */
	bool daemons;        /* runs have daemons of their own: collector_adopt_daemon() */
	const struct adopt_program *adopt; /* what other people's daemons execute for a run; or NULL */
	const struct adopt_program *adopt_more; /* and these */
	bool watch;          /* each exec that a rule names begins a run, many at once */
	bool memory;         /* follow memory counters and page faults; with ledger only */
	uint32_t ring_bytes; /* power of two; 0 = default, 2 MiB */
};

/* A record arrived: checked size; valid during the call only. */
typedef void (*collector_record_fn)(void *ctx, const struct wire_head *record);

/* NULL and err (class ERROR_HOST: which capability, BTF or tracepoint is missing, the mend). */
struct collector *collector_open(const struct collector_options *o, collector_record_fn fn,
				 void *ctx, struct error *err);

/*
 * From here on children of the task behind anchor_pidfd belong to the run (number > 0); the first of
 * them is the root process.
 */
struct collector_run {
	uint16_t number;
	int anchor_pidfd;
	uint32_t netns, client_netns; /* inode numbers: they select socket events */
	pid_t client_tid;             /* its scheduling is followed too */
	bool guest;         /* it has a gVisor guest: its trapped calls are looked for */
	uint64_t guest_ram; /* bytes that a VMM will map for its guest, by its command line; 0 = none */
	/*
	 * Measure the programs' run time with the kernel's statistics: two clock reads more for every
	 * run of every program, a fifth of what tracing a system call costs.
	 */
	bool statistics;
};
int collector_run_begin(struct collector *c, const struct collector_run *run, struct error *err);

/*
 * Between run_begin and the launch: process pid, with all its threads, is the run's; and what a rule
 * of options.adopt finds with this id. One that is but a word of the user's command is held against
 * what programs are told only, not against names of cgroups. 0 or a negative errno.
 */
int collector_adopt_daemon(struct collector *c, pid_t pid);
int collector_adopt_id(struct collector *c, const char *id, bool is_word);

/*
 * The timed window is over (first byte, or given up): sockets, accepts and guest calls are no
 * longer recorded; the tree still is.
 */
void collector_untimed(struct collector *c);

/*
 * Enough was seen of this run: from now on tasks are only born, execute and end. The probes stay
 * attached, for the next run, but return at once, so that what is measured then is not the cost of
 * being watched.
 */
void collector_idle(struct collector *c);

/*
 * Quiet: everything is detached but what notices a listen, so that a run can be made that is not
 * traced and yet is timed in the same way. Between runs only; waits for the kernel's grace periods.
 */
int collector_quiet(struct collector *c, bool quiet, struct error *err);

/* Is there so much in the ring that it should be emptied, though a launch goes on? Costs nothing. */
bool collector_is_filling(const struct collector *c);

/* Hand what is in the ring to the callback. Number of records, or a negative errno. */
int collector_drain(struct collector *c);

struct collector_counts {
	uint64_t sent, lost;        /* records, this run */
	uint64_t bpf_ns, bpf_count; /* run time of all programs in the timed window; 0: unknown */
};
/* One program's share of it; name is the kernel's own, at most 15 characters. */
struct collector_program {
	const char *name;
	uint64_t ns, count;
	uint64_t missed; /* times that the kernel skipped it because it was running already */
};
/* The programs' costs in the last timed window; *n entries that live until the next run begins. */
const struct collector_program *collector_programs(const struct collector *c, size_t *n);

/* How often samples are taken, in words. */
void collector_samples_text(const struct collector *c, char *text, size_t size);

/* Where options.adopt was asked for and this kernel refuses it: that, in words; else "". */
void collector_adoption_text(const struct collector *c, char *text, size_t size);

/* Which kvm tracepoints are attached, in words; "" where a VMM was not to be looked at. */
void collector_kvm_text(const struct collector *c, char *text, size_t size);

/* No task is the run's any more; drains. */
int collector_run_end(struct collector *c, struct collector_counts *counts);

/*
 * A descriptor that becomes readable when something listens or accepts within the run (the ring is
 * otherwise quiet); for the client thread: poll it, then collector_notify_next() until it says
 * false. Thread-safe against the other calls.
 */
int collector_notify_fd(const struct collector *c);
struct collector_notice {
	uint64_t time;  /* when it happened */
	uint32_t kind;  /* WIRE_LISTEN, WIRE_ACCEPT, WIRE_GUEST_SYSCALL */
	uint32_t nr;    /* WIRE_GUEST_SYSCALL: which call */
	uint16_t port;  /* host byte order; 0 when it cannot be seen */
	uint16_t run;
};
bool collector_notify_next(struct collector *c, struct collector_notice *notice);

/*
 * options.watch: from here on runs begin by themselves, numbered by the kernel (head.run; ADOPTED is
 * the first record of each), until they are said to be over. Calls (accept) are looked at only
 * between watch_calls(true) and (false), which waits for the kernel's grace periods.
 */
int collector_watch_begin(struct collector *c, struct error *err);
/* Records that the probes could not send until now. */
uint64_t collector_lost(struct collector *c);
int collector_watch_calls(struct collector *c, bool on, struct error *err);
void collector_watch_over(struct collector *c, uint32_t run);

void collector_close(struct collector *c);

#endif
