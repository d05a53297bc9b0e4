/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - a streaming JSON writer: commas, nesting and escaping are its business.
 *
 *     struct json j;
 *     json_init(&j, stdout);
 *     json_object(&j, NULL);
 *     json_u64(&j, "pid", 12);
 *     json_array(&j, "phases"); … json_end(&j);
 *     json_end(&j);
 *     json_finish(&j);
 *
 * key is NULL inside arrays and at the top. Strings may hold any bytes: invalid UTF-8 is replaced
 * by U+FFFD, what could harm a terminal (utf8.h) is written \uNNNN, "</" is written "<\/" and "<!"
 * "\u003c!" so that the text can stand inside HTML. A wrong nesting is a bug and aborts. Write
 * errors are kept and told by json_finish(). Before json_finish() the end is not in the stream yet.
 */
#ifndef COLDPROF_JSON_H
#define COLDPROF_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 32
#define JSON_BUFFER 2048

/*
 * libjansson (scenarios/bundle.c reads with it) has functions of these names, and calls them
 * through the dynamic linker: without other names for ours it would call ours.
 */
#define json_object json_write_object
#define json_array json_write_array
#define json_string json_write_string
#define json_null json_write_null

struct json {
	FILE *out;
	int depth;
	int error;                   /* the first write error: negative errno */
	bool compact;                /* no line breaks; set after json_init() if wanted */
	bool some[JSON_DEPTH_MAX];   /* a value was written on this level */
	char closing[JSON_DEPTH_MAX];
	size_t n_buffer;             /* private: a value is many small pieces */
	char buffer[JSON_BUFFER];
};

void json_init(struct json *j, FILE *out);
void json_object(struct json *j, const char *key);
void json_array(struct json *j, const char *key);
void json_newline(struct json *j); /* a line break where compact has none: before a value */
void json_end(struct json *j); /* of the innermost object or array */
void json_string(struct json *j, const char *key, const char *s);
void json_string_n(struct json *j, const char *key, const char *s, size_t n);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_i64(struct json *j, const char *key, int64_t v);
/* v thousandths, exactly and quickly: 1500 is 1.5. */
void json_thousandths(struct json *j, const char *key, uint64_t v);
/* The shortest form that reads back the same; NaN and infinities become null. */
void json_double(struct json *j, const char *key, double v);
void json_bool(struct json *j, const char *key, bool v);
void json_null(struct json *j, const char *key);
int json_finish(struct json *j); /* newline and flush; 0 or -errno */

#endif
