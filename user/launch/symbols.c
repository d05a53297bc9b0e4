// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/symbols.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/symbol/resolver.h"

#define GENERATIONS 16 /* of copies without an exec */

struct address {
	uint64_t address;
	uint32_t pid; /* 0 = kernel */
	uint32_t returns; /* 1: a return address: the call is just before it */
	uint64_t time;
};

struct mapping {
	uint64_t time;
	uint32_t pid;
	struct wire_mapping m;
};

/* A process that began as a copy of another (fork), or became another program (exec). */
struct life {
	uint64_t time;
	uint64_t since; /* exec: its entry; mappings from before are another program's */
	uint32_t pid;
	uint32_t parent; /* exec: 0 */
};

struct symbols {
	struct resolver *resolver;
	struct address *addresses;
	size_t n, cap;
	struct mapping *mappings;
	size_t n_mappings, cap_mappings;
	struct life *lives;
	size_t n_lives, cap_lives;
};

struct symbols *symbols_new(void)
{
	struct symbols *s = xcalloc(1, sizeof(*s));

	s->resolver = resolver_new(NULL);
	return s;
}

static void forget(struct symbols *s)
{
	s->n = s->n_mappings = s->n_lives = 0;
}

void symbols_free(struct symbols *s)
{
	if (!s)
		return;
	forget(s);
	resolver_free(s->resolver);
	free(s->addresses);
	free(s->mappings);
	free(s->lives);
	free(s);
}

static void keep(struct symbols *s, const uint64_t *ip, size_t n, uint32_t pid, uint64_t time)
{
	size_t i;

	ARRAY_RESERVE(s->addresses, s->n, s->cap, n);
	for (i = 0; i < n; i++)
		s->addresses[s->n++] = (struct address){ ip[i], pid, i > 0, time };
}

static void keep_blocked(struct symbols *s, const struct wire_head *record)
{
	const struct wire_blocked *b = (const void *)(record + 1);
	const uint64_t *ip = (const void *)(b + 1);

	if (sizeof(*record) + sizeof(*b) + b->n * sizeof(*ip) <= record->size)
		keep(s, ip, b->n, 0, record->time);
}

static void keep_sample(struct symbols *s, const struct wire_head *record)
{
	const struct wire_sample *p = (const void *)(record + 1);
	const uint64_t *ip = (const void *)(p + 1);
	size_t n = (size_t)p->n_kernel + p->n_user;

	if (sizeof(*record) + sizeof(*p) + n * sizeof(*ip) > record->size)
		return;
	keep(s, ip, p->n_kernel, 0, record->time);
	keep(s, ip + p->n_kernel, p->n_user, record->pid, record->time);
}

static void keep_life(struct symbols *s, const struct wire_head *record)
{
	const struct wire_fork *fork = (const void *)(record + 1);
	const struct wire_exec *exec = (const void *)(record + 1);
	struct life life = { .time = record->time, .since = record->time, .pid = record->pid };

	if (record->kind == WIRE_EXEC) {
		if (exec->enter && !(record->flags & WIRE_F_NO_ENTER))
			life.since = exec->enter;
	} else if (fork->child_pid != record->pid) {
		life.pid = fork->child_pid;
		life.parent = record->pid;
	} else {
		return;
	}
	ARRAY_RESERVE(s->lives, s->n_lives, s->cap_lives, 1);
	s->lives[s->n_lives++] = life;
}

bool symbols_record(struct symbols *s, const struct wire_head *record)
{
	switch (record->kind) {
	case WIRE_BLOCKED:
		keep_blocked(s, record);
		return false;
	case WIRE_SAMPLE:
		keep_sample(s, record);
		return false;
	case WIRE_FORK:
	case WIRE_EXEC:
		keep_life(s, record);
		return false;
	case WIRE_MAPPING:
		ARRAY_RESERVE(s->mappings, s->n_mappings, s->cap_mappings, 1);
		s->mappings[s->n_mappings].time = record->time;
		s->mappings[s->n_mappings].pid = record->pid;
		memcpy(&s->mappings[s->n_mappings++].m, record + 1, sizeof(struct wire_mapping));
		return true; /* what it is good for is in the SYMBOL records */
	default:
		return false;
	}
}

static int by_pid_address(const void *a, const void *b)
{
	const struct address *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->time > y->time) - (x->time < y->time);
}

/* The last fork or exec by which a process came to be what it was at that time, or NULL. */
static const struct life *life_of(const struct symbols *s, uint32_t pid, uint64_t time)
{
	const struct life *last = NULL;
	size_t i;

	for (i = 0; i < s->n_lives; i++)
		if (s->lives[i].pid == pid && s->lives[i].time <= time &&
		    (!last || s->lives[i].time >= last->time))
			last = &s->lives[i];
	return last;
}

/*
 * The mapping that held the address then: the last one made before, by the program that the process
 * was then; else by whom it is a copy of.
 */
static const struct mapping *mapping_of(const struct symbols *s, const struct address *a)
{
	uint64_t time = a->time;
	uint32_t pid = a->pid;
	int generation;

	for (generation = 0; pid && generation < GENERATIONS; generation++) {
		const struct life *life = life_of(s, pid, time);
		size_t i = s->n_mappings;

		while (i--) {
			const struct mapping *m = &s->mappings[i];

			if (m->pid == pid && m->time <= time && (!life || m->time >= life->since) &&
			    a->address >= m->m.start && a->address - m->m.start < m->m.bytes)
				return m;
		}
		pid = life ? life->parent : 0;
		time = life ? life->since : 0;
	}
	return NULL;
}

static void join_path(char *out, size_t size, const struct wire_mapping *m)
{
	size_t i = m->n < WIRE_PATH_PARTS ? m->n : WIRE_PATH_PARTS, used = 0;

	out[0] = '\0';
	while (i-- && used < size)
		used += snprintf(out + used, size - used, "/%.*s", WIRE_PATH_PART_MAX,
				 m->path[i]);
}

/*
 * The path is one within the file's own file system, which may be the root of the process, of the
 * box or of the host (a file that is bound into a container): the resolver believes a file only
 * when its inode is the right one, so all three can be tried.
 */
static void name_user(struct symbols *s, const struct address *a, const struct wire_mapping *m,
		      pid_t box, struct resolved *out)
{
	char roots[2][64], path[WIRE_PATH_PARTS * (WIRE_PATH_PART_MAX + 1) + 1];
	const char *const tried[] = { roots[0], roots[1], NULL };
	struct resolver_object object;
	size_t i;

	memset(out, 0, sizeof(*out));
	out->offset = a->address;
	if (!m)
		return;
	join_path(path, sizeof(path), m);
	snprintf(roots[0], sizeof(roots[0]), "/proc/%u/root", a->pid);
	snprintf(roots[1], sizeof(roots[1]), "/proc/%d/root", box);
	object = (struct resolver_object){
		.path = path,
		.dev_major = m->dev >> 20,
		.dev_minor = m->dev & 0xfffff,
		.inode = m->inode,
	};
	for (i = 0; i < ARRAY_SIZE(tried) && !out->name[0]; i++) {
		object.root = tried[i];
		if (!tried[i] || !access(tried[i], F_OK))
			resolver_user(s->resolver, &object,
				      a->address - a->returns - m->start + m->file_offset, out);
	}
}

/* Executable mappings of a process without a file: what it made itself, to run it. */
struct made {
	uint64_t *ranges; /* from, to, from, to, … */
	size_t n, cap;
	uint32_t pid;
};

static void read_made(struct made *made, uint32_t pid)
{
	CLEANUP_FREE char *path = xasprintf("/proc/%u/maps", pid);
	CLEANUP_FCLOSE FILE *f = fopen(path, "re");
	char line[512], permissions[5];
	unsigned long long from, to, inode;
	int at;

	made->n = 0;
	made->pid = pid;
	while (f && fgets(line, sizeof(line), f)) {
		at = 0;
		if (sscanf(line, "%llx-%llx %4s %*x %*s %llu %n", &from, &to, permissions, &inode,
			   &at) < 4 || !at || permissions[2] != 'x' || inode)
			continue;
		/* "[vdso]" and "[vsyscall]" are the kernel's. */
		if (line[at] && strncmp(line + at, "[heap]", 6) && strncmp(line + at, "[anon", 5))
			continue;
		ARRAY_RESERVE(made->ranges, made->n, made->cap, 2);
		made->ranges[made->n++] = from;
		made->ranges[made->n++] = to;
	}
}

/*
 * Addresses that no file was mapped at: what a compiler in the process made (TCG, a WASM runtime).
 * As one function, for its parts have no names and seldom run twice. Known of who still lives.
 */
static void name_made(struct made *made, const struct address *a, struct resolved *out)
{
	size_t i;

	if (made->pid != a->pid)
		read_made(made, a->pid);
	for (i = 0; i < made->n; i += 2)
		if (a->address >= made->ranges[i] && a->address < made->ranges[i + 1]) {
			snprintf(out->object, sizeof(out->object), "anonymous memory");
			snprintf(out->name, sizeof(out->name), "code made at run time");
			out->offset = 0;
			return;
		}
}

/*
 * A process that executes another program has other code at the same addresses: then each gets its
 * own record, whose time is that of its mapping, from which on the name holds.
 */
void symbols_write(struct symbols *s, struct writer *w, uint16_t run, uint64_t time, pid_t box,
		   struct error *err)
{
	const struct mapping *m = NULL, *last = NULL;
	struct made made = { 0 };
	struct resolved name;
	size_t i;

	qsort(s->addresses, s->n, sizeof(*s->addresses), by_pid_address);
	for (i = 0; i < s->n; i++) {
		const struct address *a = &s->addresses[i];
		struct wire_head head = { .time = time, .kind = HOST_SYMBOL, .run = run };
		struct host_symbol body = { .address = a->address, .pid = a->pid };
		const char *strings[] = { name.name, name.object };

		m = a->pid ? mapping_of(s, a) : NULL;
		if (i && a[-1].pid == a->pid && a[-1].address == a->address && m == last)
			continue;
		last = m;
		if (m)
			head.time = m->time;
		if (a->pid)
			name_user(s, a, m ? &m->m : NULL, box, &name);
		else
			resolver_kernel(s->resolver, a->address - a->returns, &name);
		if (a->pid && !m)
			name_made(&made, a, &name);
		body.offset = name.offset;
		body.exact = name.exact;
		writer_put(w, &head, &body, sizeof(body), strings, 2, err);
	}
	free(made.ranges);
	forget(s);
	/*
	 * Tables of a dozen binaries would add up over a session; reading them again takes 60 ms
	 * between two runs, and inode numbers are used again anyway.
	 */
	resolver_free(s->resolver);
	s->resolver = resolver_new(NULL);
	malloc_trim(0);
}
