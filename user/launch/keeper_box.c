// SPDX-License-Identifier: GPL-2.0-only
/* keeper_box.c - pid 1 of a run: makes the box, starts the root process, reaps. */
#include "user/launch/keeper_box.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/launch/netns.h"

#define BOX_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define KILL_TREE_MS 1500
#define OUTPUT_MOST (16 << 20) /* bytes that a run's output may take … */
#define OUTPUT_LAST (1 << 20)  /* … of which these are kept then */
#define OUTPUT_LOOK_MS 100
#define ADOPTED_END_MS 1000

/* ---- messages ------------------------------------------------------------------------------- */

static int send_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		p += done;
		n -= done;
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t n)
{
	char *p = data;

	while (n) {
		ssize_t done = recv(fd, p, n, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -EPIPE;
		p += done;
		n -= done;
	}
	return 0;
}

int box_send(int fd, const struct box_message *m, const void *data)
{
	int ret = send_all(fd, m, sizeof(*m));

	return ret ? ret : send_all(fd, data, m->bytes);
}

int box_receive(int fd, struct box_message *m, char **data)
{
	CLEANUP_FREE char *bytes = NULL;
	int ret = receive_all(fd, m, sizeof(*m));

	if (ret)
		return ret;
	bytes = xcalloc(1, (size_t)m->bytes + 1);
	ret = receive_all(fd, bytes, m->bytes);
	if (!ret && data)
		*data = STEAL(bytes);
	return ret;
}

/* ---- making the box ------------------------------------------------------------------------- */

/* Our parent's pid as /proc counts it; getppid() is 0 for a parent outside the pid namespace. */
static pid_t parent_pid(void)
{
	char text[512], *p;
	CLEANUP_CLOSE int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int pid = -1;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	p = strrchr(text, ')'); /* comm may hold anything */
	return p && sscanf(p + 1, " %*c %d", &pid) == 1 ? pid : -1;
}

/*
 * The signal is sent when the thread that forked us ends. If it ended before the prctl, we have
 * another parent by now (or will be orphaned by the last thread of it, which does signal): so
 * whoever still has coldprof as parent after the prctl cannot outlive it.
 */
static int die_with_parent(const struct box *b, int sig, struct error *err)
{
	if (prctl(PR_SET_PDEATHSIG, sig))
		return error_errno(err, -errno, "cannot ask to die with coldprof");
	if (parent_pid() != b->parent)
		_exit(1); /* nobody is left to be told */
	return 0;
}

/* Nothing of coldprof's (probes, recording, locks, other runs) stays open in the box. */
static void close_others(const struct box *b)
{
	int keep[] = { STDERR_FILENO, b->control_fd, b->output_fd, b->options->client_netns_fd };
	unsigned int from = STDERR_FILENO + 1;

	for (;;) {
		unsigned int next = ~0u;
		size_t i;

		for (i = 0; i < ARRAY_SIZE(keep); i++)
			if (keep[i] >= 0 && (unsigned int)keep[i] >= from &&
			    (unsigned int)keep[i] < next)
				next = keep[i];
		if (next > from)
			close_range(from, next == ~0u ? next : next - 1, 0);
		if (next == ~0u)
			return;
		from = next + 1;
	}
}

static int redirect(const struct box *b, struct error *err)
{
	CLEANUP_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(b->output_fd, STDOUT_FILENO) < 0 ||
	    dup2(b->output_fd, STDERR_FILENO) < 0)
		return error_errno(err, -errno, "cannot redirect the run's output");
	return 0;
}

static int make_mounts(struct error *err)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return error_errno(err, -errno, "cannot make the run's mounts private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return error_errno(err, -errno, "cannot mount the run's own /proc");
	return 0;
}

static int make_network(const struct box *b, struct error *err)
{
	CLEANUP_CLOSE int rtnl = -1;

	if (b->options->scenario->ops->net == NET_TAP_DEVICE) {
		if (setns(b->options->client_netns_fd, CLONE_NEWNET))
			return error_errno(err, -errno, "cannot enter the client's network");
		/*
		 * The host's /sys shows the host's interfaces, and cloud-hypervisor looks for its tap there.
		 * A VMM needs nothing of what is mounted below it (cgroups); other runtimes do, and have
		 * interfaces by name from nowhere.
		 */
		if (mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
			return error_errno(err, -errno, "cannot mount the run's own /sys");
		return 0;
	}
	if (unshare(CLONE_NEWNET))
		return error_errno(err, -errno, "cannot make a network namespace");
	rtnl = rtnl_open(err);
	return rtnl < 0 ? rtnl : rtnl_up(rtnl, "lo", err);
}

static int make_box(struct box *b, struct error *err)
{
	const struct scenario_ops *ops = b->options->scenario->ops;
	bool host = ops->net == NET_HOST;
	int ret;

	/* On the host SIGTERM, for a handler must still kill the descendants; see serve(). */
	ret = die_with_parent(b, host ? SIGTERM : SIGKILL, err);
	if (ret)
		return ret;
	close_others(b);
	setsid(); /* the terminal's Ctrl-C is coldprof's business */
	if (host) {
		if (prctl(PR_SET_CHILD_SUBREAPER, 1))
			return error_errno(err, -errno, "cannot become a subreaper");
	} else {
		if (unshare(CLONE_NEWNS | CLONE_NEWIPC))
			return error_errno(err, -errno, "cannot make mount and IPC namespaces");
		ret = make_mounts(err);
		if (!ret)
			ret = make_network(b, err);
	}
	if (!ret)
		ret = redirect(b, err);
	if (!ret && ops->enter && ops->enter(b->options->scenario, b->options->run, err))
		ret = err->code ? err->code : -EIO;
	return ret;
}

/* ---- the root process ----------------------------------------------------------------------- */

/* Looked up here, not by execvp(): the first execve must be the one that counts. Owned. */
static char *program_path(const char *name)
{
	const char *dirs = getenv("PATH"), *next;

	if (strchr(name, '/'))
		return xstrdup(name);
	for (dirs = dirs ? dirs : BOX_PATH; dirs; dirs = next ? next + 1 : NULL) {
		CLEANUP_FREE char *path = NULL;

		next = strchrnul(dirs, ':');
		path = xasprintf("%.*s/%s", (int)(next - dirs), dirs, name);
		next = *next ? next : NULL;
		if (access(path, X_OK) == 0)
			return STEAL(path);
	}
	return xstrdup(name);
}

static int spawn_attributes(posix_spawn_file_actions_t *files, posix_spawnattr_t *how)
{
	sigset_t none, all;
	int ret;

	sigemptyset(&none);
	/* Not sigfillset(): it leaves out glibc's own two, which would be ignored then. */
	memset(&all, 0xff, sizeof(all));
	ret = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	if (!ret)
		ret = posix_spawnattr_setsigmask(how, &none);
	if (!ret)
		ret = posix_spawnattr_setsigdefault(how, &all);
	if (!ret)
		ret = posix_spawnattr_setflags(how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	return ret;
}

/*
 * posix_spawn(), because its child shares our memory until execve (CLONE_VM | CLONE_VFORK): after a
 * plain fork, execve would tear down a copy of coldprof's address space first, and that would be
 * counted as the runtime's. It also tells the errno of a failed execve. Our own stdin, stdout and
 * stderr are the run's already.
 */
static int spawn_root(struct box *b, char **argv)
{
	const char *home = getenv("HOME");
	CLEANUP_FREE char *program = program_path(argv[0]);
	CLEANUP_FREE char *home_set = xasprintf("HOME=%s", home ? home : "/root");
	char *clean[] = { (char *)"PATH=" BOX_PATH, home_set, (char *)"LANG=C", NULL };
	bool host = b->options->scenario->ops->net == NET_HOST;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&how);
	ret = spawn_attributes(&files, &how);
	if (!ret)
		ret = posix_spawn(&b->root, program, &files, &how, argv, host ? environ : clean);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return ret;
}

static void tell_end(const struct box *b, int status, int exec_errno)
{
	struct box_message m = { .kind = BOX_ENDED, .first = status, .second = exec_errno };

	box_send(b->control_fd, &m, NULL);
}

static void launch(struct box *b, char *words, size_t bytes)
{
	CLEANUP_FREE char **argv = NULL;
	size_t n = 0, cap = 0, at;
	int ret;

	for (at = 0; at < bytes; at += strlen(words + at) + 1) {
		ARRAY_RESERVE(argv, n, cap, 2);
		argv[n++] = words + at;
		argv[n] = NULL;
	}
	ret = n ? spawn_root(b, argv) : EINVAL;
	if (ret) {
		b->root = 0;
		tell_end(b, 0, ret);
	}
}

/* ---- the life of pid 1 ---------------------------------------------------------------------- */

/* Returns whether there are children left. */
static bool reap(struct box *b)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (b->root && pid == b->root) {
			b->root = 0;
			tell_end(b, status, 0);
		}
	return pid == 0;
}

/* A subreaper's descendants are all gone when it has no child left: orphans become its own. */
static void kill_tree(struct box *b)
{
	uint64_t deadline = clock_mono_ns() + KILL_TREE_MS * 1000000ull;
	struct timespec pause = { .tv_nsec = 1000000 };

	while (clock_mono_ns() < deadline) {
		box_kill_descendants(getpid());
		if (!reap(b))
			return;
		nanosleep(&pause, NULL);
	}
}

/*
 * A client of a container engine: told to end, it ends its container and takes away what it has
 * made (mounts, cgroups, an entry in the engine's books). Killed, it leaves all that behind.
 */
static void end_gently(struct box *b)
{
	uint64_t deadline = clock_mono_ns() + KEEPER_GENTLE_MS * 1000000ull;
	struct timespec pause = { .tv_nsec = 5000000 };

	if (b->root)
		kill(b->root, SIGTERM);
	while (reap(b) && clock_mono_ns() < deadline)
		nanosleep(&pause, NULL);
}

/* Held by the descriptor, and only if it is who coldprof meant. */
static void adopt(struct box *b, pid_t pid, const char *data, size_t n)
{
	int *place = &b->adopted[b->n_adopted % BOX_ADOPTED_MAX];
	uint64_t start;
	int fd;

	if (n != sizeof(start))
		return;
	memcpy(&start, data, sizeof(start));
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return;
	if (box_start_of(pid) != start) {
		close(fd);
		return;
	}
	if (b->n_adopted++ >= BOX_ADOPTED_MAX)
		close(*place);
	*place = fd;
}

/* Signal what still lives of it; false: nothing does. */
static bool signal_adopted(const struct box *b, int sig)
{
	unsigned int i, n = b->n_adopted < BOX_ADOPTED_MAX ? b->n_adopted : BOX_ADOPTED_MAX;
	bool lives = false;

	for (i = 0; i < n; i++) {
		struct pollfd ended = { .fd = b->adopted[i], .events = POLLIN };

		if (poll(&ended, 1, 0) > 0)
			continue;
		pidfd_send_signal(b->adopted[i], sig, NULL, 0);
		lives = true;
	}
	return lives;
}

static void end_adopted(const struct box *b)
{
	uint64_t deadline = clock_mono_ns() + ADOPTED_END_MS * 1000000ull;
	struct timespec pause = { .tv_nsec = 5000000 };

	signal_adopted(b, SIGTERM);
	while (signal_adopted(b, 0) && clock_mono_ns() < deadline)
		nanosleep(&pause, NULL);
	signal_adopted(b, SIGKILL);
}

static bool handle_message(struct box *b)
{
	CLEANUP_FREE char *data = NULL;
	struct box_message m;

	if (box_receive(b->control_fd, &m, &data))
		return false;
	if (m.kind == BOX_LAUNCH) {
		b->launched = true;
		launch(b, data, m.bytes);
	}
	if (m.kind == BOX_GENTLE)
		b->gentle = true;
	if (m.kind == BOX_ADOPT)
		adopt(b, m.first, data, m.bytes);
	return true;
}

/*
 * A run that never stops talking must not fill /run: of what it wrote, the beginning goes. (A hole,
 * so that places in the file stay what they are.)
 */
static void bound_output(struct box *b)
{
	struct stat st;

	if (fstat(b->output_fd, &st) || st.st_size - b->output_gone < OUTPUT_MOST)
		return;
	b->output_gone = st.st_size - OUTPUT_LAST;
	fallocate(b->output_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, b->output_gone);
}

static void serve(struct box *b, int signal_fd)
{
	struct pollfd fds[] = {
		{ .fd = b->control_fd, .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	struct signalfd_siginfo info;

	for (;;) {
		int n = poll(fds, ARRAY_SIZE(fds), b->launched ? OUTPUT_LOOK_MS : -1);

		if (n == 0)
			bound_output(b);
		if (n <= 0)
			continue;
		if (fds[1].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo == SIGTERM)
				break; /* told to stop, or coldprof died */
			reap(b);
		}
		if (fds[0].revents && !handle_message(b))
			break;
	}
	/* With a pid namespace our exit is the end of everything in it. */
	if (b->options->scenario->ops->net == NET_HOST) {
		if (b->gentle)
			end_gently(b);
		kill_tree(b);
		end_adopted(b);
	}
}

_Noreturn void box_main(struct box *b)
{
	struct error err = { 0 };
	struct box_message m = { .kind = BOX_READY };
	sigset_t set;
	int signal_fd;

	/*
	 * All signals were blocked before the fork; those that are handled come through signal_fd.
	 * What coldprof was started with (SIGCHLD ignored, say) must not decide how we reap.
	 */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* Not in a pid namespace: there anybody in the run could send it. */
	if (b->options->scenario->ops->net == NET_HOST)
		sigaddset(&set, SIGTERM);
	if (make_box(b, &err)) {
		m.kind = BOX_FAILED;
		m.first = err.code;
		m.second = err.class;
		m.bytes = strlen(err.text);
		box_send(b->control_fd, &m, err.text);
		_exit(1);
	}
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (signal_fd >= 0 && box_send(b->control_fd, &m, NULL) == 0)
		serve(b, signal_fd);
	_exit(0);
}
