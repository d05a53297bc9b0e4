// SPDX-License-Identifier: GPL-2.0-only
/* args.c - a list of arguments that owns its strings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"

static void append(struct args *a, char *owned)
{
	ARRAY_RESERVE(a->list, a->n, a->cap, 2);
	a->list[a->n++] = owned;
	a->list[a->n] = NULL;
}

void args_add(struct args *a, const char *s)
{
	append(a, xstrdup(s));
}

void args_addf(struct args *a, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort(); /* out of memory */
	va_end(ap);
	append(a, s);
}

void args_add_words(struct args *a, const char *words)
{
	static const char blanks[] = " \t\n";

	for (words += strspn(words, blanks); *words; words += strspn(words, blanks)) {
		size_t n = strcspn(words, blanks);

		append(a, xasprintf("%.*s", (int)n, words));
		words += n;
	}
}

void args_release(struct args *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		free(a->list[i]);
	free(a->list);
	memset(a, 0, sizeof(*a));
}
