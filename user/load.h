/* SPDX-License-Identifier: GPL-2.0-only */
/* load.h - a recording, read whole into the model. */
#ifndef COLDPROF_LOAD_H
#define COLDPROF_LOAD_H

#include "user/base/error.h"
#include "user/model/session.h"
#include "user/record/reader.h"

struct loaded {
	struct reader *reader;
	struct session *session;  /* settled */
	const char *incomplete;   /* why it is not whole, NULL when it is */
};

/* A new session that knows the scenarios' rules for phases. */
struct session *load_session(void);

/* Says on stderr how far it is, where that is a terminal and it takes long enough to wonder. */
void load_show_progress(void);

/* 0, or negative errno and err: it cannot be read at all, or holds no session. */
int load_recording(struct loaded *l, const char *path, struct error *err);
void load_release(struct loaded *l);

#endif
