/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fields.h - every kind of record, field by field: for whoever writes or reads records as text.
 *
 * One table a kind, in the order of the struct. A new kind without a table does not compile. Names
 * are those of the members in bpf/wire.h and user/record/format.h.
 */
#ifndef COLDPROF_FIELDS_H
#define COLDPROF_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "user/record/format.h"

enum field_type {
	FIELD_IS_NUMBER,
	FIELD_IS_SIGNED,
	FIELD_IS_TIME,  /* CLOCK_MONOTONIC ns; 0 = not known */
	FIELD_IS_CHARS, /* char[], NUL-terminated unless it fills the field */
};

/* Words for the values of a field; ends with name == NULL. */
struct field_name {
	const char *name;
	uint64_t value;
};

struct field {
	const char *key; /* NULL ends a table */
	size_t offset, size;
	enum field_type type;
	const struct field_name *names; /* NULL: a plain number */
};

/* What follows the fixed part of a body. */
enum field_tail {
	TAIL_NONE,
	TAIL_STRINGS,   /* NUL-terminated, named by kind.strings */
	TAIL_ARGV,      /* argv_len bytes */
	TAIL_LATENCY,   /* n times u64 ns */
	TAIL_ADDRESSES, /* u64 return addresses */
};

#define FIELD_STRINGS_MAX 9

struct kind_fields {
	const char *name; /* "FORK" */
	uint16_t number;
	size_t body_size;
	const struct field *fields;
	enum field_tail tail;
	const char *strings[FIELD_STRINGS_MAX + 1]; /* NULL-terminated */
};

/* All kinds, ordered by number, ends with name == NULL. */
extern const struct kind_fields kind_fields[];

/* By number or by name; NULL when unknown. */
const struct kind_fields *kind_fields_of(unsigned int number);
const struct kind_fields *kind_fields_named(const char *name);

/* Words for the flags of struct wire_head. */
extern const struct field_name field_trust_names[];

#endif
