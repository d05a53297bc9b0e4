// SPDX-License-Identifier: GPL-2.0-only
/* test_record_path.c - where a recording may be made, and what happens when there is no room. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/sample.h"
#include "tests/unit/scratch.h"

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void test_unwritable_path(void **state)
{
	const struct scratch *s = *state;
	CLEANUP_FREE char *below = xasprintf("%s/none/file", s->dir);
	struct error err = { 0 };

	assert_null(writer_open(below, true, NOBODY, &err));
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(err.class, ERROR_USAGE);
	assert_non_null(strstr(err.text, below));
	assert_null(writer_open(s->dir, true, NOBODY, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_int_equal(access(s->dir, F_OK), 0);
	assert_null(writer_open("", false, NOBODY, NULL));
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(s->dir, 0500), 0);
	assert_null(writer_open(s->path, false, NOBODY, &err));
	assert_int_equal(err.code, -EACCES);
	assert_int_equal(chmod(s->dir, 0700), 0);
}

static void test_existing_file(void **state)
{
	const struct scratch *s = *state;
	CLEANUP_FREE char *other = xasprintf("%s/other", s->dir);
	CLEANUP_FREE unsigned char *old = NULL;
	struct error err = { 0 };
	struct writer *w;
	struct reader *r;
	size_t n;

	spill(s->path, "precious", 8);
	assert_int_equal(link(s->path, other), 0);
	assert_null(writer_open(s->path, false, NOBODY, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_int_equal(err.class, ERROR_USAGE);
	assert_int_equal(size_of(s->path), 8);
	w = writer_open(s->path, true, NOBODY, &err);
	assert_non_null(w);
	assert_int_equal(writer_seal(w, &err), 0);
	r = reader_open(s->path, &err);
	assert_non_null(r);
	reader_close(r);
	/* Replaced, not written into: its other name still has what it had. */
	old = slurp(other, &n);
	assert_int_equal(n, 8);
	assert_memory_equal(old, "precious", 8);
	unlink(other);
}

static void test_symlink(void **state)
{
	const struct scratch *s = *state;
	CLEANUP_FREE char *target = xasprintf("%s/target", s->dir);
	CLEANUP_FREE unsigned char *old = NULL;
	struct error err = { 0 };
	struct stat st;
	size_t n;

	spill(target, "precious", 8);
	assert_int_equal(symlink(target, s->path), 0);
	assert_null(writer_open(s->path, false, NOBODY, &err));
	assert_int_equal(err.code, -ELOOP);
	assert_null(writer_open(s->path, true, NOBODY, &err));
	assert_int_equal(err.code, -ELOOP);
	assert_int_equal(lstat(s->path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	old = slurp(target, &n);
	assert_memory_equal(old, "precious", 8);
	/* One that leads nowhere must not be followed to make its target. */
	unlink(target);
	assert_null(writer_open(s->path, true, NOBODY, &err));
	assert_int_equal(access(target, F_OK), -1);
}

static void test_special_file(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct stat st;

	assert_int_equal(mkfifo(s->path, 0600), 0);
	assert_null(writer_open(s->path, true, NOBODY, &err));
	assert_int_equal(err.code, -EEXIST);
	assert_int_equal(stat(s->path, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	alarm(5); /* should it wait for a writer */
	assert_null(reader_open(s->path, &err));
	alarm(0);
	assert_int_equal(err.class, ERROR_USAGE);
	assert_null(reader_open(s->dir, &err));
	assert_int_equal(err.class, ERROR_USAGE);
}

static void test_owner(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct writer *w;
	struct stat st;

	if (geteuid() != 0) {
		/* Not ours to give: fails and leaves nothing behind. */
		assert_null(writer_open(s->path, false, 0, 0, &err));
		assert_int_equal(access(s->path, F_OK), -1);
		return;
	}
	w = writer_open(s->path, false, 65534, 65533, &err);
	assert_non_null(w);
	assert_int_equal(writer_seal(w, &err), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 65533);
	assert_int_equal(st.st_mode & 07777 & ~0644u, 0);
}

/* Write noise until it fails with code; all that came before must be readable. Ends the child. */
static _Noreturn void fill_up(const struct scratch *s, int code)
{
	const struct wire_head head = { .kind = HOST_OUTPUT };
	static unsigned char noise[60000];
	struct error err = { 0 }, again = { 0 };
	uint64_t seed = 88172645463325252ull;
	struct writer *w = writer_open(s->path, false, NOBODY, &err);
	struct reader *r;
	const char *why = "";
	int i, ret = 0, good = -1, seen = 0;

	if (!w)
		_exit(10);
	for (i = 0; i < 100 && ret == 0; i++) {
		size_t k;

		for (k = 0; k < sizeof(noise); k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			noise[k] = (unsigned char)seed;
		}
		ret = writer_put_bytes(w, &head, NULL, 0, noise, sizeof(noise), &err);
		if (ret == 0)
			ret = writer_flush(w, &err);
		good++;
	}
	if (ret != code || err.code != code || !strstr(err.text, s->path))
		_exit(11);
	if (writer_put_bytes(w, &head, NULL, 0, noise, 8, &again) != code ||
	    strcmp(err.text, again.text) || writer_flush(w, &again) != code)
		_exit(12);
	if (writer_seal(w, &again) != code)
		_exit(13);
	r = reader_open(s->path, &err);
	if (!r)
		_exit(14);
	while (reader_next(r))
		seen++;
	if (good < 1 || seen != good)
		_exit(15);
	/* Cut back to whole chunks: it ends, it is not damaged. */
	if (reader_complete(r, &why) || strncmp(why, "not closed", 10) || strstr(why, "cut off"))
		_exit(16);
	reader_close(r);
	unlink(s->path);
	_exit(0);
}

static void expect_child(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_file_limit(void **state)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = { 300000, 300000 };

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &limit) < 0)
			_exit(1);
		fill_up(*state, -EFBIG);
	}
	expect_child(pid);
}

static void test_disk_full(void **state)
{
	const struct scratch *s = *state;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		/* In a mount namespace of its own: gone with the child. */
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", s->dir, "tmpfs", 0, "size=320k") < 0)
			_exit(77);
		fill_up(s, -ENOSPC);
	}
	expect_child(pid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unwritable_path),
		TEST(test_existing_file),
		TEST(test_symlink),
		TEST(test_special_file),
		TEST(test_owner),
		TEST(test_file_limit),
		TEST(test_disk_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
