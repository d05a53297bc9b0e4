/* SPDX-License-Identifier: GPL-2.0-only */
/* kvm_sums.h - attach the kvm probes and hand over what they summed. Private to user/collect. */
#ifndef COLDPROF_KVM_SUMS_H
#define COLDPROF_KVM_SUMS_H

#include <stdbool.h>

#include "user/collect/collector.h"
#include "user/collect/kvm_probes.h"

struct probes;

struct kvm_sums {
	bool asked;
	bool wanted;           /* asked for, and this kernel has KVM */
	struct kvm_plan plan;
	unsigned int attached; /* bits of enum kvm_probe */
};

/* Before loading: which of the programs and maps are there. */
void kvm_sums_choose(struct kvm_sums *k, struct probes *p, bool wanted);
/* After loading; a tracepoint that is not there is left out. */
void kvm_sums_attach(struct kvm_sums *k, struct probes *p);
void kvm_sums_detach(struct kvm_sums *k, struct probes *p);
/* A run begins: nothing is left of the one before. */
void kvm_sums_begin(struct kvm_sums *k, struct probes *p);
/* The timed window ended then: VCPU, VM_EXIT and VM_DEVICE records to fn. */
void kvm_sums_hand_over(struct kvm_sums *k, struct probes *p, int cpus, uint64_t end,
			collector_record_fn fn, void *ctx);

#endif
