// SPDX-License-Identifier: GPL-2.0-only
/* kvm_probes.c - the choices and the arithmetic; kvm_sums.c speaks to libbpf. */
#include "user/collect/kvm_probes.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpf/vcpu.h"
#include "user/collect/environment.h"

#define ISA_VMX 1
#define ISA_SVM 2

void kvm_read_facts(struct kvm_facts *f)
{
	/* The node is there before the module, and opening it loads that, as the VMM's open would. */
	if (access("/sys/module/kvm", F_OK)) {
		int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

		if (fd >= 0)
			close(fd);
	}
	f->device = !access("/dev/kvm", F_OK);
	f->svm_cpu = !strcmp(environment_kvm(), "svm");
	f->core = !access("/sys/module/kvm", F_OK);
	f->intel = !access("/sys/module/kvm_intel", F_OK);
	f->amd = !access("/sys/module/kvm_amd", F_OK);
	f->pvm = !access("/sys/module/kvm_pvm", F_OK);
}

void kvm_plan_make(struct kvm_plan *plan, const struct kvm_facts *f)
{
	/* The tracepoints come with the core, built in or as a module; a device implies it. */
	plan->load = f->core || f->device;
	plan->page = false;
	/* kvm_pvm stands beside a built-in vendor that does not bind; then it is the one that runs. */
	plan->vendor = !plan->load ? "none" : f->pvm ? "pvm" : f->amd && (f->svm_cpu || !f->intel) ? "svm" :
			f->intel ? "vmx" : "none";
}

void kvm_probes_text(char *text, size_t size, const struct kvm_plan *plan, unsigned int attached)
{
	static const char *const names[KVM_PROBES] = {
		"kvm_entry", "kvm_exit with its reason", "kvm_exit", "kvm_userspace_exit",
		"kvm_pio", "kvm_mmio", "kvm_fast_mmio"
	};
	size_t used = 0, i;

	text[0] = '\0';
	for (i = 0; i < KVM_PROBES && used < size; i++)
		if (attached & (1u << i))
			used += snprintf(text + used, size - used, "%s%s", used ? ", " : "",
					 names[i]);
		else if (used && i == KVM_USERSPACE_EXIT && plan->page)
			used += snprintf(text + used, size - used, ", struct kvm_run");
	if (!used)
		snprintf(text, size, "%s", plan->load ? "none could be attached" :
							"none: this kernel has no KVM");
}

void kvm_exit_name(uint32_t index, uint32_t isa, struct wire_vm_exit *body)
{
	if (index >= PROBE_EXIT_USER) {
		body->table = WIRE_EXIT_USER;
		body->reason = index - PROBE_EXIT_USER;
		/* The last one is for what is greater, and for calls whose reason was not told. */
		if (index == PROBE_EXITS - 1)
			body->reason = VCPU_NONE;
		return;
	}
	body->table = isa == ISA_VMX ? WIRE_EXIT_VMX : isa == ISA_SVM ? WIRE_EXIT_SVM :
								      WIRE_EXIT_OTHER;
	body->reason = vcpu_exit_reason(index);
}

bool kvm_vcpu_close(struct probe_vcpu *v, uint64_t end, struct wire_vcpu *body)
{
	if (!v->first || v->last < v->first)
		return false;
	if (v->end)
		end = v->end;
	/* What it does goes on; a wake-up that was not followed by a CPU is waiting for one. */
	if (v->woken && v->woken > v->last && v->woken < end && v->state != WIRE_VCPU_RUNNABLE &&
	    (v->state == WIRE_VCPU_HALTED || v->state == WIRE_VCPU_BLOCKED))
		vcpu_advance(v, v->woken, WIRE_VCPU_RUNNABLE);
	vcpu_advance(v, end, v->state);
	memset(body, 0, sizeof(*body));
	body->first = v->first;
	memcpy(body->ns, v->ns, sizeof(body->ns));
	body->runs = v->runs;
	body->entries = v->entries;
	body->user_exits = v->user_exits;
	return true;
}
