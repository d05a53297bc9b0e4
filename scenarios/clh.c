// SPDX-License-Identifier: GPL-2.0-only
/*
 * clh.c - cloud-hypervisor by its command line: direct kernel boot of a bzImage, the same initramfs
 * and tap as QEMU's row. Written to its documentation (README.md, docs/ of v43); not tried on the real
 * thing by its authors.
 */
#include <stdlib.h>

#include "scenarios/guest_phases.h"
#include "scenarios/vmm.h"
#include "user/base/mem.h"
#include "user/record/format.h"

#define GET_CLH                                                                                    \
	"github.com/cloud-hypervisor/cloud-hypervisor/releases, on a host with vmx or svm"

static const struct program program = { .name = "cloud-hypervisor", .version_arg = "--version" };

static int probe(struct scenario *s, struct error *err)
{
	return vmm_probe(s, s->state, &program, GET_CLH, err);
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct scenario_options *o = s->options;
	const struct vmm *v = s->state;
	CLEANUP_FREE char *append = vmm_append(o, o->serial ? "console=ttyS0 panic=1" :
							       "8250.nr_uarts=0 quiet panic=1");

	(void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "--kernel");
	args_add(argv, v->kernel);
	args_add(argv, "--initramfs");
	args_add(argv, v->initrd);
	args_add(argv, "--cmdline");
	args_add(argv, append);
	args_add(argv, "--cpus");
	args_addf(argv, "boot=%u", o->vcpus ? o->vcpus : 1);
	args_add(argv, "--memory");
	args_addf(argv, "size=%uM", o->memory_mib ? o->memory_mib : VMM_MEMORY_MIB);
	args_add(argv, "--net");
	/* The tap has this address already. Without it versions before v49 may give it one of theirs. */
	args_add(argv, "tap=" NET_TAP ",mac=" NET_SERVICE_MAC ",ip=" NET_CLIENT_ADDRESS ",mask=" NET_MASK);
	args_add(argv, "--serial");
	if (o->serial)
		args_addf(argv, "file=%s/console.log", run->dir);
	else
		args_add(argv, "off");
	args_add_words(argv, "--console off --log-file");
	args_addf(argv, "%s/log", run->dir);
	add_runtime_args(o, s->ops->name, argv);
	return 0;
}

static void cleanup(struct scenario *s)
{
	vmm_release(s->state);
}

static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "cloud-hypervisor's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "VM made", .at = PHASE_KVM_IOCTL, .nr = 0xae01 },
	{ .name = "guest memory, kernel, devices", .at = PHASE_KVM_IOCTL, .nr = 0x4020ae46 },
	GUEST_KERNEL,
	GUEST_INIT,
	GUEST_NETWORK,
	GUEST_SERVICE,
	{ .name = "connected to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_CONNECTED },
	{ 0 }
};

const struct scenario_ops scenario_clh = {
	.name = "clh",
	.title = "cloud-hypervisor",
	.summary = "a Linux guest on cloud-hypervisor, direct kernel boot (untested on the real thing)",
	.boundary = "VM",
	.flags = SCENARIO_VM,
	.net = NET_TAP_DEVICE,
	.timeout = 120,
	.phases = phases,
	.state_size = sizeof(struct vmm),
	.probe = probe,
	.command = command,
	.cleanup = cleanup,
};
