// SPDX-License-Identifier: GPL-2.0-only
/* test_http.c - responses, whole, in pieces, broken and hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "user/launch/http.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"

/* Fed in pieces of every size, the outcome must be the same. */
static void check(const char *text, unsigned int status, bool complete, bool whole)
{
	size_t n = strlen(text), piece, at;

	for (piece = 1; piece <= n; piece++) {
		struct http_reply r = { 0 };

		for (at = 0; at < n; at += piece)
			http_feed(&r, text + at, n - at < piece ? n - at : piece);
		assert_int_equal(r.status, status);
		assert_int_equal(http_complete(&r), complete);
		assert_int_equal(http_whole(&r), whole);
	}
}

static void test_replies(void **state)
{
	(void)state;
	check(OK_HEAD "Content-Length: 5\r\n\r\nhello", 200, true, true);
	check(OK_HEAD "content-length:5\r\n\r\nhell", 200, false, false);
	check(OK_HEAD "A: b\r\n\r\nto the end", 200, false, true);
	check("HTTP/1.0 500 Internal Server Error\r\n\r\n", 500, false, true);
	check("HTTP/1.1 204 No Content\r\n\r\n", 204, true, true);
	check(OK_HEAD "Content-Length: 0\r\n\r\n", 200, true, true);
	check(OK_HEAD "A: b\r\n", 0, false, false); /* the head does not end */
	check("SSH-2.0-x\r\n\r\n", 0, false, true);
	check("HTTP/1.1 20\r\n\r\n", 0, false, true);
	check("HTTP/2 200\r\n\r\n", 0, false, true);
}

static void test_endless_head(void **state)
{
	struct http_reply r = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 3 * HTTP_HEAD_MAX; i++)
		http_feed(&r, "x", 1);
	assert_int_equal(r.status, 0);
	assert_true(r.head_done);
	assert_int_equal(r.head_bytes, HTTP_HEAD_MAX - 1);
}

static void test_request(void **state)
{
	char text[HTTP_REQUEST_MAX], path[HTTP_REQUEST_MAX];
	size_t n = http_request(text, "/a?b", "192.0.2.2", 8080);

	(void)state;
	assert_int_equal(n, strlen(text));
	assert_int_equal(strncmp(text, "GET /a?b HTTP/1.1\r\n", 19), 0);
	assert_non_null(strstr(text, "\r\nHost: 192.0.2.2:8080\r\n"));
	assert_string_equal(text + n - 4, "\r\n\r\n");
	http_request(text, "", "h", 1);
	assert_int_equal(strncmp(text, "GET / ", 6), 0);
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(http_request(text, path, "h", 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_endless_head),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
