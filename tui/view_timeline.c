// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_timeline.c - the run from left to right: its phases and moments, the critical path, then a
 * lane for each task with what it did. A cell shows the state that has most of it. The cursor tells
 * what is under it; an arrow goes there from the lane of who woke it, at the moment when he did.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/lane.h"
#include "user/model/role.h"
#include "user/model/wake.h"

#define HEAD_LINES 4
#define DETAIL_LINES 4
#define PATH_LEAST 14 /* lines: with less the critical path has none */
#define ZOOM 2.0
#define CLOSEST 1000.0 /* ns: nothing is to be seen below */

struct timeline {
	double from, to; /* what is shown, ns after launch */
	double cursor;   /* likewise */
	double whole;
	int columns;     /* of the lanes, as last drawn … */
	int x;           /* … from there on */
	const struct sched_task **lanes; /* tasks that were there before the first byte */
	size_t n;
	bool seen[PATH_STATE_COUNT]; /* on the screen: what the legend tells */
};

/* ns of each state in each cell of a row. */
typedef double weights[PATH_STATE_COUNT];

/* Was a task there at all between launch and the end of the axis? */
static bool in_sight(const struct run *r, const struct sched_task *task, double whole)
{
	uint64_t launch = r->milestones.launch;
	struct lane_slice slice;
	struct lane lane;

	lane_begin(&lane, r, task, launch, launch + (uint64_t)whole);
	while (lane_next(&lane, &slice))
		if (slice.state != PATH_UNEXPLAINED)
			return true;
	return false;
}

static void open_timeline(struct view *v)
{
	struct timeline *t = v->private;
	const struct sched *s = &v->run->sched;
	size_t i;

	*t = (struct timeline){ .whole = (double)run_span(v->run) };
	t->to = t->whole;
	t->lanes = xcalloc(s->n_tasks + 1, sizeof(*t->lanes));
	for (i = 0; i < s->n_tasks; i++)
		if (in_sight(v->run, &s->tasks[i], t->whole))
			t->lanes[t->n++] = &s->tasks[i];
}

static void close_timeline(struct view *v)
{
	struct timeline *t = v->private;

	free(t->lanes);
	*t = (struct timeline){ 0 };
}

static int column_of(const struct timeline *t, double ns)
{
	double at = (ns - t->from) / (t->to - t->from) * t->columns;

	return at < -1 ? -1 : at > t->columns ? t->columns : (int)at;
}

static double cell_ns(const struct timeline *t)
{
	return t->columns > 0 ? (t->to - t->from) / t->columns : t->whole;
}

/* ---- phases and moments ---------------------------------------------------------------------- */

static void draw_phases(const struct view *v, struct canvas *c, int x, int y)
{
	const struct timeline *t = v->private;
	const struct phases *phases = &v->run->phases;
	const struct view_axis axis = { x, t->columns, t->from, t->to };
	char name[VIEW_TEXT_MAX];
	size_t i;

	view_phase_strip(v, c, y, &axis, phases, false);
	for (i = 0; i < phases->n; i++) {
		const struct phase *p = &phases->list[i];
		int first = column_of(t, (double)p->start), next = column_of(t, (double)p->end);

		if (first < 0)
			first = 0;
		view_escape(name, p->name);
		if (next - first >= 10 || (int)text_width(name) < next - first)
			canvas_text(c, x + first, y + 1, next - first - 1, STYLE_PLAIN,
				    name);
	}
	if (!phases->n)
		canvas_text(c, x, y, t->columns, STYLE_DIM, "phases are not known");
}

static void draw_moments(const struct view *v, struct canvas *c, int x, int y)
{
	const struct timeline *t = v->private;
	const struct milestones *m = &v->run->milestones;
	int at[MILESTONE_COUNT + 1], free_from = 0, i, n = 0;
	enum milestone which[MILESTONE_COUNT];

	for (i = MILESTONE_EXEC; i < MILESTONE_COUNT; i++) {
		int column = column_of(t, (double)m->at[i]);

		if (!m->seen[i] || column < 0 || (column == t->columns && t->to < t->whole))
			continue;
		at[n] = column < t->columns ? column : t->columns - 1;
		which[n++] = (enum milestone)i;
	}
	at[n] = t->columns;
	/* A word stands to the right of its mark, or to the left, where there is room. */
	for (i = 0; i < n; i++) {
		const char *title = milestone_title(which[i]);
		int width = (int)strlen(title);

		canvas_text(c, x + at[i], y, 1, STYLE_MARK, c->utf8 ? "▾" : "!");
		if (at[i] + width < at[i + 1]) {
			canvas_text(c, x + at[i] + 1, y, width, STYLE_MARK, title);
			free_from = at[i] + 1 + width + 1;
		} else {
			if (at[i] - width >= free_from)
				canvas_text(c, x + at[i] - width, y, width, STYLE_MARK, title);
			free_from = at[i] + 1;
		}
	}
}

/* ---- lanes ----------------------------------------------------------------------------------- */

/* What is added up in a row of cells. */
struct row {
	weights *ns;
	double origin, span; /* of the first cell, absolute; of all */
	double width, per_ns; /* of a cell in ns; cells in a ns */
	int columns;
};

static struct row row_begin(const struct view *v)
{
	const struct timeline *t = v->private;

	return (struct row){
		.ns = xcalloc((size_t)t->columns, sizeof(weights)), .columns = t->columns,
		.origin = (double)v->run->milestones.launch + t->from, .span = t->to - t->from,
		.width = cell_ns(t), .per_ns = 1 / cell_ns(t),
	};
}

/* [a, b), absolute, is in a state. There may be a million of these in a frame. */
static void weigh(const struct row *row, uint64_t a, uint64_t b, enum path_state state)
{
	double from = (double)a - row->origin, to = (double)b - row->origin;
	int cell;

	if (from < 0)
		from = 0;
	if (to > row->span)
		to = row->span;
	for (cell = (int)(from * row->per_ns); cell < row->columns && to > from; cell++) {
		double end = (cell + 1) * row->width;

		if (end > to || cell == row->columns - 1)
			end = to;
		if (end > from) {
			row->ns[cell][state] += end - from;
			from = end;
		}
	}
}

static void draw_weights(struct timeline *t, struct canvas *c, int y, const weights *ns)
{
	int k, state;

	for (k = 0; k < t->columns; k++) {
		int best = 0;

		for (state = 1; state < PATH_STATE_COUNT; state++)
			if (ns[k][state] > ns[k][best])
				best = state;
		if (ns[k][best] > 0) {
			canvas_fill(c, t->x + k, y, 1, view_state_style((enum path_state)best));
			t->seen[best] = true;
		}
	}
}

/* The first slice of the path that ends after a time. */
static size_t path_at(const struct critpath *path, uint64_t time)
{
	size_t low = 0, high = path->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (path->slices[middle].end <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What the answer waited for at each moment. */
static void draw_path(const struct view *v, struct canvas *c, int y)
{
	struct timeline *t = v->private;
	const struct critpath *path = &v->run->path;
	const struct row cells = row_begin(v);
	uint64_t launch = v->run->milestones.launch, to = launch + (uint64_t)t->to;
	size_t i;

	for (i = path_at(path, launch + (uint64_t)t->from); i < path->n; i++) {
		if (path->slices[i].start >= to)
			break;
		weigh(&cells, path->slices[i].start, path->slices[i].end, path->slices[i].state);
	}
	draw_weights(t, c, y, cells.ns);
	free(cells.ns);
}

static const char *name_of(const struct view *v, const struct sched_task *task,
			   char text[VIEW_TEXT_MAX])
{
	const struct process *p = tree_process(&v->run->tree, task->pid);
	char role[ROLE_NAME_MAX];
	const char *name = role_of_task(role, v->run, task, UINT64_MAX);

	if (task->client)
		return "the client";
	return view_escape(text, *name || !p ? name : p->comm);
}

static void draw_lane(const struct view *v, struct canvas *c, struct area at, size_t i, int y,
		      int label)
{
	struct timeline *t = v->private;
	const struct sched_task *task = t->lanes[i];
	const struct row cells = row_begin(v);
	uint64_t launch = v->run->milestones.launch;
	/* A thread stands under its process. */
	int x = at.x + 2 + (task->tid != task->pid && tree_process(&v->run->tree, task->pid));
	char text[VIEW_TEXT_MAX];
	struct lane_slice slice;
	struct lane lane;

	x += canvas_textf(c, x, y, label - 3, STYLE_DIM, "%" PRIu32 " ", task->tid);
	canvas_text(c, x, y, at.x + label - x - 1, STYLE_PLAIN, name_of(v, task, text));
	if (i == v->list.at)
		view_cursor(c, (struct area){ at.x, y, label - 1, 1 }, y);
	lane_begin(&lane, v->run, task, launch + (uint64_t)t->from, launch + (uint64_t)t->to);
	while (lane_next(&lane, &slice))
		weigh(&cells, slice.start, slice.end, slice.state);
	draw_weights(t, c, y, cells.ns);
	free(cells.ns);
}

/* ---- what is under the cursor ---------------------------------------------------------------- */

struct under {
	bool there; /* the task is: and then … */
	struct lane lane;
	struct lane_slice slice;
	bool ends;  /* the wake-up ended the slice, else it is why the task runs in it */
	bool woken; /* … if one is known: */
	struct wake wake;
};

static struct under under_cursor(const struct view *v)
{
	const struct timeline *t = v->private;
	uint64_t time = v->run->milestones.launch + (uint64_t)t->cursor;
	struct under u = { 0 };
	const struct sched_task *task;

	if (v->list.at >= t->n)
		return u;
	task = t->lanes[v->list.at];
	u.there = lane_at(&u.lane, v->run, task, time, &u.slice);
	if (!u.there)
		return u;
	u.ends = u.slice.state == PATH_BLOCKED || u.slice.state == PATH_HALTED;
	u.woken = u.ends ? wake_of(v->run, lane_waking(&u.lane, &u.slice), &u.wake) :
			   wake_before(v->run, task, u.slice.start, &u.wake);
	return u;
}

static const struct path_slice *path_under(const struct view *v)
{
	const struct timeline *t = v->private;
	uint64_t time = v->run->milestones.launch + (uint64_t)t->cursor;
	const struct critpath *path = &v->run->path;
	size_t i = path_at(path, time);

	return i < path->n && path->slices[i].start <= time ? &path->slices[i] : NULL;
}

static size_t lane_of(const struct timeline *t, uint32_t tid)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (t->lanes[i]->tid == tid)
			return i;
	return SIZE_MAX;
}

/* From the waker's lane to that of the cursor, at the moment; at.y is the first lane's line. */
static void draw_arrow(const struct view *v, struct canvas *c, struct area at)
{
	const struct timeline *t = v->private;
	struct under u = under_cursor(v);
	size_t by = u.woken && u.wake.by ? lane_of(t, u.wake.by) : SIZE_MAX;
	double ns = u.woken ? (double)u.wake.time - (double)v->run->milestones.launch : -1;
	bool down = by < v->list.at;
	long row, from, to;

	if (by == SIZE_MAX || by == v->list.at || ns < t->from || !(ns < t->to))
		return;
	from = (long)(down ? by : v->list.at) - (long)v->list.top;
	to = (long)(down ? v->list.at : by) - (long)v->list.top;
	for (row = from; row <= to; row++) {
		bool target = row == (long)v->list.at - (long)v->list.top;
		const char *utf8 = target ? down ? "▼" : "▲" : row == from || row == to ? "●" : "│";
		const char *ascii = target ? down ? "v" : "^" : row == from || row == to ? "o" : "|";

		if (row >= 0 && row < at.height)
			canvas_text(c, t->x + column_of(t, ns), at.y + (int)row, 1, STYLE_MARK,
				    c->utf8 ? utf8 : ascii);
	}
}

static const char *phase_under(const struct view *v, char name[VIEW_TEXT_MAX])
{
	const struct timeline *t = v->private;
	size_t i;

	for (i = 0; i < v->run->phases.n; i++) {
		const struct phase *p = &v->run->phases.list[i];

		if (t->cursor >= (double)p->start && t->cursor < (double)p->end)
			return view_escape(name, p->name);
	}
	return "";
}

/* "20953 blocked for 3.1 ms: futex", and in the next line who ended it. */
static void draw_slice(const struct view *v, struct canvas *c, struct area at)
{
	const struct timeline *t = v->private;
	const struct sched_task *task = t->lanes[v->list.at];
	char words[WAIT_TEXT_MAX] = "", text[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX];
	struct under u = under_cursor(v);
	bool whole = u.there && u.slice.start && u.slice.end != UINT64_MAX;
	int x = at.x + 1 + canvas_textf(c, at.x + 1, at.y, 12, STYLE_DIM, "%" PRIu32 " ", task->tid);

	if (!u.there) {
		canvas_text(c, x, at.y, at.x + at.width - x - 1, STYLE_PLAIN, "not there");
		return;
	}
	lane_text(words, v->session, &u.lane, &u.slice);
	canvas_textf(c, x, at.y, at.x + at.width - x - 1, STYLE_PLAIN, "%s%s%s%s%s",
		     path_state_name(u.slice.state), whole ? " for " : "",
		     whole ? text_ms(ms, u.slice.end - u.slice.start) : "", *words ? ": " : "",
		     view_escape(text, words));
	/* Who made the root process is nobody of the run. */
	if (!u.woken || u.wake.time < v->run->milestones.launch)
		return;
	wake_text(words, v->run, &u.wake);
	canvas_textf(c, x, at.y + 1, at.x + at.width - x - 1, STYLE_PLAIN, "%s at %s by %s",
		     u.wake.made ? "made" : "woken",
		     view_ms(ms, (double)u.wake.time - (double)v->run->milestones.launch),
		     view_escape(text, words));
}

static void draw_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct timeline *t = v->private;
	const struct path_slice *on = path_under(v);
	char text[2 * VIEW_TEXT_MAX], name[VIEW_TEXT_MAX], comm[VIEW_TEXT_MAX], ms[32];
	const char *phase = phase_under(v, name);
	size_t i;
	int x;

	snprintf(text, sizeof(text), "at %s%s%.100s%s%s%s%.200s", view_ms(ms, t->cursor),
		 on ? "; path: " : "", on ? view_escape(comm, *on->comm ? on->comm : "?") : "",
		 on ? ", " : "", on ? path_state_name(on->state) : "", *phase ? "; in " : "", phase);
	view_heading(c, at, at.y, text);
	if (v->list.n)
		draw_slice(v, c, (struct area){ at.x, at.y + 1, at.width, 2 });
	for (i = 0, x = at.x + 1; i < PATH_STATE_COUNT; i++) {
		if (!t->seen[i])
			continue;
		canvas_fill(c, x, at.y + 3, 2, view_state_style((enum path_state)i));
		x += 3 + canvas_text(c, x + 3, at.y + 3, 12, STYLE_DIM,
				     path_state_name((enum path_state)i)) + 2;
	}
}

static void draw_timeline(struct view *v, struct canvas *c, struct area at)
{
	struct timeline *t = v->private;
	bool path = v->run->path.n && at.height >= PATH_LEAST;
	const char *const heads[] = { "", "phases", "", "moments", "critical path" };
	int label = at.width >= 110 ? 28 : 20, head = HEAD_LINES + path;
	int lines = at.height - head - DETAIL_LINES, i, k;
	size_t row;

	t->x = at.x + label;
	t->columns = at.width - label;
	memset(t->seen, 0, sizeof(t->seen));
	list_fit(&v->list, t->n, lines);
	v->list_y = at.y + head;
	for (i = 0; i < head; i++)
		canvas_text(c, at.x + 2, at.y + i, label - 3, STYLE_DIM, heads[i]);
	k = column_of(t, t->cursor);
	k = k < t->columns ? k : t->columns - 1;
	view_ruler(c, t->x, at.y, t->columns, t->from, t->to, k);
	if (v->list.n > v->list.page)
		canvas_textf(c, at.x + 2, at.y, label - 3, STYLE_DIM, "%zu%s%zu of %zu",
			     v->list.top + 1, c->utf8 ? "–" : "-", v->list.top + v->list.page,
			     v->list.n);
	draw_phases(v, c, t->x, at.y + 1);
	draw_moments(v, c, t->x, at.y + 3);
	if (path)
		draw_path(v, c, at.y + HEAD_LINES);
	canvas_text(c, t->x + k, at.y, 1, STYLE_KEY, c->utf8 ? "▼" : "v");
	for (row = v->list.top; row < v->list.n && (int)(row - v->list.top) < lines; row++)
		draw_lane(v, c, at, row, v->list_y + (int)(row - v->list.top), label);
	draw_arrow(v, c, (struct area){ at.x, v->list_y, at.width, lines });
	if (!v->list.n)
		canvas_text(c, at.x + 2, v->list_y + 1, at.width - 3, STYLE_DIM,
			    "Who ran and who waited was not recorded in this run.");
	draw_details(v, c, (struct area){ at.x, at.y + at.height - DETAIL_LINES, at.width,
					  DETAIL_LINES });
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void limit(struct timeline *t)
{
	double span = t->to - t->from;

	if (t->cursor < 0)
		t->cursor = 0;
	if (t->cursor > t->whole - 1)
		t->cursor = t->whole - 1;
	if (t->cursor < t->from)
		t->from = t->cursor;
	if (t->cursor > t->from + span - cell_ns(t))
		t->from = t->cursor - span + cell_ns(t);
	if (t->from + span > t->whole)
		t->from = t->whole - span;
	if (t->from < 0)
		t->from = 0;
	t->to = t->from + span;
}

/* The cursor stays where it is on the screen. */
static void zoom(struct timeline *t, double by)
{
	double span = t->to - t->from, part = (t->cursor - t->from) / span;

	span *= by;
	if (span > t->whole)
		span = t->whole;
	if (span < CLOSEST)
		span = CLOSEST < t->whole ? CLOSEST : t->whole;
	t->from = t->cursor - part * span;
	t->to = t->from + span;
}

/* To the slice after or before the one under the cursor. */
static void step_slice(struct view *v, bool next)
{
	struct timeline *t = v->private;
	double launch = (double)v->run->milestones.launch;
	struct under u = under_cursor(v);
	uint64_t time = v->run->milestones.launch + (uint64_t)t->cursor;

	if (u.there && !next) {
		t->cursor = (double)u.slice.start - launch - 1;
		return;
	}
	if (u.there)
		time = u.slice.end;
	if (!next || v->list.at >= t->n)
		return;
	lane_begin(&u.lane, v->run, t->lanes[v->list.at], time, UINT64_MAX);
	if (lane_next(&u.lane, &u.slice))
		t->cursor = (double)u.slice.start - launch;
}

/* To the task that woke this one, at that moment. */
static void go_to_waker(struct view *v)
{
	struct timeline *t = v->private;
	struct under u = under_cursor(v);
	size_t by = u.woken && u.wake.by ? lane_of(t, u.wake.by) : SIZE_MAX;

	if (by == SIZE_MAX) {
		app_say(v->app, "no task of the run is known to have woken it");
		return;
	}
	v->list.at = by;
	t->cursor = (double)u.wake.time - (double)v->run->milestones.launch;
}

/* To the task that the answer waits for at the cursor. */
static void go_to_path(struct view *v)
{
	const struct path_slice *on = path_under(v);
	size_t lane = on ? lane_of(v->private, on->tid) : SIZE_MAX;

	if (lane == SIZE_MAX)
		app_say(v->app, "no task is known to be on the critical path here");
	else
		v->list.at = lane;
}

static bool press_timeline(struct view *v, int key)
{
	struct timeline *t = v->private;

	if (key == PRESS_LEFT || key == 'h')
		t->cursor -= cell_ns(t);
	else if (key == PRESS_RIGHT || key == 'l')
		t->cursor += cell_ns(t);
	else if (key == 'H')
		t->cursor -= (t->to - t->from) / 4;
	else if (key == 'L')
		t->cursor += (t->to - t->from) / 4;
	else if (key == '+' || key == '=')
		zoom(t, 1 / ZOOM);
	else if (key == '-')
		zoom(t, ZOOM);
	else if (key == '0')
		zoom(t, 1e12);
	else if (key == 'n' || key == 'N')
		step_slice(v, key == 'n');
	else if (key == 'w')
		go_to_waker(v);
	else if (key == 'p')
		go_to_path(v);
	else if (key == PRESS_CLICK && v->click_x >= t->x)
		t->cursor = t->from + (v->click_x - t->x + 0.5) * cell_ns(t);
	else
		return key == PRESS_CLICK;
	limit(t);
	return true;
}

static const char *const help_timeline[] = {
	"h l\tcursor", "+ -\tzoom", "n N\tslice", "w\twaker", "p\tcritical path", "H L\tfar",
	"0\tall of it", NULL,
};

const struct view_ops view_timeline = {
	.name = "timeline",
	.title = "what each task did when",
	.key = '2',
	.help = help_timeline,
	.needs_run = true,
	.private_size = sizeof(struct timeline),
	.open = open_timeline,
	.draw = draw_timeline,
	.press = press_timeline,
	.close = close_timeline,
};
