// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_symbols.c - libFuzzer: any bytes as Go's function table, an ELF file, kernel symbols.
 *
 *     clang -g -O1 -std=gnu11 -D_GNU_SOURCE -I. -fsanitize=fuzzer,address,undefined \
 *           -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
 *           tests/fuzz/fuzz_symbols.c user/base/?*.c user/symbol/?*.c -lelf -lz
 *
 * The first byte says which. Where headers are hard to guess they are given, and the input is what
 * comes after them, or changes to them; so no seeds are needed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/elf_build.h"
#include "user/symbol/elf_symbols.h"
#include "user/symbol/go_symbols.h"
#include "user/symbol/kallsyms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void ask_table(const struct gopclntab *t)
{
	struct symbol sym, again;
	uint64_t before = 0;
	size_t i;

	for (i = 0; i < t->n_functions && i < 10000; i++) {
		if (!gopclntab_at(t, i, &sym))
			continue;
		check(sym.start < sym.end && sym.start >= before && strlen(sym.name) > 0);
		check(gopclntab_lookup(t, sym.start, &again) && again.start == sym.start);
		check(gopclntab_lookup(t, sym.end - 1, &again) && again.name == sym.name);
		before = sym.end;
	}
	gopclntab_lookup(t, gopclntab_low(t) - 1, &sym);
	check(!gopclntab_lookup(t, gopclntab_high(t), &sym));
}

static void ask_gopclntab(const uint8_t *data, size_t n)
{
	struct gopclntab t;

	if (gopclntab_init(&t, data, n, NULL))
		return;
	ask_table(&t);
	gopclntab_set_text(&t, 0x401000);
	ask_table(&t);
}

/* A header of a known version before the input. */
static void ask_headed(const uint8_t *data, size_t n)
{
	static const uint8_t magics[] = { 0xfb, 0xfa, 0xf0, 0xf1 };
	uint8_t *bytes = xmalloc(n + 7);

	memset(bytes, 0xff, 4);
	memset(bytes + 4, 0, 4);
	bytes[0] = magics[data[0] & 3];
	bytes[6] = 1;
	bytes[7] = data[0] & 4 ? 4 : 8;
	memcpy(bytes + 8, data + 1, n - 1);
	ask_gopclntab(bytes, n + 7);
	free(bytes);
}

static void ask_symbols(const struct elf_symbols *t)
{
	struct symbol sym, again;
	uint64_t before = 0;
	size_t i;

	for (i = 0; i < elf_symbols_count(t); i++) {
		elf_symbols_at(t, i, &sym);
		check(sym.start < sym.end && (!i || sym.start > before) && strlen(sym.name) > 0);
		check(elf_symbols_lookup(t, sym.start, &again) && again.start == sym.start);
		elf_symbols_lookup(t, sym.end, &again);
		before = sym.start;
	}
}

static void ask_elf(const uint8_t *data, size_t n)
{
	struct elf_symbols *t = NULL;
	struct go_symbols *go = NULL;
	struct elf_image *img;
	uint64_t vaddr;

	if (elf_image_open_memory(data, n, "input", &img, NULL))
		return;
	elf_image_vaddr(img, n / 2, &vaddr);
	elf_symbols_load(img, &t, NULL);
	go_symbols_load(img, &go, NULL);
	elf_image_free(img);
	if (t)
		ask_symbols(t);
	if (go)
		ask_table(go_symbols_table(go));
	elf_symbols_free(t);
	go_symbols_free(go);
}

/* Changes to a good file: place (2 bytes), value. The rest is Go's table in it. */
static void ask_changed_elf(const uint8_t *data, size_t n)
{
	static const struct elf_build_symbol symbols[] = {
		{ "outer", ELF_BUILD_TEXT, 0x100, STB_GLOBAL, STT_FUNC, 1 },
		{ "inner", ELF_BUILD_TEXT + 0x40, 0x10, STB_GLOBAL, STT_FUNC, 1 },
		{ "assembly@@V_1", ELF_BUILD_TEXT + 0x200, 0, STB_LOCAL, STT_FUNC, 1 },
	};
	struct elf_build *b = elf_build_new();
	size_t changes = data[0] % 16;

	elf_build_symbols(b, SHT_SYMTAB, symbols, ARRAY_SIZE(symbols));
	elf_build_section(b, ".gopclntab", SHT_PROGBITS, ELF_BUILD_DATA_OFFSET,
			  ELF_BUILD_DATA_SIZE, ELF_BUILD_DATA);
	for (data++, n--; changes && n >= 3; changes--, data += 3, n -= 3)
		b->bytes[(data[0] | data[1] << 8) % ELF_BUILD_SIZE] = data[2];
	memcpy(b->bytes + ELF_BUILD_DATA_OFFSET, "\xf1\xff\xff\xff\0\0\1\10", 8);
	memcpy(b->bytes + ELF_BUILD_DATA_OFFSET + 8, data,
	       n < ELF_BUILD_DATA_SIZE - 8 ? n : ELF_BUILD_DATA_SIZE - 8);
	ask_elf(b->bytes, sizeof(b->bytes));
	free(b);
}

static void ask_kallsyms(const uint8_t *data, size_t n)
{
	CLEANUP_FCLOSE FILE *in = fmemopen((void *)(uintptr_t)data, n, "r");
	struct kallsyms *t;
	struct symbol sym;
	uint64_t address;

	if (!in || kallsyms_read(in, &t, NULL))
		return;
	for (address = 0; address < 256; address++)
		if (kallsyms_lookup(t, address, &sym, NULL))
			check(sym.start <= address && address < sym.end && strlen(sym.name) > 0);
	kallsyms_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	switch (data[0] % 5) {
	case 0:
		ask_gopclntab(data + 1, n - 1);
		break;
	case 1:
		ask_headed(data + 1, n - 1);
		break;
	case 2:
		ask_elf(data + 1, n - 1);
		break;
	case 3:
		ask_changed_elf(data + 1, n - 1);
		break;
	default:
		ask_kallsyms(data + 1, n - 1);
	}
	return 0;
}
