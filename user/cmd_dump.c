// SPDX-License-Identifier: GPL-2.0-only
/* cmd_dump.c - the records of a recording one by one: for tests, fixtures and the curious. */
#include <getopt.h>
#include <stdio.h>

#include "user/base/text.h"
#include "user/cmd.h"
#include "user/output.h"
#include "user/record/reader.h"
#include "user/report/dump.h"

struct dump_options {
	const char *out;
	bool count;
	uint64_t run; /* UINT64_MAX: all */
};

static void dump_all(FILE *out, struct reader *r, const struct dump_options *o)
{
	struct dump_place place = { 0 };
	struct dump_counts counts = { 0 };
	const struct wire_head *record;
	const char *why;

	while ((record = reader_next(r))) {
		if (o->run != UINT64_MAX && o->run != record->run)
			continue;
		if (o->count)
			dump_count(&counts, record);
		else
			dump_record(out, &place, record);
	}
	if (o->count)
		dump_counts_print(out, &counts);
	if (!reader_complete(r, &why))
		fprintf(out, "# not whole: %s\n", why);
	dump_release(&place);
	dump_counts_release(&counts);
}

static int dump_file(const char *path, const struct dump_options *o)
{
	struct error err = { 0 };
	struct reader *r = reader_open(path, &err);
	const char *why;
	FILE *out;
	int ret;

	if (!r)
		return command_fail(&err);
	out = output_open(o->out, &err);
	if (!out) {
		reader_close(r);
		return command_fail(&err);
	}
	dump_all(out, r, o);
	if (!reader_complete(r, &why))
		fprintf(stderr, "coldprof: %s is not whole: %s\n", path, why);
	ret = output_close(out, o->out, &err);
	reader_close(r);
	return ret ? command_fail(&err) : EXIT_DONE;
}

static const struct option options[] = {
	{ "run", required_argument, NULL, 'r' },
	{ "count", no_argument, NULL, 'c' },
	{ "output", required_argument, NULL, 'o' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int run(int argc, char **argv)
{
	struct dump_options o = { .out = "-", .run = UINT64_MAX };
	int opt;

	optind = 1;
	while ((opt = getopt_long(argc, argv, ":r:co:h", options, NULL)) != -1) {
		if (opt == 'h')
			return command_help(&command_dump);
		if (opt == 'o')
			o.out = optarg;
		else if (opt == 'c')
			o.count = true;
		else if (opt != 'r')
			return command_bad_option(&command_dump, opt, argv);
		else if (!text_parse_u64(optarg, 0, UINT16_MAX, &o.run))
			return command_usage(&command_dump, "--run takes a number from 0 to %u, not '%s'",
					     UINT16_MAX, optarg);
	}
	if (optind + 1 != argc)
		return command_usage(&command_dump, "which recording? one FILE is needed");
	return dump_file(argv[optind], &o);
}

const struct command command_dump = {
	.name = "dump",
	.summary = "a recording's records, one a line",
	.usage = "dump FILE [--run N] [--count] [-o OUT]",
	.help = "\n  -r, --run N             only run N of the recording; 0 = what belongs to no run\n"
		"  -c, --count             how many there are of each kind in each run\n"
		"  -o, --output FILE       instead of the standard output\n\n"
		"The lines are in the language of coldprof's own test fixtures (tests/unit/evtext.h).\n",
	.options = options,
	.run = run,
};
