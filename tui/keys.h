/* SPDX-License-Identifier: GPL-2.0-only */
/* keys.h - what can be pressed: a Unicode character, or one of these. */
#ifndef COLDPROF_TUI_KEYS_H
#define COLDPROF_TUI_KEYS_H

enum press {
	PRESS_NONE = 0,
	PRESS_TAB = '\t',
	PRESS_ENTER = '\n',
	PRESS_ESC = 0x1b,
	PRESS_BACKSPACE = 0x7f,
	PRESS_UP = 0x110000, /* beyond Unicode */
	PRESS_DOWN,
	PRESS_LEFT,
	PRESS_RIGHT,
	PRESS_PAGE_UP,
	PRESS_PAGE_DOWN,
	PRESS_HOME,
	PRESS_END,
	PRESS_BACK_TAB,
	PRESS_RESIZE,
	PRESS_QUIT, /* a signal, or the terminal is gone */
	PRESS_LIMIT,
	PRESS_CLICK = 0x200000, /* and the cell: PRESS_CLICK + y * PRESS_CLICK_ROW + x */
};

#define PRESS_CLICK_ROW 1024

#endif
