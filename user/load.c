// SPDX-License-Identifier: GPL-2.0-only
#include "user/load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/clock.h"
#include "user/base/mem.h"

/* A recording can be of a scenario that this build does not know. */
static const struct phase_rule *phase_rules_of(const char *scenario)
{
	const struct scenario_ops *ops = scenario_find(scenario);

	return ops ? ops->phases : NULL;
}

struct session *load_session(void)
{
	struct session *s = session_new();

	session_set_phase_rules(s, phase_rules_of);
	return s;
}

#define PROGRESS_RECORDS 20000 /* between two looks at the clock */
#define PROGRESS_FIRST_NS 300000000
#define PROGRESS_EVERY_NS 100000000

static bool show_progress;

void load_show_progress(void)
{
	show_progress = isatty(STDERR_FILENO);
}

/* "reading 40 %" over the same line, which is empty in the end. */
static void progress(const struct reader *r, uint64_t *next)
{
	uint64_t now = clock_mono_ns(), size, at = reader_offset(r, &size);

	if (*next == 0)
		*next = now + PROGRESS_FIRST_NS;
	if (now < *next)
		return;
	*next = now + PROGRESS_EVERY_NS;
	fprintf(stderr, "\rreading %3u %%", size ? (unsigned int)(at * 100 / size) : 0);
}

static void read_all(struct loaded *l)
{
	const struct wire_head *record;
	uint64_t next = 0, first;

	progress(l->reader, &next);
	first = next;
	while ((record = reader_next(l->reader))) {
		session_add(l->session, record);
		if (show_progress && l->session->records % PROGRESS_RECORDS == 0)
			progress(l->reader, &next);
	}
	if (next != first)
		fprintf(stderr, "\rworking it out");
	session_settle(l->session);
	if (next != first)
		fprintf(stderr, "\r              \r");
}

int load_recording(struct loaded *l, const char *path, struct error *err)
{
	const char *why;

	mem_use_huge_pages();
	memset(l, 0, sizeof(*l));
	l->reader = reader_open(path, err);
	if (!l->reader)
		return err->code;
	l->session = load_session();
	read_all(l);
	if (!reader_complete(l->reader, &why))
		l->incomplete = why;
	if (!l->session->records) {
		error_class(err, ERROR_USAGE, -ENODATA, "%s holds no records%s%s", path,
			    l->incomplete ? ": " : "", l->incomplete ? l->incomplete : "");
		load_release(l);
		return err->code;
	}
	return 0;
}

void load_release(struct loaded *l)
{
	session_free(l->session);
	reader_close(l->reader);
	memset(l, 0, sizeof(*l));
}
