// SPDX-License-Identifier: GPL-2.0-only
/* memory_heaviest.c - what a tree's memory is, whoever has it mapped. */
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/memory.h"

static int by_what(const void *a, const void *b)
{
	const struct memory_mapping *x = *(const struct memory_mapping *const *)a;
	const struct memory_mapping *y = *(const struct memory_mapping *const *)b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Put one where it belongs among the n best. */
static size_t keep(struct memory_heavy *out, size_t n, size_t max, const struct memory_heavy *one)
{
	size_t at = n;

	while (at && out[at - 1].pss < one->pss)
		at--;
	if (at == max)
		return n;
	n = n < max ? n + 1 : n;
	memmove(&out[at + 1], &out[at], (n - at - 1) * sizeof(*out));
	out[at] = *one;
	return n;
}

size_t memory_heaviest(const struct memory_snapshot *m, struct memory_heavy *out, size_t max)
{
	CLEANUP_FREE const struct memory_mapping **list = NULL;
	size_t n = 0, cap = 0, kept = 0, i, k;

	for (i = 0; i < m->n; i++)
		for (k = 0; m->processes[i].counted && k < m->processes[i].n_mappings; k++) {
			if (m->processes[i].mappings[k].kind == MAPPING_REST)
				continue;
			ARRAY_RESERVE(list, n, cap, 1);
			list[n++] = &m->processes[i].mappings[k];
		}
	if (n)
		qsort(list, n, sizeof(*list), by_what);
	for (i = 0; i < n; i = k) {
		struct memory_heavy one = { .kind = list[i]->kind, .name = list[i]->name };

		for (k = i; k < n && !by_what(&list[i], &list[k]); k++)
			if (__builtin_add_overflow(one.pss, list[k]->pss, &one.pss))
				one.pss = UINT64_MAX;
		if (one.pss)
			kept = keep(out, kept, max, &one);
	}
	return kept;
}
