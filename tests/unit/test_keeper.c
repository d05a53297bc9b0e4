// SPDX-License-Identifier: GPL-2.0-only
/* test_keeper.c - the box of a run: what is in it, and that nothing outlives it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/launch/client.h"
#include "user/launch/keeper.h"
#include "user/launch/netns.h"
#include "user/launch/scratch.h"

#define MS 1000000ull

/* Double-forked, sessions of their own, deaf to SIGTERM; their argv holds the token. */
#define DAEMONS                                                                                    \
	"for i in 1 2 3; do (setsid sh -c 'trap \"\" TERM HUP; while :; do sleep 0.03; done' $0 "  \
	"</dev/null >/dev/null 2>&1 &); done; "

static char token[16];

/* fork() that cannot fail unseen: its -1 given to kill() would mean every process there is. */
static pid_t checked_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	return pid;
}

static void pause_us(long us)
{
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&t, NULL);
}

/* ---- fake scenarios ------------------------------------------------------------------------- */

static int enter_mount(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/mnt", run->dir);

	(void)s;
	if (mkdir(path, 0700) || mount("t", path, "tmpfs", 0, NULL))
		return error_errno(err, -errno, "cannot mount %s", path);
	return 0;
}

static int enter_fails(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	(void)s;
	(void)run;
	return error_class(err, ERROR_HOST, -ENODEV, "no such device as %s", "x");
}

static int enter_dies(struct scenario *s, const struct scenario_run *run, struct error *err)
{
	(void)s;
	(void)run;
	(void)err;
	_exit(3);
}

static const struct scenario_ops veth_ops = { .name = "v", .net = NET_VETH, .enter = enter_mount };
static const struct scenario_ops tap_ops = { .name = "tap", .net = NET_TAP_DEVICE };
static const struct scenario_ops host_ops = { .name = "host", .net = NET_HOST };
static const struct scenario_ops failing_ops = { .name = "f",
						   .enter = enter_fails };
static const struct scenario_ops dying_ops = { .name = "d", .net = NET_VETH, .enter = enter_dies };

struct box_test {
	struct scenario scenario;
	struct scenario_run run;
	struct keeper keeper;
	struct error err;
};

static int open_box(struct box_test *t, const struct scenario_ops *ops, int client_netns_fd)
{
	struct keeper_options o = { .scenario = &t->scenario, .run = &t->run,
				    .client_netns_fd = client_netns_fd };

	memset(t, 0, sizeof(*t));
	t->scenario.ops = ops;
	t->run.dir = xasprintf("/tmp/%s-XXXXXX", token);
	if (!mkdtemp(t->run.dir))
		abort();
	return keeper_start(&t->keeper, &o, &t->err);
}

static void launch_argv(struct box_test *t, char **list, size_t n)
{
	struct args argv = { .list = list, .n = n };

	if (keeper_launch(&t->keeper, &argv, &t->err))
		fail_msg("%s", t->err.text);
}

static void launch(struct box_test *t, const char *script)
{
	char *list[] = { (char *)"/bin/sh", (char *)"-c", (char *)script, token, NULL };

	launch_argv(t, list, 4);
}

/* Wait for the root process' end; exec_errno. */
static int wait_end(struct box_test *t, int *status)
{
	struct pollfd fd = { .fd = keeper_wait_fd(&t->keeper), .events = POLLIN };
	int exec_errno = -1;

	assert_int_equal(poll(&fd, 1, 5000), 1);
	assert_true(keeper_exit(&t->keeper, status, &exec_errno));
	return exec_errno;
}

static void close_box(struct box_test *t)
{
	keeper_stop(&t->keeper);
	assert_false(t->keeper.stuck);
	assert_int_equal(scratch_remove(t->run.dir), 0);
	free(t->run.dir);
}

static void needs_root(void)
{
	if (geteuid()) {
		print_message("skipped: needs root\n");
		skip();
	}
}

/* ---- who is still there --------------------------------------------------------------------- */

static bool file_has_token(const char *pid, const char *name)
{
	char path[300], text[4096];
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	return n > 0 && memmem(text, n, token, strlen(token));
}

/* Processes, us and zombies not counted, whose name or arguments hold the token. */
static unsigned int survivors(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *e;
	unsigned int n = 0;

	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]) || atoi(e->d_name) == getpid())
			continue;
		/* A zombie has no arguments, but a name: only one with a memory map lives. */
		if (file_has_token(e->d_name, "cmdline") ||
		    (file_has_token(e->d_name, "comm") && file_has_token(e->d_name, "environ")))
			n++;
	}
	closedir(dir);
	return n;
}

static unsigned int survivors_after(unsigned int ms)
{
	uint64_t deadline = clock_mono_ns() + ms * MS;
	unsigned int n;

	while ((n = survivors()) && clock_mono_ns() < deadline)
		pause_us(2000);
	return n;
}

static void wait_survivors(unsigned int want)
{
	uint64_t deadline = clock_mono_ns() + 5000 * MS;

	while (survivors() < want) {
		assert_true(clock_mono_ns() < deadline);
		pause_us(2000);
	}
}

static unsigned int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static bool host_mounts_have_token(void)
{
	char line[4096];
	CLEANUP_FCLOSE FILE *f = fopen("/proc/self/mounts", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, token))
			return true;
	return false;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static char *output_of(struct box_test *t)
{
	uint64_t total;
	size_t len;
	char *text = keeper_output(&t->keeper, 65536, &len, &total);

	assert_non_null(text);
	assert_int_equal(len, total);
	return text;
}

static void test_inside(void **state)
{
	struct box_test t;
	CLEANUP_FREE char *text = NULL, *line = NULL;
	CLEANUP_CLOSE int home = netns_current(), leak = -1;
	int status;

	(void)state;
	needs_root();
	leak = open("/etc/passwd", O_RDONLY); /* not O_CLOEXEC, on purpose */
	signal(SIGUSR1, SIG_IGN);
	setenv("COLDPROF_LEAK", "yes", 1);
	assert_int_equal(open_box(&t, &veth_ops, -1), 0);
	signal(SIGUSR1, SIG_DFL);
	assert_int_not_equal(t.keeper.netns, netns_inode(home));
	assert_int_equal(t.keeper.netns, netns_inode(t.keeper.netns_fd));
	launch(&t, "echo pid=$$ ppid=$PPID; echo netns=$(readlink /proc/self/ns/net);"
		   "echo fds=$(ls -m /proc/self/fd); echo stdin=$(readlink /proc/self/fd/0);"
		   "grep -E '^Sig(Blk|Ign)' /proc/self/status; env | sort; mount | grep -c $0;"
		   "set -- $(cat /proc/1/stat); echo one=$1; cat /proc/net/route | wc -l;"
		   "set -- $(cat /proc/self/stat); echo session=$6; echo to-stderr >&2");
	assert_int_equal(wait_end(&t, &status), 0);
	assert_int_equal(status, 0);
	text = output_of(&t);
	line = xasprintf("netns=net:[%u]\n", t.keeper.netns);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text, "pid=2 ppid=1\n"));
	assert_non_null(strstr(text, "fds=0, 1, 2, 3\n")); /* 3 is ls' own */
	assert_non_null(strstr(text, "stdin=/dev/null\n"));
	assert_non_null(strstr(text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
	assert_null(strstr(text, "COLDPROF_LEAK"));
	assert_non_null(strstr(text, "LANG=C\n"));
	assert_non_null(strstr(text, "one=1\n"));
	assert_non_null(strstr(text, "session=2\n"));
	assert_non_null(strstr(text, "\n1\n")); /* enter()'s mount is there … */
	assert_false(host_mounts_have_token()); /* … and only there */
	assert_non_null(strstr(text, "to-stderr\n"));
	unsetenv("COLDPROF_LEAK");
	close_box(&t);
}

static void check_end(const struct scenario_ops *ops, const char *script, int expected)
{
	struct box_test t;
	int status = -1, again = -1, exec_errno;

	if (open_box(&t, ops, -1))
		fail_msg("%s", t.err.text);
	assert_false(keeper_exit(&t.keeper, &status, &exec_errno));
	launch(&t, script);
	assert_int_equal(wait_end(&t, &status), 0);
	assert_int_equal(status, expected);
	assert_true(keeper_exit(&t.keeper, &again, &exec_errno)); /* asked again: the same */
	assert_int_equal(again, expected);
	close_box(&t);
}

static void test_end(void **state)
{
	(void)state;
	needs_root();
	check_end(&veth_ops, "exit 0", 0);
	check_end(&veth_ops, "exit 7", 7 << 8);
	check_end(&veth_ops, "kill -9 $$", SIGKILL);
	check_end(&veth_ops, "((sleep 0.03; exit 3) &); sleep 0.1; exit 4",
		  4 << 8); /* not an orphan's that pid 1 reaps before */
	check_end(&veth_ops, "kill -TERM 1; kill -9 1; exit 5", 5 << 8); /* pid 1 does not mind */
	check_end(&host_ops, "exit 7", 7 << 8);
	check_end(&host_ops, "kill -9 $$", SIGKILL);
}

static void test_exec(void **state)
{
	char *missing[] = { (char *)"/no/such/program", NULL };
	char *directory[] = { (char *)"/tmp", NULL };
	char *by_name[] = { (char *)"true", NULL };
	struct { char **argv; int exec_errno; } cases[] = {
		{ missing, ENOENT }, { directory, EACCES }, { by_name, 0 },
	};
	struct args none = { 0 };
	struct box_test t;
	size_t i;
	int status;

	(void)state;
	needs_root();
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(open_box(&t, i % 2 ? &host_ops : &veth_ops, -1), 0);
		assert_int_equal(keeper_launch(&t.keeper, &none, &t.err), -EINVAL);
		launch_argv(&t, cases[i].argv, 1);
		assert_int_equal(wait_end(&t, &status), cases[i].exec_errno);
		assert_int_equal(status, 0);
		close_box(&t);
	}
}

/* Larger than any socket buffer. */
static void test_long_command(void **state)
{
	CLEANUP_FREE char *word = xcalloc(1, 100001);
	char *argv[16] = { (char *)"/bin/sh", (char *)"-c", (char *)"exit $#", (char *)"sh" };
	struct box_test t;
	int status, i;

	(void)state;
	needs_root();
	memset(word, 'x', 100000);
	for (i = 4; i < 13; i++)
		argv[i] = word;
	assert_int_equal(open_box(&t, &veth_ops, -1), 0);
	launch_argv(&t, argv, 13);
	assert_int_equal(wait_end(&t, &status), 0);
	assert_int_equal(WEXITSTATUS(status), 9);
	close_box(&t);
}

static void test_enter_fails(void **state)
{
	struct box_test t;
	unsigned int fds = count_entries("/proc/self/fd");

	(void)state;
	needs_root();
	assert_int_equal(open_box(&t, &failing_ops, -1), -ENODEV);
	assert_string_equal(t.err.text, "no such device as x");
	assert_int_equal(t.err.class, ERROR_HOST);
	close_box(&t);
	assert_int_equal(open_box(&t, &dying_ops, -1), -EPIPE);
	assert_non_null(strstr(t.err.text, "died"));
	close_box(&t);
	t.keeper = (struct keeper){ .pid = -1 };
	keeper_stop(&t.keeper); /* never started: must not close descriptor 0 */
	assert_int_equal(count_entries("/proc/self/fd"), fds);
}

static void test_output(void **state)
{
	struct box_test t;
	CLEANUP_FREE char *text = NULL;
	uint64_t total = 0;
	size_t len = 0;
	int status;

	(void)state;
	needs_root();
	assert_int_equal(open_box(&t, &host_ops, -1), 0);
	launch(&t, "i=0; while [ $i -lt 1000 ]; do echo line-$i; i=$((i+1)); done; printf end");
	wait_end(&t, &status);
	text = keeper_output(&t.keeper, 12, &len, &total);
	assert_non_null(text);
	assert_int_equal(len, 12);
	assert_string_equal(text, "line-999\nend");
	assert_int_equal(total, 10 * 7 + 90 * 8 + 900 * 9 + 3);
	close_box(&t);
}

/* Everything that the root process left behind dies with the box; the box does not leak. */
static void test_daemons(void **state)
{
	static const struct scenario_ops *const kinds[] = { &veth_ops, &host_ops, &tap_ops };
	struct client_options o = { .port = 1, .path = "/", .address = NET_SERVICE_ADDRESS,
				    .net = NET_TAP_DEVICE, .notify_fd = -1 };
	unsigned int fds = count_entries("/proc/self/fd");
	struct error err = { 0 };
	struct client *c;
	size_t i;

	(void)state;
	needs_root();
	c = client_start(&o, &err);
	assert_non_null(c);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct box_test t;
		uint64_t start;
		int status;

		if (open_box(&t, kinds[i], client_netns_fd(c)))
			fail_msg("%s", t.err.text);
		assert_int_equal(t.keeper.netns == client_netns(c), kinds[i] == &tap_ops);
		launch(&t, DAEMONS "exit 0");
		assert_int_equal(wait_end(&t, &status), 0);
		wait_survivors(3);
		start = clock_mono_ns();
		close_box(&t);
		assert_true(clock_mono_ns() - start < 2000 * MS);
		assert_int_equal(survivors(), 0); /* at once */
	}
	client_stop(c);
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static atomic_bool busy;

static void *allocate(void *arg)
{
	/* Through a volatile pointer, or the compiler leaves out both calls. */
	while (atomic_load(&busy)) {
		void *volatile p = malloc(1000 + (size_t)arg);

		free(p);
	}
	return NULL;
}

/* Other threads hold malloc's locks all the time; later children are not born into the box. */
static void test_threads(void **state)
{
	pthread_t threads[3];
	unsigned int i;
	int status;

	(void)state;
	needs_root();
	atomic_store(&busy, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, allocate, (void *)(uintptr_t)i);
	for (i = 0; i < 20; i++) {
		struct box_test t;
		struct stat a, b;

		if (open_box(&t, &veth_ops, -1))
			fail_msg("%s", t.err.text);
		assert_int_equal(stat("/proc/thread-self/ns/pid_for_children", &a), 0);
		assert_int_equal(stat("/proc/thread-self/ns/pid", &b), 0);
		assert_int_equal(a.st_ino, b.st_ino);
		launch(&t, "exit 9");
		wait_end(&t, &status);
		assert_int_equal(WEXITSTATUS(status), 9);
		close_box(&t);
	}
	atomic_store(&busy, false);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
}

/* ---- killed at any instant ------------------------------------------------------------------ */

/* What coldprof does, over and over, until it is killed. Name and environment hold the token. */
static void live(const struct scenario_ops *ops)
{
	bool veth = ops->net == NET_VETH;
	struct client_options o = { .port = 8080, .path = "/", .address = NET_SERVICE_ADDRESS,
				    .net = ops->net, .notify_fd = -1 };

	prctl(PR_SET_NAME, token);
	for (;;) {
		struct box_test t;
		struct client *c = client_start(&o, NULL);

		if (!c || open_box(&t, ops, client_netns_fd(c)))
			_exit(1);
		if (veth && client_join(c, t.keeper.netns_fd, NULL))
			_exit(2);
		client_go(c);
		launch(&t, DAEMONS "while :; do sleep 0.01; done");
		pause_us(random() % 20000);
		keeper_stop(&t.keeper);
		client_stop(c);
		scratch_remove(t.run.dir);
	}
}

static void kill_at_random(const struct scenario_ops *ops, unsigned int times)
{
	unsigned int i, named = count_entries("/run/netns"), alive = 0;
	CLEANUP_FREE char *clean = xasprintf("rm -rf /tmp/%s-*", token);
	int status;

	for (i = 0; i < times; i++) {
		pid_t pid = checked_fork();

		if (pid == 0) {
			srandom(getpid());
			live(ops);
		}
		pause_us(random() % 60000);
		alive += survivors() > 1;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_int_equal(status, SIGKILL); /* not dead of anything else before */
		assert_int_equal(survivors_after(2000), 0);
		assert_false(host_mounts_have_token());
		/* Not every init reaps; this makes no difference to what lives. */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
	assert_int_equal(count_entries("/run/netns"), named);
	assert_true(alive >= times / 4); /* there was something to kill */
	if (system(clean))
		print_message("could not clean up\n");
}

static void test_killed(void **state)
{
	(void)state;
	needs_root();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	kill_at_random(&veth_ops, 40);
}

static void test_killed_host(void **state)
{
	(void)state;
	needs_root();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	kill_at_random(&host_ops, 40);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_end),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_long_command),
		cmocka_unit_test(test_enter_fails),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_daemons),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_killed_host),
	};
	CLEANUP_FREE char *set = NULL;

	(void)argc;
	if (getenv("COLDPROF_TEST_TOKEN")) {
		snprintf(token, sizeof(token), "%s", getenv("COLDPROF_TEST_TOKEN"));
		unsetenv("COLDPROF_TEST_TOKEN"); /* from environ; /proc/PID/environ keeps it */
		return cmocka_run_group_tests(tests, NULL, NULL);
	}
	/* Once more with the token in the environment: so forked copies of us can be told. */
	snprintf(token, sizeof(token), "cpk%u", getpid());
	set = xasprintf("COLDPROF_TEST_TOKEN=%s", token);
	putenv(set);
	execv("/proc/self/exe", argv);
	return 1;
}
