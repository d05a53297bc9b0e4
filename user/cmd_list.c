// SPDX-License-Identifier: GPL-2.0-only
/* cmd_list.c - which scenarios there are, which of them can run here, what the others lack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/cmd.h"
#include "user/options.h"
#include "user/record/format.h"

static void print_driver(const struct scenario_ops *ops, const struct scenario_options *options)
{
	struct scenario s = { .ops = ops, .options = options };
	struct error err = { 0 };
	char text[512];
	int ret;

	s.state = xcalloc(1, ops->state_size ? ops->state_size : 1);
	ret = ops->probe(&s, &err);
	if (ret == 0)
		scenario_ask_version(&s);
	printf("%-12s %-18s %s\n", ops->name, ops->boundary, ops->summary);
	if (ret == 0) {
		const char *version = s.runtime_version ? s.runtime_version : "";

		printf("%-12s here: %s%s%s%s%s\n", "", s.runtime_path ? s.runtime_path : "yes",
		       *version ? ", " : "", text_escape(text, sizeof(text), version, strlen(version)),
		       s.accel ? ", accel " : "", s.accel ? s.accel : "");
	} else {
		const char *reason = ret < 0 ? err.text : s.reason;

		printf("%-12s not here: %s\n", "",
		       text_escape(text, sizeof(text), reason ? reason : "", reason ? strlen(reason) : 0));
		if (s.advice)
			printf("%-12s get it: %s\n", "", s.advice);
	}
	scenario_forget(&s);
}

static bool has_driver(const struct canonical_row *row)
{
	return scenario_find(row->name) != NULL;
}

static int run(int argc, char **argv)
{
	const struct scenario_ops *const *ops;
	const struct canonical_row *row;
	struct launch_options o;
	int ret;

	ret = launch_options_parse(&o, &command_list, argc, argv);
	if (!ret && o.help) {
		ret = command_help(&command_list);
		launch_options_release(&o);
		return ret;
	}
	if (ret || o.rest < argc) {
		launch_options_release(&o);
		return ret ? ret : command_usage(&command_list, "'%s' is not an option", argv[o.rest]);
	}
	printf("%-12s %-18s %s\n", "RUNTIME", "BOUNDARY", "");
	for (ops = scenarios; *ops; ops++)
		if (!((*ops)->flags & SCENARIO_ON_DEMAND))
			print_driver(*ops, &o.stage.scenario);
	for (row = canonical_rows; row->name; row++)
		if (!has_driver(row))
			printf("%-12s %-18s %s\n%-12s not here: this version has no driver for it yet\n"
			       "%-12s %s\n",
			       row->name, "VM", row->title, "", "", row->advice ? row->advice : "");
	launch_options_release(&o);
	return EXIT_DONE;
}

const struct command command_list = {
	.name = "list",
	.summary = "the runtimes: here, or what is missing and how to get it",
	.usage = "list [--runtime-path NAME=PATH…]",
	.help = "\nThe boundary is what stands between the service and the host: what the milliseconds buy.\n",
	.options = launch_options_table,
	.run = run,
};
