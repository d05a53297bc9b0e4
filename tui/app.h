/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * app.h - the terminal UI without a terminal: keys in, canvases out.
 *
 * Where keys come from and canvases go to is a seam (struct app_io): the terminal (term.h), or a
 * test with a script. So is where a session comes from that still grows (struct app_live).
 */
#ifndef COLDPROF_TUI_APP_H
#define COLDPROF_TUI_APP_H

#include "tui/canvas.h"
#include "tui/keys.h"
#include "user/model/session.h"

#define APP_WIDTH_MIN 60
#define APP_HEIGHT_MIN 15

struct app_io {
	void (*size)(void *ctx, int *width, int *height);
	void (*show)(void *ctx, const struct canvas *c);
	/* Waits for a key, ms at most (-1: for ever): enum press or a character, PRESS_NONE: none. */
	int (*next)(void *ctx, int ms);
	bool utf8;
	void *ctx;
};

/* A session that still grows: who feeds it, and its clock. */
struct app_live {
	/*
	 * Is there more to be fed? Asked some times a second. feed() changes what views have
	 * pointers to: the app closes them before.
	 */
	bool (*pending)(void *ctx);
	bool (*feed)(void *ctx); /* false: that was all, the session is over */
	uint64_t (*now)(void *ctx); /* CLOCK_MONOTONIC ns, as the records have it */
	void *ctx;
};

/*
 * Explore a settled session until the user has enough. incomplete: why it is not whole, or NULL.
 * live: the session still grows; NULL: it does not. Returns false when it was left before its end.
 */
bool app_run(const struct session *session, const char *file, const char *incomplete,
	     const struct app_io *io, const struct app_live *live);

#endif
