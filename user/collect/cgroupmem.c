// SPDX-License-Identifier: GPL-2.0-only
#include "user/collect/cgroupmem.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

#define FILE_MAX 16384

/* A file below the 16 KiB that none of them reaches; "" when it cannot be read. */
static bool read_text(const char *path, char text[FILE_MAX])
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0, got;

	while (fd >= 0 && n < FILE_MAX - 1 && (got = read(fd, text + n, FILE_MAX - 1 - n)) > 0)
		n += got;
	text[n] = '\0';
	return n > 0;
}

/* ---- where the memory controller is ------------------------------------------------------------- */

/* A place where a hierarchy is seen. */
struct mount {
	uint32_t version;
	char *at;   /* path */
	char *root; /* … and which cgroup that is: another than "/" where it is bind-mounted */
};

struct hierarchy {
	const char *proc;
	uint32_t version; /* of the memory controller; 0: none */
	struct mount *mounts;
	size_t n, cap;
};

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, ",") + (list[strcspn(list, ",")] == ','))
		if (!strncmp(list, word, n) && (list[n] == ',' || !list[n] || list[n] == '\n'))
			return true;
	return false;
}

/* mountinfo writes blanks, newlines and backslashes as \040 and the like. */
static char *unescaped(const char *text)
{
	char *out = xstrdup(text), *to = out;
	const char *at;

	for (at = text; *at; to++) {
		if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7' &&
		    at[3] >= '0' && at[3] <= '7') {
			*to = (char)((at[1] - '0') << 6 | (at[2] - '0') << 3 | (at[3] - '0'));
			at += 4;
		} else {
			*to = *at++;
		}
	}
	*to = '\0';
	return out;
}

/* One line of mountinfo: "… root mountpoint options … - type source superoptions". */
static void look_at_mount(struct hierarchy *h, char *line)
{
	char *dash = strstr(line, " - "), root[4096], at[4096], type[64], options[1024];
	uint32_t version;

	if (!dash || sscanf(line, "%*s %*s %*s %4095s %4095s", root, at) != 2 ||
	    sscanf(dash + 3, "%63s %*s %1023s", type, options) != 2)
		return;
	if (!strcmp(type, "cgroup") && has_word(options, "memory"))
		version = 1;
	else if (!strcmp(type, "cgroup2"))
		version = 2;
	else
		return;
	ARRAY_RESERVE(h->mounts, h->n, h->cap, 1);
	h->mounts[h->n++] = (struct mount){ version, unescaped(at), unescaped(root) };
}

/* A v2 tree beside v1 controllers is there and has nothing to say about memory. */
static bool controls_memory(const struct mount *m)
{
	char path[4200], text[FILE_MAX], *word, *save = NULL;

	if (m->version == 1)
		return true;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", m->at);
	if (!read_text(path, text))
		return false;
	for (word = strtok_r(text, " \n", &save); word; word = strtok_r(NULL, " \n", &save))
		if (!strcmp(word, "memory"))
			return true;
	return false;
}

static void find_hierarchy(struct hierarchy *h)
{
	CLEANUP_FREE char *path = xasprintf("%s/self/mountinfo", h->proc);
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0, i;

	while (f && getline(&line, &size, f) > 0)
		look_at_mount(h, line);
	/* The controller is in one of the two. */
	for (i = 0; i < h->n; i++)
		if (h->version != 1 && controls_memory(&h->mounts[i]))
			h->version = h->mounts[i].version;
}

static void release_hierarchy(struct hierarchy *h)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		free(h->mounts[i].at);
		free(h->mounts[i].root);
	}
	free(h->mounts);
}

/* The cgroup of a process in h: owned, NULL when it is gone. */
static char *cgroup_of(const struct hierarchy *h, pid_t pid)
{
	CLEANUP_FREE char *path = pid ? xasprintf("%s/%d/cgroup", h->proc, pid) :
					xasprintf("%s/self/cgroup", h->proc);
	char text[FILE_MAX], *line, *save = NULL;

	read_text(path, text);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *controllers = strchr(line, ':');
		char *cgroup = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!cgroup)
			continue;
		*cgroup++ = '\0';
		controllers++;
		if (h->version == 1 ? has_word(controllers, "memory") : !*controllers)
			return xstrdup(cgroup);
	}
	return NULL;
}

/* Is b the cgroup a or below it? */
static bool is_within(const char *a, const char *b)
{
	size_t n = strlen(a);

	if (n == 1)
		return true; /* "/" */
	return !strncmp(a, b, n) && (b[n] == '/' || !b[n]);
}

/* ---- figures --------------------------------------------------------------------------------------- */

static bool stat_field(const char *text, const char *name, __u64 *value)
{
	size_t n = strlen(name);
	const char *at = text;

	for (; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, name, n) && at[n] == ' ') {
			*value = strtoull(at + n + 1, NULL, 10);
			return true;
		}
	return false;
}

/* The kernel's part, on a v2 that has no sum of it yet (before 5.18). */
static void sum_kernel(struct host_memory_cgroup *b, const char *text)
{
	static const char *const parts[] = { "kernel_stack", "pagetables", "percpu", "vmalloc",
					     "slab" };
	__u64 sum = 0, value;
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (stat_field(text, parts[i], &value)) {
			sum += value;
			any = true;
		}
	if (any)
		b->kernel = sum;
}

void cgroupmem_stat(struct host_memory_cgroup *b, const char *text)
{
	if (b->version == 1) {
		/* total_*: what is below is in it, as in the usage. */
		stat_field(text, "total_inactive_file", &b->inactive_file);
		stat_field(text, "total_rss", &b->anon);
		stat_field(text, "total_shmem", &b->shmem);
		if (stat_field(text, "total_cache", &b->file) && b->shmem <= b->file)
			b->file -= b->shmem;
		return;
	}
	stat_field(text, "inactive_file", &b->inactive_file);
	stat_field(text, "anon", &b->anon);
	stat_field(text, "shmem", &b->shmem);
	if (stat_field(text, "file", &b->file) && b->shmem <= b->file)
		b->file -= b->shmem;
	stat_field(text, "kernel_stack", &b->kernel_stack);
	stat_field(text, "pagetables", &b->page_tables);
	if (!stat_field(text, "kernel", &b->kernel))
		sum_kernel(b, text);
}

/* The directory of a cgroup: below the mount that shows it, the nearest one. NULL: none does. */
static char *directory_of(const struct hierarchy *h, const char *cgroup)
{
	const struct mount *best = NULL;
	size_t i;

	for (i = 0; i < h->n; i++) {
		const struct mount *m = &h->mounts[i];

		if (m->version == h->version && is_within(m->root, cgroup) &&
		    (!best || strlen(m->root) > strlen(best->root)))
			best = m;
	}
	if (!best)
		return NULL;
	return xasprintf("%s%s", best->at,
			 strcmp(best->root, "/") ? cgroup + strlen(best->root) : cgroup);
}

static void read_number(const char *directory, const char *file, __u64 *to)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", directory, file);
	char text[FILE_MAX];

	if (read_text(path, text) && *text >= '0' && *text <= '9')
		*to = strtoull(text, NULL, 10);
}

static void read_charge(const struct hierarchy *h, struct cgroup_memory *c)
{
	CLEANUP_FREE char *directory = directory_of(h, c->path), *path = NULL;
	struct host_memory_cgroup *b = &c->body;
	char text[FILE_MAX];

	b->usage = b->peak = b->inactive_file = b->kernel = MEMORY_UNKNOWN;
	b->kernel_stack = b->page_tables = b->anon = b->file = b->shmem = MEMORY_UNKNOWN;
	if (!directory)
		return;
	if (h->version == 1) {
		read_number(directory, "memory.usage_in_bytes", &b->usage);
		read_number(directory, "memory.max_usage_in_bytes", &b->peak);
		read_number(directory, "memory.kmem.usage_in_bytes", &b->kernel);
	} else {
		read_number(directory, "memory.current", &b->usage);
		read_number(directory, "memory.peak", &b->peak); /* since 5.19 */
	}
	path = xasprintf("%s/memory.stat", directory);
	if (read_text(path, text))
		cgroupmem_stat(b, text);
}

/* ---- the run's cgroups ------------------------------------------------------------------------------ */

static void add_cgroup(struct cgroup_memory **list, size_t *n, size_t *cap, char *path)
{
	size_t i;

	for (i = 0; i < *n; i++)
		if (!strcmp((*list)[i].path, path)) {
			(*list)[i].body.processes++;
			free(path);
			return;
		}
	ARRAY_RESERVE(*list, *n, *cap, 1);
	(*list)[*n] = (struct cgroup_memory){ .body = { .processes = 1 }, .path = path };
	++*n;
}

/* What lies within another one of them is charged there too. */
static size_t drop_inner(struct cgroup_memory *list, size_t n)
{
	size_t i = 0, k;

	while (i < n) {
		for (k = 0; k < n && (k == i || !is_within(list[k].path, list[i].path)); k++)
			;
		if (k == n) {
			i++;
			continue;
		}
		list[k].body.processes += list[i].body.processes;
		free(list[i].path);
		list[i] = list[--n];
	}
	return n;
}

size_t cgroupmem_read(const pid_t *pids, size_t n, struct cgroup_memory **result)
{
	return cgroupmem_read_in("/proc", pids, n, result);
}

size_t cgroupmem_read_in(const char *proc, const pid_t *pids, size_t n,
			 struct cgroup_memory **result)
{
	struct hierarchy h = { .proc = proc };
	CLEANUP_FREE char *own = NULL;
	struct cgroup_memory *list = NULL;
	size_t i, got = 0, cap = 0;

	find_hierarchy(&h);
	own = h.version ? cgroup_of(&h, 0) : NULL;
	for (i = 0; own && i < n; i++) {
		char *path = cgroup_of(&h, pids[i]);

		if (path && !is_within(path, own))
			add_cgroup(&list, &got, &cap, path);
		else
			free(path);
	}
	got = drop_inner(list, got);
	for (i = 0; i < got; i++) {
		list[i].body.version = h.version;
		list[i].body.cgroups = (uint32_t)got;
		read_charge(&h, &list[i]);
	}
	if (!got) {
		free(list);
		list = xcalloc(1, sizeof(*list));
		list->body.version = h.version;
		list->path = xstrdup("");
	}
	release_hierarchy(&h);
	*result = list;
	return got ? got : 1;
}

void cgroupmem_release(struct cgroup_memory *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(list[i].path);
	free(list);
}

/* ---- the machine ------------------------------------------------------------------------------------ */

static uint64_t kib_field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtoull(at + strlen(name), NULL, 10) * 1024 : 0;
}

void meminfo_parse(struct host_memory_system *b, const char *text)
{
	b->total = strncmp(text, "MemTotal:", 9) ? 0 : strtoull(text + 9, NULL, 10) * 1024;
	b->free = kib_field(text, "\nMemFree:");
	b->available = kib_field(text, "\nMemAvailable:");
	b->cached = kib_field(text, "\nCached:");
	b->shmem = kib_field(text, "\nShmem:");
	b->slab = kib_field(text, "\nSlab:");
	b->page_tables = kib_field(text, "\nPageTables:");
	b->kernel_stack = kib_field(text, "\nKernelStack:");
	b->percpu = kib_field(text, "\nPercpu:");
}

void meminfo_read(struct host_memory_system *b)
{
	char text[FILE_MAX];

	read_text("/proc/meminfo", text);
	meminfo_parse(b, text);
}
