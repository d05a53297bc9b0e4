// SPDX-License-Identifier: GPL-2.0-only
/*
 * firecracker.c - Firecracker by configuration file: no API socket, an uncompressed kernel, the same
 * initramfs and tap as QEMU's row. Written to its documentation (docs/getting-started.md,
 * src/firecracker/swagger/firecracker.yaml of 1.12); not tried on the real thing by its authors.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/guest_phases.h"
#include "scenarios/vmlinux.h"
#include "scenarios/vmm.h"
#include "user/base/mem.h"
#include "user/model/syscall_names.h"
#include "user/record/format.h"

#define GET_FIRECRACKER                                                                            \
	"github.com/firecracker-microvm/firecracker/releases, on a host with vmx or svm"

/*
 * The boot timer is the first page of the gap for devices below 4 GiB (src/vmm/src/arch/x86_64/layout.rs),
 * which has grown from 768 MiB to 1 GiB. Nothing is at the other one's address, and a write to nothing
 * is ignored: the guest tells both.
 */
#define BOOT_TIMER "0xc0000000,0xd0000000"

static const struct program program = { .name = "firecracker", .version_arg = "--version" };

struct firecracker {
	struct vmm vmm;
	char *jailer; /* with --jailer; owned */
	char *exec_file; /* … and what it copies: its name names the jail; owned */
};

static int probe(struct scenario *s, struct error *err)
{
	struct firecracker *f = s->state;
	int ret = vmm_probe(s, &f->vmm, &program, GET_FIRECRACKER, err);

	if (ret || !s->options->jailer)
		return ret;
	f->jailer = find_tool(s->options, "jailer");
	if (!f->jailer)
		return scenario_unavailable(s, GET_FIRECRACKER, "--jailer: no jailer is installed");
	f->exec_file = realpath(s->runtime_path, NULL);
	return f->exec_file ? 0 : error_errno(err, -errno, "cannot resolve %s", s->runtime_path);
}

static int prepare(struct scenario *s, struct error *err)
{
	struct firecracker *f = s->state;

	return vmlinux_of(s->options, f->vmm.kernel, s->scratch, &f->vmm.vmlinux, err);
}

/*
 * Its defaults, less "nomodule": the drivers of our guest are modules. The serial port is off unless
 * asked for: each character of it is an exit to the VMM.
 */
char *firecracker_config(const struct scenario_options *o, const struct firecracker_files *f)
{
	CLEANUP_FREE char *base =
		xasprintf("reboot=k panic=1 pci=off i8042.noaux i8042.nomux i8042.dumbkbd "
			  "swiotlb=noforce coldprof.boot_timer=" BOOT_TIMER " %s", o->serial ? "console=ttyS0" : "8250.nr_uarts=0 quiet");
	CLEANUP_FREE char *append = vmm_append(o, base);
	json_t *j = json_pack(
		"{s:{s:s, s:s, s:s}, s:[], s:{s:i, s:i, s:b, s:b}, s:[{s:s, s:s, s:s}]}",
		"boot-source", "kernel_image_path", f->kernel, "initrd_path", f->initrd, "boot_args",
		append, "drives", "machine-config", "vcpu_count", o->vcpus ? (int)o->vcpus : 1,
		"mem_size_mib", o->memory_mib ? (int)o->memory_mib : VMM_MEMORY_MIB, "smt", 0,
		"track_dirty_pages", 0, "network-interfaces", "iface_id", "eth0", "host_dev_name",
		NET_TAP, "guest_mac", NET_SERVICE_MAC);
	char *text = j ? json_dumps(j, JSON_INDENT(1)) : NULL;

	json_decref(j);
	return text;
}

static int write_file(const char *path, const char *text, struct error *err)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fflush(f))
		return error_errno(err, -errno, "cannot write %s", path);
	return 0;
}

/* A file where the jailed process will see it. Bound, so that page cache stays what it was. */
static int bind_file(const char *from, const char *to, struct error *err)
{
	CLEANUP_CLOSE int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || mount(from, to, NULL, MS_BIND, NULL))
		return error_errno(err, -errno, "cannot bind %s to %s", from, to);
	return 0;
}

/*
 * The chroot that the jailer will enter: BASE/NAME/ID/root, where NAME is that of the program's file
 * when all links are followed ("firecracker-v1.12.0-x86_64").
 */
char *firecracker_jail(const char *exec_file, const struct scenario_run *run)
{
	const char *slash = strrchr(exec_file, '/');

	return xasprintf("%s/jail/%s/%s/root", run->dir, slash ? slash + 1 : exec_file, run->id);
}

/*
 * The jailer copies the program there and makes devices: not on /run, where neither may be used. Its
 * log is bound in from the run's directory, which is there when all of this is gone.
 */
static int make_jail(const struct firecracker *f, const struct scenario_run *run, char **root,
		     struct error *err)
{
	CLEANUP_FREE char *path = firecracker_jail(f->exec_file, run), *kernel = NULL, *initrd = NULL;
	CLEANUP_FREE char *base = xasprintf("%s/jail", run->dir);
	char *at;
	int ret;

	if (mkdir(base, 0755) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make %s", base);
	if (mount("none", base, "tmpfs", MS_NOSUID, "mode=755"))
		return error_errno(err, -errno, "cannot mount a file system for the jail");
	for (at = path + strlen(run->dir) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return error_errno(err, -errno, "cannot make %s", path);
		*at = '/';
	}
	if (mkdir(path, 0755) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make %s", path);
	kernel = xasprintf("%s/vmlinux", path);
	initrd = xasprintf("%s/initrd", path);
	ret = bind_file(f->vmm.vmlinux, kernel, err);
	if (!ret)
		ret = bind_file(f->vmm.initrd, initrd, err);
	if (!ret)
		*root = STEAL(path);
	return ret;
}

static int enter(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	const struct firecracker *f = s->state;
	struct firecracker_files files = { f->vmm.vmlinux, f->vmm.initrd };
	CLEANUP_FREE char *dir = xstrdup(run->dir), *config = NULL, *log = NULL, *text = NULL;
	int ret = 0;

	if (f->jailer) {
		free(dir);
		dir = NULL;
		files = (struct firecracker_files){ "/vmlinux", "/initrd" };
		ret = make_jail(f, run, &dir, err);
	}
	if (ret)
		return ret;
	config = xasprintf("%s/vm.json", dir);
	log = xasprintf("%s/log", run->dir);
	text = firecracker_config(s->options, &files);
	if (!text)
		return error_set(err, -EILSEQ, "a path or --append is not valid UTF-8");
	ret = write_file(config, text, err);
	if (!ret)
		ret = write_file(log, "", err); /* it opens its log, it does not make it */
	if (!ret && f->jailer) {
		CLEANUP_FREE char *inside = xasprintf("%s/log", dir);

		ret = bind_file(log, inside, err);
	}
	return ret;
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	const struct firecracker *f = s->state;
	const char *dir = f->jailer ? "" : run->dir;

	(void)err;
	if (f->jailer) {
		args_add(argv, f->jailer);
		args_add(argv, "--id");
		args_add(argv, run->id);
		args_add(argv, "--exec-file");
		args_add(argv, f->exec_file);
		args_add_words(argv, "--uid 0 --gid 0 --chroot-base-dir");
		args_addf(argv, "%s/jail", run->dir);
		args_add(argv, "--");
	} else {
		args_add(argv, s->runtime_path);
		args_add(argv, "--id");
		args_add(argv, run->id);
	}
	args_add_words(argv, "--no-api --boot-timer --level Info --config-file");
	args_addf(argv, "%s/vm.json", dir);
	args_add(argv, "--log-path");
	args_addf(argv, "%s/log", dir);
	add_runtime_args(s->options, s->ops->name, argv);
	return 0;
}

static bool boot_time(struct scenario *s, const struct scenario_run *run, uint64_t *ns,
		      uint64_t *cpu_ns)
{
	CLEANUP_FREE char *log = xasprintf("%s/log", run->dir);

	(void)s;
	return vmm_log_read(log, ns, cpu_ns);
}

static void cleanup(struct scenario *s)
{
	struct firecracker *f = s->state;

	vmm_release(&f->vmm);
	free(f->jailer);
	free(f->exec_file);
	f->jailer = f->exec_file = NULL;
}

/* The order of build_microvm_for_boot() in src/vmm/src/builder.rs. */
static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "jailer", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC,
	  .before_exe = "firecracker*", .optional = true },
	{ .name = "firecracker's start-up", .at = PHASE_EXEC, .exe = "firecracker*" },
	{ .name = "VM made", .at = PHASE_KVM_IOCTL, .nr = 0xae01 },
	{ .name = "guest memory, kernel, devices", .at = PHASE_KVM_IOCTL, .nr = 0x4020ae46 },
	{ .name = "vCPUs set up", .at = PHASE_COMM, .object = "fc_vcpu *", .optional = true },
	GUEST_KERNEL,
	GUEST_INIT,
	GUEST_NETWORK,
	GUEST_SERVICE,
	{ .name = "connected to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_CONNECTED },
	{ 0 }
};

const struct scenario_ops scenario_firecracker = {
	.name = "firecracker",
	.title = "Firecracker",
	.summary = "a Linux guest on Firecracker, direct kernel boot (untested on the real thing)",
	.boundary = "VM",
	.flags = SCENARIO_VM,
	.net = NET_TAP_DEVICE,
	.timeout = 120,
	.phases = phases,
	.state_size = sizeof(struct firecracker),
	.probe = probe,
	.prepare = prepare,
	.enter = enter,
	.command = command,
	.boot_time = boot_time,
	.cleanup = cleanup,
};
