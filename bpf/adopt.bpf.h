/* SPDX-License-Identifier: GPL-2.0-only */
/* adopt.bpf.h - what the rules of adoption share: ids that are the run's, and how a task becomes its. */
#ifndef COLDPROF_ADOPT_BPF_H
#define COLDPROF_ADOPT_BPF_H

#include "bpf/probe.bpf.h"

/* Ids that are the run's (value: its number, | ADOPT_ID_WORD); on `coldprof watch` those that have a run. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 2048);
	__type(key, char[ADOPT_ID_MAX]);
	__type(value, __u32);
} adopt_ids __weak SEC(".maps");

static __always_inline bool adopt_mark(struct task_struct *task, __u32 run)
{
	struct task_ctx *c = bpf_task_storage_get(&tasks, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct cpu_state *s = cpu_state();

	if (!c) {
		count_sent(false);
		return false;
	}
	if (s && s->task == (__u64)task) /* where it runs it is known as nobody's */
		s->task = s->stack = 0;
	__builtin_memset(c, 0, sizeof(*c));
	c->run = run;
	c->role = ROLE_TREE;
	c->call.nr = NO_SYSCALL;
	return true;
}

/* Who forked it. */
static __always_inline void adopt_tell_parent(struct wire_adopted *body, struct task_struct *task)
{
	struct task_struct *parent = KERNEL_READ(task, real_parent);

	body->parent_pid = KERNEL_READ(parent, tgid);
	bpf_probe_read_kernel(body->parent_comm, sizeof(body->parent_comm), parent->comm);
}

#endif
