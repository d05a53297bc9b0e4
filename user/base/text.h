/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * text.h - numbers and names as people read them, hostile text made harmless.
 *
 * Everything that comes from a process, a guest or a file (comm, argv, paths, output) is hostile:
 * it goes through text_escape() before it reaches a terminal.
 */
#ifndef COLDPROF_TEXT_H
#define COLDPROF_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TEXT_NUMBER_MAX 32

/* Nanoseconds as ms with the precision that they deserve: "0.134 ms", "27.1 ms", "1834 ms". */
const char *text_ms(char buf[TEXT_NUMBER_MAX], uint64_t ns);

/* Bytes as KiB/MiB/GiB of 1024: "692 KiB", "7.1 MiB". */
const char *text_bytes(char buf[TEXT_NUMBER_MAX], uint64_t bytes);

/*
 * Write s (n bytes, not nec. NUL-terminated) to out as printable UTF-8: control characters, DEL,
 * C1 controls, bidi and zero-width characters, invalid UTF-8 become \xNN or \u{…}; a backslash
 * becomes two. Cuts at a character boundary when out is full; always NUL-terminated. Returns out.
 */
char *text_escape(char *out, size_t out_size, const char *s, size_t n);

/* argv as recorded (NUL-separated) as one escaped line, arguments with blanks quoted. */
char *text_argv(char *out, size_t out_size, const char *argv, size_t n);

/*
 * Columns that s takes in a terminal. s is printable UTF-8, as text_escape() makes it.
 * East Asian wide characters count 2, combining characters 0.
 */
size_t text_width(const char *s);

/*
 * Append s, at most max bytes of it, to the n that are in buf[size]: snprintf() for who does it a
 * million times. Cuts when buf is full; always NUL-terminated. Returns the new length.
 */
size_t text_append(char *buf, size_t size, size_t n, const char *s, size_t max);

/* The closest of n names to what was typed, or NULL when none is near enough to suggest. */
const char *text_suggest(const char *typed, const char *const *names, size_t n);

/* A decimal number in [min, max] with nothing after it. */
bool text_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *value);

#endif
