// SPDX-License-Identifier: GPL-2.0-only
#include "user/cmd.h"

#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "user/base/text.h"

const struct command *const commands[] = {
	&command_all,      &command_run,   &command_report, &command_view,
	&command_export,   &command_diff,  &command_list,   &command_doctor,
	&command_overhead, &command_watch, &command_dump,   &command_completion, NULL,
};

/* "coldprof: " and the sentence; names in it may come from anybody, lines are our own. */
static void say(const char *text)
{
	char shown[2 * ERROR_TEXT_MAX];

	fputs("coldprof: ", stderr);
	for (;;) {
		size_t n = strcspn(text, "\n");

		fprintf(stderr, "%s\n", text_escape(shown, sizeof(shown), text, n));
		if (!text[n] || !text[n + 1])
			return;
		text += n + 1;
	}
}

int command_fail(const struct error *err)
{
	say(err->text);
	return err->class ? (int)err->class : EXIT_FAILED;
}

int command_usage(const struct command *c, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say(text);
	fprintf(stderr, "usage: coldprof %s\n", c->usage);
	return EXIT_USAGE;
}

int command_bad_option(const struct command *c, int opt, char **argv)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };
	int n;

	/* A letter may stand anywhere in its word; a long option is the word that was read last. */
	if (optopt > 0 && optopt < 256 && strncmp(word, "--", 2))
		word = letter;
	n = (int)strcspn(word, "=");
	if (opt == ':')
		return command_usage(c, "%.*s needs a value", n, word);
	if (optopt && strchr(word, '='))
		return command_usage(c, "%.*s takes no value", n, word);
	return command_usage(c, "no option is called %.*s; see `coldprof %s --help`", n, word, c->name);
}

int command_help(const struct command *c)
{
	printf("usage: coldprof %s\n\n%s\n%s", c->usage, c->summary, c->help);
	return EXIT_DONE;
}
