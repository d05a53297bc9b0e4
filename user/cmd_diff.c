// SPDX-License-Identifier: GPL-2.0-only
/* cmd_diff.c - what moved from one recording to another. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "user/cmd.h"
#include "user/load.h"
#include "user/output.h"
#include "user/report/diff.h"

static int print_diff(char **paths, struct loaded loaded[2], const char *out_path, bool json,
		      struct error *err)
{
	struct diff_side base = { paths[0], loaded[0].session };
	struct diff_side fresh = { paths[1], loaded[1].session };
	struct report_options ro = { 0 };
	struct comparison comparison;
	bool regressed;
	FILE *out = output_open(out_path, err);

	if (!out)
		return command_fail(err);
	output_style(out, &ro);
	compare_sessions(base.session, fresh.session, &comparison);
	regressed = comparison.regressed;
	if (json)
		diff_json(out, &comparison, &base, &fresh);
	else
		diff_text(out, &comparison, &base, &fresh, &ro);
	comparison_release(&comparison);
	if (output_close(out, out_path, err))
		return command_fail(err);
	return regressed ? EXIT_FAILED : EXIT_DONE;
}

static int diff(char **paths, const char *out_path, bool json)
{
	struct loaded loaded[2];
	struct error err = { 0 };
	int i, ret = EXIT_DONE;

	for (i = 0; i < 2 && ret == EXIT_DONE; i++) {
		if (load_recording(&loaded[i], paths[i], &err)) {
			ret = command_fail(&err);
			break;
		}
		if (loaded[i].incomplete)
			fprintf(stderr, "coldprof: %s is not whole: %s\n", paths[i],
				loaded[i].incomplete);
	}
	if (ret == EXIT_DONE)
		ret = print_diff(paths, loaded, out_path, json, &err);
	while (i-- > 0)
		load_release(&loaded[i]);
	return ret;
}

static const struct option options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int run(int argc, char **argv)
{
	const char *out = "-";
	bool json = false;
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, ":jo:h", options, NULL)) != -1) {
		if (opt == 'j')
			json = true;
		else if (opt == 'o')
			out = optarg;
		else if (opt == 'h')
			return command_help(&command_diff);
		else
			return command_bad_option(&command_diff, opt, argv);
	}
	if (optind + 2 != argc)
		return command_usage(&command_diff, "which recordings? two are needed: BASE and NEW");
	return diff(argv + optind, out, json);
}

const struct command command_diff = {
	.name = "diff",
	.summary = "what moved from one recording to another, phase by phase",
	.usage = "diff BASE NEW [--json] [-o OUT]",
	.help = "\n  -j, --json              for scripts\n"
		"  -o, --output FILE       instead of the standard output\n\n"
		"Scenarios of the same name: cold start, memory, latency and phases of both, and the\n"
		"difference of their medians. \"more\" and \"less\" are said where it is 5 % or more, both sides\n"
		"have 3 runs or more, and 90 % of all pairs of runs agree. Status 1: a regression, that is\n"
		"more cold start or settled memory, or a scenario that was well and now fails; else 0.\n"
		"Needs no root and works on any machine. For a page: export BASE NEW --format html.\n",
	.options = options,
	.run = run,
};
