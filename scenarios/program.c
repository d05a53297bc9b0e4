// SPDX-License-Identifier: GPL-2.0-only
/* program.c - finding a runtime's program, asking its version, running a helper to its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"

/* sudo and cron leave out some of these; runc lies in sbin on Debian. */
#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define VERSION_MAX 127
#define VERSION_WAIT_MS 10000
#define STOP_POLL_MS 100

/* ---- finding -------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

/* Only absolute directories: root should not start what lies in the current one. */
static char *search(const char *dirs, const char *name)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		CLEANUP_FREE char *path = xasprintf("%.*s/%s", (int)n, dirs, name);

		if (path[0] == '/' && is_program(path))
			return STEAL(path);
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

const char *given_runtime(const struct scenario_options *o, const char *name)
{
	const char *const *p;
	const char *found = NULL;
	size_t n = strlen(name);

	for (p = o->runtime_paths; p && *p; p++)
		if (!strncmp(*p, name, n) && (*p)[n] == '=')
			found = *p + n + 1;
	return found;
}

static int use_given(struct scenario *s, const char *path, struct error *err)
{
	if (!is_program(path))
		return error_class(err, ERROR_USAGE, -ENOENT,
				   "--runtime-path %s=%s is not a program that can be executed",
				   s->ops->name, path);
	s->runtime_path = realpath(path, NULL);
	return s->runtime_path ? 0 : error_errno(err, -errno, "cannot resolve %s", path);
}

/* "wazero 1.12.0-2" of what fetch.sh unpacked, for programs that do not know their own version. */
static char *fetched_version(const struct scenario_options *o, const char *name)
{
	CLEANUP_FREE char *list = lib_path(o, "runtimes/versions");
	CLEANUP_FCLOSE FILE *f = list ? fopen(list, "re") : NULL;
	char line[256], component[64], package[64], version[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %63s %63s", component, package, version) == 3 &&
		    !strcmp(component, name))
			return xasprintf("%s %s", name, version);
	return NULL;
}

static char *find_fetched(const struct scenario_options *o, const char *name)
{
	CLEANUP_FREE char *relative = xasprintf("runtimes/bin/%s", name);
	CLEANUP_FREE char *path = lib_path(o, relative);

	return path && is_program(path) ? STEAL(path) : NULL;
}

static void ask_program(struct scenario *s)
{
	char *version;

	s->runtime_version = runtime_version(s->runtime_path, s->program->version_arg);
	if (!s->fetched || (s->runtime_version && strpbrk(s->runtime_version, "0123456789")))
		return;
	/* wazero as Debian builds it says "dev" */
	version = fetched_version(s->options, s->program->name);
	if (version) {
		free(s->runtime_version);
		s->runtime_version = version;
	}
}

void scenario_ask_version(struct scenario *s)
{
	if (s->runtime_version || !s->runtime_path || !s->program)
		return;
	ask_program(s);
	if (s->ops->describe)
		s->ops->describe(s);
}

int find_program(struct scenario *s, const struct program *p, struct error *err)
{
	const char *given = given_runtime(s->options, s->ops->name);
	CLEANUP_FREE char *fetched = NULL;

	if (!given)
		given = given_runtime(s->options, p->name);
	free(s->runtime_path);
	s->runtime_path = NULL;
	s->program = p;
	s->fetched = false;
	if (given)
		return use_given(s, given, err);
	fetched = find_fetched(s->options, p->name);
	if (fetched && p->prefer_fetched)
		s->runtime_path = xstrdup(fetched);
	if (!s->runtime_path)
		s->runtime_path = search(getenv("PATH"), p->name);
	if (!s->runtime_path)
		s->runtime_path = search(USUAL_PATH, p->name);
	if (!s->runtime_path && fetched)
		s->runtime_path = xstrdup(fetched);
	if (!s->runtime_path)
		return 1;
	s->fetched = fetched && !strcmp(fetched, s->runtime_path);
	return 0;
}

char *find_tool(const struct scenario_options *o, const char *name)
{
	const char *given = given_runtime(o, name);
	char *path = given ? (is_program(given) ? realpath(given, NULL) : NULL) :
			     search(getenv("PATH"), name);

	if (!path && !given)
		path = search(USUAL_PATH, name);
	return path || given ? path : find_fetched(o, name);
}

void add_runtime_args(const struct scenario_options *o, const char *name, struct args *argv)
{
	const char *const *p;
	size_t n = strlen(name);

	for (p = o->runtime_args; p && *p; p++)
		if (!strncmp(*p, name, n) && (*p)[n] == '=')
			args_add_words(argv, *p + n + 1);
}

/* ---- running -------------------------------------------------------------------------------- */

/* Start it with stdin /dev/null and all output into *out; it dies with us. */
static pid_t start(char *const *argv, int *out)
{
	static const char *const envp[] = { "PATH=" USUAL_PATH, "HOME=/", "LANG=C", NULL };
	sigset_t none;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) { /* only async-signal-safe calls from here on */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO) < 0 ||
		    dup2(fds[1], STDOUT_FILENO) < 0 || dup2(fds[1], STDERR_FILENO) < 0)
			_exit(126);
		execve(argv[0], argv, (char *const *)envp);
		_exit(127);
	}
	if (pid < 0)
		pid = -errno;
	close(fds[1]);
	if (pid < 0)
		close(fds[0]);
	else
		*out = fds[0];
	return pid;
}

static int reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Up to n - 1 bytes, or up to the end of the line; gives up on a program that says nothing. */
static size_t read_line(int fd, char *line, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	while (n < size - 1 && !memchr(line, '\n', n)) {
		ssize_t got;
		int ready = poll(&pfd, 1, VERSION_WAIT_MS);

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			break;
		got = read(fd, line + n, size - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	line[n] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	return strlen(line);
}

char *runtime_version(const char *path, const char *arg)
{
	char *argv[] = { (char *)path, (char *)arg, NULL };
	char line[VERSION_MAX + 1];
	CLEANUP_CLOSE int fd = -1;
	pid_t pid = start(argv, &fd);
	size_t n;

	if (pid < 0)
		return NULL;
	n = read_line(fd, line, sizeof(line));
	kill(pid, SIGKILL); /* not yet reaped: the number is still our child's */
	reap(pid);
	return n ? xstrdup(line) : NULL;
}

/* The session blocks these and looks at them between runs; a long preparation must see them too. */
static bool stop_wanted(void)
{
	sigset_t pending;

	return !sigpending(&pending) &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGHUP) == 1 || sigismember(&pending, SIGQUIT) == 1);
}

/* Read to the end, keep what came last. -EINTR: the session is to stop. */
static int drain(int fd, char *tail, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	for (;;) {
		ssize_t got;

		if (stop_wanted())
			return -EINTR;
		if (poll(&pfd, 1, STOP_POLL_MS) <= 0)
			continue;
		if (n == size - 1) {
			n /= 2;
			memmove(tail, tail + (size - 1 - n), n);
		}
		got = read(fd, tail + n, size - 1 - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	while (n && strchr("\r\n\t ", tail[n - 1]))
		n--;
	tail[n] = '\0';
	return 0;
}

int run_program(const struct args *argv, struct error *err)
{
	char tail[512];
	const char *last;
	CLEANUP_CLOSE int fd = -1;
	pid_t pid = start(argv->list, &fd);
	int status, ret;

	if (pid < 0)
		return error_errno(err, pid, "cannot start %s", argv->list[0]);
	ret = drain(fd, tail, sizeof(tail));
	if (ret)
		kill(pid, SIGKILL); /* not yet reaped: the number is still our child's */
	status = reap(pid);
	if (ret)
		return error_errno(err, ret, "%s was stopped", argv->list[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	last = strrchr(tail, '\n');
	last = last ? last + 1 : tail;
	if (WIFSIGNALED(status))
		return error_set(err, -ECHILD, "%s was killed by signal %d: %s", argv->list[0],
				 WTERMSIG(status), last);
	return error_set(err, -ECHILD, "%s ended with status %d: %s", argv->list[0],
			 WEXITSTATUS(status), last);
}
