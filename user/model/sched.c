// SPDX-License-Identifier: GPL-2.0-only
/* sched.c - records of the scheduler in, and the questions asked of what sched_build.c made. */
#include "user/model/sched.h"

#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/model/sched_private.h"
#include "user/model/syscall_names.h"
#include "user/record/reader.h"

struct name_node {
	char text[WIRE_COMM_LEN]; /* NUL-terminated */
	uint32_t index;
	UT_hash_handle hh;
};

struct name_pool {
	struct name_node *by_text;
	struct name_node **list; /* [0] is "" */
	size_t n, cap;
};

static uint32_t intern(struct sched *s, struct arena *arena, const char raw[WIRE_COMM_LEN])
{
	struct name_pool *pool = s->pool;
	struct name_node *node = NULL;
	char text[WIRE_COMM_LEN] = "";
	size_t n = strnlen(raw, WIRE_COMM_LEN - 1);

	if (n == 0)
		return 0;
	memcpy(text, raw, n);
	if (!pool) {
		pool = s->pool = xcalloc(1, sizeof(*pool));
		ARRAY_RESERVE(pool->list, pool->n, pool->cap, 1);
		pool->list[pool->n++] = arena_alloc(arena, sizeof(*node));
	}
	HASH_FIND(hh, pool->by_text, text, sizeof(text), node);
	if (node)
		return node->index;
	node = arena_alloc(arena, sizeof(*node));
	memcpy(node->text, text, sizeof(text));
	node->index = (uint32_t)pool->n;
	HASH_ADD(hh, pool->by_text, text, sizeof(node->text), node);
	ARRAY_RESERVE(pool->list, pool->n, pool->cap, 1);
	pool->list[pool->n++] = node;
	return node->index;
}

const char *sched_name(const struct sched *s, uint32_t name)
{
	const struct name_pool *pool = s->pool;

	return pool && name < pool->n ? pool->list[name]->text : "";
}

static uint32_t number_of(const struct sched *s, uint32_t nr)
{
	return s->generic_calls ? syscall_from_generic(nr) : nr;
}

static bool add_switch(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_switch body;

	record_body(record, &body, sizeof(body));
	if (body.prev_state > WIRE_STATE_THROTTLED || body.cpu >= SCHED_CPUS_MAX)
		return false;
	ARRAY_RESERVE(s->switches, s->n_switches, s->cap_switches, 1);
	s->switches[s->n_switches++] = (struct sched_switch){
		.time = record->time,
		.quick_ns = body.quick_ns, .stolen_ns = body.stolen_ns,
		.prev = record->tid, .prev_pid = record->pid,
		.next = body.next_tid, .next_pid = body.next_pid,
		.syscall = number_of(s, body.prev_syscall),
		.cpu = body.cpu,
		.prev_name = body.prev_ours ? 0 : intern(s, arena, body.prev_comm),
		.next_name = body.next_ours ? 0 : intern(s, arena, body.next_comm),
		.prev_ours = body.prev_ours, .next_ours = body.next_ours,
		.state = body.prev_state, .iowait = body.prev_iowait,
		.unseen = (record->flags & WIRE_F_NO_ENTER) != 0,
	};
	return true;
}

static bool add_waking(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_waking body;

	record_body(record, &body, sizeof(body));
	if (body.context > WIRE_CONTEXT_UNKNOWN || !body.tid)
		return false;
	ARRAY_RESERVE(s->wakings, s->n_wakings, s->cap_wakings, 1);
	s->wakings[s->n_wakings++] = (struct sched_waking){
		.time = record->time,
		.tid = body.tid,
		.waker = record->tid, .waker_pid = record->pid,
		.syscall = number_of(s, body.waker_syscall),
		.name = body.waker_ours ? 0 : intern(s, arena, body.waker_comm),
		.context = (uint8_t)body.context, .irq = body.irq, .vector = body.vector,
		.ours = body.waker_ours, .kthread = body.waker_kthread,
		.throttled = (record->flags & WIRE_F_THROTTLED) != 0,
	};
	return true;
}

static bool add_call(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_syscall body;
	size_t n;

	record_body(record, &body, sizeof(body));
	if (body.enter > record->time)
		return false;
	n = strnlen(body.object, sizeof(body.object));
	ARRAY_RESERVE(s->calls, s->n_calls, s->cap_calls, 1);
	s->calls[s->n_calls++] = (struct sched_call){
		.enter = body.enter,
		.exit = record->time,
		.ret = body.ret,
		.arg = { body.arg[0], body.arg[1], body.arg[2] },
		.object_id = body.object_id,
		.object = n ? texts_keep(&s->objects, arena, body.object, n) : "",
		.tid = record->tid, .pid = record->pid,
		.nr = number_of(s, body.nr),
		.peer_pid = body.peer_pid,
		.port = body.netns_or_dev,
		.object_kind = body.object_kind <= UINT16_MAX ? (uint16_t)body.object_kind : 0,
	};
	return true;
}

static bool add_stack(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_blocked body;
	const void *frames;
	uint64_t *copy;
	size_t n;

	record_body(record, &body, sizeof(body));
	if (body.since > record->time)
		return false;
	frames = record_bytes(record, sizeof(body), &n);
	n /= sizeof(*copy);
	if (n > body.n)
		n = body.n;
	copy = arena_alloc(arena, n * sizeof(*copy));
	memcpy(copy, frames, n * sizeof(*copy));
	ARRAY_RESERVE(s->stacks, s->n_stacks, s->cap_stacks, 1);
	s->stacks[s->n_stacks++] = (struct sched_stack){
		.time = record->time, .since = body.since, .frames = copy, .tid = record->tid,
		.n = (uint32_t)n,
	};
	return true;
}

/* Comes right behind the stack, or without one. */
static bool add_read_wait(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_read_wait body;
	struct sched_stack *last;

	record_body(record, &body, sizeof(body));
	if (body.since > record->time)
		return false;
	last = s->n_stacks ? &s->stacks[s->n_stacks - 1] : NULL;
	if (!last || last->tid != record->tid || last->since != body.since) {
		ARRAY_RESERVE(s->stacks, s->n_stacks, s->cap_stacks, 1);
		last = &s->stacks[s->n_stacks++];
		*last = (struct sched_stack){
			.time = record->time, .since = body.since, .tid = record->tid,
		};
	}
	if (*body.name)
		last->file = arena_strndup(arena, body.name, strnlen(body.name, sizeof(body.name)));
	return true;
}

static bool add_sample(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct wire_sample body;
	const void *frames;
	uint64_t *copy;
	size_t n;

	record_body(record, &body, sizeof(body));
	frames = record_bytes(record, sizeof(body), &n);
	n /= sizeof(*copy);
	if (n < (size_t)body.n_kernel + body.n_user)
		return false;
	n = (size_t)body.n_kernel + body.n_user;
	copy = arena_alloc(arena, n * sizeof(*copy));
	memcpy(copy, frames, n * sizeof(*copy));
	ARRAY_RESERVE(s->samples, s->n_samples, s->cap_samples, 1);
	s->samples[s->n_samples++] = (struct sched_sample){
		.time = record->time, .frames = copy, .tid = record->tid,
		.n_kernel = body.n_kernel, .n_user = body.n_user,
	};
	return true;
}

static bool add_life(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	struct sched_life l = { .time = record->time, .tid = record->tid, .pid = record->pid,
				.kind = record->kind };
	struct wire_fork fork;
	struct wire_exec exec;
	struct wire_exit end;
	struct wire_comm comm;

	switch (record->kind) {
	case WIRE_FORK:
		record_body(record, &fork, sizeof(fork));
		l.other = fork.child_tid;
		l.other_pid = fork.child_pid;
		l.ns_changed = fork.ns_changed;
		l.worker = fork.kernel_worker != 0;
		l.name = intern(s, arena, fork.comm);
		break;
	case WIRE_EXEC:
		record_body(record, &exec, sizeof(exec));
		l.other = exec.old_tid ? exec.old_tid : record->tid;
		l.enter = record->flags & WIRE_F_NO_ENTER || exec.enter > record->time ?
				  record->time : exec.enter;
		l.name = intern(s, arena, exec.comm);
		break;
	case WIRE_EXIT:
		record_body(record, &end, sizeof(end));
		l.enter = end.enter <= record->time ? end.enter : 0;
		break;
	case WIRE_COMM:
		record_body(record, &comm, sizeof(comm));
		l.name = intern(s, arena, comm.comm);
		break;
	default:
		break;
	}
	ARRAY_RESERVE(s->lives, s->n_lives, s->cap_lives, 1);
	s->lives[s->n_lives++] = l;
	return true;
}

bool sched_add(struct sched *s, struct arena *arena, const struct wire_head *record)
{
	switch (record->kind) {
	case WIRE_SWITCH:
		s->settled = false;
		return add_switch(s, arena, record);
	case WIRE_WAKING:
		s->settled = false;
		return add_waking(s, arena, record);
	case WIRE_SYSCALL:
		s->settled = false;
		return add_call(s, arena, record);
	case WIRE_BLOCKED:
		s->settled = false;
		return add_stack(s, arena, record);
	case WIRE_READ_WAIT:
		s->settled = false;
		return add_read_wait(s, arena, record);
	case WIRE_SEEN:
		s->settled = false;
		ARRAY_RESERVE(s->seen, s->n_seen, s->cap_seen, 1);
		s->seen[s->n_seen++] = (struct sched_seen){ .time = record->time, .tid = record->tid };
		return true;
	case WIRE_SAMPLE:
		s->settled = false;
		return add_sample(s, arena, record);
	case WIRE_FORK:
	case WIRE_EXEC:
	case WIRE_EXIT:
	case WIRE_COMM:
		s->settled = false;
		return add_life(s, arena, record);
	default:
		return true;
	}
}

const struct sched_task *sched_task(const struct sched *s, uint32_t tid)
{
	uint32_t index = sched_task_index(s, tid);

	return index == SCHED_NONE ? NULL : &s->tasks[index];
}

uint32_t sched_first_of(const struct sched *s, uint32_t pid)
{
	size_t low = 0, high = s->n_tasks;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->pid_order[middle] >> 32 < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->n_tasks && s->pid_order[low] >> 32 == pid ? (uint32_t)low : SCHED_NONE;
}

uint32_t sched_next_of(const struct sched *s, uint32_t at)
{
	return at + 1 < s->n_tasks && s->pid_order[at + 1] >> 32 == s->pid_order[at] >> 32 ?
		       at + 1 : SCHED_NONE;
}

const struct sched_task *sched_of(const struct sched *s, uint32_t at)
{
	return &s->tasks[(uint32_t)s->pid_order[at]];
}

/* ---- by time ---------------------------------------------------------------------------------- */

typedef bool before_fn(const struct sched *s, uint32_t i, uint32_t cpu, uint64_t t);

static inline bool span_is_before(const struct sched *s, uint32_t i, uint32_t cpu, uint64_t t)
{
	(void)cpu;
	return s->spans[i].start < t;
}

static inline bool call_is_before(const struct sched *s, uint32_t i, uint32_t cpu, uint64_t t)
{
	(void)cpu;
	return s->calls[i].enter < t;
}

static inline bool switch_is_before(const struct sched *s, uint32_t i, uint32_t cpu, uint64_t t)
{
	const struct sched_switch *w = &s->switches[s->cpu_order[i]];

	return w->cpu < cpu || (w->cpu == cpu && w->time < t);
}

/*
 * The first of [begin, end) that is not before t: from *near down in steps that double, then by
 * halves. Whoever goes back in time finds it at once.
 */
static inline __attribute__((always_inline)) uint32_t
first_not_before(const struct sched *s, before_fn *is_before, struct sched_range range, uint32_t cpu,
		 uint64_t t, uint32_t *near)
{
	uint32_t low = range.at, high = range.at + range.n, step;

	if (*near >= low && *near < high) {
		if (is_before(s, *near, cpu, t))
			low = *near + 1;
		else
			high = *near;
		for (step = 1; high == *near && high - low > step; step *= 2) {
			if (is_before(s, high - step, cpu, t)) {
				low = high - step + 1;
				break;
			}
			*near = high -= step;
		}
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (is_before(s, middle, cpu, t))
			low = middle + 1;
		else
			high = middle;
	}
	*near = low;
	return low;
}

uint32_t sched_span_near(const struct sched *s, const struct sched_task *task, uint64_t t,
			 uint32_t *near)
{
	uint32_t at = first_not_before(s, span_is_before, task->spans, 0, t, near);

	return at == task->spans.at ? SCHED_NONE : at - 1;
}

uint32_t sched_span_before(const struct sched *s, const struct sched_task *task, uint64_t t)
{
	uint32_t anywhere = SCHED_NONE;

	return sched_span_near(s, task, t, &anywhere);
}

bool sched_known_before(const struct sched *s, const struct sched_task *task, uint64_t t)
{
	return task->spans.n && s->spans[task->spans.at].start < t;
}

uint64_t sched_span_end(const struct sched *s, const struct sched_task *task, uint32_t span)
{
	return span + 1 < task->spans.at + task->spans.n ? s->spans[span + 1].start : UINT64_MAX;
}

const struct sched_call *sched_call_near(const struct sched *s, const struct sched_task *task,
					 uint64_t t, uint32_t *near)
{
	uint32_t at = first_not_before(s, call_is_before, task->calls, 0, t, near);

	return at == task->calls.at ? NULL : &s->calls[at - 1];
}

const struct sched_call *sched_call_before(const struct sched *s, const struct sched_task *task,
					   uint64_t t)
{
	uint32_t anywhere = SCHED_NONE;

	return sched_call_near(s, task, t, &anywhere);
}

const struct sched_call *sched_call_at(const struct sched *s, const struct sched_task *task,
				       uint64_t t)
{
	const struct sched_call *call = sched_call_before(s, task, t);

	return call && call->exit >= t ? call : NULL;
}

const struct sched_stack *sched_stack_since(const struct sched *s, const struct sched_task *task,
					    uint64_t since)
{
	uint32_t low = task->stacks.at, end = low + task->stacks.n, high = end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->stacks[middle].since < since)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && s->stacks[low].since == since ? &s->stacks[low] : NULL;
}

uint32_t sched_sample_after(const struct sched *s, const struct sched_task *task, uint64_t t)
{
	uint32_t low = task->samples.at, high = low + task->samples.n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->samples[middle].time <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint32_t sched_cpu_before(const struct sched *s, uint32_t cpu, uint64_t from, uint64_t t,
			  uint32_t *near)
{
	struct sched_range all = { 0, (uint32_t)s->n_switches };
	uint32_t at = first_not_before(s, switch_is_before, all, cpu, t, near);

	if (at == 0)
		return SCHED_NONE;
	at = s->cpu_order[at - 1];
	return s->switches[at].cpu == cpu && s->switches[at].time > from ? at : SCHED_NONE;
}

const char *sched_task_name(const struct sched *s, const struct sched_task *task, uint64_t t)
{
	uint32_t low = task->names.at, high = low + task->names.n;

	if (low == high)
		return "";
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->names[middle].time < t)
			low = middle + 1;
		else
			high = middle;
	}
	return sched_name(s, s->names[low == task->names.at ? low : low - 1].name);
}

/* What sched_settle() made; feeding goes on afterwards. */
void sched_unsettle(struct sched *s)
{
	free(s->tasks);
	free(s->spans);
	free(s->names);
	free(s->cpu_order);
	free(s->pid_order);
	free(s->tids);
	s->pid_order = NULL;
	s->tasks = NULL;
	s->spans = NULL;
	s->names = NULL;
	s->cpu_order = NULL;
	s->tids = NULL;
	s->n_tasks = s->cap_tasks = s->n_spans = s->cap_spans = s->n_names = s->size_tids = 0;
}

void sched_release(struct sched *s)
{
	struct name_pool *pool = s->pool;

	sched_unsettle(s);
	if (pool) {
		HASH_CLEAR(hh, pool->by_text);
		free(pool->list);
		free(pool);
	}
	texts_release(&s->objects);
	free(s->switches);
	free(s->wakings);
	free(s->calls);
	free(s->stacks);
	free(s->samples);
	free(s->lives);
	free(s->seen);
	*s = (struct sched){ 0 };
}
