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
#define SVG_CHAR 6.3      /* px that a character takes, about */
#define SVG_AXIS 16       /* px from top to bottom: the axis, then names of moments, then the plot */
#define SVG_MOMENT_LINE 12
#define SVG_MOMENT_LINES 3
#define SVG_TOP (SVG_AXIS + SVG_MOMENT_LINES * SVG_MOMENT_LINE + 4)
#define SVG_LEGEND_LINE 17

/* Height in px of what svg_draw() draws. */
unsigned int svg_height(const struct svg_plan *p);

/* y: where its upper edge is in a picture around it; 0 on a page. */
void svg_draw(FILE *out, const struct svg_plan *p, unsigned int y);

/* A moment in units of the plot; those in px of the picture. */
unsigned int svg_units(const struct svg_plan *p, uint64_t time);
double svg_px(unsigned int units);

/* svg_axis.c */
void svg_axis(FILE *out, const struct svg_plan *p, unsigned int bottom);
void svg_marks(FILE *out, const struct svg_plan *p, unsigned int height);
void svg_moments(FILE *out, const struct svg_plan *p);
unsigned int svg_legend_height(const struct svg_plan *p);
void svg_legend(FILE *out, const struct svg_plan *p, unsigned int y);

/* svg_rows.c: the tasks; svg_path.c: what the answer waited for, and the line through the rows. */
void svg_rows(FILE *out, const struct svg_plan *p);
void svg_row_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_path(FILE *out, const struct svg_plan *p);
void svg_path_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_thread(FILE *out, const struct svg_plan *p, unsigned int y);

/* svg_foot.c: vCPUs, the guest's console and memory, below the rows; their names in the same order. */
unsigned int svg_foot_height(const struct svg_plan *p);
void svg_foot(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_foot_names(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_foot_heads(FILE *out, const struct svg_plan *p, unsigned int y);
bool svg_foot_has_memory(const struct svg_plan *p);
#define SVG_CLASSES 3
extern const char *const svg_class_names[SVG_CLASSES][2]; /* of a style, and to be read */
void svg_foot_classes(const struct svg_plan *p, bool seen[SVG_CLASSES]); /* that memory has */

/* svg_vcpu.c: a lane for each vCPU: how much of the time it was in which state. */
unsigned int svg_vcpu_height(const struct svg_plan *p);
void svg_vcpus(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_vcpu_heads(FILE *out, const struct svg_plan *p, unsigned int y);
void svg_vcpu_states(const struct svg_plan *p, bool seen[PATH_STATE_COUNT]);

/* The class of a state, and how high (px) it is drawn among rows. */
const char *svg_state_class(enum path_state state, unsigned int *height);

/*
 * One slice: a box as high as its state is busy; tall: all are. The title is the caller's; after
 * _begin() its attributes are, too, and the ">".
 */
void svg_slice_begin(FILE *out, const struct svg_plan *p, enum path_state state, bool merged,
		     bool tall, uint64_t start, uint64_t end);
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
