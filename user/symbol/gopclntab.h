/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * gopclntab.h - function names from the table that Go's runtime itself needs for its stack traces.
 *
 * It is in every Go program, stripped or not. The format is described by src/runtime/symtab.go
 * (pcHeader, functab, moduledata), src/runtime/runtime2.go (_func) and src/debug/gosym/pclntab.go
 * of Go's sources; read against go1.23 and the change of go1.26 (golang.org/issue/76038),
 * tried on programs of go1.19, 1.22, 1.23 and 1.27:
 *
 *     magic        since   addresses                     words after the 8 common bytes
 *     0xfffffffb   1.2     absolute                      nfunc, then the function table
 *     0xfffffffa   1.16    absolute                      nfunc nfiles funcname cu file pc pcln
 *     0xfffffff0   1.18    32 bits, offset from "text"   nfunc nfiles text funcname cu file pc pcln
 *     0xfffffff1   1.20    the same                      the same
 *
 * From 1.26 on, and in some PIEs before it, the header's text is 0: then it must be found
 * elsewhere (go_symbols.h) and told by gopclntab_set_text().
 *
 * A pure function of bytes, which may be hostile: all that is read is bounded when it is read.
 * What does not agree with itself (a function whose record says another start than the table) has
 * no name.
 */
#ifndef COLDPROF_GOPCLNTAB_H
#define COLDPROF_GOPCLNTAB_H

#include "user/base/error.h"
#include "user/symbol/symbol.h"

/* The shortest that gopclntab_magic() can say something about. */
#define GOPCLNTAB_HEADER_MIN 16

struct gopclntab {
	const unsigned char *bytes; /* borrowed */
	size_t n_bytes;
	bool relative;        /* addresses are offsets from text (1.18) */
	unsigned int pointer; /* bytes of a pointer: 4 or 8 */
	unsigned int field;   /* bytes of a field of the function table */
	uint64_t header_text; /* what the header says, 0 = nothing */
	uint64_t text;
	uint64_t names;     /* offsets in bytes: of the names … */
	uint64_t records;   /* … of what the function table's offsets count from … */
	uint64_t functions; /* … and of the function table */
	size_t n_functions;
	uint64_t low; /* first function's start and last one's end, without text */
	uint64_t high;
};

/* Whether a table of a known version may begin here: magic, padding, sizes. For a scan. */
bool gopclntab_magic(const void *bytes, size_t n);

/*
 * Read the header and check that the function table is there and rises. bytes (which may go on
 * after the table) must live as long as t; there is nothing to release. -ENOEXEC: no such table, or
 * of an unknown version; -EBADMSG: damaged, at which place is in err.
 */
int gopclntab_init(struct gopclntab *t, const void *bytes, size_t n, struct error *err);

/* Where the program's Go text begins. Only for t->relative; the header's own is the default. */
void gopclntab_set_text(struct gopclntab *t, uint64_t text);

/* All functions lie in [low, high). */
uint64_t gopclntab_low(const struct gopclntab *t);
uint64_t gopclntab_high(const struct gopclntab *t);

/*
 * The function at a virtual address. A function reaches to the start of the next one: there is
 * padding in between, never code of something else. sym->exact is always true. False: outside of
 * Go's text, or the function's record or name is damaged.
 */
bool gopclntab_lookup(const struct gopclntab *t, uint64_t vaddr, struct symbol *sym);

/* The i-th of t->n_functions, by rising start; false as above. */
bool gopclntab_at(const struct gopclntab *t, size_t i, struct symbol *sym);

#endif
