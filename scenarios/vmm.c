// SPDX-License-Identifier: GPL-2.0-only
/* vmm.c - what Firecracker and cloud-hypervisor have in common. */
#include "scenarios/vmm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/accel.h"
#include "user/base/mem.h"

const char *vmm_no_kvm(const struct scenario_options *o, char *buf, size_t n)
{
	struct accel_host host;

	accel_read_host(&host);
	if (o->accel && !strcmp(o->accel, "tcg"))
		return "it runs guests by KVM only, and --accel tcg was asked for";
	if (host.kvm_errno) {
		snprintf(buf, n, "/dev/kvm cannot be opened (%s)", strerror(host.kvm_errno));
		return buf;
	}
	if (!host.vmx && !host.svm && !(o->accel && !strcmp(o->accel, "kvm")))
		return host.pvm ? "KVM here is kvm_pvm, without vmx or svm" : "no vmx or svm";
	return NULL;
}

/* "a" or "a; b". */
static void add_missing(char **all, const char *what)
{
	char *longer = *all ? xasprintf("%s; %s", *all, what) : xstrdup(what);

	free(*all);
	*all = longer;
}

static int find_file(const struct scenario_options *o, const char *option, const char *given,
		     const char *ours, char **path, struct error *err)
{
	if (given)
		return user_file(option, given, path, err);
	*path = lib_path(o, ours);
	return 0;
}

int vmm_probe(struct scenario *s, struct vmm *v, const struct program *p, const char *get,
	      struct error *err)
{
	const struct scenario_options *o = s->options;
	CLEANUP_FREE char *missing = NULL;
	char buf[128];
	const char *no_kvm = vmm_no_kvm(o, buf, sizeof(buf));
	int ret;

	if ((o->rootfs || o->bundle || o->image) && !o->initrd)
		return scenario_not_for_rootfs(s);
	ret = find_program(s, p, err);
	if (ret < 0)
		return ret;
	if (ret > 0) {
		CLEANUP_FREE char *what = xasprintf("%s is not installed", p->name);

		add_missing(&missing, what);
	}
	if (no_kvm)
		add_missing(&missing, no_kvm);
	ret = find_file(o, "--kernel", o->kernel, "guest/vmlinuz", &v->kernel, err);
	if (!ret)
		ret = find_file(o, "--initrd", o->initrd, "guest/initrd.gz", &v->initrd, err);
	if (ret)
		return ret;
	if (!v->kernel || !v->initrd)
		add_missing(&missing, "the guest's kernel and initramfs are not there (make runtimes)");
	if (missing)
		return scenario_unavailable(s, get, "%s", missing);
	free(s->accel);
	s->accel = xstrdup("kvm");
	return 0;
}

char *vmm_append(const struct scenario_options *o, const char *base)
{
	return xasprintf("%s coldprof.ip=%s/%d coldprof.gw=%s coldprof.port=%u%s%s", base,
			 NET_SERVICE_ADDRESS, NET_PREFIX, NET_CLIENT_ADDRESS, o->port,
			 o->append ? " " : "", o->append ? o->append : "");
}

void vmm_release(struct vmm *v)
{
	free(v->kernel);
	free(v->initrd);
	free(v->vmlinux);
	*v = (struct vmm){ 0 };
}
