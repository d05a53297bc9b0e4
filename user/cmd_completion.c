// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_completion.c - what the shells complete, as scripts for bash and zsh. All of it is read from
 * the tables of commands, options, formats and runtimes, and from the help ("--format text|json"),
 * so it cannot be out of step with them. `make install` installs what it prints.
 */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/cmd.h"
#include "user/export/export.h"
#include "user/options.h"

#define WORDS_MAX 2048

static void add_word(char words[WORDS_MAX], const char *word, size_t n)
{
	size_t used = strlen(words);

	if (used + n + 2 < WORDS_MAX)
		snprintf(words + used, WORDS_MAX - used, "%s%.*s", used ? " " : "", (int)n, word);
}

/* Of "--accel auto|kvm|tcg" the words in small letters; FILE and N are for the user to think of. */
static void choices_in(char words[WORDS_MAX], const char *help, const char *option)
{
	const char *at = help;
	size_t n = strlen(option);

	while ((at = strstr(at, option))) {
		at += n;
		if (*at != ' ' || !at[strcspn(at + 1, " ,\n]") + 1] ||
		    !memchr(at + 1, '|', strcspn(at + 1, " ,\n]")))
			continue;
		for (at++; *at && !strchr(" ,\n]", *at); at += *at == '|') {
			size_t length = strcspn(at, "| ,\n]");

			if (islower((unsigned char)*at))
				add_word(words, at, length);
			at += length;
		}
		return;
	}
}

static void values_of(char words[WORDS_MAX], const struct command *c, const char *name)
{
	const struct scenario_ops *const *s;
	const struct canonical_row *row;
	const struct export_ops *const *e;
	char option[64];

	words[0] = '\0';
	snprintf(option, sizeof(option), "--%s", name);
	if (c == &command_export && !strcmp(name, "format")) {
		for (e = exports; *e; e++)
			add_word(words, (*e)->name, strlen((*e)->name));
	} else if (!strcmp(name, "runtime") || (c == &command_export && !strcmp(name, "scenario"))) {
		for (s = scenarios; *s; s++)
			add_word(words, (*s)->name, strlen((*s)->name));
		for (row = canonical_rows; row->name; row++)
			if (!scenario_find(row->name))
				add_word(words, row->name, strlen(row->name));
	} else {
		choices_in(words, c->usage, option);
		if (!*words)
			choices_in(words, c->help, option);
	}
}

/*
 * Calls fn for each option of a command; letter: its short form, 0 = none; value: NULL = takes none,
 * "" = anything.
 */
typedef void (*option_fn)(const struct command *c, const char *name, int letter, const char *value);

static void each_option(const struct command *c, option_fn fn)
{
	const struct option *o;
	char words[WORDS_MAX];
	size_t e, k;

	for (o = c->options; o && o->name; o++) {
		values_of(words, c, o->name);
		fn(c, o->name, o->val < 128 && isalpha(o->val) ? o->val : 0,
		   o->has_arg ? words : NULL);
	}
	if (!c->options)
		fn(c, "help", 0, NULL);
	for (e = 0; c == &command_export && exports[e]; e++) {
		for (k = 0; k < e; k++)
			if (exports[e]->variant && exports[k]->variant &&
			    !strcmp(exports[k]->variant, exports[e]->variant))
				break;
		if (k < e || !exports[e]->variant)
			continue;
		words[0] = '\0';
		for (k = 0; exports[e]->variants[k]; k++)
			add_word(words, exports[e]->variants[k], strlen(exports[e]->variants[k]));
		fn(c, exports[e]->variant, 0, words);
	}
}

/* ---- bash ------------------------------------------------------------------------------------ */

static void bash_option(const struct command *c, const char *name, int letter, const char *value)
{
	(void)c;
	(void)letter;
	(void)value;
	printf(" --%s", name);
}

static void bash_value(const struct command *c, const char *name, int letter, const char *value)
{
	if (!value)
		return;
	printf("\t%s.--%s", c->name, name);
	if (letter)
		printf("|%s.-%c", c->name, letter);
	if (*value)
		printf(") words='%s' ;;\n", value);
	else
		printf(") return ;;\n");
}

static void print_bash(void)
{
	const struct command *const *c;

	printf("# bash completion for coldprof, made by `coldprof completion bash`\n"
	       "_coldprof() {\n"
	       "\tlocal cur prev words='' command=${COMP_WORDS[1]-}\n"
	       "\tcur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tCOMPREPLY=()\n"
	       "\t[[ $cur == = ]] && cur=''\n"
	       "\t[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	       "\t[[ $command == -* ]] && command=all\n"
	       "\tcase $command.$prev in\n");
	for (c = commands; *c; c++)
		each_option(*c, bash_value);
	printf("\tesac\n"
	       "\tif [[ -n $words ]]; then\n"
	       "\t\tlocal head=''\n"
	       "\t\t[[ $cur == *,* ]] && head=${cur%%,*},\n"
	       "\t\tCOMPREPLY=($(compgen -P \"$head\" -W \"$words\" -- \"${cur##*,}\"))\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\tif [[ $COMP_CWORD -eq 1 && $cur != -* ]]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W '");
	for (c = commands; *c; c++)
		if (!(*c)->hidden)
			printf("%s%s", c == commands ? "" : " ", (*c)->name);
	printf("' -- \"$cur\"))\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t[[ $cur == -* ]] || return\n"
	       "\tcase $command in\n");
	for (c = commands; *c; c++) {
		printf("\t%s) words='", (*c)->name);
		each_option(*c, bash_option);
		printf("' ;;\n");
	}
	printf("\tesac\n"
	       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	       "}\n"
	       "complete -o bashdefault -o default -F _coldprof coldprof\n");
}

/* ---- zsh ------------------------------------------------------------------------------------- */

static void zsh_value(const char *name, const char *value)
{
	if (*value)
		printf(":%s:(%s)' \\\n", name, value);
	else
		printf(":%s:_files' \\\n", name);
}

static void zsh_option(const struct command *c, const char *name, int letter, const char *value)
{
	(void)c;
	if (!value) {
		printf("\t\t\t'--%s' \\\n", name);
		return;
	}
	printf("\t\t\t'*--%s=", name);
	zsh_value(name, value);
	if (letter) {
		printf("\t\t\t'*-%c+", letter);
		zsh_value(name, value);
	}
}

/* Inside single quotes; a colon parts a word from what it means. */
static void zsh_quoted(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (*text == ':')
			printf("\\:");
		else
			putchar(*text);
	}
}

static void print_zsh(void)
{
	const struct command *const *c;

	printf("#compdef coldprof\n"
	       "# zsh completion for coldprof, made by `coldprof completion zsh`\n"
	       "_coldprof() {\n"
	       "\tlocal command=$words[2]\n"
	       "\tlocal -a commands\n"
	       "\tcommands=(\n");
	for (c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		printf("\t\t'%s:", (*c)->name);
		zsh_quoted((*c)->summary);
		printf("'\n");
	}
	printf("\t)\n"
	       "\tif (( CURRENT == 2 )) && [[ $command != -* ]]; then\n"
	       "\t\t_describe -t commands command commands\n"
	       "\t\treturn\n"
	       "\tfi\n"
	       "\t[[ $command == -* ]] && command=all\n"
	       "\tcase $command in\n");
	for (c = commands; *c; c++) {
		printf("\t%s)\n\t\t_arguments -S \\\n", (*c)->name);
		each_option(*c, zsh_option);
		printf("\t\t\t'*:file:_files' ;;\n");
	}
	printf("\tesac\n"
	       "}\n"
	       "_coldprof \"$@\"\n");
}

static int run(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "bash"))
		print_bash();
	else if (argc == 2 && !strcmp(argv[1], "zsh"))
		print_zsh();
	else if (argc == 2 && !strcmp(argv[1], "--help"))
		return command_help(&command_completion);
	else
		return command_usage(&command_completion, "for which shell? bash or zsh");
	return EXIT_DONE;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "what a shell completes, as a script",
	.usage = "completion bash|zsh",
	.help = "\nbash:  coldprof completion bash >/etc/bash_completion.d/coldprof\n"
		"zsh:   coldprof completion zsh >/usr/local/share/zsh/site-functions/_coldprof\n"
		"`make install` does so.\n",
	.hidden = true,
	.run = run,
};
