// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_path.c - a vCPU's slices of the critical path, told apart.
 *
 * Under KVM such a slice is time on a CPU, in the guest, the kernel or the VMM: the ledger says how
 * much of each there was within 10 ms, not in which order; the parts stand in that order. Then
 * time in the guest is parted where a phase of the run begins, and where the console was silent for
 * VM_GAP_NS or longer: what it said last is what the silence came after.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/texts.h"
#include "user/model/session.h"

#define GUEST_DETAIL_MAX 200
#define GAP_TEXT_MAX 60

struct refine {
	struct session *session;
	struct run *run;
	struct path_slice *slices;
	size_t n, cap;
	size_t line;  /* the first line of the console after the last slice's end */
	struct texts texts;
};

static const char *keep(struct refine *f, const char *detail)
{
	return texts_keep(&f->texts, &f->session->arena, detail, strlen(detail));
}

static void put(struct refine *f, const struct path_slice *of, uint64_t start, uint64_t end,
		enum path_state state, const char *detail)
{
	struct path_slice *last = f->n ? &f->slices[f->n - 1] : NULL;
	uint64_t stolen;

	if (start >= end)
		return;
	stolen = critpath_stolen_of(of, end - start);
	if (last && last->end == start && last->tid == of->tid && last->state == state &&
	    !strcmp(last->detail, detail) && state != PATH_USER) {
		last->end = end;
		last->stolen_ns += stolen;
		return;
	}
	ARRAY_RESERVE(f->slices, f->n, f->cap, 1);
	f->slices[f->n] = *of;
	f->slices[f->n].start = start;
	f->slices[f->n].end = end;
	f->slices[f->n].state = state;
	f->slices[f->n].detail = detail;
	f->slices[f->n].quick_ns = 0; /* the others are still to come */
	f->slices[f->n].stolen_ns = stolen;
	f->n++;
}

/* The next moment after t at which a phase begins; end when there is none before it. */
static uint64_t next_phase(const struct run *r, uint64_t t, uint64_t end, const char **name)
{
	size_t i;

	*name = "";
	for (i = 0; i < r->phases.n; i++) {
		uint64_t start = r->milestones.launch + r->phases.list[i].start;

		if (start <= t)
			*name = r->phases.list[i].name;
		else
			return start < end ? start : end;
	}
	return end;
}

/* What the console's silence at t, if it is one, came after; *until is its end, or a line's. */
static void silence(struct refine *f, uint64_t t, uint64_t *until, char text[GAP_TEXT_MAX])
{
	const struct vm *vm = &f->run->vm;
	const struct guest_line *before;
	int n;

	text[0] = '\0';
	while (f->line < vm->n_lines && vm->lines[f->line].time <= t)
		f->line++;
	if (f->line == vm->n_lines)
		return;
	if (!vm->lines[f->line].gap) {
		/* Lines without a silence: up to the next one they are one slice. */
		size_t i = f->line;

		while (i < vm->n_lines && !vm->lines[i].gap && vm->lines[i].time < *until)
			i++;
		if (i > f->line && i < vm->n_lines && vm->lines[i - 1].time < *until)
			*until = vm->lines[i].gap ? vm->lines[i - 1].time : *until;
		if (*until <= t)
			*until = t + 1;
		return;
	}
	before = &vm->lines[f->line - 1];
	if (vm->lines[f->line].time < *until)
		*until = vm->lines[f->line].time;
	n = before->len - before->said < GAP_TEXT_MAX - 1 ? (int)(before->len - before->said) :
							    GAP_TEXT_MAX - 1;
	snprintf(text, GAP_TEXT_MAX, "%.*s", n, before->text + before->said);
}

static void put_guest(struct refine *f, const struct path_slice *of, uint64_t start, uint64_t end)
{
	while (start < end) {
		const char *phase;
		char detail[GUEST_DETAIL_MAX], after[GAP_TEXT_MAX];
		uint64_t until = next_phase(f->run, start, end, &phase);

		silence(f, start, &until, after);
		if (until > end)
			until = end;
		snprintf(detail, sizeof(detail), "%s: %s%s%s%s", of->detail, phase,
			 *after ? ", silent after \"" : "", after, *after ? "\"" : "");
		put(f, of, start, until, PATH_GUEST, keep(f, detail));
		start = until;
	}
}

/* One window of the ledger: so much of the slice as there was of each state on a CPU. */
static void put_window(struct refine *f, const struct path_slice *of, const struct vcpu *v,
		       uint64_t start, uint64_t end, uint64_t from, uint64_t to)
{
	uint64_t ns[WIRE_VCPU_STATES], on, guest, kernel;
	unsigned __int128 len = end - start;

	vcpu_between(v, from, to, ns);
	on = ns[WIRE_VCPU_GUEST] + ns[WIRE_VCPU_KERNEL] + ns[WIRE_VCPU_VMM];
	if (!on) {
		put_guest(f, of, start, end);
		return;
	}
	guest = start + (uint64_t)(len * ns[WIRE_VCPU_GUEST] / on);
	kernel = guest + (uint64_t)(len * ns[WIRE_VCPU_KERNEL] / on);
	put_guest(f, of, start, guest);
	put(f, of, guest, kernel, PATH_KERNEL, "exits handled by KVM");
	put(f, of, kernel, end, PATH_VMM, "exits handled by the VMM");
}

static void put_vcpu(struct refine *f, const struct path_slice *of, const struct vcpu *v)
{
	size_t i = vcpu_point_after(v, of->start);
	uint64_t start = of->start, from = i ? v->points[i - 1].time : v->first;

	for (; i < v->n_points && start < of->end; i++) {
		uint64_t to = v->points[i].time, end = to < of->end ? to : of->end;

		if (to > start) {
			put_window(f, of, v, start, end, from, to);
			start = end;
		}
		from = to;
	}
	put(f, of, start, of->end, PATH_VMM, "");
}

static bool has_vcpus(const struct run *r)
{
	size_t i;

	for (i = 0; i < r->sched.n_tasks; i++)
		if (r->sched.tasks[i].vcpu)
			return true;
	return false;
}

void vm_refine_path(struct session *s, struct run *r)
{
	struct refine f = { .session = s, .run = r };
	size_t i;

	if (!has_vcpus(r))
		return;
	for (i = 0; i < r->path.n; i++) {
		const struct path_slice *slice = &r->path.slices[i];
		const struct vcpu *v = vm_vcpu(r, slice->tid);

		if (slice->state == PATH_GUEST && v && v->n_points && slice->end > v->first) {
			put_vcpu(&f, slice, v);
		} else if (slice->state == PATH_GUEST) {
			put_guest(&f, slice, slice->start, slice->end);
		} else {
			ARRAY_RESERVE(f.slices, f.n, f.cap, 1);
			f.slices[f.n++] = *slice;
		}
	}
	texts_release(&f.texts);
	free(r->path.slices);
	r->path.slices = f.slices;
	r->path.n = f.n;
	r->path.cap = f.cap;
}
