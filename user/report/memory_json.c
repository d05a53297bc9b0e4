// SPDX-License-Identifier: GPL-2.0-only
#include "user/report/memory.h"

#include <string.h>

#include "user/base/mem.h"

/* Points of a timeline that are written at most. */
#define TREE_POINTS 200
#define LIFE_POINTS 50

/* What the kernel or a recording does not tell has no key. */
static void known(struct json *j, const char *key, uint64_t bytes)
{
	if (bytes != MEMORY_UNKNOWN)
		json_u64(j, key, bytes);
}

/* kernel: MEMORY_UNKNOWN where there is no such figure. */
static void write_classes(struct json *j, const char *key, const struct memory_classes *c,
			  bool detailed, uint64_t page_tables, uint64_t kernel)
{
	json_object(j, key);
	json_u64(j, "anon", c->anon);
	json_u64(j, "file", c->file);
	json_u64(j, "shmem", c->shmem);
	if (detailed)
		json_u64(j, "guest_ram", c->guest);
	known(j, "page_tables", page_tables);
	known(j, "kernel", kernel);
	json_end(j);
}

static void write_guest(struct json *j, uint64_t given, uint64_t touched, enum guest_how how)
{
	if (how == GUEST_NONE)
		return;
	json_object(j, "guest_ram");
	if (how != GUEST_UNKNOWN) {
		json_u64(j, "given", given);
		json_u64(j, "touched", touched);
	}
	json_string(j, "told_by", memory_guest_how_name(how));
	json_end(j);
}

static void write_mapping(struct json *j, const struct memory_mapping *m)
{
	json_object(j, NULL);
	json_string(j, "kind", memory_mapping_name(m->kind));
	if (*m->name)
		json_string(j, "name", m->name);
	json_u64(j, "mappings", m->count);
	json_u64(j, "size", m->size);
	json_u64(j, "rss", m->rss);
	json_u64(j, "pss", m->pss);
	json_u64(j, "private", m->private);
	json_u64(j, "shared", m->shared);
	json_u64(j, "anon", m->anon);
	if (m->huge)
		json_u64(j, "hugetlb", m->huge);
	if (m->swap)
		json_u64(j, "swap", m->swap);
	json_end(j);
}

static void write_process(struct json *j, const struct memory_process *p)
{
	const struct memory_classes pss = { p->anon, p->file, p->shmem, p->guest };
	size_t i;

	json_object(j, NULL);
	json_u64(j, "pid", p->pid);
	json_string(j, "comm", p->comm);
	if (p->detailed && *p->role)
		json_string(j, "role", p->role);
	json_u64(j, "rss", p->rss);
	json_u64(j, "pss", p->pss);
	json_u64(j, "uss", p->uss);
	write_classes(j, "classes", &pss, p->detailed, p->page_tables, MEMORY_UNKNOWN);
	if (p->detailed) {
		write_classes(j, "rss_classes", &p->rss_of, true, MEMORY_UNKNOWN, MEMORY_UNKNOWN);
		json_u64(j, "kernel_stack", p->kernel_stack);
		json_u64(j, "threads", p->threads);
		json_u64(j, "hugetlb", p->hugetlb);
		json_u64(j, "swap", p->swap);
		write_guest(j, p->guest_given, memory_guest_touched(p), p->guest_how);
	}
	if (!p->counted)
		json_u64(j, "shares_mm_with", p->mm_owner);
	if (p->n_mappings) {
		json_array(j, "mappings");
		for (i = 0; i < p->n_mappings; i++)
			write_mapping(j, &p->mappings[i]);
		json_end(j);
	}
	json_end(j);
}

static void write_cgroups(struct json *j, const struct memory_snapshot *m)
{
	size_t i;

	if (!m->asked_cgroup)
		return;
	if (m->n_cgroups)
		known(j, "cgroup_charge", m->charge.usage);
	json_object(j, "cgroup");
	json_u64(j, "version", m->cgroup_version);
	if (m->n_cgroups) {
		known(j, "usage", m->charge.usage);
		known(j, "peak", m->charge.peak);
		known(j, "inactive_file", m->charge.inactive_file);
		known(j, "kernel", m->charge.kernel);
	} else {
		json_string(j, "why_not", m->cgroup_version ?
			    "no process of the run is in a cgroup of its own" :
			    "this host has no memory controller");
	}
	json_array(j, "cgroups");
	for (i = 0; i < m->n_cgroups; i++) {
		const struct host_memory_cgroup *f = &m->cgroups[i].figures;

		json_object(j, NULL);
		json_string(j, "path", m->cgroups[i].path);
		json_u64(j, "processes", f->processes);
		known(j, "usage", f->usage);
		known(j, "peak", f->peak);
		known(j, "inactive_file", f->inactive_file);
		known(j, "anon", f->anon);
		known(j, "file", f->file);
		known(j, "shmem", f->shmem);
		known(j, "kernel", f->kernel);
		known(j, "kernel_stack", f->kernel_stack);
		known(j, "page_tables", f->page_tables);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_peers(struct json *j, const struct memory_snapshot *m)
{
	struct memory_peers peers;

	memory_peers(m, &peers);
	json_object(j, "as_others_count");
	json_u64(j, "ps_rss", m->rss);
	if (peers.has_docker)
		json_u64(j, "docker_stats", peers.docker);
	if (peers.has_kata)
		json_u64(j, "kata_pss", peers.kata);
	if (peers.has_firecracker)
		json_u64(j, "firecracker_rss", peers.firecracker);
	json_end(j);
}

/* MemAvailable now against before the launch: the whole machine's, others' business included. */
static void write_system(struct json *j, const struct run *r, const struct memory_snapshot *m)
{
	if (!m->has_system)
		return;
	json_object(j, "system");
	json_u64(j, "available", m->system.available);
	if (r->memory_before.total)
		json_i64(j, "available_delta",
			 (int64_t)(r->memory_before.available - m->system.available));
	json_u64(j, "page_tables", m->system.page_tables);
	json_u64(j, "kernel_stack", m->system.kernel_stack);
	json_u64(j, "slab", m->system.slab);
	json_end(j);
}

static void write_snapshot(struct json *j, const char *key, const struct run *r,
			   const struct memory_snapshot *m)
{
	const struct memory_classes pss = { m->anon, m->file, m->shmem, m->guest };
	uint64_t overhead;
	size_t i;

	if (!m->taken)
		return;
	json_object(j, key);
	if (m->detailed && m->time > r->milestones.launch)
		json_u64(j, "at_ns", m->time - r->milestones.launch);
	json_u64(j, "rss", m->rss);
	json_u64(j, "pss", m->pss);
	json_u64(j, "uss", m->uss);
	write_classes(j, "classes", &pss, m->detailed, m->page_tables,
		      m->n_cgroups ? m->charge.kernel : MEMORY_UNKNOWN);
	if (m->detailed) {
		write_classes(j, "rss_classes", &m->rss_of, true, MEMORY_UNKNOWN, MEMORY_UNKNOWN);
		json_u64(j, "kernel_stack", m->kernel_stack);
		json_u64(j, "hugetlb", m->hugetlb);
		json_u64(j, "swap", m->swap);
		write_guest(j, m->guest_given, m->guest_touched, m->guest_how);
		if (m->guest_how == GUEST_SLOTS || m->guest_how == GUEST_SIZE)
			json_u64(j, "vmm_pss", m->vmm);
		if (memory_overhead(r, m, &overhead))
			json_u64(j, "overhead_pss", overhead);
	}
	write_cgroups(j, m);
	write_system(j, r, m);
	if (m->detailed)
		write_peers(j, m);
	json_array(j, "processes");
	for (i = 0; i < m->n; i++)
		write_process(j, &m->processes[i]);
	json_end(j);
	json_end(j);
}

static uint64_t since(const struct run *r, uint64_t time)
{
	return time > r->milestones.launch ? time - r->milestones.launch : 0;
}

/* The comm of a process of the tree. */
static void write_pid(struct json *j, const struct run *r, uint32_t pid)
{
	const struct process *p = tree_process(&r->tree, pid);

	json_u64(j, "pid", pid);
	json_string(j, "comm", p ? p->comm : "");
}

/* knows_guest: guest RAM is told apart, and taken out of what backs it. */
static void write_amount(struct json *j, const struct memory_amount *a, bool knows_guest)
{
	const struct memory_classes classes = {
		knows_guest ? a->anon - a->guest_anon : a->anon,
		knows_guest ? a->file - a->guest_file : a->file,
		knows_guest ? a->shmem - a->guest_shmem : a->shmem, memory_amount_guest(a),
	};

	json_u64(j, "rss", memory_amount_rss(a));
	write_classes(j, "rss_classes", &classes, knows_guest, MEMORY_UNKNOWN, MEMORY_UNKNOWN);
	json_u64(j, "page_tables", a->page_tables);
}

static void write_peak_guest(struct json *j, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	uint64_t vmm = 0;
	size_t i;

	if (!t->knows_guest)
		return;
	json_object(j, "guest_ram");
	json_u64(j, "touched", memory_amount_guest(&t->peak.amount));
	json_string(j, "told_by", memory_guest_how_name(r->memory[MEMORY_FIRST_BYTE].guest_how));
	json_end(j);
	for (i = 0; i < t->n_lives; i++)
		if (memory_amount_guest(&t->lives[i].at_peak))
			vmm += memory_amount_rss(&t->lives[i].at_peak) -
			       memory_amount_guest(&t->lives[i].at_peak);
	json_u64(j, "vmm_rss", vmm);
}

/* Between the snapshots nobody can read PSS: what the timeline knows of the peak is RSS. */
static void write_peak(struct json *j, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	const struct memory_snapshot *m = memory_peak_snapshot(r);
	struct memory_peak_pss pss;
	size_t i;

	if (m) {
		write_snapshot(j, "peak", r, m);
		return;
	}
	if (!memory_peak_pss(r, &pss))
		return;
	json_object(j, "peak");
	json_u64(j, "at_ns", since(r, t->peak.time));
	write_amount(j, &t->peak.amount, t->knows_guest);
	if (pss.exact) {
		json_u64(j, "pss", pss.at_least);
		json_u64(j, "uss", pss.at_least);
	}
	json_u64(j, "pss_at_least", pss.at_least);
	json_u64(j, "pss_at_most", pss.at_most);
	if (pss.has_estimate)
		json_u64(j, "pss_estimate", pss.estimate);
	write_peak_guest(j, r);
	known(j, "cgroup_peak", memory_charge_peak(r));
	json_array(j, "processes");
	for (i = 0; i < t->n_lives; i++) {
		if (!memory_amount_rss(&t->lives[i].at_peak))
			continue;
		json_object(j, NULL);
		write_pid(j, r, t->lives[i].pid);
		write_amount(j, &t->lives[i].at_peak, t->knows_guest);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_points(struct json *j, const struct run *r, const struct memory_point *points,
			 size_t n, size_t max)
{
	CLEANUP_FREE struct memory_point *thin = xcalloc(max, sizeof(*thin));
	size_t i;

	n = memory_thin(points, n, thin, max);
	json_array(j, "points");
	for (i = 0; i < n; i++) {
		json_array(j, NULL);
		json_u64(j, NULL, since(r, thin[i].time));
		json_u64(j, NULL, thin[i].amount.anon);
		json_u64(j, NULL, thin[i].amount.file);
		json_u64(j, NULL, thin[i].amount.shmem);
		json_u64(j, NULL, thin[i].amount.page_tables);
		json_end(j);
	}
	json_end(j);
}

/* What they cost is told by process and phase; who was not on the critical path cost nothing there. */
static void write_fault_cost(struct json *j, const struct run *r)
{
	static const char *const kinds[FAULT_COST_KINDS] = { "anon", "file", "shmem", "copy_on_write",
							     "other" };
	const struct memory_timeline *t = &r->timeline;
	size_t i;

	json_object(j, "fault_cost");
	if (!t->cost_ns) {
		json_string(j, "why_not", r->sched.n_samples ? "too few samples, or none in a page fault" :
							       "no samples were taken");
		json_end(j);
		return;
	}
	json_u64(j, "ns", t->cost_ns);
	json_object(j, "kinds");
	for (i = 0; i < FAULT_COST_KINDS; i++)
		json_u64(j, kinds[i], t->cost_of[i]);
	json_end(j);
	json_array(j, "by");
	for (i = 0; i < t->n_costs; i++) {
		json_object(j, NULL);
		write_pid(j, r, t->costs[i].pid);
		json_string(j, "phase", r->phases.list[t->costs[i].phase].name);
		json_u64(j, "ns", t->costs[i].ns);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void write_faults(struct json *j, const struct memory_faults *f)
{
	json_object(j, "faults");
	json_u64(j, "minor", f->minor);
	json_u64(j, "major", f->major);
	json_u64(j, "anon", f->anon);
	json_u64(j, "file_minor", f->file);
	json_u64(j, "file_major", f->read);
	json_u64(j, "shmem", f->shmem);
	json_u64(j, "copy_on_write", f->cow);
	json_u64(j, "guest_ram", f->guest);
	json_u64(j, "other", f->other);
	json_end(j);
}

/* Who faulted in a phase. */
static void write_faulters(struct json *j, const struct run *r, size_t phase)
{
	const struct memory_timeline *t = &r->timeline;
	size_t i;

	json_array(j, "processes");
	for (i = 0; i < t->n_cells; i++) {
		if (t->cells[i].phase != phase)
			continue;
		json_object(j, NULL);
		write_pid(j, r, t->lives[t->cells[i].life].pid);
		write_faults(j, &t->cells[i].faults);
		json_end(j);
	}
	json_end(j);
}

static void write_phases(struct json *j, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	size_t i;

	if (!t->n_phases)
		return;
	json_array(j, "phases");
	for (i = 0; i < t->n_phases; i++) {
		json_object(j, NULL);
		json_string(j, "name", r->phases.list[i].name);
		json_u64(j, "rss_before", t->phases[i].from);
		json_u64(j, "rss_after", t->phases[i].to);
		json_i64(j, "rss_growth", (int64_t)(t->phases[i].to - t->phases[i].from));
		write_faults(j, &t->phases[i].faults);
		write_faulters(j, r, i);
		json_end(j);
	}
	json_end(j);
}

/* What coldprof's own requests did, after all had settled. */
static void write_load(struct json *j, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	struct memory_amount before = memory_at(t->points, t->n, t->end);

	if (!t->load.time && !memory_faults_count(&t->load_faults))
		return;
	json_object(j, "under_load");
	if (t->load.time) {
		json_u64(j, "at_ns", since(r, t->load.time));
		write_amount(j, &t->load.amount, false);
		json_i64(j, "rss_growth", (int64_t)(memory_amount_rss(&t->load.amount) -
						    memory_amount_rss(&before)));
	}
	write_faults(j, &t->load_faults);
	json_end(j);
}

static void write_timeline(struct json *j, const struct run *r)
{
	const struct memory_timeline *t = &r->timeline;
	size_t i;

	if (!t->n)
		return;
	json_object(j, "timeline");
	write_points(j, r, t->points, t->n, TREE_POINTS);
	write_faults(j, &t->faults);
	if (memory_faults_count(&t->faults))
		write_fault_cost(j, r);
	if (t->dropped)
		json_u64(j, "records_left_out", t->dropped);
	write_phases(j, r);
	json_array(j, "processes");
	for (i = 0; i < t->n_lives; i++) {
		const struct memory_life *l = &t->lives[i];

		json_object(j, NULL);
		write_pid(j, r, l->pid);
		json_u64(j, "peak_rss", l->peak);
		json_u64(j, "peak_at_ns", since(r, l->peak_time));
		if (l->most)
			json_u64(j, "high_water_rss", l->most);
		write_faults(j, &l->faults);
		write_points(j, r, l->points, l->n, LIFE_POINTS);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void memory_json_run(struct json *j, const struct run *r)
{
	bool any = r->timeline.n > 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(r->memory); i++)
		any = any || r->memory[i].taken;
	if (!any)
		return;
	json_object(j, "memory");
	write_snapshot(j, "first_byte", r, &r->memory[MEMORY_FIRST_BYTE]);
	write_snapshot(j, "settled", r, &r->memory[MEMORY_SETTLED]);
	if (r->memory[MEMORY_PEAK].taken)
		write_snapshot(j, "peak", r, &r->memory[MEMORY_PEAK]);
	else
		write_peak(j, r);
	write_snapshot(j, "loaded", r, &r->memory_loaded);
	write_load(j, r);
	write_timeline(j, r);
	json_end(j);
}
