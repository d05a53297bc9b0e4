// SPDX-License-Identifier: GPL-2.0-only
/* ledger.c - slices of the critical path, added up by state and detail. */
#include "user/model/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define uthash_malloc(size) xmalloc(size)
#include <uthash.h>

#include "user/base/text.h"
#include "user/model/session.h"
#include "user/model/wait.h"

#define DETAIL_MAX (WAIT_TEXT_MAX + 32)

/* Rows under way; the key is the state and the text. */
struct sum_node {
	struct ledger_row row;
	char *key; /* its own */
	UT_hash_handle hh;
};

struct sums {
	struct sum_node *by_key;
	struct arena *arena; /* for details that are new; NULL: they live long enough */
	struct texts *texts; /* which are there; NULL: nobody asks again and again */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

/* What mkdtemp() and mkstemp() put behind a dot: six letters and digits at a component's end. */
static bool random_suffix(const char *s)
{
	bool mixed = false;
	size_t n = 0;

	while (is_digit(s[n]) || (s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z')) {
		mixed = mixed || s[n] < 'a';
		n++;
	}
	return n == 6 && mixed && (!s[n] || strchr("/: ,", s[n]));
}

/*
 * Is the run of characters at s an id? Eight or more hexadecimal digits with a decimal one among
 * them, or decimal ones that stand for themselves within '/' and '-': "state-4711", "/proc/12/fd".
 * "seccomp.so.2.5.4" and "x86_64" stay. Returns its length, 0 when it is none.
 */
static size_t id_length(const char *s, char before)
{
	size_t hex = 0, digits = 0;
	bool decimal = false;

	while (is_hex(s[hex])) {
		decimal = decimal || is_digit(s[hex]);
		hex++;
	}
	while (is_digit(s[digits]))
		digits++;
	if (hex >= 8 && decimal)
		return hex;
	if (before == '.' && random_suffix(s))
		return 6;
	if (digits && strchr("/-", before) && (!s[digits] || strchr("/-: ,", s[digits])))
		return digits;
	return 0;
}

#define HASH_DIGITS 32 /* an id of so many digits is a hash's */

/*
 * What stands for an id of n characters: "#" within a name or path. Where it is the whole name, as
 * in "read #", that would tell nobody anything.
 */
static const char *stand_in(const char *id, size_t n, char before)
{
	if (before != ' ' || (id[n] && !strchr(" :,", id[n])))
		return "#";
	return n >= HASH_DIGITS ? ".../<hash>" : "<id>";
}

void ledger_plain(char *out, size_t size, const char *detail)
{
	char before = '\0';
	size_t n = 0;

	while (*detail && n + 1 < size) {
		bool starts = !(is_hex(before) || (before >= 'g' && before <= 'z') ||
				(before >= 'A' && before <= 'Z') || before == '_');
		size_t id = starts && before ? id_length(detail, before) : 0;

		if (id)
			n = text_append(out, size, n, stand_in(detail, id, before), SIZE_MAX);
		else
			out[n++] = *detail;
		before = detail[id ? id - 1 : 0];
		detail += id ? id : 1;
	}
	out[n] = '\0';
}

static void add(struct sums *sums, enum path_state state, const char *detail, uint64_t ns)
{
	char key[DETAIL_MAX + 1];
	struct sum_node *node = NULL;
	size_t n = strnlen(detail, DETAIL_MAX - 1);

	if (ns == 0)
		return;
	key[0] = (char)state;
	memcpy(key + 1, detail, n);
	HASH_FIND(hh, sums->by_key, key, n + 1, node);
	if (!node) {
		char *own = xmalloc(n + 1);

		memcpy(own, key, n + 1);
		node = xcalloc(1, sizeof(*node));
		node->row = (struct ledger_row){
			.state = state,
			.detail = sums->texts ? texts_keep(sums->texts, sums->arena, detail, n) :
				  sums->arena ? arena_strndup(sums->arena, detail, n) : detail,
		};
		node->key = own;
		HASH_ADD_KEYPTR(hh, sums->by_key, node->key, n + 1, node);
	}
	node->row.ns += ns;
}

static int heavier(const void *a, const void *b)
{
	const struct ledger_row *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	return strcmp(x->detail, y->detail);
}

/* The sums as rows, heaviest first; the sums are gone. */
static void finish(struct sums *sums, struct ledger *out)
{
	struct sum_node *node, *next;

	out->n = 0;
	HASH_ITER(hh, sums->by_key, node, next) {
		HASH_DEL(sums->by_key, node);
		ARRAY_RESERVE(out->rows, out->n, out->cap, 1);
		out->rows[out->n++] = node->row;
		free(node->key);
		free(node);
	}
	if (out->n)
		qsort(out->rows, out->n, sizeof(*out->rows), heavier);
}

/* "runc: openat config.json", either half alone where the other is empty. */
static void row_text(char text[DETAIL_MAX], const char *comm, const char *detail)
{
	char raw[DETAIL_MAX];
	size_t n = text_append(raw, sizeof(raw), 0, comm, 15);

	n = text_append(raw, sizeof(raw), n, *comm && *detail ? ": " : "", SIZE_MAX);
	text_append(raw, sizeof(raw), n, detail, 250);
	ledger_plain(text, DETAIL_MAX, raw);
}

/* Time of a kind of slices. */
struct part {
	uint64_t ns, quick_ns, fault_ns, call_ns, stolen_ns;
};

/* What slices have in them. */
static void add_inner(struct sums *sums, enum path_state state, const char *comm, const char *what, uint64_t ns)
{
	char text[DETAIL_MAX];

	if (!ns)
		return;
	row_text(text, comm, what);
	add(sums, state, text, ns);
}

static void add_kind(struct sums *sums, const struct path_kind *kind, const struct part *part)
{
	/* The client's name says nothing beside its state. */
	const char *comm = kind->state == PATH_CLIENT || kind->state == PATH_NOTICED_LATE ?
				   "" : kind->comm;
	char text[DETAIL_MAX];

	if (part->ns == 0)
		return;
	add_inner(sums, PATH_KERNEL, comm, "page faults (by samples)", part->fault_ns);
	add_inner(sums, PATH_KERNEL, comm, "system calls not timed (by samples)", part->call_ns);
	add_inner(sums, PATH_KERNEL, comm, "short system calls", part->quick_ns);
	add_inner(sums, PATH_RUNNABLE, comm, LEDGER_STOLEN, part->stolen_ns);
	row_text(text, comm, kind->detail);
	add(sums, kind->state, text, part->ns - part->quick_ns - part->fault_ns - part->call_ns -
				part->stolen_ns);
}

void ledger_of_run(struct session *session, struct run *run)
{
	struct sums sums = { .arena = &session->arena, .texts = &session->row_texts };
	size_t i;

	for (i = 0; i < run->path.n_kinds; i++) {
		const struct path_kind *kind = &run->path.kinds[i];

		add_kind(&sums, kind, &(struct part){ kind->ns, kind->quick_ns, kind->fault_ns, kind->call_ns,
						kind->stolen_ns });
	}
	finish(&sums, &run->ledger);
}

/* The part of a slice in [from, to); of what it has in it as much as of its time. */
static void add_part(struct part *part, const struct path_slice *slice, uint64_t from, uint64_t to)
{
	uint64_t start = slice->start > from ? slice->start : from;
	uint64_t end = slice->end < to ? slice->end : to;
	unsigned __int128 ns = end - start, length = slice->end - slice->start;

	part->ns += (uint64_t)ns;
	part->quick_ns += (uint64_t)(slice->quick_ns * ns / length);
	part->fault_ns += (uint64_t)(slice->fault_ns * ns / length);
	part->call_ns += (uint64_t)(slice->call_ns * ns / length);
	part->stolen_ns += (uint64_t)(slice->stolen_ns * ns / length);
}

/* What of a path lies in [from, to). */
static void add_path(struct sums *sums, const struct critpath *path, uint64_t from, uint64_t to)
{
	CLEANUP_FREE struct part *parts = xcalloc(path->n_kinds, sizeof(*parts));
	size_t low = 0, high = path->n, i;

	while (low < high) { /* to the first slice that ends after from */
		size_t middle = low + (high - low) / 2;

		if (path->slices[middle].end <= from)
			low = middle + 1;
		else
			high = middle;
	}
	for (i = low; i < path->n && path->slices[i].start < to; i++)
		add_part(&parts[path->slices[i].kind], &path->slices[i], from, to);
	for (i = 0; i < path->n_kinds; i++)
		add_kind(sums, &path->kinds[i], &parts[i]);
}

static void add_phase(struct sums *sums, const struct run *r, const char *name)
{
	uint64_t launch = r->milestones.launch;
	size_t p;

	for (p = 0; p < r->phases.n; p++) {
		const struct phase *phase = &r->phases.list[p];

		if (!strcmp(phase->name, name))
			add_path(sums, &r->path, launch + phase->start, launch + phase->end);
	}
}

void ledger_of_run_phase(struct arena *arena, const struct run *run, const char *name,
			 struct ledger *out)
{
	struct sums sums = { .arena = arena };

	add_phase(&sums, run, name);
	finish(&sums, out);
}

void ledger_of_phase(struct arena *arena, const struct scenario_result *s, const char *name,
		     struct ledger *out)
{
	struct sums sums = { .arena = arena };
	size_t i;

	for (i = 0; i < s->n_runs; i++)
		if (run_counted(s->runs[i]))
			add_phase(&sums, s->runs[i], name);
	finish(&sums, out);
}

void ledger_of_span(struct arena *arena, const struct critpath *path, uint64_t from, uint64_t to,
		    struct ledger *out)
{
	struct sums sums = { .arena = arena };

	add_path(&sums, path, from, to);
	finish(&sums, out);
}

void ledger_of_scenario(const struct scenario_result *s, struct ledger *out, size_t *runs)
{
	struct sums sums = { 0 };
	size_t i, k;

	*runs = 0;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		if (!run_counted(r) || r->path.n == 0)
			continue;
		(*runs)++;
		for (k = 0; k < r->ledger.n; k++)
			add(&sums, r->ledger.rows[k].state, r->ledger.rows[k].detail,
			    r->ledger.rows[k].ns);
	}
	finish(&sums, out);
}

uint64_t ledger_total(const struct ledger *l)
{
	uint64_t total = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		total += l->rows[i].ns;
	return total;
}
