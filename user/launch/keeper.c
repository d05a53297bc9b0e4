// SPDX-License-Identifier: GPL-2.0-only
/* keeper.c - the box that one run lives in, from coldprof's side. */
#include "user/launch/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/launch/keeper_box.h"
#include "user/launch/netns.h"

#define READY_MS 10000 /* enter() mounts things; it has no reason to take longer */
#define STOP_MS 2000

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(struct keeper *k)
{
	close_fd(&k->pidfd);
	close_fd(&k->control_fd);
	close_fd(&k->netns_fd);
	close_fd(&k->output_fd);
}

/* ---- start ---------------------------------------------------------------------------------- */

static int open_output(struct keeper *k, const char *dir, int *writer, struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/" KEEPER_OUTPUT, dir);

	*writer = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*writer >= 0)
		k->output_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*writer < 0 || k->output_fd < 0)
		return error_errno(err, -errno, "cannot make the run's output file %s", path);
	return 0;
}

/*
 * A child that is pid 1 of a new pid namespace, made with glibc's fork(): we have threads, and
 * after a raw clone() the child could wait for ever for a malloc lock that another thread held.
 * unshare() of a pid namespace concerns only children that this thread makes, and is taken back at
 * once. The child is our own, so that PDEATHSIG, waitpid() and pidfd need no process in between.
 */
static pid_t fork_boxed(bool host, struct error *err)
{
	CLEANUP_CLOSE int home = -1;
	pid_t pid;

	if (host) {
		pid = fork();
		if (pid < 0)
			error_errno(err, -errno, "cannot fork the run's keeper");
		return pid;
	}
	home = open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (home < 0 || unshare(CLONE_NEWPID)) {
		error_errno(err, -errno, "cannot make a pid namespace");
		return -1;
	}
	pid = fork();
	if (pid < 0)
		error_errno(err, -errno, "cannot fork the run's keeper");
	/* Else every later child would be born into a namespace that dies with this run. */
	if (pid && setns(home, CLONE_NEWPID))
		abort();
	return pid;
}

static int start_process(struct keeper *k, struct box *b, struct error *err)
{
	sigset_t all, old;
	int pair[2], code;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return error_errno(err, -errno, "cannot make the keeper's control socket");
	k->control_fd = pair[0];
	b->control_fd = pair[1];
	/* A signal that arrived in the child would run coldprof's handlers there. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	k->pid = fork_boxed(k->host, err);
	if (k->pid == 0)
		box_main(b);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	if (k->pid < 0)
		return err ? err->code : -EAGAIN;
	k->pidfd = pidfd_open(k->pid, 0);
	if (k->pidfd < 0) {
		code = -errno;
		return error_errno(err, code, "cannot watch the run's keeper");
	}
	return 0;
}

static int wait_ready(struct keeper *k, int stop_fd, struct error *err)
{
	uint64_t deadline = clock_mono_ns() + READY_MS * 1000000ull, now;
	struct pollfd fds[] = {
		{ .fd = k->control_fd, .events = POLLIN },
		{ .fd = stop_fd > 0 ? stop_fd : -1, .events = POLLIN },
	};
	CLEANUP_FREE char *text = NULL;
	struct box_message m;
	int ret;

	do {
		now = clock_mono_ns();
		if (now >= deadline)
			return error_set(err, -ETIMEDOUT, "the run's box was not made within %d s",
					 READY_MS / 1000);
	} while (poll(fds, ARRAY_SIZE(fds), (deadline - now) / 1000000 + 1) <= 0);
	if (fds[1].revents)
		return error_set(err, -EINTR, "interrupted while the run's box was made");
	ret = box_receive(k->control_fd, &m, &text);
	if (ret)
		return error_errno(err, ret, "the run's keeper died before it was ready");
	if (m.kind == BOX_READY)
		return 0;
	return error_class(err, m.second > 0 ? m.second : ERROR_FAILED, m.first, "%s", text);
}

int keeper_start(struct keeper *k, const struct keeper_options *o, struct error *err)
{
	struct box b = { .options = o, .parent = getpid(), .output_fd = -1 };
	int ret;

	*k = (struct keeper){ .pid = -1, .pidfd = -1, .control_fd = -1, .netns_fd = -1,
			      .output_fd = -1, .host = o->scenario->ops->net == NET_HOST };
	ret = open_output(k, o->run->dir, &b.output_fd, err);
	if (!ret)
		ret = start_process(k, &b, err);
	close_fd(&b.output_fd);
	if (!ret)
		ret = wait_ready(k, o->stop_fd, err);
	if (!ret) {
		k->netns_fd = netns_of(k->pid);
		k->netns = netns_inode(k->netns_fd);
		if (k->netns_fd < 0)
			ret = error_errno(err, k->netns_fd, "cannot open the run's network");
	}
	if (ret) {
		keeper_stop(k);
		close_all(k); /* where there was not even a process to stop */
	}
	return ret;
}

/* ---- launch and end ------------------------------------------------------------------------- */

int keeper_launch(struct keeper *k, const struct args *argv, struct error *err)
{
	struct box_message m = { .kind = BOX_LAUNCH };
	CLEANUP_FREE char *data = NULL;
	size_t i, bytes = 0;
	int ret;

	if (argv->n == 0 || !argv->list[0][0])
		return error_set(err, -EINVAL, "nothing to launch: the command is empty");
	for (i = 0; i < argv->n; i++)
		bytes += strlen(argv->list[i]) + 1;
	data = xmalloc(bytes);
	m.bytes = bytes;
	for (i = 0, bytes = 0; i < argv->n; i++) {
		strcpy(data + bytes, argv->list[i]);
		bytes += strlen(argv->list[i]) + 1;
	}
	ret = box_send(k->control_fd, &m, data);
	return ret ? error_errno(err, ret, "cannot reach the run's keeper") : 0;
}

int keeper_wait_fd(const struct keeper *k)
{
	return k->control_fd;
}

bool keeper_exit(struct keeper *k, int *status, int *exec_errno)
{
	struct pollfd fd = { .fd = k->control_fd, .events = POLLIN };
	struct box_message m;

	if (!k->ended && k->control_fd >= 0 && poll(&fd, 1, 0) > 0) {
		k->ended = true;
		if (box_receive(k->control_fd, &m, NULL) == 0) {
			k->status = m.first;
			k->exec_errno = m.second;
		} else {
			k->status = SIGKILL; /* pid 1 is gone, and with it everything */
		}
	}
	*status = k->status;
	*exec_errno = k->exec_errno;
	return k->ended;
}

size_t keeper_processes(const struct keeper *k, pid_t **pids)
{
	return box_descendants(k->pid, pids);
}

char *keeper_output(const struct keeper *k, size_t n, size_t *len, uint64_t *total)
{
	CLEANUP_FREE char *text = NULL;
	struct stat st;
	ssize_t got;

	if (k->pid <= 0 || k->output_fd < 0 || fstat(k->output_fd, &st))
		return NULL;
	if ((uint64_t)st.st_size < n)
		n = st.st_size;
	text = xmalloc(n + 1);
	got = pread(k->output_fd, text, n, st.st_size - n);
	if (got < 0)
		return NULL;
	text[got] = '\0';
	for (n = 0; n < (size_t)got; n++)
		if (!text[n])
			text[n] = ' '; /* who takes it as a string shall have all of it */
	*len = got;
	*total = st.st_size;
	return STEAL(text);
}

void keeper_be_gentle(struct keeper *k)
{
	struct box_message m = { .kind = BOX_GENTLE };

	if (!k->gentle && k->host)
		box_send(k->control_fd, &m, NULL);
	k->gentle = k->host;
}

void keeper_adopt(const struct keeper *k, pid_t pid)
{
	uint64_t start = box_start_of(pid);
	struct box_message m = { .kind = BOX_ADOPT, .first = pid, .bytes = sizeof(start) };

	if (k->host && start)
		box_send(k->control_fd, &m, &start);
}

/* ---- stop ----------------------------------------------------------------------------------- */

static bool wait_gone(struct keeper *k, uint64_t deadline)
{
	struct pollfd fd = { .fd = k->pidfd, .events = POLLIN };
	uint64_t now;

	while ((now = clock_mono_ns()) < deadline)
		if (poll(&fd, 1, (deadline - now) / 1000000 + 1) > 0)
			return true;
	return false;
}

void keeper_kill(const struct keeper *k)
{
	if (k->pid > 0 && k->pidfd >= 0 && !k->host)
		pidfd_send_signal(k->pidfd, SIGKILL, NULL, 0);
}

void keeper_stop(struct keeper *k)
{
	unsigned int ms = STOP_MS + (k->gentle ? KEEPER_GENTLE_MS : 0);
	uint64_t deadline = clock_mono_ns() + ms * 1000000ull;
	bool gone;

	if (k->pid <= 0)
		return;
	if (k->pidfd < 0) {
		/* Start failed half-way. Not waited for yet, so the pid is still its own. */
		kill(k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
	} else {
		/*
		 * A pid 1 that is killed becomes a zombie only when the kernel has killed and
		 * reaped all others of its namespace: its end is the end of the whole box.
		 */
		pidfd_send_signal(k->pidfd, k->host ? SIGTERM : SIGKILL, NULL, 0);
		gone = wait_gone(k, deadline - (k->host ? 100000000 : 0));
		if (!gone && k->host) {
			box_kill_descendants(k->pid);
			pidfd_send_signal(k->pidfd, SIGKILL, NULL, 0);
			gone = wait_gone(k, deadline);
		}
		k->stuck = !gone;
		if (gone)
			waitpid(k->pid, NULL, 0);
	}
	k->pid = -1;
	close_all(k);
}
