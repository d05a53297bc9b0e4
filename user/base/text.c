// SPDX-License-Identifier: GPL-2.0-only
/* text.c - numbers for people, hostile text made harmless. */
#include "user/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "user/base/utf8.h"

/* value / unit with digits decimals, rounded to nearest, in units of the last decimal. */
static uint64_t scaled(uint64_t value, uint64_t unit, uint64_t scale)
{
	uint64_t whole = value / unit, rest = value % unit;

	return whole * scale + (rest * scale + unit / 2) / unit;
}

/*
 * Integers all the way: printf's %f asks the locale for its decimal point, and a number that is
 * rounded up to ten must lose a decimal ("9.996" is "10.0", not "10.00").
 */
static void put_decimal(char buf[TEXT_NUMBER_MAX], uint64_t value, uint64_t unit, int decimals,
			const char *name)
{
	static const uint64_t scales[] = { 1, 10, 100, 1000 };
	uint64_t scale = scales[decimals];
	uint64_t v = scaled(value, unit, scale);

	if (decimals)
		snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 ".%0*" PRIu64 " %s", v / scale, decimals,
			 v % scale, name);
	else
		snprintf(buf, TEXT_NUMBER_MAX, "%" PRIu64 " %s", v, name);
}

const char *text_ms(char buf[TEXT_NUMBER_MAX], uint64_t ns)
{
	const uint64_t ms = 1000000;
	int decimals;

	/* Three digits that count; below a microsecond nothing is measured so well. */
	if (ns == 0)
		decimals = 0;
	else if (scaled(ns, ms, 1000) < 1000)
		decimals = 3;
	else if (scaled(ns, ms, 100) < 1000)
		decimals = 2;
	else if (scaled(ns, ms, 10) < 1000)
		decimals = 1;
	else
		decimals = 0;
	put_decimal(buf, ns, ms, decimals, "ms");
	return buf;
}

const char *text_bytes(char buf[TEXT_NUMBER_MAX], uint64_t bytes)
{
	const uint64_t kib = 1 << 10, mib = 1 << 20, gib = 1 << 30;

	if (bytes < kib)
		put_decimal(buf, bytes, 1, 0, "B");
	else if (scaled(bytes, kib, 1) < 1024) /* pages: most are whole */
		put_decimal(buf, bytes, kib, bytes % kib && scaled(bytes, kib, 10) < 100, "KiB");
	else if (scaled(bytes, mib, 1) < 1024)
		put_decimal(buf, bytes, mib, scaled(bytes, mib, 10) < 1000, "MiB");
	else if (scaled(bytes, gib, 100) < 1000)
		put_decimal(buf, bytes, gib, 2, "GiB");
	else
		put_decimal(buf, bytes, gib, scaled(bytes, gib, 10) < 1000, "GiB");
	return buf;
}

/* Where text goes: whole pieces until one does not fit, then no more. */
struct sink {
	char *out;
	size_t size;
	size_t n;
	bool full;
};

static void sink_put(struct sink *sink, const char *piece, size_t n)
{
	if (sink->full || n >= sink->size - sink->n) {
		sink->full = true;
		return;
	}
	memcpy(sink->out + sink->n, piece, n);
	sink->n += n;
	sink->out[sink->n] = '\0';
}

/* False when out cannot even hold the NUL. */
static bool sink_init(struct sink *sink, char *out, size_t size)
{
	if (size == 0)
		return false;
	*sink = (struct sink){ .out = out, .size = size };
	out[0] = '\0';
	return true;
}

/* Most of most texts: printable ASCII. */
static const bool plain[256] = { [' ' ... '['] = true, [']' ... '~'] = true };

static size_t sink_plain(struct sink *sink, const char *s, size_t n)
{
	size_t room = sink->size - sink->n - 1, i = 0;

	while (i < n && i < room && plain[(unsigned char)s[i]])
		i++;
	sink_put(sink, s, i);
	return i;
}

static void sink_escape(struct sink *sink, const char *s, size_t n)
{
	while (n && !sink->full) {
		char token[16];
		uint32_t point = 0;
		size_t length = sink_plain(sink, s, n);

		if (length) {
			s += length;
			n -= length;
			continue;
		}
		length = utf8_decode(s, n, &point);
		if (length == 0 || (length == 1 && utf8_is_unsafe(point))) {
			length = 1;
			snprintf(token, sizeof(token), "\\x%02x", (unsigned int)(unsigned char)*s);
			sink_put(sink, token, strlen(token));
		} else if (point == '\\') {
			sink_put(sink, "\\\\", 2);
		} else if (utf8_is_unsafe(point)) {
			snprintf(token, sizeof(token), "\\u{%" PRIx32 "}", point);
			sink_put(sink, token, strlen(token));
		} else {
			sink_put(sink, s, length);
		}
		s += length;
		n -= length;
	}
}

char *text_escape(char *out, size_t out_size, const char *s, size_t n)
{
	struct sink sink;

	if (sink_init(&sink, out, out_size))
		sink_escape(&sink, s, n);
	return out;
}

/* For the eye, not for a shell: it must show where an argument begins and ends, no more. */
static void put_argument(struct sink *sink, const char *s, size_t n)
{
	bool single = memchr(s, '\'', n), quoted = memchr(s, '"', n);

	if (n && !single && !quoted && !memchr(s, ' ', n)) {
		sink_escape(sink, s, n);
	} else if (!single) {
		sink_put(sink, "'", 1);
		sink_escape(sink, s, n);
		sink_put(sink, "'", 1);
	} else {
		sink_put(sink, "\"", 1);
		while (quoted) {
			size_t before = (size_t)((const char *)memchr(s, '"', n) - s);

			sink_escape(sink, s, before);
			sink_put(sink, "\\\"", 2);
			s += before + 1;
			n -= before + 1;
			quoted = memchr(s, '"', n);
		}
		sink_escape(sink, s, n);
		sink_put(sink, "\"", 1);
	}
}

char *text_argv(char *out, size_t out_size, const char *argv, size_t n)
{
	struct sink sink;
	size_t i = 0;

	if (!sink_init(&sink, out, out_size))
		return out;
	while (i < n && !sink.full) {
		size_t length = strnlen(argv + i, n - i);

		if (i)
			sink_put(&sink, " ", 1);
		put_argument(&sink, argv + i, length);
		i += length + 1;
	}
	return out;
}

#define SUGGEST_MAX 63

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static unsigned int smaller(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove, replace or swap with their neighbour to make b of a. */
static unsigned int distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	unsigned int rows[3][SUGGEST_MAX + 1];
	unsigned int *above2 = rows[0], *above = rows[1], *row = rows[2];
	size_t i, j;

	for (j = 0; j <= n_b; j++)
		above[j] = (unsigned int)j;
	for (i = 1; i <= n_a; i++) {
		unsigned int *oldest = above2;

		row[0] = (unsigned int)i;
		for (j = 1; j <= n_b; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			row[j] = smaller(above[j], row[j - 1]) + 1;
			row[j] = smaller(row[j], above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
				row[j] = smaller(row[j], above2[j - 2] + 1);
		}
		above2 = above;
		above = row;
		row = oldest;
	}
	return above[n_b];
}

const char *text_suggest(const char *typed, const char *const *names, size_t n)
{
	size_t i, length = strlen(typed);
	unsigned int best = (unsigned int)(1 + length / 4); /* more is another word, not a slip */
	const char *found = NULL;

	if (length == 0 || length > SUGGEST_MAX)
		return NULL;
	for (i = 0; i < n; i++) {
		size_t n_name = strlen(names[i]);
		unsigned int far;

		if (n_name > SUGGEST_MAX)
			continue;
		far = distance(typed, length, names[i], n_name);
		/* Typed in part: "fire" is firecracker. A slip of one letter is still nearer. */
		if (far > 1 && length > 1 && n_name > length &&
		    distance(typed, length, names[i], length) == 0)
			far = 1;
		if (far < length && (far < best || (far == best && !found))) {
			best = far;
			found = names[i];
		}
	}
	return found;
}

size_t text_append(char *buf, size_t size, size_t n, const char *s, size_t max)
{
	size_t more = strnlen(s, max);

	if (more > size - 1 - n)
		more = size - 1 - n;
	memcpy(buf + n, s, more);
	buf[n + more] = '\0';
	return n + more;
}

bool text_parse_u64(const char *s, uint64_t min, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;

	if (!s || !*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
			return false;
	}
	if (v < min || v > max)
		return false;
	*value = v;
	return true;
}
