/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * markup.h - text of a recording inside XML and HTML. Every text that is not ours goes through here.
 *
 * What it writes stands for itself between tags and in "quoted" attribute values, and nothing else:
 * not in scripts, style sheets, comments, or names. We never put text of a recording into those.
 */
#ifndef COLDPROF_MARKUP_H
#define COLDPROF_MARKUP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Escapes markup; what is not printable is shown as text_escape() shows it ("\x1b", "\u{202e}"). */
void markup_text(FILE *out, const char *s);
void markup_text_n(FILE *out, const char *s, size_t n);

/* Text that is printable already, as words.h and labels.h give it. */
void markup_words(FILE *out, const char *text);

/* At most so many characters, then "…". */
void markup_cut(FILE *out, const char *s, size_t characters);

/* A time as a person reads it ("27.1 ms"), a number of bytes ("7.1 MiB"). */
void markup_ms(FILE *out, uint64_t ns);
void markup_bytes(FILE *out, uint64_t bytes);

/* The style sheet of states and classes: ".user{fill:#009e73;…}" (palette.h). */
void markup_palette(FILE *out);

#endif
