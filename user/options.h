/* SPDX-License-Identifier: GPL-2.0-only */
/* options.h - the options of the commands that launch (DESIGN.md §7). */
#ifndef COLDPROF_OPTIONS_H
#define COLDPROF_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "user/cmd.h"
#include "user/launch/stage.h"

struct launch_options {
	struct stage_options stage;
	bool all;               /* --all */
	char **runtimes;        /* --runtime, split at commas; owned */
	size_t n_runtimes, cap_runtimes;
	const char **paths, **args; /* NAME=VALUE lists behind stage.scenario, NULL-terminated */
	size_t n_paths, cap_paths, n_args, cap_args;
	const char *output;     /* recording; NULL: coldprof-DATE-TIME.coldprof */
	bool force;             /* overwrite it */
	const char *json;       /* report as JSON to this file, "-" = stdout */
	bool plain;
	bool boxed;             /* run: in namespaces of its own */
	bool help;
	char *command_line;     /* as typed, for the recording */
	int rest;               /* index of the first argument that is no option */
};

extern const char launch_options_help[];
extern const struct option launch_options_table[];

/* Returns EXIT_DONE, or EXIT_USAGE after having said what is wrong. */
int launch_options_parse(struct launch_options *o, const struct command *c, int argc, char **argv);
void launch_options_release(struct launch_options *o);

#endif
