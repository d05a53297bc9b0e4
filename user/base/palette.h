/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * palette.h - the hues that a meaning has on every screen: terminal, picture and page.
 *
 * Those of Okabe and Ito for states, which the colour-blind tell apart too. Classes of memory have
 * others, since both stand in one picture: earthen ones, which differ in lightness, on paper and
 * without colour too, the more the likelier they lie beside each other. Nothing is told by hue alone:
 * each view adds a fill, a shape or a word.
 */
#ifndef COLDPROF_PALETTE_H
#define COLDPROF_PALETTE_H

/* X(NAME, sRGB, nearest of a terminal's 256). */
#define HUES(X)                                                                                    \
	X(GREEN, 0x009e73, 36)                                                                     \
	X(SKY, 0x56b4e9, 74)                                                                       \
	X(YELLOW, 0xf0e442, 227)                                                                   \
	X(VERMILION, 0xd55e00, 166)                                                                \
	X(PURPLE, 0xcc79a7, 175)                                                                   \
	X(BLUE, 0x0072b2, 32)                                                                      \
	X(ORANGE, 0xe69f00, 214)                                                                   \
	X(GREY, 0x8a8a8a, 245)                                                                     \
	X(PALE, 0xd0d0d0, 252)                                                                     \
	X(BROWN, 0x8a5426, 94)                                                                     \
	X(TAN, 0xd2ae78, 180)                                                                      \
	X(OLIVE, 0x7d7f2d, 100)                                                                    \
	X(PLUM, 0x8e3f76, 96)                                                                      \
	X(SLATE, 0x5f7f86, 66)                                                                     \
	X(ASH, 0xa9a39a, 248)

#define HUE_256(NAME, rgb, of256) HUE_256_##NAME = of256,
#define HUE_RGB(NAME, rgb, of256) HUE_RGB_##NAME = rgb,
enum { HUES(HUE_256) };
enum { HUES(HUE_RGB) };
#undef HUE_256
#undef HUE_RGB

/* States of DESIGN.md §2: X(NAME as in PATH_*, hue). */
#define STATE_HUES(X)                                                                              \
	X(USER, GREEN)                                                                             \
	X(KERNEL, SKY)                                                                             \
	X(RUNNABLE, YELLOW)                                                                        \
	X(BLOCKED, VERMILION)                                                                      \
	X(GUEST, PURPLE)                                                                           \
	X(VMM, BLUE)                                                                               \
	X(HALTED, GREY)                                                                            \
	X(NOTICED_LATE, ORANGE)                                                                    \
	X(CLIENT, PALE)                                                                            \
	X(UNEXPLAINED, GREY)

/* Classes of memory. */
#define CLASS_HUES(X)                                                                              \
	X(ANON, BROWN)                                                                             \
	X(FILE, TAN)                                                                               \
	X(SHMEM, OLIVE)                                                                            \
	X(GUEST_RAM, PLUM)                                                                         \
	X(PAGE_TABLES, SLATE)                                                                      \
	X(KERNEL, ASH)

#endif
