// SPDX-License-Identifier: GPL-2.0-only
/* cmd_watch.c - the starts of containers and machines on this host, whoever makes them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "bpf/shared.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/cmd.h"
#include "user/collect/features.h"
#include "user/launch/watch.h"
#include "user/launching.h"
#include "user/watch_rows.h"

struct watch_command {
	struct watch_options watch;
	struct adopt_program *more;
	size_t n_more, cap_more;
	const char *output, *json;
	bool force, help;
	char *command_line;
};

enum { OPT_UNTIL = 256, OPT_SETTLE, OPT_MAX, OPT_FORCE, OPT_JSON, OPT_PROGRAM };

static const struct option long_options[] = {
	{ "until", required_argument, NULL, OPT_UNTIL },
	{ "settle", required_argument, NULL, OPT_SETTLE },
	{ "max-recordings", required_argument, NULL, OPT_MAX },
	{ "program", required_argument, NULL, OPT_PROGRAM },
	{ "output", required_argument, NULL, 'o' },
	{ "force", no_argument, NULL, OPT_FORCE },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* "NAME", or "NAME=FLAG": the id is the argument behind FLAG. */
static int add_program(struct watch_command *c, const char *text)
{
	size_t n = strcspn(text, "=");
	const char *flag = text[n] ? text + n + 1 : NULL;
	char *name;

	if (!n || n >= ADOPT_EXE_MAX || (flag && (!*flag || strlen(flag) > 7)))
		return command_usage(&command_watch,
				     "--program takes NAME or NAME=FLAG, names of %d characters and "
				     "flags of 7 at most, not '%s'", ADOPT_EXE_MAX - 1, text);
	name = strndup(text, n);
	ARRAY_RESERVE(c->more, c->n_more, c->cap_more, 2);
	c->more[c->n_more++] = (struct adopt_program){
		.exe = name, .name = name, .id_after = flag,
		.use = ADOPT_STARTS | ADOPT_ID_OPTIONAL,
	};
	c->more[c->n_more] = (struct adopt_program){ 0 };
	return EXIT_DONE;
}

static int parse_number(const char *name, const char *text, uint64_t min, uint64_t max,
			unsigned int *value)
{
	uint64_t v;

	if (!text_parse_u64(text, min, max, &v))
		return command_usage(&command_watch, "%s takes a number from %llu to %llu, not '%s'",
				     name, (unsigned long long)min, (unsigned long long)max, text);
	*value = v;
	return EXIT_DONE;
}

static int parse_option(struct watch_command *c, int opt, char **argv)
{
	switch (opt) {
	case OPT_UNTIL:
		return parse_number("--until", optarg, 1, 1000000000, &c->watch.until);
	case OPT_SETTLE:
		return parse_number("--settle", optarg, 1, 86400000, &c->watch.settle_ms);
	case OPT_MAX:
		return parse_number("--max-recordings", optarg, 1, 10000, &c->watch.keep);
	case OPT_PROGRAM: return add_program(c, optarg);
	case 'o': c->output = optarg; break;
	case OPT_FORCE: c->force = true; break;
	case OPT_JSON: c->json = optarg; break;
	case 'h': c->help = true; break;
	default: return command_bad_option(&command_watch, opt, argv);
	}
	return EXIT_DONE;
}

static int parse(struct watch_command *c, int argc, char **argv)
{
	int opt, i, ret = EXIT_DONE;

	*c = (struct watch_command){ .watch = { .settle_ms = 10000, .keep = 100 } };
	c->command_line = xstrdup("coldprof");
	for (i = 0; i < argc; i++) {
		char *longer = xasprintf("%s %s", c->command_line, argv[i]);

		free(c->command_line);
		c->command_line = longer;
	}
	optind = 1;
	while (!ret && (opt = getopt_long(argc, argv, "+:o:h", long_options, NULL)) != -1)
		ret = parse_option(c, opt, argv);
	if (!ret && optind < argc)
		ret = command_usage(&command_watch, "'%s' is not an option", argv[optind]);
	if (!ret && c->json && c->output && !strcmp(c->json, c->output))
		ret = command_usage(&command_watch, "--json and --output are two files, not both '%s'",
				    c->json);
	c->watch.more = c->more;
	c->watch.command_line = c->command_line;
	return ret;
}

static void release(struct watch_command *c)
{
	size_t i;

	for (i = 0; i < c->n_more; i++)
		free((char *)c->more[i].exe);
	free(c->more);
	free(c->command_line);
}

static int run(int argc, char **argv)
{
	struct watch_command c;
	struct error err = { 0 };
	int ret = parse(&c, argc, argv);

	if (!ret && c.help) {
		ret = command_help(&command_watch);
	} else if (!ret && features_require(&err)) {
		ret = command_fail(&err);
	} else if (!ret) {
		struct watch_rows *rows = watch_rows_new();

		c.watch.news = watch_rows_news;
		c.watch.news_ctx = rows;
		ret = launching_watch(&c.watch, c.output, c.force, c.json);
		watch_rows_free(rows);
	}
	release(&c);
	return ret;
}

const struct command command_watch = {
	.name = "watch",
	.summary = "the starts of containers and machines on this host, whoever makes them",
	.usage = "watch [OPTION…]",
	.help = "\nNothing is launched: each start of a container or a machine is followed from the first\n"
		"exec of its runtime, shim or VMM to the first connection that is accepted.\n\n"
		"      --until N            end after N starts\n"
		"      --settle MS          a start without an accept is over after this time (10000)\n"
		"      --max-recordings N   keep the last N starts (100)\n"
		"      --program NAME[=FLAG]  one more runtime; its id is the argument behind FLAG,\n"
		"                           else the last one. NAME may end with '*'\n"
		"  -o, --output FILE        the recording (coldprof-DATE-TIME.coldprof)\n"
		"      --force              overwrite it\n"
		"      --json FILE|-        the report as JSON as well\n"
		"\nOn a terminal the last starts are a table that is kept up to date. Each start is written when it\n"
		"is over: a watch that is killed leaves what it has seen. With --until, or Ctrl-C, it ends and\n"
		"reports.\n",
	.options = long_options,
	.run = run,
};
