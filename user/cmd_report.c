// SPDX-License-Identifier: GPL-2.0-only
/* cmd_report.c - the numbers of a recording again, as text or JSON. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "user/cmd.h"
#include "user/load.h"
#include "user/output.h"

static int print_report(const char *path, const char *out_path, bool json)
{
	struct report_options ro = { 0 };
	struct error err = { 0 };
	struct loaded loaded;
	FILE *out;
	int ret;

	if (load_recording(&loaded, path, &err))
		return command_fail(&err);
	out = output_open(out_path, &err);
	if (!out) {
		load_release(&loaded);
		return command_fail(&err);
	}
	ro.incomplete = loaded.incomplete;
	output_style(out, &ro);
	if (json)
		report_json(out, loaded.session, &ro);
	else
		report_text(out, loaded.session, &ro);
	if (loaded.incomplete)
		fprintf(stderr, "coldprof: %s is not whole: %s\n", path, loaded.incomplete);
	ret = output_close(out, out_path, &err);
	load_release(&loaded);
	return ret ? command_fail(&err) : EXIT_DONE;
}

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int run(int argc, char **argv)
{
	const char *format = "text", *out = "-";
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, ":f:o:h", options, NULL)) != -1) {
		if (opt == 'f')
			format = optarg;
		else if (opt == 'o')
			out = optarg;
		else if (opt == 'h')
			return command_help(&command_report);
		else
			return command_bad_option(&command_report, opt, argv);
	}
	if (strcmp(format, "text") && strcmp(format, "json"))
		return command_usage(&command_report, "--format is text or json, not '%s'", format);
	if (optind + 1 != argc)
		return command_usage(&command_report, "which recording? one FILE is needed");
	return print_report(argv[optind], out, !strcmp(format, "json"));
}

const struct command command_report = {
	.name = "report",
	.summary = "the numbers of a recording again, as text or JSON",
	.usage = "report FILE [--format text|json] [-o OUT]",
	.help = "\n  -f, --format text|json  (text)\n"
		"  -o, --output FILE       instead of the standard output\n\n"
		"Needs no root and works on any machine. A recording that was cut off or damaged is\n"
		"read up to the damage, and the report says so.\n",
	.options = options,
	.run = run,
};
