// SPDX-License-Identifier: GPL-2.0-only
/* kata_hypervisors.c - Kata Containers' three scenarios: what their hypervisors differ in; see kata.h. */
#include <string.h>

#include "scenarios/guest_phases.h"
#include "scenarios/kata.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define SHIM "containerd-shim-kata-v2"

static const struct kata_hypervisor hypervisors[] = {
	{ .scenario = "kata-qemu", .config = "configuration-qemu.toml", .vhost_vsock = true },
	{ .scenario = "kata-fc", .config = "configuration-fc.toml", .block_rootfs = true },
	{ .scenario = "kata-clh", .config = "configuration-clh.toml" },
};

const struct kata_hypervisor *kata_hypervisor_of(const char *scenario)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hypervisors); i++)
		if (!strcmp(hypervisors[i].scenario, scenario))
			return &hypervisors[i];
	return NULL;
}

/*
 * The shim that stays reads its configuration and starts the hypervisor itself, a helper of it
 * before. The guest is Kata's own: its kernel tells of itself where its console is a serial port, its
 * agent tells the host nothing but its answers. The guest's network is told by the tap that Kata makes
 * in the container's namespace.
 */
#define PHASES(HELPER, HELPER_EXE, HYPERVISOR, ...)                                                \
	{                                                                                          \
		{ .name = "exec" },                                                                \
		{ .name = "ctr's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },  \
		{ .name = "containerd's task creation", .at = PHASE_SYSCALL,                       \
		  .nr = SYSCALL_ACCEPT4, .comm = "containerd", .returned = true,                   \
		  .before_exe = SHIM },                                                            \
		{ .name = "shim start", .at = PHASE_EXEC, .exe = SHIM },                           \
		{ .name = "shim serves", .at = PHASE_EXEC, .exe = SHIM, .nth = 2 },                \
		{ .name = HELPER, .at = PHASE_EXEC, .exe = HELPER_EXE, .optional = true },           \
		{ .name = "hypervisor's start-up", .at = PHASE_EXEC, .exe = HYPERVISOR },          \
		{ .name = "VM made", .at = PHASE_KVM_IOCTL, .nr = 0xae01 },                        \
		__VA_ARGS__,                                                                       \
		GUEST_INIT,                                                                        \
		{ .name = "guest's network is up", .at = PHASE_TAP_FRAME, .optional = true },      \
		{ .name = "connected to first byte", .at = PHASE_MILESTONE,                        \
		  .milestone = MILESTONE_CONNECTED },                                              \
		{ 0 },                                                                             \
	}

static const struct phase_rule qemu_phases[] =
	PHASES("virtiofsd", "virtiofsd", "qemu-system-*", GUEST_FIRMWARE_KERNEL);
static const struct phase_rule fc_phases[] =
	PHASES("jailer", "jailer*", "firecracker*", GUEST_KERNEL);
static const struct phase_rule clh_phases[] =
	PHASES("virtiofsd", "virtiofsd", "cloud-hypervisor", GUEST_KERNEL);

#define KATA(NAME, HYPERVISOR, PHASES_OF_IT)                                                       \
	{                                                                                          \
		.name = NAME, .title = "Kata/" HYPERVISOR,                                         \
		.summary = "Kata Containers with " HYPERVISOR                                      \
			   " behind a private containerd (untested on the real thing)",            \
		.boundary = "VM", .flags = SCENARIO_VM, .net = NET_VETH, .daemon = "containerd",   \
		.timeout = 120, .phases = PHASES_OF_IT, .state_size = sizeof(struct kata),         \
		.probe = kata_probe, .describe = kata_describe, .prepare = kata_prepare,           \
		.enter = kata_enter, .command = kata_command, .cleanup = kata_cleanup,             \
	}

const struct scenario_ops scenario_kata_qemu = KATA("kata-qemu", "QEMU", qemu_phases);
const struct scenario_ops scenario_kata_fc = KATA("kata-fc", "Firecracker", fc_phases);
const struct scenario_ops scenario_kata_clh = KATA("kata-clh", "cloud-hypervisor", clh_phases);
