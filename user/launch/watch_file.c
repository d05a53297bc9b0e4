// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/watch_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/environment.h"

struct put {
	struct watch_file *file;
	struct error err;
};

void watch_entry_free(struct watch_entry *e)
{
	free(e->rule);
	free(e->id);
	free(e->bytes);
	free(e->pids);
	free(e);
}

static void put_env(void *ctx, const char *key, const char *value)
{
	struct put *put = ctx;
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_ENV };
	struct host_env body = { 0 };
	const char *strings[] = { key, value };

	writer_put(put->file->writer, &head, &body, sizeof(body), strings, 2, &put->err);
}

static void put_session(struct put *put)
{
	const struct watch_options *o = put->file->options;
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_SESSION };
	struct host_session body = { .realtime = clock_real_ns(), .settle_ms = o->settle_ms };
	const char *version = COLDPROF_VERSION;

	writer_put(put->file->writer, &head, &body, sizeof(body), &version, 1, &put->err);
	put_env(put, "coldprof", COLDPROF_VERSION);
	environment_each(put_env, put);
	put_env(put, "watch", "yes");
	put_env(put, "options", o->command_line ? o->command_line : "");
}

/* Number of the rule's scenario, from 1; made with its first entry. */
static uint32_t scenario_of(struct put *put, const struct watch_entry *e)
{
	struct watch_file *f = put->file;
	struct wire_head head = { .time = clock_mono_ns(), .kind = HOST_SCENARIO };
	struct host_scenario body = { .flags = SCENARIO_HOST_ACCEPT | SCENARIO_ON_DEMAND };
	const char *strings[9] = { e->rule, e->rule };
	size_t i;

	for (i = 0; i < f->n_kinds; i++)
		if (!strcmp(f->kinds[i], e->rule))
			return i + 1;
	if (i == WATCH_KINDS_MAX)
		return WATCH_KINDS_MAX;
	f->kinds[f->n_kinds++] = xstrdup(e->rule);
	body.id = f->n_kinds;
	body.row = i;
	writer_put(f->writer, &head, &body, sizeof(body), strings, ARRAY_SIZE(strings), &put->err);
	return body.id;
}

static void put_entry(struct put *put, struct watch_entry *e, uint64_t lost)
{
	static const char *const reasons[] = {
		[WATCH_ENDED] = "it ended before anybody connected",
		[WATCH_CROWDED] = "too many starts at once: given up",
	};
	struct watch_file *f = put->file;
	uint32_t scenario = scenario_of(put, e);
	struct wire_head head = { .time = e->news.exec_ns, .kind = HOST_RUN_BEGIN,
				  .run = ++f->n_written };
	struct host_run_begin begin = { .scenario = scenario, .index = f->runs[scenario - 1]++ };
	struct host_run_end end = { .status = RUN_OK, .sent = e->records, .lost = e->cut + lost };
	const char *reason = e->news.end < ARRAY_SIZE(reasons) ? reasons[e->news.end] : NULL;
	size_t at;

	writer_put(f->writer, &head, &begin, sizeof(begin), NULL, 0, &put->err);
	for (at = 0; at < e->n; at += ((struct wire_head *)(e->bytes + at))->size) {
		struct wire_head *h = (struct wire_head *)(e->bytes + at);

		h->run = head.run;
		writer_append(f->writer, h, &put->err);
	}
	if (reason)
		end.status = RUN_FAILED;
	head.kind = HOST_RUN_END;
	head.time = e->news.exec_ns + e->news.took;
	writer_put(f->writer, &head, &end, sizeof(end), &reason, 1, &put->err);
}

static void forget_kinds(struct watch_file *f)
{
	while (f->n_kinds)
		free(f->kinds[--f->n_kinds]);
	memset(f->runs, 0, sizeof(f->runs));
}

/* Newest first to oldest first, and back. */
static void reverse(struct watch_file *f)
{
	struct watch_entry *list = NULL, *e, *next;

	for (e = f->kept; e; e = next) {
		next = e->next;
		e->next = list;
		list = e;
	}
	f->kept = list;
}

/* A new file, with the last ones only, takes the place of the one that has grown. */
static int renew(struct watch_file *f, uint64_t lost, struct error *err)
{
	/* Nothing is overwritten: --force was about FILE, and this name is not the user's choice. */
	CLEANUP_FREE char *fresh = xasprintf("%s.%d.new", f->path, (int)getpid());
	struct put put = { .file = f };
	struct watch_entry *e;
	struct writer *w = writer_open(fresh, false, f->options->uid, f->options->gid, err);

	if (!w)
		return err->code;
	writer_abandon(f->writer);
	f->writer = w;
	f->n_written = 0;
	forget_kinds(f);
	put_session(&put);
	reverse(f);
	for (e = f->kept; e; e = e->next) {
		put_entry(&put, e, lost);
		lost = 0;
	}
	reverse(f);
	if (!put.err.code)
		writer_flush(f->writer, &put.err);
	if (!put.err.code && rename(fresh, f->path))
		error_errno(&put.err, -errno, "cannot replace %s", f->path);
	if (put.err.code) {
		unlink(fresh);
		*err = put.err;
	}
	return put.err.code;
}

int watch_file_begin(struct watch_file *f, const struct watch_options *o, struct writer *writer,
		     const char *path, struct error *err)
{
	struct put put = { .file = f };

	*f = (struct watch_file){ .writer = writer, .options = o, .path = path };
	put_session(&put);
	if (!put.err.code)
		writer_flush(writer, &put.err);
	if (put.err.code)
		*err = put.err;
	return put.err.code;
}

int watch_file_add(struct watch_file *f, struct watch_entry *e, struct error *err)
{
	struct put put = { .file = f };
	struct watch_entry **at = &f->kept;
	unsigned int n;

	e->next = f->kept;
	f->kept = e;
	for (n = 0; *at && n < f->options->keep; n++)
		at = &(*at)->next;
	f->n_kept = n;
	while (*at) {
		struct watch_entry *old = *at;

		*at = old->next;
		watch_entry_free(old);
	}
	if (f->n_written >= 2 * f->options->keep)
		return renew(f, 0, err);
	put_entry(&put, e, 0);
	if (!put.err.code)
		writer_flush(f->writer, &put.err);
	if (put.err.code)
		*err = put.err;
	return put.err.code;
}

int watch_file_end(struct watch_file *f, uint64_t lost, struct error *err)
{
	struct error sealed = { 0 };
	struct watch_entry *e;
	int ret = f->n_written > f->n_kept || lost ? renew(f, lost, err) : 0;

	if (writer_seal(f->writer, &sealed) && !ret) {
		ret = sealed.code;
		*err = sealed;
	}
	while ((e = f->kept)) {
		f->kept = e->next;
		watch_entry_free(e);
	}
	forget_kinds(f);
	return ret;
}
