// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_console.c - the guest's console on the host's clock.
 *
 * A line is as old as its first byte's arrival. The kernel's own stamp, "[    1.234567] …", is of
 * the guest's clock, which is not the host's less a constant: it stands still while an emulated
 * guest takes no ticks, and is another one once the kernel has measured its TSC. So each line has
 * an offset of its own, arrival less stamp, and what is known of it is this: a line comes out late,
 * never early, and while the console goes on without a pause lines may have waited for each other
 * (or, the first ones, for there to be a console), but no longer than that. Within such a stream
 * the clock only falls behind the host's; so a line's offset is no more than that of any later
 * one, and the smallest of these is taken. A line behind a pause has waited for nobody.
 */
#include <stdlib.h>
#include <string.h>

#include "user/model/session.h"

#define LINES_MAX (1u << 20)
#define LINE_MAX_LEN 4096

#define FIRST_PAUSE_NS 50000000 /* that ends the kernel's first stream: a host that is busy tears it */
#define CALL_LINES 256          /* an initcall's two lines are looked for so far apart */
#define COARSE_US 1000          /* a length in whole milliseconds was told by jiffies */

static bool digits(const char **p, const char *end, uint64_t *value, unsigned int *n)
{
	*value = 0;
	for (*n = 0; *p < end && **p >= '0' && **p <= '9' && *n < 12; (*n)++, (*p)++)
		*value = *value * 10 + (uint64_t)(**p - '0');
	return *n > 0;
}

/* Behind a stamp, with CONFIG_PRINTK_CALLER: "[    T1]", a thread, or "[   C0]", a CPU. */
static const char *skip_caller(const char *p, const char *end)
{
	const char *q = p;
	uint64_t id;
	unsigned int n;

	if (q >= end || *q++ != '[')
		return p;
	while (q < end && *q == ' ')
		q++;
	if (q >= end || (*q != 'T' && *q != 'C'))
		return p;
	q++;
	return digits(&q, end, &id, &n) && q < end && *q == ']' ? q + 1 : p;
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
	if (*p++ != ']')
		return VM_NO_STAMP;
	p = skip_caller(p, end);
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

/* Carriage returns and ANSI sequences (a terminal that is set up, or colours) at the beginning: how many bytes. */
static size_t noise(const char *text, size_t len)
{
	size_t i = 0, k;

	while (i < len) {
		if (text[i] == '\r') {
			i++;
			continue;
		}
		if (text[i] != '\x1b' || i + 1 >= len)
			break;
		k = i + 2;
		if (text[i + 1] == '[')
			for (; k < len && text[k] >= ' ' && text[k] < '@'; k++)
				;
		else if (text[i + 1] == 'c') /* reset: two bytes are all */
			k--;
		else
			break;
		if (k >= len)
			break;
		i = k + 1;
	}
	return i;
}

/* Exactly what printk() writes: "[%5lu.%06lu] ", or with a caller before the blank. */
static bool is_printk(const char *text, size_t len)
{
	const char *p = text + 1, *end = text + len;
	size_t after;

	if (*text != '[' || stamp_of(text, len, &after) == VM_NO_STAMP || after >= len || text[after] != ' ')
		return false;
	while (p < end && *p == ' ')
		p++;
	while (p < end && *p != '.')
		p++;
	return p - text == 6 || (p - text > 6 && text[1] != ' ');
}

/*
 * When the byte at of a line came, whose first and last byte's moments are known: by length, but if it took
 * so long that somebody paused it is of what came behind the pause.
 */
static uint64_t moment_of(const struct vm *vm, size_t line, size_t at)
{
	const struct guest_line *l = &vm->lines[line];
	uint64_t took = l->end - l->time, time = l->end;

	if (took < VM_GAP_NS)
		time = l->time + took * at / (l->len + 1);
	if (line + 1 < vm->n_lines && vm->lines[line + 1].time < time)
		time = vm->lines[line + 1].time;
	return time;
}

/*
 * Firmware leaves a line unfinished ("Booting from ROM.."), and the kernel's first one goes on there. This is
 * the first line with a stamp, or none: anybody can write something like a stamp later on.
 */
static void part_firmware(struct session *s, struct vm *vm)
{
	struct guest_line *l, before;
	size_t i, at = 0, after;

	for (i = 0; i < vm->n_lines && !at; i++) {
		l = &vm->lines[i];
		at = noise(l->text, l->len);
		if (stamp_of(l->text + at, l->len - at, &after) != VM_NO_STAMP)
			return;
		for (; at < l->len && !is_printk(l->text + at, l->len - at); at++)
			;
		if (at == l->len)
			at = 0;
	}
	if (!at || vm->n_lines == LINES_MAX)
		return;
	ARRAY_RESERVE(vm->lines, vm->n_lines, vm->cap_lines, 1);
	l = &vm->lines[i - 1];
	before = *l;
	l->time = moment_of(vm, i - 1, at);
	l->text += at;
	l->len -= at;
	before.end = before.end - before.time < VM_GAP_NS ? l->time : before.time;
	before.text = arena_strndup(&s->arena, before.text, at);
	before.len = at;
	memmove(l + 1, l, (vm->n_lines - (i - 1)) * sizeof(*l));
	*l = before;
	vm->n_lines++;
}

static void read_stamps(struct vm *vm)
{
	size_t i, after;

	for (i = 0; i < vm->n_lines; i++) {
		struct guest_line *l = &vm->lines[i];
		size_t at = noise(l->text, l->len);

		l->stamp = stamp_of(l->text + at, l->len - at, &after);
		if (at && l->stamp != VM_NO_STAMP)
			l->time = moment_of(vm, i, at);
		after += at;
		while (after < l->len && l->text[after] == ' ')
			after++;
		l->said = after;
	}
}

static bool pause_after(const struct vm *vm, size_t i, uint64_t ns)
{
	return i + 1 == vm->n_lines || vm->lines[i + 1].time >= vm->lines[i].end + ns;
}

/* What the kernel had to say before it had a console comes in one stream: its last line. */
static size_t first_stream(const struct vm *vm)
{
	size_t i = 0;

	while (i < vm->n_lines && vm->lines[i].stamp == VM_NO_STAMP)
		i++;
	while (i < vm->n_lines && !pause_after(vm, i, FIRST_PAUSE_NS))
		i++;
	return i;
}

static void place_lines(struct vm *vm)
{
	size_t first = first_stream(vm), i;
	uint64_t offset = UINT64_MAX;

	for (i = vm->n_lines; i--;) {
		struct guest_line *l = &vm->lines[i];

		if (pause_after(vm, i, i < first ? FIRST_PAUSE_NS : VM_GAP_NS))
			offset = UINT64_MAX;
		l->placed = l->time;
		if (l->stamp == VM_NO_STAMP || l->stamp >= l->time)
			continue;
		if (l->time - l->stamp < offset)
			offset = l->time - l->stamp;
		l->placed = offset + l->stamp;
	}
}

/*
 * The kernel's log from its beginning, whose first lines have the stamp 0, says when its clock was
 * that. If the next stamp is one of jiffies nobody knows how long the clock stood still before.
 */
static void find_clock_zero(struct vm *vm)
{
	const struct guest_line *zero = NULL;
	size_t i;

	vm->clock_zero = 0;
	for (i = 0; i < vm->n_lines; i++) {
		const struct guest_line *l = &vm->lines[i];

		if (l->stamp == VM_NO_STAMP)
			continue;
		if (l->stamp) {
			if (zero && l->stamp % 1000000)
				vm->clock_zero = zero->placed;
			return;
		}
		zero = zero ? zero : l;
	}
}

static void mark_gaps(struct run *r)
{
	struct vm *vm = &r->vm;
	size_t i;

	for (i = 0; i < vm->n_lines; i++)
		vm->lines[i].gap = i && vm->lines[i].time >= vm->lines[i - 1].end + VM_GAP_NS;
}

/* What a line is about that begins with word: the name up to "+" or a blank; its length, 0 = no. */
static size_t about(const struct guest_line *l, const char *word, const char **name)
{
	const char *p = l->text + l->said, *end = l->text + l->len;
	size_t len = strlen(word);

	if ((size_t)(end - p) < len || memcmp(p, word, len))
		return 0;
	for (p += len; p < end && *p == ' '; p++) /* "calling  NAME" */
		;
	for (*name = p; p < end && *p != '+' && *p != ' '; p++)
		;
	return (size_t)(p - *name);
}

/* The line that said that this one is called; NULL: not found. */
static const struct guest_line *calling(const struct vm *vm, size_t line, const char *name, size_t len)
{
	size_t i, n;

	for (i = line, n = 0; i-- && n < CALL_LINES; n++) {
		const char *called;

		if (about(&vm->lines[i], "calling ", &called) == len && !memcmp(called, name, len))
			return &vm->lines[i];
	}
	return NULL;
}

/* Until 5.18 what an initcall's line called usecs was ns >> 10. */
static bool old_usecs(const struct vm *vm)
{
	static const char banner[] = "Linux version ";
	size_t i;

	for (i = 0; i < vm->n_lines; i++) {
		const struct guest_line *l = &vm->lines[i];
		const char *p = l->text + l->said, *end = l->text + l->len;
		uint64_t major, minor;
		unsigned int n;

		if ((size_t)(end - p) < sizeof(banner) - 1 || memcmp(p, banner, sizeof(banner) - 1))
			continue;
		p += sizeof(banner) - 1;
		return digits(&p, end, &major, &n) && p < end && *p++ == '.' && digits(&p, end, &minor, &n) &&
		       (major < 5 || (major == 5 && minor < 18));
	}
	return false;
}

/* A length in usecs as ns; *coarse: it is one of whole milliseconds. */
static uint64_t initcall_ns(uint64_t us, bool old, bool *coarse)
{
	uint64_t ms = (us * 1024 + 999999) / 1000000;

	*coarse = old ? ms * 1000000 >> 10 == us : us % COARSE_US == 0;
	return us * (old ? 1024 : 1000);
}

/*
 * "initcall NAME+0x0/0x10 returned 0 after 123 usecs": how long by the kernel's own word. As long as
 * that is in jiffies what lies between its two lines says more, and it is never longer than that.
 */
static bool parse_initcall(struct session *s, const struct vm *vm, size_t line, bool old,
			   struct guest_initcall *call)
{
	static const char tail[] = " after ";
	const struct guest_line *l = &vm->lines[line], *before;
	const char *p, *name;
	size_t len = about(l, "initcall ", &name);
	uint64_t us, ns, most;
	unsigned int n;
	bool coarse;

	if (!len || l->stamp == VM_NO_STAMP)
		return false;
	p = strstr(name, tail); /* the text ends with a NUL */
	if (!p)
		return false;
	p += sizeof(tail) - 1;
	if (!digits(&p, l->text + l->len, &us, &n))
		return false;
	ns = initcall_ns(us, old, &coarse);
	before = calling(vm, line, name, len);
	if (before) {
		most = l->placed > before->placed ? l->placed - before->placed : 0;
		if (coarse)
			ns = l->placed > before->end ? l->placed - before->end : 0;
		ns = ns < most ? ns : most;
	}
	call->name = arena_strndup(&s->arena, name, len);
	call->end = l->placed;
	call->start = ns < l->placed ? l->placed - ns : 0;
	return call->start > 0;
}

static void find_initcalls(struct session *s, struct vm *vm)
{
	struct guest_initcall call;
	bool old = old_usecs(vm);
	size_t i;

	vm->n_initcalls = 0;
	for (i = 0; i < vm->n_lines; i++) {
		if (!parse_initcall(s, vm, i, old, &call))
			continue;
		ARRAY_RESERVE(vm->initcalls, vm->n_initcalls, vm->cap_initcalls, 1);
		vm->initcalls[vm->n_initcalls++] = call;
	}
}

void guest_console_settle(struct session *s, struct run *r)
{
	if (r->vm.n_lines > 1)
		qsort(r->vm.lines, r->vm.n_lines, sizeof(*r->vm.lines), compare_lines);
	part_firmware(s, &r->vm);
	read_stamps(&r->vm);
	place_lines(&r->vm);
	find_clock_zero(&r->vm);
	mark_gaps(r);
	find_initcalls(s, &r->vm);
}

uint64_t guest_silence(const struct vm *vm, size_t line)
{
	const struct guest_line *l = &vm->lines[line];

	return line && l->time > l[-1].end ? l->time - l[-1].end : 0;
}
