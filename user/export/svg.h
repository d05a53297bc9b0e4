/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg.h - private to svg*.c and html*.c: the timeline of a run as an <svg> element.
 *
 * Time runs right from launch. What is drawn to the scale of time is in a nested <svg> whose view
 * box is SVG_UNITS wide; zooming is a change of that view box. Text and the axis lie outside of it,
 * in pixels, and carry where they belong in data-a and data-b, so that page/timeline.js can lay
 * them out anew. Without the script everything is there and readable.
 */
#ifndef COLDPROF_SVG_H
#define COLDPROF_SVG_H

#include <stdio.h>

#include "user/export/svg_plan.h"

#define SVG_WIDTH 1200    /* px, of everything */
#define SVG_LABELS 190    /* … of the names of rows on the left */
#define SVG_PLOT 1000     /* … of what has a scale */
#define SVG_UNITS 1000000 /* the same in units of the plot's view box */

/* Height in px of what svg_draw() draws. */
unsigned int svg_height(const struct svg_plan *p);

/* y: where its upper edge is in a picture around it; 0 on a page. */
void svg_draw(FILE *out, const struct svg_plan *p, unsigned int y);

/* A moment in units of the plot. */
unsigned int svg_units(const struct svg_plan *p, uint64_t time);

/* svg_rows.c: the tasks; svg_path.c: what the answer waited for, and the line through the rows. */
void svg_rows(FILE *out, const struct svg_plan *p);
void svg_row_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_path(FILE *out, const struct svg_plan *p);
void svg_path_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_thread(FILE *out, const struct svg_plan *p, unsigned int y);

/* svg_foot.c: the guest's console and memory, below the rows; their names in the same order. */
unsigned int svg_foot_height(const struct svg_plan *p);
void svg_foot(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_foot_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_foot_heads(FILE *out, const struct svg_plan *p, unsigned int y);
bool svg_foot_has_memory(const struct svg_plan *p);

/* One slice: a box as high as its state is busy; tall: all are. The title is the caller's. */
void svg_slice_open(FILE *out, const struct svg_plan *p, enum path_state state, bool merged,
		    bool tall, uint64_t start, uint64_t end);
void svg_slice_close(FILE *out);
/* "12 slices: user 0.21 ms, kernel 0.08 ms, at 3.1 ms" */
void svg_cell_title(FILE *out, const struct svg_plan *p, const struct svg_cell *cell);
/* "user 0.21 ms at 3.1 ms" */
void svg_slice_title(FILE *out, const struct svg_plan *p, enum path_state state, uint64_t start,
		     uint64_t end);

/* A name within [a, b] (units), as far as it fits; y is of its base line. */
void svg_name(FILE *out, const char *class, const char *text, unsigned int a, unsigned int b,
	      unsigned int y);

#endif
