// SPDX-License-Identifier: GPL-2.0-only
/* trace_guest.c - what a VM's guest said and did: console, initcalls, states of its vCPUs. */
#include <inttypes.h>
#include <stdio.h>

#include "user/base/text.h"
#include "user/export/trace_private.h"

#define COUNTERS_OF_A_VCPU 8 /* numbers of counters that each has, behind those of memory */

/* A line is what was said last until the next one: a silence is a long slice. */
static void walk_console(struct trace *t, const struct vm *vm)
{
	struct trace_track track = { t->base + TRACE_ROW_RUN, t->base + TRACE_ROW_CONSOLE };
	char text[2 * WAIT_TEXT_MAX];
	uint64_t at = 0;
	size_t i;

	if (!vm->n_lines)
		return;
	t->sink->thread(t->ctx, track, "guest console", 2);
	for (i = 0; i < vm->n_lines; i++) {
		const struct guest_line *line = &vm->lines[i];
		uint64_t end = i + 1 < vm->n_lines ? vm->lines[i + 1].time : line->end;
		struct trace_slice slice = {
			.track = track, .category = "console",
			.start = trace_time(t, line->time), .end = trace_time(t, end),
			.name = text_escape(text, sizeof(text), line->text, line->len),
		};

		if (slice.start < at || slice.start >= slice.end)
			continue;
		t->sink->slice(t->ctx, &slice);
		at = slice.end;
	}
}

static void walk_initcalls(struct trace *t, const struct vm *vm)
{
	struct trace_track track = { t->base + TRACE_ROW_RUN, t->base + TRACE_ROW_INITCALLS };
	char name[2 * WAIT_TEXT_MAX];
	uint64_t at = 0;
	size_t i;

	if (!vm->n_initcalls)
		return;
	t->sink->thread(t->ctx, track, "guest initcalls", 3);
	for (i = 0; i < vm->n_initcalls; i++) {
		const struct guest_initcall *call = &vm->initcalls[i];
		struct trace_slice slice = {
			.track = track, .category = "initcall",
			.start = trace_time(t, call->start), .end = trace_time(t, call->end),
			.name = trace_escape(name, call->name),
		};

		if (slice.start < at || slice.start >= slice.end)
			continue;
		t->sink->slice(t->ctx, &slice);
		at = slice.end;
	}
}

/* Between two points of a vCPU: so many percent of the time in each state. */
static void walk_vcpu(struct trace *t, unsigned int index)
{
	const struct vcpu *v = &t->run->vm.vcpus[index];
	const char *keys[WIRE_VCPU_STATES];
	char vcpu[VM_NAME_MAX], name[VM_NAME_MAX + 4];
	struct trace_counter counter = {
		.pid = t->base + TRACE_ROW_RUN, .name = name, .keys = keys, .n = WIRE_VCPU_STATES,
		.first = COUNTERS_OF_A_VCPU * (index + 1), .percent = true,
	};
	uint64_t from = v->first, ns[WIRE_VCPU_STATES], values[WIRE_VCPU_STATES], total;
	unsigned int k;
	size_t i;

	snprintf(name, sizeof(name), "%s, %%", vcpu_name(vcpu, t->run, index));
	for (k = 0; k < WIRE_VCPU_STATES; k++)
		keys[k] = vcpu_state_name(k);
	t->sink->counter(t->ctx, &counter);
	for (i = 0; i < v->n_points && from < t->timeline.end; i++) {
		uint64_t to = v->points[i].time;

		if (to <= from)
			continue;
		vcpu_between(v, from, to, ns);
		for (total = 0, k = 0; k < WIRE_VCPU_STATES; k++)
			total += ns[k];
		for (k = 0; k < WIRE_VCPU_STATES; k++)
			values[k] = total ? (uint64_t)((unsigned __int128)ns[k] * 100 / total) : 0;
		t->sink->values(t->ctx, &counter, trace_time(t, from), values);
		from = to;
	}
}

void trace_walk_guest(struct trace *t)
{
	const struct vm *vm = &t->run->vm;
	size_t i;

	walk_console(t, vm);
	walk_initcalls(t, vm);
	for (i = 0; i < vm->n_vcpus; i++)
		walk_vcpu(t, (unsigned int)i);
}
