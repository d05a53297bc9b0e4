// SPDX-License-Identifier: GPL-2.0-only
/* json.c - a streaming JSON writer. */
#include "user/base/json.h"

#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/utf8.h"

static _Noreturn void bug(const char *what)
{
	fprintf(stderr, "coldprof: bug: JSON: %s\n", what);
	abort();
}

static void flush(struct json *j)
{
	errno = 0;
	if (j->n_buffer && fwrite(j->buffer, 1, j->n_buffer, j->out) != j->n_buffer && !j->error)
		j->error = errno ? -errno : -EIO;
	j->n_buffer = 0;
}

static void put(struct json *j, const char *s, size_t n)
{
	while (n > sizeof(j->buffer) - j->n_buffer) {
		size_t part = sizeof(j->buffer) - j->n_buffer;

		memcpy(j->buffer + j->n_buffer, s, part);
		j->n_buffer += part;
		s += part;
		n -= part;
		flush(j);
	}
	memcpy(j->buffer + j->n_buffer, s, n);
	j->n_buffer += n;
}

static void put_text(struct json *j, const char *s)
{
	put(j, s, strlen(s));
}

static void line_break(struct json *j)
{
	int i;

	if (j->compact)
		return;
	put(j, "\n", 1);
	for (i = 0; i < j->depth; i++)
		put(j, "  ", 2);
}

/* Bytes that may stand in a string as they are; of '<' it depends on its neighbour. */
static const bool plain[256] = {
	[' ' ... '!'] = true, ['#' ... ';'] = true, ['=' ... '['] = true, [']' ... '~'] = true,
};

static void put_point(struct json *j, uint32_t point)
{
	char escape[16];

	if (point >= 0x10000) {
		point -= 0x10000;
		snprintf(escape, sizeof(escape), "\\u%04" PRIx32 "\\u%04" PRIx32,
			 0xd800 + (point >> 10), 0xdc00 + (point & 0x3ff));
	} else {
		snprintf(escape, sizeof(escape), "\\u%04" PRIx32, point);
	}
	put_text(j, escape);
}

/* One character that is not plain; returns the bytes that it took. */
static size_t put_special(struct json *j, const char *s, size_t n)
{
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	uint32_t point = 0;
	size_t length = utf8_decode(s, n, &point);
	const char *at;

	if (length == 0) {
		put_text(j, "\xef\xbf\xbd"); /* U+FFFD */
		return 1;
	}
	at = point && point < 0x80 ? strchr(named, (int)point) : NULL;
	if (at) {
		char escape[2] = { '\\', letters[at - named] };

		put(j, escape, sizeof(escape));
	} else if (point == '<' && n > 1 && s[1] == '/') {
		put_text(j, "<\\/");
		return 2;
	} else if (point == '<' && n > 1 && s[1] == '!') {
		/* "<!--" makes an HTML parser overlook the end of the script around it. */
		put_point(j, point);
	} else if (utf8_is_unsafe(point)) {
		put_point(j, point);
	} else {
		put(j, s, length);
	}
	return length;
}

static void put_string(struct json *j, const char *s, size_t n)
{
	size_t i = 0;

	put(j, "\"", 1);
	while (i < n) {
		size_t start = i;

		while (i < n && plain[(unsigned char)s[i]])
			i++;
		put(j, s + start, i - start);
		if (i < n)
			i += put_special(j, s + i, n - i);
	}
	put(j, "\"", 1);
}

/* Everything that stands before a value: comma, line break, key. */
static void begin(struct json *j, const char *key)
{
	bool in_object = j->depth && j->closing[j->depth] == '}';

	if (in_object && !key)
		bug("a value without key in an object");
	if (!in_object && key)
		bug("a key outside of an object");
	if (j->some[j->depth]) {
		if (!j->depth)
			bug("a second value at the top");
		put(j, ",", 1);
	}
	j->some[j->depth] = true;
	if (j->depth)
		line_break(j);
	if (key) {
		put_string(j, key, strlen(key));
		put_text(j, j->compact ? ":" : ": ");
	}
}

static void open_level(struct json *j, const char *key, char opening, char closing)
{
	begin(j, key);
	if (j->depth + 1 >= JSON_DEPTH_MAX)
		bug("nested too deep");
	put(j, &opening, 1);
	j->depth++;
	j->some[j->depth] = false;
	j->closing[j->depth] = closing;
}

void json_init(struct json *j, FILE *out)
{
	memset(j, 0, offsetof(struct json, buffer));
	j->out = out;
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void json_newline(struct json *j)
{
	put(j, "\n", 1);
}

void json_end(struct json *j)
{
	bool some;
	char closing;

	if (!j->depth)
		bug("an end without beginning");
	some = j->some[j->depth];
	closing = j->closing[j->depth];
	j->depth--;
	if (some)
		line_break(j);
	put(j, &closing, 1);
}

void json_string(struct json *j, const char *key, const char *s)
{
	json_string_n(j, key, s, strlen(s));
}

void json_string_n(struct json *j, const char *key, const char *s, size_t n)
{
	begin(j, key);
	put_string(j, s, n);
}

/* By hand: big exports consist of numbers, and printf reads its format each time. */
static void put_u64(struct json *j, uint64_t v)
{
	char text[20], *at = text + sizeof(text);

	do {
		*--at = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	put(j, at, (size_t)(text + sizeof(text) - at));
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	begin(j, key);
	put_u64(j, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	char text[24];

	begin(j, key);
	snprintf(text, sizeof(text), "%" PRId64, v);
	put_text(j, text);
}

/* printf writes the decimal point of the locale, which may be some bytes long. */
static void unlocalise(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if ((*s >= '0' && *s <= '9') || *s == '-' || *s == '+' || *s == 'e')
			*to++ = *s;
		else if (to[-1] != '.')
			*to++ = '.';
	}
	*to = '\0';
}

void json_double(struct json *j, const char *key, double v)
{
	char text[40];
	int digits;

	if (!isfinite(v)) {
		json_null(j, key);
		return;
	}
	begin(j, key);
	/* A normal number that has a form of up to DBL_DIG digits is printed so by DBL_DIG. */
	digits = fabs(v) < DBL_MIN ? 1 : DBL_DIG;
	do {
		snprintf(text, sizeof(text), "%.*g", digits, v);
	} while (strtod(text, NULL) != v && ++digits <= DBL_DECIMAL_DIG);
	unlocalise(text);
	put_text(j, text);
}

void json_thousandths(struct json *j, const char *key, uint64_t v)
{
	unsigned int part = (unsigned int)(v % 1000);
	char text[4] = { '.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
			 (char)('0' + part % 10) };

	begin(j, key);
	put_u64(j, v / 1000);
	if (part)
		put(j, text, part % 10 ? 4 : part % 100 ? 3 : 2);
}

void json_bool(struct json *j, const char *key, bool v)
{
	begin(j, key);
	put_text(j, v ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	begin(j, key);
	put_text(j, "null");
}

int json_finish(struct json *j)
{
	if (j->depth)
		bug("finished inside an object or array");
	if (!j->some[0])
		bug("finished without a value");
	put(j, "\n", 1);
	flush(j);
	if (fflush(j->out) && !j->error)
		j->error = errno ? -errno : -EIO;
	if (ferror(j->out) && !j->error)
		j->error = -EIO;
	return j->error;
}
