/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * replay.h - a recording once more as if it were measured now: the live UI without root.
 */
#ifndef COLDPROF_TEST_REPLAY_H
#define COLDPROF_TEST_REPLAY_H

#include <stdbool.h>

/*
 * Write the records of from to the new file to, at the pace at which they were recorded, their times
 * moved to now; idle stretches are cut short. hold: behind the last record it waits for a signal. As a session does, under the live UI where there is a
 * terminal, and ended by SIGINT, SIGTERM and SIGHUP. Returns an exit status; prints "sealed: N
 * records" in the end.
 */
int replay(const char *from, const char *to, bool hold);

#endif
