// SPDX-License-Identifier: GPL-2.0-only
/* markup.c - the one place where text of a recording becomes XML or HTML. */
#include "user/export/markup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "user/base/palette.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

/* One character, escaped; returns the bytes of s that it was. */
static size_t markup_char(FILE *out, const char *s, size_t n)
{
	uint32_t point;
	size_t length = utf8_decode(s, n, &point);

	if (length == 0) {
		fprintf(out, "\\x%02x", (unsigned char)*s);
		return 1;
	}
	if (utf8_is_unsafe(point))
		fprintf(out, point < 0x80 ? "\\x%02" PRIx32 : "\\u{%" PRIx32 "}", point);
	else if (point == '&')
		fputs("&amp;", out);
	else if (point == '<')
		fputs("&lt;", out);
	else if (point == '>')
		fputs("&gt;", out);
	else if (point == '"')
		fputs("&quot;", out);
	else if (point == '\'')
		fputs("&#39;", out);
	else if (point == '\\')
		fputs("\\\\", out);
	else
		fwrite(s, 1, length, out);
	return length;
}

void markup_text_n(FILE *out, const char *s, size_t n)
{
	while (n) {
		size_t length = markup_char(out, s, n);

		s += length;
		n -= length;
	}
}

void markup_text(FILE *out, const char *s)
{
	markup_text_n(out, s, strlen(s));
}

void markup_cut(FILE *out, const char *s, size_t characters)
{
	size_t n = strlen(s), at = 0, last = 0, count = 0;
	uint32_t point;

	while (at < n && count < characters) {
		size_t length = utf8_decode(s + at, n - at, &point);

		if (count + 1 == characters)
			last = at;
		at += length ? length : 1;
		count++;
	}
	if (at < n) {
		markup_text_n(out, s, last);
		fputs("…", out);
	} else {
		markup_text_n(out, s, n);
	}
}

void markup_words(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '"')
			fputs("&quot;", out);
		else
			fputc(*text, out);
	}
}

void markup_ms(FILE *out, uint64_t ns)
{
	char number[TEXT_NUMBER_MAX];

	fputs(text_ms(number, ns), out);
}

void markup_bytes(FILE *out, uint64_t bytes)
{
	char number[TEXT_NUMBER_MAX];

	fputs(text_bytes(number, bytes), out);
}

void markup_palette(FILE *out)
{
#define STATE(NAME, HUE) { #NAME, HUE_RGB_##HUE },
	static const struct {
		const char *name;
		unsigned int rgb;
	} states[] = { STATE_HUES(STATE) }, classes[] = { CLASS_HUES(STATE) };
#undef STATE
	size_t i;
	const char *c;

	/* The names of the enums in lower case, "s-noticed_late" and "c-guest_ram". */
	for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		fputs(".s-", out);
		for (c = states[i].name; *c; c++)
			fputc(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c, out);
		fprintf(out, "{fill:#%06x;background:#%06x}", states[i].rgb, states[i].rgb);
	}
	for (i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		fputs(".c-", out);
		for (c = classes[i].name; *c; c++)
			fputc(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c, out);
		fprintf(out, "{fill:#%06x;background:#%06x}", classes[i].rgb, classes[i].rgb);
	}
}
