/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * critpath.h - what the answer was waiting for at each moment, from launch to first byte.
 *
 * The walk of DESIGN.md §9: backwards from the first byte, from who was waited for to who that one
 * waited for. Its slices tile [launch, first byte] without gap or overlap; each has one state.
 */
#ifndef COLDPROF_CRITPATH_H
#define COLDPROF_CRITPATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* States (DESIGN.md §2): X(NAME, "name"). Scripts rely on the names. */
#define PATH_STATES(X)                                                                             \
	X(USER, "user")         /* on a CPU, in user mode */                                       \
	X(KERNEL, "kernel")     /* on a CPU, in the system call of the detail */                   \
	X(RUNNABLE, "runnable") /* wants a CPU; the detail says who has it */                      \
	X(BLOCKED, "blocked")   /* waits for what the detail says */                               \
	X(GUEST, "guest")       /* a vCPU that runs the guest */                                   \
	X(VMM, "vmm")           /* a vCPU's thread, handling an exit in user mode */               \
	X(HALTED, "halted")     /* a vCPU that the guest has nothing to do for */                  \
	X(NOTICED_LATE, "noticed late") /* it had come, who polls for it did not know */          \
	X(CLIENT, "client")     /* the probing client's own time */                                \
	X(UNEXPLAINED, "unexplained")

#define PATH_ENUM(NAME, name) PATH_##NAME,
enum path_state { PATH_STATES(PATH_ENUM) PATH_STATE_COUNT };
#undef PATH_ENUM

struct path_slice {
	uint64_t start, end; /* absolute ns, start < end */
	uint32_t tid, pid;   /* 0 when nobody is known */
	const char *comm;    /* what it was called then; "" = not known */
	enum path_state state;
	uint32_t kind;       /* index into critpath.kinds */
	const char *detail;  /* hostile text; "" = nothing to add */
	uint64_t quick_ns;   /* PATH_USER: so much of it in system calls too short for a record */
	uint64_t fault_ns;   /* PATH_USER: so much in page faults, estimated from samples */
	uint64_t call_ns;    /* PATH_USER: so much in system calls that were not timed, likewise */
	uint64_t stolen_ns;  /* on a CPU, or while an idle one woke up: the hypervisor had it so long for others */
	/*
	 * Another process that waits for this one meanwhile, and in what: "runc: wait4 for hook".
	 * "" = nobody, or a thread of the same process. Hostile text.
	 */
	const char *waiter;
};

/*
 * What slices say: a path can have a million of them, they say few different things. Two kinds can
 * have the same words.
 */
struct path_kind {
	enum path_state state;
	const char *comm, *detail;
	uint64_t ns, quick_ns, fault_ns, call_ns, stolen_ns; /* of its slices together */
	size_t longest; /* index of the first of its longest slices */
};

/* Where in the kernel, if at all, a sample found its task. */
enum sample_place {
	SAMPLE_USER,     /* in user mode, or in what interrupted that */
	SAMPLE_CALL,     /* in a system call, and what that led to */
	SAMPLE_FAULT,    /* in the handler of page faults */
	SAMPLE_NOT_TOLD, /* the stack does not go down to where the kernel was entered */
	SAMPLE_PLACES
};

/* Samples of the path's slices in user mode, by name. */
struct sample_tally {
	const char *comm;
	uint64_t ns, quick_ns; /* of these slices, without what was stolen */
	uint32_t n[SAMPLE_PLACES];
};

struct sample_tallies {
	struct sample_tally *list;
	size_t n, cap;
};

struct critpath {
	struct path_slice *slices; /* oldest first; the arrays are freed with the run */
	size_t n, cap;
	struct sample_tallies tallies;
	struct path_kind *kinds;   /* in the order in which they occur */
	size_t n_kinds, cap_kinds;
};

struct session;
struct run;

/*
 * Find run->path. The run's scheduling must be settled and launch and first byte seen, else there
 * is no path (n = 0).
 */
void critpath_find(struct session *session, struct run *run);

/* kinds, and the kind of each slice; private to the model: after the last change of slices. */
void critpath_find_kinds(struct critpath *path);

/*
 * critpath_sample.c: the run's tallies and where its samples are, after its path and kinds; and then, when all
 * runs of a scenario have them, fault_ns and call_ns of their slices and kinds.
 */
void critpath_tally_samples(const struct session *session, struct run *run);
struct scenario_result;
void critpath_share_samples(const struct scenario_result *s);
/* Is a function of the kernel one that handles page faults? */
bool critpath_is_fault_handler(const char *name);

/* Of a slice's stolen_ns what falls on so much of its length. */
uint64_t critpath_stolen_of(const struct path_slice *slice, uint64_t length);

const char *path_state_name(enum path_state state);

#endif
