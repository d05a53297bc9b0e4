/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kvm_probes.h - which of the kvm tracepoints are used on this host, and what they summed up.
 *
 * Nothing here ever stops a run: a host without KVM, with it as a module that is not loaded, or
 * with a vendor's module that nobody knows gives less, and the recording says what.
 */
#ifndef COLDPROF_KVM_PROBES_H
#define COLDPROF_KVM_PROBES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/types.h>

#include "bpf/wire.h"
#include "bpf/shared.h"

/* What a host says of its KVM. */
struct kvm_facts {
	bool device;  /* /dev/kvm */
	bool svm_cpu; /* the CPU's own word, for a kernel that has both vendors built in */
	bool core;    /* /sys/module/kvm */
	bool intel, amd, pvm; /* the vendors' modules, built in or loaded */
};
void kvm_read_facts(struct kvm_facts *f);

/* The kvm tracepoints that there are programs for, in this order everywhere. */
enum kvm_probe {
	KVM_ENTRY,
	KVM_EXIT_REASON, /* kvm_exit with the reason among its arguments; else … */
	KVM_EXIT,        /* … kvm_exit with the vCPU alone */
	KVM_USERSPACE_EXIT,
	KVM_PIO,
	KVM_MMIO,
	KVM_FAST_MMIO, /* a doorbell that KVM hands to an eventfd without decoding the instruction */
	KVM_PROBES
};

struct kvm_plan {
	bool load;          /* there is something to attach to */
	bool page;          /* why KVM_RUN came back is read from its struct kvm_run, not told by kvm_userspace_exit */
	const char *vendor; /* "vmx", "svm", "pvm" or "none": whose exit reasons to expect */
};
void kvm_plan_make(struct kvm_plan *plan, const struct kvm_facts *f);

/* What the attached ones (bits of enum kvm_probe) give, as the recording says it. */
void kvm_probes_text(char *text, size_t size, const struct kvm_plan *plan, unsigned int attached);

/* Index in the probes' table of exits -> table and number in a record; isa: probe_control.isa. */
void kvm_exit_name(uint32_t index, uint32_t isa, struct wire_vm_exit *body);

/* A vCPU's sums, brought up to end, as a record's body; false: they say nothing. */
bool kvm_vcpu_close(struct probe_vcpu *v, uint64_t end, struct wire_vcpu *body);

#endif
