// SPDX-License-Identifier: GPL-2.0-only
/* draw.c - what views share. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tui/view.h"
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

enum style view_phase_style(size_t i)
{
	return (enum style)(STYLE_PHASE_A + i % STYLE_PHASES);
}

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

void view_ruler(struct canvas *c, int x, int y, int columns, double from, double to)
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
		canvas_text(c, x + at, y, 1, STYLE_DIM, c->utf8 ? "╵" : "|");
		canvas_text(c, x + at + 1, y, columns - at - 1, STYLE_DIM, text);
	}
}

void view_nothing(struct canvas *c, struct area at, const char *text)
{
	struct area inside = { at.x + 2, at.y + 1, at.width - 4, at.height - 1 };

	canvas_prose(c, inside, STYLE_DIM, text);
}
