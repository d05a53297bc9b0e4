// SPDX-License-Identifier: GPL-2.0-only
/*
 * seed.c - write the seeds of fuzz_reader into a directory, with the real writer.
 *
 *     seed DIR
 *
 * So no binary file is in the tree, and a new kind of record is in the seeds by itself. Each
 * recording is written twice: as the file (.coldprof) and as its bare records (.records).
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/sample.h"
#include "user/base/mem.h"

static int put_empty(struct writer *w, struct error *err)
{
	(void)w;
	(void)err;
	return 0;
}

static int put_two_chunks(struct writer *w, struct error *err)
{
	if (sample_write(w, err) < 0 || writer_flush(w, err) < 0)
		return err->code;
	return sample_append_wire(w, WIRE_EXIT, sizeof(struct wire_exit), err);
}

/* What no writer of ours puts, but another version may: unknown kinds, short and long bodies. */
static int put_strange(struct writer *w, struct error *err)
{
	static const unsigned int kinds[] = { 0, WIRE_EXEC, 200, HOST_ENV, HOST_LATENCY, 60000 };
	static const size_t sizes[] = { 0, 8, 200 };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		for (k = 0; k < ARRAY_SIZE(sizes); k++)
			if (sample_append_wire(w, kinds[i], sizes[k], err) < 0)
				return err->code;
	return 0;
}

static const struct seed {
	const char *name;
	int (*put)(struct writer *w, struct error *err);
	bool seal;
} seeds[] = {
	{ "empty", put_empty, true },
	{ "killed", put_two_chunks, false },
	{ "kinds", sample_write, true },
	{ "strange", put_strange, true },
	{ "two-chunks", put_two_chunks, true },
};

static int copy_records(const char *from, const char *to, struct error *err)
{
	CLEANUP_FCLOSE FILE *out = fopen(to, "wb");
	struct reader *r = reader_open(from, err);
	const struct wire_head *record;
	int ret = 0;

	if (!r)
		return err->code;
	while (out && (record = reader_next(r)))
		fwrite(record, 1, record->size, out);
	if (!out || fflush(out) || ferror(out))
		ret = error_set(err, -1, "cannot write %s", to);
	reader_close(r);
	return ret;
}

static int write_seed(const struct seed *seed, const char *dir, struct error *err)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s.coldprof", dir, seed->name);
	CLEANUP_FREE char *records = xasprintf("%s/%s.records", dir, seed->name);
	struct writer *w = writer_open(path, true, (uid_t)-1, (gid_t)-1, err);
	int ret;

	if (!w)
		return err->code;
	ret = seed->put(w, err);
	if (ret == 0)
		ret = writer_flush(w, err);
	if (ret == 0 && seed->seal)
		ret = writer_seal(w, err);
	else
		writer_abandon(w);
	return ret < 0 ? ret : copy_records(path, records, err);
}

int main(int argc, char **argv)
{
	struct error err = { 0 };
	size_t i;

	if (argc != 2) {
		fprintf(stderr, "usage: seed DIR\n");
		return 2;
	}
	for (i = 0; i < ARRAY_SIZE(seeds); i++) {
		if (write_seed(&seeds[i], argv[1], &err) < 0) {
			fprintf(stderr, "seed: %s\n", err.text);
			return 1;
		}
	}
	return 0;
}
