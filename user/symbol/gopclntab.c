// SPDX-License-Identifier: GPL-2.0-only
/* gopclntab.c - Go's function table, versions 1.2 to today's. See gopclntab.h for the sources. */
#include "user/symbol/gopclntab.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define MAGIC_1_2 0xfffffffbu
#define MAGIC_1_16 0xfffffffau
#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u

/* Words of the header, counted after the 8 common bytes; -1: this version has none. */
struct layout {
	uint32_t magic;
	bool relative;
	int text;
	int names;
	int records; /* the function table begins there too, save in 1.2 */
};

static const struct layout layouts[] = {
	{ .magic = MAGIC_1_2, .text = -1, .names = -1, .records = -1 },
	{ .magic = MAGIC_1_16, .text = -1, .names = 2, .records = 6 },
	{ .magic = MAGIC_1_18, .relative = true, .text = 2, .names = 3, .records = 7 },
	{ .magic = MAGIC_1_20, .relative = true, .text = 2, .names = 3, .records = 7 },
};

/* Little-endian, of any alignment; the caller has checked that it is there. */
static uint64_t load(const unsigned char *p, unsigned int size)
{
	uint64_t value = 0;

	while (size--)
		value = value << 8 | p[size];
	return value;
}

static bool get(const struct gopclntab *t, uint64_t at, unsigned int size, uint64_t *value)
{
	if (at > t->n_bytes || size > t->n_bytes - at)
		return false;
	*value = load(t->bytes + at, size);
	return true;
}

static const struct layout *layout_of(const unsigned char *bytes, size_t n)
{
	size_t i;

	if (n < GOPCLNTAB_HEADER_MIN || bytes[4] || bytes[5] ||
	    (bytes[6] != 1 && bytes[6] != 2 && bytes[6] != 4) || (bytes[7] != 4 && bytes[7] != 8))
		return NULL;
	for (i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (load(bytes, 4) == layouts[i].magic)
			return &layouts[i];
	return NULL;
}

bool gopclntab_magic(const void *bytes, size_t n)
{
	return layout_of(bytes, n);
}

static bool header_word(const struct gopclntab *t, int word, uint64_t *value)
{
	return get(t, 8 + (uint64_t)word * t->pointer, t->pointer, value);
}

static int damaged(struct error *err, const char *what, uint64_t at)
{
	return error_set(err, -EBADMSG, "Go's function table is damaged: %s at byte %" PRIu64, what,
			 at);
}

static int read_header(struct gopclntab *t, const struct layout *layout, struct error *err)
{
	uint64_t n, room;

	if (!header_word(t, 0, &n))
		return damaged(err, "it ends in its header", t->n_bytes);
	t->functions = 8 + t->pointer;
	if ((layout->text >= 0 && !header_word(t, layout->text, &t->header_text)) ||
	    (layout->names >= 0 && !header_word(t, layout->names, &t->names)) ||
	    (layout->records >= 0 && !header_word(t, layout->records, &t->records)))
		return damaged(err, "it ends in its header", t->n_bytes);
	if (layout->records >= 0)
		t->functions = t->records;
	if (t->names >= t->n_bytes)
		return damaged(err, "it ends before its names", t->names);
	if (t->functions >= t->n_bytes)
		return damaged(err, "it ends before its functions", t->functions);
	/* Pairs of start and offset, and after the last pair the end of the text. */
	room = (t->n_bytes - t->functions) / t->field;
	if (!n || room < 3 || n > (room - 1) / 2)
		return damaged(err, "impossible number of functions", 8);
	t->n_functions = n;
	return 0;
}

/* The place was checked by read_header(). */
static uint64_t function_field(const struct gopclntab *t, size_t i, unsigned int which)
{
	return load(t->bytes + t->functions + (2 * (uint64_t)i + which) * t->field, t->field);
}

/* A start may be there twice (a function of no bytes), but never falls: as moduledataverify1(). */
static int check_rising(const struct gopclntab *t, struct error *err)
{
	uint64_t before = function_field(t, 0, 0);
	size_t i;

	for (i = 1; i <= t->n_functions; i++) {
		uint64_t start = function_field(t, i, 0);

		if (start < before)
			return damaged(err, "functions out of order",
				       t->functions + 2 * (uint64_t)i * t->field);
		before = start;
	}
	return 0;
}

int gopclntab_init(struct gopclntab *t, const void *bytes, size_t n, struct error *err)
{
	const struct layout *layout = layout_of(bytes, n);
	int code;

	if (!layout)
		return error_set(err, -ENOEXEC, "not a function table of a known version of Go");
	*t = (struct gopclntab){ .bytes = bytes, .n_bytes = n, .relative = layout->relative };
	t->pointer = t->bytes[7];
	t->field = t->relative ? 4 : t->pointer;
	code = read_header(t, layout, err);
	if (!code)
		code = check_rising(t, err);
	if (code)
		return code;
	t->text = t->header_text;
	t->low = function_field(t, 0, 0);
	t->high = function_field(t, t->n_functions, 0);
	return 0;
}

void gopclntab_set_text(struct gopclntab *t, uint64_t text)
{
	if (t->relative)
		t->text = text;
}

uint64_t gopclntab_low(const struct gopclntab *t)
{
	return t->text + t->low;
}

uint64_t gopclntab_high(const struct gopclntab *t)
{
	return t->text + t->high;
}

/*
 * _func begins with its start, as wide as the function table has it, and the offset of its name, an
 * int32.
 */
static const char *name_of(const struct gopclntab *t, size_t i)
{
	uint64_t record = function_field(t, i, 1), start, name;

	/* Two 64-bit numbers from the file: the sum may wrap to a place that exists. */
	if (record > t->n_bytes - t->records)
		return NULL;
	record += t->records;
	if (!get(t, record, t->field, &start) || start != function_field(t, i, 0) ||
	    !get(t, record + t->field, 4, &name) || name > INT32_MAX)
		return NULL;
	name += t->names;
	if (name >= t->n_bytes || !t->bytes[name] ||
	    !memchr(t->bytes + name, '\0', t->n_bytes - name))
		return NULL;
	return (const char *)t->bytes + name;
}

bool gopclntab_at(const struct gopclntab *t, size_t i, struct symbol *sym)
{
	uint64_t start = function_field(t, i, 0), end = function_field(t, i + 1, 0);

	if (start == end || t->text > UINT64_MAX - end)
		return false;
	*sym = (struct symbol){
		.name = name_of(t, i),
		.start = t->text + start,
		.end = t->text + end,
		.exact = true,
	};
	return sym->name;
}

bool gopclntab_lookup(const struct gopclntab *t, uint64_t vaddr, struct symbol *sym)
{
	size_t low = 0, high = t->n_functions;
	uint64_t place = vaddr - t->text;

	if (vaddr < t->text || place < t->low || place >= t->high)
		return false;
	/* Afterwards low - 1 is the last function that starts at or before the place. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (function_field(t, middle, 0) <= place)
			low = middle + 1;
		else
			high = middle;
	}
	return gopclntab_at(t, low - 1, sym);
}
