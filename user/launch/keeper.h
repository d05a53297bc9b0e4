/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keeper.h - the box that one run lives in.
 *
 * A keeper is a process of ours that is pid 1 of the run's own pid namespace, with its own mount
 * namespace and (NET_VETH) its own network namespace. The run's root process is its only other
 * child. It has PDEATHSIG SIGKILL to us: however coldprof ends, the kernel kills pid 1, with it
 * everything in the pid namespace however often it double-forked, and then the mounts, interfaces
 * and routes go with the last reference. Nothing is mounted under /run/netns, the host's own
 * interfaces are not touched.
 *
 * NET_HOST (`coldprof run`) has no namespaces: there the keeper is a subreaper that kills every
 * descendant when it is told to stop or when we die.
 *
 *     keeper_start()    namespaces made, interfaces up, scenario's enter() done in it
 *     keeper_launch()   root process forked and told to execve; returns at once
 *     keeper_wait_fd()  readable when the root process has ended
 *     keeper_stop()     everything killed and gone
 */
#ifndef COLDPROF_KEEPER_H
#define COLDPROF_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "scenarios/scenario.h"
#include "user/base/error.h"

#define KEEPER_OUTPUT "output" /* in the run's directory: what it writes to stdout and stderr */

struct keeper {
	pid_t pid;      /* pid 1 of the run, as we see it */
	int pidfd;
	int control_fd; /* socket to it */
	uint32_t netns; /* inode of the namespace where the service listens */
	int netns_fd;
	int output_fd;  /* the run's stdout and stderr, a file in run->dir, open for reading */
	bool host;      /* NET_HOST: no pid namespace, the keeper kills its descendants itself */
	bool gentle;    /* keeper_be_gentle() was called */
	bool stuck;     /* keeper_stop() gave up waiting: something sits in the kernel */
	bool ended;     /* the root process; then: */
	int status, exec_errno;
};

struct keeper_options {
	struct scenario *scenario;
	const struct scenario_run *run;
	int client_netns_fd; /* the client's namespace; NET_TAP_DEVICE runs live in it */
	int stop_fd;         /* readable: give up; 0 = none */
};

/*
 * By the thread that lives longest (the main one): PDEATHSIG looks at threads, not processes. -EINTR:
 * stop_fd became readable before the box was made.
 */
int keeper_start(struct keeper *k, const struct keeper_options *o, struct error *err);

/*
 * Fork the root process and let it execve argv with a clean environment (PATH, HOME, LANG=C;
 * NET_HOST: the user's), stdin /dev/null, stdout and stderr to the output file, its own session,
 * default signal handlers and mask. argv[0] without a slash is looked up in PATH before. Returns
 * at once; an execve that fails is told by keeper_exit().
 */
int keeper_launch(struct keeper *k, const struct args *argv, struct error *err);

/* For poll: readable when keeper_exit() has something to say. */
int keeper_wait_fd(const struct keeper *k);

/*
 * Has the root process ended? true: *status as wait(2) gives it; when its execve failed
 * *exec_errno > 0.
 */
bool keeper_exit(struct keeper *k, int *status, int *exec_errno);

/* What lives in the box, itself not counted; the caller frees *pids. */
size_t keeper_processes(const struct keeper *k, pid_t **pids);

/* The last n bytes (at most) that the run wrote; owned; NUL-terminated. *total = all it wrote. */
char *keeper_output(const struct keeper *k, size_t n, size_t *len, uint64_t *total);

/*
 * NET_HOST: the root process is a container engine's client, so let it end by itself first, for
 * KEEPER_GENTLE_MS at most, whoever ends the run. May be said more than once.
 */
#define KEEPER_GENTLE_MS 4000
void keeper_be_gentle(struct keeper *k);

/*
 * NET_HOST: a process that a daemon made for the run, no descendant of the keeper's. It is ended after
 * them, however coldprof ends: asked first, killed after a second. The keeper holds it by what it is
 * now, not by its number.
 */
void keeper_adopt(const struct keeper *k, pid_t pid);

/* Begin to: where many boxes are to be stopped, none has to wait for the one before it. */
void keeper_kill(const struct keeper *k);

/*
 * Kill everything in the box and wait until it is gone, 2 s at most (then k->stuck). Idempotent;
 * safe on one that never started if its pid is not positive.
 */
void keeper_stop(struct keeper *k);

#endif
