// SPDX-License-Identifier: GPL-2.0-only
/*
 * containerd_runsc.c - `ctr run` on a private containerd with gVisor's shim: what Kubernetes adds to
 * gVisor. Written to its documentation (gvisor.dev/docs/user_guide/containerd); the shim is in no
 * Debian, so it was not tried on the real thing by its authors.
 */
#include <stdlib.h>

#include "scenarios/containerd.h"
#include "scenarios/gvisor.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define SHIM "containerd-shim-runsc-v1"
#define GET_SHIM "gvisor.dev/docs/user_guide/install (containerd-shim-runsc-v1 lies beside runsc)"

struct containerd_runsc {
	struct containerd daemon;
	char *shim, *runsc; /* owned */
};

static int probe(struct scenario *s, struct error *err)
{
	struct containerd_runsc *c = s->state;
	int ret;

	c->shim = containerd_shim(s->options, SHIM);
	c->runsc = find_tool(s->options, "runsc");
	if (!c->shim || !c->runsc)
		return scenario_unavailable(s, GET_SHIM, "%s not installed", c->shim ? "runsc is" :
					    c->runsc ? SHIM " is" : SHIM " and runsc are");
	ret = containerd_probe(s, &c->daemon, c->shim, err);
	if (ret)
		return ret;
	/* The shim looks for runsc on its PATH, which is the daemon's. */
	containerd_path(&c->daemon, c->runsc);
	return bundle_check(s, err);
}

static void describe(struct scenario *s)
{
	const struct containerd_runsc *c = s->state;

	containerd_describe(s, c->runsc, "runsc");
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	const struct containerd_runsc *c = s->state;
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	CLEANUP_FREE char *cgroup = xasprintf("/%s", run->id);
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		.cgroups_path = cgroup,
		.netns_path = "/proc/1/ns/net", /* as for gVisor alone: it wants the namespace by name */
	};
	int ret = gvisor_hide_net_core(err);

	if (!ret)
		ret = bundle_write(s->options, &b, err);
	return ret ? ret : containerd_start(&c->daemon, run, false, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct containerd_runsc *c = s->state;

	(void)err;
	containerd_ctr(&c->daemon, run, argv);
	args_add(argv, "--runtime");
	args_add(argv, "io.containerd.runsc.v1");
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, "--config");
	args_addf(argv, "%s/bundle/config.json", run->dir);
	args_add(argv, run->id);
	return 0;
}

static void cleanup(struct scenario *s)
{
	struct containerd_runsc *c = s->state;

	containerd_release(&c->daemon);
	free(c->shim);
	free(c->runsc);
	c->shim = c->runsc = NULL;
}

/*
 * The shim is executed twice, as runc's. The one that stays runs `runsc create`, whose sandbox lets the
 * service go at `runsc start`; that it runs is told as in gvisor.c (nobody saw
 * what the daemon executed either, but it has another name).
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "ctr's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "containerd's task creation", .at = PHASE_SYSCALL, .nr = SYSCALL_ACCEPT4,
	  .comm = "containerd", .returned = true, .before_exe = SHIM },
	{ .name = "shim start", .at = PHASE_EXEC, .exe = SHIM },
	{ .name = "shim serves", .at = PHASE_EXEC, .exe = SHIM, .nth = 2 },
	{ .name = "runsc create", .at = PHASE_EXEC, .exe = "runsc" },
	{ .name = "runsc start", .at = PHASE_EXEC, .exe = "runsc", .last = true,
	  .before = MILESTONE_LISTEN },
	{ .name = "service in the sentry", .at = PHASE_FORK, .comm = "exe", .argv0 = "",
	  .before = MILESTONE_LISTEN },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_containerd_runsc = {
	.name = "containerd-runsc",
	.title = "containerd, gVisor",
	.summary = "gVisor behind a private containerd and its shim (untested on the real thing)",
	.boundary = "user-space kernel",
	.flags = SCENARIO_GUEST_ACCEPT,
	.net = NET_VETH,
	.daemon = "containerd",
	.timeout = 30,
	.phases = phases,
	.state_size = sizeof(struct containerd_runsc),
	.probe = probe,
	.describe = describe,
	.prepare = bundle_prepare,
	.enter = enter,
	.command = command,
	.cleanup = cleanup,
};
