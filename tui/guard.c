// SPDX-License-Identifier: GPL-2.0-only
#include "tui/guard.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS 100

static struct {
	pid_t pid;  /* 0: there is none */
	/* Shared with it: which time the terminal is ours, 0 = it is not. */
	volatile sig_atomic_t *held;
	sig_atomic_t times;
} guard;

/* The guard: all it does until the owner has died. */
static void watch(int owner, pid_t group, void (*screen_back)(void), void (*all_back)(void))
{
	struct pollfd fd = { .fd = owner, .events = POLLIN };
	sig_atomic_t given = 0; /* what was held then has been given back */

	while (poll(&fd, 1, LOOK_MS) <= 0) {
		sig_atomic_t held = *guard.held;

		if (held && held != given && tcgetpgrp(STDIN_FILENO) != group) {
			screen_back();
			given = held;
		}
	}
	if (*guard.held && *guard.held != given)
		all_back();
}

static void guard_main(pid_t owner_pid, void (*screen_back)(void), void (*all_back)(void))
{
	int owner = pidfd_open(owner_pid, 0);
	pid_t group = getpgid(owner_pid);
	sigset_t all;

	/* SIGTTOU among them: what is in the background may write all the same. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setpgid(0, 0);
	prctl(PR_SET_NAME, "coldprof-guard");
	if (owner >= 0 && group > 0 && getppid() == owner_pid)
		watch(owner, group, screen_back, all_back);
}

void guard_start(void (*screen_back)(void), void (*all_back)(void))
{
	pid_t self = getpid();

	guard.held = mmap(NULL, sizeof(*guard.held), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (guard.held == MAP_FAILED) {
		guard.held = NULL;
		return;
	}
	guard_hold(true);
	guard.pid = fork();
	if (guard.pid == 0) {
		guard_main(self, screen_back, all_back);
		_exit(0);
	}
	if (guard.pid < 0)
		guard.pid = 0;
}

void guard_hold(bool ours)
{
	if (guard.held)
		*guard.held = ours ? ++guard.times : 0;
}

void guard_end(void)
{
	if (guard.pid > 0) {
		kill(guard.pid, SIGKILL);
		waitpid(guard.pid, NULL, 0);
	}
	guard.pid = 0;
	if (guard.held)
		munmap((void *)guard.held, sizeof(*guard.held));
	guard.held = NULL;
}
