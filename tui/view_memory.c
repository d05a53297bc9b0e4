// SPDX-License-Identifier: GPL-2.0-only
/*
 * view_memory.c - what the run weighs: how it grew (RSS by class, from the probes), its totals at
 * each moment, the processes at one of them and the mappings of the one under the cursor. Bars are
 * PSS by class, all on one scale.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tui/memory_graph.h"
#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"

#define MOMENTS 3

struct memory_view {
	unsigned int moment; /* enum memory_when */
	bool no_graph;
	bool moved;    /* the cursor in the graph was; else it is where there was most */
	double cursor; /* ns after launch */
	struct area graph; /* as last drawn; 0 lines: it was not */
};

#define FAULTS_LEAST 40 /* columns for what there is to say of page faults */
#define GRAPH_LEAST 16 /* lines of the view: with less there is room for numbers only */

static const char *const moment_names[MOMENTS] = { "first byte", "settled", "peak" };

/* What is in PSS; page tables come on top of it. */
struct classes {
	uint64_t anon, file, shmem, tables, guest;
};

static const struct {
	const char *name;
	enum style style;
} class_names[] = {
	{ "anon", STYLE_ANON }, { "file", STYLE_FILE }, { "shmem", STYLE_SHMEM },
	{ "page tables", STYLE_TABLES },
	{ "guest RAM", STYLE_GUEST },
};

static void draw_classes(struct canvas *c, int x, int y, int columns, const struct classes *k,
			 double whole)
{
	const uint64_t bytes[] = { k->anon, k->file, k->shmem, k->tables, k->guest };
	struct bar_part parts[ARRAY_SIZE(bytes)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		parts[i].cells = whole > 0 ? (double)bytes[i] * columns / whole : 0;
		parts[i].style = class_names[i].style;
	}
	canvas_stack(c, x, y, columns, parts, ARRAY_SIZE(parts));
}

static void draw_number(struct canvas *c, int *x, int y, uint64_t bytes, enum style style)
{
	char number[TEXT_NUMBER_MAX];

	canvas_right(c, *x, y, 10, style, bytes ? text_bytes(number, bytes) : "-");
	*x += 10;
}

/* Numbers that have room: PSS, its classes, RSS and USS, in this order. */
static int numbers_shown(struct area at)
{
	return at.width >= 110 ? 7 : at.width >= 72 ? 5 : 3;
}

static int numbers_at(struct area at)
{
	return at.x + at.width - 10 * numbers_shown(at);
}

static void draw_numbers(struct canvas *c, struct area at, int y, uint64_t pss, uint64_t rss,
			 uint64_t uss, const struct classes *k)
{
	const uint64_t numbers[] = { pss, k->anon, k->file, k->shmem, k->tables, rss, uss };
	int x = numbers_at(at), i;

	for (i = 0; i < numbers_shown(at); i++)
		draw_number(c, &x, y, numbers[i], i == 0 ? STYLE_TITLE : i < 5 ? STYLE_PLAIN :
			    STYLE_DIM);
}

static void draw_head(struct canvas *c, struct area at, int y, const char *what)
{
	static const char *const names[] = { "PSS", "anon", "file", "shmem", "tables", "RSS",
					     "USS" };
	int x = numbers_at(at), i;

	canvas_text(c, at.x + 2, y, x - at.x - 3, STYLE_HEADING, what);
	for (i = 0; i < numbers_shown(at); i++)
		canvas_right(c, x + 10 * i, y, 10, STYLE_HEADING, names[i]);
}

static int label_width(struct area at)
{
	return at.width >= 110 ? 26 : 17;
}

static void draw_bar(struct canvas *c, struct area at, int y, const struct classes *k, double whole)
{
	int x = at.x + 2 + label_width(at) + 1;

	draw_classes(c, x, y, numbers_at(at) - x - 1, k, whole);
}

static double heaviest(const struct run *r)
{
	double most = 0;
	size_t i;

	for (i = 0; i < MOMENTS; i++) {
		const struct memory_snapshot *m = &r->memory[i];
		double sum = (double)m->anon + (double)m->file + (double)m->shmem +
			     (double)m->page_tables + (double)m->guest;

		if (m->taken && sum > most)
			most = sum;
	}
	return most;
}

static int draw_totals(const struct view *v, struct canvas *c, struct area at)
{
	const struct memory_view *private = v->private;
	double whole = heaviest(v->run);
	int y = at.y;
	unsigned int i;

	draw_head(c, at, y++, "all processes");
	for (i = 0; i < MOMENTS; i++) {
		const struct memory_snapshot *m = &v->run->memory[i];
		struct classes k = { m->anon, m->file, m->shmem, m->page_tables, m->guest };

		if (!m->taken)
			continue;
		canvas_text(c, at.x + 2, y, label_width(at), STYLE_PLAIN, moment_names[i]);
		if (i == private->moment)
			canvas_text(c, at.x, y, 1, STYLE_KEY, "*");
		draw_bar(c, at, y, &k, whole);
		draw_numbers(c, at, y++, m->pss, m->rss, m->uss, &k);
	}
	return y;
}

static void draw_process(const struct view *v, const struct memory_process *p, struct canvas *c,
			 struct area at, int y)
{
	struct classes k = { p->anon, p->file, p->shmem, p->page_tables, p->guest };
	char comm[VIEW_TEXT_MAX];
	int x = at.x + 2;

	x += canvas_textf(c, x, y, label_width(at), STYLE_DIM, "%" PRIu32 " ", p->pid);
	canvas_text(c, x, y, at.x + 2 + label_width(at) - x, STYLE_PLAIN,
		    view_escape(comm, p->comm));
	if (!p->counted) {
		x = at.x + 3 + label_width(at);
		canvas_textf(c, x, y, at.x + at.width - x, STYLE_DIM,
			     "the same memory as %" PRIu32 "'s: counted there", p->mm_owner);
		return;
	}
	draw_bar(c, at, y, &k, heaviest(v->run));
	draw_numbers(c, at, y, p->pss, p->rss, p->uss, &k);
}

static bool has_guest(const struct run *r)
{
	size_t i;

	for (i = 0; i < MOMENTS; i++)
		if (r->memory[i].guest_given)
			return true;
	return false;
}

static double cursor_of(const struct view *v)
{
	const struct memory_view *private = v->private;
	uint64_t launch = v->run->milestones.launch, peak = v->run->timeline.peak.time;

	double end = memory_graph_span(v) - 1, at = peak > launch ? (double)(peak - launch) : 0;

	return private->moved ? private->cursor : at < end ? at : end;
}

/* How it grew, and what it was at the cursor. Returns the line behind it. */
static int draw_growth(const struct view *v, struct canvas *c, struct area at, bool alone)
{
	struct memory_view *private = v->private;
	const struct memory_timeline *t = &v->run->timeline;
	char text[VIEW_TEXT_MAX + 256];
	int y = at.y, x;

	private->graph = (struct area){ 0 };
	if (!t->n)
		return y;
	if (alone || (!private->no_graph && at.height >= GRAPH_LEAST)) {
		private->graph = (struct area){ at.x, y, at.width,
						alone ? at.height - 4 : at.height / 4 + 1 };
		private->graph.height += MEMORY_GRAPH_FRAME - 1;
		memory_graph_draw(v, c, private->graph, cursor_of(v));
		y += private->graph.height;
	}
	memory_graph_text(v, cursor_of(v), text, sizeof(text));
	x = at.x + 2 + canvas_text(c, at.x + 2, y, at.width - 3, STYLE_PLAIN, text);
	if (at.x + at.width - x >= FAULTS_LEAST)
		canvas_textf(c, x, y, at.x + at.width - x, STYLE_DIM, "; %" PRIu64 " page faults, %"
			     PRIu64 " waited for a disk", t->faults.minor + t->faults.major,
			     t->faults.major);
	return y + 1;
}

/* The mappings of the process under the cursor, as many as there is room for. */
static void draw_mappings(struct canvas *c, struct area at, int y, int lines,
			  const struct memory_process *p)
{
	char name[VIEW_TEXT_MAX], pss[TEXT_NUMBER_MAX], head[64];
	size_t i;

	if (lines < 2 || !p->n_mappings)
		return;
	snprintf(head, sizeof(head), "heaviest mappings of %" PRIu32 ", PSS", p->pid);
	view_heading(c, at, y++, head);
	for (i = 0; i < p->n_mappings && (int)i < lines - 1; i++, y++) {
		const struct memory_mapping *m = &p->mappings[i];

		canvas_right(c, at.x, y, 12, STYLE_PLAIN, text_bytes(pss, m->pss + m->huge));
		canvas_text(c, at.x + 14, y, 14, STYLE_DIM, memory_mapping_name(m->kind));
		canvas_text(c, at.x + 29, y, at.width - 29, STYLE_PLAIN, view_escape(name, m->name));
	}
}

static void draw_legend(struct canvas *c, struct area at, int y, const struct run *r)
{
	uint64_t guest = 0;
	char number[TEXT_NUMBER_MAX];
	int x = at.x + 2;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(class_names); i++) {
		if (class_names[i].style == STYLE_GUEST && !has_guest(r))
			continue;
		canvas_fill(c, x, y, 2, class_names[i].style);
		x += 3 + canvas_text(c, x + 3, y, 20, STYLE_DIM, class_names[i].name) + 2;
	}
	for (i = 0; i < r->n_memslots; i++)
		guest += r->memslots[i].bytes;
	if (guest)
		canvas_textf(c, x, y, at.width - x, STYLE_DIM, "guest RAM handed to KVM: %s",
			     text_bytes(number, guest));
}

/* The processes at the chosen moment, and behind them mappings of one. */
static void draw_processes(struct view *v, struct canvas *c, struct area at,
			   const struct memory_snapshot *m)
{
	const struct memory_view *private = v->private;
	int lines = at.height - 1, mapping_lines = 0, y = at.y;
	const struct memory_process *p;
	int head;
	size_t row;

	draw_head(c, at, y, moment_names[private->moment]);
	head = y++;
	p = v->list.at < m->n ? &m->processes[v->list.at] : NULL;
	if (p && p->n_mappings) {
		/* Processes as many as there are, if that leaves the mappings half of it. */
		mapping_lines = lines - (int)m->n > lines / 2 ? lines - (int)m->n : lines / 2;
		if (mapping_lines > (int)p->n_mappings + 1)
			mapping_lines = (int)p->n_mappings + 1;
	}
	lines -= mapping_lines;
	list_fit(&v->list, m->n, lines);
	v->list_y = y;
	view_list_position(c, (struct area){ at.x, head, numbers_at(at) - at.x, 1 }, head, &v->list);
	if (mapping_lines)
		draw_mappings(c, at, y + lines, mapping_lines, &m->processes[v->list.at]);
	for (row = v->list.top; row < m->n && (int)(row - v->list.top) < lines; row++, y++) {
		draw_process(v, &m->processes[row], c, at, y);
		if (row == v->list.at)
			view_cursor(c, (struct area){ at.x, y, 2 + label_width(at), 1 }, y);
	}
}

static void draw_memory(struct view *v, struct canvas *c, struct area at)
{
	struct memory_view *private = v->private;
	const struct memory_snapshot *m;
	unsigned int i;
	int y;

	for (i = 0; i < MOMENTS && !v->run->memory[private->moment].taken; i++)
		private->moment = (private->moment + 1) % MOMENTS;
	m = &v->run->memory[private->moment];
	if (!m->taken && !v->run->timeline.n) {
		view_nothing(c, at, v->run->warmup ?
			     "Memory is not taken in warm-ups: choose another run with ]." :
			     "The memory of this run was not taken: it did not come so far.");
		return;
	}
	y = draw_growth(v, c, at, !m->taken);
	if (m->taken) {
		y = draw_totals(v, c, (struct area){ at.x, y, at.width, at.height });
		draw_processes(v, c, (struct area){ at.x, y, at.width, at.y + at.height - y - 1 }, m);
	}
	draw_legend(c, at, at.y + at.height - 1, v->run);
}

static void move_cursor(struct view *v, double by)
{
	struct memory_view *private = v->private;
	double end = memory_graph_span(v) - 1;

	private->cursor = cursor_of(v) + by;
	if (private->cursor > end)
		private->cursor = end;
	if (private->cursor < 0)
		private->cursor = 0;
	private->moved = true;
}

static bool press_graph(struct view *v, int key)
{
	struct memory_view *private = v->private;
	double step = private->graph.height ? memory_graph_step(v, private->graph) : 0;

	if (key == 'g')
		private->no_graph = !private->no_graph;
	else if (key == PRESS_LEFT || key == 'h')
		move_cursor(v, -step);
	else if (key == PRESS_RIGHT || key == 'l')
		move_cursor(v, step);
	else if (key == 'H' || key == 'L')
		move_cursor(v, key == 'H' ? -10 * step : 10 * step);
	else
		return false;
	return true;
}

static bool press_memory(struct view *v, int key)
{
	struct memory_view *private = v->private;
	unsigned int i;

	if (key != 'm')
		return press_graph(v, key);
	for (i = 0; i < MOMENTS; i++) {
		private->moment = (private->moment + 1) % MOMENTS;
		if (v->run->memory[private->moment].taken)
			break;
	}
	return true;
}

static void open_memory(struct view *v)
{
	struct memory_view *private = v->private;

	if (!v->again)
		private->moved = false;
}

static const char *const help_memory[] = { "m\tthe other moment", "h l\tcursor in the graph",
					   "g\tgraph or rows", NULL };

const struct view_ops view_memory = {
	.name = "memory",
	.title = "over time, by class, whose",
	.key = '6',
	.help = help_memory,
	.needs_run = true,
	.private_size = sizeof(struct memory_view),
	.open = open_memory,
	.draw = draw_memory,
	.press = press_memory,
};
