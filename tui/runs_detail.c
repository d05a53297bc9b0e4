// SPDX-License-Identifier: GPL-2.0-only
/* runs_detail.c - what there is to say of the scenario under the cursor. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/runs.h"
#include "user/base/mem.h"
#include "user/base/text.h"

#define LABEL 12 /* columns before a note's text */
#define SMALL 4  /* lines: a heading and the legend have room */
#define HALF_MAX 72 /* columns of the legend's own */
#define FINDING_LINES 3 /* one of them and its mend, most often … */
#define BRIEF_LINES 2   /* … cut to a line each */

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

/*
 * Which parts the legend tells of, where not all have room: of a run that goes on the latest, else
 * the longest. Returns how many.
 */
static size_t choose_parts(const struct runs_row *row, size_t room, bool *chosen)
{
	bool goes_on = row->progress.state == PROGRESS_RUNNING;
	size_t n, i, best;

	for (n = 0; n < room && n < row->n_parts; n++) {
		best = SIZE_MAX;
		for (i = 0; i < row->n_parts; i++)
			if (!chosen[i] && (best == SIZE_MAX || goes_on ||
					   row->parts[i].ns > row->parts[best].ns))
				best = i;
		chosen[best] = true;
	}
	return n;
}

/* The legend of the bar: each part's shade, name, time and share, in two columns. */
static size_t draw_legend(const struct runs_row *row, const struct view *v, struct canvas *c,
			  struct area at)
{
	CLEANUP_FREE bool *chosen = xcalloc(row->n_parts + 1, sizeof(*chosen));
	int half = (at.width - 4) / 2 < HALF_MAX ? (at.width - 4) / 2 : HALF_MAX;
	double length = runs_row_length(row, v->now);
	size_t n = choose_parts(row, 2 * (size_t)at.height, chosen), rows = (n + 1) / 2, i, k = 0;

	for (i = 0; i < row->n_parts; i++) {
		char name[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX];
		int x = at.x + 2 + (k >= rows ? half : 0), line = at.y + (int)(k % rows);
		double share = row->parts[i].ns / row->parts_ns;

		if (!chosen[i])
			continue;
		k++;
		canvas_fill(c, x, line, 2, view_phase_style(v, row->parts[i].name));
		canvas_right(c, x + 2, line, 9, STYLE_PLAIN, view_ms(ms, share * length));
		canvas_textf(c, x + 12, line, 5, STYLE_DIM, "%3.0f %%", 100 * share);
		canvas_text(c, x + 18, line, half - 19, STYLE_PLAIN,
			    view_escape(name, row->parts[i].name));
	}
	return n;
}

/* "80 ms, in 1 of 4 runs: ": of one that is not the rule what it took where it holds, and that it is not. */
static void finding_lead(char text[64], const struct finding_summary *f,
			 const struct finding_summaries *of)
{
	bool rule = finding_is_rule(f, of);
	double ns = rule ? (double)f->typical : f->ns.median;
	char ms[32];
	size_t n = 0;

	text[0] = '\0';
	if (ns > 0)
		n = (size_t)snprintf(text, 64, "%s", view_ms(ms, ns));
	if (!rule)
		n += (size_t)snprintf(text + n, 64 - n, "%sin %zu of %zu runs", n ? ", " : "",
				      f->runs, of->of_runs);
	if (n)
		snprintf(text + n, 64 - n, ": ");
}

/*
 * Known reasons for a slow start that hold here, the heaviest first, and what to do: those from one
 * on. brief: a line for each of the two. Returns the first that had no room; *y goes on to the line
 * behind them.
 */
static size_t draw_findings(const struct runs_row *row, struct canvas *c, struct area at, bool brief,
			    size_t from, int *y)
{
	char evidence[VIEW_TEXT_MAX], text[3 * VIEW_TEXT_MAX], lead[64];
	size_t i;

	for (i = from; i < row->findings.n; i++) {
		const struct finding_summary *f = &row->findings.list[i];
		/* Behind all but the last one a line must be left that says so. */
		int end = at.y + at.height - (i + 1 < row->findings.n);

		if (*y + 1 >= end)
			break;
		view_escape(evidence, f->heaviest.evidence);
		finding_lead(lead, f, &row->findings);
		snprintf(text, sizeof(text), "%s%s%s%s%s", lead, f->rule->title,
			 *evidence ? " (" : "", evidence, *evidence ? ")" : "");
		*y += draw_note(c, (struct area){ at.x, *y, at.width, brief ? 1 : end - *y - 1 }, *y,
				STYLE_PLAIN, "found", text);
		*y += draw_note(c, (struct area){ at.x, *y, at.width, brief ? 1 : end - *y }, *y,
				STYLE_GOOD, "mend", f->rule->mend);
	}
	return i;
}

/* "+2 findings, 4 phases: d": what there is and has no room, and the key that shows it. */
static void draw_more(const struct runs_scale *scale, struct canvas *c, struct area at, int y,
		      size_t findings, size_t phases)
{
	char text[96] = "";
	int n = 0;

	if (findings)
		n = snprintf(text, sizeof(text), "+%zu finding%s", findings, findings == 1 ? "" : "s");
	if (phases)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s%zu phase%s", n ? ", " : "+",
			      phases, phases == 1 ? "" : "s");
	if (n && (findings || !scale->alone))
		snprintf(text + n, sizeof(text) - (size_t)n, ": d");
	if (n && y < at.y + at.height)
		canvas_text(c, at.x + 2, y, at.width - 3, STYLE_DIM, text);
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

/* "native: no isolation ────  ◇ first accept  ◆ first byte": the marks are those on the bars. */
static void draw_heading(const struct view *v, struct canvas *c, struct area at, const char *text)
{
	bool ready = session_ready_by(v->session);
	const char *marks = c->utf8 ? ready ? "  ◆ ready" : "  ◇ first accept  ◆ first byte" :
				      ready ? "  * ready" : "  a first accept  * first byte";
	int width = (int)text_width(marks);

	view_heading(c, (struct area){ at.x, at.y, at.width - width, 1 }, at.y, text);
	canvas_text(c, at.x + at.width - width, at.y, width, STYLE_DIM, marks);
}

/* Notes in the order of what one misses least: as many as leave room for the rest. */
static int draw_notes(const struct view *v, const struct runs_row *row,
		      const struct runs_scale *scale, struct canvas *c, struct area at, int room)
{
	const struct scenario_result *s = row->s;
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], all[2400];
	int y = at.y;

	snprintf(all, sizeof(all), "%s%s%s", view_escape(name, s->boundary),
		 *s->runtime_version ? "; " : "", view_escape(text, s->runtime_version));
	if (room >= 3)
		y += draw_note(c, (struct area){ at.x, y, at.width, room - 2 }, y, STYLE_PLAIN,
			       "isolation", all);
	if (room - (y - at.y) >= 2 && v->run) {
		trust_text(v->run, all, sizeof(all));
		y += draw_note(c, (struct area){ at.x, y, at.width, room - (y - at.y) - 1 }, y,
			       v->run->lost ? STYLE_WARN : STYLE_DIM, "trust", all);
	}
	if (room - (y - at.y) >= 1)
		y += draw_classes(row, scale, c, at, y);
	return y - at.y;
}

/* Notes, phases and findings, and how many of the latter two have no room. */
static size_t draw_body(const struct view *v, const struct runs_row *row,
			const struct runs_scale *scale, struct canvas *c, struct area at,
			bool small)
{
	bool brief;
	/* Who has a screen of his own may have the findings on the next one. */
	int findings = row->findings.n && !small && !scale->alone ? FINDING_LINES : 0;
	int y = at.y, end = at.y + at.height, wanted = (int)(row->n_parts + 1) / 2;
	size_t shown = row->n_parts, told = row->findings.n;
	char text[VIEW_TEXT_MAX];

	y += draw_notes(v, row, scale, c, at, at.height - wanted - findings);
	if (!row->s->available)
		y += draw_note(c, at, y, STYLE_PLAIN, "get it", view_escape(text, row->s->advice));
	brief = end - y < wanted + findings;
	if (brief && findings)
		findings = end - y > BRIEF_LINES + 1 ? BRIEF_LINES : 0;
	/* A line is left to say what has none. */
	if (end - y < wanted + findings)
		wanted = end - y - findings - !small > 1 ? end - y - findings - !small : 1;
	if (row->n_parts && row->parts_ns > 0 && y < end) {
		shown = draw_legend(row, v, c, (struct area){ at.x, y, at.width, wanted });
		y += (int)(shown + 1) / 2;
	}
	if (!small) {
		told = draw_findings(row, c, at, brief, 0, &y);
		draw_more(scale, c, at, y, row->findings.n - told, row->n_parts - shown);
	}
	return told;
}

size_t runs_detail_draw(const struct view *v, const struct runs_row *row,
			const struct runs_scale *scale, struct canvas *c, struct area at)
{
	const struct scenario_result *s = row->s;
	const struct page page = { .session = v->session };
	const char *emulation = at.height <= SMALL ? page_emulation(&page, s) : NULL;
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], all[2400];
	int y = at.y;
	size_t told;

	if (at.height < 2)
		return row->findings.n;
	snprintf(all, sizeof(all), "%s%s%s%s%s", view_escape(name, s->name), *s->title ? ": " : "",
		 view_escape(text, s->title), emulation ? "; " : "", emulation ? emulation : "");
	draw_heading(v, c, at, all);
	y++;
	if (scale->findings_only) {
		told = draw_findings(row, c, at, false, scale->finding, &y);
		draw_more(scale, c, at, y, row->findings.n - told, 0);
		return told;
	}
	if (at.height > SMALL) {
		if (s->n_runs)
			draw_run_list(v, c, at, y++);
		y += draw_warnings(v, s, c, at, y);
	}
	return draw_body(v, row, scale, c, (struct area){ at.x, y, at.width, at.y + at.height - y },
			 at.height <= SMALL);
}
