// SPDX-License-Identifier: GPL-2.0-only
/* canvas.c - cells, and how text and bars come into them. */
#include "tui/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

#define TEXT_MAX 2048

static int limited(int n)
{
	return n < 1 ? 1 : n > CANVAS_MAX ? CANVAS_MAX : n;
}

void canvas_resize(struct canvas *c, int width, int height)
{
	width = limited(width);
	height = limited(height);
	if (!c->cells || width != c->width || height != c->height) {
		free(c->cells);
		c->width = width;
		c->height = height;
		c->cells = xcalloc((size_t)width * (size_t)height, sizeof(*c->cells));
	}
	canvas_clear(c);
}

void canvas_clear(struct canvas *c)
{
	size_t n = (size_t)c->width * (size_t)c->height, i;
	struct cell blank = { .text = " " };

	for (i = 0; i < n; i++)
		c->cells[i] = blank;
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	c->cells = NULL;
	c->width = c->height = 0;
}

static struct cell *cell_at(const struct canvas *c, int x, int y)
{
	if (x < 0 || y < 0 || x >= c->width || y >= c->height)
		return NULL;
	return &c->cells[(size_t)y * (size_t)c->width + (size_t)x];
}

const struct cell *canvas_cell(const struct canvas *c, int x, int y)
{
	return cell_at(c, x, y);
}

static void set(struct cell *cell, const char *s, size_t n, enum style style)
{
	memset(cell->text, 0, sizeof(cell->text)); /* cells are compared as bytes */
	memcpy(cell->text, s, n);
	cell->style = (uint8_t)style;
}

/* Half of a wide character is nothing: when one is overwritten, the other becomes blank. */
static void part_wide(struct canvas *c, int x, int y)
{
	struct cell *cell = cell_at(c, x, y), *before = cell_at(c, x - 1, y);
	struct cell *after = cell_at(c, x + 1, y);

	if (cell && !*cell->text && before)
		set(before, " ", 1, before->style);
	if (cell && *cell->text && after && !*after->text)
		set(after, " ", 1, after->style);
}

/* A character of one or two columns. */
static void put(struct canvas *c, int x, int y, const char *s, size_t n, int columns,
		enum style style)
{
	struct cell *cell = cell_at(c, x, y), *right = cell_at(c, x + 1, y);

	if (!cell || (columns == 2 && !right) || n >= sizeof(cell->text))
		return;
	part_wide(c, x, y);
	if (columns == 2)
		part_wide(c, x + 1, y);
	set(cell, s, n, style);
	if (columns == 2)
		set(right, "", 0, style);
}

/* An accent goes to the character before it; more than fit are dropped. */
static void put_accent(struct canvas *c, int x, int y, const char *s, size_t n)
{
	struct cell *cell = cell_at(c, x - 1, y);

	if (cell && !*cell->text)
		cell = cell_at(c, x - 2, y);
	if (cell && strlen(cell->text) + n < sizeof(cell->text))
		memcpy(cell->text + strlen(cell->text), s, n);
}

/* The character at s: its bytes, and the columns that it takes here; 0 bytes if unsafe. */
static size_t next_char(const struct canvas *c, const char *s, int *columns)
{
	char one[8] = { 0 };
	uint32_t point;
	size_t n = (unsigned char)*s < 0x80 ? 1 : utf8_decode(s, strlen(s), &point);

	*columns = 1;
	if (n == 1)
		return *s >= ' ' && *s <= '~' ? 1 : 0;
	if (n == 0 || utf8_is_unsafe(point))
		return 0;
	memcpy(one, s, n);
	*columns = (int)text_width(one);
	return c->utf8 || *columns == 0 ? n : 0;
}

static size_t skip_char(const char *s)
{
	uint32_t point;
	size_t n = utf8_decode(s, strlen(s), &point);

	return n ? n : 1;
}

/* Columns of a text as it is shown here. */
static int width_of(const struct canvas *c, const char *text)
{
	int total = 0, columns;

	for (; *text; text += skip_char(text)) {
		next_char(c, text, &columns);
		total += columns;
	}
	return total;
}

int canvas_text(struct canvas *c, int x, int y, int columns, enum style style, const char *text)
{
	bool cut;
	int at = 0, width;

	if (columns > c->width - x)
		columns = c->width - x;
	if (columns <= 0)
		return 0;
	cut = width_of(c, text) > columns;
	for (; *text; text += skip_char(text)) {
		size_t n = next_char(c, text, &width);

		if (at + width > columns - cut)
			break;
		if (width == 0) {
			if (at && n && c->utf8)
				put_accent(c, x + at, y, text, n);
			continue;
		}
		if (n)
			put(c, x + at, y, text, n, width, style);
		else
			put(c, x + at, y, "?", 1, 1, style);
		/* In ASCII a wide one still takes its columns: what follows stays where it was. */
		if (!n && width == 2)
			put(c, x + at + 1, y, "?", 1, 1, style);
		at += width;
	}
	if (cut) {
		put(c, x + at, y, c->utf8 ? "…" : "~", c->utf8 ? strlen("…") : 1, 1, style);
		at++;
	}
	return at;
}

int canvas_textf(struct canvas *c, int x, int y, int columns, enum style style, const char *fmt,
		 ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return canvas_text(c, x, y, columns, style, text);
}

void canvas_right(struct canvas *c, int x, int y, int columns, enum style style, const char *text)
{
	int width = width_of(c, text);

	if (width < columns) {
		x += columns - width;
		columns = width;
	}
	canvas_text(c, x, y, columns, style, text);
}

/* Bytes of text that fit into columns, broken at a blank where there is one. */
static size_t line_bytes(const struct canvas *c, const char *text, int columns)
{
	size_t n = 0, blank = 0;
	int at = 0, width;

	while (text[n]) {
		next_char(c, text + n, &width);
		if (at + width > columns)
			return text[n] == ' ' ? n : blank ? blank : n ? n : skip_char(text);
		if (text[n] == ' ')
			blank = n;
		at += width;
		n += skip_char(text + n);
	}
	return n;
}

int canvas_prose(struct canvas *c, struct area at, enum style style, const char *text)
{
	char line[TEXT_MAX];
	int lines = 0;

	while (*text && lines < at.height && at.width > 0) {
		size_t n = line_bytes(c, text, at.width);

		/* The last line takes all that is left, so that dots tell of it. */
		if (lines + 1 == at.height)
			n = strlen(text);
		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		canvas_text(c, at.x, at.y + lines++, at.width, style, line);
		text += n;
		while (*text == ' ')
			text++;
	}
	return lines;
}

void canvas_fill(struct canvas *c, int x, int y, int n, enum style style)
{
	const char *fill = style_fill(style, c->utf8);
	size_t length;

	if (!*fill)
		fill = " ";
	length = strlen(fill);
	for (; n > 0; n--, x++)
		put(c, x, y, fill, length, 1, style);
}

void canvas_bar(struct canvas *c, int x, int y, int columns, double cells, enum style style)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	int eighths;

	if (columns <= 0)
		return;
	if (!(cells > 0))
		cells = 0;
	if (cells > columns)
		cells = columns;
	eighths = (int)(cells * 8 + 0.5);
	if (!c->utf8)
		eighths = (eighths + 4) / 8 * 8;
	if (eighths == 0)
		eighths = c->utf8 ? 1 : 8;
	canvas_fill(c, x, y, eighths / 8, style);
	if (eighths % 8)
		put(c, x + eighths / 8, y, parts[eighths % 8], strlen(parts[eighths % 8]), 1,
		    style);
}

void canvas_stack(struct canvas *c, int x, int y, int columns, const struct bar_part *parts,
		  size_t n)
{
	const char *line = c->utf8 ? "│" : "|";
	double sum = 0;
	int from = 0, to, before = -1;
	size_t i;

	for (i = 0; i < n; i++) {
		if (parts[i].cells > 0)
			sum += parts[i].cells;
		to = sum < columns ? (int)(sum + 0.5) : columns;
		canvas_fill(c, x + from, y, to - from, parts[i].style);
		if (to - from > 1 && before == (int)parts[i].style)
			put(c, x + from, y, line, strlen(line), 1, STYLE_PLAIN);
		if (to > from)
			before = (int)parts[i].style;
		from = to;
	}
	/* Too short for a cell: its longest part would be one, at any rate it is there. */
	if (from == 0 && sum > 0 && columns > 0)
		canvas_bar(c, x, y, 1, sum, STYLE_PHASE_A);
}

void canvas_span(struct canvas *c, int x, int y, int columns, double from, double to,
		 enum style style)
{
	int first, last;

	if (columns <= 0 || !(to >= 0) || !(from < columns))
		return;
	first = from > 0 ? (int)from : 0;
	last = to < columns ? (int)(to + 0.5) : columns;
	if (last <= first)
		last = first + 1;
	canvas_fill(c, x + first, y, last - first, style);
}

void canvas_line(struct canvas *c, int x, int y, int n, enum style style)
{
	for (; n > 0; n--, x++)
		put(c, x, y, c->utf8 ? "─" : "-", c->utf8 ? strlen("─") : 1, 1, style);
}

void canvas_box(struct canvas *c, struct area at, enum style style)
{
	static const char *const corners[2][5] = { { "+", "+", "+", "+", "|" },
						   { "┌", "┐", "└", "┘", "│" } };
	const char *const *corner = corners[c->utf8];
	size_t n = strlen(corner[0]);
	int right = at.x + at.width - 1, bottom = at.y + at.height - 1, y;

	if (at.width < 2 || at.height < 2)
		return;
	canvas_line(c, at.x, at.y, at.width, style);
	canvas_line(c, at.x, bottom, at.width, style);
	for (y = at.y + 1; y < bottom; y++) {
		put(c, at.x, y, corner[4], n, 1, style);
		put(c, right, y, corner[4], n, 1, style);
	}
	put(c, at.x, at.y, corner[0], n, 1, style);
	put(c, right, at.y, corner[1], n, 1, style);
	put(c, at.x, bottom, corner[2], n, 1, style);
	put(c, right, bottom, corner[3], n, 1, style);
}

void canvas_select(struct canvas *c, int x, int y, int n)
{
	for (; n > 0; n--, x++) {
		struct cell *cell = cell_at(c, x, y);

		if (cell)
			cell->selected = true;
	}
}

static bool is_blank(const struct cell *cell)
{
	return !strcmp(cell->text, " ");
}

static char *dump(const struct canvas *c, void (*line)(FILE *out, const struct cell *row, int n))
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int y;

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	for (y = 0; y < c->height; y++) {
		line(out, &c->cells[(size_t)y * (size_t)c->width], c->width);
		fputc('\n', out);
	}
	fclose(out);
	return text;
}

static void dump_text(FILE *out, const struct cell *row, int n)
{
	int x;

	while (n && is_blank(&row[n - 1]))
		n--;
	for (x = 0; x < n; x++)
		fputs(row[x].text, out);
}

static void dump_styles(FILE *out, const struct cell *row, int n)
{
	bool selected = false;
	int x, end = n;

	for (x = 0; x < n; x++)
		selected = selected || row[x].selected;
	while (end && is_blank(&row[end - 1]))
		end--;
	for (x = 0; x < end; x++)
		fputc(is_blank(&row[x]) ? ' ' : style_letter(row[x].style), out);
	if (selected)
		fputs(" >", out);
}

char *canvas_dump(const struct canvas *c)
{
	return dump(c, dump_text);
}

char *canvas_dump_styles(const struct canvas *c)
{
	return dump(c, dump_styles);
}
