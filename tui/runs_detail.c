// SPDX-License-Identifier: GPL-2.0-only
/* runs_detail.c - what there is to say of the scenario under the cursor. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tui/runs.h"
#include "user/base/text.h"

#define LABEL 12 /* columns before a note's text */
#define SMALL 4  /* lines: a heading and the legend have room */

static int draw_note(struct canvas *c, struct area at, int y, enum style style, const char *lead,
		     const char *text)
{
	struct area inside = { at.x + LABEL, y, at.width - LABEL - 1, at.y + at.height - y };

	if (!*text || inside.height <= 0)
		return 0;
	if (inside.height > 2)
		inside.height = 2;
	canvas_text(c, at.x + 2, y, LABEL - 3, STYLE_DIM, lead);
	return canvas_prose(c, inside, style, text);
}

static enum style run_text(const struct run *run, char text[2 * TEXT_NUMBER_MAX])
{
	char ms[TEXT_NUMBER_MAX];
	uint64_t ns;
	bool known = run_quantity(run, QUANTITY_COLD_START, &ns);
	bool ok = known && (run->status == RUN_OK || !run->ended);

	snprintf(text, 2 * TEXT_NUMBER_MAX, "%s%" PRIu64 ": %s", run->warmup ? "w" : "",
		 (uint64_t)run->index + 1, ok ? text_ms(ms, ns) : !run->ended ? "…" :
		 run_status_name(run));
	return !run->ended ? STYLE_LIVE : !ok ? STYLE_BAD : run->warmup ? STYLE_DIM : STYLE_PLAIN;
}

/* Which run to begin with, so that the chosen one is among those that have room. */
static size_t first_run(const struct view *v, int columns)
{
	const struct scenario_result *s = v->scenario;
	char text[2 * TEXT_NUMBER_MAX];
	size_t i, chosen = 0;
	int width = 0;

	for (i = 0; i < s->n_runs; i++)
		if (s->runs[i] == v->run)
			chosen = i;
	for (i = chosen + 1; i > 0; i--) {
		run_text(s->runs[i - 1], text);
		width += (int)text_width(text) + 2;
		if (width > columns)
			return i;
	}
	return 0;
}

/* "runs        1: 34.1 ms  2: 34.2 ms  3: failed" */
static void draw_run_list(const struct view *v, struct canvas *c, struct area at, int y)
{
	const struct scenario_result *s = v->scenario;
	char text[2 * TEXT_NUMBER_MAX];
	int x = at.x + LABEL;
	size_t i;

	canvas_text(c, at.x + 2, y, LABEL - 3, STYLE_DIM, "runs");
	for (i = first_run(v, at.width - LABEL); i < s->n_runs; i++) {
		enum style style = run_text(s->runs[i], text);

		if (x + (int)text_width(text) > at.x + at.width)
			break;
		canvas_text(c, x, y, 2 * TEXT_NUMBER_MAX, style, text);
		if (s->runs[i] == v->run) {
			canvas_text(c, x - 1, y, 1, STYLE_KEY, ">");
			canvas_select(c, x, y, (int)text_width(text));
		}
		x += (int)text_width(text) + 2;
	}
}

/* The classes of memory by name: the legend of the bar at the row's end. */
static int draw_classes(const struct runs_row *row, const struct runs_scale *scale,
			struct canvas *c, struct area at, int y)
{
	enum runs_weight other = scale->weight == RUNS_RSS ? RUNS_PSS : RUNS_RSS;
	const struct runs_memory *m = &row->memory[scale->weight];
	char number[TEXT_NUMBER_MAX];
	int x = at.x + LABEL;
	size_t i;

	if (!(m->bytes > 0) || y >= at.y + at.height)
		return 0;
	canvas_text(c, at.x + 2, y, LABEL - 3, STYLE_DIM, "memory");
	for (i = 0; i < VIEW_CLASSES; i++) {
		if (!(m->parts[i].cells > 0))
			continue;
		canvas_fill(c, x, y, 2, m->parts[i].style);
		x += 3;
		x += canvas_textf(c, x, y, at.x + at.width - x, STYLE_PLAIN, "%s %s",
				  view_class_name(m->parts[i].style),
				  text_bytes(number, (uint64_t)m->parts[i].cells)) + 2;
	}
	x += canvas_text(c, x, y, at.x + at.width - x, STYLE_DIM,
			 scale->weight == RUNS_RSS ? "RSS" : "PSS");
	if (m->now)
		canvas_text(c, x, y, at.x + at.width - x, STYLE_DIM, " so far");
	else
		canvas_textf(c, x, y, at.x + at.width - x, STYLE_DIM, "; %s %s",
			     other == RUNS_RSS ? "RSS" : "PSS",
			     text_bytes(number, (uint64_t)row->memory[other].bytes));
	return 1;
}

/* The legend of the bar: each part's shade, name, time and share, in two columns. */
static int draw_legend(const struct runs_row *row, const struct view *v, struct canvas *c,
		       struct area at, int y)
{
	int half = (at.width - 4) / 2, lines = at.y + at.height - y;
	double length = runs_row_length(row, v->now);
	size_t rows = (row->n_parts + 1) / 2, from = 0, i;

	if (lines <= 0)
		return 0;
	if (rows > (size_t)lines)
		rows = (size_t)lines;
	/* Where not all have room: of a run that goes on the latest ones. */
	if (row->progress.state == PROGRESS_RUNNING && row->n_parts > 2 * rows)
		from = row->n_parts - 2 * rows;
	for (i = from; i < row->n_parts && i < from + 2 * rows; i++) {
		char name[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX];
		int x = at.x + 2 + (i - from >= rows ? half : 0);
		int line = y + (int)((i - from) % rows);
		double share = row->parts[i].ns / row->parts_ns;

		canvas_fill(c, x, line, 2, view_phase_style(i));
		canvas_right(c, x + 2, line, 9, STYLE_PLAIN, view_ms(ms, share * length));
		canvas_textf(c, x + 12, line, 5, STYLE_DIM, "%3.0f %%", 100 * share);
		canvas_text(c, x + 18, line, half - 19, STYLE_PLAIN,
			    view_escape(name, row->parts[i].name));
	}
	return (int)rows;
}

/* Known reasons for a slow start that hold here, the heaviest first, and what to do. */
static void draw_findings(const struct runs_row *row, struct canvas *c, struct area at, int y)
{
	char evidence[VIEW_TEXT_MAX], text[3 * VIEW_TEXT_MAX], ms[32];
	size_t i;

	for (i = 0; i < row->findings.n && y + 1 < at.y + at.height; i++) {
		const struct finding_summary *f = &row->findings.list[i];

		view_escape(evidence, f->heaviest.evidence);
		snprintf(text, sizeof(text), "%s%s%s%s%s%s", f->ns.median > 0 ? view_ms(ms, f->ns.median) : "",
			 f->ns.median > 0 ? ": " : "", f->rule->title, *evidence ? " (" : "",
			 evidence, *evidence ? ")" : "");
		y += draw_note(c, at, y, STYLE_PLAIN, "found", text);
		y += draw_note(c, at, y, STYLE_GOOD, "mend", f->rule->mend);
	}
}

/* How far the chosen run can be trusted, and what measuring it cost. */
static void trust_text(const struct run *run, char *out, size_t size)
{
	char number[TEXT_NUMBER_MAX];
	int n = 0;

	*out = '\0';
	if (run->milestones.uncertainty && run->milestones.seen[run->milestones.end])
		n = snprintf(out, size, "the first byte may be late by %s: the client polls; ",
			     text_ms(number, run->milestones.uncertainty));
	if (run->has_cost && run->cost.bpf_ns)
		n += snprintf(out + n, size - (size_t)n, "measuring took %s of CPU; ",
			      text_ms(number, run->cost.bpf_ns));
	if (run->ended)
		n += snprintf(out + n, size - (size_t)n, "%" PRIu64 " records lost; ", run->lost);
	if (n >= 2)
		out[n - 2] = '\0';
}

int runs_detail_lines(const struct view *v, const struct runs_row *row)
{
	return 5 + (int)(row->n_parts + 1) / 2 + (v->run && row->memory[RUNS_RSS].bytes > 0 ? 1 : 0);
}

/* What is not as it seems, and why something is not there. */
static int draw_warnings(const struct view *v, const struct scenario_result *s, struct canvas *c,
			 struct area at, int y)
{
	const struct page page = { .session = v->session };
	const char *emulation = page_emulation(&page, s);
	const char *status = scenario_status_name(s);
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], all[2400];
	int from = y;

	if (emulation)
		y += draw_note(c, at, y, STYLE_WARN, "beware", emulation);
	if (*s->stands_for) {
		snprintf(all, sizeof(all), "%s is not here; %s stands in for it",
			 view_escape(text, s->stands_for), view_escape(name, s->name));
		y += draw_note(c, at, y, STYLE_WARN, "instead", all);
	}
	if (strcmp(status, "ok") && (!v->now || !strcmp(status, "unavailable")))
		y += draw_note(c, at, y, s->n_runs ? STYLE_BAD : STYLE_PLAIN, "why",
			       view_escape(text, scenario_reason(s)));
	return y - from;
}

void runs_detail_draw(const struct view *v, const struct runs_row *row,
		      const struct runs_scale *scale, struct canvas *c, struct area at)
{
	const struct scenario_result *s = row->s;
	const struct page page = { .session = v->session };
	const char *emulation = at.height <= SMALL ? page_emulation(&page, s) : NULL;
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], all[2400];
	int y = at.y;

	if (at.height < 2)
		return;
	snprintf(all, sizeof(all), "%s%s%s%s%s", view_escape(name, s->name), *s->title ? ": " : "",
		 view_escape(text, s->title), emulation ? "; " : "", emulation ? emulation : "");
	view_heading(c, at, y++, all);
	if (at.height > SMALL) {
		if (s->n_runs)
			draw_run_list(v, c, at, y++);
		y += draw_warnings(v, s, c, at, y);
	}
	snprintf(all, sizeof(all), "%s%s%s", view_escape(name, s->boundary),
		 *s->runtime_version ? "; " : "", view_escape(text, s->runtime_version));
	/* Where room is short, what the bar is made of comes first. */
	if (at.y + at.height - y >= runs_detail_lines(v, row) - 2) {
		y += draw_note(c, at, y, STYLE_PLAIN, "isolation", all);
		if (v->run) {
			trust_text(v->run, all, sizeof(all));
			y += draw_note(c, at, y, v->run->lost ? STYLE_WARN : STYLE_DIM, "trust",
				       all);
		}
		y += draw_classes(row, scale, c, at, y);
	}
	if (!s->available)
		y += draw_note(c, at, y, STYLE_PLAIN, "get it", view_escape(text, s->advice));
	if (row->n_parts && row->parts_ns > 0)
		y += draw_legend(row, v, c, at, y);
	if (at.height > SMALL)
		draw_findings(row, c, at, y);
}
