// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/stage_density_memory.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/cgroupmem.h"
#include "user/collect/procmem.h"

#define FILES_KEPT 10

/* A file, over all instances. */
struct mapped {
	const char *path; /* borrowed from what was read */
	struct host_density_file body;
	unsigned int last; /* instance that was counted last, from 1 */
};

struct step {
	struct stage *st;
	struct wire_head head;
	uint32_t scenario;
	unsigned int n;
	struct host_density_instance *instances;
	struct mapped *files;
	size_t n_files, cap_files;
};

static void put(struct step *s, uint16_t kind, const void *body, size_t size, const char *string)
{
	s->head.kind = kind;
	writer_put(s->st->writer, &s->head, body, size, &string, string ? 1 : 0,
		   &s->st->write_error);
}

/* ---- sums ------------------------------------------------------------------------------------------ */

static void add_process(struct host_density_instance *to, const struct host_memory_process *b, bool own_mm)
{
	to->processes++;
	if (b->guest_how != GUEST_HELPER && b->guest_how > to->guest_how)
		to->guest_how = b->guest_how;
	to->kernel_stack += b->kernel_stack;
	if (!own_mm)
		return;
	to->rss += b->rss;
	to->pss += b->pss;
	to->uss += b->uss;
	to->pss_anon += b->pss_anon;
	to->pss_file += b->pss_file;
	to->pss_shmem += b->pss_shmem;
	to->pss_guest += b->pss_guest;
	to->rss_anon += b->rss_anon;
	to->rss_file += b->rss_file;
	to->rss_shmem += b->rss_shmem;
	to->rss_guest += b->rss_guest;
	to->page_tables += b->page_tables;
	to->hugetlb += b->hugetlb;
}

static struct mapped *file_of(struct step *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->n_files; i++)
		if (!strcmp(s->files[i].path, path))
			return &s->files[i];
	ARRAY_RESERVE(s->files, s->n_files, s->cap_files, 1);
	s->files[s->n_files] = (struct mapped){ .path = path };
	return &s->files[s->n_files++];
}

static void add_mapping(struct step *s, unsigned int index, const struct mapping_group *g)
{
	struct mapped *f;

	if ((g->body.kind != MAPPING_FILE && g->body.kind != MAPPING_DATA &&
	     g->body.kind != MAPPING_SHARED_FILE) || g->name[0] != '/')
		return;
	f = file_of(s, g->name);
	/* Anonymous pages, written to since, are the instance's own. */
	f->body.rss += g->body.rss > g->body.anon ? g->body.rss - g->body.anon : 0;
	f->body.pss += g->body.pss > g->body.anon ? g->body.pss - g->body.anon : 0;
	f->body.mapped_by += f->last != index + 1;
	f->last = index + 1;
}

static int heavier(const void *a, const void *b)
{
	const struct mapped *x = a, *y = b;

	if (x->body.rss != y->body.rss)
		return x->body.rss < y->body.rss ? 1 : -1;
	return strcmp(x->path, y->path);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

struct pids {
	pid_t *list;
	unsigned int *instance; /* of each */
	size_t n, cap, cap_instance;
};

/* Returns whether it has any. */
static bool add_pids(struct pids *p, const struct instance *one, unsigned int index)
{
	CLEANUP_FREE pid_t *pids = NULL;
	size_t i, n = keeper_processes(&one->keeper, &pids);

	for (i = 0; i < n; i++) {
		size_t same = p->n;

		ARRAY_RESERVE(p->list, p->n, p->cap, 1);
		ARRAY_RESERVE(p->instance, same, p->cap_instance, 1);
		p->list[p->n] = pids[i];
		p->instance[p->n++] = index;
	}
	return n > 0;
}

static void release_pids(struct pids *p)
{
	free(p->list);
	free(p->instance);
}

/* Those that could be read are in the order of pids, some may be missing. */
static void add_all(struct step *s, const struct pids *p, const struct process_memory *list, size_t n)
{
	size_t at = 0, i, k;

	for (i = 0; i < n; i++) {
		while (p->list[at] != list[i].pid)
			at++;
		add_process(&s->instances[p->instance[at]], &list[i].body,
			    list[i].body.mm_owner == (uint32_t)list[i].pid);
		for (k = 0; k < list[i].n_groups; k++)
			add_mapping(s, p->instance[at], &list[i].groups[k]);
	}
}

static uint64_t boxes(const struct instance *list, unsigned int n)
{
	struct process_memory m;
	uint64_t bytes = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!procmem_read(list[i].keeper.pid, &m))
			bytes += m.body.uss + m.body.page_tables + m.body.kernel_stack;
	return bytes;
}

static void write_step(struct step *s, const struct instance *list)
{
	struct host_memory_system m = { 0 };
	struct host_density_step body = { .scenario = s->scenario, .instances = s->n };
	size_t i;

	meminfo_read(&m);
	body.available = m.available;
	body.boxes = boxes(list, s->n);
	put(s, HOST_DENSITY_STEP, &body, sizeof(body), NULL);
	for (i = 0; i < s->n; i++) {
		s->instances[i].scenario = s->scenario;
		s->instances[i].instances = s->n;
		s->instances[i].index = i;
		put(s, HOST_DENSITY_INSTANCE, &s->instances[i], sizeof(s->instances[i]), NULL);
	}
	if (s->n_files)
		qsort(s->files, s->n_files, sizeof(*s->files), heavier);
	for (i = 0; i < s->n_files && i < FILES_KEPT; i++) {
		s->files[i].body.scenario = s->scenario;
		s->files[i].body.instances = s->n;
		put(s, HOST_DENSITY_FILE, &s->files[i].body, sizeof(s->files[i].body),
		    s->files[i].path);
	}
}

unsigned int density_memory(struct stage *st, const struct stage_scenario *sc,
			    const struct instance *list, unsigned int n)
{
	struct step s = { .st = st, .head = { .time = clock_mono_ns() }, .scenario = sc->id, .n = n };
	struct pids pids = { 0 };
	struct process_memory *read;
	unsigned int i, lacks = 0;
	size_t got;

	for (i = 0; i < n && !lacks; i++)
		lacks = add_pids(&pids, &list[i], i) ? 0 : i + 1;
	if (!lacks) {
		s.instances = xcalloc(n, sizeof(*s.instances));
		got = procmem_read_all(pids.list, pids.n, &sc->like, &read);
		add_all(&s, &pids, read, got);
		for (i = 0; i < n; i++)
			if (s.instances[i].guest_how == GUEST_NONE &&
			    sc->scenario.ops->flags & SCENARIO_VM)
				s.instances[i].guest_how = GUEST_UNKNOWN;
		write_step(&s, list);
		procmem_release(read, got);
		free(s.instances);
		free(s.files);
	}
	release_pids(&pids);
	return lacks;
}

uint64_t density_memory_taken(const struct instance *one)
{
	CLEANUP_FREE pid_t *pids = NULL;
	size_t i, n = keeper_processes(&one->keeper, &pids);
	uint64_t bytes = boxes(one, 1);
	struct process_memory m;

	for (i = 0; i < n; i++)
		if (!procmem_read(pids[i], &m))
			bytes += m.body.pss + m.body.page_tables + m.body.kernel_stack +
				 m.body.hugetlb;
	return bytes;
}
