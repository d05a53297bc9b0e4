/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * phases.h - private to the terminal UI: which style a phase has, by its name, in all rows alike.
 *
 * What every scenario has ("service start-up", …) always looks the same; other names get styles as
 * they are met, other ones than those beside them in their run. A merged phase ("a + b") looks like
 * its first part. There are more names than styles: where two of one style meet, whoever draws them
 * marks the boundary.
 */
#ifndef COLDPROF_TUI_PHASES_H
#define COLDPROF_TUI_PHASES_H

#include "tui/style.h"
#include "user/model/session.h"

/* Zero-initialise. */
struct phase_styles {
	struct phase_style {
		const char *name; /* the session's; up to " + " it counts */
		enum style style;
	} *list;
	size_t n, cap;
	size_t learned; /* runs that can bring nothing new */
};

/* Names that came since the last time. Those that are known keep their styles. */
void phase_styles_learn(struct phase_styles *s, const struct session *session);
enum style phase_styles_find(const struct phase_styles *s, const char *name);
void phase_styles_release(struct phase_styles *s);

#endif
