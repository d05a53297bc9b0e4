// SPDX-License-Identifier: GPL-2.0-only
/* vmlinux.c - from a bzImage to the ELF file in it (Documentation/arch/x86/boot.rst). */
#include "scenarios/vmlinux.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

#define SETUP_SECTS 0x1f1
#define MAGIC 0x202
#define PROTOCOL 0x206
#define PAYLOAD_OFFSET 0x248 /* since protocol 2.08 */
#define PAYLOAD_LENGTH 0x24c
#define HEADER_BYTES 0x250
#define IMAGE_MAX (256u << 20)

static const struct compression {
	const char *magic;
	size_t n;
	const char *tool;
	unsigned int tail; /* bytes behind the stream: the size that Linux appends to it */
} compressions[] = {
	{ "\x1f\x8b", 2, "gzip", 0 }, /* that format has the size itself */
	{ "\xfd" "7zXZ", 5, "xz", 4 },
	{ "\x02\x21\x4c\x18", 4, "lz4", 4 },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", 4 },
	{ "BZh", 3, "bzip2", 4 },
	{ "\x5d\x00\x00", 3, "lzma", 4 },
};

static uint32_t u32_at(const unsigned char *p, size_t at)
{
	return p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16 |
	       (uint32_t)p[at + 3] << 24;
}

/* Where the payload lies in a file of that size. */
static int find_payload(const unsigned char *header, uint64_t size, uint64_t *at, uint64_t *n)
{
	unsigned int sectors = header[SETUP_SECTS] ? header[SETUP_SECTS] : 4;

	if (memcmp(header + MAGIC, "HdrS", 4) || header[PROTOCOL + 1] < 2 ||
	    (header[PROTOCOL + 1] == 2 && header[PROTOCOL] < 8))
		return -EINVAL;
	*at = (sectors + 1) * 512ull + u32_at(header, PAYLOAD_OFFSET);
	*n = u32_at(header, PAYLOAD_LENGTH);
	return *n > 8 && *at + *n <= size && *n <= IMAGE_MAX ? 0 : -EINVAL;
}

static int copy_out(int fd, uint64_t at, uint64_t n, const char *path, struct error *err)
{
	CLEANUP_CLOSE int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char buffer[65536];

	if (out < 0)
		return error_errno(err, -errno, "cannot make %s", path);
	while (n) {
		size_t want = n < sizeof(buffer) ? n : sizeof(buffer);
		ssize_t wrote, got = pread(fd, buffer, want, (off_t)at);

		if (got <= 0)
			return error_errno(err, got ? -errno : -EIO, "cannot read the kernel for %s", path);
		/* What is written short leaves no errno. */
		wrote = write(out, buffer, (size_t)got);
		if (wrote != got)
			return error_errno(err, wrote < 0 ? -errno : -ENOSPC,
					   "cannot copy the kernel to %s", path);
		at += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}

static int unpack(const char *tool, const char *packed, const char *path, struct error *err)
{
	struct args argv = { 0 };
	int ret;

	args_add(&argv, "/bin/sh");
	args_add(&argv, "-c");
	args_add(&argv, "exec \"$1\" -dc <\"$2\" >\"$3\"");
	args_add(&argv, "sh");
	args_add(&argv, tool);
	args_add(&argv, packed);
	args_add(&argv, path);
	ret = run_program(&argv, err);
	args_release(&argv);
	return ret;
}

static bool is_elf(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	return fd >= 0 && read(fd, magic, 4) == 4 && !memcmp(magic, "\x7f" "ELF", 4);
}

static int extract(const struct scenario_options *o, int fd, const char *image, const char *dir,
		   char **path, struct error *err)
{
	CLEANUP_FREE char *packed = xasprintf("%s/vmlinux.packed", dir);
	CLEANUP_FREE char *out = xasprintf("%s/vmlinux", dir);
	CLEANUP_FREE char *tool = NULL;
	unsigned char header[HEADER_BYTES], magic[8];
	const struct compression *c = NULL;
	uint64_t at, n;
	size_t i;
	int ret;

	if (pread(fd, header, sizeof(header), 0) != sizeof(header) ||
	    find_payload(header, (uint64_t)lseek(fd, 0, SEEK_END), &at, &n) ||
	    pread(fd, magic, sizeof(magic), (off_t)at) != sizeof(magic))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "%s is neither an ELF kernel nor a bzImage", image);
	for (i = 0; i < ARRAY_SIZE(compressions); i++)
		if (!memcmp(magic, compressions[i].magic, compressions[i].n))
			c = &compressions[i];
	if (!c)
		return error_set(err, -ENOTSUP, "%s is compressed in a way that is not known", image);
	tool = find_tool(o, c->tool);
	if (!tool)
		return error_set(err, -ENOENT, "%s is compressed by %s, which is not installed "
				 "(apt-get install %s)", image, c->tool,
				 strcmp(c->tool, "xz") && strcmp(c->tool, "lzma") ? c->tool :
										   "xz-utils");
	ret = copy_out(fd, at, n - c->tail, packed, err);
	if (!ret)
		ret = unpack(tool, packed, out, err);
	unlink(packed);
	if (!ret && !is_elf(out))
		ret = error_set(err, -EINVAL, "what %s makes of %s is no ELF file", c->tool, image);
	if (!ret)
		*path = STEAL(out);
	return ret;
}

int vmlinux_of(const struct scenario_options *o, const char *image, const char *dir, char **path,
	       struct error *err)
{
	CLEANUP_CLOSE int fd = open(image, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, -errno, "cannot read %s", image);
	if (!is_elf(image))
		return extract(o, fd, image, dir, path, err);
	*path = xstrdup(image);
	return 0;
}
