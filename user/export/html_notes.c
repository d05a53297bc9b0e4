// SPDX-License-Identifier: GPL-2.0-only
/* html_notes.c - the notes of the text report as sections of the page (words.h). */
#include "user/export/html.h"
#include "user/export/markup.h"
#include "user/report/words.h"

struct notes {
	FILE *out;
	enum { NOTHING, LIST, OUTPUT } open;
};

static void notes_close(struct notes *n)
{
	if (n->open == OUTPUT)
		fputs("</pre></dd></dl>\n", n->out);
	else if (n->open == LIST)
		fputs("</dl>\n", n->out);
	n->open = NOTHING;
}

static void write_heading(void *arg, const char *text)
{
	struct notes *n = arg;

	notes_close(n);
	fputs("<h2>", n->out);
	markup_words(n->out, text);
	fputs("</h2>\n", n->out);
}

static void write_note(void *arg, const char *name, const char *text)
{
	struct notes *n = arg;

	if (n->open == OUTPUT)
		notes_close(n);
	if (!*name) {
		notes_close(n);
		fputs("<p class=\"about\">", n->out);
		markup_words(n->out, text);
		fputs("</p>\n", n->out);
		return;
	}
	if (n->open == NOTHING)
		fputs("<dl class=\"notes\">\n", n->out);
	n->open = LIST;
	fputs("<dt>", n->out);
	markup_words(n->out, name);
	fputs("</dt><dd>", n->out);
	markup_words(n->out, text);
	fputs("</dd>\n", n->out);
}

static void write_output(void *arg, const char *line)
{
	struct notes *n = arg;

	if (n->open != OUTPUT)
		fprintf(n->out, "%s<dt></dt><dd><pre>", n->open == LIST ? "" : "<dl class=\"notes\">");
	n->open = OUTPUT;
	markup_words(n->out, line);
	fputc('\n', n->out);
}

void html_notes(FILE *out, const struct export_source *source, const char *side)
{
	struct notes n = { .out = out };
	const struct report_options options = { .width = 80, .utf8 = true,
						.incomplete = source->incomplete };
	const struct words_notes to = { write_heading, write_note, write_output, &n };

	fprintf(out, "<section id=\"trust%s\">\n", !*side ? "" : *side == 'B' ? "-before" : "-after");
	if (*side) {
		fprintf(out, "<h1>%s: ", side);
		markup_text(out, source->name);
		fputs("</h1>\n", out);
	}
	words_notes(source->session, &options, &to);
	notes_close(&n);
	fputs("</section>\n", out);
}
