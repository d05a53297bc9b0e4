// SPDX-License-Identifier: GPL-2.0-only
/* accel.c - KVM or emulation, and the rate of the TSC that an emulated guest sees. */
#include "scenarios/accel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

#define CPUINFO_MAX 16384 /* the first CPU's part, whatever the number of CPUs */

static char *read_cpuinfo(void)
{
	CLEANUP_FCLOSE FILE *f = fopen("/proc/cpuinfo", "re");
	char *text = xcalloc(1, CPUINFO_MAX);

	if (f)
		text[fread(text, 1, CPUINFO_MAX - 1, f)] = '\0';
	return text;
}

/* What stands after "key<blanks>:" of the first line that begins so; NULL when there is none. */
static const char *cpuinfo_value(const char *cpuinfo, const char *key)
{
	size_t n = strlen(key);

	while (cpuinfo) {
		const char *after = cpuinfo + n;

		if (!strncmp(cpuinfo, key, n)) {
			after += strspn(after, " \t");
			if (*after == ':')
				return after + 1;
		}
		cpuinfo = strchr(cpuinfo, '\n');
		if (cpuinfo)
			cpuinfo++;
	}
	return NULL;
}

bool accel_cpu_flag(const char *cpuinfo, const char *flag)
{
	const char *p = cpuinfo_value(cpuinfo, "flags");
	size_t n = strlen(flag);

	while (p && *p && *p != '\n') {
		size_t len;

		p += strspn(p, " \t");
		len = strcspn(p, " \t\n");
		if (len == n && !strncmp(p, flag, n))
			return true;
		p += len;
	}
	return false;
}

unsigned long accel_cpu_khz(const char *cpuinfo)
{
	const char *p = cpuinfo_value(cpuinfo, "cpu MHz");
	unsigned long mhz = 0, khz = 0;

	/* not strtod(), which goes by the locale */
	if (!p || sscanf(p, " %9lu.%3lu", &mhz, &khz) < 1)
		return 0;
	return mhz * 1000 + khz;
}

unsigned long accel_tsc_khz(void)
{
	CLEANUP_FREE char *cpuinfo = read_cpuinfo();

	return accel_cpu_flag(cpuinfo, "hypervisor") ? accel_cpu_khz(cpuinfo) : 0;
}

void accel_read_host(struct accel_host *h)
{
	CLEANUP_FREE char *cpuinfo = read_cpuinfo();
	CLEANUP_CLOSE int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	h->kvm_errno = fd < 0 ? errno : 0;
	h->vmx = accel_cpu_flag(cpuinfo, "vmx");
	h->svm = accel_cpu_flag(cpuinfo, "svm");
	h->pvm = !access("/sys/module/kvm_pvm", F_OK);
}

static const char *why_not_kvm(const struct accel_host *h)
{
	if (!h->vmx && !h->svm)
		return h->pvm ? "no vmx/svm (kvm_pvm)" : "no vmx/svm";
	if (h->kvm_errno == ENOENT)
		return "no /dev/kvm";
	if (h->kvm_errno)
		return "/dev/kvm cannot be opened";
	return h->pvm ? "KVM's vendor module is kvm_pvm" : NULL;
}

static int set(struct accel *a, bool kvm, int ret, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int set(struct accel *a, bool kvm, int ret, const char *fmt, ...)
{
	va_list ap;

	a->kvm = kvm;
	va_start(ap, fmt);
	vsnprintf(a->text, sizeof(a->text), fmt, ap);
	va_end(ap);
	return ret;
}

int accel_choose(const char *wanted, const struct accel_host *h, struct accel *a)
{
	const char *vendor = h->pvm ? "kvm_pvm" : h->vmx ? "vmx" : h->svm ? "svm" : "no vmx/svm";

	if (wanted && !strcmp(wanted, "tcg"))
		return set(a, false, 0, "tcg: emulated, as asked for");
	if (wanted && !strcmp(wanted, "kvm")) {
		if (h->kvm_errno)
			return set(a, true, 1, "/dev/kvm cannot be opened: %s",
				   strerror(h->kvm_errno));
		return set(a, true, 0, "kvm (%s)", vendor);
	}
	if (wanted && strcmp(wanted, "auto"))
		return -EINVAL;
	if (why_not_kvm(h))
		return set(a, false, 0, "tcg: emulated, %s", why_not_kvm(h));
	return set(a, true, 0, "kvm (%s)", vendor);
}
