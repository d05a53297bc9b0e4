// SPDX-License-Identifier: GPL-2.0-only
/* test_elf_symbols.c - ELF files and their symbols: ours, libc's, made ones, damaged ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/elf_build.h"
#include "tests/unit/scratch.h"
#include "user/symbol/elf_symbols.h"

static __attribute__((noinline, used)) int a_static_function_of_this_test(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

/* Where a function of this process lies: its object's path, and its address in that object. */
static uint64_t vaddr_of(const void *function, const char **path)
{
	struct link_map *map;
	Dl_info info;

	assert_true(dladdr1(function, &info, (void **)&map, RTLD_DL_LINKMAP));
	*path = map->l_name[0] ? map->l_name : "/proc/self/exe";
	return (uint64_t)(uintptr_t)function - map->l_addr;
}

static void assert_named(const struct elf_symbols *t, uint64_t vaddr, const char *name,
			 uint64_t offset)
{
	struct symbol sym;

	if (!elf_symbols_lookup(t, vaddr, &sym))
		fail_msg("0x%" PRIx64 " has no name, should be %s", vaddr, name);
	assert_string_equal(sym.name, name);
	assert_int_equal(vaddr - sym.start, offset);
	assert_true(vaddr < sym.end);
}

static void assert_unnamed(const struct elf_symbols *t, uint64_t vaddr)
{
	struct symbol sym;

	if (elf_symbols_lookup(t, vaddr, &sym))
		fail_msg("0x%" PRIx64 " is not %s", vaddr, sym.name);
}

static void assert_in_order(const struct elf_symbols *t)
{
	struct symbol sym, before = { 0 };
	size_t i;

	assert_true(elf_symbols_count(t) > 0);
	for (i = 0; i < elf_symbols_count(t); i++) {
		elf_symbols_at(t, i, &sym);
		assert_true(sym.name[0] && sym.start < sym.end);
		assert_true(i == 0 || before.start < sym.start);
		assert_null(strchr(sym.name, '@'));
		before = sym;
	}
}

static struct elf_symbols *load(const char *path, struct elf_image **img)
{
	struct elf_symbols *t = NULL;
	struct error err = { 0 };

	if (elf_image_open(path, img, &err) || elf_symbols_load(*img, &t, &err))
		fail_msg("%s", err.text);
	assert_non_null(t);
	return t;
}

static void test_of_this_program(void **state)
{
	uint64_t vaddr, offset, avail, back;
	const char *path;
	struct elf_image *img;
	struct elf_symbols *t = NULL;

	(void)state;
	vaddr = vaddr_of((void *)a_static_function_of_this_test, &path);
	t = load(path, &img);
	assert_in_order(t);
	assert_named(t, vaddr, "a_static_function_of_this_test", 0);
	assert_named(t, vaddr + 1, "a_static_function_of_this_test", 1);
	assert_named(t, vaddr_of((void *)elf_symbols_load, &path) + 2, "elf_symbols_load", 2);
	/* Its code is in the file where the segments say. */
	assert_true(elf_image_offset(img, vaddr, &offset, &avail) && avail > 1);
	assert_true(elf_image_vaddr(img, offset, &back));
	assert_int_equal(back, vaddr);
	assert_true(elf_image_is_code(img, vaddr));
	elf_symbols_free(t);
	elf_image_free(img);
}

static void test_of_libc(void **state)
{
	static const char *const names[] = { "getppid", "lsearch", "tcgetpgrp", "ffsl", "l64a" };
	struct elf_image *img = NULL;
	struct elf_symbols *t = NULL;
	const char *path;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		void *function = dlsym(RTLD_DEFAULT, names[i]);
		uint64_t vaddr = vaddr_of(function, &path);

		if (!t)
			t = load(path, &img);
		assert_named(t, vaddr, names[i], 0);
	}
	assert_in_order(t);
	/* write, __write and __libc_write are one: the plain name is shown. */
	assert_named(t, vaddr_of(dlsym(RTLD_DEFAULT, "__getpid"), &path), "getpid", 0);
	assert_unnamed(t, UINT64_MAX);
	assert_unnamed(t, 0);
	elf_symbols_free(t);
	elf_image_free(img);
}

#define T ELF_BUILD_TEXT

static const struct elf_build_symbol made[] = {
	{ "outer", T + 0x100, 0x100, STB_GLOBAL, STT_FUNC, 1 },
	{ "inner", T + 0x140, 0x10, STB_LOCAL, STT_FUNC, 1 },
	{ "innermost", T + 0x148, 4, STB_LOCAL, STT_FUNC, 1 },
	{ "__write", T + 0x300, 0x20, STB_GLOBAL, STT_FUNC, 1 },
	{ "write", T + 0x300, 0x20, STB_WEAK, STT_FUNC, 1 },
	{ "w", T + 0x300, 0x20, STB_LOCAL, STT_FUNC, 1 },
	{ "memcpy@@GLIBC_2.14", T + 0x400, 8, STB_GLOBAL, STT_GNU_IFUNC, 1 },
	{ "old@GLIBC_2.2.5", T + 0x410, 8, STB_GLOBAL, STT_FUNC, 1 },
	{ "assembly", T + 0x500, 0, STB_GLOBAL, STT_FUNC, 1 },
	{ "after_assembly", T + 0x540, 0x10, STB_GLOBAL, STT_FUNC, 1 },
	{ "last", T + 0xf00, 0, STB_GLOBAL, STT_FUNC, 1 },
	{ "data", T + 0x600, 0x40, STB_GLOBAL, STT_OBJECT, 1 },
	{ "label", T + 0x700, 0x40, STB_GLOBAL, STT_NOTYPE, 1 },
	{ "undefined", T + 0x800, 0x40, STB_GLOBAL, STT_FUNC, SHN_UNDEF },
	{ "wraps", UINT64_MAX - 4, 0x40, STB_GLOBAL, STT_FUNC, 1 },
	{ "", T + 0x900, 0x40, STB_GLOBAL, STT_FUNC, 1 },
	{ "_ZN3foo3barEv", T + 0xa00, 0x40, STB_GLOBAL, STT_FUNC, 1 },
};

static void open_build(const struct elf_build *b, struct elf_image **img, struct elf_symbols **t)
{
	struct error err = { 0 };

	if (elf_image_open_memory(b->bytes, sizeof(b->bytes), "made", img, &err) ||
	    elf_symbols_load(*img, t, &err))
		fail_msg("%s", err.text);
	assert_non_null(*t);
}

static void test_symtab(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct elf_image *img;
	struct elf_symbols *t = NULL;
	struct symbol sym;

	(void)state;
	elf_build_symbols(b, SHT_SYMTAB, made, ARRAY_SIZE(made));
	open_build(b, &img, &t);
	assert_in_order(t);
	assert_int_equal(elf_symbols_count(t), 10);
	assert_unnamed(t, T + 0xff);
	assert_named(t, T + 0x100, "outer", 0);
	assert_named(t, T + 0x13f, "outer", 0x3f);
	assert_named(t, T + 0x140, "inner", 0);
	assert_named(t, T + 0x14b, "innermost", 3);
	assert_named(t, T + 0x14c, "inner", 0xc);
	assert_named(t, T + 0x150, "outer", 0x50);
	assert_named(t, T + 0x1ff, "outer", 0xff);
	assert_unnamed(t, T + 0x200);
	assert_named(t, T + 0x31f, "write", 0x1f);
	assert_unnamed(t, T + 0x320);
	assert_named(t, T + 0x404, "memcpy", 4);
	assert_named(t, T + 0x417, "old", 7);
	assert_named(t, T + 0x53f, "assembly", 0x3f);
	assert_true(elf_symbols_lookup(t, T + 0x500, &sym) && !sym.exact);
	assert_named(t, T + 0x54f, "after_assembly", 0xf);
	assert_true(elf_symbols_lookup(t, T + 0x540, &sym) && sym.exact);
	assert_unnamed(t, T + 0x550);
	assert_named(t, T + 0xfff, "last", 0xff);
	assert_unnamed(t, T + 0x1000);
	assert_unnamed(t, T + 0x600);
	assert_unnamed(t, T + 0x700);
	assert_unnamed(t, T + 0x800);
	assert_unnamed(t, T + 0x900);
	assert_unnamed(t, UINT64_MAX - 2);
	assert_named(t, T + 0xa01, "_ZN3foo3barEv", 1);
	elf_symbols_free(t);
	elf_image_free(img);
}

/* Between what a stripped library exports there is code without a name. */
static void test_dynsym(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct elf_image *img;
	struct elf_symbols *t = NULL;

	(void)state;
	elf_build_symbols(b, SHT_DYNSYM, made, ARRAY_SIZE(made));
	open_build(b, &img, &t);
	assert_named(t, T + 0x1ff, "outer", 0xff);
	assert_unnamed(t, T + 0x500);
	assert_unnamed(t, T + 0xf00);
	assert_int_equal(elf_symbols_count(t), 8);
	elf_symbols_free(t);
	elf_image_free(img);
}

static void test_no_symbols(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct elf_symbols *t = (struct elf_symbols *)1;
	struct elf_image *img;
	struct error err = { 0 };
	const uint8_t *id;
	size_t n;

	(void)state;
	assert_int_equal(elf_image_open_memory(b->bytes, sizeof(b->bytes), "bare", &img, &err), 0);
	assert_int_equal(elf_symbols_load(img, &t, &err), 0);
	assert_null(t);
	id = elf_image_build_id(img, &n);
	assert_int_equal(n, 20);
	assert_int_equal(id[0], 0xab);
	assert_int_equal(id[19], 0xab);
	assert_null(elf_image_go_build_id(img));
	elf_image_close_file(img);
	assert_int_equal(elf_symbols_load(img, &t, &err), -EBADF);
	assert_non_null(elf_image_build_id(img, &n));
	elf_image_free(img);
}

static void test_segments(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct elf_image *img;
	Elf64_Phdr text;
	uint64_t vaddr;
	struct error err = { 0 };

	(void)state;
	/* The data segment begins in the file's page of the text, as lld lays them out, and says
	 * that it is longer than the file. */
	b->ph[ELF_BUILD_PH_DATA].p_offset = ELF_BUILD_TEXT_OFFSET + 0x800;
	b->ph[ELF_BUILD_PH_DATA].p_filesz = UINT64_MAX / 2;
	assert_int_equal(elf_image_open_memory(b->bytes, ELF_BUILD_SIZE, "shared", &img, &err), 0);
	assert_true(elf_image_vaddr(img, ELF_BUILD_TEXT_OFFSET + 0x900, &vaddr));
	assert_int_equal(vaddr, T + 0x900);
	assert_true(elf_image_vaddr(img, ELF_BUILD_TEXT_OFFSET + 0x1000, &vaddr));
	assert_int_equal(vaddr, ELF_BUILD_DATA + 0x800);
	assert_false(elf_image_vaddr(img, ELF_BUILD_TEXT_OFFSET - 1, &vaddr));
	assert_false(elf_image_vaddr(img, ELF_BUILD_SIZE, &vaddr));
	assert_false(elf_image_vaddr(img, UINT64_MAX, &vaddr));
	assert_true(elf_image_is_code(img, T));
	assert_false(elf_image_is_code(img, ELF_BUILD_DATA));
	assert_null(elf_image_copy(img, 1, ELF_BUILD_SIZE));
	assert_null(elf_image_copy(img, UINT64_MAX, 2));
	assert_null(elf_image_copy(img, 0, 0));
	elf_image_free(img);
	/* The order of the two does not matter. */
	text = b->ph[ELF_BUILD_PH_TEXT];
	b->ph[ELF_BUILD_PH_TEXT] = b->ph[ELF_BUILD_PH_DATA];
	b->ph[ELF_BUILD_PH_DATA] = text;
	assert_int_equal(elf_image_open_memory(b->bytes, ELF_BUILD_SIZE, "shared", &img, &err), 0);
	assert_true(elf_image_vaddr(img, ELF_BUILD_TEXT_OFFSET + 0x900, &vaddr));
	assert_int_equal(vaddr, T + 0x900);
	elf_image_free(img);
}

static void assert_refused(const struct elf_build *b, const char *why)
{
	struct elf_image *img;
	struct error err = { 0 };

	assert_int_equal(elf_image_open_memory(b->bytes, ELF_BUILD_SIZE, "x", &img, &err),
			 -ENOEXEC);
	assert_null(img);
	assert_string_equal(err.text, why);
}

static void test_refused(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();

	(void)state;
	b->eh->e_type = ET_REL;
	assert_refused(b, "x is neither an executable nor a shared object");
	b->eh->e_type = ET_CORE;
	assert_refused(b, "x is neither an executable nor a shared object");
	b->eh->e_type = ET_DYN;
	b->eh->e_phnum = 0;
	assert_refused(b, "x has nothing to load");
	b->eh->e_ident[EI_DATA] = ELFDATA2MSB;
	assert_refused(b, "x is of another byte order");
	b->bytes[0] = '#';
	assert_refused(b, "x is not an ELF file");
}

static void test_damaged_tables(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct elf_image *img;
	struct elf_symbols *t = NULL;
	struct error err = { 0 };
	Elf64_Shdr *sh, good;

	(void)state;
	elf_build_symbols(b, SHT_SYMTAB, made, ARRAY_SIZE(made));
	assert_int_equal(elf_image_open_memory(b->bytes, sizeof(b->bytes), "x", &img, &err), 0);
	elf_image_free(img);
	sh = &b->sh[b->eh->e_shnum - 1];
	good = *sh;
#define ASSERT_DAMAGED(change, code)                                                               \
	do {                                                                                       \
		*sh = good;                                                                        \
		change;                                                                            \
		assert_int_equal(elf_image_open_memory(b->bytes, sizeof(b->bytes), "x", &img,      \
						       &err), 0);                                  \
		assert_int_equal(elf_symbols_load(img, &t, &err), code);                           \
		assert_null(t);                                                                    \
		elf_image_free(img);                                                               \
	} while (0)
	ASSERT_DAMAGED(sh->sh_link = 77, -EBADMSG);
	ASSERT_DAMAGED(sh->sh_link = 1, -EBADMSG);
	ASSERT_DAMAGED(sh->sh_entsize = 1, -EBADMSG);
	ASSERT_DAMAGED(sh->sh_offset = ELF_BUILD_SIZE - 8, -EBADMSG);
	ASSERT_DAMAGED(sh->sh_size = (uint64_t)1 << 40, -EFBIG);
#undef ASSERT_DAMAGED
}

static void test_not_files(void **state)
{
	struct scratch *s = *state;
	struct elf_image *img;
	struct error err = { 0 };

	assert_int_equal(elf_image_open(s->path, &img, &err), -ENOENT);
	assert_int_equal(elf_image_open(s->dir, &img, &err), -ENOEXEC);
	/* Without O_NONBLOCK this would wait for a writer, for ever. */
	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_int_equal(elf_image_open(s->path, &img, &err), -ENOEXEC);
	assert_null(img);
}

/* Ask all that one could; a sanitizer tells what must not be. True: there were symbols. */
static bool ask(const void *bytes, size_t n)
{
	struct elf_image *img;
	struct elf_symbols *t = NULL;
	struct symbol sym;
	uint64_t vaddr = 0;
	bool any = false;
	size_t i;

	if (elf_image_open_memory(bytes, n, "damaged", &img, NULL))
		return false;
	elf_image_vaddr(img, 0x1234, &vaddr);
	if (!elf_symbols_load(img, &t, NULL) && t) {
		for (i = 0; i < elf_symbols_count(t); i += 7) {
			elf_symbols_at(t, i, &sym);
			assert_true(sym.start < sym.end && strlen(sym.name) > 0);
			assert_true(elf_symbols_lookup(t, sym.start, &sym));
			elf_symbols_lookup(t, sym.end, &sym);
		}
		elf_symbols_free(t);
		any = true;
	}
	elf_image_free(img);
	return any;
}

static void test_cut_off(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	size_t n;

	(void)state;
	elf_build_symbols(b, SHT_SYMTAB, made, ARRAY_SIZE(made));
	for (n = 0; n < b->end; n += n < 0x800 || n > 0x4000 ? 1 : 64) {
		/* In a block of its own length, for ASan to see each byte beyond. */
		CLEANUP_FREE void *copy = xmalloc(n);

		memcpy(copy, b->bytes, n);
		ask(copy, n);
	}
}

static void test_mutated(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	CLEANUP_FREE unsigned char *good = xmalloc(ELF_BUILD_SIZE);
	uint64_t random = 20261123;
	size_t i, k, n_read = 0;

	(void)state;
	elf_build_symbols(b, SHT_SYMTAB, made, ARRAY_SIZE(made));
	memcpy(good, b->bytes, ELF_BUILD_SIZE);
	for (i = 0; i < 20000; i++) {
		for (k = elf_build_random(&random) % 4 + 1; k--;) {
			size_t at = elf_build_random(&random) % 0xe00;

			/* Headers of all sorts, names, symbols; little else is read. */
			at += at < 0x600 ? 0 : 0x4000 - 0x600;
			b->bytes[at] = (unsigned char)elf_build_random(&random);
		}
		n_read += ask(b->bytes, ELF_BUILD_SIZE);
		memcpy(b->bytes, good, ELF_BUILD_SIZE);
	}
	/* Else it would be the first check of all that was tested. */
	assert_in_range(n_read, i / 4, i - i / 100);
}

/* The same with a real file: its headers and its section table. */
static void test_mutated_program(void **state)
{
	size_t n, i, k, table, n_read = 0;
	CLEANUP_FREE unsigned char *bytes = slurp("/proc/self/exe", &n);
	uint64_t random = 42;

	(void)state;
	table = ((Elf64_Ehdr *)bytes)->e_shoff;
	for (i = 0; i < 2000; i++) {
		unsigned char was[4];
		size_t at[4];

		for (k = 0; k < 4; k++) {
			at[k] = elf_build_random(&random) % (k % 2 ? 0x400 : n - table);
			at[k] += k % 2 ? 0 : table;
			was[k] = bytes[at[k]];
			bytes[at[k]] = (unsigned char)elf_build_random(&random);
		}
		n_read += ask(bytes, n);
		while (k--)
			bytes[at[k]] = was[k];
	}
	assert_in_range(n_read, i / 10, i - i / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_this_program),
		cmocka_unit_test(test_of_libc),
		cmocka_unit_test(test_symtab),
		cmocka_unit_test(test_dynsym),
		cmocka_unit_test(test_no_symbols),
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_damaged_tables),
		cmocka_unit_test_setup_teardown(test_not_files, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_mutated),
		cmocka_unit_test(test_mutated_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
