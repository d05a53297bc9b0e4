// SPDX-License-Identifier: GPL-2.0-only
/* role.c - "exe" by its arguments. */
#include "user/model/role.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "user/model/session.h"

#define EXECS_MAX 64 /* of a process: a recording cannot make this slow */
#define DEPTH_MAX 8

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A subcommand: a word of letters. */
static bool is_word(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz-");

	return n && n <= 12 && !s[n] && *s != '-';
}

/* "runsc-sandbox --root=…", "/usr/sbin/runc init", "/proc/self/exe umount …". */
static void name_by_exec(char name[ROLE_NAME_MAX], const struct exec *e)
{
	const char *first = e->argv_len ? base_name(e->argv) : "", *second = "";
	size_t n = e->argv_len ? strnlen(e->argv, e->argv_len) + 1 : 0;

	if (n < e->argv_len)
		second = e->argv + n;
	if (!*first || !strcmp(first, "exe"))
		first = e->exe;
	snprintf(name, ROLE_NAME_MAX, "%.15s%s%.12s", first,
		 !strcmp(first, e->exe) && is_word(second) ? " " : "",
		 !strcmp(first, e->exe) && is_word(second) ? second : "");
}

static bool name_process(char name[ROLE_NAME_MAX], const struct process *p, uint64_t time)
{
	bool copy = false;
	int depth;

	for (depth = 0; p && depth < DEPTH_MAX; depth++, p = p->parent) {
		const struct exec *last = NULL;
		size_t i;

		for (i = 0; i < p->n_execs && i < EXECS_MAX; i++)
			if (p->execs[i].time <= time)
				last = &p->execs[i];
		if (last) {
			name_by_exec(name, last);
			if (copy && !strcmp(name, "runsc-sandbox"))
				snprintf(name, ROLE_NAME_MAX, "runsc-stub");
			return true;
		}
		copy = copy || p->n_execs == 0;
		time = p->start ? p->start : time;
	}
	return false;
}

const char *role_of_task(char name[ROLE_NAME_MAX], const struct run *run,
			 const struct sched_task *task, uint64_t time)
{
	const char *own = sched_task_name(&run->sched, task, time);

	if (strcmp(own, "exe") || !name_process(name, tree_process(&run->tree, task->pid), time))
		return own;
	return name;
}

const char *role_of_process(char name[ROLE_NAME_MAX], const struct run *run, uint32_t pid)
{
	const struct process *p = pid ? tree_process(&run->tree, pid) : NULL;

	if (!p || strcmp(p->comm, "exe") || !name_process(name, p, UINT64_MAX))
		return p ? p->comm : "";
	return name;
}
