// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg_vcpu.c - the lanes of a VM's vCPUs: between two records of the ledger (vm.h) it is known how
 * much of the time each state had, not when. So a box is as wide as that time, and its states are
 * stacked in it, each as high as its share.
 */
#include <inttypes.h>
#include <stdio.h>

#include "user/base/mem.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define VCPUS_MAX 16
#define LANE 22  /* px from one to the next */
#define BOX 17
#define CELLS 160 /* of a lane: records that are closer are one box */

/* From the busiest, at the bottom, up. */
static const struct {
	unsigned int state; /* WIRE_VCPU_* */
	enum path_state as;
} order[WIRE_VCPU_STATES] = {
	{ WIRE_VCPU_GUEST, PATH_GUEST },       { WIRE_VCPU_KERNEL, PATH_KERNEL },
	{ WIRE_VCPU_VMM, PATH_VMM },           { WIRE_VCPU_RUNNABLE, PATH_RUNNABLE },
	{ WIRE_VCPU_BLOCKED, PATH_BLOCKED },   { WIRE_VCPU_HALTED, PATH_HALTED },
};

static size_t shown(const struct svg_plan *p)
{
	return p->run->vm.n_vcpus < VCPUS_MAX ? p->run->vm.n_vcpus : VCPUS_MAX;
}

unsigned int svg_vcpu_height(const struct svg_plan *p)
{
	return shown(p) ? (unsigned int)shown(p) * LANE + 4 : 0;
}

static void draw_box(FILE *out, const struct svg_plan *p, size_t index, uint64_t from, uint64_t to,
		     const uint64_t ns[WIRE_VCPU_STATES])
{
	unsigned int x = svg_units(p, from), width = svg_units(p, to) - x, height, k;
	uint64_t total = 0, below = 0;
	const char *separator = "";
	char name[VM_NAME_MAX];

	for (k = 0; k < WIRE_VCPU_STATES; k++)
		total += ns[k];
	if (!total || !width)
		return;
	for (k = 0; k < WIRE_VCPU_STATES; k++) {
		uint64_t part = ns[order[k].state];
		double top = BOX - (double)(below + part) * BOX / (double)total;

		if (!part)
			continue;
		fprintf(out, "<path class=\"%s\" d=\"M%u %.1fh%uv%.1fh-%uz\"/>",
			svg_state_class(order[k].as, &height), x, top, width,
			(double)part * BOX / (double)total, width);
		below += part;
	}
	/* One title for all of it: what is looked at is the box. */
	fprintf(out, "<path class=\"box\" d=\"M%u 0h%uv%dh-%uz\"><title>%s, ", x, width, BOX, width,
		vcpu_name(name, p->run, index));
	markup_ms(out, to - from);
	fputs(" at ", out);
	markup_ms(out, from - p->launch);
	fputs(": ", out);
	for (k = 0; k < WIRE_VCPU_STATES; k++) {
		if (!ns[order[k].state])
			continue;
		fprintf(out, "%s%s ", separator, vcpu_state_name(order[k].state));
		markup_ms(out, ns[order[k].state]);
		separator = ", ";
	}
	svg_slice_close(out);
}

static void draw_lane(FILE *out, const struct svg_plan *p, size_t index)
{
	const struct vcpu *v = &p->run->vm.vcpus[index];
	uint64_t end = p->launch + p->span, least = p->span / CELLS, from = v->first;
	uint64_t ns[WIRE_VCPU_STATES];
	size_t i;

	if (from < p->launch)
		from = p->launch;
	for (i = 0; i < v->n_points && from < end; i++) {
		uint64_t to = v->points[i].time < end ? v->points[i].time : end;

		if (to <= from || (to - from < least && i + 1 < v->n_points && to < end))
			continue;
		vcpu_between(v, from, to, ns);
		draw_box(out, p, index, from, to, ns);
		from = to;
	}
}

void svg_vcpus(FILE *out, const struct svg_plan *p, unsigned int y)
{
	size_t i;

	for (i = 0; i < shown(p); i++) {
		fprintf(out, "<g class=\"row vcpu\" transform=\"translate(0 %zu)\">\n",
			y + 4 + i * LANE);
		draw_lane(out, p, i);
		fputs("</g>\n", out);
	}
}

void svg_vcpu_heads(FILE *out, const struct svg_plan *p, unsigned int y)
{
	char name[VM_NAME_MAX];
	size_t i;

	for (i = 0; i < shown(p); i++)
		fprintf(out, "<text class=\"head\" x=\"4\" y=\"%zu\">%s%s</text>\n",
			y + 4 + i * LANE + 12, vcpu_name(name, p->run, i),
			i ? "" : vm_several(p->run) ? ": states" : ": share of states");
}

void svg_vcpu_states(const struct svg_plan *p, bool seen[PATH_STATE_COUNT])
{
	uint64_t ns[WIRE_VCPU_STATES];
	size_t i;
	int k;

	for (i = 0; i < shown(p); i++) {
		vcpu_between(&p->run->vm.vcpus[i], p->launch, p->launch + p->span, ns);
		for (k = 0; k < WIRE_VCPU_STATES; k++)
			if (ns[order[k].state])
				seen[order[k].as] = true;
	}
}
