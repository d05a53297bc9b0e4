/* SPDX-License-Identifier: GPL-2.0-only */
/* scratch.h - files for tests, and what is in them. */
#ifndef COLDPROF_TEST_SCRATCH_H
#define COLDPROF_TEST_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "user/base/mem.h"

/* A directory of one test; scratch_remove() takes it away with the files in it. */
struct scratch {
	char dir[64];
	char path[96]; /* dir/file */
};

static inline void scratch_init(struct scratch *s)
{
	snprintf(s->dir, sizeof(s->dir), "/tmp/coldprof-test-XXXXXX");
	if (!mkdtemp(s->dir))
		abort();
	snprintf(s->path, sizeof(s->path), "%s/file", s->dir);
}

static inline void scratch_remove(const struct scratch *s)
{
	unlink(s->path);
	rmdir(s->dir);
}

/* As setup and teardown of a cmocka test: *state is its struct scratch. */
static inline int scratch_setup(void **state)
{
	struct scratch *s = xmalloc(sizeof(*s));

	scratch_init(s);
	*state = s;
	return 0;
}

static inline int scratch_teardown(void **state)
{
	scratch_remove(*state);
	free(*state);
	return 0;
}

static inline unsigned char *slurp(const char *path, size_t *n)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "rb");
	unsigned char *bytes;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
		abort();
	rewind(f);
	bytes = xmalloc((size_t)size);
	*n = fread(bytes, 1, (size_t)size, f);
	return bytes;
}

static inline void spill(const char *path, const void *bytes, size_t n)
{
	CLEANUP_FCLOSE FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes, 1, n, f) != n)
		abort();
}

#endif
