/* SPDX-License-Identifier: GPL-2.0-only */
/* launching.h - what every launching command does once it knows its rows. */
#ifndef COLDPROF_LAUNCHING_H
#define COLDPROF_LAUNCHING_H

#include "user/options.h"

/*
 * Record a session of o->stage.rows, with progress on stderr, and report it from the recording.
 * Returns the exit status.
 */
int launching_session(struct launch_options *o);

/* The same for `coldprof watch`; output NULL: the usual name. */
struct watch_options;
int launching_watch(const struct watch_options *o, const char *output, bool force,
		    const char *json);

#endif
