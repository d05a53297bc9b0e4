// SPDX-License-Identifier: GPL-2.0-only
/* texts.c - a table with open addressing; a slot has the hash, so that strangers are not compared. */
#include "user/base/texts.h"

#include <stdlib.h>
#include <string.h>

struct text_slot {
	const char *text; /* NULL: free */
	uint32_t hash, n;
};

static uint32_t hash_of(const char *s, size_t n)
{
	uint64_t h = n, word;

	for (; n >= sizeof(word); s += sizeof(word), n -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, s, n);
	h = (h ^ word) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(h >> 32);
}

static void grow(struct texts *t)
{
	size_t size = t->size ? 2 * t->size : 64, i, at;
	struct text_slot *slots = xcalloc(size, sizeof(*slots));

	for (i = 0; i < t->size; i++) {
		if (!t->slots[i].text)
			continue;
		for (at = t->slots[i].hash & (size - 1); slots[at].text; at = (at + 1) & (size - 1))
			;
		slots[at] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->size = size;
}

const char *texts_keep(struct texts *t, struct arena *a, const char *s, size_t n)
{
	uint32_t hash = hash_of(s, n);
	struct text_slot *slot;
	size_t at;

	if (2 * t->n >= t->size)
		grow(t);
	for (at = hash & (t->size - 1);; at = (at + 1) & (t->size - 1)) {
		slot = &t->slots[at];
		if (!slot->text)
			break;
		if (slot->hash == hash && slot->n == (uint32_t)n && !memcmp(slot->text, s, n))
			return slot->text;
	}
	*slot = (struct text_slot){ arena_strndup(a, s, n), hash, (uint32_t)n };
	t->n++;
	return slot->text;
}

void texts_release(struct texts *t)
{
	free(t->slots);
	*t = (struct texts){ 0 };
}
