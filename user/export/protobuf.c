// SPDX-License-Identifier: GPL-2.0-only
/* protobuf.c - a writer of protocol buffers' bytes. */
#include "user/export/protobuf.h"

#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2 };

#define VARINT_MAX 10  /* bytes of 64 bits, 7 a byte */
#define LENGTH_BYTES 4 /* of a message within: written before it is known, so always as many */

static size_t put_varint(unsigned char *to, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		to[n++] = (unsigned char)(v | 0x80);
	to[n++] = (unsigned char)v;
	return n;
}

static void reserve(struct protobuf *p, size_t n)
{
	ARRAY_RESERVE(p->bytes, p->n, p->cap, n);
}

static void put_tag(struct protobuf *p, unsigned int field, enum wire_type type)
{
	reserve(p, VARINT_MAX);
	p->n += put_varint(p->bytes + p->n, (uint64_t)field << 3 | type);
}

void protobuf_u64(struct protobuf *p, unsigned int field, uint64_t v)
{
	put_tag(p, field, WIRE_VARINT);
	reserve(p, VARINT_MAX);
	p->n += put_varint(p->bytes + p->n, v);
}

void protobuf_fixed64(struct protobuf *p, unsigned int field, uint64_t v)
{
	put_tag(p, field, WIRE_FIXED64);
	reserve(p, sizeof(v));
	memcpy(p->bytes + p->n, &v, sizeof(v)); /* little-endian, as everything here */
	p->n += sizeof(v);
}

void protobuf_string(struct protobuf *p, unsigned int field, const char *s)
{
	size_t n = strlen(s);

	put_tag(p, field, WIRE_BYTES);
	reserve(p, VARINT_MAX + n);
	p->n += put_varint(p->bytes + p->n, n);
	memcpy(p->bytes + p->n, s, n);
	p->n += n;
}

size_t protobuf_begin(struct protobuf *p, unsigned int field)
{
	put_tag(p, field, WIRE_BYTES);
	reserve(p, LENGTH_BYTES);
	p->n += LENGTH_BYTES;
	return p->n;
}

/* Its length with leading zeros: 0x80 is a digit that something follows. */
void protobuf_end(struct protobuf *p, size_t begin)
{
	size_t n = p->n - begin, i;

	for (i = 0; i < LENGTH_BYTES; i++, n >>= 7)
		p->bytes[begin - LENGTH_BYTES + i] =
			(unsigned char)((n & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
}

void protobuf_write(struct protobuf *p, unsigned int field, FILE *out)
{
	unsigned char head[2 * VARINT_MAX];
	size_t n = put_varint(head, (uint64_t)field << 3 | WIRE_BYTES);

	n += put_varint(head + n, p->n);
	fwrite(head, 1, n, out);
	fwrite(p->bytes, 1, p->n, out);
	p->n = 0;
}

void protobuf_release(struct protobuf *p)
{
	free(p->bytes);
	*p = (struct protobuf){ 0 };
}
