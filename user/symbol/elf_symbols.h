/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_symbols.h - the functions that an ELF file itself names: .symtab, else .dynsym.
 *
 * A stripped library has only .dynsym, which names what it exports: between two of its symbols lie
 * functions without a name. So a symbol covers [start, start + size) and nothing else; one of
 * size 0 (written in assembly, e.g. _init) reaches to the next symbol or the end of its section in
 * .symtab, marked as not exact, and is left out of .dynsym, where that would be a guess.
 *
 * Versions are cut off: "memcpy@@GLIBC_2.14" in .symtab is memcpy, as it is in .dynsym.
 */
#ifndef COLDPROF_ELF_SYMBOLS_H
#define COLDPROF_ELF_SYMBOLS_H

#include "user/base/error.h"
#include "user/symbol/elf_image.h"
#include "user/symbol/symbol.h"

struct elf_symbols;

/*
 * Read the symbols of img, whose file must still be open; the table does not need img afterwards.
 * 0 with *table = NULL: it names no function. -EBADMSG: the tables are damaged; -EFBIG: longer than
 * ELF_IMAGE_PART_MAX.
 */
int elf_symbols_load(const struct elf_image *img, struct elf_symbols **table, struct error *err);

/* NULL is nothing. */
void elf_symbols_free(struct elf_symbols *table);

/* The function at a virtual address of the object; of nested ones the innermost. */
bool elf_symbols_lookup(const struct elf_symbols *table, uint64_t vaddr, struct symbol *sym);

/* The i-th of elf_symbols_count(), by strictly rising start. */
size_t elf_symbols_count(const struct elf_symbols *table);
void elf_symbols_at(const struct elf_symbols *table, size_t i, struct symbol *sym);

/* Bytes that the table takes. */
size_t elf_symbols_memory(const struct elf_symbols *table);

#endif
