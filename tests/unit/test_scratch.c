// SPDX-License-Identifier: GPL-2.0-only
/* test_scratch.c - a session's directory and cgroups, and those of sessions that were killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/launch/scratch.h"

#define NEEDS_ROOT()                                                                               \
	do {                                                                                       \
		if (geteuid()) {                                                                   \
			print_message("skipped: needs root\n");                                    \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* fork() that cannot fail unseen: its -1 given to kill() would mean every process there is. */
static pid_t checked_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		abort();
	return pid;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void touch(const char *dir, const char *name)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void test_life(void **state)
{
	struct scratch s;
	struct error err = { 0 };
	struct stat st;
	char *sub, *dir;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(scratch_open(&s, &err), 0);
	assert_int_equal(stat(s.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(strtol(s.name, NULL, 10), getpid());
	sub = scratch_subdir(&s, "runc", &err);
	assert_non_null(sub);
	touch(sub, "file");
	free(sub);
	sub = scratch_subdir(&s, "runc", &err); /* starts clean */
	assert_non_null(sub);
	assert_int_equal(rmdir(sub), 0);
	free(sub);
	assert_null(scratch_subdir(&s, "no/such", &err));
	assert_non_null(strstr(err.text, "No such file"));
	dir = xstrdup(s.dir);
	scratch_sweep(); /* dead ones of others may go, a live one is not touched */
	assert_true(exists(dir));
	scratch_close(&s);
	assert_false(exists(dir));
	scratch_close(&s); /* again: nothing happens */
	free(dir);
}

/* Deeper than descriptors reach, as a hostile service may leave it. */
static void make_deep(const char *top, unsigned int levels)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;

	while (levels--) {
		assert_int_equal(mkdirat(dir, "d", 0700), 0);
		assert_int_equal(mkdirat(dir, "e", 0700), 0);
		next = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(dir);
		dir = next;
	}
	close(dir);
}

static void test_remove(void **state)
{
	char top[] = "/tmp/coldprof-scratch-XXXXXX";
	char outside[] = "/tmp/coldprof-outside-XXXXXX";
	CLEANUP_FREE char *victim = NULL, *link = NULL, *dir = NULL;
	struct rlimit files, few;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	few = files;
	few.rlim_cur = 256;
	setrlimit(RLIMIT_NOFILE, &few);
	assert_non_null(mkdtemp(top));
	assert_non_null(mkdtemp(outside));
	victim = xasprintf("%s/victim", outside);
	touch(outside, "victim");
	link = xasprintf("%s/link", top);
	assert_int_equal(symlink(outside, link), 0);
	dir = xasprintf("%s/.deep-0", top); /* the name that the remover would take */
	assert_int_equal(mkdir(dir, 0700), 0);
	make_deep(top, 1500);
	assert_int_equal(scratch_remove(link), -ENOTDIR);
	assert_int_equal(scratch_remove(top), 0);
	assert_false(exists(top));
	assert_true(exists(victim));
	assert_int_equal(scratch_remove(top), 0); /* not there: done */
	assert_int_equal(scratch_remove(outside), 0);
	assert_int_equal(scratch_remove("/proc/self/nothing/here"), 0);
	setrlimit(RLIMIT_NOFILE, &files);
}

/* What is mounted below is somebody else's: it stays, and is told. In a child's namespace. */
static int remove_with_mount(const char *top, const char *outside)
{
	CLEANUP_FREE char *mnt = xasprintf("%s/mnt", top), *bind = xasprintf("%s/bind", top);
	CLEANUP_FREE char *victim = xasprintf("%s/victim", outside);
	CLEANUP_FREE char *inner = xasprintf("%s/inner", mnt);
	int ret;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mkdir(mnt, 0700) || mkdir(bind, 0700) || mount("t", mnt, "tmpfs", 0, NULL) ||
	    mount(outside, bind, NULL, MS_BIND, NULL) || mkdir(inner, 0700))
		return 10;
	ret = scratch_remove(top);
	if (ret != -EBUSY && ret != -EXDEV)
		return 11;
	if (!exists(inner))
		return 12;
	return exists(victim) ? 0 : 13;
}

static void test_mounts(void **state)
{
	char top[] = "/tmp/coldprof-scratch-XXXXXX";
	char outside[] = "/tmp/coldprof-outside-XXXXXX";
	int status;
	pid_t pid;

	(void)state;
	NEEDS_ROOT();
	assert_non_null(mkdtemp(top));
	assert_non_null(mkdtemp(outside));
	touch(outside, "victim");
	pid = checked_fork();
	if (pid == 0)
		_exit(remove_with_mount(top, outside));
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_remove(top), 0);
	assert_int_equal(scratch_remove(outside), 0);
}

/* ---- dead sessions -------------------------------------------------------------------------- */

static const char *cgroup_dir(void)
{
	static const char *const dirs[] = { "/sys/fs/cgroup/freezer", "/sys/fs/cgroup/unified",
					    "/sys/fs/cgroup" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		CLEANUP_FREE char *procs = xasprintf("%s/cgroup.procs", dirs[i]);

		if (access(procs, W_OK) == 0)
			return dirs[i];
	}
	return NULL;
}

static void write_text(const char *dir, const char *file, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, file);
	CLEANUP_FCLOSE FILE *f = fopen(path, "we");

	if (f)
		fputs(text, f);
}

/* A session in a child that is killed; its name into name. With a cgroup, a task in it, frozen. */
static pid_t die_with_session(char name[64], char *cgroup, size_t size, const char *base)
{
	int out[2];
	pid_t pid, member = -1;

	assert_int_equal(pipe(out), 0);
	pid = checked_fork();
	if (pid == 0) {
		struct scratch s;
		CLEANUP_FREE char *sub = NULL;

		if (scratch_open(&s, NULL))
			_exit(1);
		sub = scratch_subdir(&s, "run-1", NULL);
		touch(sub, "output");
		if (write(out[1], s.name, strlen(s.name)) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	waitpid(pid, NULL, 0);
	close(out[1]);
	memset(name, 0, 64);
	assert_true(read(out[0], name, 63) > 0);
	close(out[0]);
	if (base) {
		CLEANUP_FREE char *inner = NULL;
		char text[16];

		snprintf(cgroup, size, "%s/coldprof-%s-1", base, name);
		inner = xasprintf("%s/inner", cgroup);
		assert_int_equal(mkdir(cgroup, 0755), 0);
		assert_int_equal(mkdir(inner, 0755), 0);
		member = checked_fork();
		if (member == 0)
			for (;;)
				pause();
		snprintf(text, sizeof(text), "%d", member);
		write_text(inner, "cgroup.procs", text);
		write_text(inner, "freezer.state", "FROZEN");
	}
	return member;
}

static void test_sweep(void **state)
{
	const char *base = cgroup_dir();
	char name[64], cgroup[256] = "", other[256] = "";
	CLEANUP_FREE char *dir = NULL;
	struct scratch live;
	pid_t member, bystander = -1;
	int status;

	(void)state;
	NEEDS_ROOT();
	assert_int_equal(scratch_open(&live, NULL), 0);
	mkdir("/run/coldprof/not-a-session", 0700);
	member = die_with_session(name, cgroup, sizeof(cgroup), base);
	dir = xasprintf("/run/coldprof/%s", name);
	assert_true(exists(dir));
	if (base) {
		/* Nearly the same name, but not this session's. */
		snprintf(other, sizeof(other), "%s/coldprof-%sx-1", base, name);
		assert_int_equal(mkdir(other, 0755), 0);
		bystander = checked_fork();
		if (bystander == 0)
			for (;;)
				pause();
	}
	assert_true(scratch_sweep() >= 1);
	assert_false(exists(dir));
	assert_true(exists(live.dir));
	assert_true(exists("/run/coldprof/not-a-session"));
	rmdir("/run/coldprof/not-a-session");
	scratch_close(&live);
	if (!base)
		return;
	assert_false(exists(cgroup));
	assert_true(exists(other));
	assert_int_equal(rmdir(other), 0);
	assert_int_equal(waitpid(member, &status, WNOHANG), member);
	assert_int_equal(status, SIGKILL);
	assert_int_equal(waitpid(bystander, &status, WNOHANG), 0);
	kill(bystander, SIGKILL);
	waitpid(bystander, NULL, 0);
}

/* Sweepers and starters at once: nobody loses a live directory. */
static void test_race(void **state)
{
	pid_t pids[8];
	size_t i;
	int status;

	(void)state;
	NEEDS_ROOT();
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = checked_fork();
		if (pids[i] == 0) {
			int round;

			for (round = 0; round < 40; round++) {
				struct scratch s;

				scratch_sweep();
				if (scratch_open(&s, NULL))
					_exit(1);
				touch(s.dir, "mine");
				scratch_sweep();
				if (!exists(s.dir))
					_exit(2);
				scratch_close(&s);
			}
			_exit(0);
		}
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),   cmocka_unit_test(test_remove),
		cmocka_unit_test(test_mounts), cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
