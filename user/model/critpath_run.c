// SPDX-License-Identifier: GPL-2.0-only
/*
 * critpath_run.c - cases 2 and 3 of the walk (DESIGN.md §9): the task ran, or wanted to.
 *
 * What ran is parted at the system calls that have records. Those that were too quick for one are
 * only known as a sum over the whole time that the task was on the CPU: a part of that time gets
 * its share of the sum by length, the whole of it gets it all.
 */
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/model/critpath_private.h"
#include "user/model/role.h"
#include "user/model/syscall_names.h"
#include "user/model/wait.h"

#define KVM_RUN 0xae80
/*
 * A task that wants to run is taken from its CPU, which has nothing else to do, and for so long no
 * CPU takes it: it is throttled. Quotas are given out every 100 ms by default, never more often
 * than each 1 ms; to be moved to another CPU takes some 10 us.
 */
#define QUOTA_NS 1000000
#define SHARED_NS 10000 /* less than that between two strangers is the change itself */

/* ---- vCPUs --------------------------------------------------------------------------------- */

static void add_vcpu(struct walk *w, uint32_t tid)
{
	const struct sched_task *task = sched_task(w->s, tid);

	if (!task || task->vcpu)
		return;
	w->run->sched.tasks[task - w->s->tasks].vcpu = true;
	ARRAY_RESERVE(w->vcpus, w->n_vcpus, w->cap_vcpus, 1);
	w->vcpus[w->n_vcpus++] = task;
}

/* Who entered KVM_RUN; under TCG there is no such thing, but QEMU names its threads. */
void walk_find_vcpus(struct walk *w)
{
	const struct run *run = w->run;
	size_t i;

	w->run->vm.tcg = false; /* what is known may have grown since */
	for (i = 0; i < run->n_socks; i++) {
		if (run->socks[i].kind == WIRE_KVM_RUN)
			add_vcpu(w, run->socks[i].tid);
	}
	if (w->n_vcpus || !run->scenario || !(run->scenario->flags & SCENARIO_VM))
		return;
	w->run->vm.tcg = true;
	for (i = 0; i < w->s->n_tasks; i++) {
		const struct sched_task *task = &w->s->tasks[i];
		const char *name = sched_task_name(w->s, task, UINT64_MAX);
		size_t n = strlen(name);

		if (!strncmp(name, "CPU ", 4) && n > 4 && !strcmp(name + n - 4, "/TCG"))
			add_vcpu(w, task->tid);
	}
}

enum path_state walk_wait_state(const struct walk *w, uint32_t span)
{
	if (w->task->client)
		return PATH_CLIENT;
	return wait_is_halt(w->run, w->task, &w->s->spans[span]) ? PATH_HALTED : PATH_BLOCKED;
}

/* Some kernels change to a task, or from one, without a sched_switch (bpf/probe.bpf.h). */
const char *walk_unknown(const struct walk *w)
{
	return w->run->lost ? "records of its switches are lost" :
			      "the kernel did not tell of a switch to or from it";
}

/* ---- running ------------------------------------------------------------------------------- */

/* The switch that ended a stretch on the CPU, at *end; NULL: how it ended is not known. */
static const struct sched_switch *end_of_stretch(const struct walk *w, uint32_t at, uint64_t *end)
{
	const struct span *next = &w->s->spans[at + 1];

	if (at + 1 >= w->task->spans.at + w->task->spans.n || next->ref == SCHED_NONE ||
	    next->state == SPAN_RUNNING || next->state == SPAN_UNKNOWN ||
	    next->flags & (SPAN_BORN | SPAN_TAKEN | SPAN_WOKEN))
		return NULL;
	*end = next->start;
	return &w->s->switches[next->ref];
}

/* Of ns in a stretch [start, end), what falls on [from, to) by length. */
static uint64_t share_of(uint64_t ns, uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
	return ns >= end - start ? to - from :
				   (uint64_t)((unsigned __int128)ns * (to - from) / (end - start));
}

/* Since when one who left a CPU had had it, as far as is known: at from at the earliest. */
static uint64_t held_since(const struct walk *w, const struct sched_switch *holder, uint64_t from,
			   uint32_t *near)
{
	uint32_t before = sched_cpu_before(w->s, holder->cpu, from, holder->time, near);

	return before == SCHED_NONE ? from : w->s->switches[before].time;
}

/*
 * A stranger who had the CPU may have had it for less: his record says for how long. The rest is others',
 * if it is more than a switch takes.
 */
static bool others_before(const struct sched_switch *holder, uint64_t since)
{
	return !holder->prev_ours && holder->quick_ns && holder->quick_ns < holder->time - since &&
	       holder->time - since - holder->quick_ns >= SHARED_NS;
}

/*
 * How long the CPU that brought a task for its stretch was idle while the task wanted it. What was stolen
 * then is in the stretch's account, too: the scheduler's clock is that of the wake-up (bpf/sched.bpf.c).
 */
static uint64_t idle_wait(const struct walk *w, uint32_t at)
{
	const struct span *span = &w->s->spans[at], *before = span - 1;
	uint32_t near = w->near_cpu;
	const struct sched_switch *in;
	uint64_t since;

	if (at == w->task->spans.at || before->state != SPAN_RUNNABLE || span->ref == SCHED_NONE ||
	    span->flags & (SPAN_BORN | SPAN_TAKEN | SPAN_WOKEN))
		return 0;
	in = &w->s->switches[span->ref];
	if (in->next != w->task->tid || in->prev)
		return 0;
	since = held_since(w, in, before->start, &near);
	return in->time - (others_before(in, since) ? in->time - in->quick_ns : since);
}

/*
 * What was stolen from a stretch itself: what the wait before cannot have had. More than all of it is
 * not its own (up to 6.14 what a short stretch could not take came to the next), nor known after an
 * exec, where the account is another thread's.
 */
static uint64_t stolen_of(const struct walk *w, uint32_t at, const struct sched_switch *out, uint64_t end)
{
	uint64_t waited = idle_wait(w, at), ns = out->stolen_ns > waited ? out->stolen_ns - waited : 0;

	if (w->s->spans[at].flags & SPAN_TAKEN || ns > end - w->s->spans[at].start)
		return 0;
	return ns;
}

/* Give the slices in user mode from index on their shares of quick calls, by length. */
static void share_quick(struct critpath *path, size_t from, uint64_t quick)
{
	uint64_t total = 0, before = 0, given = 0;
	size_t i;

	for (i = from; i < path->n; i++)
		if (path->slices[i].state == PATH_USER)
			total += path->slices[i].end - path->slices[i].start;
	if (quick > total)
		quick = total;
	for (i = from; total && i < path->n; i++) {
		struct path_slice *slice = &path->slices[i];

		if (slice->state != PATH_USER)
			continue;
		before += slice->end - slice->start;
		slice->quick_ns = (uint64_t)((unsigned __int128)quick * before / total) - given;
		given += slice->quick_ns;
		/* Rounding may not make a part more than the whole. */
		if (slice->quick_ns > slice->end - slice->start) {
			given -= slice->quick_ns - (slice->end - slice->start);
			slice->quick_ns = slice->end - slice->start;
		}
	}
}

/* Give the slices from index on, which begin and end where they touch, their shares of ns that were stolen. */
static void share_stolen(struct critpath *path, size_t from, uint64_t ns)
{
	uint64_t start, end;
	size_t i;

	if (!ns || from == path->n)
		return;
	start = path->slices[path->n - 1].start;
	end = path->slices[from].end;
	for (i = from; i < path->n; i++) {
		struct path_slice *slice = &path->slices[i];
		uint64_t left = slice->end - slice->start - slice->quick_ns;
		uint64_t share = share_of(ns, start, end, slice->start, slice->end);

		slice->stolen_ns = share < left ? share : left;
	}
}

/* The time in user mode, down to start. */
static void emit_user(struct walk *w, uint64_t start)
{
	bool vcpu = w->task->vcpu;
	/* The calls of KVM_RUN have no records then; vm_refine_path() parts it by the sums. */
	bool ledger = vcpu && vm_vcpu(w->run, w->task->tid);

	if (w->task->worker) {
		walk_emit(w, w->task, start, PATH_KERNEL, "work for its process");
		return;
	}
	walk_emit(w, w->task, start,
		  !vcpu ? PATH_USER : w->run->vm.tcg || ledger ? PATH_GUEST : PATH_VMM,
		  !vcpu ? "" : w->run->vm.tcg ? "TCG" : ledger ? "KVM" : "");
}

static void emit_call(struct walk *w, const struct sched_call *call, uint64_t start)
{
	bool guest = call->nr == SYSCALL_IOCTL && (uint32_t)call->arg[1] == KVM_RUN &&
		     w->task->vcpu;
	char text[WAIT_TEXT_MAX];

	wait_call_text(text, w->run, call);
	walk_emit(w, w->task, start, guest ? PATH_GUEST : PATH_KERNEL, guest ? "KVM" : text);
}

void walk_running(struct walk *w, uint32_t at)
{
	uint64_t from = w->s->spans[at].start, start = from, end = 0, to = w->t;
	const struct sched_switch *out = end_of_stretch(w, at, &end);
	size_t first = w->run->path.n;
	uint32_t *near = &w->near[w->task - w->s->tasks].call;

	if (from < w->launch)
		from = w->launch;
	if (w->task->client) {
		walk_emit(w, w->task, from, PATH_CLIENT, "running");
		return;
	}
	while (w->t > from) {
		const struct sched_call *call = sched_call_near(w->s, w->task, w->t, near);

		if (!call || call->exit <= from) {
			emit_user(w, from);
			break;
		}
		if (call->exit < w->t)
			emit_user(w, call->exit);
		emit_call(w, call, call->enter > from ? call->enter : from);
	}
	if (out) {
		share_quick(&w->run->path, first, share_of(out->quick_ns, start, end, from, to));
		share_stolen(&w->run->path, first, share_of(stolen_of(w, at, out, end), start, end, from, to));
	}
}

/* ---- runnable ------------------------------------------------------------------------------ */

static void holder_text(char text[WAIT_TEXT_MAX], const struct walk *w,
			const struct sched_switch *left)
{
	const struct sched_task *task;
	char stranger[WAIT_TEXT_MAX], buffer[ROLE_NAME_MAX];
	const char *name = "";
	size_t n;

	if (left->prev_ours == 2) {
		name = "the client";
	} else if (left->prev_ours) {
		task = sched_task(w->s, left->prev);
		if (task)
			name = role_of_task(buffer, w->run, task, left->time);
	} else if (left->prev) {
		wait_kthread_name(stranger, sched_name(w->s, left->prev_name));
		name = stranger;
	} else {
		text_append(text, WAIT_TEXT_MAX, 0, "an idle CPU wakes up", SIZE_MAX);
		return;
	}
	n = text_append(text, WAIT_TEXT_MAX, 0, "CPU held by ", SIZE_MAX);
	text_append(text, WAIT_TEXT_MAX, n, *name ? name : "somebody", 100);
}

/*
 * Was it taken from its CPU because of a quota, or woken when that was used up already? Then in words.
 */
static const char *held_back(const struct walk *w, const struct span *span)
{
	const struct sched_switch *out;

	if (span->flags & SPAN_WOKEN && span->ref != SCHED_NONE)
		return w->s->wakings[span->ref].throttled ? "held back by a CPU quota: woken meanwhile" :
							    NULL;
	if (span->flags & (SPAN_WOKEN | SPAN_BORN | SPAN_TAKEN) || span->ref == SCHED_NONE)
		return NULL;
	out = &w->s->switches[span->ref];
	if (out->state == WIRE_STATE_THROTTLED)
		return out->next ? "held back by a CPU quota" :
				   "held back by a CPU quota: the CPU went idle";
	/* Kernels that do not say it. */
	return !out->next && w->t - span->start >= QUOTA_NS ?
		       "held back by a CPU quota: the CPU went idle" : NULL;
}

/*
 * One who left the CPU had it since the switch before, or, when he is a stranger and strangers were
 * there before him, for as long as his record says: the rest was others'.
 */
static void emit_holder(struct walk *w, enum path_state state, uint64_t from, uint32_t left)
{
	const struct sched_switch *holder = &w->s->switches[left];
	uint64_t since = held_since(w, holder, from, &w->near_cpu);
	char text[WAIT_TEXT_MAX];

	holder_text(text, w, holder);
	if (others_before(holder, since)) {
		walk_emit(w, w->task, holder->time - holder->quick_ns, state, text);
		snprintf(text, sizeof(text), "CPU held by others");
	}
	walk_emit(w, w->task, since, state, text);
}

/* A wait that an idle CPU ended, slice first of the path: so much of it was that CPU not run by the hypervisor. */
static void share_wait(struct walk *w, size_t first, uint32_t at)
{
	struct critpath *path = &w->run->path;
	const struct span *stretch = &w->s->spans[at + 1];
	const struct sched_switch *out;
	uint64_t end, length;

	if (first == path->n || w->task->client || w->s->switches[stretch->ref].prev)
		return;
	out = end_of_stretch(w, at + 1, &end);
	if (!out)
		return;
	length = path->slices[first].end - path->slices[first].start;
	path->slices[first].stolen_ns = out->stolen_ns < length ? out->stolen_ns : length;
}

/* Did a wait for a CPU end by something that only the probe saw nothing of (sched.bpf.c, leave())? */
static bool came_unseen(const struct walk *w, uint32_t at)
{
	const struct span *next = &w->s->spans[at + 1];

	if (at + 1 >= w->task->spans.at + w->task->spans.n || next->start != w->t ||
	    next->flags & (SPAN_BORN | SPAN_TAKEN | SPAN_WOKEN))
		return false;
	if (next->ref == SCHED_NONE)
		return next->state == SPAN_RUNNING;
	return w->s->switches[next->ref].prev == w->task->tid && w->s->switches[next->ref].unseen;
}

/*
 * Who had the CPU that it got in the end: whoever left that CPU last, before him the one before.
 */
void walk_runnable(struct walk *w, uint32_t at)
{
	const struct span *span = &w->s->spans[at];
	uint64_t from = span->start > w->launch ? span->start : w->launch;
	enum path_state state = w->task->client ? PATH_CLIENT : PATH_RUNNABLE;
	const struct span *next = span + 1;
	size_t first = w->run->path.n;
	const char *quota;
	uint32_t cpu;

	if (came_unseen(w, at)) {
		/* Which part of it was which is not known: it stays a row of what is not explained. */
		walk_emit(w, w->task, span->start, PATH_UNEXPLAINED,
			  "wanted a CPU, then had it: since when was not seen");
		return;
	}
	if (at + 1 >= w->task->spans.at + w->task->spans.n || next->ref == SCHED_NONE ||
	    next->flags & (SPAN_BORN | SPAN_TAKEN | SPAN_WOKEN) || next->start != w->t ||
	    w->s->switches[next->ref].next != w->task->tid) {
		walk_emit(w, w->task, span->start, state, "who held the CPU is not known");
		return;
	}
	quota = held_back(w, span);
	if (quota) {
		walk_emit(w, w->task, from, state, quota);
		return;
	}
	cpu = w->s->switches[next->ref].cpu;
	while (w->t > from) {
		uint32_t left = sched_cpu_before(w->s, cpu, from, w->t + 1, &w->near_cpu);

		if (left == SCHED_NONE)
			walk_emit(w, w->task, from, state, "who held the CPU is not known");
		else
			emit_holder(w, state, from, left);
	}
	share_wait(w, first, at);
}
