// SPDX-License-Identifier: GPL-2.0-only
/* utf8.c - decode UTF-8, know what is harmful. */
#include "user/base/utf8.h"

#include "user/base/mem.h"

size_t utf8_decode(const char *s, size_t n, uint32_t *point)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first;
	size_t length, i;
	uint32_t c;

	if (n == 0)
		return 0;
	first = (unsigned char)s[0];
	if (first < 0x80) {
		*point = first;
		return 1;
	}
	if (first >= 0xc2 && first <= 0xdf) {
		length = 2;
		c = first & 0x1f;
	} else if ((first & 0xf0) == 0xe0) {
		length = 3;
		c = first & 0x0f;
	} else if (first >= 0xf0 && first <= 0xf4) {
		length = 4;
		c = first & 0x07;
	} else {
		return 0;
	}
	if (n < length)
		return 0;
	for (i = 1; i < length; i++) {
		unsigned char next = (unsigned char)s[i];

		if ((next & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (next & 0x3f);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*point = c;
	return length;
}

static const struct {
	uint32_t first, last;
} unsafe[] = {
	{ 0x0000, 0x001f }, /* C0 */
	{ 0x007f, 0x009f }, /* DEL, C1: 0x9b is what ESC [ is */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x034f, 0x034f }, /* combining grapheme joiner */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x115f, 0x1160 }, /* Hangul fillers */
	{ 0x17b4, 0x17b5 }, /* Khmer inherent vowels */
	{ 0x180b, 0x180f }, /* Mongolian selectors, vowel separator */
	{ 0x200b, 0x200f }, /* zero-width space and joiners, direction marks */
	{ 0x2028, 0x202e }, /* line and paragraph separator, embeddings, overrides */
	{ 0x2060, 0x206f }, /* word joiner, invisible operators, isolates */
	{ 0x3164, 0x3164 }, /* Hangul filler */
	{ 0xfeff, 0xfeff }, /* zero-width no-break space */
	{ 0xffa0, 0xffa0 }, /* half-width Hangul filler */
	{ 0xfff0, 0xfffb }, /* interlinear annotation and its neighbours */
	{ 0xfffe, 0xffff }, /* no characters */
	{ 0x1d173, 0x1d17a }, /* musical beams: invisible controls */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors supplement */
};

bool utf8_is_unsafe(uint32_t point)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unsafe) && point >= unsafe[i].first; i++)
		if (point <= unsafe[i].last)
			return true;
	return false;
}
