// SPDX-License-Identifier: GPL-2.0-only
/* watch.c - the entries of a watch: opened by an exec, fed, closed; watch_file.c records them. */
#include "user/launch/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/collect/collector.h"
#include "user/launch/adopted.h"
#include "user/launch/watch_file.h"

#define OPEN_MAX 256            /* entries at once; with one more the oldest is over */
#define ENTRY_BYTES (128 << 10) /* records kept of an entry; a container's start is 20 to 60 KiB */
#define DRAIN_MS 20
#define IDLE_MS 500
/*
 * A shim that asks a pod's shim ends before that one executes the runtime: so long its entry waits. On
 * an idle host it takes milliseconds.
 */
#define HAND_OVER_NS 5000000000ull
#define LINGER_NS 2000000000ull /* the calls' probes stay so long after the last entry */

struct watch {
	const struct watch_options *o;
	struct collector *collector;
	struct watch_result *result;
	struct watch_entry *open; /* newest first */
	struct watch_file file;
	unsigned int n_open;
	bool calls;      /* the probes of system calls are attached */
	uint64_t idle;   /* no entry is open since; 0: one is */
	uint64_t told_lost, told_at;
	uint64_t lost;   /* records that the probes could not send: nobody knows of which entry */
	struct error write_error;
};

static struct watch_entry *find_open(struct watch *w, uint32_t number)
{
	struct watch_entry *e = w->open;

	while (e && e->number != number)
		e = e->next;
	return e;
}

/* ---- an entry's life ------------------------------------------------------------------------------ */

/* Out of the open ones, into the ring of the last ones. */
static void entry_close(struct watch *w, struct watch_entry *e, enum watch_end end, uint64_t now)
{
	struct watch_entry **at = &w->open;

	collector_watch_over(w->collector, e->number);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	w->n_open--;
	e->news.end = end;
	e->news.took = now > e->news.exec_ns ? now - e->news.exec_ns : 0;
	if (w->o->news)
		w->o->news(w->o->news_ctx, &e->news);
	if (watch_file_add(&w->file, e, &w->write_error))
		return;
	w->result->kept = w->file.n_kept;
}

static void close_oldest(struct watch *w, enum watch_end end)
{
	struct watch_entry *e = w->open;

	while (e->next)
		e = e->next;
	entry_close(w, e, end, clock_mono_ns());
}

/* NULL: there are enough, this one is nobody's. */
static struct watch_entry *entry_open(struct watch *w, const struct wire_head *h)
{
	const struct wire_adopted *a = (const void *)(h + 1);
	struct watch_entry *e;

	if (w->o->until && w->result->entries >= w->o->until) {
		collector_watch_over(w->collector, h->run);
		return NULL;
	}
	if (w->n_open == OPEN_MAX)
		close_oldest(w, WATCH_CROWDED);
	e = xcalloc(1, sizeof(*e));
	e->number = h->run;
	e->rule = strndup(a->rule, sizeof(a->rule));
	e->id = strndup(a->id, sizeof(a->id));
	e->handed_over = adopted_hands_over(e->rule);
	e->news = (struct watch_news){
		.end = WATCH_OPEN, .number = ++w->result->entries, .rule = e->rule, .id = e->id, .exec_ns = h->time,
	};
	e->next = w->open;
	w->open = e;
	w->n_open++;
	if (w->o->news)
		w->o->news(w->o->news_ctx, &e->news);
	return e;
}

static void keep_record(struct watch_entry *e, const struct wire_head *h)
{
	if (e->n + h->size > ENTRY_BYTES) {
		e->cut++;
		return;
	}
	ARRAY_RESERVE(e->bytes, e->n, e->cap, h->size);
	memcpy(e->bytes + e->n, h, h->size);
	e->n += h->size;
	e->records++;
}

static void add_process(struct watch_entry *e, uint32_t pid)
{
	ARRAY_RESERVE(e->pids, e->n_pids, e->cap_pids, 1);
	e->pids[e->n_pids++] = pid;
	e->news.processes++;
	e->died = 0;
}

static bool drop_process(struct watch_entry *e, uint32_t pid)
{
	size_t i;

	for (i = 0; i < e->n_pids && e->pids[i] != pid; i++)
		;
	if (i == e->n_pids)
		return false;
	e->pids[i] = e->pids[--e->n_pids];
	return true;
}

/* The process was another entry's until it executed a runtime for this one's container. */
static void take_process(struct watch *w, struct watch_entry *e, uint32_t pid)
{
	struct watch_entry *other;

	for (other = w->open; other; other = other->next)
		if (other != e && drop_process(other, pid) && other->news.processes)
			other->news.processes--;
	add_process(e, pid);
}

static void note_record(struct watch *w, struct watch_entry *e, const struct wire_head *h)
{
	const void *body = h + 1;
	const struct wire_fork *fork = body;
	const struct wire_sock *sock = body;
	const struct wire_accept *accept = body;

	switch (h->kind) {
	case WIRE_ADOPTED:
		e->handed_over &= !e->records; /* the second one: it has gone on */
		take_process(w, e, h->pid);
		break;
	case WIRE_FORK:
		if (fork->child_pid != fork->child_tid)
			break;
		e->handed_over = false; /* it has a shim of its own */
		add_process(e, fork->child_pid);
		break;
	case WIRE_EXIT:
		if (((const struct wire_exit *)body)->group_dead && drop_process(e, h->pid) &&
		    !e->n_pids)
			e->died = h->time;
		break;
	case WIRE_LISTEN:
		if (!e->news.listen && h->time > e->news.exec_ns) {
			e->news.listen = h->time - e->news.exec_ns;
			e->news.port = sock->local_port;
		}
		break;
	case WIRE_ACCEPT:
		if (!e->accept) {
			e->accept = h->time;
			e->news.port = accept->local_port;
		}
		break;
	default:
		break;
	}
}

static void on_record(void *ctx, const struct wire_head *h)
{
	struct watch *w = ctx;
	struct watch_entry *e = find_open(w, h->run);

	if (!e && h->kind == WIRE_ADOPTED)
		e = entry_open(w, h);
	if (!e)
		return;
	note_record(w, e, h);
	keep_record(e, h);
}

static bool is_due(const struct watch *w, const struct watch_entry *e, uint64_t now)
{
	bool waits = e->handed_over && now < e->died + HAND_OVER_NS;

	return e->accept || (!e->n_pids && !waits) ||
	       now - e->news.exec_ns > w->o->settle_ms * 1000000ull;
}

/* Entries whose time has come, the oldest first: so they stand in the recording. */
static void close_due(struct watch *w)
{
	uint64_t now = clock_mono_ns();
	struct watch_entry *due[OPEN_MAX], *e;
	size_t n = 0;

	for (e = w->open; e; e = e->next)
		if (is_due(w, e, now))
			due[n++] = e;
	while (n) {
		e = due[--n];
		if (e->accept)
			entry_close(w, e, WATCH_ACCEPTED, e->accept);
		else
			entry_close(w, e, e->n_pids ? WATCH_SETTLED : WATCH_ENDED,
				    e->handed_over && e->died ? e->died : now);
	}
}

/* Attaching takes a millisecond, which no runtime's start is shorter than; detaching is slow. */
static int follow_calls(struct watch *w, struct error *err)
{
	uint64_t now = clock_mono_ns();

	if (w->open) {
		w->idle = 0;
		if (w->calls)
			return 0;
		w->calls = true;
		return collector_watch_calls(w->collector, true, err);
	}
	if (!w->idle)
		w->idle = now;
	if (!w->calls || now - w->idle < LINGER_NS)
		return 0;
	w->calls = false;
	return collector_watch_calls(w->collector, false, err);
}

/* Of no entry in particular, so no entry can say it; and it matters before the end. */
static void tell_lost(struct watch *w)
{
	uint64_t lost = collector_lost(w->collector), now = clock_mono_ns();

	if (lost == w->told_lost || now - w->told_at < 1000000000ull)
		return;
	w->told_lost = lost;
	w->told_at = now;
	if (w->o->news)
		w->o->news(w->o->news_ctx, &(struct watch_news){ .end = WATCH_LOST, .lost = lost });
}

static bool enough(const struct watch *w)
{
	return w->o->until && w->result->entries >= w->o->until && !w->open;
}

static int watch_all(struct watch *w, int signal_fd, struct error *err)
{
	struct pollfd fds[] = {
		{ .fd = signal_fd, .events = POLLIN },
		{ .fd = collector_notify_fd(w->collector), .events = POLLIN },
	};
	struct collector_counts counts;
	struct collector_notice notice;
	struct signalfd_siginfo info;

	while (!enough(w)) {
		poll(fds, ARRAY_SIZE(fds), w->open ? DRAIN_MS : IDLE_MS);
		if (fds[0].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
			w->result->interrupted = info.ssi_signo;
			break;
		}
		while (collector_notify_next(w->collector, &notice))
			;
		collector_drain(w->collector);
		close_due(w);
		tell_lost(w);
		if (w->open && w->o->news)
			w->o->news(w->o->news_ctx, &(struct watch_news){ .end = WATCH_TICK });
		if (w->write_error.code) {
			*err = w->write_error;
			return err->code;
		}
		if (follow_calls(w, err))
			return err->code;
	}
	while (w->open)
		close_oldest(w, WATCH_SETTLED);
	collector_run_end(w->collector, &counts);
	w->lost = counts.lost;
	if (w->write_error.code)
		*err = w->write_error;
	return w->write_error.code;
}

/* ---- the session ---------------------------------------------------------------------------------- */

static int block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int watch_and_record(struct watch *w, int signal_fd, struct error *err)
{
	struct collector_options co = { .adopt = adopt_programs, .adopt_more = w->o->more,
					.watch = true };
	int ret;

	w->collector = collector_open(&co, on_record, w, err);
	if (!w->collector)
		return err->code;
	ret = collector_watch_begin(w->collector, err);
	if (!ret && w->o->news)
		w->o->news(w->o->news_ctx, &(struct watch_news){ .end = WATCH_ARMED });
	if (!ret)
		ret = watch_all(w, signal_fd, err);
	collector_close(w->collector);
	return ret;
}

int watch_session(const struct watch_options *o, struct writer *writer, const char *path,
		  struct watch_result *result, struct error *err)
{
	struct watch w = { .o = o, .result = result };
	CLEANUP_CLOSE int signal_fd = block_signals();
	struct error sealed = { 0 };
	int ret;

	*result = (struct watch_result){ 0 };
	ret = watch_file_begin(&w.file, o, writer, path, err);
	if (!ret && signal_fd < 0)
		ret = error_errno(err, -errno, "cannot watch for signals");
	if (!ret)
		ret = watch_and_record(&w, signal_fd, err);
	if (watch_file_end(&w.file, w.lost, &sealed) && !ret) {
		ret = sealed.code;
		*err = sealed;
	}
	return ret;
}
