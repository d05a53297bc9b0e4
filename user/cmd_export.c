// SPDX-License-Identifier: GPL-2.0-only
/* cmd_export.c - a recording in the formats of other people's viewers. */
#include <getopt.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/cmd.h"
#include "user/export/export.h"
#include "user/load.h"
#include "user/output.h"

struct export_options {
	const char *format, *out, *run;
	const char *variant_option, *variant; /* "stacks", "off-cpu" */
	const char **scenarios; /* cut out of argv */
	size_t n_scenarios, cap_scenarios;
	bool list;
};

/* ---- what was asked for ---------------------------------------------------------------------- */

static int list_formats(void)
{
	const struct export_ops *const *e;
	const char *const *v;

	for (e = exports; *e; e++) {
		printf("%-11s %-17s %s\n", (*e)->name, (*e)->suffix, (*e)->title);
		if (!(*e)->variant)
			continue;
		printf("%-11s %-17s --%s", "", "", (*e)->variant);
		for (v = (*e)->variants; *v; v++)
			printf("%c%s", v == (*e)->variants ? ' ' : '|', *v);
		putchar('\n');
	}
	return EXIT_DONE;
}

static int unknown_format(const char *name)
{
	const char *names[64];
	const char *near;
	size_t n = 0;

	for (; exports[n] && n < ARRAY_SIZE(names); n++)
		names[n] = exports[n]->name;
	near = text_suggest(name, names, n);
	return command_usage(&command_export, "no format is called '%s'%s%s%s; `coldprof export --list` names them",
			     name, near ? ", did you mean '" : "", near ? near : "",
			     near ? "'?" : "");
}

static int find_variant(const struct export_ops *ops, const struct export_options *o,
			unsigned int *variant)
{
	char names[256] = "";
	unsigned int i;

	*variant = 0;
	if (!o->variant_option)
		return EXIT_DONE;
	if (!ops->variant || strcmp(ops->variant, o->variant_option))
		return command_usage(&command_export, "--%s is nothing for the format %s",
				     o->variant_option, ops->name);
	for (i = 0; ops->variants[i]; i++) {
		size_t n = strlen(names);

		if (!strcmp(ops->variants[i], o->variant)) {
			*variant = i;
			return EXIT_DONE;
		}
		snprintf(names + n, sizeof(names) - n, "%s%s", i ? ", " : "", ops->variants[i]);
	}
	return command_usage(&command_export, "--%s is one of %s; not '%s'", o->variant_option,
			     names, o->variant);
}

static int find_run(const struct export_options *o, struct export_choice *choice)
{
	uint64_t index;

	if (!o->run) {
		choice->run = EXPORT_RUN_DEFAULT;
	} else if (!strcmp(o->run, "median")) {
		choice->run = EXPORT_RUN_MEDIAN;
	} else if (!strcmp(o->run, "all")) {
		choice->run = EXPORT_RUN_ALL;
	} else if (text_parse_u64(o->run, 1, UINT32_MAX, &index)) {
		choice->run = EXPORT_RUN_INDEX;
		choice->index = (uint32_t)(index - 1);
	} else {
		return command_usage(&command_export, "--run takes a number from 1, median or all; not '%s'",
				     o->run);
	}
	return EXIT_DONE;
}

static int check_together(const struct export_ops *ops, const struct export_options *o, int files)
{
	size_t max = ops->sources_max ? ops->sources_max : 1;

	if (files <= 0)
		return command_usage(&command_export, "which recording? one FILE is needed");
	if ((size_t)files > max)
		return command_usage(&command_export, "the format %s takes %s", ops->name,
				     max == 1 ? "one recording" : "two recordings at most");
	if (ops->runs == EXPORT_WHOLE && (o->n_scenarios || o->run))
		return command_usage(&command_export, "the format %s is about the whole recording: "
				     "--scenario and --run are nothing for it", ops->name);
	if (ops->runs == EXPORT_SUMMARY && o->run)
		return command_usage(&command_export, "the format %s sums up all runs: --run is nothing for it",
				     ops->name);
	if (ops->binary && !strcmp(o->out, "-") && isatty(STDOUT_FILENO))
		return command_usage(&command_export, "the format %s is nothing for a terminal: -o FILE",
				     ops->name);
	return EXIT_DONE;
}

/* ---- doing it -------------------------------------------------------------------------------- */

struct export_inputs {
	struct loaded *loaded;
	struct export_source *sources;
	size_t n;
};

static int load_inputs(struct export_inputs *in, const struct export_ops *ops,
		       const struct export_choice *choice, char **paths, struct error *err)
{
	for (; *paths; paths++) {
		struct export_source *source = &in->sources[in->n];

		if (load_recording(&in->loaded[in->n], *paths, err))
			return err->code;
		source->name = *paths;
		source->session = in->loaded[in->n].session;
		source->incomplete = in->loaded[in->n].incomplete;
		in->n++;
		if (source->incomplete)
			fprintf(stderr, "coldprof: %s is not whole: %s\n", *paths,
				source->incomplete);
	}
	return export_choose(in->sources, in->n, ops, choice, err);
}

static void release_inputs(struct export_inputs *in)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		export_source_release(&in->sources[i]);
		load_release(&in->loaded[i]);
	}
	free(in->sources);
	free(in->loaded);
}

static int write_output(const struct export_ops *ops, const struct export_job *job,
			const char *path, struct error *err)
{
	struct output output;

	if (output_begin(&output, path, err))
		return err->code;
	/* One thread writes, and much. */
	__fsetlocking(output.stream, FSETLOCKING_BYCALLER);
	if (ops->write(output.stream, job, err)) {
		output_discard(&output);
		return err->code;
	}
	return output_commit(&output, err);
}

static int export_files(const struct export_ops *ops, const struct export_options *o, char **paths,
			int n)
{
	struct export_choice choice = { .scenarios = o->scenarios, .n_scenarios = o->n_scenarios };
	struct export_inputs in = { 0 };
	struct export_job job = { 0 };
	struct error err = { 0 };
	int ret;

	ret = find_variant(ops, o, &job.variant);
	if (!ret)
		ret = find_run(o, &choice);
	if (!ret)
		ret = check_together(ops, o, n);
	if (ret)
		return ret;
	in.loaded = xcalloc((size_t)n, sizeof(*in.loaded));
	in.sources = xcalloc((size_t)n, sizeof(*in.sources));
	ret = load_inputs(&in, ops, &choice, paths, &err);
	if (!ret) {
		job.sources = in.sources;
		job.n_sources = in.n;
		ret = write_output(ops, &job, o->out, &err);
	}
	release_inputs(&in);
	return ret ? command_fail(&err) : EXIT_DONE;
}

/* ---- the command line ------------------------------------------------------------------------ */

static void add_scenarios(struct export_options *o, char *text)
{
	char *name, *rest = text;

	while ((name = strsep(&rest, ","))) {
		ARRAY_RESERVE(o->scenarios, o->n_scenarios, o->cap_scenarios, 1);
		o->scenarios[o->n_scenarios++] = name;
	}
}

enum { OPT_VARIANT = 256 };

static const struct option fixed_options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "output", required_argument, NULL, 'o' },
	{ "scenario", required_argument, NULL, 's' },
	{ "run", required_argument, NULL, 'r' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* The fixed ones and the formats' own; free() it. */
static struct option *make_options(void)
{
	size_t n = ARRAY_SIZE(fixed_options) - 1, i, e;
	struct option *options;

	for (e = 0; exports[e]; e++)
		;
	options = xcalloc(n + e + 1, sizeof(*options));
	memcpy(options, fixed_options, sizeof(fixed_options));
	for (e = 0; exports[e]; e++) {
		for (i = 0; i < n && exports[e]->variant; i++)
			if (!strcmp(options[i].name, exports[e]->variant))
				break;
		if (i == n && exports[e]->variant)
			options[n++] = (struct option){ exports[e]->variant, required_argument,
							NULL, OPT_VARIANT };
	}
	return options;
}

/* -1: go on; else an exit status. */
static int parse(struct export_options *o, const struct option *options, int argc, char **argv)
{
	int opt, which;

	optind = 1;
	while ((opt = getopt_long(argc, argv, ":f:o:s:r:lh", options, &which)) != -1) {
		switch (opt) {
		case 'f': o->format = optarg; break;
		case 'o': o->out = optarg; break;
		case 's': add_scenarios(o, optarg); break;
		case 'r': o->run = optarg; break;
		case 'l': o->list = true; break;
		case OPT_VARIANT:
			o->variant_option = options[which].name;
			o->variant = optarg;
			break;
		case 'h': return command_help(&command_export);
		default: return command_bad_option(&command_export, opt, argv);
		}
	}
	return -1;
}

static int run(int argc, char **argv)
{
	struct export_options o = { .out = "-" };
	struct option *options = make_options();
	const struct export_ops *ops = NULL;
	int ret = parse(&o, options, argc, argv);

	if (o.format)
		ops = export_find(o.format);
	if (ret >= 0)
		; /* help was asked for, or there was an error */
	else if (o.list && optind == argc)
		ret = list_formats();
	else if (o.list)
		ret = command_usage(&command_export, "--list takes no FILE");
	else if (!o.format)
		ret = command_usage(&command_export,
				    "in which format? `coldprof export --list` names them");
	else if (!ops)
		ret = unknown_format(o.format);
	else
		ret = export_files(ops, &o, argv + optind, argc - optind);
	free(o.scenarios);
	free(options);
	return ret;
}

const struct command command_export = {
	.name = "export",
	.summary = "a recording in the format of another viewer",
	.usage = "export FILE --format FORMAT [-o OUT] [--scenario NAME[,NAME]] [--run N|median|all]",
	.help = "\n  -f, --format FORMAT     one of those that --list names\n"
		"  -o, --output FILE       instead of the standard output; takes its place when complete\n"
		"  -s, --scenario NAME     only these; may be repeated\n"
		"  -r, --run N|median|all  run N of each scenario, counted from 1 as the report does;\n"
		"                          the one with the median cold start; all but warm-ups.\n"
		"                          Timelines show the median run, tables all unless told so.\n"
		"  -l, --list              the formats, their file suffixes and their own options\n\n"
		"Needs no root and works on any machine.\n",
	.options = fixed_options,
	.run = run,
};
