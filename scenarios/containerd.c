// SPDX-License-Identifier: GPL-2.0-only
/* containerd.c - a private containerd for one run. */
#include "scenarios/containerd.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/mem.h"

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
/*
 * So long it may take to answer on its socket: less than the keeper has to be ready (10 s, of which the
 * mounts before this have used some), or nobody would say what it was waited for.
 */
#define START_S 7
#define START_PAUSE_NS 5000000

/* ---- is it here? ---------------------------------------------------------------------------- */

static void add_directory(char **path, const char *program)
{
	const char *slash = strrchr(program, '/');
	char *longer;

	if (!slash)
		return;
	longer = xasprintf("%.*s:%s", (int)(slash - program), program, *path);
	free(*path);
	*path = longer;
}

char *containerd_shim(const struct scenario_options *o, const char *shim)
{
	return find_tool(o, shim);
}

int containerd_probe(struct scenario *s, struct containerd *c, const char *shim,
		     struct error *err)
{
	static const struct program ctr = { .name = "ctr", .version_arg = "--version" };
	int ret = find_program(s, &ctr, err);

	if (ret < 0)
		return ret;
	c->containerd = find_tool(s->options, "containerd");
	if (ret > 0 || !c->containerd)
		return scenario_unavailable(s, GET_CONTAINERD, "%s is not installed",
					    c->containerd ? "ctr" : "containerd");
	c->ctr = xstrdup(s->runtime_path);
	c->path = xstrdup(USUAL_PATH);
	add_directory(&c->path, c->containerd);
	if (shim)
		add_directory(&c->path, shim);
	return 0;
}

void containerd_path(struct containerd *c, const char *program)
{
	add_directory(&c->path, program);
}

void containerd_describe(struct scenario *s, const char *program, const char *name)
{
	CLEANUP_FREE char *below = runtime_version(program, "--version");
	char *version = s->runtime_version;

	s->runtime_version = xasprintf("%s, %s", version ? version : "containerd",
				       below ? below : name);
	free(version);
}

void containerd_release(struct containerd *c)
{
	free(c->containerd);
	free(c->ctr);
	free(c->path);
	*c = (struct containerd){ 0 };
}

/* ---- a /run of the run's own ---------------------------------------------------------------- */

static int make_parents(char *path, struct error *err)
{
	char *slash;

	for (slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return error_errno(err, -errno, "cannot make %s", path);
		*slash = '/';
	}
	if (mkdir(path, 0700) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make %s", path);
	return 0;
}

/* The session's directory is held by a descriptor while /run is covered, and bound back in. */
static int hide_run(const struct scenario_run *run, struct error *err)
{
	CLEANUP_FREE char *session = xstrdup(run->dir), *held = NULL;
	CLEANUP_CLOSE int fd = -1;
	char *slash = strrchr(session, '/');
	int ret;

	if (strncmp(session, "/run/", 5) || !slash)
		return 0; /* scratch lies elsewhere: nothing of it is covered */
	*slash = '\0';
	fd = open(session, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open %s", session);
	if (mount("none", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"))
		return error_errno(err, -errno, "cannot give the run a /run of its own");
	ret = make_parents(session, err);
	if (ret)
		return ret;
	held = xasprintf("/proc/self/fd/%d", fd);
	if (mount(held, session, NULL, MS_BIND | MS_REC, NULL))
		return error_errno(err, -errno, "cannot bind %s into the run's /run", session);
	return 0;
}

/* ---- the daemon ----------------------------------------------------------------------------- */

/*
 * What is left out is what would reach out of its own directories (opt makes /opt/containerd), what
 * asks the host for devices, and what no `ctr run` needs.
 */
char *containerd_config(const char *dir)
{
	return xasprintf("version = 2\n"
			 "root = \"%s/root\"\n"
			 "state = \"%s/state\"\n"
			 "temp = \"%s/tmp\"\n"
			 "disabled_plugins = [\n"
			 "  \"io.containerd.grpc.v1.cri\",\n"
			 "  \"io.containerd.internal.v1.opt\",\n"
			 "  \"io.containerd.snapshotter.v1.aufs\",\n"
			 "  \"io.containerd.snapshotter.v1.btrfs\",\n"
			 "  \"io.containerd.snapshotter.v1.zfs\",\n"
			 "  \"io.containerd.snapshotter.v1.devmapper\",\n"
			 "]\n"
			 "[grpc]\n"
			 "  address = \"%s/sock\"\n",
			 dir, dir, dir, dir);
}

static int write_text(const char *path, const char *text, struct error *err)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fflush(f))
		return error_errno(err, -errno, "cannot write %s", path);
	return 0;
}

/*
 * Does it serve? A gRPC server speaks first, so a byte from it means that the daemon has taken the
 * connection: nothing of ours is left in its queue when the launch comes.
 */
static bool serves(const char *socket_path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct timeval wait = { .tv_sec = 1 };
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char byte;

	if (fd < 0 || strlen(socket_path) >= sizeof(a.sun_path))
		return false;
	strcpy(a.sun_path, socket_path);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return !connect(fd, (struct sockaddr *)&a, sizeof(a)) && recv(fd, &byte, 1, 0) == 1;
}

/* The last line of what it logged; "" when it said nothing. Owned. */
static char *last_words(const char *log)
{
	char text[1024] = "", *line;
	CLEANUP_CLOSE int fd = open(log, O_RDONLY | O_CLOEXEC);
	off_t end = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	size_t n = end < (off_t)sizeof(text) - 1 ? (size_t)end : sizeof(text) - 1;
	ssize_t got = fd < 0 ? 0 : pread(fd, text, n, end - (off_t)n);

	n = got > 0 ? (size_t)got : 0;
	while (n && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	line = strrchr(text, '\n');
	return xstrdup(line ? line + 1 : text);
}

/* We are pid 1 of the box, so its end is ours and the kernel's to see to. */
static pid_t spawn(const struct containerd *c, const char *config, const char *log, bool apart)
{
	CLEANUP_FREE char *path = xasprintf("PATH=%s", c->path);
	char *envp[] = { path, (char *)"HOME=/root", (char *)"LANG=C", NULL };
	char *argv[] = { c->containerd, (char *)"--config", (char *)config, NULL };
	sigset_t none;
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	setsid();
	if (apart && unshare(CLONE_NEWNET))
		_exit(125);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		_exit(126);
	execve(argv[0], argv, envp);
	_exit(127);
}

static int wait_for(pid_t pid, const char *socket_path, const char *log, struct error *err)
{
	struct timespec pause = { .tv_nsec = START_PAUSE_NS };
	struct itimerspec after = { .it_value.tv_sec = START_S };
	CLEANUP_CLOSE int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	CLEANUP_FREE char *words = NULL;
	uint64_t over;
	int status;

	if (timer < 0)
		return error_errno(err, -errno, "cannot make a timer");
	timerfd_settime(timer, 0, &after, NULL);
	while (read(timer, &over, sizeof(over)) < 0) {
		if (serves(socket_path))
			return 0;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			words = last_words(log);
			return error_set(err, -ECHILD, "containerd ended with status %d before it "
					 "served: %s", WIFEXITED(status) ? WEXITSTATUS(status) :
					 128 + WTERMSIG(status), words);
		}
		nanosleep(&pause, NULL);
	}
	words = last_words(log);
	return error_set(err, -ETIMEDOUT, "containerd does not serve on its socket: %s", words);
}

int containerd_start(const struct containerd *c, const struct scenario_run *run, bool apart,
		     struct error *err)
{
	CLEANUP_FREE char *dir = xasprintf("%s/containerd", run->dir);
	CLEANUP_FREE char *config = xasprintf("%s/config.toml", dir);
	CLEANUP_FREE char *log = xasprintf("%s/log", dir);
	CLEANUP_FREE char *socket_path = xasprintf("%s/sock", dir);
	CLEANUP_FREE char *text = containerd_config(dir);
	int ret = hide_run(run, err);
	pid_t pid;

	if (!ret && mkdir(dir, 0700))
		ret = error_errno(err, -errno, "cannot make %s", dir);
	if (!ret)
		ret = write_text(config, text, err);
	if (ret)
		return ret;
	pid = spawn(c, config, log, apart);
	if (pid < 0)
		return error_errno(err, -errno, "cannot start %s", c->containerd);
	return wait_for(pid, socket_path, log, err);
}

void containerd_ctr(const struct containerd *c, const struct scenario_run *run, struct args *argv)
{
	args_add(argv, c->ctr);
	args_add(argv, "--address");
	args_addf(argv, "%s/containerd/sock", run->dir);
	args_add(argv, "run");
	args_add(argv, "--rm");
}
