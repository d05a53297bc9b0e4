// SPDX-License-Identifier: GPL-2.0-only
/*
 * adopt_cgroup.bpf.c - a program that somebody else executes in a cgroup of the run's container.
 *
 * The second rule, for what the table of programs does not know: a runtime of another name, a unit of
 * a service manager. The cgroup carries the id when that is its whole name, or 64 hexadecimal
 * characters of it ("docker-ID.scope"); the latter may be the name of the cgroup above as well, for a
 * container may make cgroups of its own.
 *
 * And it must have been made since the launch: in one that was there before run somebody's processes,
 * whatever its name says.
 *
 * This file sorts between adopt.bpf.c and scope.bpf.c: the rules of programs come first, and the exec
 * by which a task is adopted is recorded as the run's.
 */
#include "bpf/adopt.bpf.h"

#define NAME_ROOM 128 /* bytes of a cgroup's name that are looked at */
#define HEX_ID 64
#define RULE "exec in its cgroup"

/* What is read of the kernel's, by names only; cgroup.h's own types drag in half of the kernel's. */
struct kernfs_node___adopt {
	const char *name;
} __attribute__((preserve_access_index));
struct cgroup_subsys_state___adopt;
struct cgroup___adopt {
	struct kernfs_node___adopt *kn;
} __attribute__((preserve_access_index));
struct cgroup_subsys_state___adopt {
	struct cgroup___adopt *cgroup;
	struct cgroup_subsys_state___adopt *parent;
} __attribute__((preserve_access_index));
struct css_set___adopt {
	struct cgroup_subsys_state___adopt *subsys[1];
} __attribute__((preserve_access_index));
enum cgroup_subsys_id___adopt {
	memory_cgrp_id___adopt,
	pids_cgrp_id___adopt,
};

struct cgroup_scan {
	char name[NAME_ROOM];
	char id[NAME_ROOM]; /* the key is its first ADOPT_ID_MAX bytes */
	__u32 hex;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cgroup_scan);
} adopt_cgroup_scratch SEC(".maps");

/* cgroups that were made during a run, and in which; by address, which means nothing once it is freed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u32);
} adopt_cgroups SEC(".maps");

static const volatile __u8 is_hex_digit[256] = {
	['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1, ['f'] = 1,
};

static __always_inline bool id_is_ours(struct cgroup_scan *s)
{
	__u32 *run = bpf_map_lookup_elem(&adopt_ids, s->id);

	return run && run_is_on(*run); /* a mere word of the command is no run's number */
}

static __always_inline bool is_made_by_run(struct cgroup_subsys_state___adopt *css)
{
	__u64 cgroup = (__u64)KERNEL_READ(css, cgroup);
	__u32 *run = bpf_map_lookup_elem(&adopt_cgroups, &cgroup);

	return run && run_is_on(*run);
}

/* 64 hexadecimal characters in a row, as an id is kept: with a NUL behind it, one character less. */
static __always_inline bool find_hex(struct cgroup_scan *s)
{
	__u32 i, at;

	s->hex = 0;
	for (i = 0; i < NAME_ROOM; i++) {
		s->hex = (s->hex + 1) * is_hex_digit[(__u8)s->name[i]];
		if (s->hex == HEX_ID)
			break;
	}
	if (i == NAME_ROOM)
		return false;
	at = i - (HEX_ID - 1);
	barrier_var(at);
	at &= NAME_ROOM / 2 - 1;
	__builtin_memset(s->id, 0, sizeof(s->id));
	bpf_probe_read_kernel(s->id, ADOPT_ID_MAX - 1, s->name + at);
	return true;
}

static __always_inline void read_name(struct cgroup_scan *s, struct cgroup_subsys_state___adopt *css)
{
	__builtin_memset(s->name, 0, sizeof(s->name));
	bpf_probe_read_kernel_str(s->name, sizeof(s->name), KERNEL_READ(css, cgroup, kn, name));
}

static __noinline bool css_is_ours(struct cgroup_scan *s, struct cgroup_subsys_state___adopt *css)
{
	struct cgroup_subsys_state___adopt *parent;

	if (!s || !css)
		return false;
	read_name(s, css);
	if (!s->name[0])
		return false;
	__builtin_memset(s->id, 0, sizeof(s->id));
	bpf_probe_read_kernel_str(s->id, ADOPT_ID_MAX, s->name);
	if (id_is_ours(s))
		return is_made_by_run(css);
	if (find_hex(s))
		return id_is_ours(s) && is_made_by_run(css);
	parent = KERNEL_READ(css, parent);
	if (!parent)
		return false;
	read_name(s, parent);
	return find_hex(s) && id_is_ours(s) && is_made_by_run(parent);
}

/* On v2 every controller is of the one hierarchy; of v1's, two that engines make cgroups in. */
static __always_inline struct cgroup_subsys_state___adopt *css_of(struct task_struct *task, __u32 nr)
{
	struct css_set___adopt *set = (void *)KERNEL_READ(task, cgroups);
	struct cgroup_subsys_state___adopt *css = NULL;

	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)__builtin_preserve_access_index(&set->subsys) + nr * sizeof(css));
	return css;
}

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(on_adopt_mkdir, void *cgroup)
{
	__u64 key = (__u64)cgroup;
	__u32 run = control.run;

	if (run)
		bpf_map_update_elem(&adopt_cgroups, &key, &run, BPF_ANY);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_adopt_cgroup, struct task_struct *task)
{
	WIRE_RECORD(adopted) *r;
	struct cgroup_scan *s;
	__u32 zero = 0;

	if (!control.run || ctx_of(task))
		return 0;
	s = bpf_map_lookup_elem(&adopt_cgroup_scratch, &zero);
	if (!s)
		return 0;
	if (!(bpf_core_enum_value_exists(enum cgroup_subsys_id___adopt, memory_cgrp_id___adopt) &&
	      css_is_ours(s, css_of(task, bpf_core_enum_value(enum cgroup_subsys_id___adopt,
							      memory_cgrp_id___adopt)))) &&
	    !(bpf_core_enum_value_exists(enum cgroup_subsys_id___adopt, pids_cgrp_id___adopt) &&
	      css_is_ours(s, css_of(task, bpf_core_enum_value(enum cgroup_subsys_id___adopt,
							      pids_cgrp_id___adopt)))))
		return 0;
	if (!adopt_mark(task, control.run))
		return 0;
	r = record_reserve(WIRE_ADOPTED, sizeof(*r));
	if (!r)
		return 0;
	__builtin_memset(&r->body, 0, sizeof(r->body));
	r->body.how = WIRE_ADOPTED_CGROUP;
	adopt_tell_parent(&r->body, task);
	__builtin_memcpy(r->body.rule, RULE, sizeof(RULE));
	__builtin_memcpy(r->body.id, s->id, sizeof(r->body.id));
	record_submit(r);
	return 0;
}
