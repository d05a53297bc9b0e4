/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * texts.h - a set of texts: the same text is the same pointer.
 *
 *     struct texts set = { 0 };
 *     const char *kept = texts_keep(&set, &arena, text, strlen(text));
 */
#ifndef COLDPROF_TEXTS_H
#define COLDPROF_TEXTS_H

#include <stddef.h>
#include <stdint.h>

#include "user/base/mem.h"

struct texts { /* all private; zero-initialise */
	struct text_slot *slots;
	size_t size, n;
};

/* The one copy of s[0, n), NUL-terminated, made in the arena when it is new. No NUL within s. */
const char *texts_keep(struct texts *t, struct arena *a, const char *s, size_t n)
	__attribute__((returns_nonnull));

/* Forgets which there are; the texts live as long as the arena. */
void texts_release(struct texts *t);

#endif
