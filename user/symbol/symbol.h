/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * symbol.h - a function as a table of names knows it.
 *
 * Every table here (elf_symbols.h, gopclntab.h, kallsyms.h) answers a look-up with one of these.
 * Names are bytes that someone else wrote: of any length, not necessarily UTF-8; Go, Rust and C++
 * names as the compiler left them. Who shows one cuts and escapes it (text.h).
 */
#ifndef COLDPROF_SYMBOL_H
#define COLDPROF_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol {
	const char *name; /* NUL-terminated, never empty; owned by the table, lives as long as it */
	uint64_t start;   /* address of the first byte */
	uint64_t end;     /* one past the last byte; start < end */
	bool exact;       /* false: the table does not say how long it is, end is the next symbol */
};

/*
 * Many addresses have several names that are all true ("write", "__write", "__libc_write"). A
 * number below 0 when a is the one to show: fewer leading underscores, then shorter, then first.
 */
int symbol_prefer(const char *a, const char *b);

#endif
