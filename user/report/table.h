/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - columns that line up, and prose that wraps, on a terminal of some width.
 *
 * Text that is given here is printable already (text_escape()).
 */
#ifndef COLDPROF_TABLE_H
#define COLDPROF_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 16

enum table_align { TABLE_LEFT, TABLE_RIGHT };

/*
 *     struct table t = { 0 };
 *     table_column(&t, TABLE_RIGHT, "latency\np50");     a heading of up to two lines
 *     table_cell(&t, "0.21 ms"); …                       row by row
 *     table_print(&t, out, colour);
 *     table_release(&t);
 */
struct table {
	struct {
		char *head[2];
		enum table_align align;
		size_t width;
	} columns[TABLE_COLUMNS_MAX];
	size_t n_columns;
	char **cells;
	size_t n_cells, cap_cells;
};

void table_column(struct table *t, enum table_align align, const char *heading);
void table_cell(struct table *t, const char *text);
size_t table_width(const struct table *t);
void table_print(const struct table *t, FILE *out, bool colour);
void table_release(struct table *t);

/*
 * Write text, broken at blanks so that no line is wider than width; the first line begins with
 * lead, the others with as many blanks. Words that are too wide are broken anywhere.
 */
void prose_print(FILE *out, unsigned int width, const char *lead, const char *text);

#endif
