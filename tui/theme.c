// SPDX-License-Identifier: GPL-2.0-only
/* theme.c - styles to colours and back to characters. */
#include "tui/theme.h"

#include "user/base/palette.h"

#define STYLE_LETTER(NAME, letter, fill, ascii) letter,
static const char letters[] = { STYLES(STYLE_LETTER) };

#define STYLE_FILL(NAME, letter, fill, ascii) { fill, ascii },
static const char *const fills[][2] = { STYLES(STYLE_FILL) };

char style_letter(enum style style)
{
	return letters[style];
}

const char *style_fill(enum style style, bool utf8)
{
	return fills[style][!utf8];
}

static const struct {
	short of256, of16, of8;
	unsigned int flags;
} looks[STYLE_COUNT] = {
	[STYLE_PLAIN] = { -1, -1, -1, 0 },
	[STYLE_TITLE] = { -1, -1, -1, LOOK_BOLD },
	[STYLE_HEADING] = { -1, -1, -1, LOOK_UNDERLINE },
	[STYLE_DIM] = { 245, 8, -1, 0 },
	[STYLE_KEY] = { 74, 14, 6, LOOK_BOLD },
	[STYLE_TAB] = { 74, 14, 6, LOOK_BOLD | LOOK_REVERSE },
	[STYLE_GOOD] = { 36, 2, 2, 0 },
	[STYLE_BAD] = { 166, 9, 1, LOOK_BOLD },
	[STYLE_WARN] = { 214, 11, 3, 0 },
	[STYLE_ABSENT] = { 245, 8, -1, 0 },
	[STYLE_MARK] = { 227, 11, 3, LOOK_BOLD },
	[STYLE_LIVE] = { 214, 11, 3, LOOK_BOLD },
	[STYLE_BAR] = { 74, 12, 4, 0 },
	[STYLE_LIFE] = { 74, 12, 4, 0 },
	[STYLE_USER] = { HUE_256_GREEN, 2, 2, 0 },
	[STYLE_KERNEL] = { HUE_256_SKY, 14, 6, 0 },
	[STYLE_RUNNABLE] = { HUE_256_YELLOW, 11, 3, 0 },
	[STYLE_BLOCKED] = { HUE_256_VERMILION, 9, 1, 0 },
	[STYLE_GUEST] = { HUE_256_PURPLE, 13, 5, 0 },
	[STYLE_VMM] = { HUE_256_BLUE, 12, 4, 0 },
	[STYLE_HALTED] = { HUE_256_GREY, 8, -1, 0 },
	[STYLE_LATE] = { HUE_256_ORANGE, 3, 3, LOOK_BOLD },
	[STYLE_CLIENT] = { HUE_256_PALE, 7, 7, 0 },
	[STYLE_UNKNOWN] = { HUE_256_GREY, 8, -1, 0 },
	[STYLE_ANON] = { HUE_256_BROWN, 1, 1, 0 },
	[STYLE_FILE] = { HUE_256_TAN, 15, 7, 0 },
	[STYLE_SHMEM] = { HUE_256_OLIVE, 10, 2, 0 },
	[STYLE_TABLES] = { HUE_256_SLATE, 4, 4, 0 },
	[STYLE_PHASE_A] = { 74, 14, 6, 0 },
	[STYLE_PHASE_B] = { 214, 3, 3, 0 },
	[STYLE_PHASE_C] = { 36, 2, 2, 0 },
	[STYLE_PHASE_D] = { 227, 11, 7, 0 },
	[STYLE_PHASE_E] = { 175, 13, 5, 0 },
	[STYLE_PHASE_F] = { 166, 9, 1, 0 },
	[STYLE_PHASE_G] = { 32, 12, 4, 0 },
	[STYLE_PHASE_H] = { 252, 7, 7, 0 },
	[STYLE_PHASE_I] = { 74, 14, 6, 0 },
	[STYLE_PHASE_J] = { 214, 3, 3, 0 },
};

struct look theme_look(enum style style, int colours)
{
	struct look look = { -1, looks[style].flags };

	if (colours >= 256)
		look.colour = looks[style].of256;
	else if (colours >= 16)
		look.colour = looks[style].of16;
	else if (colours >= 8)
		look.colour = looks[style].of8;
	else if (style == STYLE_BAD || style == STYLE_MARK)
		look.flags |= LOOK_BOLD;
	return look;
}
