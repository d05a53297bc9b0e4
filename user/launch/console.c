// SPDX-License-Identifier: GPL-2.0-only
#include "user/launch/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"

#define PIPES_MAX 4
#define PIPE_BYTES (1 << 20)
#define TEXT_MAX (16u << 20) /* of a console that is kept */
#define PIECE_MAX 4096       /* of a line in one record */
#define MARKS_MAX WIRE_MARKS_MAX /* of a port */
#define LINE_BUFFER 65536

/* A piece of a console: a line, or what came of it before another one had to begin. */
struct piece {
	uint64_t since, end;
	size_t at, len; /* in text */
	bool open;
};

struct channel {
	const struct scenario_pipe *pipe;
	int fd;
	uint64_t marks, last; /* bytes of a port so far, and when the last one came */
};

struct mark {
	uint64_t time;
	uint16_t port;
	uint8_t value;
};

struct console {
	struct channel channels[PIPES_MAX];
	size_t n_channels;
	pthread_t thread;
	bool running;
	int stop_fd;
	char *text;
	size_t len, cap_text;
	struct piece *pieces;
	size_t n_pieces, cap_pieces;
	bool line_on; /* the last piece is a line that has not ended */
	struct mark marks[MARKS_MAX * PIPES_MAX];
	size_t n_marks;
};

/* The byte goes to the line that is on, or begins one. */
static void add_byte(struct console *c, uint64_t now, char byte)
{
	struct piece *last = c->line_on ? &c->pieces[c->n_pieces - 1] : NULL;

	if (byte == '\0' || c->len >= TEXT_MAX)
		return;
	if (last && last->len == PIECE_MAX) {
		last->open = true;
		last = NULL;
	}
	if (!last) {
		ARRAY_RESERVE(c->pieces, c->n_pieces, c->cap_pieces, 1);
		last = &c->pieces[c->n_pieces++];
		*last = (struct piece){ .since = now, .at = c->len };
		c->line_on = true;
	}
	last->end = now;
	if (byte == '\n') {
		c->line_on = false;
		return;
	}
	ARRAY_RESERVE(c->text, c->len, c->cap_text, 1);
	c->text[c->len++] = byte;
	last->len++;
}

static void take(struct console *c, struct channel *from, uint64_t now, const char *bytes, size_t n)
{
	size_t i;

	from->last = now;
	for (i = 0; i < n; i++) {
		if (!from->pipe->port)
			add_byte(c, now, bytes[i]);
		else if (from->marks++ < MARKS_MAX)
			c->marks[c->n_marks++] = (struct mark){ now, from->pipe->port,
								(uint8_t)bytes[i] };
	}
}

static void *read_pipes(void *arg)
{
	struct console *c = arg;
	struct pollfd fds[PIPES_MAX + 1];
	const struct timespec pause = { .tv_nsec = CONSOLE_PAUSE_NS };
	char *buffer = xmalloc(LINE_BUFFER);
	size_t i;

	for (i = 0; i < c->n_channels; i++)
		fds[i] = (struct pollfd){ .fd = c->channels[i].fd, .events = POLLIN };
	fds[i] = (struct pollfd){ .fd = c->stop_fd, .events = POLLIN };
	for (;;) {
		bool any = false;

		poll(fds, c->n_channels + 1, -1);
		for (i = 0; i < c->n_channels; i++) {
			ssize_t n = fds[i].revents & POLLIN ?
					    read(fds[i].fd, buffer, LINE_BUFFER) : 0;

			if (n > 0)
				take(c, &c->channels[i], clock_mono_ns(), buffer, n);
			any = any || n > 0;
		}
		/* What is left in the pipes still counts when it is told to stop. */
		if (!any && fds[c->n_channels].revents)
			break;
		nanosleep(&pause, NULL);
	}
	free(buffer);
	return NULL;
}

static int open_pipe(struct console *c, const char *dir, const struct scenario_pipe *pipe,
		     struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, pipe->name);
	int fd;

	if (mkfifo(path, 0600))
		return error_errno(err, -errno, "cannot make %s", path);
	/* Both ways: else it would be at its end whenever nobody writes. */
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open %s", path);
	/* A guest must not wait for us. A smaller pipe than asked for does, too. */
	fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
	c->channels[c->n_channels++] = (struct channel){ .pipe = pipe, .fd = fd };
	return 0;
}

struct console *console_start(const char *dir, const struct scenario_pipe *pipes,
			      struct error *err)
{
	struct console *c = xcalloc(1, sizeof(*c));
	sigset_t all, before;
	int ret = 0;

	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (c->stop_fd < 0)
		ret = error_errno(err, -errno, "eventfd");
	for (; !ret && pipes->name && c->n_channels < PIPES_MAX; pipes++)
		ret = open_pipe(c, dir, pipes, err);
	/* Signals are the main thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!ret) {
		ret = pthread_create(&c->thread, NULL, read_pipes, c);
		if (ret)
			ret = error_errno(err, -ret, "cannot start the console's thread");
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->running = !ret;
	if (ret) {
		console_free(c);
		return NULL;
	}
	return c;
}

void console_stop(struct console *c)
{
	uint64_t one = 1;

	if (!c->running)
		return;
	while (write(c->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(c->thread, NULL);
	c->running = false;
}

static void write_mark(struct writer *w, uint16_t run, uint64_t time, const struct wire_guest_mark *body,
		       struct error *err)
{
	struct wire_head head = { .time = time, .kind = WIRE_GUEST_MARK, .run = run };

	writer_put(w, &head, body, sizeof(*body), NULL, 0, err);
}

/* A port that said more than was kept. */
static void write_dropped(const struct channel *of, struct writer *w, uint16_t run, struct error *err)
{
	uint64_t more = of->marks > MARKS_MAX ? of->marks - MARKS_MAX : 0;
	const struct wire_guest_mark body = { .address = of->pipe->port, .space = WIRE_SPACE_REST,
					      .value = more < UINT32_MAX ? (uint32_t)more : UINT32_MAX };

	if (more)
		write_mark(w, run, of->last, &body, err);
}

void console_write(const struct console *c, struct writer *w, uint16_t run, struct error *err)
{
	size_t i;

	for (i = 0; i < c->n_pieces; i++) {
		const struct piece *p = &c->pieces[i];
		struct wire_head head = { .time = p->end, .kind = HOST_CONSOLE, .run = run };
		struct host_console body = { .since = p->since, .open = p->open };
		CLEANUP_FREE char *text = xasprintf("%.*s", (int)p->len, c->text + p->at);
		const char *string = text;

		writer_put(w, &head, &body, sizeof(body), &string, 1, err);
	}
	for (i = 0; i < c->n_marks; i++) {
		const struct wire_guest_mark body = { .address = c->marks[i].port,
						      .space = WIRE_SPACE_PORT,
						      .value = c->marks[i].value };

		write_mark(w, run, c->marks[i].time, &body, err);
	}
	for (i = 0; i < c->n_channels; i++)
		write_dropped(&c->channels[i], w, run, err);
}

void console_free(struct console *c)
{
	size_t i;

	if (!c)
		return;
	console_stop(c);
	for (i = 0; i < c->n_channels; i++)
		close(c->channels[i].fd);
	if (c->stop_fd >= 0)
		close(c->stop_fd);
	free(c->text);
	free(c->pieces);
	free(c);
}
