// SPDX-License-Identifier: GPL-2.0-only
/* ready.c - ready by an exec, an end, an accept, or a line of output. */
#include "user/launch/ready.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"

#define LINE_KEPT 65536 /* bytes of a line that are looked at */

/* ---- what was asked for ------------------------------------------------------------------------ */

static int parse_line(struct ready *r, const char *text, struct error *err)
{
	size_t len = strlen(text);
	CLEANUP_FREE char *pattern = NULL;
	char why[128];
	int ret;

	if (len < 3 || text[len - 1] != '/')
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--ready: a regular expression stands between two '/', not '%s'", text);
	pattern = strndup(text + 1, len - 2);
	ret = regcomp(&r->line, pattern, REG_EXTENDED | REG_NOSUB);
	if (!ret) {
		r->how = READY_LINE;
		return 0;
	}
	regerror(ret, &r->line, why, sizeof(why));
	return error_class(err, ERROR_USAGE, -EINVAL, "--ready: '%s' is no regular expression: %s",
			   pattern, why);
}

int ready_parse(struct ready *r, const char *text, struct error *err)
{
	static const struct {
		const char *word;
		enum ready_how how;
	} words[] = { { "exec", READY_EXEC }, { "exit", READY_EXIT }, { "accept", READY_ACCEPT } };
	size_t i;

	ready_release(r);
	r->text = text;
	if (*text == '/')
		return parse_line(r, text, err);
	for (i = 0; i < ARRAY_SIZE(words); i++) {
		if (!strcmp(words[i].word, text)) {
			r->how = words[i].how;
			return 0;
		}
	}
	return error_class(err, ERROR_USAGE, -EINVAL,
			   "--ready is one of exec, exit, accept, /REGEX/; not '%s'", text);
}

void ready_release(struct ready *r)
{
	if (r->how == READY_LINE)
		regfree(&r->line);
	*r = (struct ready){ 0 };
}

/* ---- told by records ---------------------------------------------------------------------------- */

void ready_begin(struct ready_run *r, const struct ready *ready, uint16_t port)
{
	ready_end(r);
	r->ready = ready;
	r->port = port;
}

void ready_end(struct ready_run *r)
{
	free(r->boxed);
	*r = (struct ready_run){ 0 };
}

/* Records of several CPUs come out of order by a little: the earliest counts. */
static void is_ready(struct ready_run *r, const struct wire_head *h)
{
	if (r->time && r->time <= h->time)
		return;
	r->time = h->time;
	r->tid = h->tid;
}

static bool is_boxed(const struct ready_run *r, uint32_t pid)
{
	size_t i;

	for (i = 0; i < r->n_boxed; i++)
		if (r->boxed[i] == pid)
			return true;
	return false;
}

static void forked(struct ready_run *r, const struct wire_head *h)
{
	const struct wire_fork *f = (const void *)(h + 1);

	if (f->child_tid != f->child_pid)
		return;
	if (!(f->ns_changed & (CLONE_NEWPID | CLONE_NEWNS)) && !is_boxed(r, h->pid))
		return;
	ARRAY_RESERVE(r->boxed, r->n_boxed, r->cap_boxed, 1);
	r->boxed[r->n_boxed++] = f->child_pid;
}

void ready_record(struct ready_run *r, const struct wire_head *h)
{
	enum ready_how how = r->ready ? r->ready->how : READY_ANSWER;
	const void *body = h + 1;

	if (how == READY_ANSWER || how == READY_LINE)
		return;
	if (h->kind == WIRE_EXEC) {
		if (((const struct wire_exec *)body)->root && !r->root)
			r->root = h->pid;
		else if (how == READY_EXEC && is_boxed(r, h->pid))
			is_ready(r, h);
	} else if (h->kind == WIRE_FORK && how == READY_EXEC) {
		forked(r, h);
	} else if (h->kind == WIRE_EXIT && how == READY_EXIT) {
		if (h->pid == r->root && ((const struct wire_exit *)body)->group_dead)
			is_ready(r, h);
	} else if (h->kind == WIRE_ACCEPT && how == READY_ACCEPT) {
		if (((const struct wire_accept *)body)->local_port == r->port)
			is_ready(r, h);
	}
}

/* ---- a line of output ---------------------------------------------------------------------------- */

struct lines {
	const struct ready *ready;
	char *text; /* the line so far, LINE_KEPT + 1 */
	size_t n;
};

/* Is one of the lines that end in these bytes the one? */
static bool feed(struct lines *l, const char *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (bytes[i] != '\n') {
			if (l->n < LINE_KEPT)
				l->text[l->n++] = bytes[i] ? bytes[i] : '?';
			continue;
		}
		if (l->n && l->text[l->n - 1] == '\r')
			l->n--;
		l->text[l->n] = '\0';
		l->n = 0;
		if (!regexec(&l->ready->line, l->text, 0, NULL, 0))
			return true;
	}
	return false;
}

/* All that was written by now. 1: the line is there. */
static int read_on(struct lines *l, int fd, uint64_t *time)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		*time = clock_mono_ns();
		if (feed(l, buffer, (size_t)n))
			return 1;
	}
	return n < 0 ? -errno : 0;
}

uint64_t ready_wait_line(const struct ready *r, const char *path, int wake_fd, int *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_CLOSE int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd fds[] = { { .fd = changes, .events = POLLIN }, { .fd = wake_fd, .events = POLLIN } };
	CLEANUP_FREE char *text = xmalloc(LINE_KEPT + 1);
	struct lines lines = { .ready = r, .text = text };
	char events[4096];
	uint64_t time = 0;

	*error = 0;
	/* Watched before it is read: nothing that is written in between is missed. */
	if (fd < 0 || changes < 0 || inotify_add_watch(changes, path, IN_MODIFY) < 0) {
		*error = -errno;
		return 0;
	}
	while (!*error) {
		int ret = read_on(&lines, fd, &time);

		if (ret > 0)
			return time;
		*error = ret;
		if (!ret && poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			*error = -errno;
		if (fds[1].revents)
			return 0;
		while (read(changes, events, sizeof(events)) > 0)
			;
	}
	return 0;
}
