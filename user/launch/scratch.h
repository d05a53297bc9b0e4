/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scratch.h - a session's private directory, and sweeping up after sessions that were killed.
 *
 * Everything that a session makes on disk lies in /run/coldprof/SESSION/ (0700, root's), where
 * SESSION is "<pid>-<random>". A lock file in it is held (flock) as long as the session lives, so
 * a directory whose lock can be taken belongs to a dead session. Names of containers and cgroups
 * begin with "coldprof-SESSION-", so the cgroups of a dead session can be told from anybody's.
 */
#ifndef COLDPROF_SCRATCH_H
#define COLDPROF_SCRATCH_H

#include "user/base/error.h"

struct scratch {
	char *name; /* SESSION */
	char *dir;  /* /run/coldprof/SESSION */
	int lock_fd;
};

/* Make the directory and take the lock. Refuses a /run/coldprof that is not root's own. */
int scratch_open(struct scratch *s, struct error *err);

/* An empty directory below it, 0700; owned by the caller. */
char *scratch_subdir(const struct scratch *s, const char *name, struct error *err);

/* Remove what is below path, and path; crosses no mount point, follows no symlink. 0 or -errno. */
int scratch_remove(const char *path);

/*
 * Remove cgroups named "coldprof-SESSION-*" in every cgroup hierarchy (v1 and v2), deepest first,
 * after killing what is in them (only for sweeping; a live run's are empty by then).
 */
int scratch_remove_cgroups(const char *session);

/* Everything gone: directory, cgroups. */
void scratch_close(struct scratch *s);

/* Sweep dead sessions; returns how many. Never touches a live one's (its lock is held). */
int scratch_sweep(void);

#endif
