// SPDX-License-Identifier: GPL-2.0-only
/* tree_order.c - the processes of a tree as a list that reads from the root down. */
#include <stdlib.h>
#include <string.h>

#include "user/model/tree.h"

static int by_parent(const void *a, const void *b)
{
	const struct process *x = *(const struct process *const *)a;
	const struct process *y = *(const struct process *const *)b;

	if (x->parent != y->parent)
		return (uintptr_t)x->parent < (uintptr_t)y->parent ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* Where the children of a parent begin among processes that are sorted by it. */
static size_t children_of(const struct process **sorted, size_t n, const struct process *parent)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)sorted[middle]->parent < (uintptr_t)parent)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The children of a parent onto the stack, the oldest on top. */
static size_t push_children(const struct process **stack, size_t depth,
			    const struct process **sorted, size_t n, const struct process *parent)
{
	size_t from = children_of(sorted, n, parent), to = from;

	while (to < n && sorted[to]->parent == parent)
		to++;
	while (to > from)
		stack[depth++] = sorted[--to];
	return depth;
}

/*
 * Depth first. Not by recursion: a hostile recording can nest as deep as it has processes. Each has
 * one parent, so each comes once at most; one that is in a circle does not come.
 */
const struct process **tree_order(const struct tree *t, size_t *n)
{
	CLEANUP_FREE const struct process **sorted = xcalloc(t->n + 1, sizeof(*sorted));
	CLEANUP_FREE const struct process **stack = xcalloc(t->n + 1, sizeof(*stack));
	const struct process **order = xcalloc(t->n + 1, sizeof(*order));
	size_t depth;

	*n = 0;
	if (t->n == 0)
		return order;
	memcpy(sorted, t->processes, t->n * sizeof(*sorted));
	qsort(sorted, t->n, sizeof(*sorted), by_parent);
	depth = push_children(stack, 0, sorted, t->n, NULL);
	while (depth) {
		const struct process *p = stack[--depth];

		order[(*n)++] = p;
		depth = push_children(stack, depth, sorted, t->n, p);
	}
	return order;
}
