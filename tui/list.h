/* SPDX-License-Identifier: GPL-2.0-only */
/* list.h - rows, a cursor on one of them, and the part that fits on the screen. */
#ifndef COLDPROF_TUI_LIST_H
#define COLDPROF_TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	size_t n;   /* rows */
	size_t at;  /* under the cursor; 0 when there is none */
	size_t top; /* first one shown */
	size_t page; /* how many fit */
};

/* n rows in so many lines: the cursor stays on a row, and its row on the screen. */
void list_fit(struct list *l, size_t n, int lines);

/* Arrows, j and k, pages, Home, End, g and G. False: not for a list. */
bool list_press(struct list *l, int key);

#endif
