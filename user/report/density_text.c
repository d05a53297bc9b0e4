// SPDX-License-Identifier: GPL-2.0-only
/*
 * density_text.c - what one more instance costs.
 *
 *                           PSS                          one more costs
 *     scenario   instances  of one alone  of each  of all       PSS  MemAvailable
 *     gvisor             8      44.5 MiB  24.4 MiB  …
 */
#include "user/report/density.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"

#define FILES_NAMED 3

static uint64_t whole(double v)
{
	return v > 0 ? (uint64_t)(v + 0.5) : 0;
}

static void cell(struct table *t, bool there, int64_t bytes)
{
	char number[TEXT_NUMBER_MAX], text[TEXT_NUMBER_MAX + 1];

	if (!there) {
		table_cell(t, "-");
		return;
	}
	text_bytes(number, bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes);
	snprintf(text, sizeof(text), "%s%s", bytes < 0 ? "-" : "", number);
	table_cell(t, text);
}

static void print_table(const struct page *p)
{
	struct table t = { 0 };
	char name[PAGE_NAME_MAX], n[TEXT_NUMBER_MAX];
	size_t i;

	table_column(&t, TABLE_LEFT, "scenario");
	table_column(&t, TABLE_RIGHT, "side\nby side");
	table_column(&t, TABLE_RIGHT, "PSS of\none alone");
	table_column(&t, TABLE_RIGHT, "PSS\nof each");
	table_column(&t, TABLE_RIGHT, "PSS\nof all");
	table_column(&t, TABLE_RIGHT, "one more:\nPSS");
	table_column(&t, TABLE_RIGHT, "\nMemAvailable");
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		const struct density_step *one = density_alone(&s->density);
		const struct density_step *all = density_together(&s->density);
		struct density_marginal more = { 0 };
		bool has_more = density_marginal(&s->density, &more);
		struct stats each;

		if (!all)
			continue;
		density_stats(all, DENSITY_PSS, &each);
		snprintf(n, sizeof(n), "%" PRIu32, all->instances);
		table_cell(&t, page_row_name(name, p, s));
		table_cell(&t, n);
		cell(&t, one, one ? (int64_t)one->all.pss : 0);
		cell(&t, true, (int64_t)whole(each.median));
		cell(&t, true, (int64_t)all->all.pss);
		cell(&t, has_more, more.pss);
		cell(&t, has_more, more.available);
	}
	if (t.n_cells)
		table_print(&t, p->out, p->options->colour);
	table_release(&t);
}

/* "runsc 238 MiB as 21.7 MiB, service 18.3 MiB as 4.3 MiB" */
static char *shared_files(const struct density_step *all)
{
	char *text = NULL;
	size_t i, named = 0, n;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	for (i = 0; i < all->n_files && named < FILES_NAMED; i++) {
		const struct density_file *f = &all->files[i];
		const char *slash = strrchr(f->path, '/');
		const char *base = slash && slash[1] ? slash + 1 : f->path;
		char rss[TEXT_NUMBER_MAX], pss[TEXT_NUMBER_MAX];
		CLEANUP_FREE char *name = page_escape(base, strlen(base));

		if (f->mapped_by < 2 || f->pss >= f->rss)
			continue;
		fprintf(out, "%s%s %s as %s", named++ ? ", " : "", name, text_bytes(rss, f->rss),
			text_bytes(pss, f->pss));
	}
	fclose(out);
	return text;
}

static void print_shared(const struct page *p, const struct scenario_result *s)
{
	const struct density_step *one = density_alone(&s->density);
	const struct density_step *all = density_together(&s->density);
	char name[PAGE_NAME_MAX], alone[TEXT_NUMBER_MAX], shared[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *files = NULL, *text = NULL;

	if (!density_shared(&s->density))
		return;
	files = shared_files(all);
	text = xasprintf("%s: %s of the first one's %s are shared with the others%s%s",
			 page_row_name(name, p, s), text_bytes(shared, density_shared(&s->density)),
			 text_bytes(alone, one->all.pss),
			 *files ? "; files, by RSS and as they are in memory once: " : "", files);
	prose_print(p->out, p->width, "  ", text);
}

/* Of PSS of all, what is guest RAM: the VMMs are the rest. */
static void print_guest(const struct page *p, const struct scenario_result *s)
{
	const struct density_step *all = density_together(&s->density);
	char name[PAGE_NAME_MAX], guest[TEXT_NUMBER_MAX], vmm[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *text = NULL;

	if (!all || all->guest_how == GUEST_NONE)
		return;
	page_row_name(name, p, s);
	if (all->guest_how == GUEST_UNKNOWN)
		text = xasprintf("%s: guest RAM could not be told from the VMMs' own memory", name);
	else
		text = xasprintf("%s: of PSS of all, %s are guest RAM and %s are outside it", name,
				 text_bytes(guest, all->all.pss_of.guest),
				 text_bytes(vmm, all->all.pss - all->all.pss_of.guest));
	prose_print(p->out, p->width, "  ", text);
}

static void print_failed(const struct page *p, const struct scenario_result *s)
{
	char name[PAGE_NAME_MAX];
	CLEANUP_FREE char *reason = page_escape(s->density.reason, strlen(s->density.reason));
	CLEANUP_FREE char *text = xasprintf("%s: %" PRIu32 " side by side, %s: %s",
					    page_row_name(name, p, s), s->density.asked,
					    density_status_name(s->density.status), reason);

	prose_print(p->out, p->width, "  ", text);
}

void density_print(const struct page *p)
{
	bool any = false;
	size_t i;

	for (i = 0; i < p->session->n_scenarios; i++)
		any = any || p->session->scenarios[i]->density.taken;
	if (!any)
		return;
	fputc('\n', p->out);
	page_heading(p, "What one more instance costs: several side by side, settled, not traced");
	fputc('\n', p->out);
	print_table(p);
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];

		if (s->density.taken && s->density.status != DENSITY_OK)
			print_failed(p, s);
		else
			print_shared(p, s);
		print_guest(p, s);
	}
	prose_print(p->out, p->width, "  ",
		    "MemAvailable is the whole machine's: kernel memory is in it, page cache is not, "
		    "what else the machine does is; so are the boxes that coldprof holds instances in");
}
