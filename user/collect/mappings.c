// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/mappings.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/base/mem.h"
#include "user/collect/backing.h"

#define READ_MAX (256 * 1024)
#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_FILE (1ull << 61) /* of a file, or shared anonymous memory */
#define PAGEMAP_EXCLUSIVE (1ull << 56)

struct entry {
	UT_hash_handle hh;
	struct mapping_group group;
	char key[]; /* the kind as a character, then the name */
};

/* ---- what a mapping is ------------------------------------------------------------------------ */

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

/* What cannot be asked (the process is gone): by the names that the kernel gives. */
static enum mapping_kind kind_by_name(const char *name)
{
	return begins(name, "/memfd:") || begins(name, "/SYSV") || begins(name, "/dev/shm/") ||
			       begins(name, "/dev/zero (deleted)") ? MAPPING_SHMEM : MAPPING_FILE;
}

#define PATH_ROOM 96

static void file_path(char path[PATH_ROOM], pid_t pid, const struct smaps_vma *v)
{
	snprintf(path, PATH_ROOM, "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)v->start, (unsigned long long)v->end);
}

/* The file system that a mapping's file is on; map_files leads there whatever its name. */
static enum mapping_kind ask_kind(pid_t pid, const struct smaps_vma *v)
{
	char path[PATH_ROOM];
	struct statfs fs;
	struct stat st;

	file_path(path, pid, v);
	if (statfs(path, &fs))
		return kind_by_name(v->name);
	if (fs.f_type == TMPFS_MAGIC)
		return stat(path, &st) || S_ISREG(st.st_mode) ? MAPPING_SHMEM : MAPPING_DEVICE;
	if (fs.f_type == HUGETLBFS_MAGIC)
		return MAPPING_HUGETLB;
	return fs.f_type == ANON_INODE_FS_MAGIC ? MAPPING_DEVICE : MAPPING_FILE;
}

static enum mapping_kind file_kind(struct mappings *m, const struct smaps_vma *v)
{
	struct mapping_devices *d = m->devices;
	enum mapping_kind kind;
	size_t i;

	if (!d)
		return kind_by_name(v->name);
	for (i = 0; i < d->n; i++)
		if (d->list[i].major == v->major && d->list[i].minor == v->minor &&
		    (d->list[i].kind == MAPPING_FILE || !begins(v->name, "/dev/")))
			return d->list[i].kind;
	kind = ask_kind(m->pid, v);
	/* A /dev of its own is a tmpfs too, full of devices: nothing is learnt from one of them. */
	if (d->n < ARRAY_SIZE(d->list) && !begins(v->name, "/dev/")) {
		d->list[d->n].major = v->major;
		d->list[d->n].minor = v->minor;
		d->list[d->n++].kind = kind;
	}
	return kind;
}

static enum mapping_kind kind_of(struct mappings *m, const struct smaps_vma *v, bool *shmem)
{
	enum mapping_kind kind;

	*shmem = false;
	if (v->hugetlb)
		return MAPPING_HUGETLB;
	if (!v->inode) {
		if (!strcmp(v->name, "[heap]"))
			return MAPPING_HEAP;
		if (begins(v->name, "[stack"))
			return MAPPING_STACK;
		if (*v->name && !begins(v->name, "[anon:"))
			return MAPPING_FILE; /* [vdso] and the like: the kernel's pages */
		return v->executable ? MAPPING_CODE : MAPPING_ANON;
	}
	kind = file_kind(m, v);
	*shmem = kind == MAPPING_SHMEM;
	if (kind != MAPPING_FILE)
		return kind;
	if (!v->writable)
		return MAPPING_FILE;
	return v->shared ? MAPPING_SHARED_FILE : MAPPING_DATA;
}

/* ---- groups -------------------------------------------------------------------------------------- */

static struct host_memory_mapping *group_of(struct mappings *m, enum mapping_kind kind,
					    const char *name)
{
	struct entry *head = m->hash, *e;
	size_t n = 1 + strnlen(name, SMAPS_NAME_MAX - 1);
	char key[1 + SMAPS_NAME_MAX];

	key[0] = (char)kind;
	memcpy(key + 1, name, n - 1);
	HASH_FIND(hh, head, key, n, e);
	if (!e) {
		e = xcalloc(1, sizeof(*e) + n + 1);
		memcpy(e->key, key, n);
		e->group.body.kind = kind;
		HASH_ADD_KEYPTR(hh, head, e->key, n, e);
		m->hash = head;
	}
	return &e->group.body;
}

/* A mapping or part of one into its group and the sums. */
static void put(struct mappings *m, const struct smaps_vma *v, enum mapping_kind kind, bool shmem,
		bool guest)
{
	struct host_memory_mapping *g = group_of(m, guest ? MAPPING_GUEST : kind,
						 kind == MAPPING_HEAP || kind == MAPPING_STACK ?
							 "" : v->name);
	/* Of a mapping that has both, anonymous pages are taken as its own: as a rule they are. */
	uint64_t pss_anon = v->anon >= v->rss ? v->pss : v->anon < v->pss ? v->anon : v->pss;
	uint64_t rss_other = v->rss > v->anon ? v->rss - v->anon : 0;
	enum backing other = shmem ? BACKING_SHMEM : BACKING_FILE;

	g->count++;
	g->bytes += v->end - v->start;
	g->rss += v->rss;
	g->pss += v->pss;
	g->private += v->private;
	g->shared += v->share;
	g->anon += v->anon;
	g->huge += v->huge;
	g->swap += v->swap;
	m->rss += v->rss;
	m->pss += v->pss;
	m->private += v->private;
	m->huge += v->huge;
	m->rss_anon += v->rss - rss_other;
	m->pss_anon += pss_anon;
	if (shmem) {
		m->rss_shmem += rss_other;
		m->pss_shmem += v->pss - pss_anon;
	}
	if (!guest)
		return;
	m->guest_given += v->end - v->start;
	m->guest_huge += v->huge;
	m->guest_rss[BACKING_ANON] += v->rss - rss_other;
	m->guest_pss[BACKING_ANON] += pss_anon;
	m->guest_rss[other] += rss_other;
	m->guest_pss[other] += v->pss - pss_anon;
}

/* ---- guest RAM that is part of a mapping ----------------------------------------------------------- */

struct pages {
	uint64_t present, anon, exclusive;
};

static void count_pages(int fd, uint64_t start, uint64_t end, struct pages *p)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), entries[4096], i;

	while (start < end) {
		uint64_t n = (end - start) / page;
		ssize_t got;

		if (n > ARRAY_SIZE(entries))
			n = ARRAY_SIZE(entries);
		got = n ? pread(fd, entries, n * 8, (off_t)(start / page * 8)) : 0;
		if (got < 8)
			return;
		n = (uint64_t)got / 8;
		for (i = 0; i < n; i++) {
			if (!(entries[i] & PAGEMAP_PRESENT))
				continue;
			p->present += page;
			p->anon += entries[i] & PAGEMAP_FILE ? 0 : page;
			p->exclusive += entries[i] & PAGEMAP_EXCLUSIVE ? page : 0;
		}
		start += n * page;
	}
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Split v: what lies in the ranges goes to in, the rest stays. */
static void split(struct mappings *m, struct smaps_vma *v, struct smaps_vma *in, uint64_t overlap)
{
	char path[64];
	CLEANUP_CLOSE int fd = -1;
	struct pages p = { 0 };
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", m->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	for (i = 0; fd >= 0 && i < m->n_ranges; i++) {
		uint64_t from = m->ranges[i].start > v->start ? m->ranges[i].start : v->start;

		if (from < lesser(m->ranges[i].end, v->end))
			count_pages(fd, from, lesser(m->ranges[i].end, v->end), &p);
	}
	*in = *v;
	in->huge = v->hugetlb ? lesser(p.present, v->huge) : 0;
	in->rss = v->hugetlb ? 0 : lesser(p.present, v->rss);
	in->anon = lesser(lesser(p.anon, v->anon), in->rss);
	in->private = lesser(lesser(p.exclusive, v->private), in->rss);
	in->share = lesser(in->rss - in->private, v->share);
	/* Pages that others map too: as much of each as on average over the whole mapping. */
	in->pss = in->private;
	if (v->share && v->pss > v->private)
		in->pss += (uint64_t)((double)in->share * (double)(v->pss - v->private) /
				      (double)v->share);
	in->pss = lesser(in->pss, v->pss);
	in->swap = 0;
	in->end = in->start + overlap;
	v->end -= overlap;
	v->rss -= in->rss;
	v->pss -= in->pss;
	v->anon -= in->anon;
	v->private -= in->private;
	v->share -= in->share;
	v->huge -= in->huge;
}

/* ---- guest RAM that others may map too -------------------------------------------------------------- */

static bool is_file(const struct mapping_file *f, size_t n, const struct smaps_vma *v)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (f[i].inode == v->inode && f[i].major == v->major && f[i].minor == v->minor)
			return true;
	return false;
}

/*
 * What is there of the guest RAM that a mapping is. A shared one: what its file has, which is more than
 * this process has touched when a helper (vhost-user) or the kernel has too. A file on a disk has all
 * of its blocks, touched or not: there it is RSS.
 */
static void remember_guest(struct mappings *m, const struct smaps_vma *whole,
			   const struct smaps_vma *in, bool memory)
{
	uint64_t there = in->rss + in->huge;
	char path[PATH_ROOM];
	struct stat st;

	if (whole->shared && whole->inode) {
		bool known = is_file(m->files, m->n_files, whole);

		if (known && memory) /* its other half was counted */
			return;
		if (!known && m->n_files < MAPPING_FILES_MAX)
			m->files[m->n_files++] = (struct mapping_file){ whole->inode, whole->major,
									whole->minor };
		file_path(path, m->pid, whole);
		if (memory && !stat(path, &st) && (uint64_t)st.st_blocks * 512 > there)
			there = (uint64_t)st.st_blocks * 512;
	}
	m->guest_there += there;
}

/* Without slots: does it look like guest RAM? */
static bool looks_like(const struct mappings *m, const struct smaps_vma *v)
{
	uint64_t size = v->end - v->start;
	size_t i;

	if (m->n_ranges || !v->writable)
		return false;
	if (m->asked && size == m->asked)
		return true;
	for (i = 0; i < m->n_shapes; i++)
		if (size == m->shapes[i].bytes && backing_of(v) == m->shapes[i].backing)
			return true;
	return false;
}

void mappings_add(struct mappings *m, const struct smaps_vma *vma)
{
	uint64_t size = vma->end - vma->start, overlap;
	struct smaps_vma rest = *vma, in;
	enum mapping_kind kind;
	bool shmem, by_size;

	/* The kernel's own page at the top of the address space is in nobody's RSS. */
	if (!strcmp(vma->name, "[vsyscall]"))
		return;
	kind = kind_of(m, vma, &shmem);
	m->count++;
	overlap = guestram_overlap(m->ranges, m->n_ranges, vma->start, vma->end);
	by_size = kind != MAPPING_DEVICE && kind != MAPPING_CODE && looks_like(m, vma);
	if (!overlap && !by_size && vma->shared && vma->inode &&
	    is_file(m->guest_files, m->n_guest_files, vma)) {
		put(m, vma, kind, shmem, true);
		m->guest_given -= size; /* it was given once, to another one */
		m->guest_others += vma->rss + vma->huge;
		return;
	}
	if (!overlap || overlap == size) {
		put(m, vma, kind, shmem, overlap || by_size);
		if (overlap || by_size)
			remember_guest(m, vma, vma, shmem || vma->hugetlb);
		return;
	}
	split(m, &rest, &in, overlap);
	remember_guest(m, vma, &in, shmem || vma->hugetlb);
	put(m, &rest, kind, shmem, false);
	put(m, &in, kind, shmem, true);
}

static void add_vma(void *ctx, const struct smaps_vma *vma)
{
	mappings_add(ctx, vma);
}

/* ---- all of them -------------------------------------------------------------------------------- */

static int heavier(const void *a, const void *b)
{
	const struct host_memory_mapping *x = &((const struct mapping_group *)a)->body;
	const struct host_memory_mapping *y = &((const struct mapping_group *)b)->body;
	uint64_t x_bytes = x->pss + x->huge, y_bytes = y->pss + y->huge;

	if (x_bytes != y_bytes)
		return x_bytes < y_bytes ? 1 : -1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(((const struct mapping_group *)a)->name,
		      ((const struct mapping_group *)b)->name);
}

void mappings_finish(struct mappings *m)
{
	struct entry *head = m->hash, *e, *next;
	size_t n = HASH_COUNT(head);

	m->groups = xcalloc(n ? n : 1, sizeof(*m->groups));
	m->n_groups = 0;
	HASH_ITER(hh, head, e, next) {
		HASH_DEL(head, e);
		e->group.name = xstrdup(e->key + 1);
		m->groups[m->n_groups++] = e->group;
		free(e);
	}
	m->hash = NULL;
	if (n)
		qsort(m->groups, n, sizeof(*m->groups), heavier);
}

int mappings_read(struct mappings *m)
{
	CLEANUP_FREE char *text = xmalloc(READ_MAX);
	CLEANUP_CLOSE int fd = -1;
	struct smaps s = { .fn = add_vma, .ctx = m };
	size_t held = 0;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/smaps", m->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while ((n = read(fd, text + held, READ_MAX - held)) > 0) {
		size_t used, have = held + (size_t)n;

		used = smaps_feed(&s, text, have);
		held = have - used;
		if (held == READ_MAX)
			held = 0; /* no line is that long */
		memmove(text, text + used, held);
	}
	smaps_end(&s);
	if (n < 0)
		return -errno;
	mappings_finish(m);
	return m->count ? 0 : -ESRCH;
}

void mappings_release(struct mappings *m)
{
	struct entry *head = m->hash, *e, *next;
	size_t i;

	HASH_ITER(hh, head, e, next) {
		HASH_DEL(head, e);
		free(e);
	}
	for (i = 0; i < m->n_groups; i++)
		free(m->groups[i].name);
	free(m->groups);
	m->hash = NULL;
	m->groups = NULL;
	m->n_groups = 0;
}
