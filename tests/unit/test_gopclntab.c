// SPDX-License-Identifier: GPL-2.0-only
/* test_gopclntab.c - Go's function table: made in each version, in real programs, damaged. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/elf_build.h"
#include "tests/unit/scratch.h"
#include "user/symbol/go_symbols.h"

#define TEXT ELF_BUILD_TEXT
#define N_FUNCTIONS 5

/* Offsets in the text; the last is its end. Two start at one place: the first has no bytes. */
static const uint64_t starts[N_FUNCTIONS + 1] = { 0x40, 0x60, 0x60, 0x100, 0x400, 0x480 };
static const char *const names[N_FUNCTIONS] = {
	"internal/cpu.Initialize", "empty", "runtime.main", "main.(*T).Hello[...]", "main.main",
};

struct made {
	unsigned char bytes[0x400];
	size_t n;
	unsigned int pointer;
	unsigned int field;
	size_t functions; /* offsets of the parts, for tests to damage */
	size_t records[N_FUNCTIONS];
	size_t names[N_FUNCTIONS];
};

static void put(unsigned char *at, uint64_t value, unsigned int size)
{
	for (; size--; value >>= 8)
		*at++ = (unsigned char)value;
}

static void word(struct made *m, unsigned int index, uint64_t value)
{
	put(m->bytes + 8 + index * m->pointer, value, m->pointer);
}

/*
 * A table as Go's linker writes it: in 1.2 all in one, later names before functions. text is what
 * the header of 1.18 and later says.
 */
static void make(struct made *m, uint32_t magic, unsigned int pointer, uint64_t text)
{
	bool old = magic == 0xfffffffb, relative = magic <= 0xfffffff1;
	size_t names_base = 0, records_base = 0, at, i;

	memset(m, 0, sizeof(*m));
	m->pointer = pointer;
	m->field = relative ? 4 : pointer;
	put(m->bytes, magic, 4);
	m->bytes[6] = 1;
	m->bytes[7] = (unsigned char)pointer;
	word(m, 0, N_FUNCTIONS);
	at = 8 + pointer * (old ? 1 : relative ? 8 : 7);
	m->functions = at;
	if (!old) {
		word(m, relative ? 2 : 0, relative ? text : N_FUNCTIONS);
		names_base = at;
		word(m, relative ? 3 : 2, at);
		at += 0x100;
		m->functions = records_base = at;
		word(m, relative ? 7 : 6, at);
	}
	at = m->functions + (2 * N_FUNCTIONS + 1) * m->field;
	for (i = 0; i <= N_FUNCTIONS; i++) {
		uint64_t start = starts[i] + (relative ? 0 : TEXT);

		put(m->bytes + m->functions + 2 * i * m->field, start, m->field);
		if (i == N_FUNCTIONS)
			break;
		m->records[i] = at;
		put(m->bytes + m->functions + (2 * i + 1) * m->field, at - records_base, m->field);
		put(m->bytes + at, start, m->field);
		at += 40;
	}
	m->n = at;
	if (!old)
		at = names_base;
	for (i = 0; i < N_FUNCTIONS; i++) {
		m->names[i] = at + 1;
		put(m->bytes + m->records[i] + m->field, at + 1 - names_base, 4);
		strcpy((char *)m->bytes + at + 1, names[i]);
		at += strlen(names[i]) + 1;
	}
	if (old)
		m->n = at + 1;
}

static void assert_named(const struct gopclntab *t, uint64_t vaddr, const char *name,
			 uint64_t offset)
{
	struct symbol sym;

	if (!gopclntab_lookup(t, vaddr, &sym))
		fail_msg("0x%" PRIx64 " has no name, should be %s", vaddr, name);
	assert_string_equal(sym.name, name);
	assert_int_equal(vaddr - sym.start, offset);
	assert_true(vaddr < sym.end && sym.exact);
}

static void assert_unnamed(const struct gopclntab *t, uint64_t vaddr)
{
	struct symbol sym;

	if (gopclntab_lookup(t, vaddr, &sym))
		fail_msg("0x%" PRIx64 " is not %s", vaddr, sym.name);
}

static void assert_made(const struct gopclntab *t)
{
	struct symbol sym;

	assert_int_equal(t->n_functions, N_FUNCTIONS);
	assert_int_equal(gopclntab_low(t), TEXT + 0x40);
	assert_int_equal(gopclntab_high(t), TEXT + 0x480);
	assert_unnamed(t, 0);
	assert_unnamed(t, TEXT + 0x3f);
	assert_named(t, TEXT + 0x40, "internal/cpu.Initialize", 0);
	assert_named(t, TEXT + 0x5f, "internal/cpu.Initialize", 0x1f);
	assert_named(t, TEXT + 0x60, "runtime.main", 0);
	assert_named(t, TEXT + 0xff, "runtime.main", 0x9f);
	assert_named(t, TEXT + 0x100, "main.(*T).Hello[...]", 0);
	assert_named(t, TEXT + 0x47f, "main.main", 0x7f);
	assert_unnamed(t, TEXT + 0x480);
	assert_unnamed(t, UINT64_MAX);
	assert_false(gopclntab_at(t, 1, &sym));
	assert_true(gopclntab_at(t, 4, &sym));
	assert_string_equal(sym.name, "main.main");
}

static const uint32_t magics[] = { 0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1 };

static void test_versions(void **state)
{
	struct gopclntab t;
	struct made m;
	size_t i;
	unsigned int pointer;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(magics); i++) {
		for (pointer = 4; pointer <= 8; pointer += 4) {
			struct error err = { 0 };

			make(&m, magics[i], pointer, TEXT);
			if (gopclntab_init(&t, m.bytes, m.n, &err))
				fail_msg("%x, %u: %s", magics[i], pointer, err.text);
			assert_made(&t);
			/* Addresses are absolute in the older ones. */
			gopclntab_set_text(&t, TEXT + 0x1000);
			if (i < 2)
				assert_made(&t);
			else
				assert_named(&t, TEXT + 0x1060, "runtime.main", 0);
		}
	}
}

static void test_damage(void **state)
{
	struct gopclntab t;
	struct made m;

	(void)state;
#define ASSERT_INIT(change, code)                                                                  \
	do {                                                                                       \
		make(&m, 0xfffffff1, 8, TEXT);                                                     \
		change;                                                                            \
		assert_int_equal(gopclntab_init(&t, m.bytes, m.n, NULL), code);                    \
	} while (0)
	ASSERT_INIT((void)0, 0);
	ASSERT_INIT(m.bytes[0] = 0xf2, -ENOEXEC);
	ASSERT_INIT(m.bytes[4] = 1, -ENOEXEC);
	ASSERT_INIT(m.bytes[6] = 3, -ENOEXEC);
	ASSERT_INIT(m.bytes[7] = 16, -ENOEXEC);
	ASSERT_INIT(m.n = 15, -ENOEXEC);
	ASSERT_INIT(m.n = 71, -EBADMSG);
	ASSERT_INIT(word(&m, 0, 0), -EBADMSG);
	ASSERT_INIT(word(&m, 0, UINT64_MAX), -EBADMSG);
	ASSERT_INIT(word(&m, 0, UINT64_MAX / 8 + 1), -EBADMSG);
	ASSERT_INIT(word(&m, 0, (uint64_t)1 << 32), -EBADMSG);
	ASSERT_INIT(word(&m, 3, m.n), -EBADMSG);
	ASSERT_INIT(word(&m, 7, m.n), -EBADMSG);
	ASSERT_INIT(word(&m, 7, UINT64_MAX - 8), -EBADMSG);
	ASSERT_INIT(m.n = m.functions + 3, -EBADMSG);
	ASSERT_INIT(m.n = m.functions + 43, -EBADMSG);
	ASSERT_INIT(m.n = m.functions + 44, 0);
	ASSERT_INIT(put(m.bytes + m.functions + 8, 0x3f, 4), -EBADMSG);
	ASSERT_INIT(put(m.bytes + m.functions + 40, 0x3ff, 4), -EBADMSG);
#undef ASSERT_INIT
}

/* What is damaged in one function costs the name of that one, and never makes a wrong one. */
static void test_damaged_function(void **state)
{
	struct gopclntab t;
	struct made m;
	size_t i;

	(void)state;
#define ASSERT_NAMELESS(change)                                                                    \
	do {                                                                                       \
		make(&m, magics[i], 8, TEXT);                                                      \
		change;                                                                            \
		assert_int_equal(gopclntab_init(&t, m.bytes, m.n, NULL), 0);                       \
		assert_unnamed(&t, TEXT + 0x110);                                                  \
		assert_named(&t, TEXT + 0x60, "runtime.main", 0);                                  \
	} while (0)
	for (i = 0; i < ARRAY_SIZE(magics); i++) {
		ASSERT_NAMELESS(put(m.bytes + m.functions + 7 * m.field, m.n, m.field));
		ASSERT_NAMELESS(put(m.bytes + m.functions + 7 * m.field, UINT64_MAX, m.field));
		ASSERT_NAMELESS(put(m.bytes + m.functions + 7 * m.field, -0x40ull, m.field));
		ASSERT_NAMELESS(m.bytes[m.records[3]] ^= 1);
		ASSERT_NAMELESS(put(m.bytes + m.records[3] + m.field, 0x7fffffff, 4));
		ASSERT_NAMELESS(put(m.bytes + m.records[3] + m.field, 0xffffffff, 4));
		ASSERT_NAMELESS(m.bytes[m.names[3]] = 0);
	}
#undef ASSERT_NAMELESS
	/* A name that the table ends in. */
	make(&m, 0xfffffffb, 8, TEXT);
	m.n = m.names[4] + 3;
	assert_int_equal(gopclntab_init(&t, m.bytes, m.n, NULL), 0);
	assert_unnamed(&t, TEXT + 0x400);
	assert_named(&t, TEXT + 0x100, "main.(*T).Hello[...]", 0);
}

static void ask(const void *bytes, size_t n)
{
	struct gopclntab t;
	struct symbol sym;
	size_t i;

	if (gopclntab_init(&t, bytes, n, NULL))
		return;
	for (i = 0; i < t.n_functions; i++)
		if (gopclntab_at(&t, i, &sym))
			assert_true(sym.start < sym.end && strlen(sym.name) > 0);
	for (i = 0; i < 0x500; i += 0x20)
		gopclntab_lookup(&t, TEXT + i, &sym);
}

static void test_cut_off_and_mutated(void **state)
{
	uint64_t random = 7;
	struct made m;
	size_t i, k, n;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(magics); i++) {
		make(&m, magics[i], 8, TEXT);
		for (n = 0; n <= m.n; n++) {
			/* In a block of its own length, for ASan to see each byte beyond. */
			CLEANUP_FREE unsigned char *copy = xmalloc(n);

			memcpy(copy, m.bytes, n);
			ask(copy, n);
		}
		for (k = 0; k < 5000; k++) {
			CLEANUP_FREE unsigned char *copy = xmalloc(m.n);

			memcpy(copy, m.bytes, m.n);
			for (n = elf_build_random(&random) % 3 + 1; n--;)
				copy[8 + elf_build_random(&random) % (m.n - 8)] =
					(unsigned char)elf_build_random(&random);
			ask(copy, m.n);
		}
	}
}

/* ---- in ELF files that are made here -------------------------------------------------------- */

#define TABLE_AT 0x100 /* in the data; its alignment is 32 */
#define MODULE_AT 0x800
#define RELA_AT 0xc00

static void put_table(struct elf_build *b, uint64_t text)
{
	struct made m;

	make(&m, 0xfffffff1, 8, text);
	memcpy(b->bytes + ELF_BUILD_DATA_OFFSET + TABLE_AT, m.bytes, sizeof(m.bytes));
}

/* runtime.moduledata of go1.18 and later. */
static void put_module(struct elf_build *b, uint64_t table, uint64_t text)
{
	unsigned char *module = b->bytes + ELF_BUILD_DATA_OFFSET + MODULE_AT;

	put(module, table, 8);
	put(module + 20 * 8, text ? text + starts[0] : 0, 8);
	put(module + 21 * 8, text ? text + starts[N_FUNCTIONS] : 0, 8);
	put(module + 22 * 8, text, 8);
}

static void put_relocations(struct elf_build *b, const Elf64_Rela *rela, size_t n)
{
	Elf64_Dyn dyn[] = {
		{ DT_RELA, { ELF_BUILD_DATA + RELA_AT } },
		{ DT_RELASZ, { n * sizeof(*rela) } },
		{ DT_NULL, { 0 } },
	};

	memcpy(b->bytes + ELF_BUILD_DATA_OFFSET + RELA_AT, rela, n * sizeof(*rela));
	b->ph[ELF_BUILD_PH_DYNAMIC] = (Elf64_Phdr){ .p_type = PT_DYNAMIC, .p_filesz = sizeof(dyn),
		.p_offset = elf_build_put(b, dyn, sizeof(dyn)) };
}

static int load_build(const struct elf_build *b, struct go_symbols **go)
{
	struct elf_image *img;
	int code;

	assert_int_equal(elf_image_open_memory(b->bytes, ELF_BUILD_SIZE, "made", &img, NULL), 0);
	code = go_symbols_load(img, go, NULL);
	elf_image_free(img);
	return code;
}

static void assert_found(const struct elf_build *b)
{
	struct go_symbols *go = NULL;

	assert_int_equal(load_build(b, &go), 0);
	assert_non_null(go);
	assert_made(go_symbols_table(go));
	go_symbols_free(go);
}

static void add_section(struct elf_build *b, const char *name)
{
	elf_build_section(b, name, SHT_PROGBITS, ELF_BUILD_DATA_OFFSET + TABLE_AT,
			  sizeof(((struct made *)0)->bytes), ELF_BUILD_DATA + TABLE_AT);
}

static void test_find_table(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct go_symbols *go = NULL;

	(void)state;
	put_table(b, TEXT);
	/* Nothing says that this is Go: it is not searched. */
	assert_int_equal(load_build(b, &go), 0);
	assert_null(go);
	/* The note is there (bfd merged the section into .data.rel.ro). */
	memcpy(b->bytes + b->ph[ELF_BUILD_PH_NOTE].p_offset, "\4\0\0\0\24\0\0\0\4\0\0\0Go\0", 16);
	assert_found(b);
	memcpy(b->bytes + b->ph[ELF_BUILD_PH_NOTE].p_offset, "\4\0\0\0\24\0\0\0\3\0\0\0GNU", 16);
	/* No section table. */
	b->eh->e_shoff = 0;
	b->eh->e_shnum = b->eh->e_shstrndx = 0;
	assert_found(b);
	/* … and no table: nothing is made up. */
	b->bytes[ELF_BUILD_DATA_OFFSET + TABLE_AT] = 0;
	assert_int_equal(load_build(b, &go), 0);
	assert_null(go);
}

static void test_find_section(void **state)
{
	static const char *const sections[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		CLEANUP_FREE struct elf_build *b = elf_build_new();
		struct go_symbols *go = NULL;

		put_table(b, TEXT);
		add_section(b, sections[i]);
		assert_found(b);
		/* A text that is no code cannot be right. */
		put_table(b, ELF_BUILD_DATA);
		assert_int_equal(load_build(b, &go), -EBADMSG);
		assert_null(go);
		put_table(b, TEXT + ELF_BUILD_TEXT_SIZE - 0x100);
		assert_int_equal(load_build(b, &go), -EBADMSG);
	}
}

static void test_text_of_module(void **state)
{
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	struct go_symbols *go = NULL;

	(void)state;
	put_table(b, 0);
	add_section(b, ".gopclntab");
	assert_int_equal(load_build(b, &go), -EBADMSG);
	put_module(b, ELF_BUILD_DATA + TABLE_AT, TEXT);
	assert_found(b);
	/* A pointer to the table that is no module is passed over. */
	put(b->bytes + ELF_BUILD_DATA_OFFSET + 0x40, ELF_BUILD_DATA + TABLE_AT, 8);
	assert_found(b);
	/* A module that disagrees with the table is not believed. */
	b->bytes[ELF_BUILD_DATA_OFFSET + MODULE_AT + 20 * 8]++;
	assert_int_equal(load_build(b, &go), -EBADMSG);
	b->bytes[ELF_BUILD_DATA_OFFSET + MODULE_AT + 20 * 8]--;
	b->bytes[ELF_BUILD_DATA_OFFSET + MODULE_AT + 21 * 8]++;
	assert_int_equal(load_build(b, &go), -EBADMSG);
}

#define RELATIVE ELF64_R_INFO(0, R_X86_64_RELATIVE)
#define MODULE (ELF_BUILD_DATA + MODULE_AT)

static void test_text_by_relocation(void **state)
{
	Elf64_Rela header[] = { { ELF_BUILD_DATA + TABLE_AT + 24, RELATIVE, TEXT } };
	Elf64_Rela module[] = {
		/* Not in order, as nothing demands one. */
		{ MODULE + 22 * 8, RELATIVE, TEXT },
		{ MODULE + 20 * 8, RELATIVE, TEXT + 0x40 },
		{ MODULE + 21 * 8, RELATIVE, TEXT + 0x480 },
		{ MODULE, RELATIVE, ELF_BUILD_DATA + TABLE_AT },
	};
	CLEANUP_FREE struct elf_build *b = elf_build_new();
	CLEANUP_FREE struct elf_build *c = elf_build_new();
	struct go_symbols *go = NULL;

	(void)state;
	b->eh->e_type = c->eh->e_type = ET_DYN;
	put_table(b, 0);
	add_section(b, ".gopclntab");
	put_relocations(b, header, ARRAY_SIZE(header));
	assert_found(b);
	put_table(c, 0);
	add_section(c, ".gopclntab");
	put_relocations(c, module, ARRAY_SIZE(module));
	assert_found(c);
	/* Another sort of relocation at that place tells nothing. */
	module[3].r_info = ELF64_R_INFO(1, R_X86_64_64);
	memcpy(c->bytes + ELF_BUILD_DATA_OFFSET + RELA_AT, module, sizeof(module));
	assert_int_equal(load_build(c, &go), -EBADMSG);
}

/* ---- in programs that are here -------------------------------------------------------------- */

struct program {
	const char *path;
	size_t at_least; /* functions */
	bool entry_is_go; /* not of cgo, where the C library's _start comes first */
	const char *names[5];
};

static const struct program programs[] = {
	{ "build/service/service", 2000, true,
	  { "main.main", "runtime.main", "runtime.schedinit", "runtime.mallocgc", "net.Listen" } },
	{ "/usr/sbin/runc", 5000, false,
	  { "main.main", "runtime.main", "runtime.schedinit",
	    "github.com/opencontainers/runc/libcontainer.(*initProcess).start", "fmt.Fprintf" } },
	{ "build/runtimes/runsc/usr/bin/runsc", 30000, true,
	  { "main.main", "runtime.main", "runtime.schedinit", "os/exec.Command",
	    "gvisor.dev/gvisor/runsc/boot.New" } },
	{ "build/runtimes/wazero/usr/bin/wazero", 2000, false,
	  { "main.main", "runtime.main", "runtime.schedinit", "main.doMain", "runtime.gcStart" } },
};

static bool has(const struct gopclntab *t, const char *name)
{
	struct symbol sym;
	size_t i;

	for (i = 0; i < t->n_functions; i++)
		if (gopclntab_at(t, i, &sym) && !strcmp(sym.name, name))
			return true;
	return false;
}

/* Every function has a name, in order, and is found at its first and its last byte. */
static void assert_whole(const struct gopclntab *t, size_t at_least)
{
	struct symbol sym, again;
	uint64_t end = 0;
	size_t i;

	assert_true(t->n_functions >= at_least);
	for (i = 0; i < t->n_functions; i++) {
		assert_true(gopclntab_at(t, i, &sym));
		assert_true(i == 0 || sym.start == end);
		end = sym.end;
		assert_true(gopclntab_lookup(t, sym.start, &again) && again.start == sym.start);
		assert_true(gopclntab_lookup(t, sym.end - 1, &again) && again.start == sym.start);
	}
	assert_int_equal(end, gopclntab_high(t));
	assert_unnamed(t, gopclntab_low(t) - 1);
	assert_unnamed(t, end);
}

static void test_program(void **state)
{
	const struct program *p = *state;
	struct elf_image *img;
	struct go_symbols *go = NULL;
	struct error err = { 0 };
	GElf_Ehdr eh;
	size_t i;

	if (access(p->path, R_OK)) {
		print_message("skipped: no %s here\n", p->path);
		skip();
	}
	if (elf_image_open(p->path, &img, &err) || go_symbols_load(img, &go, &err))
		fail_msg("%s", err.text);
	assert_non_null(go);
	assert_whole(go_symbols_table(go), p->at_least);
	for (i = 0; i < ARRAY_SIZE(p->names); i++)
		if (!has(go_symbols_table(go), p->names[i]))
			fail_msg("%s has no %s", p->path, p->names[i]);
	assert_non_null(elf_image_go_build_id(img));
	/* Something else than the table must agree on where functions are: the entry point. */
	assert_non_null(gelf_getehdr(elf_image_elf(img), &eh));
	if (!p->entry_is_go)
		assert_unnamed(go_symbols_table(go), eh.e_entry);
	else if (eh.e_machine == EM_X86_64)
		assert_named(go_symbols_table(go), eh.e_entry, "_rt0_amd64_linux", 0);
	go_symbols_free(go);
	elf_image_free(img);
}

static unsigned char *service(size_t *n, struct elf_image **img, struct elf_section *table)
{
	unsigned char *bytes;

	if (access(programs[0].path, R_OK)) {
		print_message("skipped: no %s here\n", programs[0].path);
		skip();
	}
	bytes = slurp(programs[0].path, n);
	assert_int_equal(elf_image_open_memory(bytes, *n, "service", img, NULL), 0);
	assert_true(elf_image_section(*img, ".gopclntab", table));
	return bytes;
}

static void assert_same(const void *bytes, size_t n, const struct go_symbols *want)
{
	const struct gopclntab *a = go_symbols_table(want), *b;
	struct symbol x, y;
	struct elf_image *img;
	struct go_symbols *go = NULL;
	struct error err = { 0 };
	size_t i;

	if (elf_image_open_memory(bytes, n, "changed", &img, &err) ||
	    go_symbols_load(img, &go, &err))
		fail_msg("%s", err.text);
	assert_non_null(go);
	b = go_symbols_table(go);
	assert_int_equal(a->n_functions, b->n_functions);
	for (i = 0; i < a->n_functions; i++) {
		assert_true(gopclntab_at(a, i, &x) && gopclntab_at(b, i, &y));
		assert_true(x.start == y.start && x.end == y.end);
		assert_string_equal(x.name, y.name);
	}
	go_symbols_free(go);
	elf_image_free(img);
}

/* The same program as go1.26 would link it, and without its section table. */
static void test_service_changed(void **state)
{
	struct elf_section table;
	struct elf_image *img;
	struct go_symbols *go = NULL;
	CLEANUP_FREE unsigned char *bytes = NULL;
	Elf64_Ehdr *eh;
	size_t n;

	(void)state;
	bytes = service(&n, &img, &table);
	assert_int_equal(go_symbols_load(img, &go, NULL), 0);
	memset(bytes + table.offset + 24, 0, 8);
	assert_same(bytes, n, go);
	eh = (Elf64_Ehdr *)bytes;
	eh->e_shoff = 0;
	eh->e_shnum = eh->e_shstrndx = 0;
	assert_same(bytes, n, go);
	go_symbols_free(go);
	elf_image_free(img);
}

static bool ask_file(const void *bytes, size_t n)
{
	struct elf_image *img;
	struct go_symbols *go = NULL;
	struct symbol sym;
	uint64_t vaddr;

	if (elf_image_open_memory(bytes, n, "damaged", &img, NULL))
		return false;
	if (!go_symbols_load(img, &go, NULL) && go) {
		const struct gopclntab *t = go_symbols_table(go);

		for (vaddr = 0x400000; vaddr < 0x500000; vaddr += 0x4321)
			gopclntab_lookup(t, vaddr, &sym);
		go_symbols_free(go);
	}
	elf_image_free(img);
	return go;
}

static void test_service_mutated(void **state)
{
	struct elf_section table;
	struct elf_image *img;
	CLEANUP_FREE unsigned char *bytes = NULL;
	uint64_t random = 99, shoff;
	size_t n, i, k, n_read = 0;

	(void)state;
	bytes = service(&n, &img, &table);
	elf_image_free(img);
	shoff = ((Elf64_Ehdr *)bytes)->e_shoff;
	for (i = 0; i < 2000; i++) {
		uint64_t base[] = { 0, table.offset, table.offset, shoff };
		uint64_t size[] = { 0x200, 0x50, table.size, 0x400 };
		unsigned char was[4];
		size_t at[4];

		for (k = 0; k < 4; k++) {
			at[k] = base[k] + elf_build_random(&random) % size[k];
			was[k] = bytes[at[k]];
			/* Each is left alone half of the time, or no one gets to the next. */
			if (elf_build_random(&random) & 1)
				bytes[at[k]] = (unsigned char)elf_build_random(&random);
		}
		n_read += ask_file(bytes, n);
		while (k--)
			bytes[at[k]] = was[k];
	}
	assert_in_range(n_read, i / 10, i - i / 100);
	for (k = 0; k < n; k += n / 50)
		ask_file(bytes, k);
}

#define PROGRAM_TEST(i)                                                                            \
	{ .name = "test_program_" #i, .test_func = test_program,                                   \
	  .initial_state = (void *)(uintptr_t)&programs[i] }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_damaged_function),
		cmocka_unit_test(test_cut_off_and_mutated),
		cmocka_unit_test(test_find_table),
		cmocka_unit_test(test_find_section),
		cmocka_unit_test(test_text_of_module),
		cmocka_unit_test(test_text_by_relocation),
		PROGRAM_TEST(0),
		PROGRAM_TEST(1),
		PROGRAM_TEST(2),
		PROGRAM_TEST(3),
		cmocka_unit_test(test_service_changed),
		cmocka_unit_test(test_service_mutated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
