/* SPDX-License-Identifier: GPL-2.0-only */
/* big.h - a recording of as many events as one likes, and what the UI takes for it. */
#ifndef COLDPROF_TEST_BIG_H
#define COLDPROF_TEST_BIG_H

/* Write a run of n events at least: tasks that wake each other, call the kernel and sleep. */
int big_write(const char *path, unsigned long n);

/*
 * Load path; each view drawn often, with moves between, on a terminal that nobody looks at: CPU time
 * of a frame, curses' and the system's part in it included, and whether the bars are kept, to stdout.
 */
int big_frames(const char *path);

#endif
