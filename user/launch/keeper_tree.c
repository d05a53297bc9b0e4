// SPDX-License-Identifier: GPL-2.0-only
/* keeper_tree.c - killing the descendants of a process where no pid namespace does it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/launch/keeper_box.h"

struct process {
	int pid, parent;
	unsigned long long start; /* with the pid, its identity */
	bool below;               /* a descendant */
};

static bool read_process(int pid, struct process *p)
{
	char path[64], text[1024], *at;
	CLEANUP_CLOSE int fd = -1;
	ssize_t n;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')'); /* comm may hold anything */
	p->pid = pid;
	p->below = false;
	return at && sscanf(at + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
			    "%*d %*d %*d %*d %llu", &state, &p->parent, &p->start) == 3 &&
	       state != 'Z' && state != 'X';
}

static struct process *read_all(size_t *n)
{
	DIR *dir = opendir("/proc");
	struct process *list = NULL;
	struct dirent *e;
	size_t cap = 0;

	*n = 0;
	while (dir && (e = readdir(dir))) {
		int pid = atoi(e->d_name);

		if (pid <= 0)
			continue;
		ARRAY_RESERVE(list, *n, cap, 1);
		if (read_process(pid, &list[*n]))
			++*n;
	}
	if (dir)
		closedir(dir);
	return list;
}

/* Parents may come after their children in /proc (pids wrap): until nothing changes. */
static void mark(struct process *list, size_t n, pid_t top)
{
	bool changed = true;
	size_t i, k;

	while (changed) {
		changed = false;
		for (i = 0; i < n; i++) {
			if (list[i].below)
				continue;
			list[i].below = list[i].parent == top;
			for (k = 0; k < n && !list[i].below; k++)
				list[i].below = list[k].below && list[k].pid == list[i].parent;
			changed |= list[i].below;
		}
	}
}

/* /proc counts ticks since boot, suspended time included: 10 ms of grace for their coarseness. */
bool box_born_after(pid_t pid, uint64_t since)
{
	struct process p;
	struct timespec boot, mono;
	uint64_t offset, tick = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK);

	if (!read_process(pid, &p))
		return false;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	offset = (uint64_t)(boot.tv_sec - mono.tv_sec) * 1000000000ull +
		 (uint64_t)(boot.tv_nsec - mono.tv_nsec);
	return (p.start + 1) * tick >= since + offset;
}

uint64_t box_start_of(pid_t pid)
{
	struct process p;

	return read_process(pid, &p) ? p.start : 0;
}

size_t box_children(pid_t top, pid_t *children, size_t max)
{
	size_t i, n, found = 0;
	CLEANUP_FREE struct process *list = read_all(&n);

	for (i = 0; i < n && found < max; i++)
		if (list[i].parent == top)
			children[found++] = list[i].pid;
	return found;
}

size_t box_descendants(pid_t top, pid_t **pids)
{
	size_t i, n, found = 0;
	CLEANUP_FREE struct process *list = read_all(&n);

	mark(list, n, top);
	*pids = xcalloc(n ? n : 1, sizeof(**pids));
	for (i = 0; i < n; i++)
		if (list[i].below)
			(*pids)[found++] = list[i].pid;
	return found;
}

unsigned int box_kill_descendants(pid_t top)
{
	unsigned int killed = 0;
	size_t i, n;
	CLEANUP_FREE struct process *list = NULL;

	if (top <= 1)
		return 0; /* below init is everybody: never what is meant */
	list = read_all(&n);
	mark(list, n, top);
	for (i = 0; i < n; i++) {
		struct process again;
		CLEANUP_CLOSE int fd = list[i].below ? pidfd_open(list[i].pid, 0) : -1;

		/* Only when the descriptor and what was judged are the same process. */
		if (fd < 0 || !read_process(list[i].pid, &again) || again.start != list[i].start)
			continue;
		pidfd_send_signal(fd, SIGKILL, NULL, 0);
		killed++;
	}
	return killed;
}
