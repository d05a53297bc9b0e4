// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_reader.c - libFuzzer: any bytes as a recording.
 *
 *     clang -g -O1 -std=gnu11 -D_GNU_SOURCE -I. -fsanitize=fuzzer,address,undefined \
 *           -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
 *           tests/fuzz/fuzz_reader.c user/base/?*.c user/record/?*.c -lz
 *
 * An input is a whole file when it begins like one, else the records of a chunk that is packed
 * here: a fuzzer hardly finds its way through zlib. seed.c makes seeds of both sorts.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "user/base/mem.h"
#include "user/record/reader.h"

#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
#error "clang does not define it by itself; without it checksums stop nearly every input"
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Read a byte of all, so that the sanitizers see every address that is given out. */
static unsigned int touch(const void *p, size_t n)
{
	const unsigned char *bytes = p;
	unsigned int sum = 0;

	while (n--)
		sum += *bytes++;
	return sum;
}

/* What a reader of this kind would ask, and what it would ask by mistake. */
static unsigned int ask_record(const struct wire_head *record)
{
	static const size_t sizes[] = { 0, 1, 8, 16, 24, 32, 40, 64, 72, 112, 65535 };
	const char *name = record_kind_name(record->kind);
	unsigned int sum = name ? (unsigned int)strlen(name) : 0;
	unsigned char body[128];
	size_t i;

	if (record->size < sizeof(*record) || record->size % 8)
		abort();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		unsigned int index;
		const void *bytes;
		const char *s;
		size_t n;

		if (sizes[i] <= sizeof(body)) {
			n = record_body(record, body, sizes[i]);
			if (n > sizes[i] || n > record->size - sizeof(*record))
				abort();
			sum += touch(body, sizes[i]);
		}
		bytes = record_bytes(record, sizes[i], &n);
		sum += touch(bytes, n);
		for (index = 0; index < 10; index++) {
			n = record_string(record, sizes[i], index, &s);
			if (strlen(s) != n)
				abort();
			sum += touch(s, n);
		}
	}
	return sum;
}

static unsigned int read_all(const void *bytes, size_t n)
{
	struct error err = { 0 };
	struct reader *r = reader_open_bytes(bytes, n, &err);
	const struct wire_head *record;
	const char *why = NULL;
	unsigned int sum = 0;

	if (!r) {
		if (!err.code || !err.text[0])
			abort();
		return 0;
	}
	while ((record = reader_next(r)))
		sum += ask_record(record);
	if (!reader_complete(r, &why))
		sum += (unsigned int)strlen(why);
	if (reader_again(r) || reader_next(r)) /* these bytes do not grow */
		abort();
	reader_close(r);
	return sum;
}

static unsigned int read_as_records(const uint8_t *data, size_t n)
{
	const struct file_head file = { .magic = FORMAT_MAGIC, .version = FORMAT_VERSION };
	struct chunk_head chunk = { .type = CHUNK_RECORDS };
	const size_t at = sizeof(file) + sizeof(chunk);
	uLongf packed = compressBound(n);
	unsigned char *bytes = xmalloc(at + packed);
	unsigned int sum;

	if (compress2(bytes + at, &packed, data, n, 0) != Z_OK)
		abort();
	chunk.raw_bytes = (uint32_t)n;
	chunk.packed_bytes = (uint32_t)packed;
	chunk.crc = (uint32_t)crc32(0, bytes + at, (uInt)packed);
	memcpy(bytes, &file, sizeof(file));
	memcpy(bytes + sizeof(file), &chunk, sizeof(chunk));
	sum = read_all(bytes, at + packed);
	free(bytes);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	unsigned int sum;

	if (n >= 8 && memcmp(data, FORMAT_MAGIC, 8) == 0)
		sum = read_all(data, n);
	else
		sum = read_as_records(data, n);
	__asm__ volatile("" : : "r"(sum)); /* or the reading is optimised away */
	return 0;
}
