/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * style.h - what a cell means. How it looks is the theme's business (theme.h).
 *
 * Nothing is told by colour alone: each style that fills a bar has a character of its own, in UTF-8
 * and in ASCII, and whoever draws one says in words what it stands for.
 */
#ifndef COLDPROF_TUI_STYLE_H
#define COLDPROF_TUI_STYLE_H

#include <stdbool.h>

/* X(NAME, letter in style maps, fill in UTF-8, fill in ASCII); "" fills nothing. */
#define STYLES(X)                                                                                  \
	X(PLAIN, '.', "", "")                                                                      \
	X(TITLE, 'T', "", "")                                                                      \
	X(HEADING, 'H', "", "")                                                                    \
	X(DIM, 'd', "", "")                                                                        \
	X(KEY, 'k', "", "")                                                                        \
	X(TAB, 't', "", "")      /* the view that is shown */                                      \
	X(GOOD, 'o', "", "")                                                                       \
	X(BAD, 'x', "", "")      /* failed */                                                      \
	X(WARN, 'w', "", "")     /* not what it seems */                                           \
	X(ABSENT, 'a', "", "")   /* not here */                                                    \
	X(MARK, 'm', "", "")     /* a moment: first accept, first byte */                          \
	X(LIVE, 'v', "", "")     /* it goes on */                                                  \
	X(BAR, 'b', "█", "#")    /* a quantity without parts */                                    \
	X(LIFE, 'l', "━", "=")   /* a process is there */                                          \
	X(USER, 'U', "█", "#")   /* states: DESIGN.md §2 */                                        \
	X(KERNEL, 'K', "▓", "%")                                                                   \
	X(RUNNABLE, 'R', "▒", "+")                                                                 \
	X(BLOCKED, 'B', "░", "-")                                                                  \
	X(GUEST, 'G', "▚", "g")                                                                    \
	X(VMM, 'V', "▞", "v")                                                                      \
	X(HALTED, 'h', "▂", "_")                                                                   \
	X(LATE, 'L', "╳", "x")   /* noticed late */                                                \
	X(CLIENT, 'C', "▤", "c")                                                                   \
	X(UNKNOWN, 'u', "?", "?")                                                                  \
	X(ANON, 'A', "█", "#")   /* classes of memory */                                           \
	X(FILE, 'F', "▓", "=")                                                                     \
	X(SHMEM, 'M', "▒", "+")                                                                    \
	X(TABLES, 'P', "░", ".")                                                                   \
	X(PHASE_A, '1', "█", "#") /* phases, by name: phases.h */                                  \
	X(PHASE_B, '2', "▒", "=")                                                                  \
	X(PHASE_C, '3', "▓", "%")                                                                  \
	X(PHASE_D, '4', "░", "-")                                                                  \
	X(PHASE_E, '5', "▚", "+")                                                                  \
	X(PHASE_F, '6', "▌", ":")                                                                  \
	X(PHASE_G, '7', "▞", "/")                                                                  \
	X(PHASE_H, '8', "▄", "o")                                                                  \
	X(PHASE_I, '9', "▛", "\\")                                                                 \
	X(PHASE_J, '0', "▀", "@")

#define STYLE_ENUM(NAME, letter, fill, ascii) STYLE_##NAME,
enum style { STYLES(STYLE_ENUM) STYLE_COUNT };
#undef STYLE_ENUM

#define STYLE_PHASES 10

char style_letter(enum style style);
const char *style_fill(enum style style, bool utf8); /* "" where it fills nothing */

#endif
