// SPDX-License-Identifier: GPL-2.0-only
/*
 * finding_hook.c - what runs between the runtime and the service: hooks, an engine's helpers.
 *
 * Of the container, and not of these, is what its init has started once it executed the entry point: a
 * shell or an init of its own that forks the service. What it started before was started by the runtime.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/model/finding_rules.h"
#include "user/model/session.h"

#define CLONE_NEWPID 0x20000000u
#define DEPTH_MAX 64 /* of processes */

/* A process that is no longer the runtime. */
struct program {
	const struct process *process;
	uint64_t since; /* its first execve of something else */
	uint64_t ns;    /* of the path, in it and what it has started */
	bool container; /* from then on it is the container's: its init, the service or on the way to that */
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_runtime_name(const char *name, const struct process *root)
{
	return !strcmp(name, "runc") || !strcmp(name, "crun") || !strcmp(name, "youki") ||
	       !strcmp(name, root->execs[0].exe);
}

/*
 * The runtime's own file, or the copy of it that it runs from: a memfd, an overlay, a temporary file
 * (then "runc init", "/proc/self/exe init").
 */
static bool is_runtime(const struct exec *e, const struct process *root)
{
	const char *first = e->argv_len ? base_of(e->argv) : "", *second;

	if ((e->inode && e->inode == root->execs[0].inode && e->dev == root->execs[0].dev) ||
	    is_runtime_name(e->exe, root) || phase_matches("memfd:*_cloned:*", e->exe))
		return true;
	second = e->argv_len ? e->argv + strnlen(e->argv, e->argv_len) : "";
	if (e->argv_len && second + 1 < e->argv + e->argv_len)
		second++;
	return !strcmp(second, "init") && (is_runtime_name(first, root) || !strcmp(first, "exe"));
}

static int by_birth(const void *a, const void *b)
{
	const struct process *x = ((const struct program *)a)->process;
	const struct process *y = ((const struct program *)b)->process;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

static struct program *program_of(struct program *list, size_t n, const struct process *p)
{
	const struct program key = { .process = p };
	struct program *found = p && n ? bsearch(&key, list, n, sizeof(*list), by_birth) : NULL;

	return found && found->process == p ? found : NULL;
}

static size_t find_programs(const struct tree *tree, struct program *list)
{
	const struct process *root = tree->processes[0];
	size_t i, k, n = 0;

	for (i = 0; i < tree->n; i++) {
		const struct process *p = tree->processes[i];

		if (!p->n_execs || is_runtime(&p->execs[p->n_execs - 1], root))
			continue;
		for (k = 0; is_runtime(&p->execs[k], root); k++)
			;
		list[n++] = (struct program){ .process = p, .since = p->execs[k].time,
					      .container = p == root };
	}
	if (n)
		qsort(list, n, sizeof(*list), by_birth);
	return n;
}

/* Whom the service descends from, and who is the first of a pid namespace. */
static void mark_container(const struct run *run, struct program *list, size_t n)
{
	const struct process *p = tree_process(&run->tree, run->milestones.service_pid);
	struct program *program;
	unsigned int depth;
	size_t i;

	for (depth = 0; p && depth < DEPTH_MAX; depth++, p = p->parent) {
		program = program_of(list, n, p);
		if (program)
			program->container = true;
	}
	for (i = 0; i < run->sched.n_lives; i++) {
		const struct sched_life *l = &run->sched.lives[i];

		if (l->kind != WIRE_FORK || !(l->ns_changed & CLONE_NEWPID))
			continue;
		program = program_of(list, n, tree_process(&run->tree, l->other_pid));
		if (program && program->process->start == l->time)
			program->container = true;
	}
}

/*
 * The outermost program that a process is in; NULL: it is the runtime, or the container's, which is
 * whatever that has started since it executed its entry point. (Before, that was the runtime: hooks.)
 */
static struct program *outermost(struct program *list, size_t n, const struct process *p)
{
	const struct process *line[DEPTH_MAX];
	unsigned int depth = 0;
	struct program *program;

	for (; p && depth < DEPTH_MAX; p = p->parent)
		line[depth++] = p;
	while (depth--) {
		program = program_of(list, n, line[depth]);
		if (!program)
			continue;
		if (!program->container)
			return program;
		if (depth == 0 || line[depth - 1]->start >= program->since)
			return NULL;
	}
	return NULL;
}

bool finding_other_program(struct finding_search *q)
{
	const struct tree *tree = &q->run->tree;
	const struct process *root = tree->n ? tree->processes[0] : NULL;
	CLEANUP_FREE struct program *list = xcalloc(tree->n + 1, sizeof(*list));
	const struct program *most = NULL;
	struct program *in = NULL;
	uint32_t pid = 0;
	size_t n, i;

	if (!root || !root->n_execs)
		return false;
	n = find_programs(tree, list);
	mark_container(q->run, list, n);
	for (i = 0; i < q->run->path.n; i++) {
		const struct path_slice *s = &q->run->path.slices[i];

		if (s->pid != pid)
			in = outermost(list, n, tree_process(tree, s->pid));
		pid = s->pid;
		if (in)
			in->ns += s->end - s->start;
	}
	for (i = 0; i < n; i++) {
		q->ns += list[i].ns;
		q->count += list[i].ns > 0;
		if (list[i].ns && (!most || list[i].ns > most->ns))
			most = &list[i];
	}
	if (most)
		snprintf(q->evidence, sizeof(q->evidence), "%.60s (%.15s)",
			 most->process->execs[most->process->n_execs - 1].exe, most->process->comm);
	return most;
}
