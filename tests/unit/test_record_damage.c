// SPDX-License-Identifier: GPL-2.0-only
/* test_record_damage.c - files that lie: the reader says so, and never gives out a wrong record. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <zlib.h>

#include "tests/unit/sample.h"
#include "tests/unit/scratch.h"

/* The good recording that the tests spoil, and its records one after the other. */
static struct {
	unsigned char *bytes;
	size_t n;
	unsigned char *records;
	size_t n_records; /* bytes */
} good;

static void make_good(void)
{
	struct error err = { 0 };
	const struct wire_head *record;
	struct scratch s;
	struct writer *w;
	struct reader *r;
	size_t cap = 0;

	scratch_init(&s);
	w = writer_open(s.path, false, (uid_t)-1, (gid_t)-1, &err);
	if (!w || sample_write(w, &err) < 0 || writer_flush(w, &err) < 0 ||
	    sample_put_host(w, HOST_ENV, 8, 2, &err) < 0 || writer_flush(w, &err) < 0 ||
	    sample_append_wire(w, WIRE_EXIT, 8, &err) < 0 || writer_seal(w, &err) < 0)
		abort();
	good.bytes = slurp(s.path, &good.n);
	scratch_remove(&s);
	r = reader_open_bytes(good.bytes, good.n, &err);
	if (!r)
		abort();
	while ((record = reader_next(r))) {
		ARRAY_RESERVE(good.records, good.n_records, cap, record->size);
		memcpy(good.records + good.n_records, record, record->size);
		good.n_records += record->size;
	}
	reader_close(r);
}

static int setup(void **state)
{
	(void)state;
	make_good();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(good.bytes);
	free(good.records);
	return 0;
}

/*
 * Read bytes to their end: they may give a prefix of the good records, nothing else. Returns how
 * much of them (bytes), and true in *complete when the reader claims that nothing is missing.
 */
static size_t read_prefix(struct reader *r, bool *complete, char why[256])
{
	const struct wire_head *record;
	const char *reason = "";
	size_t n = 0;

	while ((record = reader_next(r))) {
		if (record->size > good.n_records - n ||
		    memcmp(record, good.records + n, record->size))
			fail_msg("a wrong record was given out after %zu bytes", n);
		n += record->size;
	}
	assert_null(reader_next(r));
	*complete = reader_complete(r, &reason);
	snprintf(why, 256, "%s", reason);
	if (!*complete && !*reason)
		fail_msg("not complete, and it does not say why");
	return n;
}

static void test_good(void **state)
{
	struct reader *r = reader_open_bytes(good.bytes, good.n, NULL);
	char why[256];
	bool complete;

	(void)state;
	assert_non_null(r);
	assert_int_equal(read_prefix(r, &complete, why), good.n_records);
	assert_true(complete);
	reader_close(r);
}

/* Exactly-sized copies: the sanitizer sees one byte read too many. */
static unsigned char *copy(const unsigned char *bytes, size_t n)
{
	unsigned char *p = xmalloc(n);

	memcpy(p, bytes, n);
	return p;
}

static void test_truncated_everywhere(void **state)
{
	size_t n, last = 0, steps = 0;

	(void)state;
	for (n = 0; n < good.n; n++) {
		CLEANUP_FREE unsigned char *bytes = copy(good.bytes, n);
		struct error err = { 0 };
		struct reader *r = reader_open_bytes(bytes, n, &err);
		char why[256];
		bool complete;
		size_t got;

		if (n < sizeof(struct file_head)) {
			assert_null(r);
			assert_int_equal(err.class, ERROR_USAGE);
			continue;
		}
		assert_non_null(r);
		got = read_prefix(r, &complete, why);
		assert_false(complete);
		assert_memory_equal(why, "not closed", 10);
		assert_true(got >= last);
		steps += got > last;
		last = got;
		assert_false(reader_again(r));
		reader_close(r);
	}
	assert_int_equal(steps, 3); /* of three chunks */
	assert_int_equal(last, good.n_records);
}

static void test_truncated_file(void **state)
{
	struct scratch s;
	size_t n;

	(void)state;
	scratch_init(&s);
	for (n = 0; n < good.n; n++) {
		struct error err = { 0 };
		struct reader *r;
		char why[256];
		bool complete;

		spill(s.path, good.bytes, n);
		r = reader_open(s.path, &err);
		assert_int_equal(r != NULL, n >= sizeof(struct file_head));
		if (!r)
			continue;
		read_prefix(r, &complete, why);
		assert_false(complete);
		reader_close(r);
	}
	scratch_remove(&s);
}

static void test_every_flip(void **state)
{
	static const unsigned char masks[] = { 1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0x55 };
	CLEANUP_FREE unsigned char *bytes = copy(good.bytes, good.n);
	size_t i, k;

	(void)state;
	for (i = 0; i < good.n; i++) {
		for (k = 0; k < ARRAY_SIZE(masks); k++) {
			struct error err = { 0 };
			struct reader *r;
			char why[256];
			bool complete;

			bytes[i] ^= masks[k];
			r = reader_open_bytes(bytes, good.n, &err);
			if (!r) {
				assert_true(i < sizeof(struct file_head));
				assert_int_equal(err.class, ERROR_USAGE);
				assert_true(err.text[0] != '\0');
			} else {
				assert_true(i >= sizeof(struct file_head));
				read_prefix(r, &complete, why);
				if (complete)
					fail_msg("flip %02x of byte %zu was not noticed",
						 masks[k], i);
				reader_close(r);
			}
			bytes[i] ^= masks[k];
		}
	}
}

static void test_flip_says_where(void **state)
{
	const size_t payload = sizeof(struct file_head) + sizeof(struct chunk_head);
	CLEANUP_FREE unsigned char *bytes = copy(good.bytes, good.n);
	CLEANUP_FREE char *expected = NULL;
	struct reader *r;
	char why[256];
	bool complete;

	(void)state;
	bytes[payload + 5] ^= 1;
	r = reader_open_bytes(bytes, good.n, NULL);
	assert_non_null(r);
	assert_int_equal(read_prefix(r, &complete, why), 0);
	expected = xasprintf("damaged at byte %zu: checksum of a chunk", payload);
	assert_string_equal(why, expected);
	assert_false(reader_again(r)); /* damage does not heal */
	assert_null(reader_next(r));
	reader_close(r);
}

static void expect_refused(const void *bytes, size_t n, const char *words)
{
	struct error err = { 0 };

	assert_null(reader_open_bytes(bytes, n, &err));
	assert_int_equal(err.class, ERROR_USAGE);
	assert_true(err.code < 0);
	if (!strstr(err.text, words))
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void test_no_recording(void **state)
{
	struct file_head head = { .magic = FORMAT_MAGIC, .version = FORMAT_VERSION + 1 };
	struct error err = { 0 };

	(void)state;
	expect_refused("", 0, "is empty");
	expect_refused(NULL, 0, "is empty");
	expect_refused("COLDPROF", 8, "is not a recording");
	expect_refused("#!/bin/sh\necho this is a script\n", 32, "is not a recording");
	expect_refused(&head, sizeof(head), "later coldprof");
	head.version = UINT32_MAX;
	expect_refused(&head, sizeof(head), "version 4294967295");
	head.version = 0;
	expect_refused(&head, sizeof(head), "damaged at byte 8");
	head.version = FORMAT_VERSION;
	head.flags = 1;
	expect_refused(&head, sizeof(head), "damaged at byte 12");
	assert_null(reader_open("/nonexistent/file", &err));
	assert_int_equal(err.code, -ENOENT);
	assert_int_equal(err.class, ERROR_USAGE);
	assert_null(reader_open("/dev/null", &err));
	assert_int_equal(err.class, ERROR_USAGE);
}

/* A recording by hand: one chunk of raw bytes, with what its head says open to change. */
struct forged {
	unsigned char bytes[4096];
	size_t n;
	struct chunk_head chunk;
};

static void forge(struct forged *f, const void *raw, size_t n)
{
	const struct file_head head = { .magic = FORMAT_MAGIC, .version = FORMAT_VERSION };
	const size_t at = sizeof(head) + sizeof(f->chunk);
	uLongf packed = sizeof(f->bytes) - at;

	memset(f, 0, sizeof(*f));
	memcpy(f->bytes, &head, sizeof(head));
	if (compress2(f->bytes + at, &packed, raw, n, 9) != Z_OK)
		abort();
	f->chunk.type = CHUNK_RECORDS;
	f->chunk.raw_bytes = (uint32_t)n;
	f->chunk.packed_bytes = (uint32_t)packed;
	f->chunk.crc = (uint32_t)crc32(0, f->bytes + at, (uInt)packed);
	f->n = at + packed;
}

/* Read it: how many records come out, and what is said about the end. */
static size_t read_forged(struct forged *f, char why[256])
{
	CLEANUP_FREE unsigned char *bytes = NULL;
	const struct wire_head *record;
	const char *reason = "complete";
	struct reader *r;
	size_t records = 0;

	memcpy(f->bytes + sizeof(struct file_head), &f->chunk, sizeof(f->chunk));
	bytes = copy(f->bytes, f->n);
	r = reader_open_bytes(bytes, f->n, NULL);
	assert_non_null(r);
	while ((record = reader_next(r))) {
		assert_true(record->size >= sizeof(*record) && record->size % 8 == 0);
		records++;
	}
	reader_complete(r, &reason);
	snprintf(why, 256, "%s", reason);
	reader_close(r);
	return records;
}

static void expect_damage(struct forged *f, const char *words)
{
	char why[256];

	assert_int_equal(read_forged(f, why), 0);
	if (strncmp(why, "damaged at byte ", 16) || !strstr(why, words))
		fail_msg("\"%s\" does not say \"%s\"", why, words);
}

static void test_forged_is_read(void **state)
{
	struct wire_head records[3] = { { .size = 24 }, { .size = 48 } };
	struct forged f;
	char why[256];

	(void)state;
	forge(&f, records, sizeof(records));
	assert_int_equal(read_forged(&f, why), 2);
	assert_memory_equal(why, "not closed", 10);
}

static void test_bad_record_sizes(void **state)
{
	static const uint16_t bad[] = { 0, 1, 8, 16, 23, 25, 28, 31, 56, 96, 65528, 65535 };
	size_t i, place;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		for (place = 0; place < 2; place++) {
			struct wire_head records[2] = { { .size = 24 }, { .size = 24 } };
			struct forged f;

			records[place].size = bad[i];
			forge(&f, records, sizeof(records));
			/* Not one record of such a chunk: the good first one neither. */
			expect_damage(&f, place ? "inflated byte 24" : "inflated byte 0");
		}
	}
}

static void test_rest_too_short_for_a_head(void **state)
{
	unsigned char raw[32] = { 0 };
	struct wire_head head = { .size = 24 };
	struct forged f;

	(void)state;
	memcpy(raw, &head, sizeof(head));
	forge(&f, raw, sizeof(raw));
	expect_damage(&f, "inflated byte 24");
}

static void test_lying_lengths(void **state)
{
	struct wire_head records[100];
	struct forged f;
	uint32_t packed;
	char why[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = (struct wire_head){ .size = 24 };
	forge(&f, records, sizeof(records));
	packed = f.chunk.packed_bytes;
	f.chunk.raw_bytes = sizeof(records) - 24; /* more comes out than it says */
	expect_damage(&f, "does not inflate");
	f.chunk.raw_bytes = sizeof(records) + 24; /* less */
	expect_damage(&f, "does not inflate");
	f.chunk.raw_bytes = FORMAT_CHUNK_MAX;
	expect_damage(&f, "does not inflate");
	f.chunk.raw_bytes = FORMAT_CHUNK_MAX + 8;
	expect_damage(&f, "byte 20: inflated length");
	f.chunk.raw_bytes = UINT32_MAX & ~7u;
	expect_damage(&f, "inflated length");
	f.chunk.raw_bytes = 0;
	expect_damage(&f, "inflated length");
	f.chunk.raw_bytes = 16;
	expect_damage(&f, "inflated length");
	f.chunk.raw_bytes = sizeof(records) - 1;
	expect_damage(&f, "inflated length");
	f.chunk.raw_bytes = sizeof(records);
	f.chunk.packed_bytes = 0;
	expect_damage(&f, "byte 24: length");
	f.chunk.packed_bytes = FORMAT_PACKED_MAX + 1;
	expect_damage(&f, "byte 24: length");
	f.chunk.packed_bytes = UINT32_MAX;
	expect_damage(&f, "byte 24: length");
	f.chunk.packed_bytes = FORMAT_PACKED_MAX; /* longer than the file, but possible */
	assert_int_equal(read_forged(&f, why), 0);
	assert_memory_equal(why, "not closed", 10);
	f.chunk.packed_bytes = packed;
	assert_int_equal(read_forged(&f, why), 100);
}

/* 64 MiB of zeros in 64 KiB: no more than what the head says is ever inflated. */
static void test_bomb(void **state)
{
	const size_t n = 64u << 20, at = sizeof(struct file_head) + sizeof(struct chunk_head);
	const struct file_head head = { .magic = FORMAT_MAGIC, .version = FORMAT_VERSION };
	CLEANUP_FREE unsigned char *zeros = xcalloc(1, n), *bytes = xmalloc(200000);
	struct chunk_head chunk = { .type = CHUNK_RECORDS, .raw_bytes = FORMAT_CHUNK_MAX };
	uLongf packed = 200000 - at;
	const char *why = NULL;
	struct reader *r;

	(void)state;
	assert_int_equal(compress2(bytes + at, &packed, zeros, n, 9), Z_OK);
	chunk.packed_bytes = (uint32_t)packed;
	chunk.crc = (uint32_t)crc32(0, bytes + at, (uInt)packed);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &chunk, sizeof(chunk));
	r = reader_open_bytes(bytes, at + packed, NULL);
	assert_non_null(r);
	assert_null(reader_next(r));
	assert_false(reader_complete(r, &why));
	assert_non_null(strstr(why, "does not inflate"));
	reader_close(r);
}

static void test_bytes_after_the_stream(void **state)
{
	struct wire_head record = { .size = 24 };
	struct forged f;

	(void)state;
	forge(&f, &record, sizeof(record));
	f.bytes[f.n++] = 0;
	f.chunk.packed_bytes++;
	f.chunk.crc = (uint32_t)crc32(0, f.bytes + 32, f.chunk.packed_bytes);
	expect_damage(&f, "does not inflate");
}

static void test_unknown_chunk(void **state)
{
	struct wire_head record = { .size = 24 };
	struct forged f;

	(void)state;
	forge(&f, &record, sizeof(record));
	f.chunk.type = 0;
	expect_damage(&f, "byte 16: no chunk");
}

static void put_end(struct forged *f, const struct end_payload *end)
{
	struct chunk_head head = {
		.type = CHUNK_END,
		.raw_bytes = sizeof(*end),
		.packed_bytes = sizeof(*end),
	};

	head.crc = (uint32_t)crc32(0, (const unsigned char *)end, sizeof(*end));
	memcpy(f->bytes + f->n, &head, sizeof(head));
	memcpy(f->bytes + f->n + sizeof(head), end, sizeof(*end));
	f->n += sizeof(head) + sizeof(*end);
}

static void test_totals(void **state)
{
	const struct end_payload right = { .records = 2, .chunks = 1, .raw_bytes = 48 };
	struct wire_head records[2] = { { .size = 24 }, { .size = 24 } };
	struct end_payload wrong[3] = { right, right, right };
	struct forged f;
	char why[256];
	size_t i;

	(void)state;
	forge(&f, records, sizeof(records));
	put_end(&f, &right);
	assert_int_equal(read_forged(&f, why), 2);
	assert_string_equal(why, "complete");
	wrong[0].records++;
	wrong[1].chunks++;
	wrong[2].raw_bytes += 24;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		forge(&f, records, sizeof(records));
		put_end(&f, &wrong[i]);
		assert_int_equal(read_forged(&f, why), 2);
		assert_non_null(strstr(why, "records are missing"));
	}
	forge(&f, records, sizeof(records));
	put_end(&f, &right);
	f.bytes[f.n++] = 'x';
	assert_int_equal(read_forged(&f, why), 2);
	assert_non_null(strstr(why, "something follows the end"));
}

/* A chunk of the middle taken out: everything left is sound, only the totals know. */
static void test_chunk_taken_out(void **state)
{
	CLEANUP_FREE unsigned char *bytes = copy(good.bytes, good.n);
	struct chunk_head first, second;
	const struct wire_head *record;
	const char *why = NULL;
	struct reader *r;
	size_t at, gone, n = 0;

	(void)state;
	memcpy(&first, bytes + sizeof(struct file_head), sizeof(first));
	at = sizeof(struct file_head) + sizeof(first) + first.packed_bytes;
	memcpy(&second, bytes + at, sizeof(second));
	gone = sizeof(second) + second.packed_bytes;
	memmove(bytes + at, bytes + at + gone, good.n - at - gone);
	r = reader_open_bytes(bytes, good.n - gone, NULL);
	assert_non_null(r);
	while ((record = reader_next(r)))
		n += record->size;
	assert_int_equal(n, good.n_records - second.raw_bytes);
	assert_false(reader_complete(r, &why));
	assert_non_null(strstr(why, "records are missing"));
	reader_close(r);
}

/* A kind of a later coldprof is given out like any other: its size is sound. */
static void test_unknown_kind(void **state)
{
	struct wire_head records[2] = { { .kind = 60000, .size = 24 }, { .kind = 0, .size = 24 } };
	struct forged f;
	char why[256];

	(void)state;
	forge(&f, records, sizeof(records));
	assert_int_equal(read_forged(&f, why), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_truncated_everywhere),
		cmocka_unit_test(test_truncated_file),
		cmocka_unit_test(test_every_flip),
		cmocka_unit_test(test_flip_says_where),
		cmocka_unit_test(test_no_recording),
		cmocka_unit_test(test_forged_is_read),
		cmocka_unit_test(test_bad_record_sizes),
		cmocka_unit_test(test_rest_too_short_for_a_head),
		cmocka_unit_test(test_lying_lengths),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_bytes_after_the_stream),
		cmocka_unit_test(test_unknown_chunk),
		cmocka_unit_test(test_totals),
		cmocka_unit_test(test_chunk_taken_out),
		cmocka_unit_test(test_unknown_kind),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
