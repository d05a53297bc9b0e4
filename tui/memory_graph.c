// SPDX-License-Identifier: GPL-2.0-only
#include "tui/memory_graph.h"

#include <stdio.h>
#include <stdlib.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/lane.h"

#define AXIS 10 /* columns to the left of the graph */

const struct memory_graph_class memory_graph_classes[MEMORY_GRAPH_CLASSES] = {
	{ "anon", STYLE_ANON }, { "file", STYLE_FILE }, { "shmem", STYLE_SHMEM },
};

static uint64_t of_class(const struct memory_amount *a, int class)
{
	const uint64_t bytes[MEMORY_GRAPH_CLASSES] = { a->anon, a->file, a->shmem };

	return bytes[class];
}

static double sum_of(const struct memory_amount *a)
{
	return (double)memory_amount_rss(a);
}

double memory_graph_span(const struct view *v)
{
	uint64_t launch = v->run->milestones.launch;
	double span = (double)run_span(v->run);

	if (v->now > launch && !v->run->milestones.seen[v->run->milestones.end] &&
	    !v->run->ended &&
	    (double)(v->now - launch) > span)
		span = (double)(v->now - launch);
	return span;
}

static int columns_of(struct area at)
{
	return at.width - AXIS - 1 > 1 ? at.width - AXIS - 1 : 1;
}

double memory_graph_step(const struct view *v, struct area at)
{
	return memory_graph_span(v) / columns_of(at);
}

double memory_graph_time(const struct view *v, struct area at, int x)
{
	return (x - at.x - AXIS + 0.5) * memory_graph_step(v, at);
}

static const struct phases *phases_of(const struct run *r)
{
	return r->phases.n ? &r->phases : &r->growing;
}

static void draw_phases(const struct view *v, struct canvas *c, struct area at)
{
	const struct phases *phases = phases_of(v->run);
	const struct view_axis axis = { at.x + AXIS, columns_of(at), 0, memory_graph_span(v) };

	if (phases->n)
		canvas_text(c, at.x + 2, at.y, AXIS - 3, STYLE_DIM, "phases");
	view_phase_strip(v, c, at.y, &axis, phases, true);
}

/* Bottom up, each cell of the class that has its middle; what is there at all has one cell. */
static void draw_column(struct canvas *c, int x, int bottom, int lines, double most,
			const struct memory_amount *a)
{
	int line, class;

	for (line = 0; line < lines; line++) {
		double middle = (line + 0.5) / lines * most, below = 0;

		if (line == 0 && middle > sum_of(a))
			middle = 0;
		for (class = 0; class < MEMORY_GRAPH_CLASSES; class++) {
			below += (double)of_class(a, class);
			if (middle < below)
				break;
		}
		if (class == MEMORY_GRAPH_CLASSES)
			return;
		canvas_fill(c, x, bottom - line, 1, memory_graph_classes[class].style);
	}
}

void memory_graph_draw(const struct view *v, struct canvas *c, struct area at, double cursor)
{
	const struct memory_timeline *t = &v->run->timeline;
	int columns = columns_of(at), lines = at.height - MEMORY_GRAPH_FRAME, i;
	CLEANUP_FREE struct memory_amount *amounts = xcalloc((size_t)columns, sizeof(*amounts));
	uint64_t launch = v->run->milestones.launch;
	double span = memory_graph_span(v), most = 1;
	char number[TEXT_NUMBER_MAX];

	memory_columns(t->points, t->n, launch, launch + (uint64_t)span, amounts, (size_t)columns);
	for (i = 0; i < columns; i++)
		if (sum_of(&amounts[i]) > most)
			most = sum_of(&amounts[i]);
	draw_phases(v, c, at);
	for (i = 0; i < columns; i++)
		draw_column(c, at.x + AXIS + i, at.y + lines, lines, most, &amounts[i]);
	canvas_right(c, at.x, at.y + 1, AXIS - 1, STYLE_DIM, text_bytes(number, (uint64_t)most));
	canvas_right(c, at.x, at.y + lines, AXIS - 1, STYLE_DIM, "0");
	i = (int)(cursor / span * columns);
	if (i >= columns)
		i = columns - 1;
	view_ruler(c, at.x + AXIS, at.y + 1 + lines, columns, 0, span, i);
	canvas_text(c, at.x + AXIS + i, at.y + 1 + lines, 1, STYLE_KEY, c->utf8 ? "▲" : "^");
}

/* "at 41.2 ms in mounts"; returns its bytes. */
static int where_text(const struct view *v, double cursor, char *out, size_t size)
{
	const struct phases *phases = phases_of(v->run);
	char name[VIEW_TEXT_MAX], ms[32];
	size_t i;

	for (i = 0; i < phases->n; i++)
		if (cursor >= (double)phases->list[i].start && cursor < (double)phases->list[i].end)
			return snprintf(out, size, "at %s in %.200s", view_ms(ms, cursor),
					view_escape(name, phases->list[i].name));
	return snprintf(out, size, "at %s", view_ms(ms, cursor));
}

void memory_graph_text(const struct view *v, double cursor, char *out, size_t size)
{
	const struct memory_timeline *t = &v->run->timeline;
	uint64_t launch = v->run->milestones.launch, time = launch + (uint64_t)cursor;
	struct memory_amount a = memory_at(t->points, t->n, time);
	char number[TEXT_NUMBER_MAX];
	int n = where_text(v, cursor, out, size), class;
	const char *comma = "";

	if ((size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ": RSS %s (",
			      text_bytes(number, memory_amount_rss(&a)));
	for (class = 0; class < MEMORY_GRAPH_CLASSES; class++) {
		if (!of_class(&a, class) || (size_t)n >= size)
			continue;
		n += snprintf(out + n, size - (size_t)n, "%s%s %s", comma,
			      memory_graph_classes[class].name,
			      text_bytes(number, of_class(&a, class)));
		comma = ", ";
	}
	if ((size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ")");
	if ((size_t)n < size && t->peak.time == time)
		n += snprintf(out + n, size - (size_t)n, ", the most");
	if ((size_t)n < size && (double)t->peak.time - (double)launch > memory_graph_span(v))
		snprintf(out + n, size - (size_t)n, "; later most: %s",
			 text_bytes(number, memory_amount_rss(&t->peak.amount)));
}
