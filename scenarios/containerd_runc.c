// SPDX-License-Identifier: GPL-2.0-only
/*
 * containerd_runc.c - `ctr run` on a private containerd: what Docker and Kubernetes add to runc.
 *
 * The container is given as a bundle, as to runc itself: neither image nor snapshot is on the way.
 */
#include <stdlib.h>

#include "scenarios/containerd.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define SHIM "containerd-shim-runc-v2"

struct containerd_runc {
	struct containerd daemon;
	char *runc; /* owned */
};

static int probe(struct scenario *s, struct error *err)
{
	struct containerd_runc *c = s->state;
	CLEANUP_FREE char *shim = containerd_shim(s->options, SHIM);
	int ret = containerd_probe(s, &c->daemon, shim, err);

	if (ret)
		return ret;
	if (!shim)
		return scenario_unavailable(s, GET_CONTAINERD, "containerd's shim %s is not there",
					    SHIM);
	c->runc = find_tool(s->options, "runc");
	if (!c->runc)
		return scenario_unavailable(s, "apt-get install runc", "runc is not installed");
	return bundle_check(s, err);
}

static void describe(struct scenario *s)
{
	const struct containerd_runc *c = s->state;

	containerd_describe(s, c->runc, "runc");
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	const struct containerd_runc *c = s->state;
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	CLEANUP_FREE char *cgroup = xasprintf("/%s", run->id);
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		.cgroups_path = cgroup,
		.cgroup_namespace = cgroup_unified(), /* as runc spec */
	};
	int ret = bundle_write(s->options, &b, err);

	return ret ? ret : containerd_start(&c->daemon, run, false, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct containerd_runc *c = s->state;

	(void)err;
	containerd_ctr(&c->daemon, run, argv);
	args_add(argv, "--runtime");
	args_add(argv, "io.containerd.runc.v2");
	args_add(argv, "--runc-binary");
	args_add(argv, c->runc);
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, "--config");
	args_addf(argv, "%s/bundle/config.json", run->dir);
	args_add(argv, run->id);
	return 0;
}

static void cleanup(struct scenario *s)
{
	struct containerd_runc *c = s->state;

	containerd_release(&c->daemon);
	free(c->runc);
	c->runc = NULL;
}

/*
 * The shim is executed twice: `shim start` makes the socket and starts the shim that stays. That one
 * runs `runc create`, which ends when the container's init waits, and `runc start`, which lets go.
 * Then it executes the service or an entry point, as in runc.c.
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "ctr's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "containerd's task creation", .at = PHASE_SYSCALL, .nr = SYSCALL_ACCEPT4,
	  .comm = "containerd", .returned = true, .before_exe = SHIM },
	{ .name = "containerd's task creation", .at = PHASE_SYSCALL, .nr = SYSCALL_EPOLL_PWAIT,
	  .comm = "containerd", .returned = true, .before_exe = SHIM },
	{ .name = "shim start", .at = PHASE_EXEC, .exe = SHIM },
	{ .name = "shim serves", .at = PHASE_EXEC, .exe = SHIM, .nth = 2 },
	{ .name = "runc create", .at = PHASE_EXEC, .exe = "runc" },
	{ .name = "runc start", .at = PHASE_EXEC, .exe = "runc", .last = true,
	  .before = MILESTONE_SERVICE_EXEC },
	{ .name = "service exec", .at = PHASE_SYSCALL, .nr = SYSCALL_EXECVE,
	  .comm = "runc:[2:INIT]", .last = true, .before = MILESTONE_SERVICE_EXEC },
	{ .name = "entry point", .at = PHASE_EXEC, .same = true, .optional = true },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_SERVICE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_containerd_runc = {
	.name = "containerd-runc",
	.title = "containerd, runc",
	.summary = "runc behind a private containerd and its shim",
	.boundary = "shared kernel",
	.flags = SCENARIO_HOST_ACCEPT,
	.net = NET_VETH,
	.daemon = "containerd",
	.timeout = 30,
	.phases = phases,
	.state_size = sizeof(struct containerd_runc),
	.probe = probe,
	.describe = describe,
	.prepare = bundle_prepare,
	.enter = enter,
	.command = command,
	.cleanup = cleanup,
};
