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

/* A line: a heading, or a key (or view) and what it is. */
struct line {
	bool heading;
	int key_width;
	char key[32];
	const char *text;
};

#define LINES_MAX 64
#define TWO_COLUMNS 80

struct column {
	char title[64];
	struct line lines[LINES_MAX];
	int n;
};

static struct line *add(struct column *k)
{
	return &k->lines[k->n < LINES_MAX - 1 ? k->n++ : k->n];
}

static void add_heading(struct column *k, const char *text)
{
	struct line *l = add(k);

	l->heading = true;
	l->text = text;
}

static void add_keys(struct column *k, const char *const *keys)
{
	for (; keys && *keys; keys++) {
		const char *tab = strchr(*keys, '\t');
		struct line *l = add(k);

		snprintf(l->key, sizeof(l->key), "%.*s", (int)(tab - *keys), *keys);
		l->text = tab + 1;
		l->key_width = 13;
	}
}

static void add_view(struct column *k, const struct view_ops *ops)
{
	struct line *l = add(k);

	snprintf(l->key, sizeof(l->key), "%c %s", ops->key, ops->name);
	l->text = ops->title;
	l->key_width = 11; /* with 80 columns there are 27 for what it shows */
}

static void draw_column(const struct column *k, struct canvas *c, struct area at, int from)
{
	int i;

	for (i = from; i < k->n && i - from < at.height; i++) {
		const struct line *l = &k->lines[i];
		int y = at.y + i - from;

		if (l->heading) {
			view_heading(c, at, y, l->text);
		} else if (l->text) {
			int x = at.x + 2 + l->key_width;

			canvas_text(c, at.x + 2, y, l->key_width, STYLE_KEY, l->key);
			canvas_text(c, x, y, at.x + at.width - x, STYLE_PLAIN, l->text);
		}
	}
}

static void open_help(struct view *v)
{
	v->list = (struct list){ 0 };
}

static void add_own(struct column *k, const struct view_ops *ops)
{
	snprintf(k->title, sizeof(k->title), "Keys of %s", ops->name);
	add_heading(k, k->title);
	add_keys(k, ops->help);
	add(k);
}

static void add_views(struct column *k)
{
	int i;

	add_heading(k, "Views");
	for (i = 0; views[i]; i++)
		add_view(k, views[i]);
	add_view(k, &view_each);
}

/* There is no cursor: the list's rows are the lines that can be the first one on the screen. */
static void draw_help(struct view *v, struct canvas *c, struct area at)
{
	bool two = at.width >= TWO_COLUMNS;
	int half = !two ? at.width : at.width >= 110 ? at.width / 2 : 40, most;
	struct area left = { at.x, at.y, two ? half - 2 : half, at.height };
	struct area right = { at.x + half, at.y, at.width - half, at.height };
	struct column first = { .n = 0 }, second = { .n = 0 };

	if (two) {
		add_own(&second, app_helped(v->app));
		add_views(&second);
	} else {
		add_own(&first, app_helped(v->app));
	}
	add_heading(&first, "Keys everywhere");
	add_keys(&first, everywhere);
	if (!two) {
		add(&first);
		add_views(&first);
	}
	most = first.n > second.n ? first.n : second.n;
	list_fit(&v->list, most > at.height ? (size_t)(most - at.height) + 1 : 1, at.height);
	draw_column(&first, c, left, (int)v->list.at);
	draw_column(&second, c, right, (int)v->list.at);
	if (most > at.height)
		view_position(c, at, at.y, v->list.at, (size_t)at.height, (size_t)most);
}

const struct view_ops view_help = {
	.name = "help",
	.title = "the keys of a view",
	.key = '?',
	.open = open_help,
	.draw = draw_help,
};
