// SPDX-License-Identifier: GPL-2.0-only
/*
 * command.c - any command of the user's (`coldprof run -- COMMAND`), as it is or in a box with
 * namespaces of its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/record/format.h"

/* An absolute path, links left as they are: programs of many names look at argv[0]. */
static char *absolute(const char *name)
{
	CLEANUP_FREE char *here = *name == '/' ? NULL : getcwd(NULL, 0);

	if (*name == '/')
		return xstrdup(name);
	return here ? xasprintf("%s/%s", here, name) : NULL;
}

/* The program that execve would find: the keeper needs a path, it does not search. */
static char *resolve(const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : absolute(name);
	while (path && *path) {
		size_t len = strcspn(path, ":");
		char *full = xasprintf("%.*s/%s", (int)len, path, name);

		if (!access(full, X_OK))
			return full;
		free(full);
		path += len + (path[len] == ':');
	}
	return NULL;
}

static int probe(struct scenario *s, struct error *err)
{
	char *const *command = s->options->command;

	if (!command || !command[0])
		return error_class(err, ERROR_USAGE, -EINVAL, "no command was given");
	s->runtime_path = resolve(command[0]);
	if (!s->runtime_path)
		return error_class(err, ERROR_USAGE, -ENOENT, "no program '%s' that can be executed",
				   command[0]);
	return 0;
}

static int command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		   struct error *err)
{
	char *const *word;

	(void)run, (void)err;
	args_add(argv, s->runtime_path);
	for (word = s->options->command + 1; *word; word++)
		args_add(argv, *word);
	return 0;
}

static const struct phase_rule phases[] = {
	{ .name = "exec" },
	{ .name = "start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "service start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_SERVICE_EXEC },
	{ .name = "listen to accept", .at = PHASE_MILESTONE, .milestone = MILESTONE_LISTEN },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};

const struct scenario_ops scenario_command = {
	.name = "command",
	.title = "command",
	.summary = "any command, in the host's own namespaces",
	.boundary = "none",
	.flags = SCENARIO_HOST_ACCEPT | SCENARIO_ON_DEMAND,
	.net = NET_HOST,
	.timeout = 30,
	.phases = phases,
	.probe = probe,
	.command = command,
};

const struct scenario_ops scenario_command_boxed = {
	.name = "command-boxed",
	.title = "command, boxed",
	.summary = "any command, in pid, mount and network namespaces of its own",
	.boundary = "none",
	.flags = SCENARIO_HOST_ACCEPT | SCENARIO_ON_DEMAND,
	.net = NET_VETH,
	.timeout = 30,
	.phases = phases,
	.probe = probe,
	.command = command,
};
