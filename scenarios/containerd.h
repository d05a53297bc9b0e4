/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * containerd.h - a private containerd for one run: own root, state, socket and configuration.
 *
 * It is started in enter(), before the launch, and lives in the run's box: when that goes, the
 * daemon, its shims and its containers go, and the mounts with them. The box has a /run of its own,
 * where only this session's scratch is left: shims have /run/containerd/s written into them, and no
 * other daemon of the host can be reached by a socket there.
 */
#ifndef COLDPROF_SCENARIO_CONTAINERD_H
#define COLDPROF_SCENARIO_CONTAINERD_H

#include <stdbool.h>

#include "scenarios/scenario.h"

struct containerd {
	char *containerd, *ctr; /* programs; owned */
	char *path;             /* PATH for the daemon and its shims; owned */
};

#define GET_CONTAINERD "make runtimes, in coldprof's source tree, fetches it"

/*
 * Are containerd and ctr here? Sets s->runtime_path (ctr: what is executed first). 0, > 0 (reason is
 * set) and < 0 as probe. shim is the path of the program that the runtime's name stands for; its
 * directory is put on the daemon's PATH.
 */
int containerd_probe(struct scenario *s, struct containerd *c, const char *shim,
		     struct error *err);

/* The directory of a program that the shim will look for is put on that PATH, too. */
void containerd_path(struct containerd *c, const char *program);

/* The shim of a runtime that is not containerd's own; owned, NULL when it is nowhere. */
char *containerd_shim(const struct scenario_options *o, const char *shim);

/*
 * For describe: s->runtime_version, which is ctr's, that of the containerd it came with, gets that of
 * the program below the shim appended; its name where it does not say.
 */
void containerd_describe(struct scenario *s, const char *program, const char *name);

/*
 * For enter: /run hidden, containerd started, its socket accepts. apart: it and its shims live in a
 * network namespace of their own, empty; the container is given another by path.
 */
int containerd_start(const struct containerd *c, const struct scenario_run *run, bool apart,
		     struct error *err);

/* The configuration as it is written; owned. A function of its arguments, for tests. */
char *containerd_config(const char *dir);

/* "ctr --address SOCKET run --rm": what follows are the options of run. */
void containerd_ctr(const struct containerd *c, const struct scenario_run *run, struct args *argv);

void containerd_release(struct containerd *c);

#endif
