// SPDX-License-Identifier: GPL-2.0-only
/*
 * qemu.c - a Linux guest on QEMU's microvm machine: direct kernel boot, an initramfs with our init
 * and the service, virtio-net on the tap of the run.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/accel.h"
#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define MEMORY_MIB 256
#define GET_QEMU "apt-get install qemu-system-x86"
#define GET_GUEST "make runtimes, in coldprof's source tree, makes it"

static const struct program program = {
	.name = "qemu-system-x86_64",
	.version_arg = "--version",
};

struct qemu {
	struct accel accel;
	bool pvm;
	unsigned long tsc_khz; /* TCG: rate of the host's TSC, which the guest reads; 0: unknown */
	char *kernel, *initrd;
};

static int choose_accel(struct scenario *s, struct error *err)
{
	struct qemu *q = s->state;
	struct accel_host host;
	int ret;

	accel_read_host(&host);
	ret = accel_choose(s->options->accel, &host, &q->accel);
	if (ret < 0)
		return error_class(err, ERROR_USAGE, ret, "--accel %s: there are auto, kvm, tcg",
				   s->options->accel);
	if (ret > 0)
		return scenario_unavailable(
			s, "load kvm_intel or kvm_amd (in a VM: allow nesting), or use --accel tcg",
			"--accel kvm: %s", q->accel.text);
	q->pvm = host.pvm;
	if (!q->accel.kvm)
		q->tsc_khz = accel_tsc_khz();
	free(s->accel);
	s->accel = xstrdup(q->accel.text);
	return 0;
}

/* The user's file, else ours. */
static int find_file(struct scenario *s, const char *option, const char *given, const char *ours,
		     char **path, struct error *err)
{
	if (given)
		return user_file(option, given, path, err);
	*path = lib_path(s->options, ours);
	return *path ? 0 : scenario_unavailable(s, GET_GUEST, "%s is not there", ours);
}

static int probe(struct scenario *s, struct error *err)
{
	const struct scenario_options *o = s->options;
	struct qemu *q = s->state;
	int ret;

#ifndef __x86_64__
	return scenario_unavailable(s, "none yet", "the microvm machine is for x86 hosts only");
#endif
	if ((o->rootfs || o->bundle || o->image) && !o->initrd)
		return scenario_not_for_rootfs(s);
	ret = find_program(s, &program, err);
	if (ret > 0)
		return scenario_unavailable(s, GET_QEMU, "qemu-system-x86_64 is not installed");
	if (!ret)
		ret = choose_accel(s, err);
	if (!ret)
		ret = find_file(s, "--kernel", o->kernel, "guest/vmlinuz", &q->kernel, err);
	if (!ret)
		ret = find_file(s, "--initrd", o->initrd, "guest/initrd.gz", &q->initrd, err);
	return ret;
}

static void add_cpu(const struct qemu *q, struct args *argv)
{
	args_add(argv, "-cpu");
	if (!q->accel.kvm)
		args_add(argv, "max");
	else /* kvm_pvm knows no such MSR, and QEMU aborts where setting one fails */
		args_add(argv, q->pvm ? "host,-arch-capabilities" : "host");
}

/* The command line of the guest's kernel; the user's words come last, for Linux takes the last. */
static void add_append(const struct scenario *s, struct args *argv)
{
	const struct scenario_options *o = s->options;
	const struct qemu *q = s->state;
	CLEANUP_FREE char *tsc = NULL;

	/*
	 * The microvm machine has neither HPET nor ACPI timer: an emulated guest's kernel has only
	 * the PIT to measure the TSC by. On a busy host that fails, and then it hangs.
	 */
	if (q->tsc_khz)
		tsc = xasprintf(" tsc=reliable tsc_early_khz=%lu", q->tsc_khz);
	args_add(argv, "-append");
	/* Its initcalls are told at a level that "quiet" keeps from the console. */
	args_addf(argv,
		  "console=ttyS0 %s panic=-1%s coldprof.ip=%s/%d coldprof.gw=%s "
		  "coldprof.port=%u%s%s",
		  o->guest_initcalls ? "initcall_debug ignore_loglevel" : "quiet", tsc ? tsc : "", NET_SERVICE_ADDRESS, NET_PREFIX, NET_CLIENT_ADDRESS, o->port,
		  o->append ? " " : "", o->append ? o->append : "");
}

static const struct scenario_pipe pipes[] = {
	{ .name = "console" },
	{ .name = "port-f4", .port = 0xf4 }, /* where our init, among others, marks its way */
	{ .name = "port-f5", .port = 0xf5 }, /* qemu-boot-time's for firmware */
	{ .name = "port-f1", .port = 0xf1 }, /* Linux's last write before protected mode */
	{ 0 }
};

/* The serial port, and a debug console for each port that a boot is marked by. */
static void add_outputs(const struct scenario_run *run, struct args *argv)
{
	const struct scenario_pipe *p;

	args_add(argv, "-serial");
	args_addf(argv, "file:%s/console", run->dir);
	for (p = pipes; p->name; p++) {
		if (!p->port)
			continue;
		args_add(argv, "-chardev");
		args_addf(argv, "file,id=%s,path=%s/%s", p->name, run->dir, p->name);
		args_add(argv, "-device");
		args_addf(argv, "isa-debugcon,iobase=0x%x,chardev=%s", p->port, p->name);
	}
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct scenario_options *o = s->options;
	const struct qemu *q = s->state;

	(void)err;
	args_add(argv, s->runtime_path);
	args_add(argv, "-M");
	args_addf(argv, "microvm,accel=%s", q->accel.kvm ? "kvm" : "tcg");
	add_cpu(q, argv);
	args_add(argv, "-m");
	args_addf(argv, "%u", o->memory_mib ? o->memory_mib : MEMORY_MIB);
	args_add(argv, "-smp");
	args_addf(argv, "%u", o->vcpus ? o->vcpus : 1);
	args_add_words(argv, "-nodefaults -no-user-config -nographic -no-reboot"
			     " -name coldprof,debug-threads=on");
	args_add(argv, "-kernel");
	args_add(argv, q->kernel);
	args_add(argv, "-initrd");
	args_add(argv, q->initrd);
	add_append(s, argv);
	add_outputs(run, argv);
	args_add(argv, "-netdev");
	args_add(argv, "tap,id=n0,ifname=" NET_TAP ",script=no,downscript=no");
	args_add(argv, "-device");
	args_add(argv, "virtio-net-device,netdev=n0,mac=" NET_SERVICE_MAC);
	add_runtime_args(o, s->ops->name, argv);
	return 0;
}

static void cleanup(struct scenario *s)
{
	struct qemu *q = s->state;

	free(q->kernel);
	free(q->initrd);
	q->kernel = q->initrd = NULL;
}

/*
 * With KVM its calls tell; under TCG the vCPU's thread is the first sign of it. An ELF kernel unpacks
 * nothing, and does not go through real mode, whose end is port 0xf1. Where the unpacked kernel begins
 * only a console with the log's beginning tells: without it the two are one phase.
 */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "linking and start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "device model", .at = PHASE_KVM_IOCTL, .nr = 0xae01, .optional = true },
	{ .name = "kernel image read", .at = PHASE_SYSCALL, .nr = SYSCALL_READ,
	  .object = "*vmlinu*", .optional = true },
	{ .name = "vCPUs made", .at = PHASE_KVM_IOCTL, .nr = 0xae41, .optional = true },
	{ .name = "firmware", .at = PHASE_KVM_RUN },
	{ .name = "firmware", .at = PHASE_COMM, .object = "CPU */TCG" },
	{ .name = "decompression", .at = PHASE_GUEST_MARK, .nr = 0xf1, .last = true,
	  .before = MILESTONE_CONNECTED, .optional = true },
	{ .name = "kernel", .at = PHASE_GUEST_CLOCK },
	{ .name = "init", .at = PHASE_GUEST_MARK, .nr = 0xf4, .mask = 0xff, .value = 6 },
	{ .name = "init", .at = PHASE_CONSOLE, .object = "*coldprof-init: start*" },
	{ .name = "service start-up", .at = PHASE_GUEST_MARK, .nr = 0xf4, .mask = 0xff, .value = 7 },
	{ .name = "service start-up", .at = PHASE_CONSOLE,
	  .object = "*coldprof-init: exec service*" },
	{ .name = "connected to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_CONNECTED },
	{ 0 }
};

const struct scenario_ops scenario_qemu = {
	.name = "qemu",
	.title = "QEMU microvm",
	.summary = "a Linux guest on QEMU's smallest machine, virtio-net on a tap",
	.boundary = "VM",
	.flags = SCENARIO_VM,
	.tells_initcalls = true,
	.net = NET_TAP_DEVICE,
	.timeout = 120,
	.pipes = pipes,
	.phases = phases,
	.state_size = sizeof(struct qemu),
	.probe = probe,
	.command = command,
	.cleanup = cleanup,
};
