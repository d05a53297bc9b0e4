// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/environment.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "user/base/mem.h"

#define CGROUP2_MAGIC 0x63677270
#define TMPFS_MAGIC 0x01021994

/* Value of the first "key : value" line of /proc/cpuinfo; false when there is none. */
static bool cpuinfo(const char *key, char *value, size_t size)
{
	CLEANUP_FCLOSE FILE *f = fopen("/proc/cpuinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t cap = 0, len = strlen(key);

	while (f && getline(&line, &cap, f) > 0) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, len) || !isspace((unsigned char)line[len]))
			continue;
		colon += strspn(colon, ": \t");
		colon[strcspn(colon, "\n")] = '\0';
		snprintf(value, size, "%s", colon);
		return true;
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p = text;

	while ((p = strstr(p, word))) {
		if ((p == text || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
		p += len;
	}
	return false;
}

const char *environment_kvm(void)
{
	char flags[8192];

	if (access("/dev/kvm", F_OK))
		return "none";
	if (!access("/sys/module/kvm_pvm", F_OK))
		return "pvm";
	if (!cpuinfo("flags", flags, sizeof(flags)))
		return "none";
	if (has_word(flags, "vmx"))
		return "vmx";
	return has_word(flags, "svm") ? "svm" : "none";
}

const char *environment_cgroup(void)
{
	struct statfs fs;

	if (statfs("/sys/fs/cgroup", &fs))
		return "none";
	if (fs.f_type == CGROUP2_MAGIC)
		return "v2";
	if (fs.f_type != TMPFS_MAGIC)
		return "none";
	return access("/sys/fs/cgroup/unified", F_OK) ? "v1" : "hybrid";
}

bool environment_favours_moves(void)
{
	CLEANUP_FCLOSE FILE *f = fopen("/proc/self/mountinfo", "re");
	CLEANUP_FREE char *line = NULL;
	size_t cap = 0;

	/* Behind " - " are the type of the file system, its source and its own options. */
	while (f && getline(&line, &cap, f) > 0) {
		const char *type = strstr(line, " - cgroup");

		if (type && strstr(type, "favordynmods"))
			return true;
	}
	return false;
}

bool environment_rcu_expedited(void)
{
	CLEANUP_FCLOSE FILE *f = fopen("/sys/kernel/rcu_expedited", "re");
	int value = 0;

	return f && fscanf(f, "%d", &value) == 1 && value;
}

/* The first line of a file, where there is one. */
static void file_fact(environment_fn fn, void *ctx, const char *key, const char *path)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");
	char text[256];

	if (!f || !fgets(text, sizeof(text), f))
		return;
	text[strcspn(text, "\n")] = '\0';
	fn(ctx, key, text);
}

void environment_each(environment_fn fn, void *ctx)
{
	struct utsname uts;
	char text[256], flags[8192];

	if (!uname(&uts)) {
		fn(ctx, "kernel", uts.release);
		fn(ctx, "architecture", uts.machine);
	}
	if (cpuinfo("model name", text, sizeof(text)))
		fn(ctx, "cpu", text);
	snprintf(text, sizeof(text), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	fn(ctx, "cpus", text);
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
	fn(ctx, "memory_bytes", text);
	fn(ctx, "kvm", environment_kvm());
	/* A host that is itself a guest: what runs in a VM here is nested. */
	if (cpuinfo("flags", flags, sizeof(flags)))
		fn(ctx, "virtualized", has_word(flags, "hypervisor") ? "yes" : "no");
	fn(ctx, "cgroup", environment_cgroup());
	/* Whether KVM has to keep the guest's code in small pages, and does: a part of KVM_CREATE_VM. */
	file_fact(fn, ctx, "itlb_multihit", "/sys/devices/system/cpu/vulnerabilities/itlb_multihit");
	file_fact(fn, ctx, "nx_huge_pages", "/sys/module/kvm/parameters/nx_huge_pages");
}
