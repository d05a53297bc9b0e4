/* SPDX-License-Identifier: GPL-2.0-only */
/* utf8.h - UTF-8 by hand: the C library's depends on the locale, what we show does not. */
#ifndef COLDPROF_UTF8_H
#define COLDPROF_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The code point at s (n bytes). Returns the bytes that it takes, 0 when they are no UTF-8:
 * overlong forms, surrogates and what is beyond U+10FFFF included.
 */
size_t utf8_decode(const char *s, size_t n, uint32_t *point);

/*
 * Can it do harm on a screen? Controls (C0, DEL, C1), what reorders text (bidi), and what takes no
 * room although it is no accent (zero-width, fillers, tags): they make one name look like another.
 */
bool utf8_is_unsafe(uint32_t point);

#endif
