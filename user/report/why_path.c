// SPDX-License-Identifier: GPL-2.0-only
/*
 * why_path.c - the critical path of one run for people: when, how long, who, what.
 *
 * A path has hundreds of slices, a screen has lines for twenty. The longest slices get a line each;
 * what lies between two of them gets one together, with its time by state. Who is indented by how
 * far from the root process it is, so that a hand-over to a child or back is seen at a glance.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define LONG_SLICES 12  /* with a line of their own */
#define DEPTH_SHOWN 4
#define PART_OF_WHOLE 50 /* another process's line begins when the one before has so much */

/* Slices [from, to) that share a line. */
struct stretch {
	size_t from, to;
	uint64_t by_state[PATH_STATE_COUNT];
};

static uint64_t length_of(const struct path_slice *slice)
{
	return slice->end - slice->start;
}

/* Slices shorter than this do not get a line of their own. */
static uint64_t long_enough(const struct critpath *path)
{
	uint64_t total = path->slices[path->n - 1].end - path->slices[0].start;
	uint64_t longest[LONG_SLICES] = { 0 }, least; /* longest first */
	size_t i, k;

	if (path->n <= LONG_SLICES)
		return 0;
	for (i = 0; i < path->n; i++) {
		uint64_t length = length_of(&path->slices[i]);

		if (length <= longest[LONG_SLICES - 1])
			continue;
		for (k = LONG_SLICES - 1; k && longest[k - 1] < length; k--)
			longest[k] = longest[k - 1];
		longest[k] = length;
	}
	least = longest[LONG_SLICES - 1];
	return least > total / 200 ? least : total / 200;
}

static unsigned int depth_of(const struct run *r, uint32_t pid)
{
	const struct process *process = tree_process(&r->tree, pid);
	unsigned int depth = process ? process->depth : 0;

	return depth < DEPTH_SHOWN ? depth : DEPTH_SHOWN;
}

/* "user 3.1 ms, kernel 1.2 ms, runnable 0.3 ms" */
static char *states_text(const struct stretch *stretch)
{
	char *text = NULL;
	bool shown[PATH_STATE_COUNT] = { false };
	int n, k;

	for (n = 0; n < 3; n++) {
		char number[TEXT_NUMBER_MAX], *longer_text;
		int best = -1;

		for (k = 0; k < PATH_STATE_COUNT; k++)
			if (!shown[k] && stretch->by_state[k] &&
			    (best < 0 || stretch->by_state[k] > stretch->by_state[best]))
				best = k;
		if (best < 0)
			break;
		shown[best] = true;
		longer_text = xasprintf("%s%s%s %s", text ? text : "", text ? ", " : "",
					path_state_name((enum path_state)best),
					text_ms(number, stretch->by_state[best]));
		free(text);
		text = longer_text;
	}
	return text ? text : xstrdup("");
}

/* Who has most of a stretch. */
static const struct path_slice *main_slice(const struct critpath *path,
					   const struct stretch *stretch)
{
	const struct path_slice *best = &path->slices[stretch->from];
	size_t i;

	for (i = stretch->from; i < stretch->to; i++)
		if (length_of(&path->slices[i]) > length_of(best))
			best = &path->slices[i];
	return best;
}

/* "                              (runc waits meanwhile: wait4 for hook)", once for each wait. */
static void print_waiter(const struct page *p, const struct run *r, const struct stretch *stretch)
{
	const struct path_slice *who = main_slice(&r->path, stretch);
	const char *before = stretch->from ? r->path.slices[stretch->from - 1].waiter : "";
	unsigned int indent = 2 * depth_of(r, who->pid);
	CLEANUP_FREE char *waiter = NULL, *text = NULL, *cut = NULL;

	if (!*who->waiter || !strcmp(who->waiter, before))
		return;
	waiter = page_escape(who->waiter, strlen(who->waiter));
	text = xasprintf("(meanwhile %s)", waiter);
	cut = why_cut(p, text, p->width - 30 - indent);
	fprintf(p->out, "%*s%s\n", (int)(30 + indent), "", cut);
}

static void print_line(const struct page *p, const struct run *r, const struct stretch *stretch)
{
	const struct critpath *path = &r->path;
	const struct path_slice *first = &path->slices[stretch->from];
	const struct path_slice *last = &path->slices[stretch->to - 1];
	const struct path_slice *who = main_slice(path, stretch);
	bool alone = stretch->to - stretch->from == 1;
	CLEANUP_FREE char *comm = page_escape(who->comm, strlen(who->comm));
	CLEANUP_FREE char *detail = page_escape(who->detail, strlen(who->detail));
	CLEANUP_FREE char *states = states_text(stretch);
	CLEANUP_FREE char *text = NULL, *cut = NULL;
	char at[TEXT_NUMBER_MAX], length[TEXT_NUMBER_MAX];
	bool client = who->state == PATH_CLIENT;

	if (alone)
		text = xasprintf("%s%s%s%s%s", client ? "" : comm, client ? "" : "  ",
				 path_state_name(who->state), *detail ? ": " : "", detail);
	else
		text = xasprintf("%s  %s (%zu steps)", comm, states, stretch->to - stretch->from);
	cut = why_cut(p, text, p->width - 28 - 2 * depth_of(r, who->pid));
	fprintf(p->out, "%12s %12s   %*s%s\n", text_ms(at, first->start - r->milestones.launch),
		text_ms(length, last->end - first->start), (int)(2 * depth_of(r, who->pid)), "",
		cut);
	print_waiter(p, r, stretch);
}

static void print_stretch(const struct page *p, const struct run *r, struct stretch *stretch)
{
	if (stretch->to > stretch->from)
		print_line(p, r, stretch);
	*stretch = (struct stretch){ .from = stretch->to, .to = stretch->to };
}

void why_print_path(const struct page *p, const struct run *r)
{
	const struct critpath *path = &r->path;
	struct stretch stretch = { 0 };
	uint64_t total = r->milestones.at[r->milestones.end], least = long_enough(path);
	uint64_t held = 0;
	char number[TEXT_NUMBER_MAX];
	size_t i;

	fprintf(p->out, "\n  Critical path of run %" PRIu32 " (%s): at, for, who, what\n",
		r->index + 1, text_ms(number, total));
	for (i = 0; i < path->n; i++) {
		const struct path_slice *slice = &path->slices[i];
		bool big = length_of(slice) >= least;
		bool other = i && slice->pid != path->slices[i - 1].pid &&
			     held >= total / PART_OF_WHOLE;

		if (big || other) {
			print_stretch(p, r, &stretch);
			held = 0;
		}
		stretch.by_state[slice->state] += length_of(slice);
		stretch.to = i + 1;
		held += length_of(slice);
		if (big) {
			print_stretch(p, r, &stretch);
			held = 0;
		}
	}
	print_stretch(p, r, &stretch);
}
