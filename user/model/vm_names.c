// SPDX-License-Identifier: GPL-2.0-only
/* vm_names.c - numbers of KVM, vmx, svm and the PC, as their own documents call them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/vm.h"

struct name {
	uint32_t number;
	const char *name;
};

static const char *find(const struct name *names, size_t n, uint32_t number)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

const char *vcpu_state_name(unsigned int state)
{
	static const char *const names[WIRE_VCPU_STATES] = {
		[WIRE_VCPU_GUEST] = "guest", [WIRE_VCPU_KERNEL] = "kernel",
		[WIRE_VCPU_VMM] = "vmm", [WIRE_VCPU_HALTED] = "halted",
		[WIRE_VCPU_RUNNABLE] = "runnable", [WIRE_VCPU_BLOCKED] = "blocked",
	};

	return state < WIRE_VCPU_STATES ? names[state] : "";
}

/* linux/kvm.h */
static const struct name user_exits[] = {
	{ 0, "unknown" }, { 1, "exception" }, { 2, "io" }, { 3, "hypercall" }, { 4, "debug" },
	{ 5, "hlt" }, { 6, "mmio" }, { 7, "irq window" }, { 8, "shutdown" },
	{ 9, "fail entry" }, { 10, "interrupted" }, { 11, "set tpr" }, { 12, "tpr access" },
	{ 16, "nmi" }, { 17, "internal error" }, { 24, "system event" }, { 26, "ioapic eoi" },
	{ 27, "hyperv" }, { 28, "arm nisv" }, { 29, "rdmsr" }, { 30, "wrmsr" },
	{ 31, "dirty ring full" }, { 32, "ap reset hold" }, { 33, "bus lock" }, { 34, "xen" },
	{ 37, "notify" }, { 39, "memory fault" }, { 40, "tdx" },
};

/* Intel's manual, volume 3, appendix C */
static const struct name vmx_exits[] = {
	{ 0, "exception or nmi" }, { 1, "external interrupt" }, { 2, "triple fault" },
	{ 3, "init signal" }, { 4, "sipi" }, { 5, "io smi" }, { 6, "other smi" },
	{ 7, "interrupt window" }, { 8, "nmi window" }, { 9, "task switch" }, { 10, "cpuid" },
	{ 11, "getsec" }, { 12, "hlt" }, { 13, "invd" }, { 14, "invlpg" }, { 15, "rdpmc" },
	{ 16, "rdtsc" }, { 17, "rsm" }, { 18, "vmcall" }, { 19, "vmclear" },
	{ 20, "vmlaunch" }, { 21, "vmptrld" }, { 22, "vmptrst" }, { 23, "vmread" },
	{ 24, "vmresume" }, { 25, "vmwrite" }, { 26, "vmxoff" }, { 27, "vmxon" },
	{ 28, "cr access" }, { 29, "dr access" }, { 30, "io instruction" }, { 31, "msr read" },
	{ 32, "msr write" }, { 33, "invalid guest state" }, { 34, "msr load fail" },
	{ 36, "mwait" }, { 37, "monitor trap" }, { 39, "monitor" }, { 40, "pause" },
	{ 41, "machine check" }, { 43, "tpr below threshold" }, { 44, "apic access" },
	{ 45, "eoi induced" }, { 46, "gdtr or idtr" }, { 47, "ldtr or tr" },
	{ 48, "ept violation" }, { 49, "ept misconfig" }, { 50, "invept" }, { 51, "rdtscp" },
	{ 52, "preemption timer" }, { 53, "invvpid" }, { 54, "wbinvd" }, { 55, "xsetbv" },
	{ 56, "apic write" }, { 57, "rdrand" }, { 58, "invpcid" }, { 59, "vmfunc" },
	{ 60, "encls" }, { 61, "rdseed" }, { 62, "pml full" }, { 63, "xsaves" },
	{ 64, "xrstors" }, { 65, "pconfig" }, { 66, "sub-page permission" }, { 67, "umwait" },
	{ 68, "tpause" }, { 69, "loadiwkey" }, { 70, "enclv" }, { 72, "enqcmd without pasid" },
	{ 73, "enqcmds without pasid" }, { 74, "bus lock" }, { 75, "notify" },
	{ 76, "seamcall" }, { 77, "tdcall" }, { 78, "rdmsrlist" }, { 79, "wrmsrlist" },
	{ 84, "msr read, immediate" }, { 85, "msr write, immediate" },
};

/* AMD's manual, volume 2, appendix C; 0x90 to 0x9f are traps: the register has its new value */
static const struct name svm_exits[] = {
	{ 0x00, "read cr0" }, { 0x03, "read cr3" }, { 0x04, "read cr4" }, { 0x08, "read cr8" },
	{ 0x10, "write cr0" }, { 0x13, "write cr3" }, { 0x14, "write cr4" },
	{ 0x18, "write cr8" }, { 0x20, "read dr0" }, { 0x21, "read dr1" },
	{ 0x22, "read dr2" }, { 0x23, "read dr3" }, { 0x24, "read dr4" }, { 0x25, "read dr5" },
	{ 0x26, "read dr6" }, { 0x27, "read dr7" }, { 0x30, "write dr0" },
	{ 0x31, "write dr1" }, { 0x32, "write dr2" }, { 0x33, "write dr3" },
	{ 0x34, "write dr4" }, { 0x35, "write dr5" }, { 0x36, "write dr6" },
	{ 0x37, "write dr7" }, { 0x40, "exception de" }, { 0x41, "exception db" },
	{ 0x43, "exception bp" }, { 0x44, "exception of" }, { 0x45, "exception br" },
	{ 0x46, "exception ud" }, { 0x47, "exception nm" }, { 0x48, "exception df" },
	{ 0x4a, "exception ts" }, { 0x4b, "exception np" }, { 0x4c, "exception ss" },
	{ 0x4d, "exception gp" }, { 0x4e, "exception pf" }, { 0x50, "exception mf" },
	{ 0x51, "exception ac" }, { 0x52, "exception mc" }, { 0x53, "exception xf" },
	{ 0x60, "interrupt" }, { 0x61, "nmi" }, { 0x62, "smi" }, { 0x63, "init" },
	{ 0x64, "interrupt window" }, { 0x65, "selective cr0 write" }, { 0x66, "read idtr" },
	{ 0x67, "read gdtr" }, { 0x68, "read ldtr" }, { 0x69, "read tr" },
	{ 0x6a, "write idtr" }, { 0x6b, "write gdtr" }, { 0x6c, "write ldtr" },
	{ 0x6d, "write tr" }, { 0x6e, "rdtsc" }, { 0x6f, "rdpmc" }, { 0x70, "pushf" },
	{ 0x71, "popf" }, { 0x72, "cpuid" }, { 0x73, "rsm" }, { 0x74, "iret" },
	{ 0x75, "software interrupt" }, { 0x76, "invd" }, { 0x77, "pause" }, { 0x78, "hlt" },
	{ 0x79, "invlpg" }, { 0x7a, "invlpga" }, { 0x7b, "io" }, { 0x7c, "msr" },
	{ 0x7d, "task switch" }, { 0x7e, "ferr freeze" }, { 0x7f, "shutdown" },
	{ 0x80, "vmrun" }, { 0x81, "vmmcall" }, { 0x82, "vmload" }, { 0x83, "vmsave" },
	{ 0x84, "stgi" }, { 0x85, "clgi" }, { 0x86, "skinit" }, { 0x87, "rdtscp" },
	{ 0x88, "icebp" }, { 0x89, "wbinvd" }, { 0x8a, "monitor" }, { 0x8b, "mwait" },
	{ 0x8c, "mwait, armed" }, { 0x8d, "xsetbv" }, { 0x8e, "rdpru" },
	{ 0x8f, "efer write" }, { 0x90, "cr0 written" }, { 0x91, "cr1 written" },
	{ 0x92, "cr2 written" }, { 0x93, "cr3 written" }, { 0x94, "cr4 written" },
	{ 0x95, "cr5 written" }, { 0x96, "cr6 written" }, { 0x97, "cr7 written" },
	{ 0x98, "cr8 written" }, { 0x99, "cr9 written" }, { 0x9a, "cr10 written" },
	{ 0x9b, "cr11 written" }, { 0x9c, "cr12 written" }, { 0x9d, "cr13 written" },
	{ 0x9e, "cr14 written" }, { 0x9f, "cr15 written" }, { 0xa0, "invlpgb" },
	{ 0xa1, "illegal invlpgb" }, { 0xa2, "invpcid" }, { 0xa3, "mcommit" },
	{ 0xa4, "tlbsync" }, { 0xa5, "bus lock" }, { 0xa6, "idle hlt" },
	{ 0x400, "nested page fault" }, { 0x401, "avic incomplete ipi" },
	{ 0x402, "avic unaccelerated access" }, { 0x403, "vmgexit" },
	{ 0x40f, "mmio" }, /* ours: nested page faults that are accesses of devices (bpf/vcpu.h) */
};

const char *vm_exit_name(char buf[VM_NAME_MAX], uint32_t table, uint32_t reason)
{
	const char *name = NULL;

	if (reason == UINT32_MAX)
		return "not told";
	if (table == WIRE_EXIT_USER)
		name = find(user_exits, ARRAY_SIZE(user_exits), reason);
	else if (table == WIRE_EXIT_VMX)
		name = find(vmx_exits, ARRAY_SIZE(vmx_exits), reason);
	else if (table == WIRE_EXIT_SVM)
		name = find(svm_exits, ARRAY_SIZE(svm_exits), reason);
	if (name)
		return name;
	snprintf(buf, VM_NAME_MAX, table == WIRE_EXIT_SVM ? "0x%" PRIx32 : "%" PRIu32, reason);
	return buf;
}

const char *vm_isa_name(const struct vm *vm)
{
	static const char *const names[] = { [WIRE_EXIT_USER] = "", [WIRE_EXIT_VMX] = "vmx",
					     [WIRE_EXIT_SVM] = "svm", [WIRE_EXIT_OTHER] = "other" };
	size_t i;

	for (i = 0; i < vm->n_exits; i++)
		if (vm->exits[i].table && vm->exits[i].table < ARRAY_SIZE(names))
			return names[vm->exits[i].table];
	return "";
}

/* linux/kvm.h, the whole command: some have the same number, and only the size of their structs parts them. */
static const struct name ioctls[] = {
	{ 0xae00, "KVM_GET_API_VERSION" }, { 0xae01, "KVM_CREATE_VM" },
	{ 0xc004ae02, "KVM_GET_MSR_INDEX_LIST" }, { 0xae03, "KVM_CHECK_EXTENSION" },
	{ 0xae04, "KVM_GET_VCPU_MMAP_SIZE" }, { 0xc008ae05, "KVM_GET_SUPPORTED_CPUID" },
	{ 0xc008ae09, "KVM_GET_EMULATED_CPUID" },
	{ 0xc004ae0a, "KVM_GET_MSR_FEATURE_INDEX_LIST" }, { 0xae41, "KVM_CREATE_VCPU" },
	{ 0x4010ae42, "KVM_GET_DIRTY_LOG" }, { 0xae44, "KVM_SET_NR_MMU_PAGES" },
	{ 0xae45, "KVM_GET_NR_MMU_PAGES" }, { 0x4020ae46, "KVM_SET_USER_MEMORY_REGION" },
	{ 0xae47, "KVM_SET_TSS_ADDR" }, { 0x4008ae48, "KVM_SET_IDENTITY_MAP_ADDR" },
	{ 0x40a0ae49, "KVM_SET_USER_MEMORY_REGION2" }, { 0xae60, "KVM_CREATE_IRQCHIP" },
	{ 0x4008ae61, "KVM_IRQ_LINE" }, { 0xc208ae62, "KVM_GET_IRQCHIP" },
	{ 0x8208ae63, "KVM_SET_IRQCHIP" }, { 0xae64, "KVM_CREATE_PIT" },
	{ 0xc048ae65, "KVM_GET_PIT" }, { 0x8048ae66, "KVM_SET_PIT" },
	{ 0x4010ae67, "KVM_REGISTER_COALESCED_MMIO" }, { 0xc008ae67, "KVM_IRQ_LINE_STATUS" },
	{ 0x4010ae68, "KVM_UNREGISTER_COALESCED_MMIO" }, { 0x4008ae6a, "KVM_SET_GSI_ROUTING" },
	{ 0xae71, "KVM_REINJECT_CONTROL" }, { 0x4020ae76, "KVM_IRQFD" },
	{ 0x4040ae77, "KVM_CREATE_PIT2" }, { 0xae78, "KVM_SET_BOOT_CPU_ID" },
	{ 0x4040ae79, "KVM_IOEVENTFD" }, { 0x4038ae7a, "KVM_XEN_HVM_CONFIG" },
	{ 0x4030ae7b, "KVM_SET_CLOCK" }, { 0x8030ae7c, "KVM_GET_CLOCK" },
	{ 0xae80, "KVM_RUN" }, { 0x8090ae81, "KVM_GET_REGS" }, { 0x4090ae82, "KVM_SET_REGS" },
	{ 0x8138ae83, "KVM_GET_SREGS" }, { 0x4138ae84, "KVM_SET_SREGS" },
	{ 0xc018ae85, "KVM_TRANSLATE" }, { 0x4004ae86, "KVM_INTERRUPT" },
	{ 0xc008ae88, "KVM_GET_MSRS" }, { 0x4008ae89, "KVM_SET_MSRS" },
	{ 0x4008ae8a, "KVM_SET_CPUID" }, { 0x4004ae8b, "KVM_SET_SIGNAL_MASK" },
	{ 0x81a0ae8c, "KVM_GET_FPU" }, { 0x41a0ae8d, "KVM_SET_FPU" },
	{ 0x8400ae8e, "KVM_GET_LAPIC" }, { 0x4400ae8f, "KVM_SET_LAPIC" },
	{ 0x4008ae90, "KVM_SET_CPUID2" }, { 0xc008ae91, "KVM_GET_CPUID2" },
	{ 0xc028ae92, "KVM_TPR_ACCESS_REPORTING" }, { 0x4008ae93, "KVM_SET_VAPIC_ADDR" },
	{ 0x8004ae98, "KVM_GET_MP_STATE" }, { 0x4004ae99, "KVM_SET_MP_STATE" },
	{ 0xae9a, "KVM_NMI" }, { 0x4048ae9b, "KVM_SET_GUEST_DEBUG" },
	{ 0x4008ae9c, "KVM_X86_SETUP_MCE" }, { 0x8008ae9d, "KVM_X86_GET_MCE_CAP_SUPPORTED" },
	{ 0x4040ae9e, "KVM_X86_SET_MCE" }, { 0x8040ae9f, "KVM_GET_VCPU_EVENTS" },
	{ 0x8070ae9f, "KVM_GET_PIT2" }, { 0x4040aea0, "KVM_SET_VCPU_EVENTS" },
	{ 0x4070aea0, "KVM_SET_PIT2" }, { 0x8080aea1, "KVM_GET_DEBUGREGS" },
	{ 0xaea2, "KVM_SET_TSC_KHZ" }, { 0x4080aea2, "KVM_SET_DEBUGREGS" },
	{ 0xaea3, "KVM_GET_TSC_KHZ" }, { 0x4068aea3, "KVM_ENABLE_CAP" },
	{ 0x9000aea4, "KVM_GET_XSAVE" }, { 0x4020aea5, "KVM_SIGNAL_MSI" },
	{ 0x5000aea5, "KVM_SET_XSAVE" }, { 0x8188aea6, "KVM_GET_XCRS" },
	{ 0x4188aea7, "KVM_SET_XCRS" }, { 0x4010aeab, "KVM_GET_ONE_REG" },
	{ 0x4010aeac, "KVM_SET_ONE_REG" }, { 0xaead, "KVM_KVMCLOCK_CTRL" },
	{ 0xc008aeb0, "KVM_GET_REG_LIST" }, { 0x4020aeb2, "KVM_SET_PMU_EVENT_FILTER" },
	{ 0xaeb7, "KVM_SMI" }, { 0xc008aeba, "KVM_MEMORY_ENCRYPT_OP" },
	{ 0x8010aebb, "KVM_MEMORY_ENCRYPT_REG_REGION" },
	{ 0x8010aebc, "KVM_MEMORY_ENCRYPT_UNREG_REGION" },
	{ 0x4018aebd, "KVM_HYPERV_EVENTFD" }, { 0xc080aebe, "KVM_GET_NESTED_STATE" },
	{ 0x4080aebf, "KVM_SET_NESTED_STATE" }, { 0xc018aec0, "KVM_CLEAR_DIRTY_LOG" },
	{ 0xc008aec1, "KVM_GET_SUPPORTED_HV_CPUID" }, { 0x4188aec6, "KVM_X86_SET_MSR_FILTER" },
	{ 0xaec7, "KVM_RESET_DIRTY_RINGS" }, { 0xc048aec8, "KVM_XEN_HVM_GET_ATTR" },
	{ 0x4048aec9, "KVM_XEN_HVM_SET_ATTR" }, { 0xc048aeca, "KVM_XEN_VCPU_GET_ATTR" },
	{ 0x4048aecb, "KVM_XEN_VCPU_SET_ATTR" }, { 0x8140aecc, "KVM_GET_SREGS2" },
	{ 0x4140aecd, "KVM_SET_SREGS2" }, { 0xaece, "KVM_GET_STATS_FD" },
	{ 0x9000aecf, "KVM_GET_XSAVE2" }, { 0x400caed0, "KVM_XEN_HVM_EVTCHN_SEND" },
	{ 0x4020aed2, "KVM_SET_MEMORY_ATTRIBUTES" }, { 0xc040aed4, "KVM_CREATE_GUEST_MEMFD" },
	{ 0xc040aed5, "KVM_PRE_FAULT_MEMORY" }, { 0xc00caee0, "KVM_CREATE_DEVICE" },
	{ 0x4018aee1, "KVM_SET_DEVICE_ATTR" }, { 0x4018aee2, "KVM_GET_DEVICE_ATTR" },
	{ 0x4018aee3, "KVM_HAS_DEVICE_ATTR" },
};

#define WITHOUT_SIZE 0xc000ffff /* direction, type and number; a struct may grow, or be another architecture's */

const char *vm_ioctl_name(char buf[VM_NAME_MAX], uint32_t cmd)
{
	const char *name = find(ioctls, ARRAY_SIZE(ioctls), cmd);
	size_t i, fit = 0;

	if (name)
		return name;
	for (i = 0; i < ARRAY_SIZE(ioctls); i++) {
		if ((ioctls[i].number & WITHOUT_SIZE) != (cmd & WITHOUT_SIZE))
			continue;
		name = ioctls[i].name;
		fit++;
	}
	if (fit == 1)
		return name;
	snprintf(buf, VM_NAME_MAX, "0x%" PRIx32, cmd);
	return buf;
}

/* Where a PC's devices lie; of two that fit the first counts. */
static const struct {
	uint32_t space;
	uint64_t from, to;
	const char *name;
} devices[] = {
	{ WIRE_SPACE_PORT, 0x00, 0x1f, "dma" },
	{ WIRE_SPACE_PORT, 0x20, 0x21, "pic" },
	{ WIRE_SPACE_PORT, 0xa0, 0xa1, "pic" },
	{ WIRE_SPACE_PORT, 0x4d0, 0x4d1, "pic" },
	{ WIRE_SPACE_PORT, 0x40, 0x43, "pit" },
	{ WIRE_SPACE_PORT, 0x61, 0x61, "pit" },
	{ WIRE_SPACE_PORT, 0x60, 0x60, "i8042" },
	{ WIRE_SPACE_PORT, 0x64, 0x64, "i8042" },
	{ WIRE_SPACE_PORT, 0x70, 0x71, "rtc" },
	{ WIRE_SPACE_PORT, 0x7e, 0x7e, "kvmvapic" },
	{ WIRE_SPACE_PORT, 0x80, 0x80, "post" },
	{ WIRE_SPACE_PORT, 0x81, 0x8f, "dma" },
	{ WIRE_SPACE_PORT, 0x92, 0x92, "a20" },
	{ WIRE_SPACE_PORT, 0xb2, 0xb3, "smi" },
	{ WIRE_SPACE_PORT, 0xc0, 0xdf, "dma" },
	{ WIRE_SPACE_PORT, 0xe9, 0xe9, "debug console" },
	{ WIRE_SPACE_PORT, 0xf0, 0xf1, "fpu" },
	{ WIRE_SPACE_PORT, 0xf4, 0xf5, "boot marker" },
	{ WIRE_SPACE_PORT, 0x170, 0x177, "ide" },
	{ WIRE_SPACE_PORT, 0x1f0, 0x1f7, "ide" },
	{ WIRE_SPACE_PORT, 0x376, 0x376, "ide" },
	{ WIRE_SPACE_PORT, 0x3f6, 0x3f6, "ide" },
	{ WIRE_SPACE_PORT, 0x278, 0x27f, "parallel" },
	{ WIRE_SPACE_PORT, 0x378, 0x37f, "parallel" },
	{ WIRE_SPACE_PORT, 0x2e8, 0x2ef, "serial" },
	{ WIRE_SPACE_PORT, 0x2f8, 0x2ff, "serial" },
	{ WIRE_SPACE_PORT, 0x3e8, 0x3ef, "serial" },
	{ WIRE_SPACE_PORT, 0x3f8, 0x3ff, "serial" },
	{ WIRE_SPACE_PORT, 0x3b0, 0x3df, "vga" },
	{ WIRE_SPACE_PORT, 0x3f0, 0x3f7, "floppy" },
	{ WIRE_SPACE_PORT, 0x402, 0x402, "firmware debug" },
	{ WIRE_SPACE_PORT, 0x501, 0x501, "debug exit" },
	{ WIRE_SPACE_PORT, 0x510, 0x51b, "fw_cfg" },
	{ WIRE_SPACE_PORT, 0x600, 0x67f, "acpi pm" },
	{ WIRE_SPACE_PORT, 0xb000, 0xb03f, "acpi pm" },
	{ WIRE_SPACE_PORT, 0xae00, 0xafff, "acpi hotplug" },
	{ WIRE_SPACE_PORT, 0xcd8, 0xce3, "acpi hotplug" },
	{ WIRE_SPACE_PORT, 0xcf8, 0xcff, "pci" },
	{ WIRE_SPACE_PORT, 0x5658, 0x5659, "vmport" },
	{ WIRE_SPACE_PORT, 0xc000, 0xffff, "pci device" },
	{ WIRE_SPACE_MMIO, 0xa0000, 0xbffff, "vga" },
	{ WIRE_SPACE_MMIO, 0xb0000000, 0xbfffffff, "pci" }, /* q35's ECAM */
	{ WIRE_SPACE_MMIO, 0xc0000000, 0xc0000fff, "boot timer" }, /* Firecracker */
	{ WIRE_SPACE_MMIO, 0xc0001000, 0xc00fffff, "virtio-mmio" },
	{ WIRE_SPACE_MMIO, 0xd0000000, 0xd0000fff, "boot timer" },
	{ WIRE_SPACE_MMIO, 0xd0001000, 0xd00fffff, "virtio-mmio" },
	{ WIRE_SPACE_MMIO, 0xfea00000, 0xfeafffff, "acpi hotplug" },
	{ WIRE_SPACE_MMIO, 0xfeb00000, 0xfeb03fff, "virtio-mmio" }, /* microvm: 32 of 512 bytes */
	{ WIRE_SPACE_MMIO, 0xfec00000, 0xfec00fff, "ioapic" },
	{ WIRE_SPACE_MMIO, 0xfec10000, 0xfec10fff, "ioapic" }, /* microvm's second */
	{ WIRE_SPACE_MMIO, 0xfed00000, 0xfed003ff, "hpet" },
	{ WIRE_SPACE_MMIO, 0xfed40000, 0xfed44fff, "tpm" },
	{ WIRE_SPACE_MMIO, 0xfee00000, 0xfeefffff, "lapic" },
	{ WIRE_SPACE_MMIO, 0xff000000, 0xffffffff, "firmware rom" },
	{ WIRE_SPACE_MMIO, 0x80000000, 0xfebfffff, "pci device" },
};

const char *vm_device_name(uint32_t space, uint64_t address)
{
	size_t i;

	if (space == WIRE_SPACE_REST)
		return "the rest";
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].space == space && address >= devices[i].from &&
		    address <= devices[i].to)
			return devices[i].name;
	return space == WIRE_SPACE_PORT ? "other ports" : "other memory";
}

const char *vm_mark_name(const struct vm_mark *m)
{
	/* Numbers of qemu-boot-time; ours uses 6 and 7 of them. */
	static const struct {
		uint64_t address;
		uint32_t value;
		const char *name;
	} marks[] = {
		{ 0xf5, 1, "firmware starts" }, { 0xf5, 4, "firmware hands over" },
		{ 0xf4, 3, "kernel's loader starts" }, { 0xf4, 5, "kernel starts" },
		{ 0xf4, 6, "user space starts" }, { 0xf4, 7, "service starts" },
		{ 0xf4, 0x20, "modules are loaded" }, { 0xf4, 0x21, "network is up" }, /* ours */
		{ 0xf4, 0x22, "a module is loaded" }, { 0xf4, 0x23, "the module is there" },
		{ 0xf1, 0, "kernel enters protected mode" },
	};
	size_t i;

	if (m->space == WIRE_SPACE_MMIO)
		return m->value == 123 ? "Firecracker's boot timer" : "";
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (marks[i].address == m->address && marks[i].value == m->value)
			return marks[i].name;
	return m->address == 0x80 ? "POST code" : "";
}
