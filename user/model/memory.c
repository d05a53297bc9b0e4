// SPDX-License-Identifier: GPL-2.0-only
/* memory.c - what the processes of a run weigh together. */
#include "user/model/run.h"

#include <stdlib.h>
#include <string.h>

#include "user/record/reader.h"

/* More than collection ever writes of one process or run. */
#define MAPPINGS_MAX 64
#define CGROUPS_MAX 1024

/* ---- records ---------------------------------------------------------------------------------- */

/* NULL: no such moment. */
static struct memory_snapshot *snapshot_at(struct run *r, uint32_t when)
{
	if (when == MEMORY_LOADED)
		return &r->memory_loaded;
	return when < ARRAY_SIZE(r->memory) ? &r->memory[when] : NULL;
}

static struct memory_process *new_process(struct run *r, uint32_t when,
					  const struct wire_head *record)
{
	struct memory_snapshot *m = snapshot_at(r, when);

	if (!m)
		return NULL;
	if (!m->taken)
		m->time = record->time;
	m->taken = true;
	ARRAY_RESERVE(m->processes, m->n, m->cap, 1);
	memset(&m->processes[m->n], 0, sizeof(m->processes[m->n]));
	m->processes[m->n].role = "";
	return &m->processes[m->n++];
}

static bool add_old_process(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_process_memory body;
	struct memory_process *p;

	record_body(record, &body, sizeof(body));
	p = new_process(r, body.when, record);
	if (!p)
		return false;
	p->pid = body.pid;
	p->comm = session_string(s, record, sizeof(body), 0);
	p->rss = body.rss;
	p->pss = body.pss;
	p->uss = body.uss;
	p->anon = body.anon;
	p->file = body.file;
	p->shmem = body.shmem;
	p->page_tables = body.page_tables;
	p->mm_owner = body.mm_owner ? body.mm_owner : body.pid;
	return true;
}

static bool add_process(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_memory_process body;
	struct memory_process *p;

	record_body(record, &body, sizeof(body));
	p = new_process(r, body.when, record);
	if (!p)
		return false;
	p->detailed = true;
	p->pid = record->pid;
	p->comm = arena_strndup(&s->arena, body.comm, strnlen(body.comm, sizeof(body.comm)));
	p->rss = body.rss;
	p->pss = body.pss;
	p->uss = body.uss;
	p->anon = body.pss_anon;
	p->file = body.pss_file;
	p->shmem = body.pss_shmem;
	p->guest = body.pss_guest;
	p->rss_of = (struct memory_classes){ body.rss_anon, body.rss_file, body.rss_shmem,
					     body.rss_guest };
	p->page_tables = body.page_tables;
	p->kernel_stack = body.kernel_stack;
	p->hugetlb = body.hugetlb;
	p->swap = body.swap;
	p->guest_huge = body.guest_huge;
	p->guest_given = body.guest_given;
	p->guest_there = body.guest_there;
	p->guest_how = body.guest_how <= GUEST_HELPER ? (enum guest_how)body.guest_how :
							GUEST_UNKNOWN;
	p->threads = body.threads;
	p->mm_owner = body.mm_owner ? body.mm_owner : p->pid;
	return true;
}

/* It belongs to the process that was told last: nothing else may stand between. */
static bool add_mapping(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_memory_mapping body;
	struct memory_snapshot *m;
	struct memory_process *p;

	record_body(record, &body, sizeof(body));
	m = snapshot_at(r, body.when);
	if (!m || body.kind > MAPPING_GUEST)
		return false;
	p = m->n ? &m->processes[m->n - 1] : NULL;
	if (!p || !p->detailed || p->pid != record->pid || p->n_mappings == MAPPINGS_MAX)
		return false;
	if (!p->mappings)
		p->mappings = arena_alloc(&s->arena, MAPPINGS_MAX * sizeof(*p->mappings));
	p->mappings[p->n_mappings++] = (struct memory_mapping){
		.kind = (enum mapping_kind)body.kind,
		.name = session_string(s, record, sizeof(body), 0),
		.count = body.count, .size = body.bytes, .rss = body.rss, .pss = body.pss,
		.private = body.private, .shared = body.shared, .anon = body.anon,
		.huge = body.huge, .swap = body.swap,
	};
	return true;
}

static bool add_cgroup(struct session *s, struct run *r, const struct wire_head *record)
{
	struct host_memory_cgroup body;
	struct memory_snapshot *m;

	record_body(record, &body, sizeof(body));
	m = snapshot_at(r, body.when);
	if (!m || body.version > 2)
		return false;
	if (m->n_cgroups == CGROUPS_MAX)
		return false;
	m->asked_cgroup = true;
	m->cgroup_version = body.version;
	if (!body.cgroups)
		return true;
	ARRAY_RESERVE(m->cgroups, m->n_cgroups, m->cap_cgroups, 1);
	m->cgroups[m->n_cgroups++] = (struct memory_cgroup){
		.path = session_string(s, record, sizeof(body), 0), .figures = body,
	};
	return true;
}

static bool add_system(struct run *r, const struct wire_head *record)
{
	struct host_memory_system body;
	struct memory_snapshot *m;

	record_body(record, &body, sizeof(body));
	if (body.when == MEMORY_BEFORE) {
		r->memory_before = body;
		return true;
	}
	m = snapshot_at(r, body.when);
	if (!m)
		return false;
	m->system = body;
	m->has_system = true;
	return true;
}

bool memory_add(struct session *s, struct run *r, const struct wire_head *record)
{
	switch (record->kind) {
	case HOST_PROCESS_MEMORY:
		return add_old_process(s, r, record);
	case HOST_MEMORY_PROCESS:
		return add_process(s, r, record);
	case HOST_MEMORY_MAPPING:
		return add_mapping(s, r, record);
	case HOST_MEMORY_CGROUP:
		return add_cgroup(s, r, record);
	case HOST_MEMORY_SYSTEM:
		return add_system(r, record);
	default:
		return false;
	}
}

/* ---- sums --------------------------------------------------------------------------------------- */

/* The owner of an mm before the others that use it, each mm in one stretch. */
static int compare_owner(const void *a, const void *b)
{
	const struct memory_process *x = *(struct memory_process *const *)a;
	const struct memory_process *y = *(struct memory_process *const *)b;
	int x_other = x->pid != x->mm_owner, y_other = y->pid != y->mm_owner;

	if (x->mm_owner != y->mm_owner)
		return x->mm_owner < y->mm_owner ? -1 : 1;
	if (x_other != y_other)
		return x_other - y_other;
	return (x > y) - (x < y); /* as in the file */
}

/* Sums of a hostile recording stick at the greatest number instead of starting again at 0. */
static void add_to(uint64_t *sum, uint64_t value)
{
	if (__builtin_add_overflow(*sum, value, sum))
		*sum = UINT64_MAX;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

uint64_t memory_guest_touched(const struct memory_process *p)
{
	uint64_t own = p->rss_of.guest;

	add_to(&own, p->guest_huge);
	return p->guest_there > own ? p->guest_there : own;
}

static void count_process(struct memory_snapshot *m, const struct memory_process *p)
{
	add_to(&m->rss, p->rss);
	add_to(&m->pss, p->pss);
	add_to(&m->uss, p->uss);
	add_to(&m->anon, p->anon);
	add_to(&m->file, p->file);
	add_to(&m->shmem, p->shmem);
	add_to(&m->guest, p->guest);
	add_to(&m->rss_of.anon, p->rss_of.anon);
	add_to(&m->rss_of.file, p->rss_of.file);
	add_to(&m->rss_of.shmem, p->rss_of.shmem);
	add_to(&m->rss_of.guest, p->rss_of.guest);
	add_to(&m->page_tables, p->page_tables);
	add_to(&m->hugetlb, p->hugetlb);
	add_to(&m->swap, p->swap);
	m->detailed = m->detailed && p->detailed;
	if (p->guest_how == GUEST_NONE || p->guest_how == GUEST_HELPER)
		return;
	if (p->guest_how > m->guest_how)
		m->guest_how = p->guest_how;
	add_to(&m->guest_given, p->guest_given);
	add_to(&m->guest_touched, memory_guest_touched(p));
	add_to(&m->vmm, less(p->pss, p->guest));
}

static void add_charge(uint64_t *sum, uint64_t value)
{
	if (value == MEMORY_UNKNOWN || *sum == MEMORY_UNKNOWN)
		*sum = MEMORY_UNKNOWN;
	else
		add_to(sum, value);
}

static void count_cgroups(struct memory_snapshot *m)
{
	size_t i;

	m->charge = (struct memory_charge){ 0 };
	for (i = 0; i < m->n_cgroups; i++) {
		const struct host_memory_cgroup *f = &m->cgroups[i].figures;

		add_charge(&m->charge.usage, f->usage);
		add_charge(&m->charge.peak, f->peak);
		add_charge(&m->charge.inactive_file, f->inactive_file);
		add_charge(&m->charge.kernel, f->kernel);
	}
}

static void settle_snapshot(struct memory_snapshot *m)
{
	CLEANUP_FREE struct memory_process **sorted = NULL;
	size_t i;

	m->rss = m->pss = m->uss = m->anon = m->file = m->shmem = m->guest = 0;
	m->page_tables = m->kernel_stack = m->hugetlb = m->swap = 0;
	m->guest_given = m->guest_touched = m->vmm = 0;
	m->rss_of = (struct memory_classes){ 0 };
	m->guest_how = GUEST_NONE;
	m->detailed = m->n > 0;
	count_cgroups(m);
	if (m->n == 0)
		return;
	sorted = xcalloc(m->n, sizeof(*sorted));
	for (i = 0; i < m->n; i++)
		sorted[i] = &m->processes[i];
	qsort(sorted, m->n, sizeof(*sorted), compare_owner);
	for (i = 0; i < m->n; i++) {
		struct memory_process *p = sorted[i];

		/* Threads have stacks of their own, whoever's memory they use. */
		add_to(&m->kernel_stack, p->kernel_stack);
		p->counted = i == 0 || p->mm_owner != sorted[i - 1]->mm_owner;
		if (p->counted)
			count_process(m, p);
	}
}

void memory_settle(struct run *r)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->memory); i++) {
		settle_snapshot(&r->memory[i]);
		memory_set_roles(r, &r->memory[i]);
	}
	settle_snapshot(&r->memory_loaded);
	memory_set_roles(r, &r->memory_loaded);
}

void memory_release(struct run *r)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->memory); i++) {
		free(r->memory[i].processes);
		free(r->memory[i].cgroups);
	}
	free(r->memory_loaded.processes);
	free(r->memory_loaded.cgroups);
}

/* ---- other ways to count --------------------------------------------------------------------------- */

void memory_peers(const struct memory_snapshot *m, struct memory_peers *out)
{
	size_t i;

	*out = (struct memory_peers){ 0 };
	if (m->n_cgroups && m->charge.usage != MEMORY_UNKNOWN &&
	    m->charge.inactive_file != MEMORY_UNKNOWN) {
		out->has_docker = true;
		out->docker = less(m->charge.usage, m->charge.inactive_file);
	}
	for (i = 0; i < m->n; i++) {
		const struct memory_process *p = &m->processes[i];

		if (!p->counted)
			continue;
		if (!strcmp(p->role, "hypervisor"))
			out->has_kata = true;
		if (!strcmp(p->role, "hypervisor") || !strcmp(p->role, "virtiofsd") ||
		    !strcmp(p->role, "shim"))
			add_to(&out->kata, p->pss);
		if (p->guest_how == GUEST_SLOTS || p->guest_how == GUEST_SIZE) {
			out->has_firecracker = true;
			add_to(&out->firecracker, less(p->rss, p->rss_of.guest));
		}
	}
}

bool memory_overhead(const struct run *r, const struct memory_snapshot *m, uint64_t *bytes)
{
	size_t i;

	for (i = 0; r->milestones.service_pid && i < m->n; i++)
		if (m->processes[i].counted && m->processes[i].pid == r->milestones.service_pid) {
			*bytes = less(m->pss, m->processes[i].pss);
			return true;
		}
	return false;
}

const struct memory_snapshot *memory_peak_snapshot(const struct run *r)
{
	const struct memory_snapshot *most = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->memory); i++)
		if (r->memory[i].taken && r->memory[i].detailed &&
		    (!most || r->memory[i].rss > most->rss))
			most = &r->memory[i];
	return most && most->rss >= memory_amount_rss(&r->timeline.peak.amount) ? most : NULL;
}

const char *memory_mapping_name(enum mapping_kind kind)
{
	static const char *const names[] = {
		[MAPPING_REST] = "rest", [MAPPING_ANON] = "anon", [MAPPING_HEAP] = "heap",
		[MAPPING_STACK] = "stack", [MAPPING_CODE] = "compiled code",
		[MAPPING_FILE] = "file", [MAPPING_DATA] = "file data",
		[MAPPING_SHARED_FILE] = "shared file", [MAPPING_SHMEM] = "shmem",
		[MAPPING_HUGETLB] = "hugetlb", [MAPPING_DEVICE] = "device",
		[MAPPING_GUEST] = "guest RAM",
	};

	return names[kind];
}

const char *memory_guest_how_name(enum guest_how how)
{
	static const char *const names[] = { [GUEST_NONE] = "none", [GUEST_SLOTS] = "slots",
					     [GUEST_SIZE] = "size", [GUEST_UNKNOWN] = "unknown",
					     [GUEST_HELPER] = "another's" };

	return names[how];
}
