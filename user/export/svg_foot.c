// SPDX-License-Identifier: GPL-2.0-only
/* svg_foot.c - below the rows of a timeline: what the guest said, and how memory grew. */
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

static bool has_memory(const struct svg_plan *p)
{
	return p->run->timeline.n != 0 && memory_amount_rss(&p->run->timeline.peak.amount) != 0;
}

unsigned int svg_foot_height(const struct svg_plan *p)
{
	return (has_console(p) ? CONSOLE : 0) + (has_memory(p) ? MEMORY : 0);
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

static double pixels(const struct svg_plan *p, uint64_t bytes)
{
	return (double)bytes * AREA / (double)memory_amount_rss(&p->run->timeline.peak.amount);
}

/* The area between what is below a class and that with it: right along the top, back below. */
static void draw_area(FILE *out, const struct svg_plan *p, const struct memory_point *points,
		      size_t n, int class)
{
	static const char *const classes[] = { "c-anon", "c-file", "c-shmem" };
	static const char *const names[] = { "anon", "file", "shmem" };
	const struct memory_amount *peak = &p->run->timeline.peak.amount;
	const uint64_t most[] = { peak->anon, peak->file, peak->shmem };
	size_t i;

	fprintf(out, "<path class=\"%s\" d=\"M0 %d", classes[class], AREA);
	for (i = 0; i < n; i++) {
		const struct memory_amount *a = &points[i].amount;
		uint64_t top = a->anon + (class > 0 ? a->file : 0) + (class > 1 ? a->shmem : 0);

		fprintf(out, "H%uV%.1f", svg_units(p, points[i].time), AREA - pixels(p, top));
	}
	fprintf(out, "H%d", SVG_UNITS);
	for (i = n; i-- > 0;) {
		const struct memory_amount *a = &points[i].amount;
		uint64_t base = class > 1 ? a->anon + a->file : class > 0 ? a->anon : 0;

		fprintf(out, "V%.1fH%u", AREA - pixels(p, base), svg_units(p, points[i].time));
	}
	fprintf(out, "V%dz\"><title>memory: %s, ", AREA, names[class]);
	markup_bytes(out, most[class]);
	fputs(" of ", out);
	markup_bytes(out, memory_amount_rss(peak));
	fputs(" RSS at the peak", out);
	svg_slice_close(out);
}

static void draw_memory(FILE *out, const struct svg_plan *p, unsigned int y)
{
	const struct memory_timeline *t = &p->run->timeline;
	CLEANUP_FREE struct memory_point *points = xcalloc(POINTS, sizeof(*points));
	size_t n = memory_thin(t->points, t->n, points, POINTS);
	int class;

	fprintf(out, "<g class=\"mem\" transform=\"translate(0 %u)\">\n", y);
	for (class = 0; class < 3; class++)
		draw_area(out, p, points, n, class);
	fputs("</g>\n", out);
}

/* ---- both ------------------------------------------------------------------------------------ */

void svg_foot(FILE *out, const struct svg_plan *p, unsigned int y)
{
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
		each_line(out, p, true, y + 15);
}

void svg_foot_heads(FILE *out, const struct svg_plan *p, unsigned int y)
{
	const struct memory_point *peak = &p->run->timeline.peak;

	if (has_console(p)) {
		fprintf(out, "<text class=\"head\" x=\"4\" y=\"%u\">guest console</text>\n", y + 15);
		y += CONSOLE;
	}
	if (!has_memory(p))
		return;
	fprintf(out, "<text class=\"head\" x=\"4\" y=\"%u\">memory (RSS)</text>\n"
		"<text class=\"thread\" x=\"4\" y=\"%u\">peak ", y + 18, y + 33);
	markup_bytes(out, memory_amount_rss(&peak->amount));
	if (peak->time >= p->launch) {
		fputs(" at ", out);
		markup_ms(out, peak->time - p->launch);
	}
	fputs("</text>\n", out);
}

bool svg_foot_has_memory(const struct svg_plan *p)
{
	return has_memory(p);
}
