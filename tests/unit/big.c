// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/big.h"

#include <pthread.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/evtext.h"
#include "tui/app.h"
#include "tui/term.h"
#include "tui/view.h"
#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/load.h"
#include "user/record/writer.h"

#define TASKS 200
#define FRAMES 200
#define STEP_NS 1000

static const char begin[] =
	"0 - SESSION port=8080 runs=1 version=0.1\n"
	"0 - SCENARIO id=1 name=big boundary=none flags=host_accept\n"
	"run 1 at 1s\n"
	"+0 - RUN_BEGIN scenario=1 netns=100 client_netns=200 client_tid=50\n"
	"+0 90 FORK child=1000 comm=keeper\n"
	"+0.5ms 1000 EXEC enter=+0.1ms root=1 exe_name=svc comm=svc\n";

static void put_text(struct writer *w, const char *text, struct error *err)
{
	struct evtext ev = { 0 };
	const struct wire_head *record;
	size_t at = 0;

	if (evtext_parse(&ev, text))
		error_set(err, -1, "%s", ev.error);
	while (!err->code && (record = evtext_next(&ev, &at)))
		writer_append(w, record, err);
	evtext_release(&ev);
}

static void put(struct writer *w, uint64_t time, uint32_t tid, uint16_t kind, const void *body,
		size_t size, struct error *err)
{
	struct wire_head head = { .time = time, .tid = tid, .pid = tid, .kind = kind, .run = 1 };

	writer_put_bytes(w, &head, body, size, NULL, 0, err);
}

/* The task at the CPU calls, wakes the next one and leaves for it. */
static void put_turn(struct writer *w, uint64_t time, uint32_t a, uint32_t b, struct error *err)
{
	struct wire_syscall call = { .enter = time - STEP_NS, .nr = 1, .ret = 1,
				     .object_kind = WIRE_OBJECT_PIPE };
	struct wire_waking waking = { .tid = b, .pid = b, .waker_syscall = 1, .waker_ours = 1 };
	struct wire_switch sw = { .next_tid = b, .next_pid = b, .prev_ours = 1, .next_ours = 1,
				  .prev_state = WIRE_STATE_SLEEPING, .prev_syscall = 0 };

	put(w, time, a, WIRE_SYSCALL, &call, sizeof(call), err);
	put(w, time + 100, a, WIRE_WAKING, &waking, sizeof(waking), err);
	put(w, time + 300, a, WIRE_SWITCH, &sw, sizeof(sw), err);
}

int big_write(const char *path, unsigned long n)
{
	struct error err = { 0 };
	struct writer *w = writer_open(path, true, (uid_t)-1, (gid_t)-1, &err);
	uint64_t time = 1001000000;
	unsigned long i;
	char text[200];

	if (!w)
		return 1;
	put_text(w, begin, &err);
	for (i = 1; i < TASKS && !err.code; i++) {
		struct wire_fork fork = { .child_tid = (uint32_t)(1000 + i),
					  .child_pid = (uint32_t)(1000 + i), .comm = "worker" };

		put(w, time += STEP_NS, 1000, WIRE_FORK, &fork, sizeof(fork), &err);
	}
	for (i = 0; i < n / 3 && !err.code; i++)
		put_turn(w, time += STEP_NS, (uint32_t)(1000 + i % TASKS),
			 (uint32_t)(1000 + (i + 1) % TASKS), &err);
	snprintf(text, sizeof(text),
		 "run 1 at 1s\n%lluns - CLIENT first_byte=%lluns attempts=1 http_status=200\n"
		 "%lluns - RUN_END status=ok\n",
		 (unsigned long long)time, (unsigned long long)time, (unsigned long long)time + 1000);
	if (!err.code)
		put_text(w, text, &err);
	writer_seal(w, &err);
	if (err.code)
		fprintf(stderr, "big: %s\n", err.text);
	return err.code ? 1 : 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

/*
 * A terminal of our own, so that a frame's cost has what curses makes of it and the writing: what
 * comes out at its other end is thrown away by a thread.
 */
#define WIDTH 200
#define HEIGHT 60
#define BAR_OPEN_MS 1500
#define BAR_FRAME_MS 10

struct stopwatch {
	size_t view, frame;
	uint64_t since, ns[FRAMES];
	double worst_open, worst_frame; /* medians, ms */
	struct app_io term;
	FILE *out; /* stdout is the terminal */
	int other_end;
};

static void size_of(void *ctx, int *width, int *height)
{
	struct stopwatch *s = ctx;

	s->term.size(s->term.ctx, width, height);
}

static void show(void *ctx, const struct canvas *c)
{
	struct stopwatch *s = ctx;

	s->term.show(s->term.ctx, c);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void view_done(struct stopwatch *s)
{
	double first = (double)s->ns[0] / 1e6, median;

	qsort(s->ns + 1, FRAMES - 1, sizeof(*s->ns), compare);
	median = (double)s->ns[FRAMES / 2] / 1e6;
	fprintf(s->out, "%-10s opened in %7.2f ms, then median %6.2f ms, worst %6.2f ms\n",
		views[s->view]->name, first, median, (double)s->ns[FRAMES - 1] / 1e6);
	if (first > s->worst_open)
		s->worst_open = first;
	if (median > s->worst_frame)
		s->worst_frame = median;
}

/* Each frame is drawn between two calls; the first of a view has its opening in it. */
static int next_key(void *ctx, int ms)
{
	static const int moves[] = { PRESS_DOWN, PRESS_RIGHT, '+', PRESS_PAGE_DOWN, '-', 'L' };
	struct stopwatch *s = ctx;
	uint64_t now = clock_thread_cpu_ns();

	(void)ms;
	if (s->frame)
		s->ns[s->frame - 1] = now - s->since;
	if (s->frame == FRAMES) {
		view_done(s);
		s->frame = 0;
		if (!views[++s->view])
			return PRESS_QUIT;
	}
	s->since = clock_thread_cpu_ns();
	if (s->frame++ == 0)
		return views[s->view]->key;
	return moves[s->frame % ARRAY_SIZE(moves)];
}

static void *swallow(void *ctx)
{
	const struct stopwatch *s = ctx;
	char room[65536];

	while (read(s->other_end, room, sizeof(room)) > 0)
		;
	return NULL;
}

/* Standard input and output become the terminal; out is where the latter went. */
static bool take_terminal(struct stopwatch *s)
{
	struct winsize size = { .ws_row = HEIGHT, .ws_col = WIDTH };
	pthread_t thread;
	int end;

	s->out = fdopen(dup(STDOUT_FILENO), "w");
	if (!s->out || openpty(&s->other_end, &end, NULL, NULL, &size) ||
	    pthread_create(&thread, NULL, swallow, s))
		return false;
	pthread_detach(thread);
	fflush(stdout);
	setenv("TERM", "xterm-256color", 1);
	return dup2(end, STDIN_FILENO) >= 0 && dup2(end, STDOUT_FILENO) >= 0;
}

static void say_bar(FILE *out, const char *what, double ms, double bar)
{
	fprintf(out, "%s: %.2f ms, bar %.0f ms: %s\n", what, ms, bar, ms <= bar ? "pass" : "MISS");
}

int big_frames(const char *path)
{
	struct stopwatch s = { .frame = 0 };
	const struct app_io io = { size_of, show, next_key, true, &s };
	uint64_t before = clock_mono_ns(), cpu = clock_thread_cpu_ns();
	struct loaded loaded;
	struct error err = { 0 };
	double read_ms;

	if (load_recording(&loaded, path, &err)) {
		fprintf(stderr, "big: %s\n", err.text);
		return 1;
	}
	read_ms = (double)(clock_thread_cpu_ns() - cpu) / 1e6;
	printf("%llu events read and understood in %.0f ms, %.0f ms of them on a CPU\n",
	       (unsigned long long)loaded.session->records, (double)(clock_mono_ns() - before) / 1e6,
	       read_ms);
	if (!take_terminal(&s) || term_open(&s.term, -1, &err)) {
		fprintf(stderr, "big: no terminal: %s\n", err.text);
		return 1;
	}
	app_run(loaded.session, path, NULL, &io, NULL);
	term_close();
	say_bar(s.out, "to open, reading and the slowest view, on a CPU", read_ms + s.worst_open,
		BAR_OPEN_MS);
	say_bar(s.out, "a frame of the heaviest view, median, its output written", s.worst_frame,
		BAR_FRAME_MS);
	fclose(s.out);
	load_release(&loaded);
	return 0;
}
