// SPDX-License-Identifier: GPL-2.0-only
/* record.c - what is in one record. Its head.size was checked by the reader; nothing else was. */
#include <string.h>

#include "user/record/reader.h"

/* The part after the head. */
static const char *body_of(const struct wire_head *record, size_t *n)
{
	*n = record->size - sizeof(*record);
	return (const char *)(record + 1);
}

size_t record_body(const struct wire_head *record, void *body, size_t size)
{
	size_t n;
	const char *from = body_of(record, &n);

	if (n > size)
		n = size;
	memcpy(body, from, n);
	memset((char *)body + n, 0, size - n);
	return n;
}

const void *record_bytes(const struct wire_head *record, size_t body_size, size_t *n)
{
	const char *from = body_of(record, n);

	if (*n <= body_size) {
		*n = 0;
		return from + (record->size - sizeof(*record));
	}
	*n -= body_size;
	return from + body_size;
}

size_t record_string(const struct wire_head *record, size_t body_size, unsigned int index,
		     const char **s)
{
	size_t n;
	const char *at = record_bytes(record, body_size, &n);

	while (n) {
		const char *nul = memchr(at, '\0', n);

		if (!nul)
			break;
		if (index-- == 0) {
			*s = at;
			return (size_t)(nul - at);
		}
		n -= (size_t)(nul + 1 - at);
		at = nul + 1;
	}
	*s = "";
	return 0;
}

const char *record_kind_name(unsigned int kind)
{
	switch (kind) {
#define WIRE_NAME(number, NAME, body)                                                              \
	case number:                                                                               \
		return #NAME;
#define HOST_NAME(number, NAME, body, strings) WIRE_NAME(number, NAME, body)
		WIRE_KINDS(WIRE_NAME)
		HOST_KINDS(HOST_NAME)
#undef WIRE_NAME
#undef HOST_NAME
	}
	return NULL;
}
