// SPDX-License-Identifier: GPL-2.0-only
/* test_vm_names.c - the numbers that vm_names.c has names for, against linux/kvm.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "user/base/mem.h"
#include "user/model/vm.h"

#if defined(__x86_64__)
#define IS(NAME) { NAME, #NAME }

static const struct { unsigned long cmd; const char *name; } ioctls[] = {
	IS(KVM_GET_API_VERSION), IS(KVM_CREATE_VM), IS(KVM_GET_MSR_INDEX_LIST),
	IS(KVM_CHECK_EXTENSION), IS(KVM_GET_VCPU_MMAP_SIZE), IS(KVM_GET_SUPPORTED_CPUID),
	IS(KVM_GET_EMULATED_CPUID), IS(KVM_GET_MSR_FEATURE_INDEX_LIST), IS(KVM_CREATE_VCPU),
	IS(KVM_GET_DIRTY_LOG), IS(KVM_SET_NR_MMU_PAGES), IS(KVM_GET_NR_MMU_PAGES),
	IS(KVM_SET_USER_MEMORY_REGION), IS(KVM_SET_TSS_ADDR), IS(KVM_SET_IDENTITY_MAP_ADDR),
	IS(KVM_CREATE_IRQCHIP), IS(KVM_IRQ_LINE), IS(KVM_GET_IRQCHIP), IS(KVM_SET_IRQCHIP),
	IS(KVM_CREATE_PIT), IS(KVM_GET_PIT), IS(KVM_SET_PIT), IS(KVM_REGISTER_COALESCED_MMIO),
	IS(KVM_IRQ_LINE_STATUS), IS(KVM_UNREGISTER_COALESCED_MMIO), IS(KVM_SET_GSI_ROUTING),
	IS(KVM_REINJECT_CONTROL), IS(KVM_IRQFD), IS(KVM_CREATE_PIT2), IS(KVM_SET_BOOT_CPU_ID),
	IS(KVM_IOEVENTFD), IS(KVM_XEN_HVM_CONFIG), IS(KVM_SET_CLOCK), IS(KVM_GET_CLOCK),
	IS(KVM_RUN), IS(KVM_GET_REGS), IS(KVM_SET_REGS), IS(KVM_GET_SREGS), IS(KVM_SET_SREGS),
	IS(KVM_TRANSLATE), IS(KVM_INTERRUPT), IS(KVM_GET_MSRS), IS(KVM_SET_MSRS),
	IS(KVM_SET_CPUID), IS(KVM_SET_SIGNAL_MASK), IS(KVM_GET_FPU), IS(KVM_SET_FPU),
	IS(KVM_GET_LAPIC), IS(KVM_SET_LAPIC), IS(KVM_SET_CPUID2), IS(KVM_GET_CPUID2),
	IS(KVM_TPR_ACCESS_REPORTING), IS(KVM_SET_VAPIC_ADDR), IS(KVM_GET_MP_STATE),
	IS(KVM_SET_MP_STATE), IS(KVM_NMI), IS(KVM_SET_GUEST_DEBUG), IS(KVM_X86_SETUP_MCE),
	IS(KVM_X86_GET_MCE_CAP_SUPPORTED), IS(KVM_X86_SET_MCE), IS(KVM_GET_VCPU_EVENTS),
	IS(KVM_GET_PIT2), IS(KVM_SET_VCPU_EVENTS), IS(KVM_SET_PIT2), IS(KVM_GET_DEBUGREGS),
	IS(KVM_SET_TSC_KHZ), IS(KVM_SET_DEBUGREGS), IS(KVM_GET_TSC_KHZ), IS(KVM_ENABLE_CAP),
	IS(KVM_GET_XSAVE), IS(KVM_SIGNAL_MSI), IS(KVM_SET_XSAVE), IS(KVM_GET_XCRS),
	IS(KVM_SET_XCRS), IS(KVM_GET_ONE_REG), IS(KVM_SET_ONE_REG), IS(KVM_KVMCLOCK_CTRL),
	IS(KVM_GET_REG_LIST), IS(KVM_SET_PMU_EVENT_FILTER), IS(KVM_SMI),
	IS(KVM_MEMORY_ENCRYPT_OP), IS(KVM_MEMORY_ENCRYPT_REG_REGION),
	IS(KVM_MEMORY_ENCRYPT_UNREG_REGION), IS(KVM_HYPERV_EVENTFD), IS(KVM_GET_NESTED_STATE),
	IS(KVM_SET_NESTED_STATE), IS(KVM_CLEAR_DIRTY_LOG), IS(KVM_GET_SUPPORTED_HV_CPUID),
	IS(KVM_X86_SET_MSR_FILTER), IS(KVM_RESET_DIRTY_RINGS), IS(KVM_XEN_HVM_GET_ATTR),
	IS(KVM_XEN_HVM_SET_ATTR), IS(KVM_XEN_VCPU_GET_ATTR), IS(KVM_XEN_VCPU_SET_ATTR),
	IS(KVM_GET_SREGS2), IS(KVM_SET_SREGS2), IS(KVM_GET_STATS_FD), IS(KVM_GET_XSAVE2),
	IS(KVM_XEN_HVM_EVTCHN_SEND), IS(KVM_CREATE_DEVICE), IS(KVM_SET_DEVICE_ATTR),
	IS(KVM_GET_DEVICE_ATTR), IS(KVM_HAS_DEVICE_ATTR),
#ifdef KVM_SET_USER_MEMORY_REGION2
	IS(KVM_SET_USER_MEMORY_REGION2), IS(KVM_SET_MEMORY_ATTRIBUTES), IS(KVM_CREATE_GUEST_MEMFD),
#endif
#ifdef KVM_PRE_FAULT_MEMORY
	IS(KVM_PRE_FAULT_MEMORY),
#endif
};

/* Later than some header that this may be built with. */
static bool is_new(const char *name)
{
	static const char *const names[] = { "KVM_SET_USER_MEMORY_REGION2", "KVM_SET_MEMORY_ATTRIBUTES",
					     "KVM_CREATE_GUEST_MEMFD", "KVM_PRE_FAULT_MEMORY" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void test_ioctls(void **state)
{
	char buf[VM_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		assert_string_equal(vm_ioctl_name(buf, (uint32_t)ioctls[i].cmd), ioctls[i].name);
}

/* Whatever has a name by direction and number has that of the header; where two have them it has none. */
static void test_ioctls_of_another_size(void **state)
{
	unsigned int direction, nr, named = 0;
	char buf[VM_NAME_MAX];
	size_t i;

	(void)state;
	for (direction = 0; direction < 4; direction++)
		for (nr = 0; nr < 256; nr++) {
			uint32_t cmd = (uint32_t)_IOC(direction, KVMIO, nr, direction ? 0x3ffc : 0);
			const char *name = vm_ioctl_name(buf, cmd), *expect = NULL;
			size_t fit = 0;

			for (i = 0; i < ARRAY_SIZE(ioctls); i++)
				if (_IOC_DIR(ioctls[i].cmd) == direction && _IOC_NR(ioctls[i].cmd) == nr) {
					expect = ioctls[i].name;
					fit++;
				}
			if (strncmp(name, "KVM_", 4)) {
				assert_true(fit != 1);
				continue;
			}
			named++;
			if (!fit && is_new(name))
				continue;
			assert_int_equal(fit, 1);
			assert_string_equal(name, expect);
		}
	assert_true(named > 90);
}
#endif

static void test_ioctls_of_one_number(void **state)
{
	char buf[VM_NAME_MAX];

	(void)state;
	assert_string_equal(vm_ioctl_name(buf, 0xc008ae67), "KVM_IRQ_LINE_STATUS");
	assert_string_equal(vm_ioctl_name(buf, 0x4010ae67), "KVM_REGISTER_COALESCED_MMIO");
	assert_string_equal(vm_ioctl_name(buf, 0x4020aea5), "KVM_SIGNAL_MSI");
	assert_string_equal(vm_ioctl_name(buf, 0x5000aea5), "KVM_SET_XSAVE");
	assert_string_equal(vm_ioctl_name(buf, 0x8070ae9f), "KVM_GET_PIT2");
	assert_string_equal(vm_ioctl_name(buf, 0x8040ae9f), "KVM_GET_VCPU_EVENTS");
	assert_string_equal(vm_ioctl_name(buf, 0x8044ae9f), "0x8044ae9f"); /* neither */
	assert_string_equal(vm_ioctl_name(buf, 0xaea3), "KVM_GET_TSC_KHZ");
	assert_string_equal(vm_ioctl_name(buf, 0x4068aea3), "KVM_ENABLE_CAP");
	assert_string_equal(vm_ioctl_name(buf, 0xaeff), "0xaeff");
}
static void test_exits(void **state)
{
	static const struct { uint32_t reason; const char *name; } user[] = {
		{ KVM_EXIT_UNKNOWN, "unknown" }, { KVM_EXIT_EXCEPTION, "exception" },
		{ KVM_EXIT_IO, "io" }, { KVM_EXIT_HYPERCALL, "hypercall" },
		{ KVM_EXIT_DEBUG, "debug" }, { KVM_EXIT_HLT, "hlt" },
		{ KVM_EXIT_MMIO, "mmio" }, { KVM_EXIT_IRQ_WINDOW_OPEN, "irq window" },
		{ KVM_EXIT_SHUTDOWN, "shutdown" }, { KVM_EXIT_FAIL_ENTRY, "fail entry" },
		{ KVM_EXIT_INTR, "interrupted" }, { KVM_EXIT_SET_TPR, "set tpr" },
		{ KVM_EXIT_TPR_ACCESS, "tpr access" }, { KVM_EXIT_NMI, "nmi" },
		{ KVM_EXIT_INTERNAL_ERROR, "internal error" },
		{ KVM_EXIT_SYSTEM_EVENT, "system event" },
		{ KVM_EXIT_IOAPIC_EOI, "ioapic eoi" }, { KVM_EXIT_HYPERV, "hyperv" },
		{ KVM_EXIT_ARM_NISV, "arm nisv" }, { KVM_EXIT_X86_RDMSR, "rdmsr" },
		{ KVM_EXIT_X86_WRMSR, "wrmsr" },
		{ KVM_EXIT_DIRTY_RING_FULL, "dirty ring full" },
		{ KVM_EXIT_AP_RESET_HOLD, "ap reset hold" },
		{ KVM_EXIT_X86_BUS_LOCK, "bus lock" }, { KVM_EXIT_XEN, "xen" },
		{ KVM_EXIT_NOTIFY, "notify" },
#ifdef KVM_EXIT_MEMORY_FAULT
		{ KVM_EXIT_MEMORY_FAULT, "memory fault" },
#endif
#ifdef KVM_EXIT_TDX
		{ KVM_EXIT_TDX, "tdx" },
#endif
	};
	static const struct { uint32_t table, reason; const char *name; } hardware[] = {
		{ WIRE_EXIT_VMX, 17, "rsm" }, { WIRE_EXIT_VMX, 19, "vmclear" }, { WIRE_EXIT_VMX, 20, "vmlaunch" },
		{ WIRE_EXIT_VMX, 21, "vmptrld" }, { WIRE_EXIT_VMX, 22, "vmptrst" }, { WIRE_EXIT_VMX, 23, "vmread" },
		{ WIRE_EXIT_VMX, 24, "vmresume" }, { WIRE_EXIT_VMX, 25, "vmwrite" }, { WIRE_EXIT_VMX, 26, "vmxoff" },
		{ WIRE_EXIT_VMX, 27, "vmxon" }, { WIRE_EXIT_VMX, 28, "cr access" }, { WIRE_EXIT_VMX, 35, "35" },
		{ WIRE_EXIT_VMX, 59, "vmfunc" }, { WIRE_EXIT_VMX, 60, "encls" }, { WIRE_EXIT_VMX, 63, "xsaves" },
		{ WIRE_EXIT_VMX, 64, "xrstors" }, { WIRE_EXIT_VMX, 76, "seamcall" }, { WIRE_EXIT_VMX, 77, "tdcall" },
		{ WIRE_EXIT_VMX, 84, "msr read, immediate" }, { WIRE_EXIT_VMX, 85, "msr write, immediate" },
		{ WIRE_EXIT_SVM, 0x27, "read dr7" }, { WIRE_EXIT_SVM, 0x37, "write dr7" },
		{ WIRE_EXIT_SVM, 0x4e, "exception pf" }, { WIRE_EXIT_SVM, 0x66, "read idtr" },
		{ WIRE_EXIT_SVM, 0x69, "read tr" }, { WIRE_EXIT_SVM, 0x6a, "write idtr" },
		{ WIRE_EXIT_SVM, 0x6d, "write tr" }, { WIRE_EXIT_SVM, 0x82, "vmload" },
		{ WIRE_EXIT_SVM, 0x83, "vmsave" }, { WIRE_EXIT_SVM, 0x84, "stgi" }, { WIRE_EXIT_SVM, 0x85, "clgi" },
		{ WIRE_EXIT_SVM, 0x86, "skinit" }, { WIRE_EXIT_SVM, 0x88, "icebp" },
		{ WIRE_EXIT_SVM, 0x90, "cr0 written" }, { WIRE_EXIT_SVM, 0x9f, "cr15 written" },
		{ WIRE_EXIT_SVM, 0xa2, "invpcid" }, { WIRE_EXIT_SVM, 0xa6, "idle hlt" },
	};
	char buf[VM_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(user); i++)
		assert_string_equal(vm_exit_name(buf, WIRE_EXIT_USER, user[i].reason), user[i].name);
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_USER, 39), "memory fault");
	assert_string_equal(vm_exit_name(buf, WIRE_EXIT_USER, 40), "tdx");
	for (i = 0; i < ARRAY_SIZE(hardware); i++)
		assert_string_equal(vm_exit_name(buf, hardware[i].table, hardware[i].reason), hardware[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		cmocka_unit_test(test_ioctls),
		cmocka_unit_test(test_ioctls_of_another_size),
#endif
		cmocka_unit_test(test_ioctls_of_one_number),
		cmocka_unit_test(test_exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
