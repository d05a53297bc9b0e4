/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sample.h - a small recording with every kind of record, for tests and as seed of the fuzzer.
 *
 * It comes from the kinds' own list, so a new kind is in it without a line here.
 */
#ifndef COLDPROF_TEST_SAMPLE_H
#define COLDPROF_TEST_SAMPLE_H

#include <stdio.h>
#include <string.h>

#include "user/record/reader.h"
#include "user/record/writer.h"

/* For writer_open(): the file stays with whoever makes it. */
#define NOBODY ((uid_t)-1), ((gid_t)-1)

/* A byte that tells where it should be: of which record, at which place. Never 0. */
static inline unsigned char sample_byte(unsigned int kind, size_t i)
{
	return (unsigned char)(1 + (kind * 31 + i * 7) % 251);
}

static inline void sample_body(unsigned int kind, void *body, size_t size)
{
	unsigned char *p = body;
	size_t i;

	for (i = 0; i < size; i++)
		p[i] = sample_byte(kind, i);
}

static inline struct wire_head sample_head(unsigned int kind)
{
	return (struct wire_head){
		.time = 1000000u + kind,
		.tid = kind + 1,
		.pid = kind,
		.kind = (__u16)kind,
		.run = (__u16)(kind % 3),
	};
}

/* The index-th string of a host record: of different lengths, the empty one among them. */
static inline const char *sample_string(char buf[32], unsigned int kind, unsigned int index)
{
	buf[0] = '\0';
	if ((kind + index) % 4)
		snprintf(buf, 32, "string %u of %.*s", index, (int)(index % 8), "abcdefgh");
	return buf;
}

#define SAMPLE_STRINGS_MAX 16

static inline int sample_put_host(struct writer *w, unsigned int kind, size_t body_size,
				  unsigned int n_strings, struct error *err)
{
	char text[SAMPLE_STRINGS_MAX][32];
	const char *strings[SAMPLE_STRINGS_MAX];
	struct wire_head head = sample_head(kind);
	unsigned char body[512];
	unsigned int i;

	sample_body(kind, body, body_size);
	for (i = 0; i < n_strings; i++)
		strings[i] = sample_string(text[i], kind, i);
	return writer_put(w, &head, body, body_size, strings, n_strings, err);
}

static inline int sample_append_wire(struct writer *w, unsigned int kind, size_t body_size,
				     struct error *err)
{
	struct {
		struct wire_head head;
		unsigned char body[512];
	} record = { .head = sample_head(kind) };

	record.head.size = (__u16)(sizeof(record.head) + body_size);
	sample_body(kind, record.body, body_size);
	return writer_append(w, &record.head, err);
}

/* One record of each kind. */
static inline int sample_write(struct writer *w, struct error *err)
{
#define SAMPLE_HOST(number, NAME, body, strings)                                                   \
	if (sample_put_host(w, number, sizeof(struct host_##body), strings, err) < 0)              \
		return err->code;
#define SAMPLE_WIRE(number, NAME, body)                                                            \
	if (sample_append_wire(w, number, sizeof(struct wire_##body), err) < 0)                    \
		return err->code;
	HOST_KINDS(SAMPLE_HOST)
	WIRE_KINDS(SAMPLE_WIRE)
#undef SAMPLE_HOST
#undef SAMPLE_WIRE
	return 0;
}

#endif
