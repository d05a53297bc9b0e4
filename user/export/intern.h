/* SPDX-License-Identifier: GPL-2.0-only */
/* intern.h - different texts, once each, numbered from 0 in the order in which they came. */
#ifndef COLDPROF_INTERN_H
#define COLDPROF_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct interned {
	const char *text;
	uint64_t weight; /* the caller's */
};

/* Zero-initialise. */
struct intern {
	struct interned *list;
	size_t n, cap;
	uint32_t *table; /* private: index into list + 1, by hash */
	size_t size;
};

uint32_t intern_add(struct intern *in, const char *text);
void intern_sort(struct intern *in); /* by text, bytewise; nothing can be added afterwards */
void intern_release(struct intern *in);

#endif
