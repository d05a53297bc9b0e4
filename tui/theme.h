/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * theme.h - what a style looks like on a terminal with so many colours.
 *
 * The hues are those of Okabe and Ito, which the colour-blind tell apart too.
 */
#ifndef COLDPROF_TUI_THEME_H
#define COLDPROF_TUI_THEME_H

#include "tui/style.h"

#define LOOK_BOLD 0x1
#define LOOK_DIM 0x2
#define LOOK_REVERSE 0x4
#define LOOK_UNDERLINE 0x8

struct look {
	short colour;       /* of the foreground; -1 = the terminal's own */
	unsigned int flags; /* LOOK_* */
};

/* colours: 256 or more, 16, 8, or less: none. */
struct look theme_look(enum style style, int colours);

#endif
