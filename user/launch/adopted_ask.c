// SPDX-License-Identifier: GPL-2.0-only
/* adopted_ask.c - the ids of containers that a command names, asked of the client that it is. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/launch/adopted.h"

#define ANSWER_MAX 8192
#define ANSWER_NS 5000000000ull
#define ID_MIN 12 /* characters of an id; anything shorter is some other word */

/* Clients that start what exists, and how they are asked for an id: options before the verb stay. */
static const struct client {
	const char *exe;
	const char *verbs[3];
	const char *ask[6];
} clients[] = {
	{ "docker", { "start", "restart" },
	  { "inspect", "--type", "container", "--format", "{{.Id}}" } },
};

static bool is_verb(const struct client *client, const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(client->verbs) && client->verbs[i]; i++)
		if (!strcmp(client->verbs[i], word))
			return true;
	return false;
}

static const struct client *client_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clients); i++)
		if (!strcmp(clients[i].exe, slash ? slash + 1 : program))
			return &clients[i];
	return NULL;
}

/* "docker … start NAME…" becomes "docker … inspect … NAME…"; false: it is no such command. */
static bool make_question(char *const *command, struct args *question)
{
	const struct client *client = client_of(command[0]);
	size_t verb, i;

	if (!client)
		return false;
	for (verb = 1; command[verb] && !is_verb(client, command[verb]); verb++)
		;
	if (!command[verb])
		return false;
	for (i = 0; i < verb; i++)
		if (!i || strcmp(command[i], "container")) /* `docker container start` */
			args_add(question, command[i]);
	for (i = 0; i < ARRAY_SIZE(client->ask) && client->ask[i]; i++)
		args_add(question, client->ask[i]);
	i = question->n;
	for (verb++; command[verb]; verb++)
		if (command[verb][0] != '-')
			args_add(question, command[verb]);
	return question->n > i;
}

static pid_t start(const struct args *question, int *out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none;
	int fds[2], failed;
	pid_t pid = -1;

	if (pipe2(fds, O_CLOEXEC))
		return -1;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	failed = posix_spawnp(&pid, question->list[0], &files, &attributes, question->list, environ);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	close(fds[1]);
	if (failed) {
		close(fds[0]);
		return -1;
	}
	*out = fds[0];
	return pid;
}

/* What it prints until it ends, ANSWER_NS at most. Always a string. */
static void read_answer(int fd, char answer[ANSWER_MAX])
{
	uint64_t end = clock_mono_ns() + ANSWER_NS, now;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t n = 0;
	ssize_t got;

	while (n < ANSWER_MAX - 1 && (now = clock_mono_ns()) < end) {
		if (poll(&p, 1, (int)((end - now) / 1000000) + 1) <= 0)
			break;
		got = read(fd, answer + n, ANSWER_MAX - 1 - n);
		if (got <= 0)
			break;
		n += got;
	}
	answer[n] = '\0';
}

void adopted_ask(char *const *command, struct args *ids)
{
	struct args question = { 0 };
	char answer[ANSWER_MAX], *line, *rest = NULL;
	CLEANUP_CLOSE int fd = -1;
	pid_t pid = -1;

	if (command && command[0] && make_question(command, &question))
		pid = start(&question, &fd);
	args_release(&question);
	if (pid < 0)
		return;
	read_answer(fd, answer);
	kill(pid, SIGKILL); /* not yet reaped: the number is our child's, even when it has ended */
	waitpid(pid, NULL, 0);
	for (line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strlen(line) >= ID_MIN)
			args_add(ids, line);
}
