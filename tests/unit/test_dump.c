// SPDX-License-Identifier: GPL-2.0-only
/* test_dump.c - what `coldprof dump` writes, evtext reads back to the same bytes. */
#include "tests/unit/evtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/mem.h"
#include "user/record/fields.h"
#include "user/report/dump.h"

/* Records as a reader gives them, one after the other. */
struct records {
	unsigned char *bytes;
	size_t n, cap;
};

static void add(struct records *r, struct wire_head head, const void *body, size_t size)
{
	static const unsigned char zero[8];
	size_t whole = sizeof(head) + size, padded = (whole + 7) & ~(size_t)7;

	head.size = (uint16_t)padded;
	ARRAY_RESERVE(r->bytes, r->n, r->cap, padded);
	memcpy(r->bytes + r->n, &head, sizeof(head));
	if (size)
		memcpy(r->bytes + r->n + sizeof(head), body, size);
	memcpy(r->bytes + r->n + whole, zero, padded - whole);
	r->n += padded;
}

static char *dump(const struct records *r)
{
	struct dump_place place = { 0 };
	char *text = NULL;
	size_t at, n = 0;
	FILE *out = open_memstream(&text, &n);

	for (at = 0; at < r->n; at += ((struct wire_head *)(void *)(r->bytes + at))->size)
		dump_record(out, &place, (const void *)(r->bytes + at));
	dump_release(&place);
	fclose(out);
	return text;
}

/* To text and back; the text is for the caller to look at and free. */
static char *there_and_back(const struct records *r)
{
	struct evtext e = { 0 };
	char *text = dump(r);
	const char *c;
	size_t i;

	for (c = text; *c; c++)
		if (*c != '\n' && (*c < ' ' || *c > '~'))
			fail_msg("byte %d in: %s", *c, text);
	if (evtext_parse(&e, text))
		fail_msg("%s in:\n%s", e.error, text);
	for (i = 0; i < r->n && i < e.n && r->bytes[i] == e.bytes[i]; i++)
		;
	if (e.n != r->n || i < r->n)
		fail_msg("byte %zu of %zu differs (%zu came back):\n%s", i, r->n, e.n, text);
	evtext_release(&e);
	return text;
}

static void check(struct records *r)
{
	free(there_and_back(r));
	free(r->bytes);
	*r = (struct records){ 0 };
}

/* A body with every byte of its fields set, strings and bytes behind it. */
struct full {
	unsigned char bytes[1024];
	size_t n;
};

static void fill(struct full *f, const struct kind_fields *kind, unsigned char with, const char *s)
{
	static const uint64_t numbers[] = { 0xffffffff81000000, 7, 7, 7, 0 };
	const struct field *field;
	size_t i;

	memset(f, 0, sizeof(*f));
	for (field = kind->fields; field->key; field++)
		for (i = 0; i < field->size; i++)
			f->bytes[field->offset + i] = (unsigned char)(with + i);
	f->n = kind->body_size;
	for (i = 0; kind->tail == TAIL_STRINGS && kind->strings[i]; i++) {
		memcpy(f->bytes + f->n, s, strlen(s) + 1);
		f->n += strlen(s) + 1;
	}
	if (kind->tail == TAIL_LATENCY || kind->tail == TAIL_ADDRESSES) {
		memcpy(f->bytes + f->n, numbers, sizeof(numbers));
		f->n += sizeof(numbers);
	}
	if (kind->tail == TAIL_ARGV) {
		((struct wire_exec *)(void *)f->bytes)->argv_len = 10;
		memcpy(f->bytes + f->n, "a b\0\0\"\\\x1b\n", 10);
		f->n += 10;
	}
}

static const char hostile[] = "\x1b]0;x\x07 \"quoted\" back\\slash\n\r\t\x7f\xff\xe2\x80\xae #=|,";

static void test_every_kind(void **state)
{
	static const char *const strings[] = { "word", "two words", "", hostile };
	static const unsigned char values[] = { 0, 1, 2, 0x7f, 0x80, 0xfe };
	const struct kind_fields *kind;
	struct records r = { 0 };
	struct full body;
	size_t i, k;

	(void)state;
	for (kind = kind_fields; kind->name; kind++)
		for (i = 0; i < ARRAY_SIZE(strings); i++)
			for (k = 0; k < ARRAY_SIZE(values); k++) {
				struct wire_head head = { .time = 1234567891 + k, .pid = 11,
							  .tid = 11 + (uint32_t)(k & 1),
							  .kind = kind->number,
							  .run = (uint16_t)i };

				fill(&body, kind, values[k], strings[i]);
				add(&r, head, body.bytes, body.n);
			}
	check(&r);
}

/* Nothing set, every flag of trust: what is left out must not come back as what it implies. */
static void test_zeros_and_trust(void **state)
{
	const unsigned char zeros[512] = { 0 };
	const struct kind_fields *kind;
	struct records r = { 0 };
	unsigned int flags, task;
	size_t i, n;

	(void)state;
	for (kind = kind_fields; kind->name; kind++) {
		for (i = n = 0; kind->strings[i]; i++)
			n++;
		for (flags = 0; flags < 16; flags++)
			for (task = 0; task < 4; task++) {
				struct wire_head head = { .time = flags, .kind = kind->number,
							  .pid = task & 1, .tid = task,
							  .flags = (uint16_t)flags, .run = 3 };

				if (flags == 3 && task == 3)
					head.flags = 0xffff; /* bits of a later version */
				add(&r, head, zeros, kind->body_size + n);
			}
	}
	check(&r);
}

/* Shorter and longer than we know: other versions, and liars. */
static void test_other_sizes(void **state)
{
	const struct kind_fields *kind;
	struct records r = { 0 };
	struct full body;
	size_t n;

	(void)state;
	for (kind = kind_fields; kind->name; kind++) {
		struct wire_head head = { .time = 5, .pid = 1, .tid = 1, .kind = kind->number, .run = 1 };

		for (n = 0; n < kind->body_size; n += 8) {
			fill(&body, kind, 0x33, "");
			/* Half a field would come back whole only by luck: whole words are cut. */
			memset(body.bytes + n, 0, sizeof(body.bytes) - n);
			add(&r, head, body.bytes, n);
		}
		fill(&body, kind, 0x33, "");
		if (kind->tail == TAIL_NONE)
			add(&r, head, body.bytes, body.n + 64);
	}
	check(&r);
}

static void test_argv(void **state)
{
	static const char *const tails[] = { "", "a", "ab", "abc\0d", "a\0", "\0\0", " ", "12345678", "1234567" };
	static const size_t sizes[] = { 0, 1, 2, 5, 2, 2, 1, 8, 8 };
	struct records r = { 0 };
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(tails); i++)
		for (len = 0; len < 2; len++) {
			struct wire_head head = { .time = 9, .pid = 4, .tid = 4, .kind = WIRE_EXEC, .run = 2 };
			unsigned char bytes[256] = { 0 };
			struct wire_exec body = { .enter = 8, .old_tid = 4,
						  .argv_len = len ? UINT32_MAX : (uint32_t)sizes[i] };

			memcpy(bytes, &body, sizeof(body));
			memcpy(bytes + sizeof(body), tails[i], sizes[i]);
			add(&r, head, bytes, sizeof(body) + sizes[i]);
		}
	check(&r);
}

static void test_times(void **state)
{
	static const uint64_t times[] = { 1000, 1001, 999, 0, 1000 + 1000000, 1000 + 1234560,
					  1000 + 100000, 1000000000000000007, UINT64_MAX };
	struct records r = { 0 };
	size_t i, k;
	char *text;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(times); i++)
		for (k = 0; k < 3; k++) {
			struct wire_head head = { .time = times[i], .run = (uint16_t)k, .kind = HOST_CLIENT };
			struct host_client body = { .connect = times[i], .first_byte = 5, .uncertainty = times[i] };
			unsigned char bytes[sizeof(body) + 1] = { 0 };

			memcpy(bytes, &body, sizeof(body));
			add(&r, head, bytes, sizeof(bytes));
		}
	text = there_and_back(&r);
	assert_non_null(strstr(text, "run 1 at 1000\n+0 - CLIENT connect=+0 first_byte=5 uncertainty=1000\n"));
	assert_non_null(strstr(text, "\n+1.23456ms - CLIENT connect=+1.23456ms "));
	assert_non_null(strstr(text, "\nrun 0\n"));
	free(text);
	free(r.bytes);
}

/* As a person would write it. */
static void test_reads_well(void **state)
{
	static const char written[] =
		"0 - SESSION port=8080 runs=1 version=0.1\n"
		"0 - SCENARIO id=1 flags=host_accept|vm name=runc boundary=\"shared kernel\"\n"
		"run 1 at 1000000000\n"
		"+0 - RUN_BEGIN scenario=1 netns=100\n"
		"+2ms 100 EXEC enter=+1.9ms root=1 comm=runc exe_name=runc argv=\"runc run a\\x20b\"\n"
		"+3ms 100 FORK child=101 comm=runc\n"
		"+3.5ms 101 FORK thread=102 shares_mm=1 comm=runc\n"
		"+4ms 101/102 LISTEN family=2 local_port=8080 netns=100\n"
		"+5ms 101 EXIT code=9 group_dead=0\n"
		"+6ms 100 PROCESS_MEMORY when=settled rss=4096 comm=runc\n"
		"+7ms - LATENCY ns=1000,2000*98\n"
		"+8ms - OUTPUT text=\"\\x1b[2J\\n\"\n"
		"+9ms 101 BLOCKED since=+8.5ms n=2 stack=0xffffffff81000000,0x7\n"
		"+10ms - RUN_END status=failed reason=\"it \\\"died\\\"\"\n";
	struct records r = { 0 };
	struct evtext e = { 0 };
	char *text;

	(void)state;
	assert_int_equal(evtext_parse(&e, written), 0);
	r.bytes = e.bytes;
	r.n = e.n;
	text = there_and_back(&r);
	assert_string_equal(text, written);
	free(text);
	evtext_release(&e);
}

static void test_unknown_kind(void **state)
{
	struct records r = { 0 };
	struct wire_head head = { .time = 1, .kind = 4711, .pid = 2, .tid = 3 };
	const char body[40] = { 0 };
	char *text;

	(void)state;
	add(&r, head, body, sizeof(body));
	text = there_and_back(&r);
	assert_string_equal(text, "1 2/3 4711 size=64\n");
	free(text);
	free(r.bytes);
}

static void test_counts(void **state)
{
	struct dump_counts c = { 0 };
	struct wire_head head = { 0 };
	unsigned int i;
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);

	(void)state;
	for (i = 0; i < 100003; i++) { /* alternating, so that nothing is counted in place */
		head.run = (uint16_t)(i % 3);
		head.kind = i % 2 ? WIRE_FORK : 4711;
		dump_count(&c, &head);
	}
	dump_counts_print(out, &c);
	fclose(out);
	assert_string_equal(text, "  run kind               records\n"
				  "    0 FORK                 16667\n"
				  "    0 4711                 16668\n"
				  "    1 FORK                 16667\n"
				  "    1 4711                 16667\n"
				  "    2 FORK                 16667\n"
				  "    2 4711                 16667\n");
	assert_true(c.cap < 16384);
	dump_counts_release(&c);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),  cmocka_unit_test(test_zeros_and_trust),
		cmocka_unit_test(test_other_sizes), cmocka_unit_test(test_argv),
		cmocka_unit_test(test_times),	    cmocka_unit_test(test_reads_well),
		cmocka_unit_test(test_unknown_kind), cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests_name("dump", tests, NULL, NULL);
}
