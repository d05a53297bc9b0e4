/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest_phases.h - the phases of a guest that tells of its own boot, in the words of qemu.c.
 *
 * Our init marks its way by writes to port 0xf4 and to Firecracker's boot timer, and Linux tells of
 * itself on a console that is a serial port; KVM's tracepoints have both. A guest of which there is
 * neither "boots", and then has a network.
 *
 * Writes to port 0x80 are no boundaries: Linux also makes some only to wait a little, of whatever value.
 */
#ifndef COLDPROF_SCENARIO_GUEST_PHASES_H
#define COLDPROF_SCENARIO_GUEST_PHASES_H

#include "user/model/phase.h"

/* Conditions (phase.h): what is known of the guest's boot … */
extern const struct phase_rule guest_told[];	     /* … anything at all */
extern const struct phase_rule guest_service_told[]; /* … when init starts the service */
extern const struct phase_rule guest_firmware[];     /* firmware runs before its kernel */
extern const struct phase_rule guest_packed[];	     /* its kernel unpacks itself */
extern const struct phase_rule guest_kernel_later[]; /* one of these two */

/* Linux's last write before protected mode; the kernel of an ELF file makes none. */
#define GUEST_DECOMPRESSION                                                                        \
	{ .name = "decompression", .at = PHASE_GUEST_MARK, .nr = 0xf1, .last = true,               \
	  .before = MILESTONE_CONNECTED, .optional = true }

/* qemu-boot-time's marks of firmware */
#define GUEST_FIRMWARE_MARK { .name = "firmware", .at = PHASE_GUEST_MARK, .nr = 0xf5 }

/*
 * Where a VMM enters the kernel itself, unless it was given firmware. What is called vmlinuz unpacks
 * itself there; what went through real mode all the same was started by firmware. What begins at one
 * moment has the last of these names: so "guest boots" stands behind those that a VMM's arguments tell.
 */
#define GUEST_KERNEL                                                                               \
	{ .name = "firmware", .at = PHASE_KVM_RUN, .given = guest_firmware, .optional = true },    \
	{ .name = "decompression", .at = PHASE_KVM_RUN, .given = guest_packed,                     \
	  .unless = guest_firmware, .optional = true },                                            \
	{ .name = "guest boots", .at = PHASE_KVM_RUN, .unless = guest_told },                      \
	GUEST_DECOMPRESSION,                                                                       \
	{ .name = "kernel", .at = PHASE_KVM_RUN, .given = guest_told,                              \
	  .unless = guest_kernel_later },                                                          \
	{ .name = "kernel", .at = PHASE_GUEST_CLOCK, .given = guest_told }

/* Where a VMM always starts firmware. */
#define GUEST_FIRMWARE_KERNEL                                                                      \
	{ .name = "guest boots", .at = PHASE_KVM_RUN, .unless = guest_told },                      \
	{ .name = "firmware", .at = PHASE_KVM_RUN, .given = guest_told },                          \
	GUEST_DECOMPRESSION,                                                                       \
	{ .name = "kernel", .at = PHASE_GUEST_CLOCK, .given = guest_told }

/*
 * The first that is told of an init: what ours does first of all, what it says next, its write to
 * Firecracker's boot timer, and what the kernel says before it executes any, unless it is to be quiet.
 */
#define GUEST_INIT                                                                                 \
	{ .name = "init", .at = PHASE_GUEST_MARK, .nr = 0xf4, .mask = 0xff, .value = 6,            \
	  .given = guest_told },                                                                   \
	{ .name = "init", .at = PHASE_CONSOLE, .object = "*Run /* as init process*",               \
	  .given = guest_told },                                                                   \
	{ .name = "init", .at = PHASE_CONSOLE, .object = "*coldprof-init: start*",                 \
	  .given = guest_told },                                                                   \
	{ .name = "init", .at = PHASE_GUEST_MMIO, .nr = 0xc0000000, .mask = 0xff, .value = 123,    \
	  .given = guest_told },                                                                   \
	{ .name = "init", .at = PHASE_GUEST_MMIO, .nr = 0xd0000000, .mask = 0xff, .value = 123,    \
	  .given = guest_told }

/* The guest's first frame says less than its init does, and may come later than that. */
#define GUEST_NETWORK                                                                              \
	{ .name = "guest's network is up", .at = PHASE_TAP_FRAME, .given = guest_told,             \
	  .unless = guest_service_told, .optional = true },                                        \
	{ .name = "guest's network is up", .at = PHASE_TAP_FRAME, .unless = guest_told }

#define GUEST_SERVICE                                                                              \
	{ .name = "service start-up", .at = PHASE_GUEST_MARK, .nr = 0xf4, .mask = 0xff, .value = 7, \
	  .given = guest_told },                                                                   \
	{ .name = "service start-up", .at = PHASE_CONSOLE, .object = "*coldprof-init: exec service*", \
	  .given = guest_told }

#endif
