// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_vcpu.c - the arithmetic of a vCPU's ledger (bpf/vcpu.h), as the probes run it; what is made
 * of it at the end; and the choices that depend on a host's KVM.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/collect/kvm_probes.h"
/* after the types it is about */
#include "bpf/vcpu.h"
#include "user/base/mem.h"
#include "user/model/session.h"

static uint64_t sum(const struct probe_vcpu *v)
{
	uint64_t total = 0;
	int i;

	for (i = 0; i < 8; i++)
		total += v->ns[i];
	return total;
}

static void assert_states(const struct probe_vcpu *v, uint64_t guest, uint64_t kernel, uint64_t vmm,
			  uint64_t halted, uint64_t runnable, uint64_t blocked)
{
	assert_int_equal(v->ns[WIRE_VCPU_GUEST], guest);
	assert_int_equal(v->ns[WIRE_VCPU_KERNEL], kernel);
	assert_int_equal(v->ns[WIRE_VCPU_VMM], vmm);
	assert_int_equal(v->ns[WIRE_VCPU_HALTED], halted);
	assert_int_equal(v->ns[WIRE_VCPU_RUNNABLE], runnable);
	assert_int_equal(v->ns[WIRE_VCPU_BLOCKED], blocked);
	assert_int_equal(sum(v), v->last - v->first);
}

static void test_with_entries(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	vcpu_hw_entry(&v, 110);                 /* 10 on the way in: the kernel's */
	vcpu_hw_exit(&v, 150, vcpu_exit_index(30)); /* 40 in the guest */
	assert_int_equal(vcpu_handled(&v, 157), 7);
	vcpu_run_exit(&v, 160);                 /* 10 in the kernel */
	vcpu_run_enter(&v, 190);                /* 30 in the VMM */
	vcpu_hw_entry(&v, 195);                 /* 5 */
	vcpu_off(&v, 205, WIRE_STATE_RUNNABLE); /* 10, preempted in the guest */
	vcpu_on(&v, 225);                       /* 20 without a CPU */
	vcpu_hw_exit(&v, 230, vcpu_exit_index(VCPU_VMX_HLT)); /* 5 */
	vcpu_off(&v, 233, WIRE_STATE_SLEEPING); /* 3 */
	v.woken = 300;                          /* 67 halted */
	vcpu_on(&v, 304);                       /* 4 until it has a CPU */
	vcpu_hw_entry(&v, 305);                 /* 1 */
	vcpu_hw_exit(&v, 306, vcpu_exit_index(48)); /* 1 */
	vcpu_off(&v, 307, WIRE_STATE_BLOCKED);  /* 1; a page is read in */
	vcpu_on(&v, 317);                       /* 10, nobody said who woke it */
	assert_states(&v, 40 + 10 + 5 + 1, 10 + 10 + 5 + 3 + 1 + 1, 30, 67, 24, 10);
	assert_int_equal(v.entries, 3);
	assert_int_equal(v.runs, 2);
}

/* Where kvm_entry does not fire, guest and kernel are one, and how it sleeps tells a halt. */
static void test_without_entries(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	v.user_reason = 2;
	vcpu_run_exit(&v, 150);
	vcpu_run_enter(&v, 160);
	vcpu_off(&v, 170, WIRE_STATE_SLEEPING);
	vcpu_on(&v, 180);
	vcpu_off(&v, 185, WIRE_STATE_BLOCKED);
	vcpu_on(&v, 190);
	assert_states(&v, 50 + 10 + 5, 0, 10, 10, 0, 5);
}

/* An exit for HLT to the VMM: halted until it calls KVM_RUN again, asleep or not. */
static void test_halt_in_the_vmm(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	v.user_reason = VCPU_EXIT_HLT;
	vcpu_run_exit(&v, 110);
	vcpu_off(&v, 112, WIRE_STATE_SLEEPING);
	v.woken = 140;
	vcpu_on(&v, 145);
	vcpu_run_enter(&v, 150);
	assert_states(&v, 10, 0, 0, 2 + 28 + 5, 5, 0);
	v.user_reason = 6;
	vcpu_run_exit(&v, 160);
	vcpu_off(&v, 165, WIRE_STATE_SLEEPING); /* the VMM waits for something of its own */
	vcpu_on(&v, 170);
	assert_states(&v, 20, 0, 5, 35, 5, 5);
}

/* With reasons: what kinds of halts there are, and that a wait for memory within one is none. */
static void test_which_sleep_is_a_halt(void **state)
{
	static const uint32_t halts[] = { VCPU_VMX_HLT, VCPU_SVM_HLT, VCPU_SVM_IDLE_HLT };
	struct probe_vcpu v = { .entries = 1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(halts) / sizeof(halts[0]); i++) {
		v.reason = vcpu_exit_index(halts[i]);
		assert_true(vcpu_sleeps_halted(&v, WIRE_STATE_SLEEPING));
		assert_false(vcpu_sleeps_halted(&v, WIRE_STATE_BLOCKED));
	}
	v.reason = vcpu_exit_index(VCPU_SVM_NPF);
	assert_false(vcpu_sleeps_halted(&v, WIRE_STATE_SLEEPING));
	v.reason = VCPU_NONE;
	assert_true(vcpu_sleeps_halted(&v, WIRE_STATE_SLEEPING));
	assert_false(vcpu_sleeps_halted(&v, WIRE_STATE_BLOCKED));
}

/* A halt of an hour that KVM handles is an hour asleep, and microseconds of handling. */
static void test_handling_is_on_a_cpu(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	vcpu_hw_entry(&v, 110);
	vcpu_hw_exit(&v, 120, vcpu_exit_index(VCPU_SVM_HLT));
	vcpu_off(&v, 125, WIRE_STATE_SLEEPING);
	v.woken = 1000;
	vcpu_on(&v, 1100);
	vcpu_off(&v, 1102, WIRE_STATE_RUNNABLE);
	vcpu_on(&v, 1202);
	assert_int_equal(vcpu_handled(&v, 1205), 5 + 2 + 3);
	vcpu_hw_entry(&v, 1205);
	vcpu_hw_exit(&v, 1206, vcpu_exit_index(30));
	v.user_reason = 2;
	assert_int_equal(vcpu_handled(&v, 1207), 1);
	vcpu_run_exit(&v, 1207);
	vcpu_off(&v, 1210, WIRE_STATE_SLEEPING); /* the VMM waits for its disk */
	vcpu_on(&v, 1310);
	assert_int_equal(vcpu_user_handled(&v, 1312), 3 + 2);
	vcpu_run_enter(&v, 1312);
	/* A halt that the VMM handles is none of its work, asleep or not. */
	v.user_reason = VCPU_EXIT_HLT;
	vcpu_run_exit(&v, 1320);
	vcpu_off(&v, 1330, WIRE_STATE_SLEEPING);
	vcpu_on(&v, 1400);
	assert_int_equal(vcpu_user_handled(&v, 1410), 0);
}

/* It slept, and came back without a sched_switch: since it was woken, for all that is known. */
static void test_unseen_return(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	v.since = 105; /* a port that KVM handles itself */
	vcpu_off(&v, 110, WIRE_STATE_SLEEPING);
	v.woken = 150;
	vcpu_off(&v, 160, WIRE_STATE_SLEEPING);
	assert_int_equal(v.since, 145);
	v.woken = 190;
	vcpu_on(&v, 192);
	assert_states(&v, 10 + 10, 0, 0, 40 + 30, 2, 0);
	vcpu_off(&v, 200, WIRE_STATE_SLEEPING);
	vcpu_here(&v, 220); /* nobody was seen to wake it */
	assert_int_equal(vcpu_handled(&v, 225), 5 + 10 + 8 + 5);
	vcpu_run_exit(&v, 225);
	assert_states(&v, 10 + 10 + 8 + 5, 0, 0, 40 + 30 + 20, 2, 0);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* Whatever comes, in an order that can be and with clocks that are late: exits take no more than all. */
static void test_exits_take_no_more_than_the_ledger(void **state)
{
	struct probe_vcpu v = { 0 };
	uint64_t now = 1000, kernel = 0, vmm = 0;
	bool in_run = true, in_guest = false, on = true;
	uint32_t seed = 7, i;

	(void)state;
	vcpu_begin(&v, now);
	for (i = 0; i < 200000; i++) {
		uint64_t at = now - next_random(&seed) % 20;
		uint32_t what = next_random(&seed) % 8;

		now += next_random(&seed) % 50;
		if (!on) {
			if (what & 1)
				v.woken = at;
			if (what & 4)
				vcpu_on(&v, now); /* else nobody saw it */
			if (what == 7)
				vcpu_on(&v, now); /* what was not seen is that it left in between */
			on = true;
			continue;
		}
		vcpu_here(&v, at);
		if (what < 2) {
			vcpu_off(&v, at, what ? WIRE_STATE_SLEEPING : WIRE_STATE_RUNNABLE);
			on = false;
		} else if (!in_run) {
			vmm += vcpu_user_handled(&v, at);
			vcpu_run_enter(&v, at);
			in_run = true;
		} else if (in_guest) {
			vcpu_hw_exit(&v, at, vcpu_exit_index(what & 1 ? VCPU_SVM_HLT : 30));
			in_guest = false;
		} else if (what & 1) {
			kernel += v.reason != VCPU_NONE ? vcpu_handled(&v, at) : 0;
			vcpu_hw_entry(&v, at);
			in_guest = true;
		} else {
			kernel += v.reason != VCPU_NONE ? vcpu_handled(&v, at) : 0;
			v.user_reason = what & 2 ? VCPU_EXIT_HLT : 2;
			vcpu_run_exit(&v, at);
			in_run = false;
		}
		assert_true(kernel <= v.ns[WIRE_VCPU_KERNEL] && vmm <= v.ns[WIRE_VCPU_VMM]);
		assert_int_equal(sum(&v), v.last - v.first);
	}
	assert_true(kernel > 0 && vmm > 0 && v.ns[WIRE_VCPU_HALTED] > 0);
}

/* A clock that was read before another one's: no time is counted twice, none is made up. */
static void test_late_events(void **state)
{
	struct probe_vcpu v = { 0 };

	(void)state;
	vcpu_begin(&v, 100);
	vcpu_run_exit(&v, 150);
	vcpu_run_enter(&v, 140);
	vcpu_off(&v, 130, WIRE_STATE_RUNNABLE);
	v.woken = 120;
	vcpu_on(&v, 160);
	assert_states(&v, 50, 0, 0, 0, 10, 0);
}

static void test_end(void **state)
{
	struct probe_vcpu v = { 0 };
	struct wire_vcpu body;

	(void)state;
	assert_false(kvm_vcpu_close(&v, 100, &body)); /* never ran */
	vcpu_begin(&v, 100);
	v.user_reason = 2;
	vcpu_run_exit(&v, 110);
	vcpu_off(&v, 130, WIRE_STATE_SLEEPING);
	v.woken = 190;
	assert_true(kvm_vcpu_close(&v, 200, &body));
	assert_int_equal(v.last, 200);
	assert_states(&v, 10, 0, 20, 0, 10, 60);
	assert_int_equal(body.ns[WIRE_VCPU_BLOCKED], 60);
	/* Its thread is gone: the window's end is not its own. */
	vcpu_off(&v, 220, WIRE_STATE_ENDED);
	assert_true(kvm_vcpu_close(&v, 500, &body));
	assert_int_equal(v.last, 220);
}

static void test_reasons(void **state)
{
	struct wire_vm_exit body = { 0 };
	uint32_t reason;

	(void)state;
	for (reason = 0; reason < PROBE_EXIT_LOW; reason++)
		assert_int_equal(vcpu_exit_reason(vcpu_exit_index(reason)), reason);
	assert_int_equal(vcpu_exit_reason(vcpu_exit_index(0x400)), 0x400);
	assert_int_equal(vcpu_exit_reason(vcpu_exit_index(0x40f)), 0x40f);
	assert_int_equal(vcpu_exit_index(0x410), PROBE_EXIT_UNKNOWN);
	assert_int_equal(vcpu_exit_index(~0u), PROBE_EXIT_UNKNOWN);
	assert_int_equal(vcpu_exit_reason(PROBE_EXIT_UNKNOWN), ~0u);

	kvm_exit_name(12, 1, &body);
	assert_int_equal(body.table, WIRE_EXIT_VMX);
	assert_int_equal(body.reason, 12);
	kvm_exit_name(vcpu_exit_index(0x400), 2, &body);
	assert_int_equal(body.table, WIRE_EXIT_SVM);
	assert_int_equal(body.reason, 0x400);
	kvm_exit_name(3, 7, &body); /* a vendor that nobody knows: its number as it is */
	assert_int_equal(body.table, WIRE_EXIT_OTHER);
	kvm_exit_name(PROBE_EXIT_USER + 5, 1, &body);
	assert_int_equal(body.table, WIRE_EXIT_USER);
	assert_int_equal(body.reason, 5);
	kvm_exit_name(PROBE_EXITS - 1, 1, &body);
	assert_int_equal(body.reason, ~0u);
}

static void test_names(void **state)
{
	char buf[VM_NAME_MAX];

	(void)state;
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_VMX, 12), "hlt");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_SVM, 0x78), "hlt");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_SVM, VCPU_SVM_MMIO), "mmio");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_USER, 5), "hlt");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_OTHER, 12), "12");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_SVM, 0xaf), "0xaf");
	assert_string_equal(vm_ioctl_name(buf, 0xae01), "KVM_CREATE_VM");
	assert_string_equal(vm_ioctl_name(buf, 0x4020ae46), "KVM_SET_USER_MEMORY_REGION");
	assert_string_equal(vm_ioctl_name(buf, 0xaea2), "KVM_SET_TSC_KHZ");
	assert_string_equal(vm_ioctl_name(buf, 0x4080aea2), "KVM_SET_DEBUGREGS");
	assert_string_equal(vm_ioctl_name(buf, 0xaeff), "0xaeff");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x3f8), "serial");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x80), "post");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0xcf8), "pci");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x64), "i8042");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x61), "pit");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x71), "rtc");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0xa1), "pic");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x510), "fw_cfg");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x604), "acpi pm");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0xf4), "boot marker");
	assert_string_equal(vm_device_name(WIRE_SPACE_PORT, 0x1234), "other ports");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 0xfec00010), "ioapic");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 0xfee000b0), "lapic");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 0xfeb00070), "virtio-mmio");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 0xc0001070), "virtio-mmio");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 0xc0000000), "boot timer");
	assert_string_equal(vm_device_name(WIRE_SPACE_MMIO, 1ull << 40), "other memory");
}

/* No KVM, KVM as a module with each vendor, kvm_pvm beside a built-in one. */
static void test_plan(void **state)
{
	static const struct {
		struct kvm_facts facts;
		bool load;
		const char *vendor;
	} cases[] = {
		{ { 0 }, false, "none" },
		{ { .core = true }, true, "none" },
		{ { .core = true, .device = true, .intel = true }, true, "vmx" },
		{ { .core = true, .device = true, .amd = true }, true, "svm" },
		/* both built in: the CPU tells */
		{ { .core = true, .device = true, .amd = true, .intel = true, .svm_cpu = true }, true, "svm" },
		{ { .core = true, .device = true, .amd = true, .intel = true }, true, "vmx" },
		{ { .core = true, .device = true, .pvm = true }, true, "pvm" },
		{ { .core = true, .device = true, .pvm = true, .intel = true }, true, "pvm" },
		{ { .device = true }, true, "none" },
	};
	struct kvm_plan plan;
	char text[200];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		kvm_plan_make(&plan, &cases[i].facts);
		assert_int_equal(plan.load, cases[i].load);
		assert_string_equal(plan.vendor, cases[i].vendor);
	}
	kvm_plan_make(&plan, &cases[0].facts);
	kvm_probes_text(text, sizeof(text), &plan, 0);
	assert_string_equal(text, "none: this kernel has no KVM");
	kvm_plan_make(&plan, &cases[2].facts);
	kvm_probes_text(text, sizeof(text), &plan, 0);
	assert_string_equal(text, "none could be attached");
	kvm_probes_text(text, sizeof(text), &plan, 1u << KVM_ENTRY | 1u << KVM_EXIT);
	assert_string_equal(text, "kvm_entry, kvm_exit");
	plan.page = true;
	kvm_probes_text(text, sizeof(text), &plan, 1u << KVM_ENTRY | 1u << KVM_EXIT);
	assert_string_equal(text, "kvm_entry, kvm_exit, struct kvm_run");
	plan.page = false;
	kvm_probes_text(text, sizeof(text), &plan, (1u << KVM_PROBES) - 1);
	assert_non_null(strstr(text, "kvm_mmio"));
	kvm_probes_text(text, 12, &plan, (1u << KVM_PROBES) - 1);
	assert_int_equal(strlen(text), 11);
}

/* However a life is cut, the parts sum to what is cut out, and all parts to the whole. */
static void test_between(void **state)
{
	struct vcpu_point points[] = {
		{ .time = 1010, .ns = { 3, 3, 3, 1 } },
		{ .time = 1017, .ns = { 3, 5, 3, 1, 5 } },
		{ .time = 1100, .ns = { 86, 5, 3, 1, 5 } },
	};
	const struct vcpu v = { .first = 1000, .points = points, .n_points = 3 };
	uint64_t ns[WIRE_VCPU_STATES], from, to;
	int i;

	(void)state;
	for (from = 990; from < 1110; from++) {
		for (to = from; to < 1110; to++) {
			uint64_t a = from < 1000 ? 1000 : from, b = to > 1100 ? 1100 : to, total = 0;

			vcpu_between(&v, from, to, ns);
			for (i = 0; i < WIRE_VCPU_STATES; i++)
				total += ns[i];
			assert_int_equal(total, a < b ? b - a : 0);
		}
	}
	vcpu_between(&v, 0, UINT64_MAX, ns);
	for (i = 0; i < WIRE_VCPU_STATES; i++)
		assert_int_equal(ns[i], points[2].ns[i]);
	vcpu_between(&v, 1017, 1050, ns);
	assert_int_equal(ns[WIRE_VCPU_GUEST], 33);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_entries), cmocka_unit_test(test_without_entries),
		cmocka_unit_test(test_halt_in_the_vmm), cmocka_unit_test(test_late_events),
		cmocka_unit_test(test_which_sleep_is_a_halt),
		cmocka_unit_test(test_handling_is_on_a_cpu),
		cmocka_unit_test(test_unseen_return),
		cmocka_unit_test(test_exits_take_no_more_than_the_ledger),
		cmocka_unit_test(test_end), cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_names), cmocka_unit_test(test_plan),
		cmocka_unit_test(test_between),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
