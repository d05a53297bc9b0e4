// SPDX-License-Identifier: GPL-2.0-only
/* svg_draw.c - the timeline of a run: phases, critical path, rows, and all of it together. */
#include "user/export/svg.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/export/labels.h"
#include "user/export/markup.h"

/* From top to bottom, px. The plot begins below the axis and the names of the moments. */
#define TOP SVG_TOP
#define PHASES 0  /* from here on within the plot */
#define PATH 19
#define ROWS 46

unsigned int svg_units(const struct svg_plan *p, uint64_t time)
{
	double at = time > p->launch ? (double)(time - p->launch) / (double)p->span : 0;

	return at < 1 ? (unsigned int)(at * SVG_UNITS + 0.5) : SVG_UNITS;
}

double svg_px(unsigned int units)
{
	return SVG_LABELS + (double)units * SVG_PLOT / SVG_UNITS;
}

/* Where what is below the rows begins, in the plot. */
static unsigned int foot(const struct svg_plan *p)
{
	return ROWS + (unsigned int)(p->n + (p->left_out != 0)) * SVG_ROW;
}

static unsigned int plot_height(const struct svg_plan *p)
{
	return foot(p) + svg_foot_height(p);
}

unsigned int svg_height(const struct svg_plan *p)
{
	return TOP + plot_height(p) + svg_legend_height(p);
}

/* ---- slices ---------------------------------------------------------------------------------- */

/*
 * Height tells the state too, where colours cannot be told apart: the busier the higher. The names
 * of the classes are those of markup_palette().
 */
static const struct {
	const char *class;
	unsigned int height;
} shapes[PATH_STATE_COUNT] = {
	[PATH_USER] = { "s-user", 12 },
	[PATH_KERNEL] = { "s-kernel", 9 },
	[PATH_RUNNABLE] = { "s-runnable", 5 },
	[PATH_BLOCKED] = { "s-blocked", 2 },
	[PATH_GUEST] = { "s-guest", 11 },
	[PATH_VMM] = { "s-vmm", 8 },
	[PATH_HALTED] = { "s-halted", 1 },
	[PATH_NOTICED_LATE] = { "s-noticed_late", 4 },
	[PATH_CLIENT] = { "s-client", 7 },
	[PATH_UNEXPLAINED] = { "s-unexplained", 3 },
};

const char *svg_state_class(enum path_state state, unsigned int *height)
{
	*height = shapes[state].height;
	return shapes[state].class;
}

void svg_slice_begin(FILE *out, const struct svg_plan *p, enum path_state state, bool merged,
		     bool tall, uint64_t start, uint64_t end)
{
	unsigned int x = svg_units(p, start), width = svg_units(p, end) - x;
	unsigned int height = tall ? 14 : shapes[state].height;

	if (width == 0)
		width = 1;
	fprintf(out, "<path class=\"%s%s\" d=\"M%u %uh%uv%uh-%uz\"", shapes[state].class,
		merged ? " m" : "", x, tall ? 0 : 12 - height, width, height, width);
}

void svg_slice_open(FILE *out, const struct svg_plan *p, enum path_state state, bool merged,
		    bool tall, uint64_t start, uint64_t end)
{
	svg_slice_begin(out, p, state, merged, tall, start, end);
	fputs("><title>", out);
}

void svg_slice_close(FILE *out)
{
	fputs("</title></path>\n", out);
}

void svg_slice_title(FILE *out, const struct svg_plan *p, enum path_state state, uint64_t start,
		     uint64_t end)
{
	fprintf(out, "%s ", path_state_name(state));
	markup_ms(out, end - start);
	fputs(" at ", out);
	markup_ms(out, start - p->launch);
}

void svg_cell_title(FILE *out, const struct svg_plan *p, const struct svg_cell *cell)
{
	const char *separator = "";
	int k;

	if (cell->n > 1)
		fprintf(out, "%zu slices: ", cell->n);
	for (k = 0; k < PATH_STATE_COUNT; k++) {
		if (!cell->ns[k])
			continue;
		fprintf(out, "%s%s ", separator, path_state_name((enum path_state)k));
		markup_ms(out, cell->ns[k]);
		separator = ", ";
	}
	fputs(" at ", out);
	markup_ms(out, cell->start - p->launch);
}

/* ---- names ----------------------------------------------------------------------------------- */

void svg_name(FILE *out, const char *class, const char *text, unsigned int a, unsigned int b,
	      unsigned int y)
{
	double fits = (svg_px(b) - svg_px(a) - 6) / SVG_CHAR;

	fprintf(out, "<text class=\"%s\" data-a=\"%u\" data-b=\"%u\" x=\"%.1f\" y=\"%u\" data-n=\"",
		class, a, b, svg_px(a) + 3, y);
	markup_cut(out, text, 100);
	fputs("\">", out);
	if (fits >= 4)
		markup_cut(out, text, (size_t)fits);
	fputs("</text>\n", out);
}

static void draw_phases(FILE *out, const struct svg_plan *p)
{
	const struct phases *phases = &p->run->phases;
	size_t i, heaviest = 0;

	for (i = 1; i < phases->n; i++)
		if (phases->list[i].end - phases->list[i].start >
		    phases->list[heaviest].end - phases->list[heaviest].start)
			heaviest = i;
	fprintf(out, "<g class=\"phases\" transform=\"translate(0 %d)\">", PHASES);
	for (i = 0; i < phases->n; i++) {
		const struct phase *phase = &phases->list[i];
		unsigned int x = svg_units(p, p->launch + phase->start);
		unsigned int width = svg_units(p, p->launch + phase->end) - x;

		fprintf(out, "<path class=\"%s\" d=\"M%u 0h%uv15h-%uz\"><title>",
			i == heaviest ? "ph ph-top" : i % 2 ? "ph ph-odd" : "ph", x, width, width);
		markup_text(out, phase->name);
		fputs(": ", out);
		markup_ms(out, phase->end - phase->start);
		fputs(" at ", out);
		markup_ms(out, phase->start);
		svg_slice_close(out);
	}
	fputs("</g>\n", out);
}

static void draw_names(FILE *out, const struct svg_plan *p)
{
	const struct phases *phases = &p->run->phases;
	uint64_t longest = 0;
	size_t i;

	for (i = 0; i < phases->n; i++)
		if (phases->list[i].end - phases->list[i].start > longest)
			longest = phases->list[i].end - phases->list[i].start;
	fputs("<g class=\"names\">\n", out);
	for (i = 0; i < phases->n; i++) {
		const struct phase *phase = &phases->list[i];
		bool top = phase->end - phase->start == longest;

		svg_name(out, top ? "pn pn-top" : "pn", phase->name,
			 svg_units(p, p->launch + phase->start),
			 svg_units(p, p->launch + phase->end), TOP + PHASES + 11);
	}
	svg_path_names(out, p, TOP + PATH + 11);
	svg_foot_names(out, p, TOP + foot(p));
	fputs("</g>\n", out);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void draw_heads(FILE *out, const struct svg_plan *p)
{
	fputs("<g class=\"heads\">\n", out);
	if (p->run->phases.n)
		fprintf(out, "<text class=\"head\" x=\"4\" y=\"%d\">phases</text>\n",
			TOP + PHASES + 11);
	if (p->run->path.n)
		fprintf(out, "<text class=\"head\" x=\"4\" y=\"%d\">critical path</text>\n",
			TOP + PATH + 11);
	svg_row_names(out, p, TOP + ROWS);
	svg_foot_heads(out, p, TOP + foot(p));
	fputs("</g>\n", out);
}

void svg_draw(FILE *out, const struct svg_plan *p, unsigned int y)
{
	unsigned int height = plot_height(p);

	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tl\" data-span=\"%" PRIu64
		"\" y=\"%u\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d %u\"><title>", p->span, y,
		SVG_WIDTH, svg_height(p), SVG_WIDTH, svg_height(p));
	markup_text(out, p->run->scenario->name);
	fprintf(out, " run %" PRIu32 ": ", label_run(p->run));
	markup_ms(out, p->span);
	fputs(" from launch</title>\n", out);
	svg_axis(out, p, TOP + height);
	fprintf(out, "<svg class=\"plot\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\" preserveAspectRatio=\"none\">\n", SVG_LABELS, TOP, SVG_PLOT,
		height, SVG_UNITS, height);
	draw_phases(out, p);
	fprintf(out, "<g class=\"path\" transform=\"translate(0 %d)\">\n", PATH);
	svg_path(out, p);
	fprintf(out, "</g>\n<g class=\"rows\" transform=\"translate(0 %d)\">\n", ROWS);
	svg_rows(out, p);
	fputs("</g>\n", out);
	svg_foot(out, p, foot(p));
	svg_marks(out, p, height);
	if (p->run->path.n)
		svg_thread(out, p, ROWS);
	fputs("</svg>\n", out);
	draw_names(out, p);
	svg_moments(out, p);
	draw_heads(out, p);
	svg_legend(out, p, TOP + height);
	fputs("</svg>\n", out);
}
