// SPDX-License-Identifier: GPL-2.0-only
/* intern.c - different texts, once each. */
#include "user/export/intern.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

/* FNV-1a. */
static uint32_t hash_of(const char *text)
{
	uint32_t h = 2166136261u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 16777619u;
	return h;
}

static uint32_t *place_of(const struct intern *in, const char *text)
{
	size_t at = hash_of(text) & (in->size - 1);

	while (in->table[at] && strcmp(in->list[in->table[at] - 1].text, text))
		at = (at + 1) & (in->size - 1);
	return &in->table[at];
}

static void grow(struct intern *in)
{
	size_t i;

	in->size = in->size ? 2 * in->size : 256;
	free(in->table);
	in->table = xcalloc(in->size, sizeof(*in->table));
	for (i = 0; i < in->n; i++)
		*place_of(in, in->list[i].text) = (uint32_t)i + 1;
}

uint32_t intern_add(struct intern *in, const char *text)
{
	uint32_t *place;

	if (2 * in->n >= in->size)
		grow(in);
	place = place_of(in, text);
	if (!*place) {
		ARRAY_RESERVE(in->list, in->n, in->cap, 1);
		in->list[in->n++] = (struct interned){ .text = xstrdup(text) };
		*place = (uint32_t)in->n;
	}
	return *place - 1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct interned *)a)->text, ((const struct interned *)b)->text);
}

void intern_sort(struct intern *in)
{
	if (in->n)
		qsort(in->list, in->n, sizeof(*in->list), by_text);
}

void intern_release(struct intern *in)
{
	size_t i;

	for (i = 0; i < in->n; i++)
		free((char *)in->list[i].text);
	free(in->list);
	free(in->table);
	*in = (struct intern){ 0 };
}
