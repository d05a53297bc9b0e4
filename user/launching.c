// SPDX-License-Identifier: GPL-2.0-only
#include "user/launching.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/launch/watch.h"
#include "user/live.h"
#include "user/load.h"
#include "user/output.h"

/* ---- what a person sees while it goes on ---------------------------------------------------------- */

struct news {
	struct live live;
	const char *old; /* the recording that --force puts aside, until there is another */
};

static void print_news(void *ctx, const struct stage_event *e)
{
	char number[TEXT_NUMBER_MAX], text[2048];
	const char *kind = e->warmup ? "warm-up" : "run";
	struct news *n = ctx;

	if (n->old && e->news == NEWS_LAUNCH) {
		unlink(n->old);
		n->old = NULL;
	}
	if (live_shown(&n->live))
		return;
	text_escape(text, sizeof(text), e->text ? e->text : "", e->text ? strlen(e->text) : 0);
	switch (e->news) {
	case NEWS_PREPARE:
		fprintf(stderr, "%-12s preparing\n", e->scenario);
		break;
	case NEWS_UNAVAILABLE:
		fprintf(stderr, "%-12s not here: %s\n", e->scenario, text);
		break;
	case NEWS_LAUNCH:
		break;
	case NEWS_RUN_DONE:
		if (e->cold_start)
			fprintf(stderr, "%-12s %s %u/%u  %s\n", e->scenario, kind, e->index, e->of,
				text_ms(number, e->cold_start));
		else
			fprintf(stderr, "%-12s %s %u/%u  done\n", e->scenario, kind, e->index,
				e->of);
		break;
	case NEWS_RUN_FAILED:
		fprintf(stderr, "%-12s %s %u/%u  failed: %s\n", e->scenario, kind, e->index, e->of,
			text);
		break;
	case NEWS_DENSITY_DONE:
		fprintf(stderr, "%-12s %u side by side  done\n", e->scenario, e->of);
		break;
	case NEWS_DENSITY_FAILED:
		fprintf(stderr, "%-12s %u side by side  failed: %s\n", e->scenario, e->of, text);
		break;
	}
}

/* ---- the session ------------------------------------------------------------------------------------ */

/* The name of this second: the first, or the nth when others began in the same one. */
static char *default_output(unsigned int n)
{
	char stamp[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	return n > 1 ? xasprintf("coldprof-%s-%u.coldprof", stamp, n) :
		       xasprintf("coldprof-%s.coldprof", stamp);
}

/*
 * Make the recording where the user asked for it or, asked nowhere (NULL), under the first name
 * that is free: a second session of the same second is no mistake of the user's. *path is the
 * caller's to free, also when NULL is returned.
 */
static struct writer *new_recording(const char *asked, bool force, char **path, struct error *err)
{
	const unsigned int most = 1000;
	struct writer *w = NULL;
	unsigned int n;

	if (asked) {
		*path = xstrdup(asked);
		return writer_open(*path, force, output_uid(), output_gid(), err);
	}
	for (n = 1; !w && n <= most; n++) {
		if (n > 1 && err->code != -EEXIST)
			break;
		*err = (struct error){ 0 };
		free(*path);
		*path = default_output(n);
		w = writer_open(*path, false, output_uid(), output_gid(), err);
	}
	return w;
}

static void discard(struct output *json)
{
	if (json->stream)
		output_discard(json);
}

/*
 * What was recorded, as text on stdout, as JSON to json (no stream: not asked for), which is finished
 * here. JSON goes first: a pager that is left early must not cost the file.
 */
static int report(const char *path, struct output *json, struct error *err)
{
	bool json_only = json->stream == stdout;
	struct report_options ro = { 0 };
	struct loaded loaded;
	int ret = load_recording(&loaded, path, err);

	if (ret) {
		discard(json);
		return ret;
	}
	ro.incomplete = loaded.incomplete;
	if (json->stream) {
		report_json(json->stream, loaded.session, &ro);
		ret = output_commit(json, err);
	}
	if (!ret && !json_only) {
		output_style(stdout, &ro);
		report_text(stdout, loaded.session, &ro);
		ret = output_close(stdout, "-", err);
	}
	load_release(&loaded);
	return ret;
}

static int session(struct launch_options *o, char **path, struct output *json, struct error *err,
		   struct stage_result *result)
{
	CLEANUP_FREE char *old = NULL;
	struct error sealed = { 0 };
	struct news news = { 0 };
	bool aside = false;
	struct stat st;
	struct writer *w;
	int ret;

	close(stage_block_signals()); /* what comes now is for the session to find */
	/* Before anything is started: can it be written? */
	if (o->json && output_begin(json, o->json, err))
		return err->code;
	/* What --force replaces is gone only when there is something in its place. */
	if (o->output && o->force && !lstat(o->output, &st) && S_ISREG(st.st_mode)) {
		old = xasprintf("%s.old-%d", o->output, getpid());
		aside = !rename(o->output, old);
	}
	w = new_recording(o->output, o->force, path, err);
	if (!w) {
		if (aside)
			rename(old, o->output);
		return err->code;
	}
	news.old = aside ? old : NULL;
	o->stage.live = !o->plain && json->stream != stdout && live_start(&news.live, *path);
	o->stage.news = print_news;
	o->stage.news_ctx = &news;
	ret = stage_session(&o->stage, w, result, err);
	if (writer_seal(w, &sealed) && !ret) {
		ret = sealed.code;
		*err = sealed;
	}
	live_end(&news.live, ret || result->interrupted);
	if (ret && !result->done && !result->failed && !result->recording_lost) {
		unlink(*path); /* it could not begin: leave no empty recording behind */
		if (news.old)
			rename(news.old, *path);
	} else if (news.old) {
		unlink(news.old);
	}
	return ret;
}

int launching_session(struct launch_options *o)
{
	CLEANUP_FREE char *path = NULL;
	struct stage_result result = { 0 };
	struct error err = { 0 };
	struct output json = { 0 };
	int ret;

	if (session(o, &path, &json, &err, &result)) {
		discard(&json);
		return command_fail(&err);
	}
	ret = report(path, &json, &err);
	fprintf(stderr, "recording: %s\n", path);
	if (ret)
		return command_fail(&err);
	if (result.interrupted)
		return 128 + result.interrupted;
	return result.failed ? EXIT_FAILED : EXIT_DONE;
}

/* The file is made first, so that one that cannot be written is known before anything is watched. */
static int watch(const struct watch_options *o, const char *output, char **path, bool force,
		 struct watch_result *result, struct error *err)
{
	struct watch_options options = *o;
	struct writer *w = new_recording(output, force, path, err);
	int ret;

	if (!w)
		return err->code;
	options.uid = output_uid();
	options.gid = output_gid();
	ret = watch_session(&options, w, *path, result, err);
	if (ret && !result->kept)
		unlink(*path);
	return ret;
}

int launching_watch(const struct watch_options *o, const char *output, bool force,
		    const char *json_path)
{
	CLEANUP_FREE char *path = NULL;
	struct output json = { 0 };
	struct watch_result result = { 0 };
	struct error err = { 0 };
	int ret;

	if (json_path && output_begin(&json, json_path, &err))
		return command_fail(&err);
	if (watch(o, output, &path, force, &result, &err)) {
		discard(&json);
		return command_fail(&err);
	}
	ret = report(path, &json, &err);
	fprintf(stderr, "%u start%s seen, the last %u recorded: %s\n", result.entries,
		result.entries == 1 ? "" : "s", result.kept, path);
	if (ret)
		return command_fail(&err);
	return result.interrupted ? 128 + result.interrupted : EXIT_DONE;
}
