// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory_roles.c - what a process is to its run, by what it executed.
 *
 * Told by the file names of programs and by arguments, never by comm: that is for the process to
 * choose. gVisor's parts are all the same binary: the word of its command line tells.
 */
#include <stdbool.h>
#include <string.h>

#include "user/model/run.h"

struct role_rule {
	const char *argv0; /* beginning of the last component of its first argument */
	const char *word;  /* an argument that it has; NULL = any */
	const char *role;
};

static const struct role_rule rules[] = {
	{ "runsc-gofer", NULL, "gofer" },
	{ "runsc-sandbox", NULL, "sandbox" },
	{ "runsc", "gofer", "gofer" },
	{ "runsc", "boot", "sandbox" },
	{ "qemu-system-", NULL, "hypervisor" },
	{ "firecracker", NULL, "hypervisor" },
	{ "cloud-hypervisor", NULL, "hypervisor" },
	{ "virtiofsd", NULL, "virtiofsd" },
	{ "containerd-shim-", NULL, "shim" },
	{ "containerd", NULL, "daemon" },
	{ "dockerd", NULL, "daemon" },
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* argv is NUL-separated and ends with one more NUL (tree.c). */
static bool has_argument(const struct exec *e, const char *word)
{
	size_t at;

	for (at = 0; at < e->argv_len; at += strlen(e->argv + at) + 1)
		if (!strcmp(e->argv + at, word))
			return true;
	return false;
}

static const char *role_of_exec(const struct exec *e)
{
	const char *name = base_name(e->argv);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (!strncmp(name, rules[i].argv0, strlen(rules[i].argv0)) &&
		    (!rules[i].word || has_argument(e, rules[i].word)))
			return rules[i].role;
	return "";
}

/*
 * A child that runs on in its parent's program. That of gVisor's sandbox is a stub: an address
 * space in which the sandboxed program's code runs.
 */
static const char *inherited(const struct process *p)
{
	const char *role = "";
	int steps = 64; /* a tree may be as deep as somebody wrote it */

	for (p = p->parent; p && steps--; p = p->parent)
		if (p->n_execs) {
			role = role_of_exec(&p->execs[p->n_execs - 1]);
			break;
		}
	return strcmp(role, "sandbox") ? "" : "systrap stub";
}

static const char *role_of(const struct run *r, uint32_t pid)
{
	const struct process *p = tree_process(&r->tree, pid);
	const char *role = "";

	if (!p)
		return "";
	if (p->n_execs)
		role = role_of_exec(&p->execs[p->n_execs - 1]);
	else
		role = inherited(p);
	if (*role)
		return role;
	if (pid == r->milestones.service_pid)
		return r->scenario->flags & SCENARIO_MODULE ? "runtime and service" : "service";
	return !p->parent ? "runtime" : "";
}

void memory_set_roles(const struct run *r, struct memory_snapshot *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		m->processes[i].role = role_of(r, m->processes[i].pid);
}
