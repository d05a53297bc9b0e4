// SPDX-License-Identifier: GPL-2.0-only
/* native.c - the service without isolation: what every other row is compared with. */
#include "scenarios/scenario.h"
#include "user/record/format.h"

static int probe(struct scenario *s, struct error *err)
{
	(void)err;
	if (s->options->rootfs || s->options->bundle || s->options->image)
		return scenario_not_for_rootfs(s);
	s->runtime_path = lib_path(s->options, "service/service");
	if (!s->runtime_path)
		return scenario_unavailable(s, GET_SERVICE, "coldprof's service is not there");
	return 0;
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	(void)run, (void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "-addr");
	args_addf(argv, "0.0.0.0:%u", s->options->port);
	add_runtime_args(s->options, s->ops->name, argv);
	return 0;
}

static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_native = {
	.name = "native",
	.title = "native",
	.summary = "the service as a plain process: the baseline",
	.boundary = "none",
	.flags = SCENARIO_HOST_ACCEPT,
	.net = NET_VETH,
	.timeout = 30,
	.phases = phases,
	.probe = probe,
	.command = command,
};
