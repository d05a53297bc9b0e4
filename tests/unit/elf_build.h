/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * elf_build.h - small ELF files in memory, for tests: text at ELF_BUILD_TEXT, data at
 * ELF_BUILD_DATA, a GNU build id of 20 bytes 0xab, and what a test adds.
 */
#ifndef COLDPROF_TEST_ELF_BUILD_H
#define COLDPROF_TEST_ELF_BUILD_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

#define ELF_BUILD_SIZE 0x6000
#define ELF_BUILD_TEXT_OFFSET 0x1000
#define ELF_BUILD_TEXT_SIZE 0x1000
#define ELF_BUILD_TEXT 0x401000
#define ELF_BUILD_DATA_OFFSET 0x2000
#define ELF_BUILD_DATA_SIZE 0x2000
#define ELF_BUILD_DATA 0x502000
#define ELF_BUILD_SECTIONS 8

enum { ELF_BUILD_PH_TEXT, ELF_BUILD_PH_DATA, ELF_BUILD_PH_NOTE, ELF_BUILD_PH_DYNAMIC };

struct elf_build {
	unsigned char bytes[ELF_BUILD_SIZE];
	Elf64_Ehdr *eh;
	Elf64_Phdr *ph;
	Elf64_Shdr *sh;
	size_t end; /* of what has been put behind the segments */
};

struct elf_build_symbol {
	const char *name;
	uint64_t value;
	uint64_t size;
	unsigned char bind;
	unsigned char type;
	uint16_t section; /* 1 = .text */
};

static inline size_t elf_build_put(struct elf_build *b, const void *bytes, size_t n)
{
	size_t at = b->end;

	if (n > ELF_BUILD_SIZE - at)
		abort();
	memcpy(b->bytes + at, bytes, n);
	b->end = (at + n + 7) & ~(size_t)7;
	return at;
}

/* Returns the section's index. Names are put one by one: .shstrtab is all of the file. */
static inline unsigned int elf_build_section(struct elf_build *b, const char *name, uint32_t type,
					     size_t offset, size_t size, uint64_t vaddr)
{
	unsigned int index = b->eh->e_shnum++;

	if (index >= ELF_BUILD_SECTIONS)
		abort();
	b->sh[index] = (Elf64_Shdr){
		.sh_name = (Elf64_Word)elf_build_put(b, name, strlen(name) + 1),
		.sh_type = type,
		.sh_offset = offset,
		.sh_size = size,
		.sh_addr = vaddr,
		.sh_addralign = 8,
	};
	return index;
}

static inline struct elf_build *elf_build_new(void)
{
	static const unsigned char note[16] = "\4\0\0\0\24\0\0\0\3\0\0\0GNU";
	struct elf_build *b = xcalloc(1, sizeof(*b));

	b->eh = (Elf64_Ehdr *)b->bytes;
	b->ph = (Elf64_Phdr *)(b->bytes + sizeof(*b->eh));
	b->sh = (Elf64_Shdr *)(b->bytes + 0x400);
	memcpy(b->eh->e_ident, ELFMAG, SELFMAG);
	b->eh->e_ident[EI_CLASS] = ELFCLASS64;
	b->eh->e_ident[EI_DATA] = ELFDATA2LSB;
	b->eh->e_ident[EI_VERSION] = EV_CURRENT;
	b->eh->e_type = ET_EXEC;
	b->eh->e_machine = EM_X86_64;
	b->eh->e_version = EV_CURRENT;
	b->eh->e_ehsize = sizeof(*b->eh);
	b->eh->e_phoff = sizeof(*b->eh);
	b->eh->e_phentsize = sizeof(*b->ph);
	b->eh->e_phnum = 4;
	b->eh->e_shoff = 0x400;
	b->eh->e_shentsize = sizeof(*b->sh);
	b->end = ELF_BUILD_DATA_OFFSET + ELF_BUILD_DATA_SIZE;
	b->ph[ELF_BUILD_PH_TEXT] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
		.p_offset = ELF_BUILD_TEXT_OFFSET, .p_vaddr = ELF_BUILD_TEXT,
		.p_filesz = ELF_BUILD_TEXT_SIZE, .p_memsz = ELF_BUILD_TEXT_SIZE };
	b->ph[ELF_BUILD_PH_DATA] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
		.p_offset = ELF_BUILD_DATA_OFFSET, .p_vaddr = ELF_BUILD_DATA,
		.p_filesz = ELF_BUILD_DATA_SIZE, .p_memsz = ELF_BUILD_DATA_SIZE };
	b->ph[ELF_BUILD_PH_NOTE] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_align = 4, .p_filesz = 36,
		.p_offset = elf_build_put(b, note, sizeof(note)) };
	memset(b->bytes + b->end, 0xab, 20);
	b->end += 24;
	b->ph[ELF_BUILD_PH_DYNAMIC].p_type = PT_NULL;
	elf_build_section(b, "", SHT_NULL, 0, 0, 0);
	elf_build_section(b, ".text", SHT_PROGBITS, ELF_BUILD_TEXT_OFFSET, ELF_BUILD_TEXT_SIZE,
			  ELF_BUILD_TEXT);
	b->eh->e_shstrndx = (Elf64_Half)elf_build_section(b, ".shstrtab", SHT_STRTAB, 0,
							  ELF_BUILD_SIZE, 0);
	return b;
}

/* type is SHT_SYMTAB or SHT_DYNSYM. */
static inline void elf_build_symbols(struct elf_build *b, uint32_t type,
				     const struct elf_build_symbol *symbols, size_t n)
{
	Elf64_Sym sym[64] = { { 0 } };
	char names[2048] = "";
	size_t i, n_names = 1;
	unsigned int strings, table;

	for (i = 0; i < n; i++) {
		sym[i + 1] = (Elf64_Sym){ .st_name = (Elf64_Word)n_names,
			.st_info = ELF64_ST_INFO(symbols[i].bind, symbols[i].type),
			.st_shndx = symbols[i].section, .st_value = symbols[i].value,
			.st_size = symbols[i].size };
		if (i + 2 > ARRAY_SIZE(sym) || n_names + strlen(symbols[i].name) >= sizeof(names))
			abort();
		strcpy(names + n_names, symbols[i].name);
		n_names += strlen(symbols[i].name) + 1;
	}
	strings = elf_build_section(b, ".strtab", SHT_STRTAB, elf_build_put(b, names, n_names),
				    n_names, 0);
	table = elf_build_section(b, ".symtab", type, elf_build_put(b, sym, (n + 1) * sizeof(*sym)),
				  (n + 1) * sizeof(*sym), 0);
	b->sh[table].sh_link = strings;
	b->sh[table].sh_entsize = sizeof(*sym);
}

/* The same numbers for the same seed, everywhere: xorshift64. */
static inline uint64_t elf_build_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
