// SPDX-License-Identifier: GPL-2.0-only
/*
 * gvisor.c - `runsc run`: the service on a kernel in user space, with its own network stack.
 *
 * No cgroups: they are runsc's to manage only where it may, and they are not what gVisor is about.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "scenarios/gvisor.h"
#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/record/format.h"

/* Debian 12's own is of 2022. */
static const struct program program = {
	.name = "runsc",
	.version_arg = "--version",
	.prefer_fetched = true,
};

#define SYSTRAP_SINCE 20230501L /* the platform was new in spring 2023 */
#define GET_RUNSC "make runtimes, in coldprof's source tree, fetches it; or see gvisor.dev/docs"

static const char *platform(const struct scenario_options *o)
{
	return o->platform ? o->platform : "systrap";
}

/* The first eight digits in a row of "runsc version release-20240729.0"; 0 when there are none. */
static long release_date(const char *version)
{
	size_t n;

	for (; version && *version; version += n) {
		n = strspn(version, "0123456789");
		if (n == 8)
			return strtol(version, NULL, 10);
		n += strcspn(version + n, "0123456789");
	}
	return 0;
}

static int check_platform(struct scenario *s, struct error *err)
{
	const char *p = platform(s->options);

	if (strcmp(p, "systrap") && strcmp(p, "ptrace") && strcmp(p, "kvm"))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "gVisor has no platform '%s'; it has systrap, ptrace, kvm", p);
	if (!strcmp(p, "kvm") && access("/dev/kvm", R_OK | W_OK))
		return scenario_unavailable(s, "leave the platform at systrap, which needs no KVM",
					    "gVisor's kvm platform wants /dev/kvm: %s",
					    strerror(errno));
	return 0;
}

static int probe(struct scenario *s, struct error *err)
{
	int ret = find_program(s, &program, err);

	if (ret > 0)
		return scenario_unavailable(s, GET_RUNSC, "runsc is not installed");
	if (!ret)
		ret = check_platform(s, err);
	if (!ret)
		ret = bundle_check(s, err);
	return ret;
}

static void describe(struct scenario *s)
{
	char *version = s->runtime_version;

	s->runtime_version = xasprintf("%s, %s, %s", version ? version : "runsc",
				       platform(s->options),
				       s->options->gvisor_host_network ? "host network"
								       : "netstack");
	free(version);
}

static int prepare(struct scenario *s, struct error *err)
{
	long date = release_date(s->runtime_version);

	if (!strcmp(platform(s->options), "systrap") && date && date < SYSTRAP_SINCE)
		return error_set(err, -ENOTSUP, "%s is of %ld, before systrap", s->runtime_path,
				 date);
	return bundle_prepare(s, err);
}

int gvisor_hide_net_core(struct error *err)
{
	static const char dir[] = "/proc/sys/net/core";

	if (mount("none", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL) &&
	    errno != ENOENT)
		return error_errno(err, -errno, "cannot mount over %s for runsc", dir);
	return 0;
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	bool host = s->options->gvisor_host_network;
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		/* It wants the namespace by name; that of pid 1 is the run's, and stays. */
		.netns_path = host ? NULL : "/proc/1/ns/net",
	};
	int ret = host ? 0 : gvisor_hide_net_core(err);

	return ret ? ret : bundle_write(s->options, &b, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct scenario_options *o = s->options;

	(void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "--root");
	args_addf(argv, "%s/state", run->dir);
	args_add(argv, "--ignore-cgroups");
	args_addf(argv, "--platform=%s", platform(o));
	args_addf(argv, "--network=%s", o->gvisor_host_network ? "host" : "sandbox");
	add_runtime_args(o, s->ops->name, argv);
	args_add(argv, "run");
	args_add(argv, "-bundle");
	args_addf(argv, "%s/bundle", run->dir);
	args_add(argv, run->id);
	return 0;
}

/*
 * runsc starts a gofer and a sandbox, each of which executes itself once more when it has dropped
 * its privileges; then the sandbox makes its first stub process, builds its seccomp filters and
 * loads the service. When that is to run, a stub forks the process that has the service's memory: the
 * first fork by a process that has executed nothing itself. (Its first trapped call that is seen is
 * its socket(), when most of its start is over.)
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "runsc's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "gofer started", .at = PHASE_FORK, .who = PHASE_ROOT },
	{ .name = "sandbox start-up", .at = PHASE_EXEC, .argv0 = "runsc-sandbox" },
	{ .name = "sandbox boot", .at = PHASE_EXEC, .argv0 = "runsc-sandbox", .nth = 2 },
	{ .name = "platform, seccomp, loading", .at = PHASE_FORK, .argv0 = "runsc-sandbox" },
	{ .name = "service in the sentry", .at = PHASE_FORK, .argv0 = "",
	  .before = MILESTONE_LISTEN },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_gvisor = {
	.name = "gvisor",
	.title = "gVisor",
	.summary = "a kernel in user space (systrap), with its own network stack",
	.boundary = "user-space kernel",
	.flags = SCENARIO_GUEST_ACCEPT,
	.net = NET_VETH,
	.timeout = 30,
	.phases = phases,
	.probe = probe,
	.describe = describe,
	.prepare = prepare,
	.enter = enter,
	.command = command,
};
