// SPDX-License-Identifier: GPL-2.0-only
#include "user/live.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tui/term.h"
#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/load.h"

#define BEGIN_MS 20     /* how often it is looked whether the session has begun */
#define NICENESS 10     /* while it goes on: who is measured comes first */
#define FEED_SHARE 50   /* reading takes a 50th of the time, however much comes in … */
#define REST_MAX_NS 2000000000ull /* … but nobody has to wait longer than this for news */

/* ---- the UI's process ---------------------------------------------------------------------------- */

struct feeder {
	struct reader *reader;
	struct session *session;
	uint64_t rest_until; /* clock_mono_ns() */
};

static bool feed(void *ctx)
{
	struct feeder *f = ctx;
	uint64_t began = clock_thread_cpu_ns(), rest;
	const struct wire_head *record;
	const char *why;

	while ((record = reader_next(f->reader)))
		session_add(f->session, record);
	if (reader_complete(f->reader, &why)) {
		session_settle(f->session);
		return false;
	}
	session_grow(f->session);
	rest = (clock_thread_cpu_ns() - began) * FEED_SHARE;
	f->rest_until = clock_mono_ns() + (rest < REST_MAX_NS ? rest : REST_MAX_NS);
	return true;
}

static bool pending(void *ctx)
{
	struct feeder *f = ctx;
	const char *why;

	if (clock_mono_ns() < f->rest_until)
		return false;
	/* The end of a recording holds no records, but is news all the same. */
	return reader_again(f->reader) || reader_complete(f->reader, &why);
}

static uint64_t now(void *ctx)
{
	(void)ctx;
	return clock_mono_ns();
}

/* Until the session's first records are there: before that it may well turn out to be impossible. */
static bool wait_for_begin(struct feeder *f, const char *path)
{
	struct error err = { 0 };

	while (!f->reader) {
		f->reader = reader_open(path, &err);
		if (!f->reader)
			poll(NULL, 0, BEGIN_MS);
	}
	while (!f->session->n_scenarios) {
		if (pending(f))
			feed(f);
		else
			poll(NULL, 0, BEGIN_MS);
	}
	return true;
}

static int ui_main(const char *path, pid_t session_pid)
{
	const int leader = pidfd_open(session_pid, 0);
	struct feeder f = { .session = load_session() };
	struct app_live live = { pending, feed, now, &f };
	struct error err = { 0 };
	struct app_io io;
	bool whole;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (leader < 0 || getppid() != session_pid)
		return 1;
	prctl(PR_SET_NAME, "coldprof-ui");
	setpriority(PRIO_PROCESS, 0, NICENESS);
	wait_for_begin(&f, path);
	if (term_open(&io, leader, &err))
		return 1;
	whole = app_run(f.session, path, NULL, &io, &live);
	term_close();
	/* q before the end ends the session; a signal came to both, or was for the UI alone. */
	if (!whole && !term_signal())
		pidfd_send_signal(leader, SIGINT, NULL, 0);
	return 0;
}

/* ---- the session's process ------------------------------------------------------------------------- */

static void block_suspend(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(how, &set, NULL);
}

bool live_start(struct live *l, const char *path)
{
	pid_t self = getpid();

	l->pid = 0;
	if (!term_possible())
		return false;
	fflush(NULL);
	block_suspend(SIG_BLOCK);
	l->pid = fork();
	if (l->pid == 0) {
		sigset_t none;

		sigemptyset(&none); /* the session may have blocked its own already */
		sigprocmask(SIG_SETMASK, &none, NULL);
		_exit(ui_main(path, self));
	}
	if (l->pid < 0) {
		l->pid = 0;
		block_suspend(SIG_UNBLOCK);
	}
	return l->pid > 0;
}

/* Its own handlers may have given the terminal back, if they could: twice does no harm. */
static void ended(struct live *l, int status)
{
	l->pid = 0;
	block_suspend(SIG_UNBLOCK);
	if (!WIFSIGNALED(status))
		return;
	term_rescue();
	fprintf(stderr, "coldprof: the terminal UI was ended by signal %d (%s)\n",
		WTERMSIG(status), strsignal(WTERMSIG(status)));
}

bool live_shown(struct live *l)
{
	int status;

	if (l->pid > 0 && waitpid(l->pid, &status, WNOHANG) == l->pid)
		ended(l, status);
	return l->pid > 0;
}

/* Who ends us now ends the UI first, for it has the terminal. */
static void wait_for_ui(const struct live *l)
{
	const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo info;
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fds[0].fd = pidfd_open(l->pid, 0);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	while (fds[0].fd >= 0 && !fds[0].revents) {
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[1].revents && read(fds[1].fd, &info, sizeof(info)) == sizeof(info))
			kill(l->pid, SIGTERM);
	}
	close(fds[0].fd);
	close(fds[1].fd);
}

void live_end(struct live *l, bool stop)
{
	int status = 0;

	if (!live_shown(l))
		return;
	if (stop)
		kill(l->pid, SIGTERM);
	wait_for_ui(l);
	if (waitpid(l->pid, &status, 0) == l->pid)
		ended(l, status);
}
