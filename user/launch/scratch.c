// SPDX-License-Identifier: GPL-2.0-only
/* scratch.c - a session's private directory, and sweeping up after sessions that were killed. */
#include "user/launch/scratch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "scenarios/disk.h"
#include "user/base/mem.h"

#define ROOT_DIR "/run/coldprof"
#define LOCK_NAME "lock"
#define DEPTH_MAX 64 /* of descriptors held at once while removing */
#define NAME_TRIES 100

/* ---- removing ------------------------------------------------------------------------------- */

struct removal {
	int top;            /* the directory that is being emptied */
	unsigned int moved; /* directories that were too deep and lie in top now */
	int error;          /* the first one */
};

static void note_error(struct removal *r, int code)
{
	if (!r->error && code != -ENOENT)
		r->error = code;
}

/* A directory below dir, unless it is a symlink or something is mounted on it. */
static int open_below(int dir, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH,
	};
	int fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

/*
 * What a hostile service nested deeper than descriptors reach is moved up and met there again; the
 * top directory is read until it holds no directory.
 */
static void move_up(struct removal *r, int dir, const char *name)
{
	char moved[32];
	unsigned int i;

	for (i = 0; i < NAME_TRIES; i++) {
		snprintf(moved, sizeof(moved), ".deep-%u", r->moved + i);
		if (renameat2(dir, name, r->top, moved, RENAME_NOREPLACE) == 0) {
			r->moved++;
			return;
		}
	}
	note_error(r, -errno);
}

static void empty_directory(struct removal *r, int fd, unsigned int depth);

static void remove_entry(struct removal *r, int dir, const char *name, unsigned int depth)
{
	int fd;

	if (unlinkat(dir, name, 0) == 0)
		return;
	if (errno != EISDIR && errno != EPERM) { /* EPERM: what POSIX has for directories */
		note_error(r, -errno);
		return;
	}
	if (depth >= DEPTH_MAX) {
		move_up(r, dir, name);
		return;
	}
	fd = open_below(dir, name);
	if (fd < 0) {
		note_error(r, fd);
		return;
	}
	empty_directory(r, fd, depth + 1);
	if (unlinkat(dir, name, AT_REMOVEDIR))
		note_error(r, -errno);
}

/* Takes fd over. */
static void empty_directory(struct removal *r, int fd, unsigned int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		note_error(r, -errno);
		close(fd);
		return;
	}
	while ((e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			remove_entry(r, fd, e->d_name, depth);
	closedir(dir);
}

int scratch_remove(const char *path)
{
	struct removal r = { 0 };
	unsigned int before;
	CLEANUP_CLOSE int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (top < 0)
		return errno == ENOENT ? 0 : -errno;
	r.top = top;
	do {
		int again = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		before = r.moved;
		if (again < 0)
			return -errno;
		empty_directory(&r, again, 0);
		if (r.moved != before)
			r.error = 0; /* parents of what was moved may have refused; see again */
	} while (r.moved != before);
	if (rmdir(path) && errno != ENOENT)
		return r.error ? r.error : -errno;
	return 0;
}

/* ---- the root of all sessions ---------------------------------------------------------------- */

static int open_root(struct error *err)
{
	struct stat st;
	int fd;

	if (mkdir(ROOT_DIR, 0711) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make " ROOT_DIR);
	fd = open(ROOT_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "cannot open " ROOT_DIR);
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
		close(fd);
		return error_set(err, -EPERM, ROOT_DIR " is not a directory that only we can "
				 "write: remove it");
	}
	return fd;
}

/*
 * Held while a session's directory appears with its lock taken, and while a sweeper decides which
 * are dead: so nobody sees a directory whose owner had no time yet to lock it.
 */
static int lock_root(int root)
{
	while (flock(root, LOCK_EX))
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* "<pid>-<16 hex digits>", as scratch_open() makes them; everything else is not ours to touch. */
static bool is_session_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits && name[digits] == '-' &&
	       strspn(name + digits + 1, "0123456789abcdef") == 16 &&
	       strlen(name) == digits + 17;
}

/* ---- a session's ---------------------------------------------------------------------------- */

static int make_session(struct scratch *s, int root, struct error *err)
{
	CLEANUP_CLOSE int dir = -1;
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return error_errno(err, -errno, "cannot get random bytes");
	s->name = xasprintf("%d-%016llx", getpid(), (unsigned long long)random);
	s->dir = xasprintf(ROOT_DIR "/%s", s->name);
	if (mkdirat(root, s->name, 0700))
		return error_errno(err, -errno, "cannot make %s", s->dir);
	dir = openat(root, s->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	s->lock_fd = dir < 0 ? -1 : openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
					   0600);
	if (s->lock_fd < 0 || flock(s->lock_fd, LOCK_EX | LOCK_NB))
		return error_errno(err, -errno, "cannot lock %s", s->dir);
	return 0;
}

int scratch_open(struct scratch *s, struct error *err)
{
	CLEANUP_CLOSE int root = open_root(err);
	int ret;

	*s = (struct scratch){ .lock_fd = -1 };
	if (root < 0)
		return root;
	ret = lock_root(root);
	if (ret)
		return error_errno(err, ret, "cannot lock " ROOT_DIR);
	ret = make_session(s, root, err);
	if (ret)
		scratch_close(s);
	return ret;
}

char *scratch_subdir(const struct scratch *s, const char *name, struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", s->dir, name);
	int ret = 0;

	if (mkdir(path, 0700)) {
		ret = -errno;
		/* A second attempt at the same (a scenario that is probed twice) starts clean. */
		if (ret == -EEXIST)
			ret = scratch_remove(path);
		if (!ret && mkdir(path, 0700))
			ret = -errno;
	}
	if (ret) {
		error_errno(err, ret, "cannot make %s", path);
		return NULL;
	}
	return STEAL(path);
}

void scratch_close(struct scratch *s)
{
	if (s->name)
		scratch_remove_cgroups(s->name);
	if (s->dir)
		scratch_remove(s->dir);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	free(s->name);
	free(s->dir);
	*s = (struct scratch){ .lock_fd = -1 };
}

/* ---- sweeping ------------------------------------------------------------------------------- */

struct dead {
	char *name;
	int lock_fd; /* held, so that two sweepers do not work on the same; -1: it had none */
};

/* Is nobody alive who holds its lock? A directory without a lock file was half removed. */
static bool is_dead(int root, const char *name, int *lock_fd)
{
	CLEANUP_FREE char *path = xasprintf("%s/" LOCK_NAME, name);

	*lock_fd = openat(root, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (*lock_fd < 0)
		return errno == ENOENT;
	if (flock(*lock_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	close(*lock_fd);
	return false;
}

static struct dead *find_dead(int root, size_t *n)
{
	int again = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = again < 0 ? NULL : fdopendir(again);
	struct dead *list = NULL;
	struct dirent *e;
	size_t cap = 0;
	int lock_fd;

	*n = 0;
	while (dir && (e = readdir(dir)))
		if (is_session_name(e->d_name) && is_dead(root, e->d_name, &lock_fd)) {
			ARRAY_RESERVE(list, *n, cap, 1);
			list[(*n)++] = (struct dead){ xstrdup(e->d_name), lock_fd };
		}
	if (dir)
		closedir(dir);
	else if (again >= 0)
		close(again);
	return list;
}

int scratch_sweep(void)
{
	CLEANUP_CLOSE int root = open_root(NULL);
	CLEANUP_FREE struct dead *list = NULL;
	size_t i, n = 0;
	int swept = 0;

	if (root < 0 || lock_root(root))
		return 0;
	list = find_dead(root, &n);
	flock(root, LOCK_UN);
	for (i = 0; i < n; i++) {
		CLEANUP_FREE char *path = xasprintf(ROOT_DIR "/%s", list[i].name);

		scratch_remove_cgroups(list[i].name);
		if (scratch_remove(path) == 0)
			swept++;
		if (list[i].lock_fd >= 0)
			close(list[i].lock_fd);
		free(list[i].name);
	}
	disk_sweep();
	return swept;
}
