// SPDX-License-Identifier: GPL-2.0-only
/* dump.c - records to text; tests/unit/evtext.c is the way back. */
#include "user/report/dump.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/record/fields.h"
#include "user/record/reader.h"

#define RUNS_MAX 65536
#define BODY_MAX 512
#define NS_IN_MS 1000000
/* Above any count or size that is met: a pointer, and those are read in hex. */
#define POINTERS_FROM (1ull << 44)

/* One record while it is written. */
struct line {
	FILE *out;
	const struct wire_head *head;
	const struct kind_fields *kind;
	unsigned char body[BODY_MAX];
	uint64_t base;  /* relative times count from here; UINT64_MAX: none are written */
	size_t n;       /* elements of the tail, or bytes of its last string */
	size_t tail;    /* bytes behind the body that the line stands for */
};

/* ---- values ------------------------------------------------------------------------------------- */

static bool plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("_./:+-", c);
}

/* A word or "…"; part is what a blank between two arguments stands for, -1 = there is none. */
static void put_string(FILE *out, const char *key, const char *s, size_t n, int part)
{
	size_t i;

	fprintf(out, " %s=", key);
	for (i = 0; i < n && s[i] && plain((unsigned char)s[i]); i++)
		;
	if (n && i == n) {
		fwrite(s, 1, n, out);
		return;
	}
	putc('"', out);
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == part)
			putc(' ', out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", out);
		else if (c < ' ' || c > '~' || (c == ' ' && part >= 0))
			fprintf(out, "\\x%02x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void put_time(FILE *out, uint64_t base, uint64_t time)
{
	uint64_t fraction;
	int digits = 6;

	if (base == UINT64_MAX || time < base) {
		fprintf(out, "%" PRIu64, time);
		return;
	}
	time -= base;
	fraction = time % NS_IN_MS;
	fprintf(out, "+%" PRIu64, time / NS_IN_MS);
	for (; fraction && fraction % 10 == 0; digits--)
		fraction /= 10;
	if (fraction)
		fprintf(out, ".%0*" PRIu64, digits, fraction);
	if (time)
		fputs("ms", out);
}

/* Flags are told from other names by their values: one bit each. */
static bool are_flags(const struct field_name *names)
{
	for (; names->name; names++)
		if (!names->value || names->value & (names->value - 1))
			return false;
	return true;
}

static void put_flags(FILE *out, const struct field_name *names, uint64_t value)
{
	const struct field_name *name;
	uint64_t known = 0;
	const char *bar = "";

	for (name = names; name->name; name++)
		known |= name->value;
	if (value & ~known) {
		fprintf(out, "0x%" PRIx64, value);
		return;
	}
	for (name = names; name->name; name++) {
		if (!(value & name->value))
			continue;
		fprintf(out, "%s%s", bar, name->name);
		bar = "|";
	}
}

static void put_number(FILE *out, const struct field *f, uint64_t value)
{
	const struct field_name *name;

	if (f->names && are_flags(f->names)) {
		put_flags(out, f->names, value);
		return;
	}
	for (name = f->names; name && name->name; name++)
		if (name->value == value) {
			fputs(name->name, out);
			return;
		}
	fprintf(out, value < POINTERS_FROM ? "%" PRIu64 : "0x%" PRIx64, value);
}

static uint64_t value_of(const struct line *l, const struct field *f)
{
	uint64_t value = 0;

	memcpy(&value, l->body + f->offset, f->size);
	return value;
}

static int64_t sign_extended(uint64_t value, size_t size)
{
	unsigned int shift = 64 - 8 * (unsigned int)size;

	return (int64_t)(value << shift) >> shift;
}

/* ---- one line --------------------------------------------------------------------------------------- */

/* What a field means when it is left out: zero as a rule; evtext.h lists the others. */
static uint64_t when_left_out(const struct line *l, const struct field *f)
{
	const struct wire_fork *fork = (const void *)l->body;

	switch (l->head->kind) {
	case WIRE_FORK:
		if (f->offset == offsetof(struct wire_fork, child_pid))
			return l->head->pid;
		if (f->offset == offsetof(struct wire_fork, child_tid))
			return fork->child_pid;
		return 0;
	case WIRE_EXEC:
		if (f->offset == offsetof(struct wire_exec, old_tid))
			return l->head->tid;
		return f->offset == offsetof(struct wire_exec, argv_len) ? l->tail : 0;
	case WIRE_EXIT:
		if (f->offset == offsetof(struct wire_exit, group_dead))
			return l->head->tid == l->head->pid;
		return 0;
	case HOST_PROCESS_MEMORY:
		if (f->offset == offsetof(struct host_process_memory, pid))
			return l->head->pid;
		return 0;
	case HOST_LATENCY:
		return f->offset == offsetof(struct host_latency, n) ? l->n : 0;
	case HOST_OUTPUT:
		return f->offset == offsetof(struct host_output, total) ? l->n : 0;
	default:
		return 0;
	}
}

/* Left out, EXEC and ACCEPT say that their entry was not seen: 0 without that flag is told. */
static bool says_no_enter(const struct line *l, const struct field *f)
{
	return (l->head->kind == WIRE_EXEC || l->head->kind == WIRE_ACCEPT) &&
	       f->type == FIELD_IS_TIME && !(l->head->flags & WIRE_F_NO_ENTER);
}

static void put_field(const struct line *l, const struct field *f)
{
	const char *chars = (const char *)l->body + f->offset;
	uint64_t value;
	size_t n;

	if (f->type == FIELD_IS_CHARS) {
		for (n = f->size; n && !chars[n - 1]; n--)
			;
		if (n)
			put_string(l->out, f->key, chars, n, -1);
		return;
	}
	value = value_of(l, f);
	if (value == when_left_out(l, f) && !says_no_enter(l, f))
		return;
	fprintf(l->out, " %s=", f->key);
	if (f->type == FIELD_IS_TIME)
		put_time(l->out, value ? l->base : UINT64_MAX, value);
	else if (f->type == FIELD_IS_SIGNED)
		fprintf(l->out, "%" PRId64, sign_extended(value, f->size));
	else
		put_number(l->out, f, value);
}

/* A field has two names where the language has a short one; the first is taken. */
static bool told_before(const struct field *fields, const struct field *f)
{
	const struct field *before;

	for (before = fields; before < f; before++)
		if (before->offset == f->offset)
			return true;
	return false;
}

/* "1234,1300*2" */
static void put_latency(const struct line *l, const char *bytes)
{
	uint64_t value, next;
	size_t i, times;

	for (i = 0; i < l->n; i += times) {
		memcpy(&value, bytes + i * sizeof(value), sizeof(value));
		for (times = 1; i + times < l->n; times++) {
			memcpy(&next, bytes + (i + times) * sizeof(next), sizeof(next));
			if (next != value)
				break;
		}
		fprintf(l->out, "%s%" PRIu64, i ? "," : " ns=", value);
		if (times > 1)
			fprintf(l->out, "*%zu", times);
	}
}

static void put_addresses(const struct line *l, const char *bytes)
{
	uint64_t value;
	size_t i;

	for (i = 0; i < l->n; i++) {
		memcpy(&value, bytes + i * sizeof(value), sizeof(value));
		fprintf(l->out, "%s0x%" PRIx64, i ? "," : " stack=", value);
	}
}

/* How much of the tail a line tells; before the fields, for they leave out what it implies. */
static void measure_tail(struct line *l)
{
	const struct wire_exec *exec = (const void *)l->body;
	const char *s = record_bytes(l->head, l->kind->body_size, &l->n);
	size_t i;

	switch (l->kind->tail) {
	case TAIL_NONE:
		l->n = 0;
		break;
	case TAIL_ARGV: /* behind it are zeros, or what somebody put there */
		if (l->n > exec->argv_len)
			l->n = exec->argv_len;
		/* The language ends an argv with the NUL that ends its last argument. */
		l->tail = l->n + (l->n && s[l->n - 1]);
		break;
	case TAIL_STRINGS:
		for (i = 0; l->kind->strings[i]; i++) {
			l->n = record_string(l->head, l->kind->body_size, (unsigned int)i, &s);
			l->tail += l->n + 1;
		}
		break;
	case TAIL_LATENCY:
	case TAIL_ADDRESSES:
		l->n /= sizeof(uint64_t);
		l->tail = l->n * sizeof(uint64_t);
		break;
	}
}

static void put_tail(struct line *l)
{
	size_t i, n;
	const char *s, *bytes = record_bytes(l->head, l->kind->body_size, &n);

	switch (l->kind->tail) {
	case TAIL_NONE:
		break;
	case TAIL_ARGV:
		if (l->n)
			put_string(l->out, "argv", bytes, l->n - !bytes[l->n - 1], '\0');
		break;
	case TAIL_STRINGS:
		for (i = 0; l->kind->strings[i]; i++) {
			n = record_string(l->head, l->kind->body_size, (unsigned int)i, &s);
			if (n)
				put_string(l->out, l->kind->strings[i], s, n, -1);
		}
		break;
	case TAIL_LATENCY:
		put_latency(l, bytes);
		break;
	case TAIL_ADDRESSES:
		put_addresses(l, bytes);
		break;
	}
}

static void put_fields(struct line *l)
{
	const struct field *f;

	record_body(l->head, l->body, l->kind->body_size);
	measure_tail(l);
	for (f = l->kind->fields; f->key; f++)
		if (!told_before(l->kind->fields, f))
			put_field(l, f);
	put_tail(l);
}

static void put_task(const struct line *l)
{
	const struct wire_head *h = l->head;

	if (!h->pid && !h->tid)
		fputs(" -", l->out);
	else if (h->pid == h->tid)
		fprintf(l->out, " %" PRIu32, h->pid);
	else
		fprintf(l->out, " %" PRIu32 "/%" PRIu32, h->pid, h->tid);
}

static void put_line(struct line *l)
{
	size_t size = sizeof(*l->head);

	put_time(l->out, l->base, l->head->time);
	put_task(l);
	if (l->kind)
		fprintf(l->out, " %s", l->kind->name);
	else
		fprintf(l->out, " %u", l->head->kind);
	if (l->head->flags) {
		fputs(" trust=", l->out);
		put_flags(l->out, field_trust_names, l->head->flags);
	}
	if (l->kind) {
		put_fields(l);
		size += l->kind->body_size + l->tail;
	}
	if (l->head->size != ((size + 7) & ~(size_t)7))
		fprintf(l->out, " size=%u", l->head->size);
	putc('\n', l->out);
}

static uint64_t *bases(struct dump_place *place)
{
	if (!place->base) {
		place->base = xmalloc(RUNS_MAX * sizeof(*place->base));
		memset(place->base, 0xff, RUNS_MAX * sizeof(*place->base));
	}
	return place->base;
}

void dump_record(FILE *out, struct dump_place *place, const struct wire_head *record)
{
	struct line l = { .out = out, .head = record, .kind = kind_fields_of(record->kind) };
	uint64_t *base = &bases(place)[record->run];

	if (record->run && *base == UINT64_MAX)
		*base = record->time;
	if (record->run != place->run) {
		fprintf(out, "run %u", record->run);
		if (record->run)
			fprintf(out, " at %" PRIu64, *base);
		putc('\n', out);
		place->run = record->run;
	}
	l.base = *base;
	put_line(&l);
}

void dump_release(struct dump_place *place)
{
	free(place->base);
	*place = (struct dump_place){ 0 };
}

/* ---- counts ------------------------------------------------------------------------------------------ */

static int by_run_and_kind(const void *a, const void *b)
{
	const struct dump_count *x = a, *y = b;

	return x->run != y->run ? (x->run > y->run) - (x->run < y->run) :
				  (x->kind > y->kind) - (x->kind < y->kind);
}

/* Sorted, and one entry for each run and kind. */
static void merge(struct dump_counts *c)
{
	size_t i, n = 0;

	if (!c->n)
		return;
	qsort(c->list, c->n, sizeof(*c->list), by_run_and_kind);
	for (i = 1; i < c->n; i++)
		if (by_run_and_kind(&c->list[n], &c->list[i]))
			c->list[++n] = c->list[i];
		else
			c->list[n].n += c->list[i].n;
	c->n = n + 1;
}

/* Runs of equal records are counted in place, the rest is merged when it has doubled: no file can
 * make this slow or, but for kinds that are really in it, large. */
void dump_count(struct dump_counts *c, const struct wire_head *record)
{
	struct dump_count *last = c->n ? &c->list[c->n - 1] : NULL;

	if (last && last->run == record->run && last->kind == record->kind) {
		last->n++;
		return;
	}
	if (c->n >= c->merge_at) {
		merge(c);
		c->merge_at = 2 * c->n + 4096;
	}
	ARRAY_RESERVE(c->list, c->n, c->cap, 1);
	c->list[c->n++] = (struct dump_count){ .run = record->run, .kind = record->kind, .n = 1 };
}

void dump_counts_print(FILE *out, struct dump_counts *c)
{
	const struct kind_fields *kind;
	char number[16];
	size_t i;

	merge(c);
	fprintf(out, "%5s %-15s %10s\n", "run", "kind", "records");
	for (i = 0; i < c->n; i++) {
		kind = kind_fields_of(c->list[i].kind);
		snprintf(number, sizeof(number), "%u", c->list[i].kind);
		fprintf(out, "%5u %-15s %10" PRIu64 "\n", c->list[i].run,
			kind ? kind->name : number, c->list[i].n);
	}
}

void dump_counts_release(struct dump_counts *c)
{
	free(c->list);
	*c = (struct dump_counts){ 0 };
}
