// SPDX-License-Identifier: GPL-2.0-only
/* table.c - columns that line up, and prose that wraps. */
#include "user/report/table.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"

#define GAP 2 /* blanks between columns */

void table_column(struct table *t, enum table_align align, const char *heading)
{
	size_t i = t->n_columns++, line;
	const char *second;

	if (i >= TABLE_COLUMNS_MAX)
		abort(); /* a table of ours, not of the recording */
	second = strchr(heading, '\n');
	t->columns[i].align = align;
	t->columns[i].head[0] = second ? xasprintf("%.*s", (int)(second - heading), heading) :
					 xstrdup("");
	t->columns[i].head[1] = xstrdup(second ? second + 1 : heading);
	t->columns[i].width = 0;
	for (line = 0; line < 2; line++) {
		size_t width = text_width(t->columns[i].head[line]);

		if (width > t->columns[i].width)
			t->columns[i].width = width;
	}
}

void table_cell(struct table *t, const char *text)
{
	size_t column = t->n_cells % t->n_columns;
	size_t width = text_width(text);

	ARRAY_RESERVE(t->cells, t->n_cells, t->cap_cells, 1);
	t->cells[t->n_cells++] = xstrdup(text);
	if (width > t->columns[column].width)
		t->columns[column].width = width;
}

size_t table_width(const struct table *t)
{
	size_t width = 0, i;

	for (i = 0; i < t->n_columns; i++)
		width += t->columns[i].width + (i ? GAP : 0);
	return width;
}

/* Blanks are owed until something follows them: no line ends with a blank. */
static void print_cell(const struct table *t, FILE *out, size_t column, const char *text,
		       size_t *owed)
{
	size_t pad = t->columns[column].width - text_width(text);

	if (column)
		*owed += GAP;
	if (t->columns[column].align == TABLE_RIGHT)
		*owed += pad;
	if (*text) {
		fprintf(out, "%*s%s", (int)*owed, "", text);
		*owed = 0;
	}
	if (t->columns[column].align == TABLE_LEFT)
		*owed += pad;
}

static void print_heading(const struct table *t, FILE *out, size_t line, bool colour)
{
	size_t owed = 0, i;
	bool some = false;

	for (i = 0; i < t->n_columns; i++)
		some = some || *t->columns[i].head[line];
	if (!some)
		return;
	if (colour)
		fputs("\033[1m", out);
	for (i = 0; i < t->n_columns; i++)
		print_cell(t, out, i, t->columns[i].head[line], &owed);
	fputs(colour ? "\033[0m\n" : "\n", out);
}

void table_print(const struct table *t, FILE *out, bool colour)
{
	size_t i, owed = 0;

	print_heading(t, out, 0, colour);
	print_heading(t, out, 1, colour);
	for (i = 0; i < t->n_cells; i++) {
		size_t column = i % t->n_columns;

		print_cell(t, out, column, t->cells[i], &owed);
		if (column + 1 == t->n_columns) {
			fputc('\n', out);
			owed = 0;
		}
	}
}

void table_release(struct table *t)
{
	size_t i;

	for (i = 0; i < t->n_columns; i++) {
		free(t->columns[i].head[0]);
		free(t->columns[i].head[1]);
	}
	for (i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	*t = (struct table){ 0 };
}

/* Bytes of the character at s, which is valid UTF-8. */
static size_t char_bytes(const char *s)
{
	size_t n = 1;

	while (((unsigned char)s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Columns of the first n bytes of s. */
static size_t width_of(const char *s, size_t n)
{
	CLEANUP_FREE char *copy = xasprintf("%.*s", (int)n, s);

	return text_width(copy);
}

/* One word, broken where it reaches the end of the line. Returns the new column. */
static size_t print_long_word(FILE *out, const char *s, size_t n, size_t column, size_t indent,
			      size_t width)
{
	while (n) {
		size_t bytes = char_bytes(s);
		size_t columns = width_of(s, bytes);

		if (column + columns > width && column > indent) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		}
		fwrite(s, 1, bytes, out);
		column += columns;
		s += bytes;
		n -= bytes;
	}
	return column;
}

void prose_print(FILE *out, unsigned int width, const char *lead, const char *text)
{
	size_t indent = text_width(lead);
	size_t column = indent;

	if (width < indent + 20) /* a terminal too narrow to care */
		width = (unsigned int)indent + 20;
	fputs(lead, out);
	while (*text) {
		size_t n = strcspn(text, " ");
		size_t columns = width_of(text, n);

		if (column > indent && column + 1 + columns > width) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			fputc(' ', out);
			column++;
		}
		column = print_long_word(out, text, n, column, indent, width);
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}
