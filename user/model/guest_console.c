// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_console.c - the guest's console on the host's clock.
 *
 * A line is as old as its first byte's arrival. The kernel's own stamp, "[    1.234567] …", is of
 * the guest's clock; line by line arrival less stamp is the moment when that clock was 0, plus what
 * the line took to come out. The smallest of these is the best that can be said, and it is late by
 * no more than that fastest line took.
 */
#include <stdlib.h>
#include <string.h>

#include "user/model/session.h"

#define LINES_MAX (1u << 20)
#define LINE_MAX_LEN 4096

static bool digits(const char **p, const char *end, uint64_t *value, unsigned int *n)
{
	*value = 0;
	for (*n = 0; *p < end && **p >= '0' && **p <= '9' && *n < 12; (*n)++, (*p)++)
		*value = *value * 10 + (uint64_t)(**p - '0');
	return *n > 0;
}

/* "[   12.345678]" at the beginning, after "<6>" at most; ns, or VM_NO_STAMP. */
static uint64_t stamp_of(const char *text, size_t len, size_t *after)
{
	const char *p = text, *end = text + len;
	uint64_t s, us;
	unsigned int n;

	*after = 0;
	if (p < end && *p == '<')
		while (p < end && *p++ != '>')
			;
	if (p >= end || *p++ != '[')
		return VM_NO_STAMP;
	while (p < end && *p == ' ')
		p++;
	if (!digits(&p, end, &s, &n) || p >= end || *p++ != '.' || !digits(&p, end, &us, &n) ||
	    n != 6 || p >= end || s > 1000000000)
		return VM_NO_STAMP;
	/* With CONFIG_PRINTK_CALLER "[    1.234567][    T1]" */
	if (*p++ != ']')
		return VM_NO_STAMP;
	*after = (size_t)(p - text);
	return s * 1000000000 + us * 1000;
}

void guest_console_add(struct session *s, struct run *r, uint64_t since, uint64_t end,
		       const char *text, size_t len, bool open)
{
	struct vm *vm = &r->vm;
	struct guest_line *last = vm->n_lines ? &vm->lines[vm->n_lines - 1] : NULL;
	/* What the probes had of an unfinished line at the end may come before the lines before it. */
	bool goes_on = vm->line_open && last && since >= last->end;

	vm->line_open = open;
	vm->console_bytes += len + !open;
	/* A line feed comes with a carriage return before it. */
	while (len && !open && text[len - 1] == '\r')
		len--;
	if (goes_on) {
		char *both;

		last->end = end;
		if (last->len + len > LINE_MAX_LEN)
			return;
		both = arena_alloc(&s->arena, last->len + len + 1);
		memcpy(both, last->text, last->len);
		memcpy(both + last->len, text, len);
		last->text = both;
		last->len += len;
		return;
	}
	if (vm->n_lines == LINES_MAX)
		return;
	ARRAY_RESERVE(vm->lines, vm->n_lines, vm->cap_lines, 1);
	vm->lines[vm->n_lines++] = (struct guest_line){
		.time = since && since <= end ? since : end, .end = end, .stamp = VM_NO_STAMP,
		.text = arena_strndup(&s->arena, text, len), .len = len,
	};
}

static int compare_lines(const void *a, const void *b)
{
	const struct guest_line *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

static void align(struct vm *vm)
{
	size_t i, after;

	vm->clock_zero = 0;
	for (i = 0; i < vm->n_lines; i++) {
		struct guest_line *l = &vm->lines[i];

		l->stamp = stamp_of(l->text, l->len, &after);
		while (after < l->len && l->text[after] == ' ')
			after++;
		l->said = after;
		if (l->stamp == VM_NO_STAMP || l->stamp >= l->time)
			continue;
		if (!vm->clock_zero || l->time - l->stamp < vm->clock_zero)
			vm->clock_zero = l->time - l->stamp;
	}
}

static void mark_gaps(struct run *r)
{
	struct vm *vm = &r->vm;
	size_t i;

	for (i = 0; i < vm->n_lines; i++)
		vm->lines[i].gap = i && vm->lines[i].time >= vm->lines[i - 1].end + VM_GAP_NS;
}

/* "initcall NAME+0x0/0x10 returned 0 after 123 usecs": what it is about. */
static bool parse_initcall(struct session *s, const struct vm *vm, const struct guest_line *l,
			   struct guest_initcall *call)
{
	static const char word[] = "initcall ", tail[] = " after ";
	const char *end = l->text + l->len, *p, *name;
	uint64_t us;
	unsigned int n;
	size_t name_len;

	if (l->stamp == VM_NO_STAMP || !vm->clock_zero)
		return false;
	p = l->text + l->said;
	if ((size_t)(end - p) < sizeof(word) - 1 || memcmp(p, word, sizeof(word) - 1))
		return false;
	name = p + sizeof(word) - 1;
	for (p = name; p < end && *p != '+' && *p != ' '; p++)
		;
	name_len = (size_t)(p - name);
	p = strstr(p, tail); /* the text ends with a NUL */
	if (!p || !name_len)
		return false;
	p += sizeof(tail) - 1;
	if (!digits(&p, end, &us, &n))
		return false;
	call->name = arena_strndup(&s->arena, name, name_len);
	call->end = vm->clock_zero + l->stamp;
	call->start = us < (call->end - 1) / 1000 ? call->end - us * 1000 : 0;
	return call->start > 0;
}

static void find_initcalls(struct session *s, struct vm *vm)
{
	struct guest_initcall call;
	size_t i;

	vm->n_initcalls = 0;
	for (i = 0; i < vm->n_lines; i++) {
		if (!parse_initcall(s, vm, &vm->lines[i], &call))
			continue;
		ARRAY_RESERVE(vm->initcalls, vm->n_initcalls, vm->cap_initcalls, 1);
		vm->initcalls[vm->n_initcalls++] = call;
	}
}

void guest_console_settle(struct session *s, struct run *r)
{
	if (r->vm.n_lines > 1)
		qsort(r->vm.lines, r->vm.n_lines, sizeof(*r->vm.lines), compare_lines);
	align(&r->vm);
	mark_gaps(r);
	find_initcalls(s, &r->vm);
}

uint64_t guest_silence(const struct vm *vm, size_t line)
{
	const struct guest_line *l = &vm->lines[line];

	return line && l->time > l[-1].end ? l->time - l[-1].end : 0;
}
