// SPDX-License-Identifier: GPL-2.0-only
/* guest_phases.c - which of a guest's phases are known in a run: conditions of the rules. */
#include "scenarios/guest_phases.h"

/* The names of the files that a kernel's build makes, and what such a kernel says when asked to. */
#define PACKED                                                                                     \
	{ .name = "vmlinuz", .at = PHASE_EXEC, .exe = "cloud-hypervisor*", .argument = "*vmlinuz*" }, \
	{ .name = "bzImage", .at = PHASE_EXEC, .exe = "cloud-hypervisor*", .argument = "*bzImage*" }, \
	{ .name = "unpacks", .at = PHASE_CONSOLE, .object = "*early console in extract_kernel*" }, \
	{ .name = "unpacks", .at = PHASE_CONSOLE, .object = "Decompressing Linux*" }

/* A firmware of cloud-hypervisor's is started as a kernel, too. */
#define FIRMWARE                                                                                   \
	GUEST_DECOMPRESSION, /* behind real mode */                                                \
	GUEST_FIRMWARE_MARK,                                                                       \
	{ .name = "firmware", .at = PHASE_EXEC, .exe = "cloud-hypervisor*", .argument = "--firmware" }, \
	{ .name = "firmware", .at = PHASE_EXEC, .exe = "cloud-hypervisor*",                        \
	  .argument = "*hypervisor-fw*" }

const struct phase_rule guest_service_told[] = { GUEST_SERVICE, { 0 } };
const struct phase_rule guest_firmware[] = { FIRMWARE, { 0 } };
const struct phase_rule guest_packed[] = { PACKED, { 0 } };
const struct phase_rule guest_kernel_later[] = { FIRMWARE, PACKED, { 0 } };

const struct phase_rule guest_told[] = {
	GUEST_INIT,
	GUEST_SERVICE,
	GUEST_DECOMPRESSION,
	GUEST_FIRMWARE_MARK,
	{ .name = "kernel", .at = PHASE_GUEST_CLOCK },
	{ 0 }
};
