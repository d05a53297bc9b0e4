// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/procmem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "user/base/mem.h"

/* All files but smaps are below 2 KiB; one read() each, so that the figures of a file fit. */
#define FILE_MAX 8192

/* Of a thread, on x86-64 and arm64 (THREAD_SIZE); page-table pages of it are not counted. */
#define KERNEL_STACK 16384ull

#define MAX_THREADS 8
#define PROCESSES_A_THREAD 8 /* fewer are read sooner than a thread starts */

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int read_file(pid_t pid, const char *name, char *text)
{
	char path[64];
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	n = read(fd, text, FILE_MAX - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return n ? 0 : -ESRCH;
}

/* The figure of a line "\nName:   123 kB", in bytes; 0 where there is none (older kernels). */
static uint64_t field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

/* "Name:\tcomm\n", in which the kernel writes newline and backslash as \n and \\ . */
static void copy_comm(char comm[WIRE_COMM_LEN], const char *status)
{
	const char *s = strncmp(status, "Name:\t", 6) ? "" : status + 6;
	size_t n = 0;

	memset(comm, 0, WIRE_COMM_LEN);
	for (; *s && *s != '\n' && n < WIRE_COMM_LEN - 1; s++) {
		if (*s == '\\' && s[1]) {
			s++;
			comm[n++] = *s == 'n' ? '\n' : *s;
		} else {
			comm[n++] = *s;
		}
	}
}

/*
 * The kernel rounds PSS and each of its three classes down to KiB by itself, so the classes may
 * miss up to 2 KiB of the sum. A ledger must add up: the largest class takes the difference. Where
 * they say more than the sum (never seen), what is too much is taken off the smaller ones.
 */
static void balance(struct host_memory_process *b)
{
	__u64 *c[3] = { &b->pss_anon, &b->pss_file, &b->pss_shmem };
	uint64_t left = b->pss;
	int i, largest = 0;

	for (i = 1; i < 3; i++)
		if (*c[i] > *c[largest])
			largest = i;
	for (i = 0; i < 3; i++) {
		if (i == largest)
			continue;
		*c[i] = *c[i] < left ? *c[i] : left;
		left -= *c[i];
	}
	*c[largest] = left;
}

static int read_totals(pid_t pid, struct host_memory_process *b)
{
	char text[FILE_MAX];
	int ret = read_file(pid, "smaps_rollup", text);

	if (ret)
		return ret;
	b->rss = field(text, "\nRss:");
	b->pss = field(text, "\nPss:");
	b->uss = field(text, "\nPrivate_Clean:") + field(text, "\nPrivate_Dirty:");
	b->pss_anon = field(text, "\nPss_Anon:");
	b->pss_file = field(text, "\nPss_File:");
	b->pss_shmem = field(text, "\nPss_Shmem:");
	b->hugetlb = field(text, "\nShared_Hugetlb:") + field(text, "\nPrivate_Hugetlb:");
	b->swap = field(text, "\nSwap:");
	b->rss_anon = lesser(field(text, "\nAnonymous:"), b->rss);
	balance(b);
	return 0;
}

int procmem_read(pid_t pid, struct process_memory *m)
{
	struct host_memory_process *b = &m->body;
	char text[FILE_MAX], *threads;
	int ret;

	memset(m, 0, sizeof(*m));
	ret = read_totals(pid, b);
	if (ret)
		return ret;
	m->pid = pid;
	b->mm_owner = pid;
	ret = read_file(pid, "status", text);
	if (ret)
		return ret;
	b->page_tables = field(text, "\nVmPTE:");
	/* Until smaps says it to the page. */
	b->rss_shmem = lesser(field(text, "\nRssShmem:"), b->rss - b->rss_anon);
	b->rss_file = b->rss - b->rss_anon - b->rss_shmem;
	threads = strstr(text, "\nThreads:");
	b->threads = threads ? strtoul(threads + 9, NULL, 10) : 0;
	b->kernel_stack = b->threads * KERNEL_STACK;
	copy_comm(b->comm, text);
	return 0;
}

/* ---- mappings ------------------------------------------------------------------------------- */

struct work {
	struct process_memory *list; /* pid 0: could not be read */
	size_t n, next;
	const pid_t *pids;
	const struct guestram *guest;
	bool vmms; /* whose mappings are read now: of those that have a guest, or of the others */
	struct mapping_file *files; /* what those found */
	size_t n_files, cap_files;
};

/* How much RAM a QEMU was asked to give its guest; 0 where the process is none. */
static uint64_t asked_ram(pid_t pid)
{
	char text[FILE_MAX], path[64];
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	return n > 0 ? guestram_asked(text, (size_t)n) : 0;
}

/* Totals from the mappings themselves: of a process that is never the same when read twice. */
static void totals_of(struct host_memory_process *b, const struct mappings *m)
{
	b->rss = m->rss;
	b->pss = m->pss;
	b->uss = m->private;
	b->pss_anon = m->pss_anon;
	b->pss_shmem = m->pss_shmem;
	b->pss_file = m->pss - m->pss_anon - m->pss_shmem;
	b->rss_anon = m->rss_anon;
}

/* Take from a class what of it is guest RAM. */
static void move_guest(__u64 *class, uint64_t guest, __u64 *to)
{
	uint64_t bytes = lesser(*class, guest);

	*class -= bytes;
	*to += bytes;
}

static void set_classes(struct host_memory_process *b, const struct mappings *m)
{
	b->rss_shmem = lesser(m->rss_shmem, b->rss - b->rss_anon);
	b->rss_file = b->rss - b->rss_anon - b->rss_shmem;
	move_guest(&b->rss_anon, m->guest_rss[BACKING_ANON], &b->rss_guest);
	move_guest(&b->rss_file, m->guest_rss[BACKING_FILE], &b->rss_guest);
	move_guest(&b->rss_shmem, m->guest_rss[BACKING_SHMEM], &b->rss_guest);
	move_guest(&b->pss_anon, m->guest_pss[BACKING_ANON], &b->pss_guest);
	move_guest(&b->pss_file, m->guest_pss[BACKING_FILE], &b->pss_guest);
	move_guest(&b->pss_shmem, m->guest_pss[BACKING_SHMEM], &b->pss_guest);
	b->hugetlb = m->huge;
	b->guest_huge = m->guest_huge;
	b->guest_given = m->guest_given;
	b->mappings = m->count;
	b->guest_there = m->guest_there;
	if (m->n_ranges)
		b->guest_how = GUEST_SLOTS;
	else if (m->asked || m->n_shapes)
		b->guest_how = m->guest_given ? GUEST_SIZE : GUEST_UNKNOWN;
	else if (m->guest_others)
		b->guest_how = GUEST_HELPER;
}

/* The heaviest groups and one for all others, with which they sum to the process. */
static void keep_groups(struct process_memory *p, struct mappings *m)
{
	struct host_memory_mapping rest = { .kind = MAPPING_REST };
	size_t n = 0, i;

	/* Address space alone, nothing of it in memory, is no mapping to look at. */
	while (n < m->n_groups && n < PROCMEM_MAPPINGS &&
	       (m->groups[n].body.pss || m->groups[n].body.huge))
		n++;
	rest.rss = p->body.rss;
	rest.pss = p->body.pss;
	for (i = 0; i < m->n_groups; i++) {
		const struct host_memory_mapping *g = &m->groups[i].body;

		if (i < n) {
			rest.rss -= lesser(g->rss, rest.rss);
			rest.pss -= lesser(g->pss, rest.pss);
			continue;
		}
		rest.count += g->count;
		rest.bytes += g->bytes;
		rest.private += g->private;
		rest.shared += g->shared;
		rest.anon += g->anon;
		rest.huge += g->huge;
		rest.swap += g->swap;
		free(m->groups[i].name);
	}
	m->groups = xrealloc(m->groups, (n + 1) * sizeof(*m->groups));
	m->groups[n] = (struct mapping_group){ .body = rest, .name = xstrdup("") };
	p->groups = STEAL(m->groups);
	p->n_groups = n + 1;
	m->n_groups = 0;
}

/* What the guest RAM of this VMM looked like where it was seen. */
static size_t shapes_of(const struct guestram *g, const struct process_memory *p,
			struct guest_shape out[GUEST_SHAPES_MAX])
{
	size_t n = 0, i;

	for (i = 0; g && i < g->n_shapes; i++)
		if (!strncmp(g->shapes[i].comm, p->body.comm, WIRE_COMM_LEN))
			out[n++] = g->shapes[i];
	return n;
}

/*
 * The mappings of a process whose totals were read a moment ago. Has it changed since, the totals
 * are read again, so that the two fit; a process that changes all the time is what its mappings
 * say. Gone meanwhile: it keeps its totals.
 */
static void read_mappings(struct process_memory *p, const struct work *w,
			  struct mapping_devices *devices)
{
	CLEANUP_FREE struct guest_range *ranges = NULL;
	struct mappings m = { .pid = p->pid, .devices = devices, .guest_files = w->files,
			      .n_guest_files = w->n_files };
	struct guest_shape shapes[GUEST_SHAPES_MAX];
	struct host_memory_process *b = &p->body;
	size_t n_shapes;

	if (w->guest)
		m.n_ranges = guestram_ranges(w->guest, (uint32_t)p->pid, &ranges);
	m.ranges = ranges;
	m.asked = m.n_ranges ? 0 : p->asked;
	n_shapes = m.n_ranges || m.asked ? 0 : shapes_of(w->guest, p, shapes);
	m.shapes = shapes;
	m.n_shapes = n_shapes;
	if (!mappings_read(&m)) {
		struct host_memory_process again = *b;

		/* PSS also changes with what others do; it is never below what the mappings say. */
		if ((m.rss != b->rss || m.pss > b->pss) && !read_totals(p->pid, &again))
			*b = again;
		if (m.rss != b->rss || m.pss > b->pss)
			totals_of(b, &m);
		set_classes(b, &m);
		keep_groups(p, &m);
		memcpy(p->files, m.files, sizeof(p->files));
		p->n_files = m.n_files;
	}
	mappings_release(&m);
}

/* ---- several threads ------------------------------------------------------------------------ */

static void *read_totals_of(void *arg)
{
	struct work *w = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED)) < w->n)
		if (procmem_read(w->pids[i], &w->list[i]))
			w->list[i].pid = 0;
		else
			w->list[i].asked = asked_ram(w->pids[i]);
	return NULL;
}

static bool has_guest(const struct work *w, const struct process_memory *p)
{
	size_t i;

	for (i = 0; w->guest && i < w->guest->n; i++)
		if (w->guest->slots[i].pid == (uint32_t)p->pid)
			return true;
	for (i = 0; w->guest && i < w->guest->n_shapes; i++)
		if (!strncmp(w->guest->shapes[i].comm, p->body.comm, WIRE_COMM_LEN))
			return true;
	return p->asked != 0;
}

static void *read_mappings_of(void *arg)
{
	struct mapping_devices devices = { .n = 0 };
	struct work *w = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&w->next, 1, __ATOMIC_RELAXED)) < w->n)
		if (w->list[i].body.mm_owner == (uint32_t)w->list[i].pid &&
		    has_guest(w, &w->list[i]) == w->vmms)
			read_mappings(&w->list[i], w, &devices);
	return NULL;
}

static void share_out(struct work *w, void *(*worker)(void *))
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[MAX_THREADS];
	size_t want = w->n / PROCESSES_A_THREAD, started = 0;

	if (cpus > 0 && want > (size_t)cpus)
		want = (size_t)cpus;
	if (want > MAX_THREADS)
		want = MAX_THREADS;
	w->next = 0;
	while (started + 1 < want && !pthread_create(&threads[started], NULL, worker, w))
		started++;
	worker(w);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* ---- who shares an mm ----------------------------------------------------------------------- */

/* Below 0: one of the two is gone, or kcmp is not in this kernel. Else as kcmp() says. */
static long compare_mm(const struct process_memory *a, const struct process_memory *b)
{
	return syscall(SYS_kcmp, a->pid, b->pid, KCMP_VM, 0, 0);
}

/* A zombie has no mm, and two that have none compare equal: statm tells, it counts no page then. */
static bool has_mm(pid_t pid)
{
	char text[FILE_MAX];

	return read_file(pid, "statm", text) == 0 && strtoull(text, NULL, 10) > 0;
}

/* Processes of different mm's, in kcmp's order. */
struct owners {
	struct process_memory **list;
	size_t n;
};

static void drop_owner(struct owners *o, size_t at)
{
	o->n--;
	memmove(&o->list[at], &o->list[at + 1], (o->n - at) * sizeof(*o->list));
}

/*
 * kcmp() orders the mm's of all processes (by their scrambled addresses): each is looked up among those
 * before it with log n calls, and without trusting that figures read a moment apart are equal. Who is
 * found to be gone has no place in the order: it shares nothing. So does everybody without kcmp. A
 * zombie still compares, as one whose mm is at 0: its answer would send the search the wrong way.
 */
static void find_owner(struct owners *o, struct process_memory *p)
{
	size_t low = 0, high = o->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		struct process_memory *other = o->list[middle];
		long order = compare_mm(p, other);

		if (order < 0 ? compare_mm(p, p) != 0 : order == 0 && !has_mm(p->pid))
			return;
		/* Asked after the comparison: an mm goes but never comes, so it was there then. */
		if (order < 0 || !has_mm(other->pid)) { /* look again without it */
			drop_owner(o, middle);
			low = 0;
			high = o->n;
		} else if (order == 0) {
			p->body.mm_owner = (uint32_t)other->pid;
			return;
		} else if (order == 1) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	memmove(&o->list[low + 1], &o->list[low], (o->n - low) * sizeof(*o->list));
	o->list[low] = p;
	o->n++;
}

static void set_owners(struct process_memory *list, size_t n)
{
	CLEANUP_FREE struct process_memory **sorted = xcalloc(n ? n : 1, sizeof(*sorted));
	struct owners o = { .list = sorted };
	size_t i;

	for (i = 0; i < n; i++)
		find_owner(&o, &list[i]);
}

static void collect_files(struct work *w)
{
	size_t i, k;

	for (i = 0; i < w->n; i++)
		for (k = 0; k < w->list[i].n_files; k++) {
			ARRAY_RESERVE(w->files, w->n_files, w->cap_files, 1);
			w->files[w->n_files++] = w->list[i].files[k];
		}
}

size_t procmem_read_all(const pid_t *pids, size_t n, const struct guestram *guest,
			struct process_memory **result)
{
	struct work w = { .list = xcalloc(n ? n : 1, sizeof(*w.list)), .n = n, .pids = pids,
			  .guest = guest };
	size_t i, got = 0;

	share_out(&w, read_totals_of);
	for (i = 0; i < n; i++)
		if (w.list[i].pid)
			w.list[got++] = w.list[i];
	w.n = got;
	set_owners(w.list, got);
	w.vmms = true;
	share_out(&w, read_mappings_of);
	collect_files(&w);
	w.vmms = false;
	share_out(&w, read_mappings_of);
	free(w.files);
	*result = w.list;
	return got;
}

void procmem_release(struct process_memory *list, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < list[i].n_groups; k++)
			free(list[i].groups[k].name);
		free(list[i].groups);
	}
	free(list);
}
