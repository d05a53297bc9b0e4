// SPDX-License-Identifier: GPL-2.0-only
/* runs_row.c - one scenario as a row: how far it is, how long it takes, of what, and its memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/runs.h"
#include "user/base/mem.h"
#include "user/base/text.h"

/* ---- what there is to show ------------------------------------------------------------------- */

static void add_part(struct runs_row *row, const char *name, double ns)
{
	row->parts[row->n_parts++] = (struct runs_part){ name, ns };
	row->parts_ns += ns;
}

static void take_phases(struct runs_row *row, const struct phases *p)
{
	size_t i;

	row->parts = xcalloc(p->n + 1, sizeof(*row->parts));
	for (i = 0; i < p->n; i++)
		add_part(row, p->list[i].name, (double)(p->list[i].end - p->list[i].start));
}

/* The run that goes on; else the mean over all that count; else the last one, a warm-up. */
static void take_parts(struct runs_row *row)
{
	const struct run *run = row->progress.run;
	struct phase_summaries all;
	size_t i;

	if (row->progress.state == PROGRESS_RUNNING) {
		take_phases(row, &run->growing);
		return;
	}
	phases_of_scenario(row->s, &all);
	if (row->progress.state == PROGRESS_READY || (!all.n && run)) {
		take_phases(row, &run->phases);
	} else {
		row->parts = xcalloc(all.n + 1, sizeof(*row->parts));
		for (i = 0; i < all.n; i++)
			add_part(row, all.list[i].name, (double)all.list[i].total);
	}
	free(all.list);
}

static bool goes_on(const struct runs_row *row)
{
	return row->progress.state == PROGRESS_RUNNING || row->progress.state == PROGRESS_READY;
}

static const struct memory_snapshot *memory_of(const struct run *r)
{
	if (r && r->memory[MEMORY_SETTLED].taken)
		return &r->memory[MEMORY_SETTLED];
	return r && r->memory[MEMORY_FIRST_BYTE].taken ? &r->memory[MEMORY_FIRST_BYTE] : NULL;
}

/* The last thing that the probes said of the run that goes on; false: nothing yet. */
static bool take_growing(struct runs_row *row)
{
	const struct run *run = row->progress.run;
	const struct memory_amount *a;
	struct memory_classes classes;

	if (!goes_on(row) || memory_of(run) || !run->timeline.n)
		return false;
	a = &run->timeline.points[run->timeline.n - 1].amount;
	classes = (struct memory_classes){ a->anon, a->file, a->shmem, 0 };
	view_memory_classes(&classes, row->memory[RUNS_RSS].parts);
	row->memory[RUNS_RSS].bytes = (double)memory_amount_rss(a);
	row->memory[RUNS_RSS].now = true;
	return true;
}

/* The classes of one snapshot, as long as the median of all. */
static void take_weight(struct runs_memory *m, const struct scenario_result *s,
			enum quantity settled, enum quantity first, uint64_t own,
			const struct memory_classes *classes)
{
	struct stats stats;
	double sum = 0;
	size_t i;

	scenario_stats(s, settled, &stats);
	if (!stats.n)
		scenario_stats(s, first, &stats);
	m->bytes = stats.n ? stats.median : (double)own;
	view_memory_classes(classes, m->parts);
	for (i = 0; i < VIEW_CLASSES; i++)
		sum += m->parts[i].cells;
	for (i = 0; i < VIEW_CLASSES; i++)
		m->parts[i].cells *= sum > 0 ? m->bytes / sum : 0;
}

static void take_memory(struct runs_row *row)
{
	const struct memory_snapshot *m = memory_of(scenario_median_run(row->s));
	struct memory_classes pss;
	size_t i;

	if (take_growing(row))
		return;
	for (i = row->s->n_runs; i && !m; i--)
		m = memory_of(row->s->runs[i - 1]);
	if (!m)
		return;
	pss = (struct memory_classes){ m->anon, m->file, m->shmem, m->guest };
	take_weight(&row->memory[RUNS_PSS], row->s, QUANTITY_PSS_SETTLED, QUANTITY_PSS_FIRST_BYTE,
		    m->pss, &pss);
	/* Earlier recordings have no classes of RSS: those of PSS stand for them. */
	take_weight(&row->memory[RUNS_RSS], row->s, QUANTITY_RSS_SETTLED, QUANTITY_RSS_FIRST_BYTE,
		    m->rss, m->detailed ? &m->rss_of : &pss);
}

void runs_row_open(struct runs_row *row, const struct session *session,
		   const struct scenario_result *s)
{
	const struct page page = { .session = session };

	*row = (struct runs_row){ .s = s };
	page_row_name(row->name, &page, s);
	scenario_progress(session, s, &row->progress);
	scenario_stats(s, QUANTITY_COLD_START, &row->cold);
	scenario_stats(s, QUANTITY_FIRST_ACCEPT, &row->accept);
	findings_of_scenario(s, &row->findings);
	take_parts(row);
	take_memory(row);
}

void runs_row_close(struct runs_row *row)
{
	free(row->parts);
	free(row->findings.list);
	*row = (struct runs_row){ 0 };
}

/* Of the run that goes on, or of the last one where none counts yet. */
static double run_length(const struct runs_row *row, uint64_t now)
{
	const struct run *run = row->progress.run;
	uint64_t ns;

	if (!run)
		return 0;
	if (run_quantity(run, QUANTITY_COLD_START, &ns))
		return (double)ns;
	if (row->progress.state == PROGRESS_RUNNING && now) {
		uint64_t from = run->milestones.launch ? run->milestones.launch : run->begun;

		return now > from ? (double)(now - from) : 0;
	}
	return row->parts_ns;
}

double runs_row_length(const struct runs_row *row, uint64_t now)
{
	return (now && goes_on(row)) || !row->cold.n ? run_length(row, now) : row->cold.median;
}

/* ---- the bar --------------------------------------------------------------------------------- */

static void draw_mark(struct canvas *c, const struct runs_columns *k, int y, double cells,
		      const char *utf8, const char *ascii)
{
	int at = (int)(cells + 0.5);

	if (at >= k->bar_width)
		at = k->bar_width - 1;
	canvas_text(c, k->bar + at, y, 1, STYLE_MARK, c->utf8 ? utf8 : ascii);
}

static void draw_parts(const struct runs_row *row, const struct view *v, struct canvas *c,
		       const struct runs_columns *k, int y, double cells, double length)
{
	CLEANUP_FREE struct bar_part *parts = xcalloc(row->n_parts + 1, sizeof(*parts));
	/* The last part of a run that goes on grows with the clock, the others stay. */
	bool grows = row->progress.state == PROGRESS_RUNNING && length > row->parts_ns;
	double all = grows ? length : row->parts_ns;
	size_t i;

	for (i = 0; i < row->n_parts; i++) {
		parts[i].cells = cells * row->parts[i].ns / all;
		parts[i].style = view_phase_style(v, row->parts[i].name);
	}
	if (grows)
		parts[row->n_parts - 1].cells += cells * (length - row->parts_ns) / all;
	canvas_stack(c, k->bar, y, k->bar_width, parts, row->n_parts);
}

static void draw_bar(const struct runs_row *row, const struct view *v, struct canvas *c,
		     const struct runs_columns *k, int y, const struct runs_scale *scale)
{
	uint64_t now = v->now;
	double length = runs_row_length(row, now), cells = k->bar_width - 1, accept = 0;
	const struct run *run = row->progress.run;
	uint64_t ns;

	if (!(length > 0))
		return;
	if (!scale->own && scale->longest > 0)
		cells *= length / scale->longest;
	/* Parts of less than two cells would say nothing. */
	if (row->n_parts && row->parts_ns > 0 && cells >= 2)
		draw_parts(row, v, c, k, y, cells, length);
	else
		canvas_bar(c, k->bar, y, k->bar_width, cells, STYLE_BAR);
	if (now && goes_on(row))
		accept = run_quantity(run, QUANTITY_FIRST_ACCEPT, &ns) ? (double)ns : 0;
	else if (row->accept.n)
		accept = row->accept.median;
	if (accept > 0 && cells * accept / length >= 1)
		draw_mark(c, k, y, cells * accept / length - 1, "◇", "a");
	if (row->progress.state != PROGRESS_RUNNING)
		draw_mark(c, k, y, cells, "◆", "*");
}

/* ---- the other columns ----------------------------------------------------------------------- */

/* A run as a character as high as it was long, 'x' for one that failed. No digits: they are no numbers. */
static void draw_strip(const struct runs_row *row, const struct run *chosen, struct canvas *c,
		       const struct runs_columns *k, int y)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char *const ascii[] = { "_", "_", "-", "-", "=", "=", "#", "#" };
	const struct scenario_result *s = row->s;
	int x = k->strip, room = k->strip_width;
	size_t i, first = s->n_runs;

	for (i = s->n_runs; i && room; i--)
		if (!s->runs[i - 1]->warmup) {
			first = i - 1;
			room--;
		}
	for (i = first; i < s->n_runs; i++) {
		const struct run *run = s->runs[i];
		uint64_t ns;
		bool known = run_quantity(run, QUANTITY_COLD_START, &ns);
		int level = known && row->cold.max > 0 ? (int)(8 * (double)ns / row->cold.max) : 0;

		if (run->warmup)
			continue;
		if (!run->ended)
			canvas_text(c, x, y, 1, STYLE_LIVE, c->utf8 ? "·" : ".");
		else if (!run_counted(run) || !known)
			canvas_text(c, x, y, 1, STYLE_BAD, "x");
		else
			canvas_text(c, x, y, 1, STYLE_BAR,
				    (c->utf8 ? blocks : ascii)[level > 7 ? 7 : level]);
		if (run == chosen)
			canvas_select(c, x, y, 1);
		x++;
	}
}

static void draw_range(const struct runs_row *row, struct canvas *c, int x, int y)
{
	char low[TEXT_NUMBER_MAX], high[TEXT_NUMBER_MAX], text[2 * TEXT_NUMBER_MAX + 8];

	if (row->cold.n < 2)
		return;
	view_ms(low, row->cold.min);
	low[strcspn(low, " ")] = '\0';
	snprintf(text, sizeof(text), "%s%s%s", low, c->utf8 ? "…" : "..",
		 view_ms(high, row->cold.max));
	canvas_right(c, x, y, 15, STYLE_DIM, text);
}

static enum style state_text(const struct runs_row *row, bool live, char text[32])
{
	const struct progress *p = &row->progress;
	enum style style = STYLE_DIM;

	*text = '\0';
	switch (p->state) {
	case PROGRESS_ABSENT:
		snprintf(text, 32, "not here");
		return STYLE_ABSENT;
	case PROGRESS_FAILED:
		snprintf(text, 32, "failed");
		return STYLE_BAD;
	case PROGRESS_DONE:
		snprintf(text, 32, live ? "ready" : "");
		return STYLE_GOOD;
	case PROGRESS_WAITING:
		snprintf(text, 32, live ? "waiting" : "not run");
		return style;
	case PROGRESS_PREPARING:
		snprintf(text, 32, live ? "preparing" : "not run");
		return STYLE_LIVE;
	case PROGRESS_RUNNING:
	case PROGRESS_READY:
		style = STYLE_LIVE;
		break;
	case PROGRESS_BETWEEN:
		break;
	}
	if (p->state == PROGRESS_BETWEEN && !p->warmup)
		snprintf(text, 32, "%u of %u", p->index, p->of);
	else if (p->warmup)
		snprintf(text, 32, "warm-up");
	else
		snprintf(text, 32, "run %u/%u", p->index, p->of);
	return style;
}

static void draw_number(const struct runs_row *row, uint64_t now, struct canvas *c, int x, int y)
{
	double ns = runs_row_length(row, now);
	char text[32];

	if (ns > 0)
		canvas_right(c, x, y, 9, now && goes_on(row) ? STYLE_LIVE : STYLE_TITLE,
			     view_ms(text, ns));
}

static void draw_accept(const struct runs_row *row, struct canvas *c, int x, int y)
{
	char number[32];

	canvas_right(c, x, y, 11, STYLE_PLAIN,
		     row->accept.n ? view_ms(number, row->accept.median) :
		     row->s->flags & SCENARIO_VM ? "in guest" : "-");
}

static void draw_memory(const struct runs_row *row, struct canvas *c, const struct runs_columns *k,
			int y, const struct runs_scale *scale)
{
	const struct runs_memory *m = &row->memory[scale->weight];
	struct bar_part parts[VIEW_CLASSES];
	char number[TEXT_NUMBER_MAX];
	double cells = scale->largest > 0 ? m->bytes / scale->largest * k->memory_width : 0;
	size_t i;

	if (!(m->bytes > 0))
		return;
	canvas_right(c, k->memory + k->memory_width, y, 9, m->now ? STYLE_LIVE : STYLE_PLAIN,
		     text_bytes(number, (uint64_t)m->bytes));
	if (k->memory_width < 2)
		return;
	for (i = 0; i < VIEW_CLASSES; i++) {
		parts[i] = m->parts[i];
		parts[i].cells *= cells / m->bytes;
	}
	if (cells < 1)
		canvas_bar(c, k->memory, y, k->memory_width, cells, STYLE_FILE);
	else
		canvas_stack(c, k->memory, y, k->memory_width, parts, VIEW_CLASSES);
}

/* In place of bar and numbers: why there are none. */
static void draw_why(const struct runs_row *row, bool live, struct canvas *c, int x, int y,
		     int columns)
{
	const char *status = scenario_status_name(row->s);
	char why[VIEW_TEXT_MAX];

	view_escape(why, scenario_reason(row->s));
	if (!strcmp(status, "unavailable"))
		canvas_textf(c, x, y, columns, STYLE_ABSENT, "not here: %s", why);
	else if (live && row->progress.state != PROGRESS_FAILED)
		return;
	else if (*why)
		canvas_textf(c, x, y, columns, STYLE_BAD, "failed: %s", why);
	else
		canvas_text(c, x, y, columns, STYLE_DIM, "no first byte was seen");
}

/* There is nothing to draw a bar of, and why is said in its place. */
static bool is_absent(const struct runs_row *row, bool live)
{
	return !row->cold.n &&
	       !(live && row->s->available && row->progress.state != PROGRESS_FAILED);
}

int runs_row_lines(const struct runs_row *row, bool live, bool tall)
{
	return tall && !is_absent(row, live) ? 2 : 1;
}

static bool any_failed(const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		if (s->runs[i]->ended && s->runs[i]->status == RUN_FAILED)
			return true;
	return false;
}

void runs_row_draw(const struct runs_row *row, const struct view *v, struct canvas *c, int y,
		   const struct runs_columns *k, const struct runs_scale *scale)
{
	bool live = v->now != 0, measured = runs_row_length(row, v->now) > 0;
	enum style style = row->cold.n || (live && row->s->available) ? STYLE_PLAIN : STYLE_ABSENT;
	char state[32];

	canvas_text(c, 2, y, k->state - 3, style, row->name);
	if (is_absent(row, live)) {
		draw_why(row, live, c, k->state, y, c->width - k->state);
		return;
	}
	style = state_text(row, live, state);
	if (k->state_width)
		canvas_text(c, k->state, y, k->state_width, style, state);
	else if (k->range && live)
		canvas_right(c, k->range, y, k->range_width, style, state);
	if (!measured)
		return;
	draw_bar(row, v, c, k, k->tall ? y + 1 : y, scale);
	draw_number(row, v->now, c, k->number, y);
	if (k->range && (k->state_width || !live))
		draw_range(row, c, k->range, y);
	if (k->accept)
		draw_accept(row, c, k->accept, y);
	draw_strip(row, v->run, c, k, y);
	draw_memory(row, c, k, y, scale);
	if (any_failed(row->s))
		canvas_text(c, k->strip + k->strip_width, y, 1, STYLE_BAD, "!");
}
