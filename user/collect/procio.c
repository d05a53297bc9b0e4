// SPDX-License-Identifier: GPL-2.0-only
/* procio.c - the kernel's account of reads and page faults. */
#include "user/collect/procio.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/mem.h"

static int open_file(pid_t pid, const char *name, FILE **file)
{
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	*file = fopen(path, "re");
	return *file ? 0 : -errno;
}

static int read_io(pid_t pid, struct host_io *io)
{
	CLEANUP_FCLOSE FILE *file = NULL;
	char line[128];
	int ret = open_file(pid, "io", &file);

	if (ret)
		return ret;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "rchar: %" SCNu64, (uint64_t *)&io->call_bytes) != 1)
			sscanf(line, "read_bytes: %" SCNu64, (uint64_t *)&io->storage_bytes);
	return ferror(file) ? -EIO : 0;
}

/* Behind the name, which may hold anything: state ppid pgrp session tty tpgid flags, then faults. */
static int read_stat(pid_t pid, struct host_io *io)
{
	uint64_t minor, children_minor, major, children_major;
	CLEANUP_FCLOSE FILE *file = NULL;
	char text[1024];
	const char *at;
	size_t n;
	int ret = open_file(pid, "stat", &file);

	if (ret)
		return ret;
	n = fread(text, 1, sizeof(text) - 1, file);
	text[n] = '\0';
	at = strrchr(text, ')');
	if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %" SCNu64 " %" SCNu64 " %" SCNu64
			  " %" SCNu64, &minor, &children_minor, &major, &children_major) != 4)
		return -EPROTO;
	io->minor_faults = minor + children_minor;
	io->major_faults = major + children_major;
	return 0;
}

int procio_add(struct host_io *sum, pid_t pid)
{
	struct host_io io = { 0 };
	int ret = read_io(pid, &io);

	if (!ret)
		ret = read_stat(pid, &io);
	if (ret)
		return ret;
	sum->call_bytes += io.call_bytes;
	sum->storage_bytes += io.storage_bytes;
	sum->minor_faults += io.minor_faults;
	sum->major_faults += io.major_faults;
	return 0;
}

uint64_t procio_own_peak_rss(void)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/self/status", "re");
	char line[128];
	uint64_t kib;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "VmHWM: %" SCNu64, &kib) == 1)
			return kib * 1024;
	return 0;
}

static void take(__u64 *from, __u64 value)
{
	*from = *from > value ? *from - value : 0;
}

void procio_subtract(struct host_io *sum, const struct host_io *before)
{
	take(&sum->call_bytes, before->call_bytes);
	take(&sum->storage_bytes, before->storage_bytes);
	take(&sum->minor_faults, before->minor_faults);
	take(&sum->major_faults, before->major_faults);
}
