// SPDX-License-Identifier: GPL-2.0-only
/*
 * svg.c - the format svg: one timeline a run, one below the other, in one picture that stands for
 * itself: style, script and text are in it.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "user/base/mem.h"
#include "user/export/labels.h"
#include "user/export/markup.h"
#include "user/export/page.h"
#include "user/export/svg.h"

#define ROWS_MAX 80
#define SLICES_MAX 9000 /* of a picture; fewer for each of many */
#define SLICES_MIN 600
#define HEADING 44

static void write_heading(FILE *out, const struct export_source *source, const struct run *r,
			  unsigned int y)
{
	CLEANUP_FREE char *end = label_end(source->session);
	CLEANUP_FREE char *notes = label_notes(source, r->scenario, r->lost);
	struct stats cold;

	scenario_stats(r->scenario, QUANTITY_COLD_START, &cold);
	fprintf(out, "<text class=\"title\" x=\"4\" y=\"%u\">", y + 22);
	markup_text(out, r->scenario->title);
	fputs("</text><text class=\"about\" x=\"190\" y=\"", out);
	fprintf(out, "%u\">", y + 22);
	if (r->milestones.seen[r->milestones.end]) {
		markup_ms(out, r->milestones.at[r->milestones.end]);
		fputs(" from launch to ", out);
		markup_words(out, end);
	} else {
		fputs("never reached ", out);
		markup_words(out, end);
		fprintf(out, ": %s ", run_status_name(r));
		markup_text(out, r->reason);
	}
	fprintf(out, ", run %" PRIu32, label_run(r));
	if (cold.n > 1) {
		fprintf(out, "; median of %zu runs ", cold.n);
		markup_ms(out, (uint64_t)cold.median);
	}
	if (r->scenario->flags & SCENARIO_VM && *r->scenario->accel) {
		fputs("; accel ", out);
		markup_text(out, r->scenario->accel);
	}
	fputs("</text>\n", out);
	if (!notes)
		return;
	fprintf(out, "<text class=\"warn\" x=\"190\" y=\"%u\">", y + 37);
	markup_words(out, notes);
	fputs("</text>\n", out);
}

static void write_picture(FILE *out, const struct export_source *source,
			  const struct svg_plan *plans, size_t n)
{
	unsigned int height = 8, y = 8;
	size_t i;

	for (i = 0; i < n; i++)
		height += HEADING + svg_height(&plans[i]);
	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\">\n<title>coldprof: ", SVG_WIDTH, height, SVG_WIDTH, height);
	markup_text(out, source->name);
	fputs("</title>\n<style>\n", out);
	markup_palette(out);
	fprintf(out, "\n%s.title{font:600 15px system-ui,sans-serif;fill:#1c2127}"
		".about,.warn{font:12px system-ui,sans-serif;fill:#5c6670}.warn{fill:#a33a00}\n"
		"@media print{svg:root{width:100%%;height:auto}}\n</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n", page_timeline_css);
	for (i = 0; i < n; i++) {
		write_heading(out, source, plans[i].run, y);
		svg_draw(out, &plans[i], y + HEADING);
		y += HEADING + svg_height(&plans[i]);
	}
	fprintf(out, "<script><![CDATA[\n%s]]></script>\n</svg>\n", page_timeline_js);
}

static int write_svg(FILE *out, const struct export_job *job, struct error *err)
{
	const struct export_source *source = &job->sources[0];
	struct svg_plan *plans = xcalloc(source->n_runs + 1, sizeof(*plans));
	size_t slices = SLICES_MAX / (source->n_runs ? source->n_runs : 1), n = 0, i, k;

	(void)err;
	for (i = 0; i < source->n_picks; i++) {
		const struct export_pick *pick = &source->picks[i];

		for (k = 0; k < pick->n_runs; k++)
			svg_plan_make(&plans[n++], source->session, pick->runs[k], ROWS_MAX,
				      slices > SLICES_MIN ? slices : SLICES_MIN);
	}
	write_picture(out, source, plans, n);
	for (i = 0; i < n; i++)
		svg_plan_release(&plans[i]);
	free(plans);
	return 0;
}

const struct export_ops export_svg = {
	.name = "svg",
	.title = "flame-style timelines, one picture",
	.suffix = ".svg",
	.runs = EXPORT_MEDIAN,
	.needs_run = true,
	.write = write_svg,
};
