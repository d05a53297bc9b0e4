/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * milestone.h - the moments of a run, told by rules from its records (DESIGN.md §2).
 *
 * A milestone that the host cannot see is absent, says why and lies between two moments that were
 * seen; it is never guessed. One that is seen, but is not quite what its name says (the entry of a
 * call whose return is invisible), has a note. The rules are in milestone.c and milestone_guest.c.
 */
#ifndef COLDPROF_MILESTONE_H
#define COLDPROF_MILESTONE_H

#include <stdbool.h>
#include <stdint.h>

/* In the order in which they happen: X(NAME, "json_name"). */
#define MILESTONES(X)                                                                              \
	X(LAUNCH, "launch")                                                                        \
	X(EXEC, "exec")                                                                            \
	X(SERVICE_EXEC, "service_exec")                                                            \
	X(LISTEN, "listen")                                                                        \
	X(CONNECTED, "connected")                                                                  \
	X(FIRST_ACCEPT, "first_accept")                                                            \
	X(FIRST_BYTE, "first_byte")                                                                \
	X(READY, "ready")

#define MILESTONE_ENUM(NAME, name) MILESTONE_##NAME,
enum milestone { MILESTONES(MILESTONE_ENUM) MILESTONE_COUNT };
#undef MILESTONE_ENUM

struct milestones {
	/*
	 * Those that a run can have: [0, n). READY only where the user said by what a command is
	 * ready (`run --ready`).
	 */
	int n;
	enum milestone end;             /* of the cold start: FIRST_BYTE, or READY */
	uint64_t launch;                /* absolute ns; 0 = the run was not launched */
	bool seen[MILESTONE_COUNT];
	uint64_t at[MILESTONE_COUNT];   /* ns after launch, where seen */
	const char *why[MILESTONE_COUNT];  /* where not seen: static text, else NULL */
	const char *note[MILESTONE_COUNT]; /* where seen: what at[] really is; NULL = just that */
	bool bracketed[MILESTONE_COUNT];   /* not seen, but it happened within from[] … to[] */
	uint64_t from[MILESTONE_COUNT];    /* ns after launch */
	uint64_t to[MILESTONE_COUNT];
	uint32_t service_pid;           /* 0 = inside a guest or not known */
	uint64_t uncertainty;           /* of first_byte, ns */
};

/* What milestones are told from, besides the tree. */
struct sock_event {
	uint64_t time;
	uint64_t enter;   /* ACCEPT: entry of the call, 0 = not seen */
	uint32_t tid, pid;
	uint16_t kind;    /* enum wire_kind: LISTEN … SYN_RETRANSMIT but KVM_IOCTL, _MEMSLOT */
	uint16_t local_port, remote_port;
	uint16_t passive;
	uint32_t netns;
	uint16_t how;     /* GUEST_SYSCALL: WIRE_GUEST_* */
	int64_t value;    /* bytes; fd; GUEST_SYSCALL: number */
	int64_t ret;      /* GUEST_SYSCALL: result, where "how" shows it */
};

struct run;
struct session;

/* Work out run->milestones from what the run holds. */
void milestones_find(struct run *run, uint16_t port);

/*
 * Is a program of this file name a forwarder, one that listens and accepts on a service's behalf long
 * before that does ("docker-proxy")? Its sockets are no milestones.
 */
bool milestone_is_proxy(const char *exe);

const char *milestone_name(enum milestone m); /* "first_accept" */
const char *milestone_title(enum milestone m); /* "first accept" */

#endif
