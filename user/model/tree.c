// SPDX-License-Identifier: GPL-2.0-only
/*
 * tree.c - who made whom.
 *
 * Two invariants, whatever a recording says, keep every walk up the tree finite:
 *  - only processes[0] has no parent; a process whose birth was not seen hangs on it;
 *  - a process gets a new parent only as long as it has no children itself, or becomes the root.
 * So there is never a cycle. A re-used pid is a new process; the tables know the newest one.
 */
#include "user/model/tree.h"

#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/record/reader.h"

struct process_node {
	struct process process; /* first: a struct process * is a struct process_node * */
	size_t children;
	UT_hash_handle hh;
};

struct task_node {
	struct task task; /* first, as above */
	UT_hash_handle hh;
};

struct tree_index {
	struct process_node *by_pid;
	struct task_node *by_tid;
};

static struct process_node *node_of(struct process *p)
{
	return (struct process_node *)p;
}

static struct tree_index *index_of(struct tree *t)
{
	if (!t->index)
		t->index = xcalloc(1, sizeof(struct tree_index));
	return t->index;
}

struct process *tree_process(const struct tree *t, uint32_t pid)
{
	const struct tree_index *index = t->index;
	struct process_node *node = NULL;

	if (index)
		HASH_FIND(hh, index->by_pid, &pid, sizeof(pid), node);
	return node ? &node->process : NULL;
}

struct task *tree_task(const struct tree *t, uint32_t tid)
{
	const struct tree_index *index = t->index;
	struct task_node *node = NULL;

	if (index)
		HASH_FIND(hh, index->by_tid, &tid, sizeof(tid), node);
	return node ? &node->task : NULL;
}

static void set_comm(char to[WIRE_COMM_LEN], const char from[WIRE_COMM_LEN])
{
	memcpy(to, from, WIRE_COMM_LEN);
	to[WIRE_COMM_LEN - 1] = '\0';
}

static void set_parent(struct process *p, struct process *parent, uint32_t parent_tid)
{
	p->parent = parent;
	p->parent_tid = parent_tid;
	p->depth = parent->depth + 1;
	node_of(parent)->children++;
}

/* A process of that pid which is not in the table yet, or whose pid is used anew. */
static struct process *process_new(struct tree *t, struct arena *arena, uint32_t pid,
				   uint64_t start)
{
	struct tree_index *index = index_of(t);
	struct process_node *node = arena_alloc(arena, sizeof(*node));
	struct process_node *old = NULL;

	node->process.pid = pid;
	node->process.start = start;
	HASH_FIND(hh, index->by_pid, &pid, sizeof(pid), old);
	if (old)
		HASH_DELETE(hh, index->by_pid, old);
	HASH_ADD(hh, index->by_pid, process.pid, sizeof(pid), node);
	ARRAY_RESERVE(t->processes, t->n, t->cap, 1);
	t->processes[t->n++] = &node->process;
	return &node->process;
}

static struct task *task_new(struct tree *t, struct arena *arena, uint32_t tid, uint32_t pid,
			     uint64_t start)
{
	struct tree_index *index = index_of(t);
	struct task_node *node = arena_alloc(arena, sizeof(*node));
	struct task_node *old = NULL;

	node->task.tid = tid;
	node->task.pid = pid;
	node->task.start = start;
	HASH_FIND(hh, index->by_tid, &tid, sizeof(tid), old);
	if (old)
		HASH_DELETE(hh, index->by_tid, old);
	HASH_ADD(hh, index->by_tid, task.tid, sizeof(tid), node);
	ARRAY_RESERVE(t->tasks, t->n_tasks, t->cap_tasks, 1);
	t->tasks[t->n_tasks++] = &node->task;
	return &node->task;
}

/*
 * The process that a record is about, made on the root when nobody told of its birth: the record
 * was lost, or overtaken. What a pid does after its death is done by another process of that pid.
 */
static struct process *process_of(struct tree *t, struct arena *arena,
				  const struct wire_head *head)
{
	struct process *p = tree_process(t, head->pid);
	struct task *task = tree_task(t, head->tid);

	if (p && p->end && head->time > p->end && head->kind != WIRE_EXIT)
		p = NULL;
	if (!p) {
		p = process_new(t, arena, head->pid, head->time);
		if (t->n > 1)
			set_parent(p, t->processes[0], 0);
	}
	if (!task || task->pid != head->pid || p->threads == 0) {
		task_new(t, arena, head->tid, head->pid, head->time);
		p->threads++;
	}
	return p;
}

static void add_fork(struct tree *t, struct arena *arena, const struct wire_head *head)
{
	struct wire_fork fork;
	struct process *parent = process_of(t, arena, head);
	struct process *child;
	struct task *task;

	record_body(head, &fork, sizeof(fork));
	t->forks++;
	if (fork.child_pid == head->pid) {
		task = task_new(t, arena, fork.child_tid, head->pid, head->time);
		set_comm(task->comm, fork.comm);
		parent->threads++;
		return;
	}
	child = tree_process(t, fork.child_pid);
	/*
	 * On several CPUs a child's first record can overtake the one of its birth. Such a child is
	 * known, has no birth yet and no children, and now gets its true parent. (child is not its
	 * own parent: the pids differ.)
	 */
	if (child && child != t->processes[0] && child->parent_tid == 0 &&
	    node_of(child)->children == 0 && head->time <= child->start) {
		node_of(child->parent)->children--;
		set_parent(child, parent, head->tid);
		child->start = head->time;
		child->number = fork.child_number;
		return;
	}
	child = process_new(t, arena, fork.child_pid, head->time);
	set_parent(child, parent, head->tid);
	child->shares_mm = fork.shares_mm != 0;
	child->number = fork.child_number;
	child->threads = 1;
	set_comm(child->comm, fork.comm);
	task = task_new(t, arena, fork.child_tid, fork.child_pid, head->time);
	set_comm(task->comm, fork.comm);
}

/* After the root has changed: every depth anew, each process visited once or twice. */
static void count_depths(struct tree *t)
{
	const unsigned int unknown = ~0u;
	size_t i;

	for (i = 0; i < t->n; i++)
		t->processes[i]->depth = unknown;
	t->processes[0]->depth = 0;
	for (i = 1; i < t->n; i++) {
		unsigned int steps = 0;
		struct process *p;

		for (p = t->processes[i]; p->depth == unknown; p = p->parent)
			steps++;
		steps += p->depth;
		for (p = t->processes[i]; p->depth == unknown; p = p->parent)
			p->depth = steps--;
	}
}

/* Who forked the root process and did nothing else that was told of: the keeper, no process of the run. */
static bool is_keeper(const struct tree *t, struct process *k)
{
	struct process *first = t->processes[0];

	return k && !k->adoption && !k->n_execs && node_of(k)->children == 1 &&
	       (k == first || (k->parent == first && first->adoption));
}

static void remove_process(struct tree *t, struct process *p)
{
	size_t at = 0;

	while (t->processes[at] != p)
		at++;
	memmove(&t->processes[at], &t->processes[at + 1], (t->n - at - 1) * sizeof(*t->processes));
	t->n--;
	if (p->parent)
		node_of(p->parent)->children--;
	HASH_DELETE(hh, index_of(t)->by_pid, node_of(p));
}

/* p says that it is the root process; whoever was taken for it becomes p's child. */
static void make_root(struct tree *t, struct process *p)
{
	struct process *before = t->processes[0], *parent = p->parent;
	bool keeper = is_keeper(t, parent);
	size_t at = 0;

	t->has_root = true;
	if (p == before)
		return;
	while (t->processes[at] != p)
		at++;
	memmove(&t->processes[1], &t->processes[0], at * sizeof(t->processes[0]));
	t->processes[0] = p;
	if (parent)
		node_of(parent)->children--;
	p->parent = NULL;
	p->parent_tid = 0;
	if (keeper)
		remove_process(t, parent);
	if (!keeper || before != parent)
		set_parent(before, p, 0);
	count_depths(t);
}

/* argv has NULs within, so it is no string; one more stands behind it all the same. */
static const char *copy_bytes(struct arena *arena, const char *bytes, size_t n)
{
	char *copy = arena_alloc(arena, n + 1);

	memcpy(copy, bytes, n);
	return copy;
}

static void add_exec(struct tree *t, struct arena *arena, const struct wire_head *head)
{
	struct wire_exec body;
	struct process *p = process_of(t, arena, head);
	struct task *task = tree_task(t, head->tid);
	struct exec *exec;
	const char *argv;
	size_t n;

	record_body(head, &body, sizeof(body));
	t->execs++;
	ARRAY_RESERVE(p->execs, p->n_execs, p->cap_execs, 1);
	exec = &p->execs[p->n_execs++];
	*exec = (struct exec){ .enter = body.enter, .time = head->time, .inode = body.exe_inode,
			       .dev = body.exe_dev };
	if ((head->flags & WIRE_F_NO_ENTER) || body.enter > head->time)
		exec->enter = 0;
	/* Not born later than what it did: the root's birth, for one, is before the recording. */
	if (!p->parent_tid && exec->enter && exec->enter < p->start)
		p->start = exec->enter;
	exec->exe = arena_strndup(arena, body.exe_name,
				  strnlen(body.exe_name, sizeof(body.exe_name)));
	argv = record_bytes(head, sizeof(body), &n);
	exec->argv_len = n < body.argv_len ? n : body.argv_len;
	exec->argv = copy_bytes(arena, argv, exec->argv_len);
	set_comm(exec->comm, body.comm);
	set_comm(p->comm, body.comm);
	set_comm(task->comm, body.comm);
	p->shares_mm = false;
	/* A thread that is no leader takes over the leader's tid; its own is gone. */
	if (body.old_tid && body.old_tid != head->tid) {
		struct task *old = tree_task(t, body.old_tid);

		if (old && old->pid == head->pid && !old->end)
			old->end = head->time;
	}
	if (body.root && !t->has_root)
		make_root(t, p);
}

static void add_exit(struct tree *t, struct arena *arena, const struct wire_head *head)
{
	struct wire_exit body;
	struct process *p = process_of(t, arena, head);
	struct task *task = tree_task(t, head->tid);

	record_body(head, &body, sizeof(body));
	t->exits++;
	task->end = head->time;
	if (body.group_dead) {
		p->end = head->time;
		p->exit_code = body.code;
	}
}

static void add_comm(struct tree *t, struct arena *arena, const struct wire_head *head)
{
	struct wire_comm body;
	struct process *p = process_of(t, arena, head);

	record_body(head, &body, sizeof(body));
	set_comm(tree_task(t, head->tid)->comm, body.comm);
	if (head->tid == head->pid)
		set_comm(p->comm, body.comm);
}

const char *adoption_how(const struct adoption *a)
{
	static const char *const names[] = {
		[WIRE_ADOPTED_EXEC] = "exec", [WIRE_ADOPTED_DAEMON] = "daemon",
		[WIRE_ADOPTED_WATCH] = "watch", [WIRE_ADOPTED_CGROUP] = "cgroup",
	};

	return a->how < ARRAY_SIZE(names) && names[a->how] ? names[a->how] : "";
}

static void add_adopted(struct tree *t, struct arena *arena, const struct wire_head *head)
{
	struct adoption *a = arena_alloc(arena, sizeof(*a));
	struct wire_adopted body;

	record_body(head, &body, sizeof(body));
	*a = (struct adoption){
		.time = head->time, .how = body.how, .parent_pid = body.parent_pid,
		.parent_comm = arena_strndup(arena, body.parent_comm,
					     strnlen(body.parent_comm, sizeof(body.parent_comm))),
		.rule = arena_strndup(arena, body.rule, strnlen(body.rule, sizeof(body.rule))),
		.id = arena_strndup(arena, body.id, strnlen(body.id, sizeof(body.id))),
	};
	process_of(t, arena, head)->adoption = a;
}

void tree_add(struct tree *t, struct arena *arena, const struct wire_head *record)
{
	switch (record->kind) {
	case WIRE_ADOPTED:
		add_adopted(t, arena, record);
		break;
	case WIRE_FORK:
		add_fork(t, arena, record);
		break;
	case WIRE_EXEC:
		add_exec(t, arena, record);
		break;
	case WIRE_EXIT:
		add_exit(t, arena, record);
		break;
	case WIRE_COMM:
		add_comm(t, arena, record);
		break;
	default:
		break;
	}
}

void tree_release(struct tree *t)
{
	struct tree_index *index = t->index;
	size_t i;

	if (index) {
		HASH_CLEAR(hh, index->by_pid);
		HASH_CLEAR(hh, index->by_tid);
		free(index);
	}
	for (i = 0; i < t->n; i++)
		free(t->processes[i]->execs);
	free(t->processes);
	free(t->tasks);
	*t = (struct tree){ 0 };
}
