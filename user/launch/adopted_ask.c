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
#define HEX_ID 64 /* characters of a container's id */
#define FILE_MAX 65536 /* of a machine's description: its name stands at its beginning */

/*
 * Options, as far as it takes to step over them: letters as getopt(3) has them, words with a '=' where
 * a value belongs to them. One that is not here ends the reading: what follows it could be its value,
 * or a command, and a guess would execute something that nobody asked for.
 */
struct client_options {
	const char *letters, *words;
};

/* Clients that start what exists. */
static const struct client {
	const char *exe;
	const char *group; /* "docker container start" is "docker start" */
	const char *verbs[3];
	struct client_options before, behind; /* … the verb */
	const char *name;   /* an option behind the verb that is the name; NULL: there is none */
	const char *ask[6]; /* how it is asked for an id: globals, these words, the names */
	bool machine;       /* the name itself is one, and an answer is a name too */
	const char *file_verb; /* what follows this verb is a file that describes a machine */
} clients[] = {
	{ .exe = "docker", .group = "container", .verbs = { "start", "restart" },
	  .before = { "Dc:H:l:", "config= context= debug host= log-level= tls tlscacert= tlscert= tlskey= tlsverify" },
	  .behind = { "ais:t:", "attach checkpoint= checkpoint-dir= detach-keys= interactive signal= time= timeout=" },
	  .ask = { "inspect", "--type", "container", "--format", "{{.Id}}", "--" } },
	{ .exe = "nerdctl", .group = "container", .verbs = { "start", "restart" },
	  .before = { "a:H:n:", "address= bridge-ip= cgroup-manager= cni-netconfpath= cni-path= data-root= debug "
			       "debug-full experimental host= host-gateway-ip= hosts-dir= insecure-registry "
			       "kube-hide-dupe namespace= snapshotter= storage-driver=" },
	  .behind = { "ais:t:", "attach checkpoint= checkpoint-dir= detach-keys= interactive signal= time=" },
	  .ask = { "inspect", "--type", "container", "--format", "{{.Id}}", "--" } },
	{ .exe = "podman", .group = "container", .verbs = { "start", "restart" },
	  .before = { "c:r", "cdi-spec-dir= cgroup-manager= config= connection= conmon= events-backend= hooks-dir= "
			    "identity= imagestore= log-level= module= network-cmd-path= network-config-dir= "
			    "remote root= runroot= runtime= runtime-flag= ssh= storage-driver= storage-opt= syslog "
			    "tmpdir= transient-store url= volumepath=" },
	  .behind = { "ait:", "attach detach-keys= interactive running sig-proxy time=" },
	  .ask = { "inspect", "--type", "container", "--format", "{{.Id}}", "--" } },
	{ .exe = "virsh", .verbs = { "start" },
	  .before = { "c:d:e:k:K:l:qrt", "connect= debug= escape= keepalive-interval= keepalive-count= log= quiet "
				       "readonly timing" },
	  .behind = { "", "autodestroy bypass-cache console domain= file= force-boot pass-fds= paused "
			  "reset-nvram validate" },
	  .name = "domain", .ask = { "domname" }, .machine = true, .file_verb = "create" },
};

static const struct client *client_of(const char *program)
{
	const char *slash = strrchr(program, '/');
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clients); i++)
		if (!strcmp(clients[i].exe, slash ? slash + 1 : program))
			return &clients[i];
	return NULL;
}

/* ---- reading a command ---------------------------------------------------------------------- */

/* Words that "--NAME", "--NAME=VALUE" or "--NAME VALUE" takes; 0: no such option. */
static size_t long_option(const struct client_options *o, char *const *at, const char **value)
{
	const char *name = at[0] + 2, *word;
	size_t n = strcspn(name, "="), len;

	for (word = o->words; *word; word += len + strspn(word + len, " ")) {
		len = strcspn(word, " ");
		if (strncmp(word, name, n) || n + (word[len - 1] == '=') != len)
			continue;
		if (word[len - 1] != '=')
			return 1;
		*value = name[n] ? name + n + 1 : at[1];
		return name[n] ? 1 : at[1] ? 2 : 0;
	}
	return 0;
}

/* "-a", "-ab", "-aVALUE", "-a=VALUE", "-a VALUE" likewise. */
static size_t short_options(const struct client_options *o, char *const *at)
{
	const char *p, *known;

	for (p = at[0] + 1; *p; p++) {
		known = *p == ':' ? NULL : strchr(o->letters, *p);
		if (!known)
			return 0;
		if (known[1] == ':')
			return p[1] ? 1 : at[1] ? 2 : 0;
	}
	return 1;
}

static size_t option(const struct client_options *o, char *const *at, const char **value)
{
	*value = NULL;
	return at[0][1] == '-' ? long_option(o, at, value) : short_options(o, at);
}

/* The names behind the verb; false: something is not understood. */
static bool read_names(const struct client *client, char *const *at, struct args *names)
{
	bool only_names = false;
	const char *value;
	size_t n;

	while (*at) {
		if (only_names || (*at)[0] != '-') {
			if ((*at)[0] == '-' || !(*at)[0])
				return false; /* no name begins so */
			args_add(names, *at++);
			continue;
		}
		if (!strcmp(*at, "--")) {
			only_names = true;
			at++;
			continue;
		}
		n = option(&client->behind, at, &value);
		if (!n)
			return false;
		if (value && client->name && !strncmp(*at + 2, client->name, strlen(client->name)))
			args_add(names, value);
		if (value && client->file_verb && !strncmp(*at + 2, "file", 4))
			args_add(names, value);
		at += n;
	}
	return names->n > 0;
}

static bool is_verb(const struct client *client, const char *word)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(client->verbs) && client->verbs[i]; i++)
		if (!strcmp(client->verbs[i], word))
			return true;
	return client->file_verb && !strcmp(client->file_verb, word);
}

/* Where the verb stands in a command of the client's that starts what exists; 0: it is none. */
static size_t find_verb(const struct client *client, char *const *command, size_t *n_before)
{
	const char *value;
	size_t at = 1, n;

	while (command[at] && command[at][0] == '-') {
		n = option(&client->before, command + at, &value);
		if (!n)
			return 0;
		at += n;
	}
	*n_before = at;
	if (command[at] && client->group && !strcmp(command[at], client->group))
		at++;
	/* Only as the subcommand itself: a later "start" is another command's word. */
	return command[at] && is_verb(client, command[at]) ? at : 0;
}

bool adopted_question(char *const *command, struct args *question)
{
	const struct client *client = command && command[0] ? client_of(command[0]) : NULL;
	size_t n_before = 0, verb = client ? find_verb(client, command, &n_before) : 0, i;
	struct args names = { 0 };
	bool asks;

	if (!verb)
		return false;
	asks = read_names(client, command + verb + 1, &names) &&
	       !(client->file_verb && !strcmp(client->file_verb, command[verb]));
	for (i = 0; asks && i < n_before; i++)
		args_add(question, command[i]);
	for (i = 0; asks && i < ARRAY_SIZE(client->ask) && client->ask[i]; i++)
		args_add(question, client->ask[i]);
	for (i = 0; asks && i < names.n; i++)
		args_add(question, names.list[i]);
	args_release(&names);
	return asks;
}

/* The name of the machine that a file describes: <name>NAME</name>, the first that is no comment's. */
static void name_in_file(const char *path, struct args *ids)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_FREE char *text = xcalloc(1, FILE_MAX + 1);
	char *p, *end;

	if (fd < 0 || read(fd, text, FILE_MAX) <= 0)
		return;
	while ((p = strstr(text, "<!--"))) {
		end = strstr(p, "-->");
		if (!end)
			return;
		memset(p, ' ', end + 3 - p);
	}
	p = strstr(text, "<name>");
	end = p ? strstr(p, "</name>") : NULL;
	if (!end)
		return;
	for (p += strlen("<name>"); p < end && strchr(" \t\r\n", *p); p++)
		;
	while (end > p && strchr(" \t\r\n", end[-1]))
		end--;
	*end = '\0';
	if (*p)
		args_add(ids, p);
}

/* Machines are known by their names, which the command may say itself. */
static void add_machines(char *const *command, struct args *ids)
{
	const struct client *client = client_of(command[0]);
	size_t n_before, verb = client && client->machine ? find_verb(client, command, &n_before) : 0, i;
	struct args names = { 0 };

	if (!verb)
		return;
	if (!read_names(client, command + verb + 1, &names))
		args_release(&names);
	for (i = 0; i < names.n; i++)
		if (!strcmp(client->file_verb, command[verb]))
			name_in_file(names.list[i], ids);
		else
			args_add(ids, names.list[i]);
	args_release(&names);
}

/* ---- asking --------------------------------------------------------------------------------- */

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

/* A container's id, or a machine's name. */
static bool is_answer(const struct client *client, const char *line)
{
	return client->machine || (strlen(line) == HEX_ID && strspn(line, "0123456789abcdef") == HEX_ID);
}

void adopted_ask(char *const *command, struct args *ids)
{
	struct args question = { 0 };
	char answer[ANSWER_MAX], *line, *rest = NULL;
	CLEANUP_CLOSE int fd = -1;
	pid_t pid = -1;

	if (!command || !command[0])
		return;
	add_machines(command, ids);
	if (adopted_question(command, &question))
		pid = start(&question, &fd);
	args_release(&question);
	if (pid < 0)
		return;
	read_answer(fd, answer);
	kill(pid, SIGKILL); /* not yet reaped: the number is our child's, even when it has ended */
	waitpid(pid, NULL, 0);
	for (line = strtok_r(answer, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (is_answer(client_of(command[0]), line))
			args_add(ids, line);
}
