// SPDX-License-Identifier: GPL-2.0-only
/* test_watch_rows.c - what `coldprof watch` says while it goes on, where stderr is no terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/watch_rows.h"

/* stderr of the news, in text. */
static void said(const struct watch_news *news, size_t n, char *text, size_t size)
{
	struct watch_rows *rows;
	int before = dup(STDERR_FILENO);
	FILE *f = tmpfile();
	size_t i, got;

	assert_non_null(f);
	fflush(stderr);
	dup2(fileno(f), STDERR_FILENO);
	rows = watch_rows_new();
	for (i = 0; i < n; i++)
		watch_rows_news(rows, &news[i]);
	watch_rows_free(rows);
	fflush(stderr);
	dup2(before, STDERR_FILENO);
	close(before);
	rewind(f);
	got = fread(text, 1, size - 1, f);
	text[got] = '\0';
	fclose(f);
}

static void test_lost(void **state)
{
	static const struct watch_news news[] = {
		{ .end = WATCH_OPEN, .number = 1, .rule = "runc", .id = "a\x1b[31m" },
		{ .end = WATCH_LOST, .lost = 1 },
		{ .end = WATCH_LOST, .lost = 12 },
		{ .end = WATCH_ENDED, .number = 1, .rule = "runc", .id = "a", .took = 5000000, .processes = 2 },
	};
	char text[2048];

	(void)state;
	said(news, 4, text, sizeof(text));
	assert_non_null(strstr(text, "\n1 record was lost until now"));
	assert_non_null(strstr(text, "\n12 records were lost until now"));
	assert_non_null(strstr(text, "ended after 5.00 ms"));
	assert_null(strchr(text, '\x1b'));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lost) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
