/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_image.h - an ELF file, opened as what it is: bytes from someone we do not trust.
 *
 * Executables and shared objects of this machine's byte order, 32 or 64 bits. Files are read, never
 * mapped: whoever truncates one while we look at it must not be able to kill us with SIGBUS.
 * Nothing here allocates more than ELF_IMAGE_PART_MAX at once, whatever a header claims.
 *
 * Two sorts of numbers, never mixed:
 *     file offset       bytes from the start of the file; what a mapping's pgoff counts in
 *     virtual address   the object's own numbering, as its symbols use it (not relocated)
 * An address in a process is neither: file offset = address - start of the mapping + its pgoff.
 */
#ifndef COLDPROF_ELF_IMAGE_H
#define COLDPROF_ELF_IMAGE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/error.h"

#define ELF_IMAGE_PART_MAX (256u << 20) /* bytes; no table of a program we know is half as long */
#define ELF_IMAGE_BUILD_ID_MAX 64

struct elf_image;

/* A PT_LOAD, cut to what the file has; neither range wraps. */
struct elf_segment {
	uint64_t offset;    /* in the file */
	uint64_t file_size; /* bytes of the file; what is beyond them in memory is zero */
	uint64_t vaddr;
	bool executable;
};

struct elf_section {
	uint64_t offset;
	uint64_t size; /* bytes in the file, never 0 */
	uint64_t vaddr;
};

/*
 * Open a regular file, or what fd stands for (fd stays the caller's and must stay open until
 * elf_image_close_file()), or n bytes (borrowed for the same time). name is for error sentences.
 * -ENOENT, -EACCES, … as open(2); -ENOEXEC: not an ELF executable or shared object that we read.
 */
int elf_image_open(const char *path, struct elf_image **img, struct error *err);
int elf_image_open_fd(int fd, const char *name, struct elf_image **img, struct error *err);
int elf_image_open_memory(const void *bytes, size_t n, const char *name, struct elf_image **img,
			  struct error *err);

/* NULL is nothing. */
void elf_image_free(struct elf_image *img);

/* Done with the bytes: segments and build id can still be asked for, reading fails. */
void elf_image_close_file(struct elf_image *img);

/* All n bytes at a file offset, or false. */
bool elf_image_read(const struct elf_image *img, uint64_t offset, void *buf, size_t n);

/*
 * A copy of n bytes with a NUL behind them (free() it), or NULL when the file does not have them,
 * n is 0 or above ELF_IMAGE_PART_MAX.
 */
void *elf_image_copy(const struct elf_image *img, uint64_t offset, uint64_t n);

/* The loadable segments in the file's order; those with nothing in the file are left out. */
const struct elf_segment *elf_image_segments(const struct elf_image *img, size_t *n);

/*
 * From file offset to virtual address. An offset that two segments share is taken for code where
 * one of them is executable, since addresses of code are what is asked. False: not mapped.
 */
bool elf_image_vaddr(const struct elf_image *img, uint64_t offset, uint64_t *vaddr);

/* Back: the file offset of vaddr and how many bytes of its segment there are from there on. */
bool elf_image_offset(const struct elf_image *img, uint64_t vaddr, uint64_t *offset,
		      uint64_t *avail);

/* Whether vaddr lies in the file's part of an executable segment. */
bool elf_image_is_code(const struct elf_image *img, uint64_t vaddr);

/* The first section whose name ends with suffix and that has bytes in the file. */
bool elf_image_section(const struct elf_image *img, const char *suffix, struct elf_section *s);

/* Whether there is a section table at all (sstrip and packers remove it). */
bool elf_image_has_sections(const struct elf_image *img);

/* The bytes that PT_DYNAMIC spans, or NULL: *n structures of ElfN_Dyn, to be freed. */
GElf_Dyn *elf_image_dynamic(const struct elf_image *img, size_t *n);

/* NT_GNU_BUILD_ID, or NULL; *n is its length in bytes. */
const uint8_t *elf_image_build_id(const struct elf_image *img, size_t *n);

/* The build id that Go's linker notes, a line of text; NULL when not Go or built without. */
const char *elf_image_go_build_id(const struct elf_image *img);

bool elf_image_is_64(const struct elf_image *img);

/* e_machine: EM_X86_64, EM_AARCH64, … */
unsigned int elf_image_machine(const struct elf_image *img);

const char *elf_image_name(const struct elf_image *img);

/* libelf's view of it, for elf_symbols.c; NULL after elf_image_close_file(). */
Elf *elf_image_elf(const struct elf_image *img);

#endif
