// SPDX-License-Identifier: GPL-2.0-only
/* cmd_run.c - any command, from its execve to its first answer. */
#include <stdio.h>

#include "user/cmd.h"
#include "user/collect/features.h"
#include "user/options.h"
#include "user/launching.h"

static int run(int argc, char **argv)
{
	static const char *const host[] = { "command", NULL }, *const boxed[] = { "command-boxed", NULL };
	struct stage_row row = { .name = "command", .title = "command", .candidates = host };
	struct launch_options o;
	struct error err = { 0 };
	int ret;

	ret = launch_options_parse(&o, &command_run, argc, argv);
	if (!ret && o.help) {
		ret = command_help(&command_run);
		launch_options_release(&o);
		return ret;
	}
	if (!ret && (o.all || o.n_runtimes))
		ret = command_usage(&command_run, "--all and --runtime choose runtimes, not commands");
	if (!ret && o.rest >= argc)
		ret = command_usage(&command_run, "which command? it follows '--'");
	if (!ret && features_require(&err))
		ret = command_fail(&err);
	if (!ret) {
		o.stage.scenario.command = argv + o.rest;
		if (o.boxed) {
			row.name = boxed[0];
			row.candidates = boxed;
		}
		o.stage.rows = &row;
		o.stage.n_rows = 1;
		ret = launching_session(&o);
	}
	launch_options_release(&o);
	return ret;
}

const struct command command_run = {
	.name = "run",
	.summary = "any command: from its execve to its first answer on --port",
	.usage = "run [OPTION…] -- COMMAND [ARG…]",
	.help = launch_options_help,
	.options = launch_options_table,
	.run = run,
};
