// SPDX-License-Identifier: GPL-2.0-only
/* html_cells.c - the small parts that tables and charts of the page are made of. */
#include <inttypes.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/palette.h"
#include "user/base/text.h"
#include "user/export/html.h"
#include "user/export/markup.h"

static uint64_t whole(double v)
{
	if (v <= 0)
		return 0;
	return v >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(v + 0.5);
}

void html_column(FILE *out, const char *heading, enum html_align align)
{
	fprintf(out, "<th scope=\"col\"%s>%s</th>", align == HTML_RIGHT ? " class=\"n\"" : "",
		heading);
}

void html_cell_ms(FILE *out, double ns)
{
	fprintf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">", whole(ns));
	markup_ms(out, whole(ns));
	fputs("</td>", out);
}

void html_cell_bytes(FILE *out, double bytes)
{
	fprintf(out, "<td class=\"n\" data-v=\"%" PRIu64 "\">", whole(bytes));
	markup_bytes(out, whole(bytes));
	fputs("</td>", out);
}

void html_cell_percent(FILE *out, double part, double all)
{
	double share = all > 0 ? part * 100 / all : 0;

	fprintf(out, "<td class=\"n\" data-v=\"%.0f\">%.*f %%</td>", part, share < 0.95 ? 1 : 0,
		share);
}

void html_cell_text(FILE *out, const char *text)
{
	fputs("<td>", out);
	markup_text(out, text);
	fputs("</td>", out);
}

void html_cell_none(FILE *out)
{
	fputs("<td class=\"n none\" data-v=\"-1\">-</td>", out);
}

const char *html_state_class(enum path_state state)
{
	static const char *const classes[] = {
		[PATH_USER] = "s-user", [PATH_KERNEL] = "s-kernel",
		[PATH_RUNNABLE] = "s-runnable", [PATH_BLOCKED] = "s-blocked",
		[PATH_GUEST] = "s-guest", [PATH_VMM] = "s-vmm", [PATH_HALTED] = "s-halted",
		[PATH_NOTICED_LATE] = "s-noticed_late", [PATH_CLIENT] = "s-client",
		[PATH_UNEXPLAINED] = "s-unexplained",
	};

	return classes[state];
}

void html_cell_state(FILE *out, enum path_state state)
{
	fprintf(out, "<td><i class=\"key %s\"></i>%s</td>", html_state_class(state),
		path_state_name(state));
}

static const struct {
	const char *class, *name;
	size_t offset; /* into struct memory_snapshot */
} classes[HTML_CLASSES] = {
	{ "c-anon", "anon", offsetof(struct memory_snapshot, anon) },
	{ "c-file", "file", offsetof(struct memory_snapshot, file) },
	{ "c-shmem", "shmem", offsetof(struct memory_snapshot, shmem) },
	{ "c-guest_ram", "guest RAM", offsetof(struct memory_snapshot, guest) },
};

static uint64_t class_bytes(const struct memory_snapshot *m, size_t i)
{
	uint64_t bytes;

	memcpy(&bytes, (const char *)m + classes[i].offset, sizeof(bytes));
	return bytes;
}

void html_memory_bar(FILE *out, const struct memory_snapshot *m, double scale)
{
	size_t i;

	if (!m->taken)
		return;
	fprintf(out, "<span class=\"bar\" style=\"--w:%.3f%%\">", (double)m->pss * scale);
	for (i = 0; i < HTML_CLASSES; i++) {
		uint64_t bytes = class_bytes(m, i);

		if (!bytes || !m->pss)
			continue;
		fprintf(out, "<i class=\"%s\" style=\"width:%.3f%%\" title=\"%s ", classes[i].class,
			(double)bytes * 100 / (double)m->pss, classes[i].name);
		markup_bytes(out, bytes);
		fputs("\"></i>", out);
	}
	fputs("</span>", out);
}

void html_classes_of(const struct memory_snapshot *m, bool seen[HTML_CLASSES])
{
	size_t i;

	for (i = 0; m->taken && i < HTML_CLASSES; i++)
		seen[i] = seen[i] || class_bytes(m, i);
}

void html_class_keys(FILE *out, const bool seen[HTML_CLASSES])
{
	const char *separator = "<span class=\"of\">memory:</span> ";
	size_t i;

	for (i = 0; i < HTML_CLASSES; i++) {
		if (!seen[i])
			continue;
		fprintf(out, "%s<i class=\"key %s\"></i>%s", separator, classes[i].class,
			classes[i].name);
		separator = "";
	}
}

const struct run *html_run_of(const struct export_source *source, const struct scenario_result *s)
{
	size_t i;

	for (i = 0; i < source->n_picks; i++)
		if (source->picks[i].scenario == s && source->picks[i].n_runs == 1)
			return source->picks[i].runs[0];
	return scenario_median_run(s);
}
