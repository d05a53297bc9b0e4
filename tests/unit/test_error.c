// SPDX-License-Identifier: GPL-2.0-only
/* test_error.c - errors: sentences, classes, and that a failure stays one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "user/base/error.h"

static void test_set(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_set(&err, -ENOENT, "cannot find %s in %d places", "it", 3), -ENOENT);
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(err.class, ERROR_FAILED);
	assert_string_equal(err.text, "cannot find it in 3 places");
}

static void test_errno(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_errno(&err, -EACCES, "cannot open %s", "x"), -EACCES);
	assert_string_equal(err.text, "cannot open x: Permission denied");
	assert_int_equal(err.class, ERROR_FAILED);
}

static void test_class(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_int_equal(error_class(&err, ERROR_HOST, -EPERM, "not %s", "root"), -EPERM);
	assert_int_equal(err.class, ERROR_HOST);
	assert_string_equal(err.text, "not root");
	/* A class must not stick to the next error. */
	error_set(&err, -EIO, "other");
	assert_int_equal(err.class, ERROR_FAILED);
}

static void test_wrap(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_class(&err, ERROR_USAGE, -EINVAL, "no such port");
	assert_int_equal(error_wrap(&err, "cannot start %s", "runc"), -EINVAL);
	assert_int_equal(error_wrap(&err, "run %d", 2), -EINVAL);
	assert_string_equal(err.text, "run 2: cannot start runc: no such port");
	assert_int_equal(err.class, ERROR_USAGE);
}

static void test_arguments_from_itself(void **state)
{
	struct error err = { 0 };

	(void)state;
	error_set(&err, -EIO, "inner");
	error_set(&err, -EIO, "outer (%s)", err.text);
	assert_string_equal(err.text, "outer (inner)");
	error_wrap(&err, "again %s", err.text);
	assert_string_equal(err.text, "again outer (inner): outer (inner)");
}

static void test_null(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -ENOENT, "x"), -ENOENT);
	assert_int_equal(error_errno(NULL, -ENOENT, "x"), -ENOENT);
	assert_int_equal(error_class(NULL, ERROR_HOST, -ENOENT, "x"), -ENOENT);
	assert_true(error_wrap(NULL, "x") < 0);
}

static void test_never_success(void **state)
{
	struct error err = { 0 };

	(void)state;
	assert_true(error_set(&err, 0, "x") < 0);
	assert_true(err.code < 0);
	assert_int_equal(error_errno(&err, ENOENT, "x"), -ENOENT);
	assert_string_equal(err.text, "x: No such file or directory");
}

static void test_long(void **state)
{
	struct {
		struct error err;
		char after[16];
	} guarded;
	char text[3 * ERROR_TEXT_MAX];
	int i;

	(void)state;
	memset(&guarded, 0x5a, sizeof(guarded));
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	error_errno(&guarded.err, -EIO, "%s", text);
	assert_int_equal(strlen(guarded.err.text), ERROR_TEXT_MAX - 1);
	for (i = 0; i < 5; i++)
		error_wrap(&guarded.err, "context %d", i);
	assert_int_equal(strlen(guarded.err.text), ERROR_TEXT_MAX - 1);
	assert_memory_equal(guarded.err.text, "context 4: context 3: ", 22);
	for (i = 0; i < (int)sizeof(guarded.after); i++)
		assert_int_equal(guarded.after[i], 0x5a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_class),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_arguments_from_itself),
		cmocka_unit_test(test_null),
		cmocka_unit_test(test_never_success),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
