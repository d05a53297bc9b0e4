// SPDX-License-Identifier: GPL-2.0-only
/* vm_marks_text.c - the writes by which a guest marks its boot. */
#include <inttypes.h>
#include <stdlib.h>

#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define MARKS_SHOWN 10

static void add_row(struct table *t, const struct run *r, const struct vm_mark_sum *sum)
{
	const struct vm_mark *m = &sum->first;
	uint64_t launch = r->milestones.launch;
	char text[TEXT_NUMBER_MAX];

	table_cell(t, "");
	table_cell(t, text_ms(text, m->time > launch ? m->time - launch : 0));
	table_cell(t, sum->count > 1 && sum->last > launch ? text_ms(text, sum->last - launch) : "");
	snprintf(text, sizeof(text), "%" PRIu64, sum->count);
	table_cell(t, text);
	snprintf(text, sizeof(text), "0x%" PRIx64, m->address);
	table_cell(t, text);
	snprintf(text, sizeof(text), "0x%02" PRIx32, m->value);
	table_cell(t, text);
	table_cell(t, vm_mark_meaning(r, m));
}

/* Each kind has room of its own, so each is told by itself. */
static void print_dropped(const struct page *p, uint64_t n, const char *kind)
{
	CLEANUP_FREE char *text = NULL;

	if (!n)
		return;
	text = xasprintf("and %" PRIu64 " %s%s that the recording has not: it keeps the first %d",
			 n, kind, n == 1 ? "" : "s", WIRE_MARKS_MAX);
	prose_print(p->out, p->width, "    ", text);
}

void vm_print_marks(const struct page *p, const struct run *r)
{
	CLEANUP_FREE struct vm_mark_sum *list = NULL;
	struct table t = { 0 };
	uint64_t rest;
	size_t n = vm_mark_sums(&r->vm, MARKS_SHOWN, &list, &rest), i;

	if (!n && !r->vm.marks_dropped && !r->vm.posts_dropped)
		return;
	table_column(&t, TABLE_RIGHT, " ");
	table_column(&t, TABLE_RIGHT, "first");
	table_column(&t, TABLE_RIGHT, "last");
	table_column(&t, TABLE_RIGHT, "writes");
	table_column(&t, TABLE_RIGHT, "to");
	table_column(&t, TABLE_RIGHT, "value");
	table_column(&t, TABLE_LEFT, "meaning");
	for (i = 0; i < n; i++)
		add_row(&t, r, &list[i]);
	fputs("\n  Marks and POST codes of the guest\n", p->out);
	if (n)
		table_print(&t, p->out, p->options->colour);
	table_release(&t);
	if (rest)
		fprintf(p->out, "    and %" PRIu64 " more write%s\n", rest, rest == 1 ? "" : "s");
	print_dropped(p, r->vm.marks_dropped, "mark");
	print_dropped(p, r->vm.posts_dropped, "POST code");
}
