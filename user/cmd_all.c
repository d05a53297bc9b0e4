// SPDX-License-Identifier: GPL-2.0-only
/* cmd_all.c - the main job: the same service under every runtime, or under some. */
#include "user/cmd.h"
#include "user/collect/features.h"
#include "user/launching.h"
#include "user/options.h"
#include "user/rows.h"

static int run(int argc, char **argv)
{
	struct launch_options o;
	struct rows rows = { 0 };
	struct error err = { 0 };
	int ret;

	ret = launch_options_parse(&o, &command_all, argc, argv);
	if (!ret && o.help) {
		ret = command_help(&command_all);
		launch_options_release(&o);
		return ret;
	}
	if (!ret && o.rest < argc)
		ret = command_usage(&command_all, "'%s' is not an option", argv[o.rest]);
	if (!ret)
		ret = rows_choose(&rows, &o);
	if (!ret && features_require(&err))
		ret = command_fail(&err);
	if (!ret) {
		o.stage.rows = rows.list;
		o.stage.n_rows = rows.n;
		ret = launching_session(&o);
	}
	rows_release(&rows);
	launch_options_release(&o);
	return ret;
}

const struct command command_all = {
	.name = "all",
	.summary = "start the same service under every runtime here and compare",
	.usage = "--all [OPTION…]   (or: coldprof --runtime NAME[,NAME…] [OPTION…])",
	.help = launch_options_help,
	.options = launch_options_table,
	.run = run,
};
