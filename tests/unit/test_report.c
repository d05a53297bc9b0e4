// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_report.c - properties of the reports; what they look like is in golden/report.ev.
 */
#include "tests/unit/evtext.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "user/base/text.h"
#include "user/report/report.h"
#include "user/report/table.h"

static struct session *load(const char *name)
{
	char *path = xasprintf("%s/golden/%s.ev", TEST_DIR, name);
	char *text = evtext_read_file(path);
	struct session *s;

	assert_non_null(text);
	s = evtext_session(text);
	free(text);
	free(path);
	return s;
}

static char *as_text(const struct session *s, struct report_options o)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	assert_int_equal(report_text(out, s, &o), 0);
	fclose(out);
	return text;
}

static json_t *as_json(const struct session *s)
{
	const struct report_options o = { .incomplete = "cut \"off\"" };
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);
	json_error_t err;
	json_t *root;

	assert_non_null(out);
	assert_int_equal(report_json(out, s, &o), 0);
	fclose(out);
	root = json_loads(text, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
			  &err);
	if (!root)
		fail_msg("%s at %d in %s", err.text, err.line, text);
	free(text);
	return root;
}

/* No line is wider than asked for, none ends with a blank, at any width. */
static void test_fits(void **state)
{
	struct session *s = load("report");
	unsigned int width;

	(void)state;
	for (width = 80; width < 170; width += 7) {
		struct report_options o = { .width = width, .utf8 = width % 2 };
		char *text = as_text(s, o), *line, *rest = text;

		while ((line = strsep(&rest, "\n"))) {
			if (text_width(line) > width)
				fail_msg("wider than %u: %s", width, line);
			if (*line && line[strlen(line) - 1] == ' ')
				fail_msg("ends with a blank: \"%s\"", line);
		}
		free(text);
	}
	session_free(s);
}

static void test_colour_says_nothing(void **state)
{
	struct session *s = load("report");
	struct report_options o = { .width = 80, .utf8 = true };
	char *plain = as_text(s, o), *coloured, *from, *to;

	(void)state;
	o.colour = true;
	coloured = as_text(s, o);
	assert_non_null(strchr(coloured, '\033'));
	for (from = to = coloured; *from; from++) {
		if (*from == '\033')
			from = strchr(from, 'm');
		else
			*to++ = *from;
	}
	*to = '\0';
	assert_string_equal(plain, coloured);
	free(plain);
	free(coloured);
	session_free(s);
}

/* Whatever a recording holds, no control character reaches the terminal. */
static void test_escapes(void **state)
{
	struct session *s = load("hostile");
	struct report_options o = { .width = 80, .utf8 = true, .incomplete = "why \033[0m\x9b" };
	char *text = as_text(s, o), *at;

	(void)state;
	for (at = text; *at; at++) {
		if (*at != '\n' && ((unsigned char)*at < ' ' || *at == 0x7f))
			fail_msg("\\x%02x after \"%.20s\"", *at, at > text + 20 ? at - 20 : text);
	}
	assert_non_null(strstr(text, "not complete: why \\x1b[0m\\x9b"));
	free(text);
	session_free(s);
}

static void test_emulation_is_labelled(void **state)
{
	static const struct {
		const char *accel, *kvm, *label, *name;
	} cases[] = {
		{ "tcg", "pvm", "TCG: not a KVM number", "vm (TCG)" },
		{ "\"tcg (why: x)\"", "vmx", "TCG: not a KVM number", "vm (TCG)" },
		{ "kvm", "pvm", "PVM: not a VMX or SVM number", "vm (PVM)" },
		{ "kvm", "vmx", NULL, "vm" },
		{ "\"\"", "none", "emulated: not a KVM number", "vm (emulated)" },
	};
	const struct report_options o = { .width = 100 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = xasprintf(
			"0 - ENV key=kvm value=%s\n0 - SCENARIO id=1 name=vm flags=vm accel=%s\n"
			"run 1\n0 - RUN_BEGIN scenario=1\n2 1 EXEC enter=1 root=1\n"
			"9 - CLIENT first_byte=2s\n9 - RUN_END\n",
			cases[i].kvm, cases[i].accel);
		struct session *s = evtext_session(text);
		char *report = as_text(s, o);

		if (cases[i].label)
			assert_non_null(strstr(report, cases[i].label));
		else
			assert_null(strstr(report, "not a"));
		assert_non_null(strstr(report, cases[i].name));
		assert_int_equal(!strstr(report, "vm ("), !cases[i].label);
		free(text);
		free(report);
		session_free(s);
	}
}

static double number(const json_t *from, const char *a, const char *b)
{
	const json_t *value = json_object_get(from, a);

	if (b)
		value = json_object_get(value, b);
	assert_true(json_is_number(value));
	return json_number_value(value);
}

static void test_json(void **state)
{
	struct session *s = load("report");
	json_t *root = as_json(s), *rows = json_object_get(root, "scenarios"), *row, *run;

	(void)state;
	assert_string_equal(json_string_value(json_object_get(root, "format")), "coldprof-report");
	assert_string_equal(json_string_value(json_object_get(root, "incomplete")), "cut \"off\"");
	assert_true(number(root, "environment", "cpus") == 2);
	assert_string_equal(json_string_value(json_object_get(
				    json_object_get(root, "environment"), "started")),
			    "2026-11-18T12:00:00Z");
	assert_int_equal(json_array_size(rows), 6);
	row = json_array_get(rows, 1);
	assert_int_equal(json_array_size(json_object_get(row, "runs")), 3);
	assert_int_equal(json_array_size(json_object_get(row, "warmup_runs")), 1);
	assert_null(json_object_get(row, "accel"));
	assert_true(number(json_object_get(row, "summary"), "cold_start_ns", "n") == 3);
	run = json_array_get(json_object_get(row, "runs"), 0);
	assert_true(number(run, "cold_start_ns", NULL) == number(run, "milestones", "first_byte"));
	assert_true(number(run, "milestones", "launch") == 0);
	assert_null(json_object_get(run, "phases")); /* absent, not faked */
	row = json_array_get(rows, 3);
	assert_string_equal(json_string_value(json_object_get(row, "stands_for")), "kata-qemu");
	run = json_array_get(json_object_get(row, "runs"), 0);
	assert_true(json_is_null(json_object_get(json_object_get(run, "milestones"),
						 "first_accept")));
	json_decref(root);
	session_free(s);
}

static void test_json_hostile(void **state)
{
	struct session *s = load("hostile");

	(void)state;
	json_decref(as_json(s));
	session_free(s);
}

static void test_empty(void **state)
{
	struct session *s = evtext_session("");
	const struct report_options o = { 0 };
	char *text = as_text(s, o);

	(void)state;
	assert_non_null(strstr(text, "No scenario"));
	json_decref(as_json(s));
	free(text);
	session_free(s);
}

static void test_write_error(void **state)
{
	struct session *s = load("report");
	const struct report_options o = { 0 };
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	if (!full) {
		session_free(s);
		skip();
	}
	assert_int_equal(report_text(full, s, &o), -ENOSPC);
	fclose(full);
	full = fopen("/dev/full", "w");
	assert_int_equal(report_json(full, s, &o), -ENOSPC);
	fclose(full);
	session_free(s);
}

static void test_prose(void **state)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	assert_non_null(out);
	prose_print(out, 24, "ab  ", "one two  three four fives sevennnnnnnnnnnnnnnnnnnnnnn end");
	prose_print(out, 24, "* ", "");
	fclose(out);
	assert_string_equal(text, "ab  one two three four\n"
				  "    fives\n"
				  "    sevennnnnnnnnnnnnnnn\n"
				  "    nnnnnnn end\n"
				  "* \n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fits),	     cmocka_unit_test(test_colour_says_nothing),
		cmocka_unit_test(test_escapes),	     cmocka_unit_test(test_emulation_is_labelled),
		cmocka_unit_test(test_json),	     cmocka_unit_test(test_json_hostile),
		cmocka_unit_test(test_empty),	     cmocka_unit_test(test_write_error),
		cmocka_unit_test(test_prose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
