// SPDX-License-Identifier: GPL-2.0-only
/* test_kallsyms.c - kernel names from text: order, ends, modules, what is hidden. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/unit/scratch.h"
#include "user/symbol/kallsyms.h"

static int read_text(const char *text, struct kallsyms **t, struct error *err)
{
	CLEANUP_FCLOSE FILE *in = fmemopen((char *)(uintptr_t)text, strlen(text), "r");

	return kallsyms_read(in, t, err);
}

static void assert_named(const struct kallsyms *t, uint64_t address, const char *name,
			 uint64_t offset, const char *module)
{
	const char *in = NULL;
	struct symbol sym;

	if (!kallsyms_lookup(t, address, &sym, &in))
		fail_msg("0x%" PRIx64 " has no name, should be %s", address, name);
	assert_string_equal(sym.name, name);
	assert_int_equal(address - sym.start, offset);
	assert_string_equal(in, module);
	assert_true(address < sym.end && !sym.exact);
}

static void assert_unnamed(const struct kallsyms *t, uint64_t address)
{
	struct symbol sym;

	if (kallsyms_lookup(t, address, &sym, NULL))
		fail_msg("0x%" PRIx64 " is not %s", address, sym.name);
}

/* As the kernel writes it: modules after the kernel, not in order; BPF programs last. */
static const char text[] =
	"0000000000000000 A fixed_percpu_data\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 T __start\n"
	"ffffffff81000000 T startup_64\n"
	"ffffffff81000200 t do_one_thing\n"
	"ffffffff81000300 W weak_thing\n"
	"ffffffff81000400 T synchronize_rcu\n"
	"ffffffff81000480 T __entry_text_end\n"
	"ffffffff81000500 T after_gap\n"
	"ffffffff81000600 T _etext\n"
	"ffffffff81800000 d some_data\n"
	"ffffffff81a00000 T init_thing\n"
	"ffffffff81a00080 D more_data\n"
	"ffffffffc0a02000 t veth_close\t[veth]\n"
	"ffffffffc0a01000 t veth_open\t[veth]\n"
	"ffffffffc0a01f00 t veth_last_before_close\t[veth]\n"
	"ffffffffc0b01000 t other_open\t[other]\n"
	"ffffffffc0b01010 d other_data\t[other]\n"
	"ffffffffc0c00000 t bpf_prog_6deef7357e7b4530_on_switch\t[bpf]\n";

static void test_lookup(void **state)
{
	struct kallsyms *t;
	struct error err = { 0 };

	(void)state;
	if (read_text(text, &t, &err))
		fail_msg("%s", err.text);
	assert_int_equal(kallsyms_count(t), 11);
	assert_unnamed(t, 0);
	assert_unnamed(t, 0x10);
	assert_unnamed(t, 0xffffffff80ffffff);
	assert_named(t, 0xffffffff81000000, "startup_64", 0, "");
	assert_named(t, 0xffffffff810001ff, "startup_64", 0x1ff, "");
	assert_named(t, 0xffffffff81000200, "do_one_thing", 0, "");
	assert_named(t, 0xffffffff81000304, "weak_thing", 4, "");
	assert_named(t, 0xffffffff8100047f, "synchronize_rcu", 0x7f, "");
	/* Marks of an end and data are no functions, but they end them. */
	assert_unnamed(t, 0xffffffff81000480);
	assert_named(t, 0xffffffff810005ff, "after_gap", 0xff, "");
	assert_unnamed(t, 0xffffffff81000600);
	assert_unnamed(t, 0xffffffff81800010);
	assert_named(t, 0xffffffff81a0007f, "init_thing", 0x7f, "");
	assert_unnamed(t, 0xffffffff81a00080);
	kallsyms_free(t);
}

static void test_modules(void **state)
{
	struct kallsyms *t;

	(void)state;
	assert_int_equal(read_text(text, &t, NULL), 0);
	assert_named(t, 0xffffffffc0a01000, "veth_open", 0, "veth");
	assert_named(t, 0xffffffffc0a01eff, "veth_open", 0xeff, "veth");
	assert_named(t, 0xffffffffc0a02000, "veth_close", 0, "veth");
	/* The last of a module: to the end of its page, and not to the next module. */
	assert_named(t, 0xffffffffc0a02fff, "veth_close", 0xfff, "veth");
	assert_unnamed(t, 0xffffffffc0a03000);
	assert_unnamed(t, 0xffffffffc0b00fff);
	assert_named(t, 0xffffffffc0b0100f, "other_open", 0xf, "other");
	assert_unnamed(t, 0xffffffffc0b01010);
	assert_named(t, 0xffffffffc0c00004, "bpf_prog_6deef7357e7b4530_on_switch", 4, "bpf");
	assert_unnamed(t, 0xffffffffc0c01000);
	assert_unnamed(t, UINT64_MAX);
	kallsyms_free(t);
}

static void test_hidden(void **state)
{
	struct kallsyms *t;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(read_text("0000000000000000 T _stext\n0000000000000000 t do_it\n"
				   "0000000000000000 t veth_open\t[veth]\n", &t, &err), -EACCES);
	assert_null(t);
	assert_int_equal(err.class, ERROR_HOST);
	assert_string_equal(err.text,
			    "the kernel hides where its functions are (see kptr_restrict)");
}

static void test_empty(void **state)
{
	static const char *const texts[] = {
		"\n", "ffffffff81000000 D data\n", "no symbols at all\n", "ffffffff81000000\n",
		"ffffffff81000000 T\n", "ffffffff81000000 T \n", "ffffffff81000000 Tname\n",
		"-1 T minus\n", " ffffffff81000000 T blank_first\n",
	};
	struct kallsyms *t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct error err = { 0 };

		assert_int_equal(read_text(texts[i], &t, &err), -ENODATA);
		assert_null(t);
		assert_string_equal(err.text, "no kernel function is listed");
	}
}

/* Odd lines cost themselves only. */
static void test_odd_lines(void **state)
{
	struct kallsyms *t;

	(void)state;
	assert_int_equal(read_text("garbage\nffffffff81000000 T first\n\xff\xfe\n\n"
				   "ffffffff81000100 t in_odd_module\t[]\n"
				   "fffffffffffff000 t at_the_end\t[odd\n"
				   "ffffffff81000200 t no_newline", &t, NULL), 0);
	assert_named(t, 0xffffffff81000010, "first", 0x10, "");
	assert_named(t, 0xffffffff81000100, "in_odd_module", 0, "");
	assert_named(t, 0xffffffff81000201, "no_newline", 1, "");
	assert_named(t, 0xfffffffffffffffe, "at_the_end", 0xffe, "odd");
	kallsyms_free(t);
}

static void test_path(void **state)
{
	struct scratch *s = *state;
	struct kallsyms *t;
	struct error err = { 0 };
	FILE *f;

	assert_int_equal(kallsyms_open(s->path, &t, &err), -ENOENT);
	assert_null(t);
	f = fopen(s->path, "w");
	fputs("0000000000000000 T _stext\n", f);
	fclose(f);
	assert_int_equal(kallsyms_open(s->path, &t, &err), -EACCES);
	assert_int_equal(strncmp(err.text, s->path, strlen(s->path)), 0);
	assert_int_equal(err.class, ERROR_HOST);
}

static void test_this_kernel(void **state)
{
	struct kallsyms *t;
	struct error err = { 0 };
	struct symbol sym;
	uint64_t address = 0;
	char line[512];
	FILE *f;

	(void)state;
	if (kallsyms_open(KALLSYMS_PATH, &t, &err)) {
		print_message("skipped: %s\n", err.text);
		skip();
	}
	assert_true(kallsyms_count(t) > 1000);
	f = fopen(KALLSYMS_PATH, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, " T synchronize_rcu\n"))
			address = strtoull(line, NULL, 16);
	fclose(f);
	assert_true(address);
	assert_named(t, address, "synchronize_rcu", 0, "");
	assert_named(t, address + 8, "synchronize_rcu", 8, "");
	assert_true(kallsyms_lookup(t, address, &sym, NULL) && sym.end - sym.start < 1 << 20);
	kallsyms_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_modules),
		cmocka_unit_test(test_hidden),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_odd_lines),
		cmocka_unit_test_setup_teardown(test_path, scratch_setup, scratch_teardown),
		cmocka_unit_test(test_this_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
