// SPDX-License-Identifier: GPL-2.0-only
/*
 * why_path.c - the critical path of one run for people: when, how long, in which phase who, what.
 *
 * A path has hundreds of slices, a screen has lines for twenty: they come in stretches
 * (user/model/stretch.h), told by phase. A phase of one stretch is one line with it. Who is indented
 * by how far from the root process it is, so that a hand-over to a child or back is seen at a
 * glance. What does not fit is dropped as a whole, and the line says how much that was; only a name
 * may be cut.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/model/stretch.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define DEPTH_SHOWN 4
#define AT_COLUMNS 24       /* before phase or who: "at" and "for" */
#define NO_BREAK '\x01'     /* a blank at which no line ends; no text of a recording has it */
#define LONG_PART 20        /* a stretch of so much of the cold start has two lines, … */
#define MOST_PART 4         /* … one of so much four, … */
#define NAMED_PART 20       /* … a detail of so much of its stretch a name, and … */
#define TELLING_PART 50     /* … the heaviest if it is so much */
#define TOLD_PERCENT 90     /* so much of a long stretch is told by state */
#define STRETCHES_MIN 12    /* at most so many, or … */
#define STRETCHES_MORE 2    /* … as many more than there are phases */

/* Rows of the ledger of a stretch with one state. */
struct part {
	enum path_state state;
	uint64_t ns;
	size_t rows;
	const struct ledger_row *top; /* heaviest row that has a detail, or NULL */
	char *detail;                 /* its, for this line: escaped, without who; owned */
};

struct parts {
	struct part list[PATH_STATE_COUNT]; /* heaviest first */
	size_t n;
	const struct part *telling; /* whose detail is heaviest; NULL: none has one */
};

struct line {
	const struct page *p;
	const struct run *r;
	const struct stretch *stretch;
	const char *lead, *who; /* what stands before it, printable */
	const char *phase;      /* hostile */
	struct parts parts;
};

static uint64_t length_of(const struct stretch *s)
{
	return s->end - s->start;
}

/* text_ms() that no line's end parts. */
static const char *whole_ms(char buf[TEXT_NUMBER_MAX], uint64_t ns)
{
	text_ms(buf, ns);
	buf[strcspn(buf, " ")] = NO_BREAK;
	return buf;
}

static uint64_t total_of(const struct run *r)
{
	return r->milestones.at[r->milestones.end];
}

static unsigned int depth_of(const struct run *r, uint32_t pid)
{
	const struct process *process = tree_process(&r->tree, pid);
	unsigned int depth = process ? process->depth : 0;

	return depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN;
}

/* A detail without what the line says already: "runc: " of who, ": kernel" of the phase. */
static char *own_words(const struct line *l, const struct ledger_row *row)
{
	const char *detail = row->detail, *comm = l->stretch->comm, *at;
	size_t n = strlen(comm), phase = strlen(l->phase);

	if (!strncmp(detail, comm, n) && (!detail[n] || !strncmp(detail + n, ": ", 2)))
		detail += detail[n] ? n + 2 : n;
	at = row->state == PATH_GUEST && phase ? strstr(detail, ": ") : NULL;
	if (at && !strncmp(at + 2, l->phase, phase) && strchr(",", at[2 + phase])) {
		at += 2 + phase;
		detail = *at ? at + 2 : at;
	}
	return page_escape(detail, strlen(detail));
}

static int heavier(const void *a, const void *b)
{
	const struct part *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return (x->state > y->state) - (x->state < y->state);
}

static void find_parts(struct line *l, const struct ledger *ledger)
{
	struct part by_state[PATH_STATE_COUNT] = { { 0 } };
	struct parts *parts = &l->parts;
	size_t i;

	for (i = 0; i < ledger->n; i++) {
		const struct ledger_row *row = &ledger->rows[i];
		struct part *part = &by_state[row->state];
		char *words;

		part->state = row->state;
		part->ns += row->ns;
		part->rows++;
		if (part->top)
			continue;
		words = own_words(l, row);
		if (*words) {
			part->top = row;
			part->detail = STEAL(words);
		}
		free(words);
	}
	for (i = 0; i < PATH_STATE_COUNT; i++)
		if (by_state[i].ns)
			parts->list[parts->n++] = by_state[i];
	if (parts->n)
		qsort(parts->list, parts->n, sizeof(*parts->list), heavier);
	for (i = 0; i < parts->n; i++)
		if (parts->list[i].top &&
		    parts->list[i].top->ns >= length_of(l->stretch) / TELLING_PART &&
		    (!parts->telling || parts->list[i].top->ns > parts->telling->top->ns))
			parts->telling = &parts->list[i];
}

/* "kernel 1.2 ms (0.8 ms: openat config.json)"; of a state with one row "kernel 1.2 ms (openat …)". */
static void write_part(FILE *out, const struct line *l, const struct part *part, bool named,
		       size_t columns)
{
	char ns[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *cut = NULL;

	fprintf(out, "%s %s", path_state_name(part->state), whole_ms(ns, part->ns));
	if (!named)
		return;
	cut = why_cut(l->p, part->detail, columns);
	if (part->top->ns < part->ns)
		fprintf(out, " (%s: %s)", whole_ms(ns, part->top->ns), cut);
	else
		fprintf(out, " (%s)", cut);
}

/* The states that matter with their details, as many as are asked for; the others as a sum. */
static char *parts_text(const struct line *l, size_t n, bool all_named, size_t columns)
{
	const struct parts *parts = &l->parts;
	uint64_t rest = 0;
	char *text = NULL, ns[TEXT_NUMBER_MAX];
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	for (i = 0; i < n; i++) {
		const struct part *part = &parts->list[i];
		bool heavy = all_named && part->top &&
			     part->top->ns >= length_of(l->stretch) / NAMED_PART;

		fputs(i ? ", " : "", out);
		write_part(out, l, part, part == parts->telling || heavy, columns);
	}
	for (; i < parts->n; i++)
		rest += parts->list[i].ns;
	if (rest)
		fprintf(out, ", %zu%cmore%c%s", parts->n - n, NO_BREAK, NO_BREAK,
			whole_ms(ns, rest));
	fclose(out);
	return text;
}

/* The lines as they are shown; the caller frees them. */
static char *wrapped(const struct line *l, const char *text, unsigned int *lines)
{
	char *shown = NULL;
	size_t size, i;
	FILE *out = open_memstream(&shown, &size);

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	prose_print(out, l->p->width, l->lead, text);
	fclose(out);
	for (*lines = 0, i = 0; i < size; i++) {
		*lines += shown[i] == '\n';
		shown[i] = shown[i] == NO_BREAK ? ' ' : shown[i];
	}
	return shown;
}

/* So many states are told at least: the heaviest detail's, and most of a stretch that is long. */
static size_t least_parts(const struct parts *parts, uint64_t length, bool big)
{
	size_t least = parts->telling ? (size_t)(parts->telling - parts->list) + 1 : 1, i;
	uint64_t told = 0;

	for (i = 0; i < parts->n; i++) {
		if (i >= least && (!big || told >= length / 100 * TOLD_PERCENT))
			break;
		told += parts->list[i].ns;
	}
	return parts->n - i == 1 ? parts->n : i; /* "1 more" is as long as its name */
}

/* Who did what, as much of it as fits, as lines. */
static char *line_text(const struct line *l)
{
	const struct parts *parts = &l->parts;
	bool big = length_of(l->stretch) >= total_of(l->r) / LONG_PART, all;
	size_t columns = l->p->width > 80 ? l->p->width / 2 : 40, n = parts->n;
	size_t least = least_parts(parts, length_of(l->stretch), big);
	unsigned int lines, most = length_of(l->stretch) >= total_of(l->r) / MOST_PART ? 4 : big ? 2 : 1;
	char *shown = NULL;

	if (n == 1 && parts->list[0].rows == 1) {
		const struct part *part = &parts->list[0];
		CLEANUP_FREE char *text = xasprintf("%s%s%s%s%s", l->who,
						    path_state_name(part->state),
						    part->detail ? " (" : "",
						    part->detail ? part->detail : "",
						    part->detail ? ")" : "");

		return wrapped(l, text, &lines);
	}
	for (all = true; n >= least; all = !all, n -= all) {
		CLEANUP_FREE char *body = NULL, *text = NULL;

		if (parts->n - n == 1)
			continue;
		free(shown);
		body = parts_text(l, n, all, columns);
		text = xasprintf("%s%s", l->who, body);
		shown = wrapped(l, text, &lines);
		if (lines <= most)
			break;
	}
	return shown;
}

/* "(meanwhile runc waits: wait4 for hook)", once for each wait. */
static void print_waiter(const struct line *l, unsigned int indent)
{
	const struct critpath *path = &l->r->path;
	const struct path_slice *longest = &path->slices[l->stretch->from];
	const char *before = l->stretch->from ? longest[-1].waiter : "";
	CLEANUP_FREE char *waiter = NULL, *text = NULL, *cut = NULL;
	size_t i;

	for (i = l->stretch->from; i < l->stretch->to; i++)
		if (path->slices[i].end - path->slices[i].start > longest->end - longest->start)
			longest = &path->slices[i];
	if (!*longest->waiter || !strcmp(longest->waiter, before))
		return;
	waiter = page_escape(longest->waiter, strlen(longest->waiter));
	text = xasprintf("(meanwhile %s)", waiter);
	cut = why_cut(l->p, text, l->p->width - indent);
	fprintf(l->p->out, "%*s%s\n", (int)indent, "", cut);
}

/* phase: it stands on the same line; NULL: on one before. */
static void print_stretch(const struct page *p, const struct run *r, const struct stretch *stretch,
			  const char *phase)
{
	unsigned int indent = phase ? 0 : 2 + 2 * depth_of(r, stretch->pid);
	char at[TEXT_NUMBER_MAX], length[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *comm = page_escape(stretch->comm, strlen(stretch->comm));
	CLEANUP_FREE char *lead = xasprintf("%11s %10s  %*s",
					    text_ms(at, stretch->start - r->milestones.launch),
					    text_ms(length, length_of(stretch)), (int)indent, "");
	CLEANUP_FREE char *who = NULL, *text = NULL;
	struct line l = { .p = p, .r = r, .stretch = stretch, .lead = lead,
			  .phase = r->phases.n ? r->phases.list[stretch->phase].name : "" };
	struct ledger ledger = { 0 };
	struct arena arena = { 0 };
	bool client;
	size_t i;

	ledger_of_span(&arena, &r->path, stretch->start, stretch->end, &ledger);
	find_parts(&l, &ledger);
	client = l.parts.n && l.parts.list[0].state == PATH_CLIENT;
	who = xasprintf("%s%s%s%s", phase ? phase : "",
			!phase ? "" : p->options->utf8 ? " – " : " - ", client ? "" : comm,
			client || !*comm ? "" : ": ");
	l.who = who;
	text = line_text(&l);
	fputs(text, p->out);
	print_waiter(&l, AT_COLUMNS + indent + 2);
	for (i = 0; i < l.parts.n; i++)
		free(l.parts.list[i].detail);
	free(ledger.rows);
	arena_release(&arena);
}

static void print_phase(const struct page *p, const struct run *r, const struct stretch *list,
			size_t n)
{
	const struct phase *phase = &r->phases.list[list->phase];
	CLEANUP_FREE char *name = page_escape(phase->name, strlen(phase->name));
	CLEANUP_FREE char *cut = why_cut(p, name, p->width > 60 ? p->width - AT_COLUMNS : 20);
	char at[TEXT_NUMBER_MAX], length[TEXT_NUMBER_MAX];
	size_t i;

	if (n == 1 && text_width(name) < (p->width - AT_COLUMNS) * 2 / 3) {
		print_stretch(p, r, list, name);
		return;
	}
	fprintf(p->out, "%11s %10s  %s\n", text_ms(at, phase->start),
		text_ms(length, phase->end - phase->start), cut);
	for (i = 0; i < n; i++)
		print_stretch(p, r, &list[i], NULL);
}

void why_print_path(const struct page *p, const struct run *r)
{
	size_t most = r->phases.n + STRETCHES_MORE, i, n;
	struct stretches all;
	char number[TEXT_NUMBER_MAX];

	stretches_of_run(r, &(struct stretch_rules){
				    .who_part = 100, .slice_part = 50,
				    .most = most > STRETCHES_MIN ? most : STRETCHES_MIN }, &all);
	fprintf(p->out, "\n  Critical path of run %" PRIu32 " (%s): at, for, phase, who: what\n",
		r->index + 1, text_ms(number, total_of(r)));
	for (i = 0; i < all.n; i += n) {
		for (n = 1; i + n < all.n && all.list[i + n].phase == all.list[i].phase; n++)
			;
		if (r->phases.n)
			print_phase(p, r, &all.list[i], n);
		else
			print_stretch(p, r, &all.list[i], NULL), n = 1;
	}
	free(all.list);
}
