/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * adopt.h - private to user/collect and for who fills in collector_options: which programs of
 * somebody else's are looked at, because a daemon may execute them for a run.
 */
#ifndef COLDPROF_COLLECT_ADOPT_H
#define COLDPROF_COLLECT_ADOPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/types.h>

#include "bpf/shared.h"
#include "user/base/error.h"

/*
 * One rule: bpf/shared.h, struct adopt_rule, in words. A word is a whole argument; of one with more
 * than 7 characters the first 8 count.
 */
struct adopt_program {
	const char *exe;      /* the program's file name, or with a '*' at its end, how it begins */
	const char *name;     /* of the rule, 23 characters at most */
	const char *id_after; /* the id is the argument behind this one; NULL: the last argument */
	const char *skip;     /* … less this prefix, 7 characters at most; NULL: nothing */
	const char *verbs[3]; /* one of these is an argument; NULLs: does not matter */
	const char *deny[ADOPT_DENY]; /* with one of these it starts nothing … */
	const char *behind[2], *bad[ADOPT_BAD]; /* … nor with one of bad right behind one of these */
	uint32_t use;         /* ADOPT_* of bpf/shared.h */
};

struct probes;

/* Put the rules (exe == NULL ends them) into the probes' map. More than one table may be put. */
int adopt_put_rules(struct probes *p, const struct adopt_program *rules, struct error *err);

/* From now on id is one of the run's. Longer ones than the probes keep are cut as they cut them. */
int adopt_put_id(struct probes *p, const char *id, uint32_t run);
void adopt_forget_ids(struct probes *p);

/* Mark all threads that process pid has now as the run's. 0 or a negative errno. */
int adopt_threads(struct probes *p, pid_t pid);

/* collector_watch_*(): see collector.h. */
int watch_begin(struct probes *p, struct error *err);
int watch_calls(struct probes *p, bool on, struct error *err);
void watch_over(struct probes *p, uint32_t run);

#endif
