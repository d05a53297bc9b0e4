// SPDX-License-Identifier: GPL-2.0-only
/* svg_axis.c - what a timeline is read by: axis, moments and their names, legend. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/export/markup.h"
#include "user/export/svg.h"

#define TICKS 8

/* ---- axis ------------------------------------------------------------------------------------ */

/* The step between ticks: 1, 2 or 5 times a power of ten, in ns. */
static double tick_step(double span)
{
	double step = 1;

	while (step * 10 * TICKS <= span)
		step *= 10;
	if (step * 5 * TICKS <= span)
		return step * 5;
	return step * 2 * TICKS <= span ? step * 2 : step;
}

/* Right of its tick; left of it where the picture ends before the number does. */
void svg_axis(FILE *out, const struct svg_plan *p, unsigned int bottom)
{
	double step = tick_step((double)p->span), t;

	fputs("<g class=\"axis\">\n", out);
	for (t = 0; t <= (double)p->span; t += step) {
		double x = SVG_LABELS + t / (double)p->span * SVG_PLOT;
		CLEANUP_FREE char *text = xasprintf("%g%s", t / 1e6, t == 0 ? " ms" : "");
		bool left = x + 3 + (double)strlen(text) * SVG_CHAR > SVG_WIDTH;

		fprintf(out, "<path class=\"grid\" d=\"M%.1f %dV%u\"/><text%s x=\"%.1f\" y=\"11\">%s"
			"</text>\n", x, SVG_AXIS - 2, bottom, left ? " class=\"left\"" : "",
			left ? x - 3 : x + 3, text);
	}
	fputs("</g>\n", out);
}

/* ---- moments --------------------------------------------------------------------------------- */

void svg_marks(FILE *out, const struct svg_plan *p, unsigned int height)
{
	const struct milestones *m = &p->run->milestones;
	int i;

	fputs("<g class=\"marks\">\n", out);
	for (i = MILESTONE_EXEC; i < m->n; i++) {
		if (!m->seen[i] || m->at[i] > p->span)
			continue;
		fprintf(out, "<path class=\"mark\" vector-effect=\"non-scaling-stroke\" d=\"M%u 0V%u\">"
			"<title>%s at ", svg_units(p, p->launch + m->at[i]), height,
			milestone_title((enum milestone)i));
		markup_ms(out, m->at[i]);
		svg_slice_close(out);
	}
	fputs("</g>\n", out);
}

/* Names that stand on the lines already. */
struct placed {
	double from[MILESTONE_COUNT], to[MILESTONE_COUNT];
	int line[MILESTONE_COUNT];
	int n;
};

static bool place(struct placed *all, int line, double from, double to)
{
	int i;

	if (from < SVG_LABELS || to > SVG_WIDTH)
		return false;
	for (i = 0; i < all->n; i++)
		if (all->line[i] == line && from < all->to[i] && all->from[i] < to)
			return false;
	all->from[all->n] = from;
	all->to[all->n] = to;
	all->line[all->n++] = line;
	return true;
}

/* Right of its mark or left of it, on the first line that has room; where none has, the mark says it. */
static void draw_moment(FILE *out, const struct svg_plan *p, enum milestone i, struct placed *all)
{
	const char *title = milestone_title(i);
	unsigned int at = svg_units(p, p->launch + p->run->milestones.at[i]);
	double x = svg_px(at), width = (double)strlen(title) * SVG_CHAR + 8;
	bool left = false, there = false;
	int line;

	for (line = 0; line < SVG_MOMENT_LINES && !there; line++) {
		left = false;
		there = place(all, line, x, x + width);
		if (there)
			break;
		left = true;
		there = place(all, line, x - width, x);
		if (there)
			break;
	}
	fprintf(out, "<text class=\"moment%s\" data-a=\"%u\" x=\"%.1f\" y=\"%d\" data-n=\"%s\">%s</text>\n",
		left ? " left" : "", at, left ? x - 3 : x + 3,
		SVG_AXIS + SVG_MOMENT_LINE * (there ? line : 0) + 10, title, there ? title : "");
}

/* The two that a cold start is told by come first: they have a name however crowded it is. */
void svg_moments(FILE *out, const struct svg_plan *p)
{
	const struct milestones *m = &p->run->milestones;
	const enum milestone first[] = { m->end, MILESTONE_FIRST_ACCEPT };
	struct placed all = { .n = 0 };
	int i, k;

	fputs("<g class=\"moments\">\n", out);
	for (k = 0; k < 2; k++)
		if (m->seen[first[k]] && m->at[first[k]] <= p->span && (k == 0 || first[0] != first[1]))
			draw_moment(out, p, first[k], &all);
	for (i = MILESTONE_EXEC; i < m->n; i++)
		if (m->seen[i] && m->at[i] <= p->span && i != (int)first[0] && i != (int)first[1])
			draw_moment(out, p, (enum milestone)i, &all);
	fputs("</g>\n", out);
}

/* ---- legend ---------------------------------------------------------------------------------- */

/* States that occur somewhere in what is drawn. */
static void find_states(const struct svg_plan *p, bool seen[PATH_STATE_COUNT])
{
	struct lane_slice slice;
	struct lane lane;
	size_t i, k;

	for (i = 0; i < p->run->path.n; i++)
		seen[p->run->path.slices[i].state] = true;
	svg_vcpu_states(p, seen);
	for (i = 0; i < p->n; i++) {
		for (k = 0; k < p->rows[i].n; k++) {
			lane_begin(&lane, p->run, p->rows[i].tasks[k], p->launch,
				   p->launch + p->span);
			while (lane_next(&lane, &slice))
				seen[slice.state] = true;
		}
	}
}

unsigned int svg_legend_height(const struct svg_plan *p)
{
	return 22 + (svg_foot_has_memory(p) ? SVG_LEGEND_LINE : 0);
}

/* An item: its own group, so that the script can break lines on a narrow page. */
static unsigned int draw_item(FILE *out, unsigned int x, unsigned int y, const char *class,
			      unsigned int height, const char *name)
{
	unsigned int width = 18 + (unsigned int)((double)strlen(name) * 6.4) + 14;

	if (height)
		fprintf(out, "<g class=\"item\" transform=\"translate(%u %u)\" data-w=\"%u\"><path "
			"class=\"%s\" d=\"M0 %uh14v%uh-14z\"/><text x=\"18\" y=\"15\">%s</text></g>\n",
			x, y, width, class, 16 - height, height, name);
	else
		fprintf(out, "<g class=\"item\" transform=\"translate(%u %u)\" data-w=\"%u\"><path "
			"class=\"%s\" d=\"M0 12h14\"/><text x=\"18\" y=\"15\">%s</text></g>\n", x, y,
			width, class, name);
	return x + width;
}

/* Growth is told as the kernel counts it. */
static void draw_guest_note(FILE *out, const struct svg_plan *p, unsigned int x, unsigned int y)
{
	static const char text[] = "(guest RAM is in anon or shmem)";

	if (p->run->memory[MEMORY_FIRST_BYTE].guest || p->run->memory[MEMORY_SETTLED].guest)
		fprintf(out, "<g class=\"item\" transform=\"translate(%u %u)\" data-w=\"%u\"><text "
			"x=\"0\" y=\"15\">%s</text></g>\n", x, y,
			(unsigned int)(sizeof(text) * SVG_CHAR), text);
}

static void draw_head(FILE *out, unsigned int y, const char *name)
{
	fprintf(out, "<g class=\"item head\" transform=\"translate(4 %u)\" data-w=\"0\"><text x=\"0\" "
		"y=\"15\">%s</text></g>\n", y, name);
}

void svg_legend(FILE *out, const struct svg_plan *p, unsigned int y)
{
	bool seen[PATH_STATE_COUNT] = { false }, classes[SVG_CLASSES];
	unsigned int x = SVG_LABELS, height;
	int i;

	find_states(p, seen);
	fprintf(out, "<g class=\"legend\" data-y=\"%u\">\n", y);
	draw_head(out, y, "states");
	for (i = 0; i < PATH_STATE_COUNT; i++) {
		const char *class = svg_state_class((enum path_state)i, &height);

		if (seen[i])
			x = draw_item(out, x, y, class, height, path_state_name((enum path_state)i));
	}
	if (p->run->path.n)
		draw_item(out, x, y, "way", 0, "critical path");
	if (svg_foot_has_memory(p)) {
		svg_foot_classes(p, classes);
		draw_head(out, y + SVG_LEGEND_LINE, "classes of memory");
		for (i = 0, x = SVG_LABELS; i < SVG_CLASSES; i++)
			if (classes[i])
				x = draw_item(out, x, y + SVG_LEGEND_LINE, svg_class_names[i][0],
					      8, svg_class_names[i][1]);
		draw_guest_note(out, p, x, y + SVG_LEGEND_LINE);
	}
	fputs("</g>\n", out);
}
