// SPDX-License-Identifier: GPL-2.0-only
/*
 * html.c - the format html: the report as one page that needs nothing but itself. With two
 * recordings it is a comparison of the first with the second.
 */
#include "user/export/html.h"

#include "user/export/markup.h"
#include "user/export/page.h"

static void write_head(FILE *out, const struct export_job *job)
{
	size_t i;

	fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src %s\">\n"
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		"<meta name=\"color-scheme\" content=\"light dark\">\n<title>coldprof: ",
		page_script_hashes);
	for (i = 0; i < job->n_sources; i++) {
		fputs(i ? " against " : "", out);
		markup_text(out, job->sources[i].name);
	}
	fputs("</title>\n<style>\n", out);
	markup_palette(out);
	fprintf(out, "\n%s%s</style>\n</head>\n", page_timeline_css, page_css);
}

static void write_links(FILE *out, const struct export_source *source)
{
	size_t i;

	for (i = 0; i < source->n_picks; i++) {
		if (!source->picks[i].scenario->n_runs)
			continue;
		fprintf(out, "<a href=\"#s%zu\">", i);
		markup_cut(out, source->picks[i].scenario->name, 32);
		fputs("</a>", out);
	}
	fputs("<a href=\"#trust\">environment</a>", out);
}

static void write_nav(FILE *out, const struct export_job *job)
{
	bool two = job->n_sources == 2;

	fprintf(out, "<a class=\"skip\" href=\"#main\">skip to the report</a>\n<header class=\"top\"><a "
		"class=\"name\" href=\"#%s\">coldprof</a>\n<nav aria-label=\"scenarios\">",
		two ? "diff" : "overview");
	if (two)
		html_diff_nav(out, &job->sources[0], &job->sources[1]);
	else
		write_links(out, &job->sources[0]);
	fputs("</nav></header>\n", out);
}

static void write_one(FILE *out, const struct export_source *source)
{
	size_t i;

	html_overview(out, source);
	for (i = 0; i < source->n_picks; i++)
		html_scenario(out, source, i);
	html_notes(out, source, "");
}

static int write_html(FILE *out, const struct export_job *job, struct error *err)
{
	(void)err;
	write_head(out, job);
	fputs("<body>\n", out);
	write_nav(out, job);
	fputs("<main id=\"main\">\n", out);
	if (job->n_sources == 2) {
		html_diff(out, &job->sources[0], &job->sources[1]);
		html_notes(out, &job->sources[0], "Before");
		html_notes(out, &job->sources[1], "After");
	} else {
		write_one(out, &job->sources[0]);
	}
	fprintf(out, "</main>\n<script>%s</script>\n<script>%s</script>\n</body>\n</html>\n",
		page_timeline_js, page_js);
	return 0;
}

const struct export_ops export_html = {
	.name = "html",
	.title = "the report as one page; of two recordings: before and after",
	.suffix = ".html",
	.runs = EXPORT_MEDIAN,
	.sources_max = 2,
	.write = write_html,
};
