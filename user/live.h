/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * live.h - the terminal UI beside a session that goes on.
 *
 * It is a process of its own that reads the recording while it grows, so that drawing takes nothing
 * from the measuring process but what the kernel gives away. It begins to draw when the recording
 * holds its first records, i.e. when the session did begin. Left by its user before the end, it
 * sends the session SIGINT; when the session's process dies, it gives the terminal back and ends.
 */
#ifndef COLDPROF_LIVE_H
#define COLDPROF_LIVE_H

#include <stdbool.h>
#include <sys/types.h>

struct live {
	pid_t pid; /* of the UI; 0 = there is none (any more) */
};

/*
 * Start it on the recording at path, which is there. False where there is no terminal that can show
 * it. To be called before there are threads. Ctrl-Z is the UI's business from here on.
 */
bool live_start(struct live *l, const char *path);

/* Does somebody still look? Where the UI died, the terminal is given back first, and it is said. */
bool live_shown(struct live *l);

/* The session is over and its recording is sealed: wait until the user has enough; stop: no more. */
void live_end(struct live *l, bool stop);

#endif
