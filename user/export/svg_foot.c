// SPDX-License-Identifier: GPL-2.0-only
/* svg_foot.c - below the rows of a timeline: vCPUs, what the guest said, and how memory grew. */
#include <inttypes.h>

#include "user/base/mem.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define CONSOLE 19  /* px, with the space above */
#define MEMORY 70
#define AREA 60
#define LINES_PART 300 /* lines that follow each other faster than this part are shown as one */
#define LINE_SHOWN 120
#define POINTS 240

static bool has_console(const struct svg_plan *p)
{
	return p->run->vm.n_lines != 0;
}

/* The first point after the time that is shown. */
static size_t points_until(const struct svg_plan *p, uint64_t end)
{
	const struct memory_timeline *t = &p->run->timeline;
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (t->points[middle].time <= end)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The most within what is shown: what was there at launch counts, what came later does not. */
static struct memory_point find_peak(const struct svg_plan *p)
{
	const struct memory_point *points = p->run->timeline.points;
	size_t n = points_until(p, p->launch + p->span), i = points_until(p, p->launch);
	struct memory_point peak = { 0 };

	for (i = i ? i - 1 : 0; i < n; i++)
		if (memory_amount_rss(&points[i].amount) > memory_amount_rss(&peak.amount))
			peak = points[i];
	if (peak.time < p->launch)
		peak.time = p->launch;
	return peak;
}

static uint64_t peak_rss(const struct svg_plan *p)
{
	struct memory_point peak = find_peak(p);

	return memory_amount_rss(&peak.amount);
}

static bool has_memory(const struct svg_plan *p)
{
	return peak_rss(p) != 0;
}

unsigned int svg_foot_height(const struct svg_plan *p)
{
	return svg_vcpu_height(p) + (has_console(p) ? CONSOLE : 0) + (has_memory(p) ? MEMORY : 0);
}

/* ---- console --------------------------------------------------------------------------------- */

/* The line after those that come together with line i. */
static size_t together(const struct svg_plan *p, size_t i)
{
	const struct vm *vm = &p->run->vm;
	uint64_t start = vm->lines[i].time;

	for (i++; i < vm->n_lines; i++)
		if (vm->lines[i].time >= start + p->span / LINES_PART)
			break;
	return i;
}

/* From a line to the next one: a long box is a silence. names: their texts, else the boxes. */
static void each_line(FILE *out, const struct svg_plan *p, bool names, unsigned int y)
{
	const struct vm *vm = &p->run->vm;
	size_t i, next, n = 0;

	for (i = 0; i < vm->n_lines; i = next) {
		const struct guest_line *line = &vm->lines[i];
		size_t len = line->len < LINE_SHOWN ? line->len : LINE_SHOWN;
		CLEANUP_FREE char *text = xasprintf("%.*s", (int)len, line->text);
		uint64_t end = p->launch + p->span;
		unsigned int x, width;

		next = together(p, i);
		if (next < vm->n_lines && vm->lines[next].time < end)
			end = vm->lines[next].time;
		if (line->time >= end)
			continue;
		x = svg_units(p, line->time);
		width = svg_units(p, end) - x;
		if (names) {
			svg_name(out, "pn", text, x, x + width, y);
			continue;
		}
		fprintf(out, "<path class=\"ph%s\" d=\"M%u 0h%uv14h-%uz\"><title>",
			n++ % 2 ? " ph-odd" : "", x, width ? width : 1, width ? width : 1);
		markup_text(out, text);
		if (next > i + 1)
			fprintf(out, ", and %zu more lines", next - i - 1);
		fputs("; then silent for ", out);
		markup_ms(out, end - vm->lines[next - 1].time);
		fputs(", at ", out);
		markup_ms(out, line->time - p->launch);
		svg_slice_close(out);
	}
}

/* ---- memory ---------------------------------------------------------------------------------- */

const char *const svg_class_names[SVG_CLASSES][2] = {
	{ "c-anon", "anon" }, { "c-file", "file" }, { "c-shmem", "shmem" },
};

/* Of classes [0, n). */
static uint64_t stacked(const struct memory_amount *a, int n)
{
	return (n > 0 ? a->anon : 0) + (n > 1 ? a->file : 0) + (n > 2 ? a->shmem : 0);
}

void svg_foot_classes(const struct svg_plan *p, bool seen[SVG_CLASSES])
{
	const struct memory_point *points = p->run->timeline.points;
	size_t n = points_until(p, p->launch + p->span), i = points_until(p, p->launch);
	int class;

	for (class = 0; class < SVG_CLASSES; class++)
		seen[class] = false;
	for (i = i ? i - 1 : 0; i < n; i++)
		for (class = 0; class < SVG_CLASSES; class++)
			if (stacked(&points[i].amount, class + 1) > stacked(&points[i].amount, class))
				seen[class] = true;
}

struct area {
	const struct svg_plan *p;
	struct memory_point peak;
	struct memory_point *points;
	size_t n;
};

static double pixels(const struct area *area, uint64_t bytes)
{
	return (double)bytes * AREA / (double)memory_amount_rss(&area->peak.amount);
}

/* The area between what is below a class and that with it: right along the top, back below. */
static void draw_area(FILE *out, const struct area *area, int class)
{
	const struct memory_amount *peak = &area->peak.amount;
	size_t i;

	fprintf(out, "<path class=\"%s\" d=\"M0 %d", svg_class_names[class][0], AREA);
	for (i = 0; i < area->n; i++)
		fprintf(out, "H%uV%.1f", svg_units(area->p, area->points[i].time),
			AREA - pixels(area, stacked(&area->points[i].amount, class + 1)));
	fprintf(out, "H%d", SVG_UNITS);
	for (i = area->n; i-- > 0;)
		fprintf(out, "V%.1fH%u", AREA - pixels(area, stacked(&area->points[i].amount, class)),
			svg_units(area->p, area->points[i].time));
	fprintf(out, "V%dz\"><title>memory: %s, ", AREA, svg_class_names[class][1]);
	markup_bytes(out, stacked(peak, class + 1) - stacked(peak, class));
	fputs(" of ", out);
	markup_bytes(out, memory_amount_rss(peak));
	fputs(" RSS at the peak", out);
	svg_slice_close(out);
}

/* Half of the peak at most, in one of 1, 2, 4, 8 … bytes: two lines of it fit below the peak. */
static uint64_t grid_step(uint64_t peak)
{
	uint64_t step = 1;

	while (step <= peak / 4)
		step *= 2;
	return step;
}

static void draw_memory(FILE *out, const struct svg_plan *p, unsigned int y)
{
	const struct memory_timeline *t = &p->run->timeline;
	size_t first = points_until(p, p->launch), end = points_until(p, p->launch + p->span);
	CLEANUP_FREE struct memory_point *points = xcalloc(POINTS, sizeof(*points));
	struct area area = { .p = p, .peak = find_peak(p), .points = points };
	uint64_t step = grid_step(memory_amount_rss(&area.peak.amount));
	bool seen[SVG_CLASSES];
	int i;

	/* What is not shown takes no points from what is. */
	first = first ? first - 1 : 0;
	area.n = memory_thin(t->points + first, end - first, points, POINTS);
	svg_foot_classes(p, seen);
	fprintf(out, "<g class=\"mem\" transform=\"translate(0 %u)\">\n", y);
	for (i = 0; i < SVG_CLASSES; i++)
		if (seen[i])
			draw_area(out, &area, i);
	for (i = 1; i <= 2; i++)
		fprintf(out, "<path class=\"grid\" vector-effect=\"non-scaling-stroke\" d=\"M0 %.1fH%d\"/>\n",
			AREA - pixels(&area, step * (uint64_t)i), SVG_UNITS);
	fputs("</g>\n", out);
}

/* What the lines stand for; left of the plot, where the area cannot cover it. */
static void draw_grid_heads(FILE *out, const struct svg_plan *p, unsigned int y)
{
	struct area area = { .p = p, .peak = find_peak(p) };
	uint64_t step = grid_step(memory_amount_rss(&area.peak.amount));
	uint64_t i;

	for (i = 1; i <= 2; i++) {
		fprintf(out, "<text class=\"scale left\" x=\"%d\" y=\"%.1f\">", SVG_LABELS - 3,
			y + AREA - pixels(&area, step * i) + 3);
		markup_bytes(out, step * i);
		fputs("</text>\n", out);
	}
}

/* ---- both ------------------------------------------------------------------------------------ */

void svg_foot(FILE *out, const struct svg_plan *p, unsigned int y)
{
	svg_vcpus(out, p, y);
	y += svg_vcpu_height(p);
	if (has_console(p)) {
		fprintf(out, "<g class=\"row console\" transform=\"translate(0 %u)\">\n", y + 4);
		each_line(out, p, false, 0);
		fputs("</g>\n", out);
		y += CONSOLE;
	}
	if (has_memory(p))
		draw_memory(out, p, y + 8);
}

void svg_foot_names(FILE *out, const struct svg_plan *p, unsigned int y)
{
	if (has_console(p))
		each_line(out, p, true, y + svg_vcpu_height(p) + 15);
}

void svg_foot_heads(FILE *out, const struct svg_plan *p, unsigned int y)
{
	struct memory_point peak = find_peak(p);

	svg_vcpu_heads(out, p, y);
	y += svg_vcpu_height(p);
	if (has_console(p)) {
		fprintf(out, "<text class=\"head\" x=\"4\" y=\"%u\">guest console</text>\n", y + 15);
		y += CONSOLE;
	}
	if (!memory_amount_rss(&peak.amount))
		return;
	fprintf(out, "<text class=\"head\" x=\"4\" y=\"%u\">memory (RSS)</text>\n"
		"<text class=\"thread\" x=\"4\" y=\"%u\">peak ", y + 18, y + 33);
	markup_bytes(out, memory_amount_rss(&peak.amount));
	fprintf(out, "</text>\n<text class=\"thread\" x=\"4\" y=\"%u\">at ", y + 47);
	markup_ms(out, peak.time - p->launch);
	fputs("</text>\n", out);
	draw_grid_heads(out, p, y + 8);
}

bool svg_foot_has_memory(const struct svg_plan *p)
{
	return has_memory(p);
}
