// SPDX-License-Identifier: GPL-2.0-only
/* draw.c - what views share. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"

const char *view_escape(char buf[VIEW_TEXT_MAX], const char *s)
{
	return text_escape(buf, VIEW_TEXT_MAX, s, strlen(s));
}

const char *view_ms(char buf[32], double ns)
{
	return text_ms(buf, ns > 0 ? ns < 1.8e19 ? (uint64_t)(ns + 0.5) : UINT64_MAX : 0);
}

bool view_matches(const struct view *v, const char *text)
{
	return !*v->filter || strcasestr(text, v->filter);
}

enum style view_state_style(enum path_state state)
{
	static const enum style styles[PATH_STATE_COUNT] = {
		[PATH_USER] = STYLE_USER, [PATH_KERNEL] = STYLE_KERNEL,
		[PATH_RUNNABLE] = STYLE_RUNNABLE, [PATH_BLOCKED] = STYLE_BLOCKED,
		[PATH_GUEST] = STYLE_GUEST, [PATH_VMM] = STYLE_VMM, [PATH_HALTED] = STYLE_HALTED,
		[PATH_NOTICED_LATE] = STYLE_LATE, [PATH_CLIENT] = STYLE_CLIENT,
		[PATH_UNEXPLAINED] = STYLE_UNKNOWN,
	};

	return styles[state];
}

/* ---- phases ---------------------------------------------------------------------------------- */

enum style view_phase_style(const struct view *v, const char *name)
{
	return app_phase_style(v->app, name);
}

void view_phase_bar(const struct view *v, struct canvas *c, int x, int y, int columns,
		    const struct phases *phases, double cells)
{
	CLEANUP_FREE struct bar_part *parts = xcalloc(phases->n + 1, sizeof(*parts));
	size_t i;

	for (i = 0; i < phases->n; i++) {
		const struct phase *p = &phases->list[i];

		parts[i].cells = (double)(p->end - p->start) * cells;
		parts[i].style = view_phase_style(v, p->name);
	}
	canvas_stack(c, x, y, columns, parts, phases->n);
}

void view_phase_strip(const struct view *v, struct canvas *c, int y, const struct view_axis *axis,
		      const struct phases *phases, bool inside)
{
	double scale = axis->columns / (axis->to - axis->from);
	enum style before = STYLE_PLAIN, style;
	char name[VIEW_TEXT_MAX];
	size_t i;

	for (i = 0; i < phases->n; i++, before = style) {
		const struct phase *p = &phases->list[i];
		double from = ((double)p->start - axis->from) * scale;
		double to = ((double)p->end - axis->from) * scale;
		int first = from > 0 ? (int)from : 0;
		int room = (int)(to < axis->columns ? to + 0.5 : axis->columns) - first;

		style = view_phase_style(v, p->name);
		canvas_span(c, axis->x, y, axis->columns, from, to, style);
		if (style == before && from >= 0 && room > 1)
			canvas_text(c, axis->x + first, y, 1, STYLE_PLAIN, c->utf8 ? "│" : "|");
		view_escape(name, p->name);
		if (inside && to > 0 && room >= (int)text_width(name) + 5)
			canvas_textf(c, axis->x + first + 2, y, room - 3, STYLE_PLAIN, " %s ", name);
	}
}

void view_phase_legend(const struct view *v, struct canvas *c, struct area at,
		       const struct phases *phases)
{
	char name[VIEW_TEXT_MAX], ms[32], text[VIEW_TEXT_MAX + 40];
	int x = at.x, y = at.y, end = at.y + at.height;
	size_t i;

	for (i = 0; i < phases->n; i++) {
		const struct phase *p = &phases->list[i];
		/* Of the last line some columns are for how many did not get in. */
		int room = at.x + at.width - x - (y == end - 1 && i + 1 < phases->n ? 5 : 0), width;

		snprintf(text, sizeof(text), "%s %s", view_escape(name, p->name),
			 view_ms(ms, (double)(p->end - p->start)));
		width = 3 + (int)text_width(text);
		if (width > room && x > at.x && y + 1 < end) {
			x = at.x;
			y++;
			i--;
			continue;
		}
		if (y >= end || (width > room && x > at.x)) {
			canvas_textf(c, x, y, at.x + at.width - x, STYLE_DIM, "+%zu", phases->n - i);
			return;
		}
		canvas_fill(c, x, y, 2, view_phase_style(v, p->name));
		x += 3 + canvas_text(c, x + 3, y, room - 3, STYLE_DIM, text) + 2;
	}
}

/* ---- */

void view_memory_classes(const struct memory_classes *m, struct bar_part parts[VIEW_CLASSES])
{
	parts[0] = (struct bar_part){ (double)m->anon, STYLE_ANON };
	parts[1] = (struct bar_part){ (double)m->file, STYLE_FILE };
	parts[2] = (struct bar_part){ (double)m->shmem, STYLE_SHMEM };
	parts[3] = (struct bar_part){ (double)m->guest, STYLE_GUEST };
}

const char *view_class_name(enum style style)
{
	return style == STYLE_ANON ? "anon" : style == STYLE_FILE ? "file" :
	       style == STYLE_SHMEM ? "shmem" : "guest RAM";
}

void view_cursor(struct canvas *c, struct area at, int y)
{
	canvas_text(c, at.x, y, 1, STYLE_KEY, ">");
	canvas_select(c, at.x, y, at.width);
}

void view_heading(struct canvas *c, struct area at, int y, const char *text)
{
	int n = canvas_text(c, at.x, y, at.width, STYLE_TITLE, text) + 1;

	canvas_line(c, at.x + n, y, at.width - n, STYLE_DIM);
}

void view_position(struct canvas *c, struct area at, int y, size_t first, size_t shown, size_t n)
{
	char text[64];

	if (shown >= n)
		return;
	snprintf(text, sizeof(text), "  %zu%s%zu of %zu", first + 1, c->utf8 ? "–" : "-",
		 first + shown, n);
	canvas_text(c, at.x + at.width - (int)text_width(text), y, (int)text_width(text), STYLE_DIM,
		    text);
}

void view_list_position(struct canvas *c, struct area at, int y, const struct list *l)
{
	view_position(c, at, y, l->top, l->page < l->n - l->top ? l->page : l->n - l->top, l->n);
}

/* 1, 2 or 5 times a power of ten that gives labels room. */
static double step_of(double span, int columns)
{
	double least = span * 9 / (columns > 0 ? columns : 1), step = 1;

	while (step < least && step < 1e18) {
		if (step * 2 >= least)
			return step * 2;
		if (step * 5 >= least)
			return step * 5;
		step *= 10;
	}
	return step;
}

/* "20 ms", "0.5 ms": as short as it is exact. */
static void tick_text(char text[32], double ns)
{
	snprintf(text, 32, "%g ms", ns / 1e6);
	text[strcspn(text, ",")] = text[strcspn(text, ",")] ? '.' : '\0';
}

void view_ruler(struct canvas *c, int x, int y, int columns, double from, double to, int cursor)
{
	double span = to - from, step, tick;
	char text[32];

	if (columns < 8 || !(span > 0))
		return;
	step = step_of(span, columns);
	for (tick = (double)(uint64_t)(from / step) * step; tick <= to; tick += step) {
		int at = (int)((tick - from) / span * columns + 0.5);

		tick_text(text, tick);
		if (tick < from || at + 1 + (int)strlen(text) > columns)
			continue;
		if (cursor >= at && cursor <= at + (int)strlen(text))
			continue; /* half a number is another number */
		canvas_text(c, x + at, y, 1, STYLE_DIM, c->utf8 ? "╵" : "|");
		canvas_text(c, x + at + 1, y, columns - at - 1, STYLE_DIM, text);
	}
}

void view_nothing(struct canvas *c, struct area at, const char *text)
{
	struct area inside = { at.x + 2, at.y + 1, at.width - 4, at.height - 1 };

	canvas_prose(c, inside, STYLE_DIM, text);
}

void view_no_match(const struct view *v, struct canvas *c, struct area at)
{
	if (*v->filter && !v->list.n)
		view_nothing(c, at, "Nothing here has this text.");
}
