// SPDX-License-Identifier: GPL-2.0-only
/* critpath_kind.c - the slices of a path by what they say. */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/critpath.h"

/* The same text is the same pointer as a rule; where it is not there are two kinds of it. */
static size_t hash_of(const struct path_slice *slice)
{
	uint64_t h = (uintptr_t)slice->detail * 0x9e3779b97f4a7c15u;

	h = (h ^ (uintptr_t)slice->comm ^ (uint64_t)slice->state << 56) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 24);
}

static bool is_kind(const struct path_kind *kind, const struct path_slice *slice)
{
	return kind->detail == slice->detail && kind->comm == slice->comm &&
	       kind->state == slice->state;
}

struct table {
	uint32_t *kinds; /* index + 1, 0 = free */
	size_t size;
};

static uint32_t *place_of(const struct table *t, const struct critpath *path,
			  const struct path_slice *slice)
{
	size_t at = hash_of(slice) & (t->size - 1);

	while (t->kinds[at] && !is_kind(&path->kinds[t->kinds[at] - 1], slice))
		at = (at + 1) & (t->size - 1);
	return &t->kinds[at];
}

static void grow(struct table *t, const struct critpath *path)
{
	size_t i;

	t->size = t->size ? 2 * t->size : 256;
	free(t->kinds);
	t->kinds = xcalloc(t->size, sizeof(*t->kinds));
	for (i = 0; i < path->n_kinds; i++)
		*place_of(t, path, &path->slices[path->kinds[i].longest]) = (uint32_t)i + 1;
}

uint64_t critpath_stolen_of(const struct path_slice *slice, uint64_t length)
{
	return (uint64_t)((unsigned __int128)slice->stolen_ns * length / (slice->end - slice->start));
}

static void add(struct critpath *path, struct path_kind *kind, size_t i)
{
	const struct path_slice *slice = &path->slices[i];
	const struct path_slice *longest = &path->slices[kind->longest];

	kind->ns += slice->end - slice->start;
	kind->quick_ns += slice->quick_ns;
	kind->fault_ns += slice->fault_ns;
	kind->call_ns += slice->call_ns;
	kind->stolen_ns += slice->stolen_ns;
	if (slice->end - slice->start > longest->end - longest->start)
		kind->longest = i;
}

void critpath_find_kinds(struct critpath *path)
{
	struct table t = { 0 };
	size_t i;

	path->n_kinds = 0;
	for (i = 0; i < path->n; i++) {
		struct path_slice *slice = &path->slices[i];
		uint32_t *place;

		if (2 * path->n_kinds >= t.size)
			grow(&t, path);
		place = place_of(&t, path, slice);
		if (!*place) {
			ARRAY_RESERVE(path->kinds, path->n_kinds, path->cap_kinds, 1);
			path->kinds[path->n_kinds++] = (struct path_kind){
				.state = slice->state, .comm = slice->comm,
				.detail = slice->detail, .longest = i,
			};
			*place = (uint32_t)path->n_kinds;
		}
		slice->kind = *place - 1;
		add(path, &path->kinds[slice->kind], i);
	}
	free(t.kinds);
}
