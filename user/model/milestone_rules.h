/* SPDX-License-Identifier: GPL-2.0-only */
/* milestone_rules.h - private to milestone*.c: what all rules look at. */
#ifndef COLDPROF_MILESTONE_RULES_H
#define COLDPROF_MILESTONE_RULES_H

#include "user/model/session.h"

struct rules {
	const struct run *run;
	struct milestones *m;
	uint16_t port;        /* of the service, 0 = any */
	uint64_t launch;      /* absolute, as the rest here */
	uint64_t end;         /* first byte; UINT64_MAX when there was none */
	uint64_t established; /* the client's first connection stood, in the kernel; 0 = not seen */
	bool proxied;         /* somebody else took the connection on the service's behalf */
};

/* Milestone at an absolute time within [launch, end]; note may be NULL. */
void rules_seen(struct rules *r, enum milestone which, uint64_t time, const char *note);
void rules_absent(struct rules *r, enum milestone which, const char *why);

/* Within the timed window? Nothing before launch or after the first byte led to the answer. */
bool rules_in_window(const struct rules *r, uint64_t time);

/* milestone_guest.c: the service is a program in gVisor and nothing listens on the host. */
void rules_gvisor(struct rules *r);

#endif
