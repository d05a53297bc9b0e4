// SPDX-License-Identifier: GPL-2.0-only
/* cmd_view.c - the terminal UI on a recording. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "tui/term.h"
#include "user/cmd.h"
#include "user/load.h"

static int view(const char *path)
{
	struct error err = { 0 };
	struct loaded loaded;
	struct app_io io;
	int ended_by;

	load_show_progress();
	if (load_recording(&loaded, path, &err))
		return command_fail(&err);
	if (term_open(&io, -1, &err)) {
		load_release(&loaded);
		return command_fail(&err);
	}
	app_run(loaded.session, path, loaded.incomplete, &io, NULL);
	term_close();
	ended_by = term_signal();
	load_release(&loaded);
	return ended_by ? 128 + ended_by : EXIT_DONE;
}

static const struct option options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int run(int argc, char **argv)
{
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (opt == 'h')
			return command_help(&command_view);
		return command_bad_option(&command_view, opt, argv);
	}
	if (optind + 1 != argc)
		return command_usage(&command_view, "which recording? one FILE is needed");
	return view(argv[optind]);
}

const struct command command_view = {
	.name = "view",
	.summary = "look through a recording in the terminal",
	.usage = "view FILE",
	.help = "\nEvery scenario on one scale; then of each run its timeline, critical path, ledger,\n"
		"processes, memory and events, and two runs compared. Tab goes through the views, ? shows the keys, q quits.\n"
		"Needs no root and works on any machine; NO_COLOR is honoured.\n",
	.options = options,
	.run = run,
};
