// SPDX-License-Identifier: GPL-2.0-only
/* test_text.c - numbers for people, hostile text, widths, suggestions. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

static void test_ms(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 ms" },
		{ 1, "0.000 ms" },
		{ 499, "0.000 ms" },
		{ 500, "0.001 ms" },
		{ 134000, "0.134 ms" },
		{ 999499, "0.999 ms" },
		{ 999500, "1.00 ms" },
		{ 1000000, "1.00 ms" },
		{ 9994999, "9.99 ms" },
		{ 9995000, "10.0 ms" },
		{ 27100000, "27.1 ms" },
		{ 99949999, "99.9 ms" },
		{ 99950000, "100 ms" },
		{ 262400000, "262 ms" },
		{ 1834000000, "1834 ms" },
		{ 1834500000, "1835 ms" },
		{ UINT64_MAX, "18446744073710 ms" },
	};
	char buf[TEXT_NUMBER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_ms(buf, cases[i].ns), cases[i].text);
	assert_ptr_equal(text_ms(buf, 1), buf);
}

static void test_bytes(void **state)
{
	static const uint64_t kib = 1024, mib = 1 << 20, gib = 1 << 30;
	const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" },
		{ 1023, "1023 B" },
		{ kib, "1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 4 * kib, "4 KiB" },
		{ 10 * kib - 1, "10 KiB" },
		{ 692 * kib, "692 KiB" },
		{ 692 * kib + 511, "692 KiB" },
		{ 1023 * kib, "1023 KiB" },
		{ mib - 1, "1.0 MiB" },
		{ mib, "1.0 MiB" },
		{ 7 * mib + mib / 10, "7.1 MiB" },
		{ 99 * mib + mib / 2, "99.5 MiB" },
		{ 100 * mib - 1, "100 MiB" },
		{ 512 * mib, "512 MiB" },
		{ gib - 1, "1.00 GiB" },
		{ gib + gib / 4, "1.25 GiB" },
		{ 12 * gib + gib / 2, "12.5 GiB" },
		{ UINT64_MAX, "17179869184 GiB" },
	};
	char buf[TEXT_NUMBER_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(text_bytes(buf, cases[i].bytes), cases[i].text);
}

/* A number must not shrink on screen when it grows in truth, least of all where units change. */
static void test_numbers_rise(void **state)
{
	double last_ms = 0, last_bytes = 0;
	uint64_t v;

	(void)state;
	for (v = 1; v < UINT64_MAX / 2; v += v / 97 + 1) {
		char buf[TEXT_NUMBER_MAX], *unit;
		double shown = strtod(text_ms(buf, v), NULL);

		assert_true(shown >= last_ms);
		last_ms = shown;
		shown = strtod(text_bytes(buf, v), &unit);
		if (strcmp(unit, " KiB") == 0)
			shown *= 1 << 10;
		else if (strcmp(unit, " MiB") == 0)
			shown *= 1 << 20;
		else if (strcmp(unit, " GiB") == 0)
			shown *= 1 << 30;
		else
			assert_string_equal(unit, " B");
		assert_true(shown >= last_bytes);
		assert_true(shown > 0.95 * (double)v && shown < 1.05 * (double)v);
		last_bytes = shown;
	}
}

#define ESCAPED(literal, expected)                                                                 \
	do {                                                                                       \
		char out_[256];                                                                    \
		assert_string_equal(                                                               \
			text_escape(out_, sizeof(out_), literal, sizeof(literal) - 1), expected);  \
	} while (0)

static void test_escape(void **state)
{
	(void)state;
	ESCAPED("", "");
	ESCAPED("plain text, ~ and |", "plain text, ~ and |");
	ESCAPED("back\\slash", "back\\\\slash");
	ESCAPED("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m");
	ESCAPED("a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd");
	ESCAPED("nul\0in it", "nul\\x00in it");
	ESCAPED("\x7f", "\\x7f");
	ESCAPED("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7",
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7");
	ESCAPED("\xc2\x9b" "31m", "\\u{9b}31m"); /* CSI in C1 */
	ESCAPED("\x9b" "31m", "\\x9b31m");       /* the same as a bare byte */
	ESCAPED("\xe2\x80\xae" "txt.exe", "\\u{202e}txt.exe");
	ESCAPED("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}");
	ESCAPED("ro\xe2\x80\x8bot", "ro\\u{200b}ot");
	ESCAPED("\xef\xbb\xbf", "\\u{feff}");
	ESCAPED("\xe2\x80\xa8", "\\u{2028}");
	ESCAPED("\xf3\xa0\x81\x81", "\\u{e0041}");
}

static void test_escape_invalid(void **state)
{
	(void)state;
	ESCAPED("\xff\xfe", "\\xff\\xfe");
	ESCAPED("\x80", "\\x80");
	ESCAPED("\xc0\xaf", "\\xc0\\xaf");                         /* overlong */
	ESCAPED("\xc1\xbf", "\\xc1\\xbf");
	ESCAPED("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	ESCAPED("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf");
	ESCAPED("\xed\xa0\x80", "\\xed\\xa0\\x80");                /* surrogate */
	ESCAPED("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");       /* beyond U+10FFFF */
	ESCAPED("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
	ESCAPED("\xe2\x82", "\\xe2\\x82");                         /* cut off */
	ESCAPED("\xe2\x82x", "\\xe2\\x82x");
	ESCAPED("\xc3\xc3\xbc", "\\xc3\xc3\xbc");
}

/* No byte string whatever comes out with a control, and what comes out is UTF-8. */
static void test_escape_all_bytes(void **state)
{
	unsigned int a, b, c;

	(void)state;
	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b++) {
			for (c = 0; c < 256; c += 5) {
				char in[3] = { (char)a, (char)b, (char)c }, out[64], *p = out;
				size_t n;

				text_escape(out, sizeof(out), in, sizeof(in));
				n = strlen(out);
				while (n) {
					uint32_t point = 0;
					size_t length = utf8_decode(p, n, &point);

					assert_true(length > 0);
					assert_false(utf8_is_unsafe(point));
					p += length;
					n -= length;
				}
			}
		}
	}
}

/* Every size of out: a prefix of the whole, never part of a character or of an escape. */
static void test_escape_cut(void **state)
{
	static const char in[] = "a\xe2\x82\xac\x1b\\\xe2\x80\xae\xffz";
	static const char *const pieces[] = {
		"a", "\xe2\x82\xac", "\\x1b", "\\\\", "\\u{202e}", "\\xff", "z",
	};
	char whole[64];
	size_t size;

	(void)state;
	text_escape(whole, sizeof(whole), in, sizeof(in) - 1);
	for (size = 1; size <= strlen(whole) + 2; size++) {
		CLEANUP_FREE char *out = xmalloc(size); /* the sanitizer guards its end */
		size_t expected = 0, i;

		text_escape(out, size, in, sizeof(in) - 1);
		for (i = 0; i < ARRAY_SIZE(pieces); i++) {
			if (expected + strlen(pieces[i]) >= size)
				break;
			expected += strlen(pieces[i]);
		}
		assert_int_equal(strlen(out), expected);
		assert_memory_equal(out, whole, expected);
	}
	whole[0] = 'x';
	assert_ptr_equal(text_escape(whole, 0, in, 3), whole);
	assert_int_equal(whole[0], 'x');
}

#define ARGV(literal, expected)                                                                    \
	do {                                                                                       \
		char out_[256];                                                                    \
		assert_string_equal(                                                               \
			text_argv(out_, sizeof(out_), literal, sizeof(literal) - 1), expected);    \
	} while (0)

static void test_argv(void **state)
{
	char out[8];

	(void)state;
	ARGV("", "");
	ARGV("runc\0run\0--bundle\0/b\0", "runc run --bundle /b");
	ARGV("sh\0-c\0sleep 1\0", "sh -c 'sleep 1'");
	ARGV("a\0\0b\0", "a '' b");
	ARGV("\0", "''");
	ARGV("cut\0off here", "cut 'off here'");
	ARGV("it's\0", "\"it's\"");
	ARGV("say \"hi\"\0", "'say \"hi\"'");
	ARGV("it's \"x\"\0", "\"it's \\\"x\\\"\"");
	ARGV("\x1b[2J\0\xff\0", "\\x1b[2J \\xff");
	ARGV("a\nb\0", "a\\x0ab");
	text_argv(out, sizeof(out), "abc\0defghi\0jk\0", 14);
	assert_string_equal(out, "abc def");
	/* After the cut nothing more, not even the quote that would fit. */
	text_argv(out, 7, "a \x1bz", 4);
	assert_string_equal(out, "'a ");
}

static void test_width(void **state)
{
	(void)state;
	assert_int_equal(text_width(""), 0);
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("gr\xc3\xbc\xc3\x9f"), 4);
	assert_int_equal(text_width("e\xcc\x81"), 1);                 /* e and an accent */
	assert_int_equal(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);  /* Han */
	assert_int_equal(text_width("\xea\xb0\x80"), 2);              /* Hangul syllable */
	assert_int_equal(text_width("\xe1\x84\x80\xe1\x85\xa1"), 2);  /* the same in letters */
	assert_int_equal(text_width("\xef\xbd\xb1"), 1);              /* half-width kana */
	assert_int_equal(text_width("\xef\xbc\xa1"), 2);              /* full-width A */
	assert_int_equal(text_width("\xf0\x9f\x90\xa7"), 2);          /* penguin */
	assert_int_equal(text_width("\xe2\x94\x80\xe2\x96\x88"), 2);  /* box drawing, block */
	assert_int_equal(text_width("\xe2\x82\xac\xc2\xb5\xe2\x80\xa6"), 3);
	assert_int_equal(text_width("\xff\xfe"), 2);
}

/* The same in every locale: root and CI have "C". */
static void test_locale(void **state)
{
	(void)state;
	setlocale(LC_ALL, "C");
	assert_int_equal(text_width("\xe6\xbc\xa2"), 2);
	ESCAPED("\xe6\xbc\xa2", "\xe6\xbc\xa2");
}

static void test_suggest(void **state)
{
	static const char *const names[] = {
		"native",  "runc", "crun",        "gvisor", "kata-qemu",
		"kata-fc", "qemu", "firecracker", "wasm",
	};
	static const struct {
		const char *typed, *meant;
	} cases[] = {
		{ "runc", "runc" },
		{ "RunC", "runc" },
		{ "rnuc", "runc" },
		{ "gvsior", "gvisor" },
		{ "gvisr", "gvisor" },
		{ "fire", "firecracker" },
		{ "fircracker", "firecracker" },
		{ "firecrakcre", "firecracker" },
		{ "kata", "kata-qemu" },
		{ "kata-fx", "kata-fc" },
		{ "wasmm", "wasm" },
		{ "qem", "qemu" },
		{ "", NULL },
		{ "x", NULL },
		{ "docker", NULL },
		{ "zzzz", NULL },
	};
	static const char *const swapped[] = { "ba" };
	char endless[300];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = text_suggest(cases[i].typed, names, ARRAY_SIZE(names));

		if (!cases[i].meant)
			assert_null(got);
		else if (!got)
			fail_msg("nothing suggested for %s", cases[i].typed);
		else
			assert_string_equal(got, cases[i].meant);
	}
	assert_null(text_suggest("runc", names, 0));
	assert_ptr_equal(text_suggest("ab", swapped, 1), swapped[0]);
	assert_null(text_suggest("cd", swapped, 1));
	memset(endless, 'r', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	assert_null(text_suggest(endless, names, ARRAY_SIZE(names)));
	assert_null(text_suggest("runc", (const char *const[]){ endless }, 1));
}

static void test_parse(void **state)
{
	static const char *const bad[] = {
		"", " 1", "1 ", "+1", "-1", "0x10", "1.0", "1e3", "ten", "1\n",
		"18446744073709551616", "99999999999999999999999", "184467440737095516150",
	};
	uint64_t v = 77;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(text_parse_u64(bad[i], 0, UINT64_MAX, &v));
	assert_false(text_parse_u64(NULL, 0, UINT64_MAX, &v));
	assert_false(text_parse_u64("0", 1, 9, &v));
	assert_false(text_parse_u64("10", 1, 9, &v));
	assert_int_equal(v, 77);
	assert_true(text_parse_u64("1", 1, 9, &v));
	assert_int_equal(v, 1);
	assert_true(text_parse_u64("9", 1, 9, &v));
	assert_int_equal(v, 9);
	assert_true(text_parse_u64("007", 1, 9, &v));
	assert_int_equal(v, 7);
	assert_true(text_parse_u64("18446744073709551615", 0, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ms),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_numbers_rise),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_invalid),
		cmocka_unit_test(test_escape_all_bytes),
		cmocka_unit_test(test_escape_cut),
		cmocka_unit_test(test_argv),
		cmocka_unit_test(test_width),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
