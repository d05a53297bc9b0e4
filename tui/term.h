/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * term.h - the terminal: the only thing that knows curses.
 *
 * From term_open() on the terminal is ours; it is given back by term_close(), at exit(), and when
 * the program dies of a signal or is stopped; SIGKILL and SIGSTOP included, for which there is a
 * guard (guard.h), or the leader. SIGINT, SIGTERM, SIGHUP and SIGQUIT are turned into PRESS_QUIT, and
 * term_signal() says which one it was.
 *
 * A process that shows what another one does (leader) is of the leader's job: Ctrl-Z stops both, and
 * where the shell has taken the terminal back because the leader was stopped or killed, nothing is
 * written to it any more until the job is in the foreground again.
 */
#ifndef COLDPROF_TUI_TERM_H
#define COLDPROF_TUI_TERM_H

#include "tui/app.h"
#include "user/base/error.h"

/*
 * 0 and io filled in, or negative errno and err (class ERROR_USAGE): this is no such terminal.
 * leader: pidfd of the process that this one belongs to; -1: it is on its own.
 */
int term_open(struct app_io *io, int leader, struct error *err);
void term_close(void);

/* Is this a terminal that term_open() will take? Looks only. */
bool term_possible(void);

/*
 * For the leader, whose UI was killed before it could do so: give the terminal back. Needs
 * term_possible() before the UI began, which keeps how the terminal was.
 */
void term_rescue(void);

/* The signal that ended it, 0 = none. */
int term_signal(void);

#endif
