/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmm.h - what Firecracker and cloud-hypervisor have in common: KVM or nothing, a kernel, an
 * initramfs, a tap.
 */
#ifndef COLDPROF_SCENARIO_VMM_H
#define COLDPROF_SCENARIO_VMM_H

#include "scenarios/scenario.h"

#define VMM_MEMORY_MIB 256

struct vmm {
	char *kernel, *initrd; /* owned */
	char *vmlinux;         /* set by who needs it: the uncompressed kernel */
};

/*
 * As probe: the program, /dev/kvm, kernel and initramfs. All that is missing is named at once; get
 * says how to get the program. Sets s->accel.
 */
int vmm_probe(struct scenario *s, struct vmm *v, const struct program *p, const char *get,
	      struct error *err);

/* The guest's kernel command line: base, the addresses, the user's words. Owned. */
char *vmm_append(const struct scenario_options *o, const char *base);

void vmm_release(struct vmm *v);

/* Why this host has no usable KVM; NULL: it has. Static or of buf. */
const char *vmm_no_kvm(const struct scenario_options *o, char *buf, size_t n);

/*
 * vmm_log.c: "Guest-boot-time" in a log of Firecracker's, the last one; false: there is none. The file
 * is read from its end, 64 KiB of it.
 */
bool vmm_log_boot_time(const char *log, uint64_t *ns, uint64_t *cpu_ns);
bool vmm_log_read(const char *path, uint64_t *ns, uint64_t *cpu_ns);

/* firecracker.c: its configuration file as text; owned. A function of its arguments, for tests. */
struct firecracker_files {
	const char *kernel, *initrd; /* as the VMM sees them */
};
char *firecracker_jail(const char *exec_file, const struct scenario_run *run);
char *firecracker_config(const struct scenario_options *o, const struct firecracker_files *f);

#endif
