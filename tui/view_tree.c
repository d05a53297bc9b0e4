// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_tree.c - the processes of a run, who made whom, and when each lived.
 *
 *     > 100 runc run x            ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
 *         101 /srv                        ━━━━━━━━━━━━━━━━━━━━━━━━
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/lane.h"

#define DEPTH_SHOWN 8
#define DETAIL_LINES 6

struct tree_view {
	const struct process **order; /* parents before their children */
	size_t n;
};

static void open_tree(struct view *v)
{
	struct tree_view *t = v->private;

	t->order = tree_order(&v->run->tree, &t->n);
}

static void close_tree(struct view *v)
{
	struct tree_view *t = v->private;

	free(t->order);
	t->order = NULL;
	t->n = 0;
}

/* The last program's arguments, else its name. */
static const char *argv_of(char text[VIEW_TEXT_MAX], const struct process *p)
{
	size_t i;

	for (i = p->n_execs; i; i--)
		if (p->execs[i - 1].argv_len)
			return text_argv(text, VIEW_TEXT_MAX, p->execs[i - 1].argv,
					 p->execs[i - 1].argv_len);
	return view_escape(text, p->comm);
}

static double since_launch(const struct view *v, uint64_t time)
{
	uint64_t launch = v->run->milestones.launch;

	return time > launch ? (double)(time - launch) : 0;
}

static void draw_process(const struct view *v, struct canvas *c, struct area at, size_t i, int y,
			 int split)
{
	const struct tree_view *t = v->private;
	const struct process *p = t->order[i];
	unsigned int depth = p->depth < DEPTH_SHOWN ? p->depth : DEPTH_SHOWN;
	double span = (double)run_span(v->run);
	int columns = at.width - split, x = at.x + 2 + 2 * (int)depth;
	char text[VIEW_TEXT_MAX];
	double from = since_launch(v, p->start) / span * columns;
	double to = p->end ? since_launch(v, p->end) / span * columns : columns;

	x += canvas_textf(c, x, y, split - (x - at.x) - 1, STYLE_DIM, "%" PRIu32 " ", p->pid);
	canvas_text(c, x, y, split - (x - at.x) - 1,
		    p->pid == v->run->milestones.service_pid ? STYLE_GOOD : STYLE_PLAIN,
		    argv_of(text, p));
	canvas_span(c, at.x + split, y, columns, from, to, STYLE_LIFE);
	if (i == v->list.at)
		view_cursor(c, (struct area){ at.x, y, split - 1, 1 }, y);
}

static void end_text(char text[64], const struct process *p)
{
	int code = (int)p->exit_code;

	if (!p->end)
		snprintf(text, 64, "still there at the end");
	else if (WIFSIGNALED(code))
		snprintf(text, 64, "killed by signal %d", WTERMSIG(code));
	else
		snprintf(text, 64, "ended with status %d", WEXITSTATUS(code));
}

static void draw_process_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct tree_view *t = v->private;
	const struct process *p = t->order[v->list.at];
	char text[VIEW_TEXT_MAX], comm[VIEW_TEXT_MAX], from[32], to[32], end[64];
	bool service = p->pid == v->run->milestones.service_pid && p->pid;
	size_t i;
	int y = at.y, lines;

	snprintf(text, sizeof(text), "%" PRIu32 " %.200s%s", p->pid, view_escape(comm, p->comm),
		 service ? ": the service" : "");
	view_heading(c, at, y++, text);
	end_text(end, p);
	canvas_textf(c, at.x + 2, y, at.width - 3, STYLE_PLAIN,
		     "from %s%s%s, %s; %" PRIu32 " thread%s%s",
		     view_ms(from, since_launch(v, p->start)), p->end ? " to " : "", p->end ? view_ms(to, since_launch(v, p->end)) : "", end,
		     p->threads, p->threads == 1 ? "" : "s",
		     p->shares_mm ? "; shares its parent's memory" : "");
	y++;
	for (i = 0; i < p->n_execs && y < at.y + at.height; i++) {
		const struct exec *e = &p->execs[i];

		canvas_textf(c, at.x + 2, y, 10, STYLE_DIM, "%9s",
			     view_ms(from, since_launch(v, e->time)));
		if (e->argv_len)
			text_argv(text, sizeof(text), e->argv, e->argv_len);
		else
			view_escape(text, e->exe);
		lines = i + 1 == p->n_execs ? at.y + at.height - y : 1;
		y += canvas_prose(c, (struct area){ at.x + 13, y, at.width - 14, lines },
				  STYLE_PLAIN, text);
	}
}

static void draw_tree(struct view *v, struct canvas *c, struct area at)
{
	const struct tree_view *t = v->private;
	int split = at.width < 160 ? at.width * 9 / 20 : 72, lines = at.height - 1 - DETAIL_LINES, y;
	size_t i;

	if (!t->n) {
		view_nothing(c, at, "No process of this run was seen.");
		return;
	}
	list_fit(&v->list, t->n, lines);
	v->list_y = at.y + 1;
	canvas_text(c, at.x + 2, at.y, split - 3, STYLE_HEADING, "process");
	view_list_position(c, (struct area){ at.x, at.y, split - 1, 1 }, at.y, &v->list);
	view_ruler(c, at.x + split, at.y, at.width - split, 0, (double)run_span(v->run), -1);
	for (i = v->list.top; i < t->n && (int)(i - v->list.top) < lines; i++)
		draw_process(v, c, at, i, at.y + 1 + (int)(i - v->list.top), split);
	y = at.y + 1 + lines;
	draw_process_details(v, c, (struct area){ at.x, y, at.width, at.y + at.height - y });
}

const struct view_ops view_tree = {
	.name = "tree",
	.title = "processes, their arguments",
	.key = '5',
	.needs_run = true,
	.private_size = sizeof(struct tree_view),
	.open = open_tree,
	.draw = draw_tree,
	.close = close_tree,
};
