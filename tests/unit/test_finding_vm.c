// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_finding_vm.c - each rule about VMs on a recording in which it holds, and on one just beside.
 *
 * All are the same run: 100 is the VMM, 101 its vCPU, which answers; the guest's phases are those
 * of the rules below.
 */
#include "tests/unit/evtext.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"
#include "user/model/finding.h"

#define HEAD                                                                                       \
	"0 - SESSION port=8080\n"                                                                  \
	"0 - SCENARIO id=1 name=vm boundary=VM flags=vm accel=\"%s\"\n"                            \
	"run 1 at 1s\n"                                                                            \
	"+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"                     \
	"+0 90 FORK child=100 comm=keeper\n"                                                       \
	"+0.01ms - SWITCH next_tid=100 next_ours=1 prev_syscall=none\n"                            \
	"+0.5ms 100 EXEC enter=+0.1ms root=1 exe_name=vmm comm=vmm exe_inode=7 exe_dev=1\n"        \
	"+0.5ms 100 SYSCALL enter=+0.1ms nr=59\n"                                                  \
	"+%s 100 FORK thread=101 comm=vmm\n"                                                       \
	"+%s 100 SWITCH next_tid=101 next_pid=100 prev_ours=1 next_ours=1 prev_state=sleeping "    \
	"prev_syscall=202\n"                                                                       \
	"+%s 100/101 COMM comm=\"CPU 0/TCG\"\n"
#define TAIL                                                                                       \
	"+400ms 100/101 WAKING tid=50 pid=49 context=softirq irq=softirq vector=3 "                \
	"waker_syscall=1 waker_ours=1\n"                                                           \
	"+400ms - SWITCH cpu=1 next_tid=50 next_pid=49 next_ours=2 prev_syscall=none\n"            \
	"+400.2ms - CLIENT connect=+399ms connected=+399.5ms first_byte=+400.2ms attempts=1 "      \
	"http_status=200\n"                                                                        \
	"+401ms - RUN_END status=ok\n"

#define KVM_POINT(FIRST, NS)                                                                       \
	"+2ms 100/101 KVM_RUN fd=5\n+400.1ms 100/101 VCPU first=+" FIRST " " NS " runs=9\n"
/* The vCPU sleeps from 100 to 180 ms. */
#define SLEEP                                                                                      \
	"+100ms 100/101 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=202\n"                 \
	"+180ms 9 WAKING tid=101 pid=100 waker_syscall=none context=hardirq irq=timer\n"           \
	"+180ms 9 SWITCH next_tid=101 next_pid=100 next_ours=1 prev_syscall=none\n"

static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "linking and start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "firmware", .at = PHASE_COMM, .object = "CPU */TCG" },
	{ .name = "decompression", .at = PHASE_GUEST_MARK, .nr = 0xf1, .optional = true },
	{ .name = "kernel", .at = PHASE_GUEST_CLOCK },
	{ .name = "init", .at = PHASE_GUEST_MARK, .nr = 0xf4, .mask = 0xff, .value = 6, .optional = true },
	{ .name = "init", .at = PHASE_CONSOLE, .object = "*init: start*", .optional = true },
	{ 0 }
};

static const struct phase_rule *rules_of(const char *scenario)
{
	(void)scenario;
	return phases;
}

#define LINE "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
#define LINE1K LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE

static const struct finding_case {
	const char *rule;
	const char *accel, *starts; /* NULL: kvm, 2 ms */
	const char *holds;
	uint64_t ns; /* of the path or of a device */
	const char *not_so, *not_accel, *not_starts;
} cases[] = {
	{ .rule = "vm-console",
	  .holds = "+9ms - VM_DEVICE address=0x3f8 space=port writes=23104 kernel_ns=64ms "
		   "user_ns=100ms first=+1ms last=+300ms\n",
	  .ns = 164000000,
	  .not_so = "+9ms - VM_DEVICE address=0x3f8 space=port writes=272 kernel_ns=640us "
		    "user_ns=1ms first=+1ms last=+300ms\n" },
	{ .rule = "vm-console", /* no exits to be seen: what lies between the lines is the guest's */
	  .holds = "+104ms - CONSOLE since=+100ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		   "+112ms - CONSOLE since=+108ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		   "+117ms - CONSOLE since=+116ms text=" LINE1K "\n+121ms - CONSOLE text=x\n",
	  .ns = 9000000,
	  .not_so = "+104ms - CONSOLE since=+100ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		    "+109ms - CONSOLE since=+108ms text=" LINE1K "\n+112ms - CONSOLE text=x\n" },
	{ .rule = "vm-console", /* a line that waited to be finished costs what its length does */
	  .holds = "+104ms - CONSOLE since=+100ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		   "+108ms - CONSOLE since=+104ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		   "+200ms - CONSOLE since=+110ms text=\"loading ... done\"\n",
	  .ns = 8031128,
	  .not_so = "+101ms - CONSOLE since=+100ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		    "+102ms - CONSOLE since=+101ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		    "+200ms - CONSOLE since=+110ms text=\"loading ... done\"\n" },
	{ .rule = "vm-i8042",
	  .holds = "+9ms - VM_DEVICE address=0x64 space=port reads=30 kernel_ns=1ms user_ns=2ms "
		   "first=+1ms last=+3ms\n",
	  .ns = 3000000,
	  .not_so = "+9ms - VM_DEVICE address=0x64 space=port writes=1 kernel_ns=1ms user_ns=2ms "
		    "first=+1ms last=+3ms\n" /* a reboot */ },
	{ .rule = "vm-pci-scan",
	  .holds = "+9ms - VM_DEVICE address=0xcf8 space=port writes=8850 user_ns=20ms\n",
	  .ns = 20000000,
	  .not_so = "+9ms - VM_DEVICE address=0xcf8 space=port writes=9 user_ns=20ms\n" },
	{ .rule = "vm-clock",
	  .holds = "+9ms - VM_DEVICE address=0x61 space=port reads=5000 user_ns=20ms\n",
	  .ns = 20000000,
	  .not_so = "+9ms - VM_DEVICE address=0x61 space=port reads=2 user_ns=20ms\n" },
	{ .rule = "vm-fw-cfg", /* who has DMA is not told to take it */
	  .holds = "+9ms - VM_DEVICE address=0x511 space=port reads=4000 user_ns=20ms\n"
		   "+9ms - VM_DEVICE address=0x510 space=port writes=10 user_ns=1ms\n"
		   "+9ms - VM_DEVICE address=0x518 space=port writes=40 user_ns=50ms\n",
	  .ns = 21000000,
	  .not_so = "+9ms - VM_DEVICE address=0x518 space=port writes=40 user_ns=20ms\n"
		    "+9ms - VM_DEVICE address=0x514 space=port writes=40 user_ns=20ms\n"
		    "+9ms - VM_DEVICE address=0x511 space=port reads=8 user_ns=4ms\n" },
	{ .rule = "vm-first-touch",
	  .holds = "+9ms - VM_EXIT table=vmx reason=48 count=4000 kernel_ns=8ms\n", .ns = 8000000,
	  .not_so = "+9ms - VM_EXIT table=svm reason=48 count=4000 kernel_ns=8ms\n" },
	{ .rule = "vm-first-touch",
	  .holds = "+9ms - VM_EXIT table=svm reason=0x400 count=4000 kernel_ns=8ms\n", .ns = 8000000,
	  .not_so = "+9ms - VM_EXIT table=svm reason=0x400 count=4 kernel_ns=8us\n" },
	/* The same faults with the RAM's pages known: the next rule's. */
	{ .rule = "vm-first-touch",
	  .holds = "+9ms - VM_EXIT table=vmx reason=48 count=4000 kernel_ns=8ms\n", .ns = 8000000,
	  .not_so = "+9ms - VM_EXIT table=vmx reason=48 count=4000 kernel_ns=8ms\n"
		    "+400ms 100 GUEST_BACKING start=0x7f0000000000 end=0x7f0010000000 rss=64MiB backing=anon\n" },
	{ .rule = "vm-hugepages",
	  .holds = "+9ms - VM_EXIT table=vmx reason=48 count=4000 kernel_ns=8ms\n"
		   "+400ms 100 GUEST_BACKING start=0x7f0000000000 end=0x7f0010000000 rss=64MiB backing=memfd name=/memfd:ram\n",
	  .ns = 8000000,
	  .not_so = "+9ms - VM_EXIT table=vmx reason=48 count=4000 kernel_ns=8ms\n"
		    "+400ms 100 GUEST_BACKING start=0x7f0000000000 end=0x7f0010000000 rss=64MiB huge=60MiB backing=anon\n" },
	{ .rule = "vm-hugepages", /* small pages that cost nothing */
	  .holds = "+9ms - VM_EXIT table=svm reason=0x400 count=4000 kernel_ns=8ms\n"
		   "+400ms 100 GUEST_BACKING start=0x7f0000000000 end=0x7f0010000000 rss=64MiB huge=2MiB backing=anon\n",
	  .ns = 8000000,
	  .not_so = "+9ms - VM_EXIT table=svm reason=0x400 count=40 kernel_ns=80us\n"
		    "+400ms 100 GUEST_BACKING start=0x7f0000000000 end=0x7f0010000000 rss=64MiB backing=anon\n" },
	{ .rule = "vm-nested",
	  .holds = "+0 - ENV key=virtualized value=yes\n+9ms - VM_EXIT table=vmx reason=10 count=900 kernel_ns=9ms\n"
		   "+9ms - VM_EXIT table=user reason=2 count=100 kernel_ns=1ms\n",
	  .ns = 9000000,
	  .not_so = "+0 - ENV key=virtualized value=no\n+9ms - VM_EXIT table=vmx reason=10 count=900 kernel_ns=9ms\n" },
	{ .rule = "vm-nested", /* KVM without kvm_exit: what goes to the VMM is all that is known */
	  .holds = "+0 - ENV key=virtualized value=yes\n+9ms - VM_EXIT table=user reason=2 count=100 kernel_ns=6ms\n",
	  .ns = 6000000,
	  .not_so = "+0 - ENV key=virtualized value=yes\n+9ms - VM_EXIT table=user reason=2 count=100 kernel_ns=1ms\n" },
	{ .rule = "vm-nested", /* an idle guest is not what nesting costs */
	  .holds = "+0 - ENV key=virtualized value=yes\n+9ms - VM_EXIT table=svm reason=0x7b count=900 kernel_ns=7ms\n"
		   "+9ms - VM_EXIT table=svm reason=0x78 count=90 kernel_ns=70ms\n",
	  .ns = 7000000,
	  .not_so = "+0 - ENV key=virtualized value=yes\n+9ms - VM_EXIT table=vmx reason=12 count=90 kernel_ns=70ms\n"
		    "+9ms - VM_EXIT table=svm reason=0xa6 count=90 kernel_ns=70ms\n"
		    "+9ms - VM_EXIT table=user reason=5 count=90 kernel_ns=7ms\n" },
#define CREATE(ENTER) "+30ms 100 KVM_IOCTL enter=+" ENTER " cmd=0xae01 fd=3 ret=4 fd_name=kvm\n"
#define KERNEL(RELEASE) "+0 - ENV key=kernel value=" RELEASE "\n"
/* The VMM's main thread, asleep since 2 ms, has a CPU from 6 ms on. */
#define AWAKE                                                                                      \
	"+6ms 9 WAKING tid=100 pid=100 waker_syscall=none context=hardirq irq=timer\n"             \
	"+6ms 9 SWITCH cpu=2 next_tid=100 next_pid=100 next_ours=1 prev_syscall=none\n"
	{ .rule = "vm-create",
	  .holds = CREATE("5ms"), .ns = 25000000, .not_so = CREATE("29ms") },
	{ .rule = "vm-create", /* what wants a CPU for it is none of RCU's */
	  .holds = KERNEL("6.13.0-rc7") CREATE("5ms"), .ns = 25000000, .not_so = AWAKE CREATE("5ms") },
	{ .rule = "vm-create", /* later kernels make the worker later */
	  .holds = KERNEL("6.1.0-50-cloud-amd64") CREATE("5ms"), .ns = 25000000,
	  .not_so = KERNEL("6.14.0") CREATE("5ms") },
	{ .rule = "vm-create-else",
	  .holds = AWAKE CREATE("5ms"), .ns = 25000000, .not_so = CREATE("5ms") },
	{ .rule = "vm-create-else",
	  .holds = KERNEL("7.0.1") CREATE("5ms"), .ns = 25000000, .not_so = KERNEL("7.0.1") CREATE("29ms") },
	{ .rule = "vm-create-vcpu",
	  .holds = "+30ms 100 KVM_IOCTL enter=+26ms cmd=0xae41 fd=4 ret=5 fd_name=kvm-vm\n"
		   "+34ms 100 KVM_IOCTL enter=+30ms cmd=0xae41 fd=4 ret=6 fd_name=kvm-vm\n",
	  .ns = 8000000,
	  .not_so = "+30ms 100 KVM_IOCTL enter=+29ms cmd=0xae41 fd=4 ret=5 fd_name=kvm-vm\n" },
	{ .rule = "vm-firmware",
	  .holds = "+82ms - GUEST_MARK address=0xf1 space=port\n", .ns = 80000000,
	  .not_so = "+8ms - GUEST_MARK address=0xf1 space=port\n" },
#define READS(FILE) "+1.9ms 100 SYSCALL enter=+1.8ms nr=0 ret=65536 object_kind=file object=" FILE "\n"
	{ .rule = "vm-firmware", /* who has qboot is not told to take it */
	  .holds = READS("bios-microvm.bin") "+82ms - GUEST_MARK address=0xf1 space=port\n", .ns = 80000000,
	  .not_so = READS("qboot.rom") "+82ms - GUEST_MARK address=0xf1 space=port\n" },
	{ .rule = "vm-qboot",
	  .holds = READS("qboot.rom") "+82ms - GUEST_MARK address=0xf1 space=port\n", .ns = 80000000,
	  .not_so = READS("bios-microvm.bin") "+82ms - GUEST_MARK address=0xf1 space=port\n" },
#define REAL_MODE_ENDS "+8ms - GUEST_MARK address=0xf1 space=port\n"
#define LOG(AT, LINE, STAMP) "+" AT "ms - CONSOLE text=\"[    " STAMP "] " LINE "\"\n"
#define BANNER "Linux version 6.1.0-50-cloud-amd64"
#define E820 "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved"
	{ .rule = "vm-decompression", /* the log from its beginning, told while it happened */
	  .holds = REAL_MODE_ENDS LOG("58", BANNER, "0.000000") LOG("62", E820, "0.003496"),
	  .ns = 50000000,
	  .not_so = REAL_MODE_ENDS LOG("17", BANNER, "0.000000") LOG("21", E820, "0.003496") },
	{ .rule = "vm-decompression", /* the log came when there was a console: the stamps tell when it was */
	  .holds = REAL_MODE_ENDS LOG("358", BANNER, "0.000000") LOG("358.2", E820, "0.003496")
		   LOG("358.4", "printk: console [ttyS0] enabled", "0.300400"),
	  .ns = 50000000,
	  .not_so = REAL_MODE_ENDS LOG("358", BANNER, "0.000000") LOG("358.2", E820, "0.003496")
		    LOG("358.4", "printk: console [ttyS0] enabled", "0.345400") },
	{ .rule = "vm-decompression", /* a quiet boot does not tell where it ends */
	  .holds = REAL_MODE_ENDS LOG("58", BANNER, "0.000000") LOG("62", E820, "0.003496"),
	  .ns = 50000000,
	  .not_so = REAL_MODE_ENDS LOG("358", "PCI: Fatal: No config space access function found", "0.051208") },
	{ .rule = "vm-decompression", /* an uncompressed kernel unpacks nothing */
	  .holds = REAL_MODE_ENDS LOG("58", BANNER, "0.000000") LOG("62", E820, "0.003496"),
	  .ns = 50000000,
	  .not_so = LOG("58", BANNER, "0.000000") LOG("62", E820, "0.003496") },
	{ .rule = "vm-vmm-start", .starts = "42ms", .holds = "", .ns = 41500000, .not_so = "" },
	{ .rule = "vm-emulated", .accel = "tcg: emulated, no vmx/svm", .holds = "", .ns = 398000000, .not_so = "" },
	{ .rule = "vm-exits-vmm",
	  .holds = KVM_POINT("2ms", "guest=100ms kernel=98.1ms vmm=200ms"),
	  .ns = 199949763, /* 200 of 398.1 ms, of the 398 until it answers */
	  .not_so = KVM_POINT("2ms", "guest=390ms kernel=6.1ms vmm=2ms") },
#define CRNG(NEXT)                                                                                  \
	"+100ms - CONSOLE text=\"[    0.050000] x\"\n"                                             \
	"+180ms - CONSOLE text=\"[    0.130000] random: crng init done\"\n"                        \
	"+" NEXT " - CONSOLE text=\"[    0.131000] y\"\n"
	{ .rule = "vm-entropy", /* without a ledger: somebody goes on with it, or nobody waited */
	  .holds = CRNG("182ms"), .ns = 80000000, .not_so = CRNG("190ms") },
	{ .rule = "vm-entropy",
	  .holds = CRNG("182ms"), .ns = 80000000,
	  .not_so = "+100ms - CONSOLE text=\"[    0.050000] x\"\n"
		    "+101ms - CONSOLE text=\"[    0.051000] random: crng init done\"\n"
		    "+190ms - CONSOLE text=y\n" },
#define LEDGER KVM_POINT("2ms", "guest=310.1ms kernel=4ms vmm=4ms halted=80ms")
	{ .rule = "vm-entropy", /* with one: a guest that works meanwhile waits for nothing */
	  .holds = CRNG("190ms") SLEEP LEDGER, .ns = 80000000, .not_so = CRNG("182ms") LEDGER },
	{ .rule = "vm-ip-config",
	  .holds = "+100ms - CONSOLE text=\"[    0.500000] Loading compiled-in X.509 certificates\"\n"
		   "+125ms - CONSOLE text=\"[    0.525000] IP-Config: Complete:\"\n",
	  .ns = 25000000,
	  .not_so = "+100ms - CONSOLE text=\"[    0.500000] Loading compiled-in X.509 certificates\"\n"
		    "+125ms - CONSOLE text=\"[    0.525000] Freeing unused kernel image\"\n" },
#define FAST_TSC "tsc: Fast TSC calibration failed"
	{ .rule = "vm-clock-wait", /* what takes long comes behind that line */
	  .holds = "+100ms - CONSOLE text=\"" FAST_TSC "\"\n+180ms - CONSOLE text=x\n",
	  .ns = 80000000,
	  .not_so = "+100ms - CONSOLE text=x\n+180ms - CONSOLE text=\"" FAST_TSC "\"\n+181ms - CONSOLE text=y\n" },
	{ .rule = "vm-clock-wait", /* nobody waits for the work that was put off */
	  .holds = "+100ms - CONSOLE text=x\n"
		   "+180ms - CONSOLE text=\"Calibrating delay loop... 4890.80 BogoMIPS (lpj=9781616)\"\n",
	  .ns = 80000000,
	  .not_so = "+100ms - CONSOLE text=x\n"
		    "+180ms - CONSOLE text=\"tsc: Refined TSC clocksource calibration: 2445.404 MHz\"\n" },
	{ .rule = "vm-module",
	  .holds = "+100ms - CONSOLE text=\"coldprof-init: load virtio_net\"\n"
		   "+180ms - CONSOLE text=\"coldprof-init: network up\"\n",
	  .ns = 80000000,
	  .not_so = "+100ms - CONSOLE text=\"coldprof-init: load virtio_net\"\n"
		    "+104ms - CONSOLE text=\"coldprof-init: network up\"\n" },
#define MARKS(FROM, TO)                                                                            \
	"+" FROM "ms - GUEST_MARK address=0xf4 space=port value=0x22\n+" TO                        \
	"ms - GUEST_MARK address=0xf4 space=port value=0x23\n"
	{ .rule = "vm-module", /* marked: whatever the module says meanwhile */
	  .holds = MARKS("90", "92") "+100ms - CONSOLE text=\"coldprof-init: load slow\"\n" MARKS("100", "150")
		   "+120ms - CONSOLE text=\"slow: half way\"\n+150.5ms - CONSOLE text=\"coldprof-init: load x\"\n",
	  .ns = 50000000,
	  .not_so = "+100ms - CONSOLE text=\"coldprof-init: load quick\"\n" MARKS("100", "115") MARKS("116", "120")
		    "+180ms - CONSOLE text=\"coldprof-init: network up\"\n" },
	{ .rule = "vm-module", /* a guest without a console */
	  .holds = MARKS("100", "150"), .ns = 50000000,
	  .not_so = "+100ms - GUEST_MARK address=0xf4 space=port value=0x22\n"
		    "+180ms - GUEST_MARK address=0xf4 space=port value=7\n" },
	{ .rule = "vm-init-waits",
	  .holds = "+90ms - CONSOLE text=\"an-init: start\"\n" SLEEP "+190ms - CONSOLE text=y\n",
	  .ns = 80000000, /* the same sleep before init is somebody else's */
	  .not_so = SLEEP "+185ms - CONSOLE text=\"an-init: start\"\n" },
	{ .rule = "vm-init-waits", /* the line is there before the mark that begins the phase */
	  .holds = "+90ms - CONSOLE text=\"an-init: start\"\n+90.005ms - GUEST_MARK address=0xf4 space=port value=6\n"
		   SLEEP "+190ms - CONSOLE text=y\n",
	  .ns = 80000000, /* what it slept before is somebody else's, and after it, too */
	  .not_so = "+90ms - CONSOLE text=\"an-init: start\"\n" SLEEP
		    "+179ms - GUEST_MARK address=0xf4 space=port value=6\n+190ms - CONSOLE text=y\n" },
	{ .rule = "vm-init-waits", /* the path slept with the VMM's main thread; the guest did not */
	  .holds = "+90ms - CONSOLE text=\"an-init: start\"\n" SLEEP "+190ms - CONSOLE text=y\n",
	  .ns = 80000000,
	  .not_so = "+90ms - CONSOLE text=\"an-init: start\"\n"
		    "+95ms - SWITCH cpu=2 next_tid=100 next_pid=100 next_ours=1 prev_syscall=none\n"
		    "+100ms 100 SWITCH cpu=2 prev_ours=1 prev_state=sleeping prev_syscall=7\n"
		    "+180ms 9 WAKING tid=100 pid=100 waker_syscall=none context=hardirq irq=timer\n"
		    "+180ms 9 SWITCH cpu=2 next_tid=100 next_pid=100 next_ours=1 prev_syscall=none\n"
		    "+185ms 100/101 SWITCH prev_ours=1 prev_state=sleeping prev_syscall=202\n"
		    "+186ms 100 WAKING tid=101 pid=100 waker_syscall=202 waker_ours=1\n"
		    "+186ms 9 SWITCH next_tid=101 next_pid=100 next_ours=1 prev_syscall=none\n"
		    "+190ms - CONSOLE text=y\n" },
	{ .rule = "vm-initcall",
	  .holds = "+300ms - CONSOLE text=\"[    0.200000] initcall acpi_init+0x0/0x5 returned 0 "
		   "after 45000 usecs\"\n",
	  .ns = 45000000,
	  .not_so = "+300ms - CONSOLE text=\"[    0.200000] initcall acpi_init+0x0/0x5 returned 0 "
		    "after 4500 usecs\"\n" },
	{ .rule = "vm-initcall-debug",
#define CALL(AT)                                                                                   \
	"+" AT ".5ms - CONSOLE since=+" AT "ms text=\"[    0.100000] initcall a+0x0/0x5 returned 0 after 1 usecs" LINE "\"\n"
#define CALLS                                                                                      \
	CALL("110") CALL("112") CALL("114") CALL("116") CALL("118") CALL("120") CALL("122") CALL("124")
	  /* 24 lines of half a millisecond; the other lines of the console are somebody else's */
	  .holds = CALLS CALLS CALLS "+144ms - CONSOLE since=+140ms text=" LINE1K LINE1K LINE1K LINE1K "\n"
		   "+148ms - CONSOLE since=+144ms text=" LINE1K LINE1K LINE1K LINE1K "\n",
	  .ns = 12000000,
	  .not_so = CALLS },
};

static bool found(const struct finding_case *c, const char *events, const char *accel,
		  const char *starts, uint64_t *ns)
{
	const char *at = starts ? starts : "2ms";
	CLEANUP_FREE char *head = xasprintf(HEAD, accel ? accel : "kvm (vmx)", at, at, at);
	CLEANUP_FREE char *text = xasprintf("%s%s%s", head, events, TAIL);
	struct evtext e = { 0 };
	const struct wire_head *record;
	struct session *s = session_new();
	bool holds = false;
	size_t at_record = 0, i;

	if (evtext_parse(&e, text))
		fail_msg("%s: %s", c->rule, e.error);
	while ((record = evtext_next(&e, &at_record)))
		session_add(s, record);
	session_set_phase_rules(s, rules_of);
	session_settle(s);
	assert_int_equal(s->nonsense, 0);
	assert_true(s->runs[0]->path.n > 0);
	for (i = 0; i < s->runs[0]->findings.n; i++)
		if (!strcmp(s->runs[0]->findings.list[i].rule->name, c->rule)) {
			holds = true;
			*ns = s->runs[0]->findings.list[i].ns;
		}
	session_free(s);
	evtext_release(&e);
	return holds;
}

static void test_rules(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct finding_case *c = &cases[i];
		uint64_t ns = 0;

		if (!found(c, c->holds, c->accel, c->starts, &ns))
			fail_msg("%s does not hold (case %zu)", c->rule, i);
		if (ns != c->ns)
			fail_msg("%s (case %zu): %" PRIu64 " ns", c->rule, i, ns);
		if (found(c, c->not_so, c->not_accel, c->not_starts, &ns))
			fail_msg("%s holds where it must not (case %zu)", c->rule, i);
	}
}

/* Without kvm_exit nobody knows what the kernel took for a read of a port, and nobody says 0. */
static void test_reads_of_ports(void **state)
{
	static const char reads[] = "+9ms - VM_DEVICE address=0x64 space=port reads=30 user_ns=2ms first=+1ms last=+3ms\n"
				    "+9ms - VM_DEVICE address=0x60 space=port reads=3 writes=4 kernel_ns=1ms user_ns=2ms first=+1ms last=+3ms\n"
				    "+9ms - VM_DEVICE address=0x61 space=port reads=5000 user_ns=2ms\n"
				    "+9ms - VM_DEVICE address=0xfec00000 space=mmio reads=5 kernel_ns=1ms\n";
	int told;

	(void)state;
	for (told = 0; told < 2; told++) {
		CLEANUP_FREE char *head = xasprintf(HEAD, "kvm (vmx)", "2ms", "2ms", "2ms");
		CLEANUP_FREE char *text = xasprintf(
			"%s%s%s%s", head, reads,
			told ? "+9ms - VM_EXIT table=vmx reason=30 count=900 kernel_ns=1ms\n" : "", TAIL);
		struct session *s = evtext_session(text);
		const struct run *r = s->runs[0];
		size_t i, seen = 0;

		assert_int_equal(vm_untold(&r->vm), told ? 0 : 5033);
		for (i = 0; i < r->vm.n_devices; i++) {
			const struct vm_device *d = &r->vm.devices[i];

			if (!strcmp(d->name, "pit")) {
				assert_int_equal(vm_device_told(d), told);
			} else if (!strcmp(d->name, "i8042")) {
				assert_true(vm_device_told(d));
				assert_int_equal(d->untold, told ? 0 : 33);
			} else {
				assert_int_equal(d->untold, 0);
			}
			seen++;
		}
		assert_int_equal(seen, 3);
		for (i = 0; i < r->findings.n; i++)
			if (!strcmp(r->findings.list[i].rule->name, "vm-i8042"))
				assert_int_equal(told, !strstr(r->findings.list[i].evidence,
							       "without the kernel's part of 33 reads"));
		session_free(s);
	}
}

/* What the mend depends on is in the evidence where it was recorded. */
static void test_create_vm_tells_of_its_guard(void **state)
{
	static const char slow[] = "+30ms 100 KVM_IOCTL enter=+5ms cmd=0xae01 fd=3 ret=4 fd_name=kvm\n";
	static const struct { const char *env, *evidence; } expect[] = {
		{ "", "KVM_CREATE_VM" },
		{ "+0 - ENV key=itlb_multihit value=\"Not affected\"\n+0 - ENV key=nx_huge_pages value=N\n",
		  "KVM_CREATE_VM; itlb_multihit: Not affected; nx_huge_pages: N" },
		{ "+0 - ENV key=itlb_multihit value=\"KVM: Mitigation: Split huge pages\"\n",
		  "KVM_CREATE_VM; itlb_multihit: KVM: Mitigation: Split huge pages; nx_huge_pages: not known" },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(expect); i++) {
		CLEANUP_FREE char *head = xasprintf(HEAD, "kvm (vmx)", "2ms", "2ms", "2ms");
		CLEANUP_FREE char *text = xasprintf("%s%s%s%s", head, expect[i].env, slow, TAIL);
		struct session *s = evtext_session(text);
		const struct findings *f = &s->runs[0]->findings;

		for (k = 0; k < f->n && strcmp(f->list[k].rule->name, "vm-create"); k++)
			;
		assert_true(k < f->n);
		assert_string_equal(f->list[k].evidence, expect[i].evidence);
		assert_non_null(strstr(f->list[k].rule->mend, "itlb_multihit says"));
		session_free(s);
	}
}

/* 110 lines, 10 kB, 3.6 ms apart, with the guest at work between them: hardly any of it is the console's. */
static void test_console_of_a_boot_at_work(void **state)
{
	const struct finding_case console = { .rule = "vm-console" };
	const struct finding_case initcalls = { .rule = "vm-initcall-debug" };
	CLEANUP_FREE char *text = xstrdup("");
	uint64_t ns = 0;
	int i;

	(void)state;
	for (i = 0; i < 110; i++) {
		char *more = xasprintf("%s+%dus - CONSOLE since=+%dus text=\"[    0.100000] initcall a+0x0/0x5 "
				       "returned 0 after 1 usecs" LINE "\"\n",
				       text, 4000 + 3600 * i + 40, 4000 + 3600 * i);

		free(text);
		text = more;
	}
	assert_false(found(&console, text, NULL, NULL, &ns));
	assert_false(found(&initcalls, text, NULL, NULL, &ns));
}

/* No rule about VMs is without a case. */
static void test_all_are_tested(void **state)
{
	const struct finding_rule *rule = NULL;
	size_t i, n = 0;

	(void)state;
	while ((rule = finding_rule_next(rule))) {
		if (strncmp(rule->name, "vm-", 3))
			continue;
		n++;
		for (i = 0; i < ARRAY_SIZE(cases) && strcmp(cases[i].rule, rule->name); i++)
			;
		if (i == ARRAY_SIZE(cases))
			fail_msg("%s has no case", rule->name);
		assert_true(*rule->title && *rule->mend && *rule->trade_off);
	}
	assert_true(n >= 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_reads_of_ports),
		cmocka_unit_test(test_create_vm_tells_of_its_guard),
		cmocka_unit_test(test_console_of_a_boot_at_work),
		cmocka_unit_test(test_all_are_tested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
