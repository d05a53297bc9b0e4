/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tree.h - every task of a run: who made it, what it executed, when it lived.
 *
 * Descent is by the task that called fork, never by ppid: daemons that double-fork, CLONE_PARENT
 * and subreapers stay where they came from.
 */
#ifndef COLDPROF_TREE_H
#define COLDPROF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/mem.h"

struct exec {
	uint64_t enter, time; /* entry of execve (0 = not seen) and when the new image was ready */
	const char *exe;      /* last component of the program's real name */
	const char *argv;     /* NUL-separated, argv_len bytes */
	size_t argv_len;
	uint64_t inode;
	uint32_t dev;
	char comm[16];
};

/* Why a process that nobody of the run made belongs to it (bpf/wire.h, struct wire_adopted). */
struct adoption {
	uint64_t time;
	uint32_t how; /* WIRE_ADOPTED_* */
	uint32_t parent_pid;
	const char *parent_comm, *rule, *id;
};

struct process {
	uint32_t pid;
	uint32_t number;         /* its pid in its parent's pid namespace; 0 = not known */
	struct process *parent;  /* NULL: the root process */
	uint32_t parent_tid;     /* the thread of it that forked; 0 = root, or birth not seen */
	uint64_t start, end;     /* absolute ns; end 0 = still there at the run's end */
	uint32_t exit_code;      /* as wait(2) gives it, where ended */
	uint32_t threads;        /* tasks it has had, the leader included */
	const struct adoption *adoption; /* NULL: made by its parent, as usual */
	bool shares_mm;          /* made with CLONE_VM and has not executed since */
	struct exec *execs;      /* in the order of the file */
	size_t n_execs, cap_execs;
	char comm[16];           /* last name of its leader */
	unsigned int depth;      /* 0 = root process */
};

struct task {
	uint32_t tid, pid;
	uint64_t start, end;
	char comm[16];
};

struct tree {
	struct process **processes; /* in order of birth; [0] is the root process … */
	size_t n, cap;
	struct task **tasks;
	size_t n_tasks, cap_tasks;
	bool has_root; /* … by its own word (EXEC with root = 1); else just the first one seen */
	void *index; /* private: uthash tables by pid and tid */
	uint64_t forks, execs, exits; /* records seen */
};

/* "exec", "daemon", "watch", "cgroup"; "" for what a later version says. */
const char *adoption_how(const struct adoption *a);

struct wire_head;
/* Feed FORK, EXEC, EXIT, COMM and ADOPTED records; others are ignored. */
void tree_add(struct tree *t, struct arena *arena, const struct wire_head *record);
struct process *tree_process(const struct tree *t, uint32_t pid); /* newest of that pid, or NULL */
struct task *tree_task(const struct tree *t, uint32_t tid);
void tree_release(struct tree *t);

/* Every process, parents before their children, siblings by birth (tree_order.c); free() it. */
const struct process **tree_order(const struct tree *t, size_t *n);

#endif
