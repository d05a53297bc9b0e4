// SPDX-License-Identifier: GPL-2.0-only
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"
#include "user/cmd.h"

static int help(void)
{
	const struct command *const *c;

	printf("coldprof %s - where a cold start's milliseconds and memory go\n\n"
	       "usage: coldprof --all [OPTION…]\n"
	       "       coldprof --runtime NAME[,NAME…] [OPTION…]\n"
	       "       coldprof COMMAND [OPTION…]\n\n"
	       "commands:\n",
	       COLDPROF_VERSION);
	for (c = commands; *c; c++)
		if (!(*c)->hidden)
			printf("  %-9s %s\n", (*c)->name, (*c)->summary);
	printf("\n`coldprof COMMAND --help` tells more; `coldprof all --help` has the options of\n"
	       "--all and --runtime. Launching needs root; looking at recordings does not.\n");
	return EXIT_DONE;
}

static const struct command *find(const char *name)
{
	const struct command *const *c;

	for (c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static int unknown(const char *name)
{
	const char *names[32];
	const char *near;
	char shown[128];
	size_t n = 0;

	for (; commands[n] && n < 32; n++)
		names[n] = commands[n]->name;
	near = text_suggest(name, names, n);
	fprintf(stderr, "coldprof: unknown command '%s'%s%s%s; see coldprof --help\n",
		text_escape(shown, sizeof(shown), name, strlen(name)),
		near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const struct command *c;

	/* A full disk, a file limit and a pager that was left are errors to tell, not deaths. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	setlocale(LC_CTYPE, ""); /* for the width of characters; numbers stay in the C locale */
	if (argc < 2) {
		help();
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))
		return argc > 2 && find(argv[2]) ? command_help(find(argv[2])) : help();
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "version")) {
		printf("coldprof %s\n", COLDPROF_VERSION);
		return EXIT_DONE;
	}
	/* `coldprof --all …` is `coldprof all …`: the options choose the rows. */
	if (argv[1][0] == '-')
		return command_all.run(argc, argv);
	c = find(argv[1]);
	return c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
}
