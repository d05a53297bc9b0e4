// SPDX-License-Identifier: GPL-2.0-only
/* lane.c - what a task did, slice by slice. */
#include "user/model/lane.h"

#include <stdio.h>

#include "user/model/syscall_names.h"

#define KVM_RUN 0xae80

void lane_begin(struct lane *lane, const struct run *run, const struct sched_task *task,
		uint64_t from, uint64_t to)
{
	const struct sched_call *last;

	*lane = (struct lane){ .run = run, .task = task, .at = from, .to = to };
	lane->span = sched_span_before(&run->sched, task, from + 1);
	if (lane->span == SCHED_NONE)
		lane->span = task->spans.at;
	/* Calls before the one that was entered last are nothing to this lane. */
	last = sched_call_before(&run->sched, task, from);
	lane->call = last ? (uint32_t)(last - run->sched.calls) : task->calls.at;
	lane->vcpu = task->vcpu ? vm_vcpu(run, task->tid) : NULL;
}

/* The parts of a piece of time on a CPU that lies within one window of the ledger. */
static void part_piece(struct lane *lane, uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
	uint64_t ns[WIRE_VCPU_STATES], on;
	unsigned __int128 length = end - start;

	vcpu_between(lane->vcpu, from, to, ns);
	on = ns[WIRE_VCPU_GUEST] + ns[WIRE_VCPU_KERNEL] + ns[WIRE_VCPU_VMM];
	lane->piece_end = lane->guest_end = lane->kernel_end = end;
	if (!on)
		return;
	lane->guest_end = start + (uint64_t)(length * ns[WIRE_VCPU_GUEST] / on);
	lane->kernel_end = lane->guest_end + (uint64_t)(length * ns[WIRE_VCPU_KERNEL] / on);
}

/* Cut time on a CPU outside of recorded calls to the part that the ledger has for its beginning. */
static enum path_state ledger_state(struct lane *lane, struct lane_slice *slice)
{
	const struct vcpu *v = lane->vcpu;
	uint64_t from, to;

	if (slice->start >= lane->piece_end) {
		while (lane->point < v->n_points && v->points[lane->point].time <= slice->start)
			lane->point++;
		if (slice->start < v->first || lane->point == v->n_points) {
			if (slice->start < v->first && v->first < slice->end)
				slice->end = v->first;
			return lane->run->vm.tcg ? PATH_GUEST : PATH_VMM;
		}
		from = lane->point ? v->points[lane->point - 1].time : v->first;
		to = v->points[lane->point].time;
		part_piece(lane, slice->start, to < slice->end ? to : slice->end, from, to);
	}
	if (slice->start < lane->guest_end) {
		slice->end = lane->guest_end;
		return PATH_GUEST;
	}
	if (slice->start < lane->kernel_end) {
		slice->end = lane->kernel_end;
		return PATH_KERNEL;
	}
	slice->end = lane->piece_end;
	return PATH_VMM;
}

static enum path_state running_state(struct lane *lane, struct lane_slice *slice)
{
	const struct sched_call *call = slice->call;

	if (lane->task->vcpu && call && call->nr == SYSCALL_IOCTL &&
	    (uint32_t)call->arg[1] == KVM_RUN)
		return PATH_GUEST;
	if (call)
		return PATH_KERNEL;
	if (lane->vcpu && lane->vcpu->n_points)
		return ledger_state(lane, slice);
	if (lane->task->worker)
		return PATH_KERNEL;
	return !lane->task->vcpu ? PATH_USER : lane->run->vm.tcg ? PATH_GUEST : PATH_VMM;
}

/*
 * The call that the task is in at slice->start: the one that was entered last, if it is not over.
 * Time on a CPU is cut where that changes.
 */
static void find_call(struct lane *lane, struct lane_slice *slice, bool cut)
{
	const struct sched *s = &lane->run->sched;
	uint32_t end = lane->task->calls.at + lane->task->calls.n;
	const struct sched_call *call = NULL;

	while (lane->call < end && s->calls[lane->call].enter <= slice->start)
		lane->call++;
	if (lane->call > lane->task->calls.at)
		call = &s->calls[lane->call - 1];
	if (call && call->exit > slice->start)
		slice->call = call;
	if (!cut)
		return;
	if (lane->call < end && s->calls[lane->call].enter < slice->end)
		slice->end = s->calls[lane->call].enter;
	if (slice->call && slice->call->exit < slice->end)
		slice->end = slice->call->exit;
}

bool lane_next(struct lane *lane, struct lane_slice *out)
{
	const struct sched *s = &lane->run->sched;

	for (; lane->span < lane->task->spans.at + lane->task->spans.n; lane->span++) {
		const struct span *span = &s->spans[lane->span];
		uint64_t end = sched_span_end(s, lane->task, lane->span);

		*out = (struct lane_slice){
			.start = span->start > lane->at ? span->start : lane->at,
			.end = end < lane->to ? end : lane->to, .span = lane->span,
		};
		if (out->start >= lane->to)
			return false;
		if (out->start >= out->end || span->state == SPAN_DEAD)
			continue;
		find_call(lane, out, span->state == SPAN_RUNNING);
		if (span->state == SPAN_RUNNING)
			out->state = running_state(lane, out);
		else if (span->state == SPAN_RUNNABLE)
			out->state = PATH_RUNNABLE;
		else if (span->state == SPAN_BLOCKED)
			out->state = wait_is_halt(lane->run, lane->task, span) ? PATH_HALTED : PATH_BLOCKED;
		else
			out->state = PATH_UNEXPLAINED;
		lane->at = out->end;
		return true;
	}
	return false;
}

bool lane_at(struct lane *lane, const struct run *run, const struct sched_task *task,
	     uint64_t time, struct lane_slice *out)
{
	uint32_t span = sched_span_before(&run->sched, task, time + 1);

	if (span == SCHED_NONE)
		return false;
	lane_begin(lane, run, task, run->sched.spans[span].start, UINT64_MAX);
	while (lane_next(lane, out))
		if (out->end > time)
			return out->start <= time;
	return false;
}

const struct sched_waking *lane_waking(const struct lane *lane, const struct lane_slice *slice)
{
	const struct sched *s = &lane->run->sched;
	const struct span *next = &s->spans[slice->span + 1];

	if (slice->span + 1 >= lane->task->spans.at + lane->task->spans.n ||
	    next->start != slice->end || !(next->flags & SPAN_WOKEN))
		return NULL;
	return &s->wakings[next->ref];
}

void lane_text(char text[WAIT_TEXT_MAX], const struct session *session, const struct lane *lane,
	       const struct lane_slice *slice)
{
	text[0] = '\0';
	if (slice->state == PATH_BLOCKED || slice->state == PATH_HALTED)
		wait_text(text, session, lane->run, lane->task,
			  &lane->run->sched.spans[slice->span], lane_waking(lane, slice));
	else if (slice->state == PATH_KERNEL && slice->call)
		wait_call_text(text, lane->run, slice->call);
	else if (slice->state == PATH_KERNEL && lane->task->vcpu)
		snprintf(text, WAIT_TEXT_MAX, "exits handled by KVM");
	else if (slice->state == PATH_VMM && lane->vcpu && slice->start >= lane->vcpu->first &&
		 slice->start < vcpu_end(lane->vcpu))
		snprintf(text, WAIT_TEXT_MAX, "exits handled by the VMM");
}

/* What lies before launch, or ages after it, is nonsense of the recording. */
uint64_t run_span(const struct run *r)
{
	const struct milestones *m = &r->milestones;
	uint64_t launch = m->launch, last = 0;
	size_t i;

	if (m->seen[m->end] && m->at[m->end])
		return m->at[m->end];
	for (i = 0; i < r->tree.n; i++) {
		const struct process *p = r->tree.processes[i];
		uint64_t end = p->end > p->start ? p->end : p->start;

		if (end > launch && end - launch > last && end - launch < 3600ull * 1000000000)
			last = end - launch;
	}
	return last ? last : 1000000;
}
