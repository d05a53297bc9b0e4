/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keeper_box.h - between keeper.c (coldprof's side) and keeper_box.c (pid 1's side) only.
 *
 * They speak over a stream socket: a head, then head.bytes of data.
 */
#ifndef COLDPROF_KEEPER_BOX_H
#define COLDPROF_KEEPER_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/launch/keeper.h"

enum box_kind {
	BOX_READY = 1, /* namespaces and mounts are made */
	BOX_FAILED,    /* they could not be: first = code, second = class, data = sentence */
	BOX_LAUNCH,    /* to pid 1: data = argv, each with its NUL */
	BOX_GENTLE,    /* to pid 1: the root process has started a container; see end_gently() */
	BOX_ADOPT,     /* to pid 1: first = pid of a process that a daemon made, data = its start */
	BOX_ENDED,     /* the root process: first = wait status, second = errno of its execve */
};

struct box_message {
	uint32_t kind;
	int32_t first, second;
	uint32_t bytes;
};

int box_send(int fd, const struct box_message *m, const void *data);
/* *data is owned, NUL-terminated; may be NULL when not wanted. -EPIPE: the other side is gone. */
int box_receive(int fd, struct box_message *m, char **data);

#define BOX_ADOPTED_MAX 64

/* What pid 1 does from its first instruction to its end. */
struct box {
	const struct keeper_options *options;
	pid_t parent;   /* coldprof, as the host sees it */
	int control_fd;
	int output_fd;  /* for writing */
	off_t output_gone; /* so much of its beginning has been thrown away */
	pid_t root;     /* 0 = not launched */
	bool launched;
	bool gentle;
	int adopted[BOX_ADOPTED_MAX]; /* pidfds; a ring */
	unsigned int n_adopted;
};
_Noreturn void box_main(struct box *b);

/* Children that process top has now, max of them at most; returns how many. */
size_t box_children(pid_t top, pid_t *children, size_t max);

/* All below it that are no zombies; the caller frees *pids. */
size_t box_descendants(pid_t top, pid_t **pids);

/* Is there such a process, no zombie, and did it begin at or after since (CLOCK_MONOTONIC ns)? */
bool box_born_after(pid_t pid, uint64_t since);

/* When it began, in ticks: with its number, who it is. 0: there is no such process, or a zombie. */
uint64_t box_start_of(pid_t pid);

/*
 * SIGKILL every descendant of process top, once; returns how many there were. Identity is checked
 * by pidfd and start time, so a pid that was re-used meanwhile is left alone.
 */
unsigned int box_kill_descendants(pid_t top);

#endif
