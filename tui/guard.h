/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - a small process that gives the terminal back where its owner cannot: stopped by SIGSTOP
 * or killed by SIGKILL, which nobody can catch.
 *
 * It sleeps until its owner is dead, and looks ten times a second whether the shell has taken the
 * terminal. It is a process group of its own, so that what stops the whole job does not stop it.
 */
#ifndef COLDPROF_TUI_GUARD_H
#define COLDPROF_TUI_GUARD_H

#include <stdbool.h>

/*
 * What puts the screen back, and the terminal's modes with it; the shell's modes are the shell's own
 * business. Without a guard (no memory) nothing is lost but this.
 */
void guard_start(void (*screen_back)(void), void (*all_back)(void));

/* Is the terminal ours just now? False before it is given back by ourselves; safe in a handler. */
void guard_hold(bool ours);

void guard_end(void);

#endif
