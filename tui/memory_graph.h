/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory_graph.h - private to the view of memory: RSS of all processes over time, its classes on
 * top of each other, the phases above.
 */
#ifndef COLDPROF_TUI_MEMORY_GRAPH_H
#define COLDPROF_TUI_MEMORY_GRAPH_H

#include "tui/view.h"

#define MEMORY_GRAPH_FRAME 2 /* lines beside those of the area: the phases and the ruler */

/* What of a point is shown, bottom up. */
#define MEMORY_GRAPH_CLASSES 3
struct memory_graph_class {
	const char *name;
	enum style style;
};
extern const struct memory_graph_class memory_graph_classes[MEMORY_GRAPH_CLASSES];

/* How long it is, ns: the run, or up to now while it goes on. */
double memory_graph_span(const struct view *v);

/* A line for the phases, the graph, and the ruler; cursor: ns after launch. */
void memory_graph_draw(const struct view *v, struct canvas *c, struct area at, double cursor);

/* Of a cell; ns after launch at a column of the screen. */
double memory_graph_step(const struct view *v, struct area at);
double memory_graph_time(const struct view *v, struct area at, int x);

/* "at 41.2 ms in mounts: RSS 18.2 MiB (anon 2.0 MiB, file 16.2 MiB)" */
void memory_graph_text(const struct view *v, double cursor, char *out, size_t size);

#endif
