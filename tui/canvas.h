/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * canvas.h - a grid of cells that views draw on; term.c shows it, tests read it as text.
 *
 * Whatever is outside the grid is clipped, so no view can write where it must not. Text is
 * printable (text_escape()); what is not becomes '?' all the same. Columns are those of text_width().
 */
#ifndef COLDPROF_TUI_CANVAS_H
#define COLDPROF_TUI_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tui/style.h"

#define CANVAS_MAX 1000 /* columns and lines, of any terminal */

struct cell {
	char text[14]; /* a character and its accents; "" = right half of the wide one before */
	uint8_t style; /* enum style */
	bool selected;
};

struct canvas {
	int width, height;
	bool utf8; /* else everything on it is ASCII */
	struct cell *cells;
};

struct area {
	int x, y, width, height;
};

/* Zero-initialise, set utf8. A new size makes it empty. */
void canvas_resize(struct canvas *c, int width, int height);
void canvas_clear(struct canvas *c);
void canvas_release(struct canvas *c);
const struct cell *canvas_cell(const struct canvas *c, int x, int y);

/*
 * Text in at most so many columns, dots tell that it was cut. Returns the columns it takes.
 * _right: it ends there where the columns end.
 */
int canvas_text(struct canvas *c, int x, int y, int columns, enum style style, const char *text);
int canvas_textf(struct canvas *c, int x, int y, int columns, enum style style, const char *fmt,
		 ...)
	__attribute__((format(printf, 6, 7)));
void canvas_right(struct canvas *c, int x, int y, int columns, enum style style, const char *text);

/* Text broken at blanks into at most so many lines of a width. Returns the lines it took. */
int canvas_prose(struct canvas *c, struct area at, enum style style, const char *text);

/* n cells of a style's own fill. */
void canvas_fill(struct canvas *c, int x, int y, int n, enum style style);

/* A bar of so many cells, to an eighth of a cell where the terminal can; never invisible. */
void canvas_bar(struct canvas *c, int x, int y, int columns, double cells, enum style style);

/*
 * Parts of one bar, side by side; a part that is there is rounded, never lost in the sum. A line
 * parts two of one style.
 */
struct bar_part {
	double cells;
	enum style style;
};
void canvas_stack(struct canvas *c, int x, int y, int columns, const struct bar_part *parts,
		  size_t n);

/* From one place to another within columns, a cell at least; both clipped. */
void canvas_span(struct canvas *c, int x, int y, int columns, double from, double to,
		 enum style style);

void canvas_line(struct canvas *c, int x, int y, int n, enum style style);
void canvas_box(struct canvas *c, struct area at, enum style style);

/* These cells are what the keys are about. */
void canvas_select(struct canvas *c, int x, int y, int n);

/* Lines of text without blanks at their ends; the caller frees it. */
char *canvas_dump(const struct canvas *c);
/* The same of style letters (style.h); what is selected is marked '>' at the line's end. */
char *canvas_dump_styles(const struct canvas *c);

#endif
