// SPDX-License-Identifier: GPL-2.0-only
/* test_json.c - the JSON writer: form, escaping, numbers, faults. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/json.h"
#include "user/base/mem.h"

/* What a test has written, as a string. */
struct paper {
	struct json j;
	FILE *f;
	char *text;
	size_t n;
};

static struct json *paper_init(struct paper *p, bool compact)
{
	p->text = NULL;
	p->f = open_memstream(&p->text, &p->n);
	assert_non_null(p->f);
	json_init(&p->j, p->f);
	p->j.compact = compact;
	return &p->j;
}

static void paper_expect(struct paper *p, const char *text)
{
	assert_int_equal(json_finish(&p->j), 0);
	assert_int_equal(p->n, strlen(p->text));
	assert_string_equal(p->text, text);
	fclose(p->f);
	free(p->text);
}

static void write_sample(struct json *j)
{
	json_object(j, NULL);
	json_u64(j, "pid", 12);
	json_array(j, "phases");
	json_object(j, NULL);
	json_string(j, "name", "exec");
	json_i64(j, "ns", -5);
	json_end(j);
	json_array(j, NULL);
	json_end(j);
	json_bool(j, NULL, true);
	json_bool(j, NULL, false);
	json_end(j);
	json_object(j, "empty");
	json_end(j);
	json_null(j, "nothing");
	json_double(j, "ratio", 1.5);
	json_end(j);
}

static void test_compact(void **state)
{
	struct paper p;

	(void)state;
	write_sample(paper_init(&p, true));
	paper_expect(&p, "{\"pid\":12,\"phases\":[{\"name\":\"exec\",\"ns\":-5},[],true,false],"
			 "\"empty\":{},\"nothing\":null,\"ratio\":1.5}\n");
}

static void test_pretty(void **state)
{
	struct paper p;

	(void)state;
	write_sample(paper_init(&p, false));
	paper_expect(&p, "{\n"
			 "  \"pid\": 12,\n"
			 "  \"phases\": [\n"
			 "    {\n"
			 "      \"name\": \"exec\",\n"
			 "      \"ns\": -5\n"
			 "    },\n"
			 "    [],\n"
			 "    true,\n"
			 "    false\n"
			 "  ],\n"
			 "  \"empty\": {},\n"
			 "  \"nothing\": null,\n"
			 "  \"ratio\": 1.5\n"
			 "}\n");
}

static void test_integers(void **state)
{
	struct paper p;
	struct json *j = paper_init(&p, true);

	(void)state;
	json_array(j, NULL);
	json_u64(j, NULL, 0);
	json_u64(j, NULL, UINT64_MAX);
	json_i64(j, NULL, INT64_MIN);
	json_i64(j, NULL, INT64_MAX);
	json_end(j);
	paper_expect(&p, "[0,18446744073709551615,-9223372036854775808,9223372036854775807]\n");
}

static void check_string(const char *s, size_t n, const char *expected)
{
	struct paper p;
	CLEANUP_FREE char *line = xasprintf("\"%s\"\n", expected);

	json_string_n(paper_init(&p, true), NULL, s, n);
	paper_expect(&p, line);
}

#define STRING(literal, expected) check_string(literal, sizeof(literal) - 1, expected)

static void test_strings(void **state)
{
	(void)state;
	STRING("", "");
	STRING("plain ~", "plain ~");
	STRING("quote \" back \\ slash /", "quote \\\" back \\\\ slash /");
	STRING("\b\f\n\r\t", "\\b\\f\\n\\r\\t");
	STRING("\x01\x1b[31m\x7f", "\\u0001\\u001b[31m\\u007f");
	STRING("nul\0in", "nul\\u0000in");
	STRING("\0", "\\u0000");
	STRING("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7");
	STRING("\xc2\x9b", "\\u009b");
	STRING("\xe2\x80\xae", "\\u202e");
	STRING("\xe2\x80\xa8", "\\u2028");
	STRING("\xf3\xa0\x81\x81", "\\udb40\\udc41"); /* U+E0041, a tag */
}

static void test_invalid_utf8(void **state)
{
	(void)state;
	STRING("\xff", "\xef\xbf\xbd");
	STRING("a\xc3", "a\xef\xbf\xbd");
	STRING("\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd");
	STRING("\xed\xa0\x80x", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx");
	STRING("\xe2\x82\"", "\xef\xbf\xbd\xef\xbf\xbd\\\"");
}

static void test_html(void **state)
{
	(void)state;
	STRING("</script>", "<\\/script>");
	STRING("<</", "<<\\/");
	STRING("<!--<script>", "\\u003c!--<script>");
	STRING("a < b / c", "a < b / c");
	STRING("<", "<");
	STRING("<b>", "<b>");
}

static void test_key_is_escaped(void **state)
{
	struct paper p;
	struct json *j = paper_init(&p, true);

	(void)state;
	json_object(j, NULL);
	json_u64(j, "a\"</\n", 1);
	json_end(j);
	paper_expect(&p, "{\"a\\\"<\\/\\n\":1}\n");
}

static void check_double(double v, const char *expected)
{
	struct paper p;
	CLEANUP_FREE char *line = xasprintf("%s\n", expected);

	json_double(paper_init(&p, true), NULL, v);
	paper_expect(&p, line);
}

static void test_doubles(void **state)
{
	(void)state;
	check_double(0, "0");
	check_double(-0.0, "-0");
	check_double(1, "1");
	check_double(0.1, "0.1");
	check_double(0.1 + 0.2, "0.30000000000000004");
	check_double(1.0 / 3, "0.3333333333333333");
	check_double(-27.125, "-27.125");
	check_double(1e22, "1e+22");
	check_double(123456789012345680.0, "1.2345678901234568e+17");
	check_double(DBL_MAX, "1.7976931348623157e+308");
	check_double(DBL_MIN, "2.2250738585072014e-308");
	check_double(5e-324, "5e-324");
	check_double(NAN, "null");
	check_double(INFINITY, "null");
	check_double(-INFINITY, "null");
}

static void test_doubles_read_back(void **state)
{
	uint64_t bits = 0x123456789abcdefull;
	int i;

	(void)state;
	for (i = 0; i < 20000; i++) {
		struct paper p;
		double v;

		bits = bits * 6364136223846793005ull + 1442695040888963407ull;
		memcpy(&v, &bits, sizeof(v));
		json_double(paper_init(&p, true), NULL, v);
		assert_int_equal(json_finish(&p.j), 0);
		if (isfinite(v))
			assert_true(strtod(p.text, NULL) == v);
		else
			assert_string_equal(p.text, "null\n");
		fclose(p.f);
		free(p.text);
	}
}

/* A comma as decimal point makes two values of one. Skipped where no such locale is installed. */
static void test_locale(void **state)
{
	static const char *const names[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (setlocale(LC_NUMERIC, names[i]))
			break;
	if (i == ARRAY_SIZE(names))
		skip();
	check_double(0.5, "0.5");
	check_double(-1.25e-30, "-1.25e-30");
	setlocale(LC_NUMERIC, "C");
}

static void bug_key_at_top(struct json *j)
{
	json_u64(j, "key", 1);
}

static void bug_no_key(struct json *j)
{
	json_object(j, NULL);
	json_u64(j, NULL, 1);
}

static void bug_key_in_array(struct json *j)
{
	json_array(j, NULL);
	json_null(j, "key");
}

static void bug_end(struct json *j)
{
	json_object(j, NULL);
	json_end(j);
	json_end(j);
}

static void bug_unfinished(struct json *j)
{
	json_object(j, NULL);
	json_finish(j);
}

static void bug_two_values(struct json *j)
{
	json_null(j, NULL);
	json_null(j, NULL);
}

static void bug_nothing(struct json *j)
{
	json_finish(j);
}

static void bug_too_deep(struct json *j)
{
	int i;

	for (i = 0; i <= JSON_DEPTH_MAX; i++)
		json_array(j, NULL);
}

static void test_bugs_abort(void **state)
{
	static void (*const bugs[])(struct json *) = {
		bug_key_at_top, bug_no_key,     bug_key_in_array, bug_end,
		bug_unfinished, bug_two_values, bug_nothing,      bug_too_deep,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bugs); i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct rlimit none = { 0, 0 };
			struct paper p;

			setrlimit(RLIMIT_CORE, &none);
			signal(SIGABRT, SIG_DFL);
			if (!freopen("/dev/null", "w", stderr))
				_exit(1);
			bugs[i](paper_init(&p, true));
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("bug %zu was not noticed", i);
	}
}

static void test_depth(void **state)
{
	char expected[2 * JSON_DEPTH_MAX + 2];
	struct paper p;
	struct json *j = paper_init(&p, true);
	int i;

	(void)state;
	for (i = 0; i < JSON_DEPTH_MAX - 1; i++)
		json_array(j, NULL);
	for (i = 0; i < JSON_DEPTH_MAX - 1; i++)
		json_end(j);
	memset(expected, '[', JSON_DEPTH_MAX - 1);
	memset(expected + JSON_DEPTH_MAX - 1, ']', JSON_DEPTH_MAX - 1);
	strcpy(expected + 2 * JSON_DEPTH_MAX - 2, "\n");
	paper_expect(&p, expected);
}

/* A full disk: told once, at the end, however early it happened. */
static void test_write_error(void **state)
{
	static const int counts[] = { 1, 100000 };
	size_t k;

	(void)state;
	for (k = 0; k < ARRAY_SIZE(counts); k++) {
		FILE *f = fopen("/dev/full", "w");
		struct json j;
		int i;

		assert_non_null(f);
		json_init(&j, f);
		json_array(&j, NULL);
		for (i = 0; i < counts[k]; i++)
			json_string(&j, NULL, "some text");
		json_end(&j);
		assert_int_equal(json_finish(&j), -ENOSPC);
		fclose(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_pretty),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_invalid_utf8),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_key_is_escaped),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_doubles_read_back),
		cmocka_unit_test(test_locale),
		cmocka_unit_test(test_bugs_abort),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_write_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
