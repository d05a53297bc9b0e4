/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * accel.h - KVM or emulation (TCG)? The choice is a pure function of what the host says.
 *
 * KVM is taken on its own only where it runs guests on the CPU: under the software vendor module
 * kvm_pvm a distribution's kernel does not boot, and without vmx or svm there is no other.
 */
#ifndef COLDPROF_ACCEL_H
#define COLDPROF_ACCEL_H

#include <stdbool.h>

struct accel_host {
	int kvm_errno; /* of opening /dev/kvm; 0: it opens */
	bool vmx, svm; /* flags of the CPU */
	bool pvm;      /* KVM's vendor module is kvm_pvm */
};

struct accel {
	bool kvm;
	char text[128]; /* "kvm (vmx)", "tcg: emulated, no vmx/svm"; or why it is not available */
};

void accel_read_host(struct accel_host *h);

/* Is flag one of the words of the first "flags" line of a /proc/cpuinfo? */
bool accel_cpu_flag(const char *cpuinfo, const char *flag);

/* "cpu MHz" of the first CPU in kHz; 0 when it is not said. */
unsigned long accel_cpu_khz(const char *cpuinfo);

/* Rate of this host's TSC; 0 where "cpu MHz" is another thing: outside VMs, that of the moment. */
unsigned long accel_tsc_khz(void);

/* wanted: auto (or NULL), kvm, tcg. 0: chosen; > 0: not available (a->text: why); < 0: nonsense. */
int accel_choose(const char *wanted, const struct accel_host *h, struct accel *a);

#endif
