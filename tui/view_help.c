// SPDX-License-Identifier: GPL-2.0-only
/* view_help.c - the keys of the view that one came from, the keys of all, and what there is. */
#include <stdio.h>
#include <string.h>

#include "tui/view.h"

static const char *const everywhere[] = {
	"arrows hjkl\tmove", "PgUp PgDn\tby a screen", "Home End g G\tfirst, last",
	"Tab\tnext view", "Enter\tinto it", "Esc\tback", "[ ]\tother run",
	"{ }\tother scenario", "/\tonly what has a text",
	"c\tbase to compare with", "f\tfollow a live session", "mouse\trows, tabs, wheel", "?\tthis page", "q\tquit", NULL,
};

static int draw_keys(struct canvas *c, struct area at, int y, const char *const *keys)
{
	for (; keys && *keys; keys++, y++) {
		const char *tab = strchr(*keys, '\t');

		canvas_textf(c, at.x + 2, y, 13, STYLE_KEY, "%.*s", (int)(tab - *keys), *keys);
		canvas_text(c, at.x + 16, y, at.width - 17, STYLE_PLAIN, tab + 1);
	}
	return y;
}

static void open_help(struct view *v)
{
	(void)v;
}

static void draw_view(struct canvas *c, struct area at, int y, const struct view_ops *ops)
{
	if (y >= at.y + at.height)
		return;
	canvas_textf(c, at.x + 2, y, 12, STYLE_KEY, "%c %s", ops->key, ops->name);
	canvas_text(c, at.x + 13, y, at.width - 13, STYLE_PLAIN, ops->title);
}

static void draw_help(struct view *v, struct canvas *c, struct area at)
{
	const struct view_ops *ops = app_helped(v->app);
	int half = at.width >= 110 ? at.width / 2 : 40;
	struct area left = { at.x, at.y, half - 2, at.height };
	struct area right = { at.x + half, at.y, at.width - half, at.height };
	char text[64];
	int y, i;

	/* Short lines: at 80 columns a view has 27 for what it shows. */
	list_fit(&v->list, 0, 1);
	view_heading(c, left, at.y, "Keys everywhere");
	draw_keys(c, left, at.y + 1, everywhere);
	snprintf(text, sizeof(text), "Keys of %s", ops->name);
	view_heading(c, right, at.y, text);
	y = draw_keys(c, right, at.y + 1, ops->help) + 1;
	view_heading(c, right, y++, "Views");
	for (i = 0; views[i]; i++)
		draw_view(c, right, y++, views[i]);
	draw_view(c, right, y, &view_each);
}

const struct view_ops view_help = {
	.name = "help",
	.title = "the keys of a view",
	.key = '?',
	.open = open_help,
	.draw = draw_help,
};
