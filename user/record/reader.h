/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - read a recording that nobody vouches for.
 *
 * Every length is checked before it is used; damage ends the reading at the last good chunk and is
 * told in words, with the offset of the byte that is wrong. Nothing a file holds can crash the
 * program or make it allocate more than a chunk at a time.
 */
#ifndef COLDPROF_READER_H
#define COLDPROF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/error.h"
#include "user/record/format.h"

struct reader;

/* Open path. Fails (class ERROR_USAGE) when it is no recording or of a later version. */
struct reader *reader_open(const char *path, struct error *err);

/* The same on bytes in memory (borrowed until reader_close): for tests and fuzzing. */
struct reader *reader_open_bytes(const void *bytes, size_t n, struct error *err);

/*
 * The next record, valid until the next call; NULL at the end. Its head.size has been checked:
 * at least sizeof(struct wire_head), multiple of 8, within its chunk.
 */
const struct wire_head *reader_next(struct reader *r);

/*
 * After reader_next() gave NULL: is it all there? true: sealed and complete. false: *why tells
 * ("not closed: the session was killed", "damaged at byte 4711: checksum of a chunk"). The string
 * lives as long as r and until the next reader_again().
 */
bool reader_complete(const struct reader *r, const char **why);

/*
 * A recording that still grows (live view): after a NULL, look again for chunks that were written
 * since. Returns true when there is more to read.
 */
bool reader_again(struct reader *r);

/* How much of it has been read: bytes, and how many there are now. */
uint64_t reader_offset(const struct reader *r, uint64_t *size);

void reader_close(struct reader *r);

/*
 * The fixed part of a record's body into body[size]: zero-extended where the record is shorter.
 * Returns the number of bytes that the record really had.
 */
size_t record_body(const struct wire_head *record, void *body, size_t size);

/*
 * The index-th string after a fixed part of body_size bytes. Returns its length and sets *s, which
 * is NUL-terminated within the record; 0 and "" when there is none or its end is missing.
 */
size_t record_string(const struct wire_head *record, size_t body_size, unsigned int index,
		     const char **s);

/*
 * The bytes after a fixed part of body_size bytes; *n = 0 when there are none. Up to 7 zeros of
 * padding are among them: their true number is in the body.
 */
const void *record_bytes(const struct wire_head *record, size_t body_size, size_t *n);

/* Name of a kind for people ("FORK", "RUN_BEGIN"), NULL when unknown. */
const char *record_kind_name(unsigned int kind);

#endif
