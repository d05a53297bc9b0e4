/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resolver.h - from addresses to "runtime.schedinit+0x1f", or honestly to "runc+0x7d20".
 *
 * Names belong to the machine and the moment of a run: the resolver is used while collecting, what
 * it says is what is recorded. It reads each file once, when it is first asked for, and keeps the
 * table; a file or address that it cannot vouch for is not named:
 *
 *   - A file is used when its build id is the one expected; else, where no build id is expected,
 *     when device and inode are. So a file replaced since is not used, under whatever path.
 *   - Equal build ids mean equal contents: a runc that copied itself into a memfd is named by the
 *     table of /usr/sbin/runc, once that was loaded (resolver_load()).
 *   - An address must lie inside of a symbol (see elf_symbols.h), not just behind one.
 *
 * Inodes are used again: what is known of an object by its inode holds for one run. Between two,
 * call resolver_next_run(); files that are still the same are not read again.
 *
 * Lazy means that a file may be gone when it is asked for: a container's binaries after its mount
 * namespace has ended. Call resolver_load() while the process lives.
 */
#ifndef COLDPROF_RESOLVER_H
#define COLDPROF_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/error.h"

#define RESOLVED_NAME_MAX 256 /* bytes with the NUL; Go's generics run to a KiB */
#define RESOLVED_OBJECT_MAX 64
#define RESOLVED_TEXT_MAX (RESOLVED_NAME_MAX + 32)

struct resolver;

/*
 * What is mapped. All is borrowed for the call. Files live on (device, inode) of the kernel's
 * s_dev, i.e. of /proc/PID/maps and stat(2); from a BPF program: major = s_dev >> 20,
 * minor = s_dev & 0xfffff.
 */
struct resolver_object {
	const char *path;        /* as its process sees it, to name and open it; "[vdso]" too */
	const char *root;        /* open path inside of this (/proc/PID/root), or NULL */
	const char *at;          /* open this instead (/proc/PID/exe, …/map_files/…), or NULL */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;          /* 0 = not known */
	const uint8_t *build_id; /* of the GNU note; NULL = not known */
	size_t build_id_size;
};

struct resolved {
	char name[RESOLVED_NAME_MAX];     /* "" = unresolved. Raw bytes: escape before showing */
	char object[RESOLVED_OBJECT_MAX]; /* basename; "kernel" or a module's name */
	uint64_t offset;                  /* in the function; unresolved: see below */
	bool exact;                       /* false: the table does not say where it ends */
	const char *why;                  /* unresolved: a short sentence (static), else NULL */
};

/* kallsyms: the file to read kernel symbols from, NULL for /proc/kallsyms. Nothing is read yet. */
struct resolver *resolver_new(const char *kallsyms);

/* Forget which object was which file; tables are kept, for files of the same inode and ctime. */
void resolver_next_run(struct resolver *r);

/* NULL is nothing. */
void resolver_free(struct resolver *r);

/*
 * Name the function at a file offset of an object: address - start of the mapping + its pgoff in
 * bytes. In frames above the first, the address is where the call returns to: pass one less, or
 * what follows a call that does not return is named. Unresolved: out->offset is the file offset.
 */
void resolver_user(struct resolver *r, const struct resolver_object *object, uint64_t file_offset,
		   struct resolved *out);

/*
 * Name a kernel address; the first call reads kallsyms, some 0.1 s. Unresolved: out->offset is the
 * address.
 */
void resolver_kernel(struct resolver *r, uint64_t address, struct resolved *out);

/*
 * Read an object now. 0 when it has a table of names; negative with a sentence otherwise (it will
 * be shown as object+offset; nothing to do about it). With neither inode nor build id the file is
 * taken as it is found, for objects with the same build id: resolver_load() of the runtimes' own
 * binaries before a run.
 */
int resolver_load(struct resolver *r, const struct resolver_object *object, struct error *err);

/* Read kallsyms now. -EACCES, class ERROR_HOST: the kernel hides addresses. */
int resolver_load_kernel(struct resolver *r, struct error *err);

/* "name+0x1f", "name" where the offset is 0, "object+0x7d20". Raw bytes as in name. Returns buf. */
const char *resolved_text(char buf[RESOLVED_TEXT_MAX], const struct resolved *s);

#endif
