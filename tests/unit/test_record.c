// SPDX-License-Identifier: GPL-2.0-only
/* test_record.c - what the writer writes is what the reader reads. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "tests/unit/sample.h"
#include "tests/unit/scratch.h"

static struct writer *open_writer(const struct scratch *s)
{
	struct error err = { 0 };
	struct writer *w = writer_open(s->path, false, NOBODY, &err);

	if (!w)
		fail_msg("%s", err.text);
	return w;
}

static struct reader *open_reader(const struct scratch *s)
{
	struct error err = { 0 };
	struct reader *r = reader_open(s->path, &err);

	if (!r)
		fail_msg("%s", err.text);
	return r;
}

static void assert_complete(struct reader *r)
{
	const char *why = NULL;

	if (!reader_complete(r, &why))
		fail_msg("not complete: %s", why);
}

static off_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void check_head(const struct wire_head *record, unsigned int kind, size_t body_size)
{
	struct wire_head head = sample_head(kind);
	unsigned char body[512], expected[512];

	assert_non_null(record);
	assert_true(record->time == head.time);
	assert_int_equal(record->tid, head.tid);
	assert_int_equal(record->pid, head.pid);
	assert_int_equal(record->kind, kind);
	assert_int_equal(record->flags, 0);
	assert_int_equal(record->run, head.run);
	sample_body(kind, expected, body_size);
	assert_int_equal(record_body(record, body, body_size), body_size);
	assert_memory_equal(body, expected, body_size);
}

static void check_host(const struct wire_head *record, unsigned int kind, size_t body_size,
		       unsigned int n_strings)
{
	unsigned int i;

	check_head(record, kind, body_size);
	for (i = 0; i < n_strings; i++) {
		char expected[32];
		const char *s = NULL;
		size_t n = record_string(record, body_size, i, &s);

		sample_string(expected, kind, i);
		assert_int_equal(n, strlen(expected));
		assert_string_equal(s, expected);
	}
}

static void test_every_kind(void **state)
{
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	struct reader *r;

	assert_int_equal(sample_write(w, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
#define CHECK_HOST(number, NAME, body, strings)                                                    \
	check_host(reader_next(r), number, sizeof(struct host_##body), strings);
#define CHECK_WIRE(number, NAME, body)                                                             \
	check_head(reader_next(r), number, sizeof(struct wire_##body));
	HOST_KINDS(CHECK_HOST)
	WIRE_KINDS(CHECK_WIRE)
	assert_null(reader_next(r));
	assert_complete(r);
	assert_null(reader_next(r));
	assert_false(reader_again(r));
	assert_complete(r);
	reader_close(r);
}

static void test_kind_names(void **state)
{
	unsigned int kind, known = 0;

	(void)state;
	assert_string_equal(record_kind_name(WIRE_FORK), "FORK");
	assert_string_equal(record_kind_name(HOST_RUN_BEGIN), "RUN_BEGIN");
	assert_string_equal(record_kind_name(HOST_COST), "COST");
	for (kind = 0; kind < 70000; kind++)
		known += record_kind_name(kind) != NULL;
#define ONE(...) +1
	assert_int_equal(known, 0 WIRE_KINDS(ONE) HOST_KINDS(ONE));
	assert_null(record_kind_name(0));
}

static void test_empty_session(void **state)
{
	struct error err = { 0 };
	struct reader *r;

	assert_int_equal(writer_seal(open_writer(*state), &err), 0);
	r = open_reader(*state);
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

static void test_not_sealed(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct writer *w = open_writer(s);
	struct reader *r;
	const char *why = NULL;

	assert_int_equal(sample_put_host(w, HOST_ENV, 8, 2, &err), 0);
	assert_int_equal(writer_flush(w, &err), 0);
	assert_int_equal(sample_put_host(w, HOST_COST, 32, 0, &err), 0);
	writer_abandon(w);
	r = open_reader(s);
	assert_false(reader_complete(r, &why));
	assert_string_equal(why, "not read to its end");
	check_host(reader_next(r), HOST_ENV, 8, 2);
	assert_null(reader_next(r));
	assert_false(reader_complete(r, &why));
	assert_memory_equal(why, "not closed: the session was killed", 34);
	reader_close(r);
}

static void test_body_lengths(void **state)
{
	struct {
		struct wire_head head;
		unsigned char body[16];
	} record = { .head = { .kind = WIRE_EXIT, .size = sizeof(record) } };
	unsigned char body[32];
	const char *s = NULL;
	size_t n = 99;

	(void)state;
	memset(record.body, 7, sizeof(record.body));
	memset(body, 9, sizeof(body));
	/* An older recording: what it lacks reads as zero. */
	assert_int_equal(record_body(&record.head, body, sizeof(body)), 16);
	assert_int_equal(body[15], 7);
	assert_int_equal(body[16], 0);
	assert_int_equal(body[31], 0);
	/* A newer one: what we do not know is left out. */
	memset(body, 9, sizeof(body));
	assert_int_equal(record_body(&record.head, body, 4), 4);
	assert_int_equal(body[3], 7);
	assert_int_equal(body[4], 9);
	/* Nothing after the fixed part, or not even all of that. */
	record_bytes(&record.head, 16, &n);
	assert_int_equal(n, 0);
	record_bytes(&record.head, 100, &n);
	assert_int_equal(n, 0);
	assert_int_equal(record_string(&record.head, 100, 0, &s), 0);
	assert_string_equal(s, "");
	/* Only a head. */
	record.head.size = sizeof(record.head);
	assert_int_equal(record_body(&record.head, body, sizeof(body)), 0);
	assert_int_equal(body[0], 0);
	assert_int_equal(record_string(&record.head, 0, 0, &s), 0);
	assert_string_equal(s, "");
}

static void test_strings(void **state)
{
	static const char *const strings[] = { "first", NULL, "", "last" };
	const struct wire_head head = { .kind = HOST_SCENARIO };
	const struct host_scenario body = { .id = 3 };
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	const struct wire_head *record;
	struct reader *r;
	const char *s = NULL;

	assert_int_equal(writer_put(w, &head, &body, sizeof(body), strings, 4, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->size, 24 + 16 + 16);
	assert_int_equal(record_string(record, sizeof(body), 0, &s), 5);
	assert_string_equal(s, "first");
	assert_int_equal(record_string(record, sizeof(body), 1, &s), 0);
	assert_string_equal(s, "");
	assert_int_equal(record_string(record, sizeof(body), 2, &s), 0);
	assert_string_equal(s, "");
	assert_int_equal(record_string(record, sizeof(body), 3, &s), 4);
	assert_string_equal(s, "last");
	/* Beyond: the padding, then nothing. */
	assert_int_equal(record_string(record, sizeof(body), 4, &s), 0);
	assert_string_equal(s, "");
	assert_int_equal(record_string(record, sizeof(body), 4000000000u, &s), 0);
	assert_string_equal(s, "");
	reader_close(r);
}

static void test_string_without_nul(void **state)
{
	struct {
		struct wire_head head;
		char body[16];
	} record = { .head = { .kind = HOST_ENV, .size = sizeof(record) } };
	const char *s = NULL;
	size_t n;

	(void)state;
	memset(record.body, 'x', sizeof(record.body));
	assert_int_equal(record_string(&record.head, 8, 0, &s), 0);
	assert_string_equal(s, "");
	record.body[11] = '\0';
	assert_int_equal(record_string(&record.head, 8, 0, &s), 3);
	assert_string_equal(s, "xxx");
	assert_int_equal(record_string(&record.head, 8, 1, &s), 0);
	assert_string_equal(s, "");
	assert_memory_equal(record_bytes(&record.head, 8, &n), record.body + 8, 8);
	assert_int_equal(n, 8);
}

static void test_long_strings_are_cut(void **state)
{
	const size_t space = FORMAT_RECORD_MAX - sizeof(struct wire_head) - 8;
	const struct wire_head head = { .kind = HOST_ENV, .flags = WIRE_F_UNREADABLE };
	CLEANUP_FREE char *huge = xmalloc(100001);
	const char *strings[] = { "key", huge, "after" };
	const struct host_env body = { { 1, 2 } };
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	const struct wire_head *record;
	struct reader *r;
	const char *s = NULL;

	memset(huge, 'h', 100000);
	huge[100000] = '\0';
	assert_int_equal(writer_put(w, &head, &body, 8, strings, 3, &err), 0);
	/* One that fits to the byte is not cut. */
	huge[space - 1] = '\0';
	assert_int_equal(writer_put(w, &head, &body, 8, strings + 1, 1, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->size, FORMAT_RECORD_MAX);
	assert_int_equal(record->flags, WIRE_F_UNREADABLE | WIRE_F_TRUNCATED);
	assert_int_equal(record_string(record, 8, 0, &s), 3);
	assert_string_equal(s, "key");
	assert_int_equal(record_string(record, 8, 1, &s), space - 3 - 3);
	assert_int_equal(strspn(s, "h"), space - 3 - 3);
	assert_int_equal(record_string(record, 8, 2, &s), 0); /* in its place, but empty */
	assert_string_equal(s, "");
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->size, FORMAT_RECORD_MAX);
	assert_int_equal(record->flags, WIRE_F_UNREADABLE);
	assert_int_equal(record_string(record, 8, 0, &s), space - 1);
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

static void test_bytes(void **state)
{
	const struct wire_head head = { .kind = HOST_LATENCY };
	CLEANUP_FREE unsigned char *bytes = xmalloc(70000);
	struct host_latency body = { .n = 3 };
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	const struct wire_head *record;
	struct reader *r;
	const void *p;
	size_t i, n;

	for (i = 0; i < 70000; i++)
		bytes[i] = (unsigned char)(i % 253);
	assert_int_equal(writer_put_bytes(w, &head, &body, 8, bytes, 13, &err), 0);
	assert_int_equal(writer_put_bytes(w, &head, &body, 8, bytes, 70000, &err), 0);
	assert_int_equal(writer_put_bytes(w, &head, NULL, 0, NULL, 0, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->flags, 0);
	p = record_bytes(record, 8, &n);
	assert_int_equal(n, 16);
	assert_memory_equal(p, bytes, 13);
	assert_memory_equal((const char *)p + 13, "\0\0", 3);
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->flags, WIRE_F_TRUNCATED);
	p = record_bytes(record, 8, &n);
	assert_int_equal(n, FORMAT_RECORD_MAX - 24 - 8);
	assert_memory_equal(p, bytes, n);
	record = reader_next(r);
	assert_non_null(record);
	assert_int_equal(record->size, 24);
	assert_null(reader_next(r));
	reader_close(r);
}

/* Bugs of ours must not make files that our own reader refuses. */
static void test_bad_records_are_refused(void **state)
{
	static const uint16_t sizes[] = { 0, 8, 16, 23, 25, 28, 31 };
	static unsigned char body[70000];
	CLEANUP_FREE const char **strings = xcalloc(70000, sizeof(*strings));
	struct wire_head head = { .kind = HOST_ENV };
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	struct reader *r;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct wire_head record[2] = { { .kind = WIRE_EXIT, .size = sizes[i] } };

		assert_int_equal(writer_append(w, record, &err), -EINVAL);
	}
	assert_int_equal(writer_put(w, &head, body, sizeof(body), NULL, 0, &err), -E2BIG);
	assert_int_equal(writer_put(w, &head, body, 8, strings, 70000, &err), -E2BIG);
	assert_int_equal(writer_put_bytes(w, &head, body, 65505, NULL, 0, &err), -E2BIG);
	assert_int_equal(writer_put_bytes(w, &head, body, SIZE_MAX, NULL, 0, &err), -E2BIG);
	/* They are no write errors: the writer goes on. */
	assert_int_equal(writer_put_bytes(w, &head, body, 65504, NULL, 0, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	assert_non_null(reader_next(r));
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

static void put_numbered(struct writer *w, uint64_t number, size_t size)
{
	const struct wire_head head = { .time = number, .kind = WIRE_COMM };
	static const unsigned char body[1024];
	struct error err = { 0 };

	if (writer_put_bytes(w, &head, &number, 8, body, size - 32, &err) < 0)
		fail_msg("%s", err.text);
}

static void check_numbered(struct reader *r, uint64_t first, uint64_t end)
{
	for (; first < end; first++) {
		const struct wire_head *record = reader_next(r);
		uint64_t number;

		if (!record)
			fail_msg("record %llu is missing", (unsigned long long)first);
		record_body(record, &number, 8);
		if (record->time != first || number != first)
			fail_msg("record %llu is another", (unsigned long long)first);
	}
}

/* Records of all sizes, across many chunks. */
static void test_many_chunks(void **state)
{
	const uint64_t count = 30000;
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	struct reader *r;
	uint64_t i;

	for (i = 0; i < count; i++)
		put_numbered(w, i, 32 + 8 * (i % 64));
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	check_numbered(r, 0, count);
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

/* Bytes that zlib cannot make smaller: a full chunk of them fits all the same. */
static void test_incompressible(void **state)
{
	const struct wire_head head = { .kind = HOST_OUTPUT };
	CLEANUP_FREE unsigned char *noise = xmalloc(65000);
	uint64_t seed = 88172645463325252ull;
	struct error err = { 0 };
	struct writer *w = open_writer(*state);
	struct reader *r;
	size_t i, n;

	for (i = 0; i < 65000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		noise[i] = (unsigned char)seed;
	}
	for (i = 0; i < 50; i++)
		assert_int_equal(writer_put_bytes(w, &head, NULL, 0, noise, 65000, &err), 0);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(*state);
	for (i = 0; i < 50; i++) {
		const struct wire_head *record = reader_next(r);

		assert_non_null(record);
		assert_memory_equal(record_bytes(record, 0, &n), noise, 65000);
	}
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

static void test_hold(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct writer *w = open_writer(s);
	struct reader *r;
	uint64_t i;
	off_t size;

	writer_hold(w, true);
	for (i = 0; i < 50000; i++)
		put_numbered(w, i, 104);
	assert_int_equal(writer_flush(w, &err), 0);
	assert_int_equal(size_of(s->path), sizeof(struct file_head));
	writer_hold(w, false);
	assert_int_equal(size_of(s->path), sizeof(struct file_head));
	assert_int_equal(writer_flush(w, &err), 0);
	size = size_of(s->path);
	assert_true(size > (off_t)sizeof(struct file_head));
	/* Again, with blocks that are there already; sealed while held. */
	writer_hold(w, true);
	for (; i < 120000; i++)
		put_numbered(w, i, 104);
	assert_int_equal(size_of(s->path), size);
	assert_int_equal(writer_seal(w, &err), 0);
	r = open_reader(s);
	check_numbered(r, 0, 120000);
	assert_null(reader_next(r));
	assert_complete(r);
	reader_close(r);
}

static void test_growing(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct writer *w = open_writer(s);
	struct reader *r = open_reader(s);
	const char *why;
	uint64_t i;

	assert_null(reader_next(r));
	assert_false(reader_again(r));
	for (i = 0; i < 20; i++) {
		put_numbered(w, 2 * i, 64);
		put_numbered(w, 2 * i + 1, 64);
		assert_false(reader_again(r));
		assert_null(reader_next(r));
		assert_int_equal(writer_flush(w, &err), 0);
		assert_null(reader_next(r)); /* not before it was asked to look */
		assert_true(reader_again(r));
		assert_true(reader_again(r));
		check_numbered(r, 2 * i, 2 * i + 2);
		assert_null(reader_next(r));
		assert_false(reader_complete(r, &why));
	}
	assert_int_equal(writer_seal(w, &err), 0);
	assert_false(reader_again(r));
	assert_complete(r);
	assert_null(reader_next(r));
	reader_close(r);
}

/* A chunk seen while it is being written, cut at any byte, is waited for. */
static void test_growing_by_bytes(void **state)
{
	const struct scratch *s = *state;
	struct error err = { 0 };
	struct writer *w = open_writer(s);
	CLEANUP_FREE unsigned char *bytes = NULL;
	struct reader *r;
	const char *why;
	uint64_t i, seen = 0;
	size_t n, k;

	for (i = 0; i < 9; i++) {
		put_numbered(w, i, 64);
		if (i % 3 == 2)
			assert_int_equal(writer_flush(w, &err), 0);
	}
	assert_int_equal(writer_seal(w, &err), 0);
	bytes = slurp(s->path, &n);
	spill(s->path, bytes, sizeof(struct file_head));
	r = open_reader(s);
	assert_null(reader_next(r));
	for (k = sizeof(struct file_head); k < n; k++) {
		spill(s->path, bytes, k + 1);
		while (reader_again(r)) {
			check_numbered(r, seen, seen + 1);
			seen++;
		}
		assert_int_equal(reader_complete(r, &why), k + 1 == n);
	}
	assert_int_equal(seen, 9);
	reader_close(r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_every_kind),
		TEST(test_kind_names),
		TEST(test_empty_session),
		TEST(test_not_sealed),
		TEST(test_body_lengths),
		TEST(test_strings),
		TEST(test_string_without_nul),
		TEST(test_long_strings_are_cut),
		TEST(test_bytes),
		TEST(test_bad_records_are_refused),
		TEST(test_many_chunks),
		TEST(test_incompressible),
		TEST(test_hold),
		TEST(test_growing),
		TEST(test_growing_by_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
