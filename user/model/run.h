/* SPDX-License-Identifier: GPL-2.0-only */
/* run.h - private to the model: how session.c feeds one run. */
#ifndef COLDPROF_RUN_H
#define COLDPROF_RUN_H

#include "user/model/session.h"

struct run *run_new(struct session *s, uint32_t number, const struct host_run_begin *begin);

/* Any record of the run but RUN_BEGIN. False when it makes no sense. */
bool run_add(struct session *s, struct run *r, const struct wire_head *record);
void run_settle(struct session *s, struct run *r, uint16_t port);
void run_grow(struct session *s, struct run *r, uint16_t port); /* as session_grow() */
void run_release(struct run *r);

/* A name of a function of the kernel. */
void session_add_symbol(struct session *s, const struct host_symbol *symbol, const char *name);

/*
 * memory.c: records PROCESS_MEMORY and MEMORY_*; the totals of a run's snapshots, each mm once;
 * private to the run's end.
 */
bool memory_add(struct session *s, struct run *r, const struct wire_head *record);
void memory_settle(struct run *r);
void memory_release(struct run *r);

/* memory_roles.c: what each process of a snapshot is to the run. */
void memory_set_roles(const struct run *r, struct memory_snapshot *m);

/* density.c: records DENSITY*; private to the session's end. */
bool density_add(struct session *s, const struct wire_head *record);
void density_release(struct density *d);

/* The scenario of that id, or NULL. */
struct scenario_result *session_scenario(const struct session *s, uint32_t id);

/* The index-th string of a record, in the session's arena; "" costs nothing. */
const char *session_string(struct session *s, const struct wire_head *record, size_t body_size,
			   unsigned int index);

#endif
