/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * session.h - the model of a recording: feed it records, ask it anything.
 *
 * Pure: no descriptor, clock, terminal or locale. Records come in the order of the file; they may
 * be out of time order by a little (several CPUs), the model sorts where it matters. Feeding never
 * fails: what makes no sense is counted (session.nonsense) and left out. A live session is a
 * session that is still being fed: every answer is right for what has been fed so far.
 *
 * All memory belongs to the session's arena; pointers live as long as the session.
 * Strings are as recorded, i.e. hostile: views escape them.
 */
#ifndef COLDPROF_SESSION_H
#define COLDPROF_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/mem.h"
#include "user/base/texts.h"
#include "user/model/cost.h"
#include "user/model/critpath.h"
#include "user/model/density.h"
#include "user/model/disk.h"
#include "user/model/finding.h"
#include "user/model/ledger.h"
#include "user/model/memory.h"
#include "user/model/memory_timeline.h"
#include "user/model/milestone.h"
#include "user/model/oncpu.h"
#include "user/model/phase.h"
#include "user/model/sched.h"
#include "user/model/stats.h"
#include "user/model/tree.h"
#include "user/model/vm.h"
#include "user/record/format.h"

struct kvm_call { /* one KVM ioctl (KVM_RUN excepted) */
	uint64_t enter, exit;
	uint32_t tid, cmd;
	int64_t ret;
	const char *fd_name;
};

struct memslot {
	uint64_t time;
	uint32_t slot, flags;
	int32_t fd; /* of the VM; 0: an old recording */
	uint64_t gpa, bytes, hva;
};

struct run {
	uint32_t number;   /* wire_head.run */
	uint32_t index;
	uint64_t begun;    /* time of its RUN_BEGIN */
	bool warmup, cold, ended;
	bool stale; /* private: fed since the last session_settle() */
	enum run_status status; /* RUN_FAILED with reason "not finished" while it goes on */
	const char *reason;
	uint32_t netns, client_netns, client_tid;
	uint32_t exit_code;
	uint64_t sent, lost;
	const char *output;   /* last bytes of stdout and stderr of a failed run, or "" */
	size_t output_len;
	struct host_client client;
	bool has_client;
	const char *client_problem;
	struct host_ready ready; /* the command was ready by something else than an answer … */
	bool has_ready;
	const char *ready_by;    /* … as the user had put it: "exit", "/started/" */
	struct tree tree;
	struct milestones milestones;  /* kept up to date by session_settle() */
	struct memory_snapshot memory[3]; /* enum memory_when, up to the peak */
	struct memory_snapshot memory_loaded; /* after coldprof's own requests */
	struct memory_timeline timeline;  /* found by session_settle() */
	struct host_memory_system memory_before; /* the machine before the launch; total 0 = not known */
	uint64_t *latency;
	size_t n_latency, cap_latency;
	uint32_t latency_failed;
	struct host_cost cost;
	bool has_cost;
	struct kvm_call *kvm_calls;
	size_t n_kvm_calls, cap_kvm_calls;
	struct memslot *memslots;
	size_t n_memslots, cap_memslots;
	struct sock_event *socks; /* LISTEN, ESTABLISHED, ACCEPT, … as milestone.h wants them */
	size_t n_socks, cap_socks;
	struct vm vm;           /* vCPUs, exits, devices, the guest's console */
	struct sched sched;     /* who ran, who waited */
	struct critpath path;   /* these three are found by session_settle(), where the … */
	struct ledger ledger;   /* … scheduling was recorded and the first byte came; … */
	struct phases phases;   /* … else n = 0 */
	struct findings findings; /* likewise */
	struct disk disk;
	struct program_costs programs;
	struct user_symbol *symbols; /* settled: by process, address and time */
	size_t n_symbols, cap_symbols;
	uint64_t latest;        /* time of the latest record of the probes, before the first byte */
	struct phases growing;  /* session_grow(): phases so far of a run without a first byte yet */
	struct scenario_result *scenario;
};

struct scenario_result {
	uint32_t id, row, flags;
	bool available;
	bool preparing; /* its files are being made: no run of it has begun since */
	bool stale;     /* private: of one of its runs the path was found anew */
	const char *name, *title, *boundary, *runtime_path, *runtime_version, *accel;
	const char *reason, *advice, *stands_for;
	struct run **runs; /* in the order they were made, warm-ups included */
	size_t n_runs, cap_runs;
	struct density density; /* several of it side by side, where that was asked for */
};

struct env_entry {
	const char *key, *value;
};

/* A function of the kernel that occurs in stacks. */
struct kernel_symbol {
	uint64_t address;
	const char *name;
};

struct session {
	struct arena arena;
	struct host_session head;
	const char *version;
	uint64_t started; /* CLOCK_MONOTONIC ns of the SESSION record */
	struct env_entry *env;
	size_t n_env, cap_env;
	struct scenario_result **scenarios; /* sorted by row */
	size_t n_scenarios, cap_scenarios;
	struct run **runs; /* by number */
	size_t n_runs, cap_runs;
	struct kernel_symbol *symbols; /* settled: by address */
	size_t n_symbols, cap_symbols;
	bool symbols_sorted;
	struct texts row_texts; /* private: of ledgers, which are made anew with each run of a scenario */
	phase_rules_fn phase_rules; /* NULL: general ones for all */
	uint64_t records, nonsense;
};

/* On the heap because it is big and has pointers into itself. */
struct session *session_new(void);
void session_add(struct session *s, const struct wire_head *record);

/* Bring everything derived (milestones, …) up to date. Cheap when nothing came in for a run. */
void session_settle(struct session *s);

/*
 * The same for who looks several times a second at a session that still grows: of a run that goes on
 * only what can be told at once (milestones, memory, phases so far in run->growing). Once its first
 * byte came it is settled as any other.
 */
void session_grow(struct session *s);
void session_free(struct session *s);

/*
 * Where the rules that tell a scenario's phases apart come from (phase.h): they are data of the
 * scenarios, which the model does not know. To be set before session_settle().
 */
void session_set_phase_rules(struct session *s, phase_rules_fn rules);

/* The function of the kernel at an address that a stack holds; "" when nobody named it. */
const char *session_symbol(const struct session *s, uint64_t address);
/* Its index in session.symbols; n_symbols when nobody named it. */
size_t session_symbol_at(const struct session *s, uint64_t address);

/* Value of an environment key, or NULL. */
const char *session_env(const struct session *s, const char *key);

/* By what its commands are ready, as the user put it; NULL: by the first byte of an answer. */
const char *session_ready_by(const struct session *s);

/* Does it count in statistics: over, ok, and no warm-up? */
bool run_counted(const struct run *r);

/* How far a scenario is in a session that goes on. */
enum progress_state {
	PROGRESS_ABSENT,  /* not here */
	PROGRESS_WAITING, /* no run of it was begun yet */
	PROGRESS_PREPARING, /* its files are being made */
	PROGRESS_RUNNING, /* a run has no first byte yet */
	PROGRESS_READY,   /* the first byte came, the run is not over: memory settles */
	PROGRESS_BETWEEN, /* some of its runs are over */
	PROGRESS_DONE,    /* as many as were asked for */
	PROGRESS_FAILED,  /* its last run failed, or it could not be prepared */
};
struct progress {
	enum progress_state state;
	const struct run *run;  /* RUNNING, READY: the one that goes on; else the last one, or NULL */
	unsigned int index, of; /* which of how many: of run, from 1 */
	bool warmup;            /* it is one of those */
};
void scenario_progress(const struct session *session, const struct scenario_result *s,
		       struct progress *out);

/*
 * "ok", "failed", "interrupted", or "unfinished" for a run that goes on, or whose end is missing
 * because the recording is cut off.
 */
const char *run_status_name(const struct run *r);

/* The status of a scenario: "ok" (some run counted and none failed), "failed", "unavailable". */
const char *scenario_status_name(const struct scenario_result *s);
/* Why a scenario is not ok: its first failed run's reason or what is missing; "" when ok. */
const char *scenario_reason(const struct scenario_result *s);

/*
 * Statistics over the counted runs (ok, not warm-up) of a quantity; n = 0 when nobody has it.
 */
enum quantity {
	QUANTITY_COLD_START,   /* ns */
	QUANTITY_FIRST_ACCEPT, /* ns after launch */
	QUANTITY_UNCERTAINTY,  /* ns */
	QUANTITY_RSS_FIRST_BYTE, QUANTITY_PSS_FIRST_BYTE, /* bytes */
	QUANTITY_RSS_SETTLED, QUANTITY_PSS_SETTLED,
	QUANTITY_LATENCY, /* ns; over all steady-state requests of all counted runs */
};
void scenario_stats(const struct scenario_result *s, enum quantity q, struct stats *out);

/* One run's value of a quantity other than QUANTITY_LATENCY; false when it has none. */
bool run_quantity(const struct run *r, enum quantity q, uint64_t *value);

/* The counted run whose cold start is the median (lower of two); NULL when there is none. */
const struct run *scenario_median_run(const struct scenario_result *s);

#endif
