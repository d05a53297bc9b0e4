// SPDX-License-Identifier: GPL-2.0-only
/* cgroups.c - taking away the cgroups that runtimes made for a session's containers. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/launch/scratch.h"

#define MEMBER_TRIES 100 /* of 10 ms each: killed tasks leave a cgroup when they are gone */

struct search {
	const char *prefix; /* "coldprof-SESSION-" */
	int found, error;
};

static bool is_directory(int dir, const struct dirent *e)
{
	struct stat st;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return false;
	if (e->d_type != DT_UNKNOWN)
		return e->d_type == DT_DIR;
	return fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static DIR *open_directory(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	return dir;
}

/* A line of /proc/PID/cgroup names a cgroup of the session: asked while a pidfd is held. */
static bool is_member(int pid, const char *prefix)
{
	char path[64], line[4096];
	CLEANUP_FREE char *part = xasprintf("/%s", prefix);
	CLEANUP_FCLOSE FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, part))
			return true;
	return false;
}

static void write_file(int dir, const char *name, const char *text)
{
	CLEANUP_CLOSE int fd = openat(dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* Not every hierarchy has every file; the loop around looks at what came of it. */
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		return;
}

static void kill_members(int dir, const char *prefix)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_FCLOSE FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	/* A frozen task of cgroup v1 does not hear SIGKILL. */
	write_file(dir, "freezer.state", "THAWED");
	while (f && fscanf(f, "%d", &pid) == 1) {
		CLEANUP_CLOSE int task = pid > 1 ? pidfd_open(pid, 0) : -1;

		if (task >= 0 && is_member(pid, prefix))
			pidfd_send_signal(task, SIGKILL, NULL, 0);
	}
}

static int remove_cgroup(int parent, const char *name, const char *prefix);

static int remove_below(DIR *dir, const char *prefix)
{
	struct dirent *e;
	int ret = 0;

	rewinddir(dir);
	while ((e = readdir(dir)))
		if (is_directory(dirfd(dir), e)) {
			int one = remove_cgroup(dirfd(dir), e->d_name, prefix);

			ret = ret ? ret : one;
		}
	return ret;
}

/* Deepest first. What a cgroup of the session has below it is the session's too. */
static int remove_cgroup(int parent, const char *name, const char *prefix)
{
	struct timespec pause = { .tv_nsec = 10000000 };
	DIR *dir = open_directory(parent, name);
	int i, ret = -EBUSY;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	remove_below(dir, prefix);
	for (i = 0; i < MEMBER_TRIES && ret == -EBUSY; i++) {
		if (i)
			nanosleep(&pause, NULL);
		ret = unlinkat(parent, name, AT_REMOVEDIR) && errno != ENOENT ? -errno : 0;
		if (ret == -EBUSY)
			kill_members(dirfd(dir), prefix);
	}
	closedir(dir);
	return ret;
}

static void search_in(struct search *s, int parent, const char *name)
{
	DIR *dir = open_directory(parent, name);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		int ret;

		if (!is_directory(dirfd(dir), e))
			continue;
		if (strncmp(e->d_name, s->prefix, strlen(s->prefix))) {
			search_in(s, dirfd(dir), e->d_name);
			continue;
		}
		s->found++;
		ret = remove_cgroup(dirfd(dir), e->d_name, s->prefix);
		s->error = s->error ? s->error : ret;
	}
	if (dir)
		closedir(dir);
}

int scratch_remove_cgroups(const char *session)
{
	CLEANUP_FREE char *prefix = xasprintf("coldprof-%s-", session);
	struct search s = { .prefix = prefix };
	FILE *mounts;
	struct mntent *m;

	if (!*session)
		return -EINVAL;
	mounts = setmntent("/proc/self/mounts", "re");
	while (mounts && (m = getmntent(mounts)))
		if (!strcmp(m->mnt_type, "cgroup") || !strcmp(m->mnt_type, "cgroup2"))
			search_in(&s, AT_FDCWD, m->mnt_dir);
	if (mounts)
		endmntent(mounts);
	return s.error ? s.error : s.found;
}
