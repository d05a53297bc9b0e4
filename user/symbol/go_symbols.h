/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * go_symbols.h - find Go's function table in an ELF file, and where its text begins.
 *
 * The table: the section .gopclntab (.data.rel.ro.gopclntab in a PIE of Go's own linker); where
 * another linker merged it into .data.rel.ro, or the sections were removed, a search for its magic
 * through the segments. Programs without a sign of Go are not searched.
 *
 * The text, for go1.18 and later: the header; in a PIE the relocation of that word of the header;
 * from go1.26 on (where it is 0) the runtime's moduledata, which is known by its first word, the
 * address of the table, and taken when its minpc and maxpc agree with the table.
 *
 * Not named: PIEs of Go before 1.18, whose table is made of relocations.
 */
#ifndef COLDPROF_GO_SYMBOLS_H
#define COLDPROF_GO_SYMBOLS_H

#include "user/symbol/elf_image.h"
#include "user/symbol/gopclntab.h"

struct go_symbols;

/*
 * Read the table of img, whose file must still be open; it does not need img afterwards.
 * 0 with *go = NULL: not a Go program. -EBADMSG: there is a table but it is damaged, or no place
 * for its text agrees with it.
 */
int go_symbols_load(const struct elf_image *img, struct go_symbols **go, struct error *err);

/* NULL is nothing. */
void go_symbols_free(struct go_symbols *go);

/* To look names up in, with gopclntab_lookup(); lives as long as go. */
const struct gopclntab *go_symbols_table(const struct go_symbols *go);

/* Bytes that the table takes. */
size_t go_symbols_memory(const struct go_symbols *go);

#endif
