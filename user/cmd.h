/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cmd.h - the commands. Each is one file, cmd_NAME.c, with one const struct command at its end;
 * main.c has the table, from which the help comes too. Only commands print messages and choose
 * the exit status.
 */
#ifndef COLDPROF_CMD_H
#define COLDPROF_CMD_H

#include <stdbool.h>

#include "user/base/error.h"

/* Exit statuses (DESIGN.md §7). 128 + signal where a signal ended a session. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_HOST = 3 };

struct option;

struct command {
	const char *name;
	const char *summary; /* for the list in --help */
	const char *usage;   /* after "coldprof " */
	const char *help;    /* the rest of "coldprof NAME --help" */
	const struct option *options; /* of getopt_long(), for completion; NULL: none but --help */
	bool hidden;         /* not in the list: for the build, not for people */
	int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit status */
};

extern const struct command *const commands[]; /* NULL-terminated, in the order of the help */
extern const struct command command_all, command_run, command_report, command_view, command_list,
	command_doctor, command_watch, command_overhead, command_dump, command_export,
	command_completion, command_diff;

/* "coldprof: " and the sentence, to stderr; returns the exit status of its class. */
int command_fail(const struct error *err);

/* The same with a sentence of the command's own; returns EXIT_USAGE. */
int command_usage(const struct command *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * What getopt_long() made of an option that makes no sense: '?', or ':' when its value is missing
 * (optstring begins with ':' or "+:", so that it says nothing itself). Returns EXIT_USAGE.
 */
int command_bad_option(const struct command *c, int opt, char **argv);

/* Print what `coldprof NAME --help` says to stdout; returns EXIT_DONE. */
int command_help(const struct command *c);

#endif
