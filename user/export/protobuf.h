/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * protobuf.h - a writer of protocol buffers' bytes, for one message after the other.
 *
 *     struct protobuf p = { 0 };
 *     size_t inner;
 *
 *     protobuf_u64(&p, 8, time);
 *     inner = protobuf_begin(&p, 11);        a message within
 *     protobuf_string(&p, 23, name);
 *     protobuf_end(&p, inner);
 *     protobuf_write(&p, 1, out);            as field 1 of a stream of messages; p is empty again
 *     protobuf_release(&p);
 *
 * Strings are written as they are: they have to be UTF-8.
 */
#ifndef COLDPROF_PROTOBUF_H
#define COLDPROF_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct protobuf {
	unsigned char *bytes;
	size_t n, cap;
};

void protobuf_u64(struct protobuf *p, unsigned int field, uint64_t v);     /* any varint, v >= 0 */
void protobuf_fixed64(struct protobuf *p, unsigned int field, uint64_t v);
void protobuf_string(struct protobuf *p, unsigned int field, const char *s);
size_t protobuf_begin(struct protobuf *p, unsigned int field);
void protobuf_end(struct protobuf *p, size_t begin);
void protobuf_write(struct protobuf *p, unsigned int field, FILE *out); /* errors stay in out */
void protobuf_release(struct protobuf *p);

#endif
