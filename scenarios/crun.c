// SPDX-License-Identifier: GPL-2.0-only
/*
 * crun.c - `crun run` in the foreground.
 *
 * crun 1.8 refuses hosts with v1 controllers and a v2 tree beside them. There, the run gets a
 * cgroup2 mount of its own at /sys/fs/cgroup and crun is told to leave cgroups alone.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

static const struct program program = { .name = "crun", .version_arg = "--version" };

struct crun {
	bool unified;  /* the host's layout */
	bool cgroupfs; /* crun may make cgroups */
};

/* crun raises RLIMIT_MEMLOCK for the BPF program of the device cgroup, needed or not. */
static bool may_raise_memlock(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_max == RLIM_INFINITY)
		return true;
	return !syscall(SYS_capget, &head, data) &&
	       (data[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective & CAP_TO_MASK(CAP_SYS_RESOURCE));
}

static int probe(struct scenario *s, struct error *err)
{
	struct crun *crun = s->state;
	int ret = find_program(s, &program, err);

	if (ret > 0)
		return scenario_unavailable(s, "apt-get install crun", "crun is not installed");
	if (ret)
		return ret;
	crun->unified = cgroup_unified();
	crun->cgroupfs = crun->unified && may_raise_memlock();
	return bundle_check(s, err);
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	const struct crun *crun = s->state;
	CLEANUP_FREE char *dir = xasprintf("%s/bundle", run->dir);
	CLEANUP_FREE char *cgroup = xasprintf("/%s", run->id);
	struct bundle_options b = {
		.dir = dir,
		.unpacked = s->unpacked,
		.cgroups_path = cgroup,
		.cgroup_namespace = true, /* as crun spec on v2 */
	};

	if (!crun->unified) {
		/* EINVAL: nothing is mounted there, which is as good */
		if (umount2("/sys/fs/cgroup", MNT_DETACH) && errno != EINVAL)
			return error_errno(err, -errno, "cannot detach /sys/fs/cgroup in the run");
		if (mount("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  NULL))
			return error_errno(err, -errno, "cannot mount a cgroup2 tree for crun");
	}
	return bundle_write(s->options, &b, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct crun *crun = s->state;

	(void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "--root");
	args_addf(argv, "%s/state", run->dir);
	args_addf(argv, "--cgroup-manager=%s", crun->cgroupfs ? "cgroupfs" : "disabled");
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, "run");
	args_add(argv, "-b");
	args_addf(argv, "%s/bundle", run->dir);
	args_add(argv, run->id);
	return 0;
}

/*
 * crun executes itself anew from a copy that nobody can write to, then forks the container. Who
 * changes the root there (by chroot() when told not to pivot) executes what the bundle says: the
 * service, or an entry point that comes to it later, in that process or in another.
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "crun's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "crun re-executed", .at = PHASE_EXEC, .who = PHASE_ROOT, .nth = 2,
	  .before = MILESTONE_SERVICE_EXEC, .optional = true },
	{ .name = "namespaces", .at = PHASE_SYSCALL, .nr = SYSCALL_CLONE, .who = PHASE_ROOT },
	{ .name = "namespaces", .at = PHASE_FORK, .who = PHASE_ROOT },
	{ .name = "mounts and pivot_root", .at = PHASE_SYSCALL, .nr = SYSCALL_MOUNT,
	  .who = PHASE_NOT_ROOT },
	{ .name = "masks, capabilities, seccomp", .at = PHASE_SYSCALL, .nr = SYSCALL_PIVOT_ROOT,
	  .returned = true },
	{ .name = "masks, capabilities, seccomp", .at = PHASE_SYSCALL, .nr = SYSCALL_CHROOT,
	  .returned = true, .same = true },
	{ .name = "service exec", .at = PHASE_SYSCALL, .nr = SYSCALL_EXECVE, .same = true },
	{ .name = "entry point", .at = PHASE_EXEC, .same = true, .optional = true },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_SERVICE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_crun = {
	.name = "crun",
	.title = "crun",
	.summary = "the OCI runtime in C, as under Podman",
	.boundary = "shared kernel",
	.flags = SCENARIO_HOST_ACCEPT,
	.net = NET_VETH,
	.timeout = 30,
	.phases = phases,
	.state_size = sizeof(struct crun),
	.probe = probe,
	.prepare = bundle_prepare,
	.enter = enter,
	.command = command,
};
