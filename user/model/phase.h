/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phase.h - the cold start in named parts: ordered, exclusive, exhaustive.
 *
 * How a runtime's parts are told apart is data, a table in its scenario file. A rule names a phase
 * and the event that it begins with; it ends where the next one begins, the last one at the first
 * byte. The first rule has no event: it begins at launch. Rules are in the order of time, an event
 * is looked for at or after the beginning of the phase before:
 *
 *     const struct phase_rule phases_runc[] = {
 *             { .name = "exec" },
 *             { .name = "runc's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
 *             { .name = "namespaces", .at = PHASE_FORK, .ns_changed = true },
 *             { .name = "mounts", .at = PHASE_SYSCALL, .nr = SYSCALL_MOUNT, .object = "*proc*" },
 *             { 0 }
 *     };
 *
 * A phase whose event did not occur is not shown: its time stays with the one before, which takes
 * its name on ("start-up + namespaces") and says that it is merged. Nothing is guessed. Rules of
 * the same name, one after the other, are different events for one phase: the first rule whose
 * event occurred counts. A phase that would begin when the next one does is empty and not there.
 *
 * Rules that are there in some runs only (of guests that tell of their own boot, say) have conditions:
 * .given and .unless are tables, ended as above, of which any event in the cold start will do; what
 * conditions and names these have is not looked at.
 */
#ifndef COLDPROF_PHASE_H
#define COLDPROF_PHASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/model/milestone.h"
#include "user/model/stats.h"

enum phase_event {
	PHASE_LAUNCH,    /* the first rule */
	PHASE_MILESTONE, /* .milestone, where it was seen */
	PHASE_EXEC,      /* a new program is ready; .exe matches its file's name */
	PHASE_FORK,      /* .ns_changed: only of a child that is in another namespace */
	PHASE_EXIT,      /* a process has ended */
	PHASE_COMM,      /* a task has the name .object from now on (renamed, or made so) */
	PHASE_SYSCALL,   /* .nr, .object, .arg …; only calls that have a record (wire.h, SYSCALL) */
	PHASE_KVM_IOCTL, /* .nr is the command (0xae01) */
	PHASE_KVM_RUN,   /* a vCPU's first */
	PHASE_TAP_FRAME, /* the guest's first */
	PHASE_GUEST_SYSCALL, /* of a program in gVisor; .nr */
	PHASE_LISTEN,    /* any TCP listen of the run */
	PHASE_CONSOLE,   /* a line of the guest's console; .object */
	PHASE_GUEST_MARK, /* the guest wrote .value to the port .nr; mask 0 = anything */
	PHASE_GUEST_CLOCK, /* the guest kernel's clock began (vm.h: clock_zero) */
	PHASE_GUEST_MMIO, /* as PHASE_GUEST_MARK, to the memory at .nr */
};

enum phase_who { PHASE_ANYBODY, PHASE_ROOT, PHASE_NOT_ROOT, PHASE_SERVICE, PHASE_NOT_SERVICE };

struct phase_rule {
	const char *name;         /* stable, lower case; NULL ends a table */
	enum phase_event at;
	enum milestone milestone;
	enum phase_who who;       /* process that does it */
	const char *comm;         /* pattern ('*') for the task's name then; NULL = any */
	const char *argv0;        /* pattern for its process's first argument then; NULL = any */
	const char *exe;          /* PHASE_EXEC: pattern; NULL = any */
	const char *argument;     /* PHASE_EXEC: pattern that one of them fits; NULL = any */
	const char *object;       /* PHASE_SYSCALL, PHASE_COMM: pattern; NULL = any */
	uint32_t nr;
	uint8_t arg;              /* PHASE_SYSCALL: argument (0 to 2) of which … */
	uint64_t mask, value;     /* … masked bits have this value; mask 0 = any */
	bool optional; /* not every host or version has this phase: no word when it is not there */
	bool ns_changed;
	bool same; /* only by whom the phase before began with; nobody after a milestone or .nth */
	bool last;                /* the last such event, not the first */
	bool returned;            /* PHASE_SYSCALL: at its return, not at its entry */
	unsigned int nth;         /* the nth such event; 0 = the first; not with .last */
	/*
	 * Only before this milestone: what .last would else find too late, e.g. a mount by the
	 * service. MILESTONE_LAUNCH = no such bound.
	 */
	enum milestone before;
	const char *before_exe; /* likewise: before the first exec of such a program */
	const struct phase_rule *given, *unless; /* only in a run that has such an event, or none */
};

struct phase {
	const char *name;    /* of merged ones "a + b", in the session's arena */
	uint64_t start, end; /* ns after launch */
	bool merged;         /* … with phases whose beginning was not seen */
};

struct phases {
	struct phase *list; /* sum = cold start; n = 0: no launch or no first byte */
	size_t n, cap;
};

/* Rules of a scenario by its name in the recording; NULL: only the general ones. */
typedef const struct phase_rule *(*phase_rules_fn)(const char *scenario);

/* By milestones alone: for whom no scenario has rules. */
extern const struct phase_rule phase_rules_general[];

struct session;
struct run;
void phases_find(struct session *session, struct run *run, const struct phase_rule *rules);

/*
 * Of a run that goes on, into run->growing: those that have begun, up to its latest record. Nothing
 * is merged, for what was not seen yet may come.
 */
void phases_so_far(struct session *session, struct run *run, const struct phase_rule *rules);

/* A phase over all runs of a scenario that count, by name. */
struct phase_summary {
	const char *name;
	bool merged;
	struct stats stats; /* ns; over the runs that have it */
	uint64_t total;     /* ns */
};

struct phase_summaries {
	struct phase_summary *list; /* in the order of time; the caller frees it */
	size_t n, cap;
	uint64_t total; /* ns of all of them: of the cold starts of these runs */
};

struct scenario_result;
void phases_of_scenario(const struct scenario_result *s, struct phase_summaries *out);

/* Pattern with '*' for anything, '/' included; matches the whole text. */
bool phase_matches(const char *pattern, const char *text);

#endif
