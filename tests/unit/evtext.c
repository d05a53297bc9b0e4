// SPDX-License-Identifier: GPL-2.0-only
/* evtext.c - text to records; see evtext.h for the language. */
#include "tests/unit/evtext.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/record/fields.h"

#define BODY_MAX 512
#define TEXT_MAX 8192
#define NUMBERS_MAX (FORMAT_RECORD_MAX / sizeof(uint64_t))

/* One line while it is parsed. */
struct line {
	struct evtext *out;
	const char *at;
	unsigned int number;
	struct kind_fields kind;
	struct wire_head head;
	union {
		unsigned char bytes[BODY_MAX];
		struct wire_fork fork;
		struct wire_exec exec;
		struct wire_exit exit;
		struct wire_switch sw;
		struct wire_waking waking;
		struct wire_blocked blocked;
		struct host_process_memory memory;
		struct host_latency latency;
		struct host_output output;
	} body;
	bool given[32];              /* by index of field */
	char strings[FIELD_STRINGS_MAX][TEXT_MAX];
	size_t string_len[FIELD_STRINGS_MAX];
	uint64_t numbers[NUMBERS_MAX]; /* of the tail */
	size_t n_numbers;
	uint64_t size;               /* 0 = as it comes */
};

struct place {
	uint64_t base; /* absolute time that "+" counts from */
	uint16_t run;
};

static int __attribute__((format(printf, 2, 3))) fail_line(struct line *l, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(l->out->error, sizeof(l->out->error), "line %u: ", l->number);

	va_start(args, fmt);
	vsnprintf(l->out->error + n, sizeof(l->out->error) - (size_t)n, fmt, args);
	va_end(args);
	return -1;
}

static void skip_blanks(struct line *l)
{
	while (*l->at == ' ' || *l->at == '\t')
		l->at++;
}

static bool at_end(const struct line *l)
{
	return *l->at == '\0' || *l->at == '\n';
}

/* A word up to a blank or one of stops. */
static size_t word(struct line *l, char *to, size_t size, const char *stops)
{
	size_t n = 0;

	while (!at_end(l) && !isspace((unsigned char)*l->at) && !strchr(stops, *l->at)) {
		if (n + 1 < size)
			to[n++] = *l->at;
		l->at++;
	}
	to[n] = '\0';
	return n;
}

static uint64_t unit_of(const char *s)
{
	static const struct field_name units[] = { { "", 1 },
					     { "ns", 1 },
					     { "us", 1000 },
					     { "ms", 1000000 },
					     { "s", 1000000000 },
					     { "KiB", 1u << 10 },
					     { "MiB", 1u << 20 },
					     { "GiB", 1u << 30 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(units); i++) {
		if (!strcmp(s, units[i].name))
			return units[i].value;
	}
	return 0;
}

/* "-12", "0x1f", "1.5ms": exact, no floating point, wraps as the field that it is put into. */
static bool parse_number(const char *s, uint64_t *value)
{
	bool negative = *s == '-';
	uint64_t whole, fraction = 0, scale = 1, unit;
	char *end;

	if (negative)
		s++;
	if (!isdigit((unsigned char)*s))
		return false;
	whole = strtoull(s, &end, s[0] == '0' && s[1] == 'x' ? 16 : 10);
	if (*end == '.') {
		for (end++; isdigit((unsigned char)*end) && scale < 1000000000; end++) {
			fraction = fraction * 10 + (uint64_t)(*end - '0');
			scale *= 10;
		}
	}
	unit = unit_of(end);
	if (!unit)
		return false;
	*value = whole * unit + fraction * unit / scale;
	if (negative)
		*value = -*value;
	return true;
}

static bool parse_time(const char *s, const struct place *place, uint64_t *value)
{
	bool relative = *s == '+';

	if (!parse_number(s + relative, value))
		return false;
	if (relative)
		*value += place->base;
	return true;
}

/* Names joined by '|', or a number. */
static bool parse_names(const char *s, const struct field_name *names, uint64_t *value)
{
	if (!names || isdigit((unsigned char)*s) || *s == '-')
		return parse_number(s, value);
	*value = 0;
	while (*s) {
		size_t n = strcspn(s, "|");
		const struct field_name *name = names;

		while (name->name && (strlen(name->name) != n || strncmp(name->name, s, n)))
			name++;
		if (!name->name)
			return false;
		*value |= name->value;
		s += n + (s[n] == '|');
	}
	return true;
}

static int escaped(struct line *l, char *c)
{
	unsigned int hex;
	int n = 0;

	l->at++;
	switch (*l->at) {
	case 'n':
		*c = '\n';
		break;
	case 'r':
		*c = '\r';
		break;
	case 't':
		*c = '\t';
		break;
	case '"':
	case '\\':
		*c = *l->at;
		break;
	case 'x':
		if (sscanf(l->at + 1, "%2x%n", &hex, &n) != 1 || n != 2)
			return fail_line(l, "\\x needs two digits");
		*c = (char)hex;
		l->at += 2;
		break;
	default:
		return fail_line(l, "no such escape: \\%c", *l->at);
	}
	l->at++;
	return 0;
}

/* A word or a quoted string; blank is what a blank within quotes becomes. */
static int parse_string(struct line *l, char *to, size_t size, size_t *length, char blank)
{
	if (*l->at != '"') {
		*length = word(l, to, size, "");
		return 0;
	}
	*length = 0;
	for (l->at++; *l->at != '"';) {
		char c = *l->at;

		if (at_end(l))
			return fail_line(l, "a string without its end");
		if (c == '\\') {
			if (escaped(l, &c))
				return -1;
		} else {
			l->at++;
			if (c == ' ')
				c = blank;
		}
		if (*length + 1 >= size)
			return fail_line(l, "a string is too long");
		to[(*length)++] = c;
	}
	to[*length] = '\0';
	l->at++;
	return 0;
}

/* "1ms,2ms*98" or "0xffffffff81000000,0x401000" */
static int parse_numbers(struct line *l)
{
	char text[256];

	do {
		uint64_t value, times = 1;
		char *star;

		word(l, text, sizeof(text), ",");
		star = strchr(text, '*');
		if (star) {
			*star = '\0';
			if (!parse_number(star + 1, &times))
				return fail_line(l, "not a number: %s", star + 1);
		}
		if (!parse_number(text, &value))
			return fail_line(l, "not a number: %s", text);
		for (; times; times--) {
			if (l->n_numbers == NUMBERS_MAX)
				return fail_line(l, "too many values");
			l->numbers[l->n_numbers++] = value;
		}
	} while (*l->at == ',' && l->at++);
	return 0;
}

static int parse_field(struct line *l, size_t index, const struct place *place)
{
	const struct field *f = &l->kind.fields[index];
	unsigned char *to = l->body.bytes + f->offset;
	char text[256];
	size_t n;
	uint64_t value;
	bool good;

	l->given[index] = true;
	if (parse_string(l, text, sizeof(text), &n, ' '))
		return -1;
	if (f->type == FIELD_IS_CHARS) {
		/* No NUL is kept when it is as long as the field: so are hostile ones. */
		memcpy(to, text, n < f->size ? n : f->size);
		return 0;
	}
	good = f->type == FIELD_IS_TIME ? parse_time(text, place, &value) :
				 parse_names(text, f->names, &value);
	if (!good)
		return fail_line(l, "\"%s\" is no value for %s", text, f->key);
	memcpy(to, &value, f->size); /* little-endian, as the file is */
	return 0;
}

/* Keys that are not fields of the body. */
static int parse_other(struct line *l, const char *key)
{
	char text[64];
	size_t n, i;
	uint64_t value;

	if (!strcmp(key, "trust") || !strcmp(key, "size")) {
		bool trust = *key == 't';

		word(l, text, sizeof(text), "");
		if (!parse_names(text, trust ? field_trust_names : NULL, &value))
			return fail_line(l, "\"%s\" is no value for %s", text, key);
		if (trust)
			l->head.flags |= (uint16_t)value;
		else
			l->size = value;
		return 0;
	}
	if (l->kind.tail == TAIL_ARGV && !strcmp(key, "argv")) {
		if (parse_string(l, l->strings[0], TEXT_MAX, &n, '\0'))
			return -1;
		l->string_len[0] = n + 1; /* its last NUL is part of it */
		return 0;
	}
	if (l->kind.tail == TAIL_LATENCY && !strcmp(key, "ns"))
		return parse_numbers(l);
	if (l->kind.tail == TAIL_ADDRESSES && !strcmp(key, "stack"))
		return parse_numbers(l);
	for (i = 0; l->kind.strings[i]; i++) {
		if (!strcmp(key, l->kind.strings[i]))
			return parse_string(l, l->strings[i], TEXT_MAX, &l->string_len[i], ' ');
	}
	return fail_line(l, "no field \"%s\" in %s", key, l->kind.name);
}

static int parse_fields(struct line *l, const struct place *place)
{
	for (skip_blanks(l); !at_end(l) && *l->at != '#'; skip_blanks(l)) {
		char key[64];
		size_t i = 0;

		if (!word(l, key, sizeof(key), "=") || *l->at != '=')
			return fail_line(l, "\"%s\" is not key=value", key);
		l->at++;
		while (l->kind.fields[i].key && strcmp(key, l->kind.fields[i].key))
			i++;
		if (l->kind.fields[i].key ? parse_field(l, i, place) : parse_other(l, key))
			return -1;
	}
	return 0;
}

static bool given(const struct line *l, const char *key)
{
	size_t i;

	for (i = 0; l->kind.fields[i].key; i++) {
		if (!strcmp(l->kind.fields[i].key, key))
			return l->given[i];
	}
	return false;
}

/* What a line leaves out and means all the same. */
static void complete(struct line *l)
{
	switch (l->head.kind) {
	case WIRE_FORK:
		if (!given(l, "child") && !given(l, "child_pid"))
			l->body.fork.child_pid = l->head.pid;
		if (!given(l, "thread") && !given(l, "child_tid"))
			l->body.fork.child_tid = l->body.fork.child_pid;
		break;
	case WIRE_EXEC:
		if (!given(l, "old_tid"))
			l->body.exec.old_tid = l->head.tid;
		if (!given(l, "argv_len"))
			l->body.exec.argv_len = (uint32_t)l->string_len[0];
		if (!given(l, "enter"))
			l->head.flags |= WIRE_F_NO_ENTER;
		break;
	case WIRE_EXIT:
		if (!given(l, "group_dead"))
			l->body.exit.group_dead = l->head.tid == l->head.pid;
		break;
	case WIRE_ACCEPT:
		if (!given(l, "enter"))
			l->head.flags |= WIRE_F_NO_ENTER;
		break;
	case WIRE_SWITCH:
		if (!given(l, "next_pid"))
			l->body.sw.next_pid = l->body.sw.next_tid;
		break;
	case WIRE_WAKING:
		if (!given(l, "pid"))
			l->body.waking.pid = l->body.waking.tid;
		break;
	case WIRE_BLOCKED:
		if (!given(l, "n"))
			l->body.blocked.n = (uint32_t)l->n_numbers;
		break;
	case HOST_PROCESS_MEMORY:
		if (!given(l, "pid"))
			l->body.memory.pid = l->head.pid;
		break;
	case HOST_LATENCY:
		if (!given(l, "n"))
			l->body.latency.n = (uint32_t)l->n_numbers;
		break;
	case HOST_OUTPUT:
		if (!given(l, "total"))
			l->body.output.total = (uint32_t)l->string_len[0];
		break;
	default:
		break;
	}
}

static void put(struct evtext *e, const void *bytes, size_t n)
{
	ARRAY_RESERVE(e->bytes, e->n, e->cap, n);
	if (n)
		memcpy(e->bytes + e->n, bytes, n);
	e->n += n;
}

static int emit(struct line *l)
{
	static const unsigned char zero[8];
	struct evtext *e = l->out;
	size_t start = e->n, size, i;

	put(e, &l->head, sizeof(l->head));
	put(e, l->body.bytes, l->kind.body_size);
	if (l->kind.tail == TAIL_ARGV)
		put(e, l->strings[0], l->string_len[0]);
	for (i = 0; l->kind.strings[i]; i++) {
		put(e, l->strings[i], l->string_len[i]);
		put(e, "", 1);
	}
	put(e, l->numbers, l->n_numbers * sizeof(l->numbers[0]));
	if (l->size && e->n - start > l->size)
		e->n = start + l->size;
	while (l->size && e->n - start < l->size)
		put(e, zero, 1);
	put(e, zero, -(e->n - start) & 7);
	size = e->n - start;
	if (size < sizeof(l->head) || size > FORMAT_RECORD_MAX)
		return fail_line(l, "a record of %zu bytes", size);
	l->head.size = (uint16_t)size;
	memcpy(e->bytes + start, &l->head, sizeof(l->head));
	return 0;
}

static int find_kind(struct line *l, const char *name)
{
	static const struct field none[] = { { .key = NULL } };
	const struct kind_fields *kind;
	uint64_t number;

	if (parse_number(name, &number) && number <= UINT16_MAX) {
		l->kind = (struct kind_fields){ .name = "UNKNOWN", .number = (uint16_t)number,
					 .fields = none };
		return 0;
	}
	kind = kind_fields_named(name);
	if (!kind)
		return fail_line(l, "no kind of record is called \"%s\"", name);
	l->kind = *kind;
	return 0;
}

/* "run N at TIME": what follows is of that run. */
static int parse_run(struct line *l, struct place *place)
{
	char text[64];
	uint64_t run;

	skip_blanks(l);
	word(l, text, sizeof(text), "");
	if (!parse_number(text, &run) || run > UINT16_MAX)
		return fail_line(l, "no number of a run: \"%s\"", text);
	place->run = (uint16_t)run;
	skip_blanks(l);
	if (at_end(l))
		return 0;
	word(l, text, sizeof(text), "");
	skip_blanks(l);
	if (strcmp(text, "at"))
		return fail_line(l, "\"%s\" where \"at TIME\" may stand", text);
	word(l, text, sizeof(text), "");
	if (!parse_number(text, &place->base))
		return fail_line(l, "no time: \"%s\"", text);
	return 0;
}

static int parse_task(struct line *l)
{
	char text[64];
	uint64_t pid = 0, tid = 0;
	char *slash;

	skip_blanks(l);
	word(l, text, sizeof(text), "");
	if (!strcmp(text, "-"))
		return 0;
	slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (!parse_number(text, &pid) || (slash && !parse_number(slash + 1, &tid)))
		return fail_line(l, "no task: \"%s\"", text);
	l->head.pid = (uint32_t)pid;
	l->head.tid = slash ? (uint32_t)tid : (uint32_t)pid;
	return 0;
}

static int parse_line(struct line *l, struct place *place)
{
	char text[64];
	uint64_t time;

	skip_blanks(l);
	if (at_end(l) || *l->at == '#' || *l->at == '%')
		return 0;
	word(l, text, sizeof(text), "");
	if (!strcmp(text, "run"))
		return parse_run(l, place);
	if (!parse_time(text, place, &time))
		return fail_line(l, "no time: \"%s\"", text);
	if (parse_task(l))
		return -1;
	skip_blanks(l);
	word(l, text, sizeof(text), "");
	if (find_kind(l, text))
		return -1;
	l->head.time = time;
	l->head.kind = l->kind.number;
	l->head.run = place->run;
	if (parse_fields(l, place))
		return -1;
	complete(l);
	return emit(l);
}

int evtext_parse(struct evtext *e, const char *text)
{
	CLEANUP_FREE struct line *l = xmalloc(sizeof(*l));
	struct place place = { 0 };
	unsigned int number = 0;

	while (*text) {
		memset(l, 0, sizeof(*l));
		l->out = e;
		l->at = text;
		l->number = ++number;
		if (parse_line(l, &place))
			return -1;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return 0;
}

const struct wire_head *evtext_next(const struct evtext *e, size_t *at)
{
	const struct wire_head *head;

	if (*at >= e->n)
		return NULL;
	head = (const struct wire_head *)(const void *)(e->bytes + *at);
	*at += head->size;
	return head;
}

void evtext_release(struct evtext *e)
{
	free(e->bytes);
	*e = (struct evtext){ 0 };
}

/* As user/load.c does. */
static const struct phase_rule *phase_rules_of(const char *scenario)
{
	const struct scenario_ops *ops = scenario_find(scenario);

	return ops ? ops->phases : NULL;
}

struct session *evtext_session(const char *text)
{
	struct evtext e = { 0 };
	struct session *s = session_new();
	const struct wire_head *record;
	size_t at = 0;

	session_set_phase_rules(s, phase_rules_of);
	if (evtext_parse(&e, text))
		fail_msg("%s", e.error);
	while ((record = evtext_next(&e, &at)))
		session_add(s, record);
	session_settle(s);
	evtext_release(&e);
	return s;
}

char *evtext_read_file(const char *path)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t n = 0, cap = 0, got;

	if (!f)
		return NULL;
	do {
		ARRAY_RESERVE(text, n, cap, 4096);
		got = fread(text + n, 1, 4095, f);
		n += got;
	} while (got);
	text[n] = '\0';
	return text;
}
