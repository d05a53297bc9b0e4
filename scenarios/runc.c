// SPDX-License-Identifier: GPL-2.0-only
/* runc.c - `runc run` in the foreground: no daemon, no image. */
#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

static const struct program program = { .name = "runc", .version_arg = "--version" };

static int probe(struct scenario *s, struct error *err)
{
	int ret = find_program(s, &program, err);

	if (ret > 0)
		return scenario_unavailable(s, "apt-get install runc", "runc is not installed");
	return ret ? ret : bundle_check(s, err);
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	CLEANUP_FREE char *cgroup = xasprintf("/%s", run->id);
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		.cgroups_path = cgroup,
		.cgroup_namespace = cgroup_unified(), /* as runc spec */
	};

	return bundle_write(s->options, &b, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	(void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "--root");
	args_addf(argv, "%s/state", run->dir);
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, "run");
	args_add(argv, "-b");
	args_addf(argv, "%s/bundle", run->dir);
	args_add(argv, run->id);
	return 0;
}

/*
 * The names of nsexec's stages are those that it gives itself by prctl(). Every mount and pivot_root
 * is seen, of writes those of 10 us or more: the first one to a cgroup.procs waits for RCU. That runc
 * init executes itself anew meanwhile is no boundary: it goes on beside the cgroups. What the last
 * stage executes at last (hooks are before) need not be the service: an entry point comes to that
 * later, in that process or in another.
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "runc's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "runc init started", .at = PHASE_FORK, .who = PHASE_ROOT },
	{ .name = "cgroups", .at = PHASE_SYSCALL, .nr = SYSCALL_WRITE, .who = PHASE_ROOT,
	  .object = "cgroup.procs" },
	{ .name = "namespaces", .at = PHASE_COMM, .object = "runc:[0:PARENT]" },
	{ .name = "Go's start-up in the container", .at = PHASE_COMM, .object = "runc:[2:INIT]" },
	{ .name = "mounts and pivot_root", .at = PHASE_SYSCALL, .nr = SYSCALL_MOUNT,
	  .comm = "runc:[2:INIT]" },
	{ .name = "masks, capabilities, seccomp", .at = PHASE_SYSCALL, .nr = SYSCALL_PIVOT_ROOT,
	  .returned = true },
	{ .name = "masks, capabilities, seccomp", .at = PHASE_SYSCALL, .nr = SYSCALL_CHROOT,
	  .returned = true, .comm = "runc:[2:INIT]" },
	{ .name = "service exec", .at = PHASE_SYSCALL, .nr = SYSCALL_EXECVE,
	  .comm = "runc:[2:INIT]", .last = true, .before = MILESTONE_SERVICE_EXEC },
	{ .name = "entry point", .at = PHASE_EXEC, .same = true, .optional = true },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_SERVICE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_runc = {
	.name = "runc",
	.title = "runc",
	.summary = "the reference OCI runtime, as under Docker and containerd",
	.boundary = "shared kernel",
	.flags = SCENARIO_HOST_ACCEPT,
	.net = NET_VETH,
	.timeout = 30,
	.phases = phases,
	.probe = probe,
	.prepare = bundle_prepare,
	.enter = enter,
	.command = command,
};
