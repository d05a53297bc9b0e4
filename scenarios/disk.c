// SPDX-License-Identifier: GPL-2.0-only
/* disk.c - a session's directory on a disk. */
#include "scenarios/disk.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "user/base/mem.h"

#define RUN "/run/coldprof/"
#define DISK "/var/tmp/coldprof"

/* Others may write to /var/tmp: what they have put there is not ours. */
static int make_ours(const char *path, struct error *err)
{
	struct stat st;

	if (mkdir(path, 0700) && errno != EEXIST)
		return error_errno(err, -errno, "cannot make %s", path);
	if (lstat(path, &st))
		return error_errno(err, -errno, "cannot look at %s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return error_set(err, -EPERM, "%s is not a directory that only we can write: remove it",
				 path);
	return 0;
}

char *disk_directory(const char *scratch, struct error *err)
{
	const char *session = strncmp(scratch, RUN, strlen(RUN)) ? NULL : scratch + strlen(RUN);
	size_t n = session ? strcspn(session, "/") : 0;
	CLEANUP_FREE char *above = NULL, *path = NULL;

	if (!n || !session[n])
		return xstrdup(scratch);
	above = xasprintf("%s/%.*s", DISK, (int)n, session);
	path = xasprintf("%s%s", above, strrchr(session, '/'));
	if (make_ours(DISK, err) || make_ours(above, err) || make_ours(path, err))
		return NULL;
	return STEAL(path);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

void disk_remove(const char *path)
{
	CLEANUP_FREE char *above = xstrdup(path);
	char *slash;

	if (strncmp(path, DISK "/", strlen(DISK "/")))
		return;
	remove_tree(path);
	/* The session's, if this was the last in it, and so on. */
	while (strlen(above) > strlen(DISK) && (slash = strrchr(above, '/'))) {
		*slash = '\0';
		if (rmdir(above))
			break;
	}
}

void disk_sweep(void)
{
	struct error err = { 0 };
	struct dirent *e;
	DIR *dir;

	if (access(DISK, F_OK) || make_ours(DISK, &err))
		return;
	dir = opendir(DISK);
	while (dir && (e = readdir(dir))) {
		CLEANUP_FREE char *session = xasprintf(RUN "%s", e->d_name);
		CLEANUP_FREE char *path = xasprintf(DISK "/%s", e->d_name);

		if (e->d_name[0] != '.' && access(session, F_OK) && errno == ENOENT)
			remove_tree(path);
	}
	if (dir)
		closedir(dir);
	rmdir(DISK);
}
