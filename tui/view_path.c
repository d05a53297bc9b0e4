// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_path.c - the critical path from launch to first byte: each wait, and whom for. Who is
 * indented by how far from the root process it is, and an arrow stands where another task takes
 * over. Below: who woke the task of the chosen slice and whom it woke, with the moments.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/wake.h"

#define DEPTH_SHOWN 4
#define DETAIL_LINES 5
#define LONG_PARTS 200 /* 'b': slices of a 200th of the whole and more */

struct path_view {
	const struct path_slice **slices;
	size_t n;
	uint64_t longest; /* of them: it fills the bar */
	bool big_only;
};

static uint64_t length_of(const struct path_slice *s)
{
	return s->end - s->start;
}

static uint64_t total_of(const struct run *r)
{
	return r->path.n ? r->path.slices[r->path.n - 1].end - r->path.slices[0].start : 0;
}

static void open_path(struct view *v)
{
	struct path_view *p = v->private;
	const struct critpath *path = &v->run->path;
	char comm[VIEW_TEXT_MAX], detail[VIEW_TEXT_MAX], line[2 * VIEW_TEXT_MAX + 32];
	uint64_t least = p->big_only ? total_of(v->run) / LONG_PARTS : 0;
	size_t i;

	p->n = 0;
	p->longest = 0;
	p->slices = xcalloc(path->n + 1, sizeof(*p->slices));
	for (i = 0; i < path->n; i++) {
		const struct path_slice *s = &path->slices[i];

		if (length_of(s) < least)
			continue;
		if (*v->filter) {
			snprintf(line, sizeof(line), "%s %s %s", view_escape(comm, s->comm),
				 path_state_name(s->state), view_escape(detail, s->detail));
			if (!view_matches(v, line))
				continue;
		}
		p->slices[p->n++] = s;
		if (length_of(s) > p->longest)
			p->longest = length_of(s);
	}
}

static void close_path(struct view *v)
{
	struct path_view *p = v->private;

	free(p->slices);
	p->slices = NULL;
	p->n = 0;
}

static int indent_of(const struct view *v, uint32_t pid, int step)
{
	const struct process *p = tree_process(&v->run->tree, pid);
	unsigned int depth = p ? p->depth : 0;

	return step * (int)(depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN);
}

/* Is it another task's than the slice before? */
static bool takes_over(const struct view *v, const struct path_slice *s)
{
	return s > v->run->path.slices && s->tid != s[-1].tid;
}

static void draw_slice(const struct view *v, struct canvas *c, struct area at, size_t i, int y)
{
	const struct path_view *p = v->private;
	const struct path_slice *s = p->slices[i];
	double share = (double)length_of(s) / (double)p->longest;
	int bar = at.width >= 110 ? 20 : 4, x = at.x + 1, who = at.width >= 110 ? 26 : 12;
	int indent = indent_of(v, s->pid, at.width >= 110 ? 2 : 1);
	char ms[TEXT_NUMBER_MAX], text[VIEW_TEXT_MAX];

	canvas_right(c, x, y, 10, STYLE_DIM, text_ms(ms, s->start - v->run->milestones.launch));
	canvas_right(c, x + 11, y, 10, STYLE_PLAIN, text_ms(ms, length_of(s)));
	x += 22;
	canvas_bar(c, x, y, bar, share * bar, view_state_style(s->state));
	x += bar + 1;
	canvas_text(c, x, y, 12, STYLE_PLAIN, path_state_name(s->state));
	x += 13;
	if (takes_over(v, s))
		canvas_text(c, x - 1 + indent, y, 1, STYLE_MARK, c->utf8 ? "→" : ">");
	canvas_text(c, x + indent, y, who - indent, STYLE_PLAIN, view_escape(text, s->comm));
	x += who + 1;
	canvas_text(c, x, y, at.x + at.width - x, STYLE_PLAIN, view_escape(text, s->detail));
	if (i == v->list.at)
		view_cursor(c, at, y);
}

/* "woken at 12.3 ms by runc (100), in write"; empty where nothing is known. */
static void wake_words(const struct view *v, const struct path_slice *s, char *out, size_t size)
{
	const struct sched_task *task = sched_task(&v->run->sched, s->tid);
	char words[WAIT_TEXT_MAX], text[VIEW_TEXT_MAX], ms[32];
	struct wake wake;

	*out = '\0';
	if (!task || !wake_before(v->run, task, s->start, &wake) ||
	    wake.time < v->run->milestones.launch)
		return;
	wake_text(words, v->run, &wake);
	snprintf(out, size, "%s at %s by %.300s", wake.made ? "made" : "woken",
		 view_ms(ms, (double)wake.time - (double)v->run->milestones.launch),
		 view_escape(text, words));
}

/* Who goes on after it. */
static void next_words(const struct view *v, const struct path_slice *s, char *out, size_t size)
{
	char words[400], comm[VIEW_TEXT_MAX];

	*out = '\0';
	if (s + 1 == v->run->path.slices + v->run->path.n || s[1].tid == s->tid)
		return;
	wake_words(v, s + 1, words, sizeof(words));
	snprintf(out, size, "then %.100s (%" PRIu32 ")%s%s", view_escape(comm, s[1].comm), s[1].tid,
		 *words ? ", " : "", words);
}

static void draw_slice_details(const struct view *v, struct canvas *c, struct area at)
{
	const struct path_view *p = v->private;
	const struct path_slice *s = p->slices[v->list.at];
	char text[VIEW_TEXT_MAX], comm[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX], quick[128] = "";
	char words[VIEW_TEXT_MAX];
	int y = at.y, x;

	snprintf(text, sizeof(text), "%.200s %s for %s", view_escape(comm, s->comm),
		 path_state_name(s->state), text_ms(ms, length_of(s)));
	view_heading(c, at, y++, text);
	if (s->quick_ns)
		snprintf(quick, sizeof(quick), ", %s of it in short system calls",
			 text_ms(ms, s->quick_ns));
	if (s->stolen_ns)
		snprintf(quick + strlen(quick), sizeof(quick) - strlen(quick), ", %s of it had by the hypervisor",
			 text_ms(ms, s->stolen_ns));
	x = at.x + 1 + canvas_textf(c, at.x + 1, y, 20, STYLE_DIM, "pid %" PRIu32 ", ", s->pid);
	if (s->tid != s->pid)
		x += canvas_textf(c, x, y, 20, STYLE_DIM, "thread %" PRIu32 ", ", s->tid);
	canvas_textf(c, x, y++, at.x + at.width - x - 1, STYLE_DIM, "%.1f %% of the cold start%s",
		     100.0 * (double)length_of(s) / (double)total_of(v->run), quick);
	x = at.x + 1;
	if (*s->detail)
		x += canvas_text(c, x, y, at.width - 2, STYLE_TITLE, view_escape(text, s->detail));
	if (*s->waiter)
		canvas_textf(c, x, y, at.x + at.width - x, STYLE_PLAIN, "%smeanwhile %s",
			     *s->detail ? "; " : "", view_escape(text, s->waiter));
	y += *s->detail || *s->waiter;
	wake_words(v, s, words, sizeof(words));
	if (*words)
		canvas_text(c, at.x + 1, y++, at.width - 2, STYLE_PLAIN, words);
	next_words(v, s, words, sizeof(words));
	canvas_text(c, at.x + 1, y, at.width - 2, STYLE_PLAIN, words);
}

static void draw_path(struct view *v, struct canvas *c, struct area at)
{
	const struct path_view *p = v->private;
	int lines = at.height - 1 - DETAIL_LINES;
	size_t i;

	if (!v->run->path.n) {
		view_nothing(c, at, "The critical path of this run is not known: scheduling was "
				    "not followed, or no first byte came.");
		return;
	}
	list_fit(&v->list, p->n, lines);
	v->list_y = at.y + 1;
	canvas_textf(c, at.x + 1, at.y, at.width - 1, STYLE_HEADING,
		     "%10s %10s  %s", "at", "for", "state, who and what");
	if (p->n < v->run->path.n)
		canvas_textf(c, at.x + 46, at.y, at.width - 47, STYLE_DIM, "%zu of %zu slices%s",
			     p->n, v->run->path.n, p->big_only ? ", big ones" : "");
	else
		canvas_textf(c, at.x + 46, at.y, at.width - 47, STYLE_DIM, "%zu slices", p->n);
	view_list_position(c, at, at.y, &v->list);
	view_no_match(v, c, (struct area){ at.x, at.y + 1, at.width, lines });
	for (i = v->list.top; i < p->n && (int)(i - v->list.top) < lines; i++)
		draw_slice(v, c, at, i, at.y + 1 + (int)(i - v->list.top));
	if (p->n)
		draw_slice_details(v, c, (struct area){ at.x, at.y + 1 + lines, at.width,
							DETAIL_LINES });
}

static bool press_path(struct view *v, int key)
{
	struct path_view *p = v->private;

	if (key != 'b')
		return false;
	p->big_only = !p->big_only;
	close_path(v);
	open_path(v);
	return true;
}

static const char *const help_path[] = { "/\tfilter", "b\tbig slices only", NULL };

const struct view_ops view_path = {
	.name = "path",
	.title = "each wait to the first byte",
	.key = '3',
	.help = help_path,
	.needs_run = true,
	.filters = true,
	.private_size = sizeof(struct path_view),
	.open = open_path,
	.draw = draw_path,
	.press = press_path,
	.close = close_path,
};
