// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - read a recording that nobody vouches for.
 *
 * A chunk is taken whole or not at all: its checksum, its inflated length and the sizes of all its
 * records are checked before the first of them is given out. So records need no further check, and
 * what was given out before a damage is good.
 */
#include "user/record/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "user/base/mem.h"

enum state {
	READING,
	SHORT,    /* the file ends without an end chunk; it may still grow */
	DAMAGED,
	COMPLETE,
};

struct reader {
	int fd; /* -1: bytes */
	const unsigned char *bytes;
	size_t n_bytes;
	enum state state;
	uint64_t offset; /* of the next chunk */
	unsigned char *packed;
	size_t cap_packed;
	unsigned char *raw; /* records of the current chunk */
	size_t cap_raw;
	size_t n_raw;
	size_t at; /* the next record in raw */
	z_stream inflate;
	struct end_payload seen; /* of it all, to be compared with what the end chunk says */
	char why[200];
};

__attribute__((format(printf, 3, 4)))
static void stop(struct reader *r, enum state state, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	r->state = state;
}

static void damaged(struct reader *r, uint64_t offset, const char *what)
{
	stop(r, DAMAGED, "damaged at byte %" PRIu64 ": %s", offset, what);
}

/*
 * n bytes of the file from offset: *p points into the bytes in memory or at room. Returns how many
 * there are. Not mmap: a file that shrinks under the reader would kill it.
 */
static size_t fetch(struct reader *r, uint64_t offset, void *room, size_t n,
		    const unsigned char **p)
{
	size_t done = 0;

	if (r->fd < 0) {
		if (offset > r->n_bytes)
			offset = r->n_bytes;
		*p = r->bytes + offset;
		return n < r->n_bytes - offset ? n : r->n_bytes - (size_t)offset;
	}
	*p = room;
	while (done < n) {
		ssize_t ret = pread(r->fd, (char *)room + done, n - done, (off_t)(offset + done));

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0)
			stop(r, DAMAGED, "cannot be read at byte %" PRIu64 ": %s", offset + done,
			     strerror(errno));
		if (ret <= 0)
			break;
		done += (size_t)ret;
	}
	return done;
}

/* The file ends before end. When reading itself failed, that has been told already. */
static void ends_early(struct reader *r, uint64_t end)
{
	if (r->state != READING)
		return;
	if (end == r->offset)
		stop(r, SHORT, "not closed: the session was killed or still runs");
	else
		stop(r, SHORT,
		     "not closed: the session was killed or still runs; "
		     "the chunk at byte %" PRIu64 " is cut off at byte %" PRIu64,
		     r->offset, end);
}

static unsigned char *grown(unsigned char *buf, size_t *cap, size_t need)
{
	if (buf && *cap >= need)
		return buf;
	free(buf); /* not realloc: what is in it is not wanted */
	*cap = need;
	return xmalloc(need);
}

#define ZLIB_HEAD 2
#define ZLIB_CHECK 4 /* Adler-32: passed over, the chunk has a CRC of its own */

/* A zlib stream's head: deflate, its window's size, no dictionary. */
static bool zlib_head_is_sane(const unsigned char *head)
{
	return (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && !(head[1] & 0x20) &&
	       (head[0] << 8 | head[1]) % 31 == 0;
}

/* Exactly n_raw bytes into r->raw, exactly n_packed used; no more is ever written. */
static bool inflate_all(struct reader *r, const unsigned char *packed, size_t n_packed,
			size_t n_raw)
{
	if (n_packed < ZLIB_HEAD + ZLIB_CHECK || !zlib_head_is_sane(packed))
		return false;
	r->raw = grown(r->raw, &r->cap_raw, n_raw);
	inflateReset(&r->inflate);
	r->inflate.next_in = (unsigned char *)packed + ZLIB_HEAD;
	r->inflate.avail_in = (uInt)(n_packed - ZLIB_HEAD - ZLIB_CHECK);
	r->inflate.next_out = r->raw;
	r->inflate.avail_out = (uInt)n_raw;
	return inflate(&r->inflate, Z_FINISH) == Z_STREAM_END && r->inflate.avail_in == 0 &&
	       r->inflate.avail_out == 0;
}

/* The number of records in raw, 0 when a size does not hold; *bad is where. */
static uint64_t count_records(const unsigned char *raw, size_t n, size_t *bad)
{
	uint64_t records = 0;
	size_t at = 0;

	while (at < n) {
		const struct wire_head *head = (const void *)(raw + at);

		*bad = at;
		if (n - at < sizeof(*head) || head->size < sizeof(*head) || head->size % 8 ||
		    head->size > n - at)
			return 0;
		at += head->size;
		records++;
	}
	return records;
}

static void load_records(struct reader *r, const struct chunk_head *head,
			 const unsigned char *payload)
{
	const uint64_t payload_at = r->offset + sizeof(*head);
	uint64_t records;
	size_t bad = 0;

	if (!inflate_all(r, payload, head->packed_bytes, head->raw_bytes)) {
		damaged(r, payload_at, "a chunk does not inflate to what its head says");
		return;
	}
	records = count_records(r->raw, head->raw_bytes, &bad);
	if (!records) {
		stop(r, DAMAGED,
		     "damaged at byte %" PRIu64 ": size of the record at inflated byte %zu",
		     payload_at, bad);
		return;
	}
	r->n_raw = head->raw_bytes;
	r->at = 0;
	r->offset = payload_at + head->packed_bytes;
	r->seen.records += records;
	r->seen.chunks++;
	r->seen.raw_bytes += head->raw_bytes;
}

static void load_end(struct reader *r, const struct chunk_head *head,
		     const unsigned char *payload)
{
	const uint64_t payload_at = r->offset + sizeof(*head);
	const uint64_t end = payload_at + head->packed_bytes;
	const unsigned char *p;
	unsigned char more;

	if (memcmp(payload, &r->seen, sizeof(r->seen))) {
		damaged(r, payload_at, "records are missing: the totals are others");
		return;
	}
	if (fetch(r, end, &more, 1, &p)) {
		damaged(r, end, "something follows the end");
		return;
	}
	if (r->state == READING)
		r->state = COMPLETE;
}

/* Are the lengths in head possible? */
static bool head_is_sane(struct reader *r, const struct chunk_head *head)
{
	const uint64_t raw_at = r->offset + offsetof(struct chunk_head, raw_bytes);
	const uint64_t packed_at = r->offset + offsetof(struct chunk_head, packed_bytes);

	if (head->type == CHUNK_END) {
		if (head->raw_bytes != sizeof(struct end_payload))
			damaged(r, raw_at, "length of the end chunk");
		else if (head->packed_bytes != sizeof(struct end_payload))
			damaged(r, packed_at, "length of the end chunk");
	} else if (head->type == CHUNK_RECORDS) {
		if (head->raw_bytes < sizeof(struct wire_head) || head->raw_bytes % 8 ||
		    head->raw_bytes > FORMAT_CHUNK_MAX)
			damaged(r, raw_at, "inflated length of a chunk");
		else if (!head->packed_bytes || head->packed_bytes > FORMAT_PACKED_MAX)
			damaged(r, packed_at, "length of a chunk");
	} else {
		damaged(r, r->offset, "no chunk begins here");
	}
	return r->state == READING;
}

static bool checksum_holds(const struct chunk_head *head, const unsigned char *payload)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	/* A fuzzer does not find checksums: let it come to what lies behind them. */
	(void)head;
	(void)payload;
	return true;
#else
	return crc32(0, payload, (uInt)head->packed_bytes) == head->crc;
#endif
}

/* Make the next chunk of records current, or leave READING. */
static void load_chunk(struct reader *r)
{
	const unsigned char *p;
	struct chunk_head head;
	size_t n;

	n = fetch(r, r->offset, &head, sizeof(head), &p);
	if (n < sizeof(head)) {
		ends_early(r, r->offset + n);
		return;
	}
	memmove(&head, p, sizeof(head)); /* p is &head itself when the file was read */
	if (!head_is_sane(r, &head))
		return;
	if (r->fd >= 0)
		r->packed = grown(r->packed, &r->cap_packed, head.packed_bytes);
	n = fetch(r, r->offset + sizeof(head), r->packed, head.packed_bytes, &p);
	if (n < head.packed_bytes) {
		ends_early(r, r->offset + sizeof(head) + n);
		return;
	}
	if (!checksum_holds(&head, p))
		damaged(r, r->offset + sizeof(head), "checksum of a chunk");
	else if (head.type == CHUNK_END)
		load_end(r, &head, p);
	else
		load_records(r, &head, p);
}

static int check_file_head(struct reader *r, const char *name, struct error *err)
{
	const unsigned char *p;
	struct file_head head;
	size_t n;

	n = fetch(r, 0, &head, sizeof(head), &p);
	if (r->state == DAMAGED)
		return error_class(err, ERROR_USAGE, -EIO, "%s %s", name, r->why);
	if (n == 0)
		return error_class(err, ERROR_USAGE, -EINVAL, "%s is empty", name);
	if (n < sizeof(head) || memcmp(p, FORMAT_MAGIC, sizeof(head.magic)))
		return error_class(err, ERROR_USAGE, -EINVAL, "%s is not a recording of coldprof",
				   name);
	memmove(&head, p, sizeof(head));
	if (head.version > FORMAT_VERSION)
		return error_class(err, ERROR_USAGE, -EPROTONOSUPPORT,
				   "%s was made by a later coldprof: its format is version %u, "
				   "this one reads up to %u", name, head.version, FORMAT_VERSION);
	if (head.version == 0 || head.flags)
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "%s is damaged at byte %zu: version and flags of the file",
				   name, head.version ? offsetof(struct file_head, flags) :
							offsetof(struct file_head, version));
	r->offset = sizeof(head);
	return 0;
}

/* Takes fd. */
static struct reader *reader_new(int fd, const void *bytes, size_t n, const char *name,
				 struct error *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));

	r->fd = fd;
	r->bytes = bytes;
	r->n_bytes = n;
	if (check_file_head(r, name, err) < 0) {
		reader_close(r);
		return NULL;
	}
	if (inflateInit2(&r->inflate, -MAX_WBITS) != Z_OK) {
		error_set(err, -ENOMEM, "cannot read %s: zlib does not start", name);
		reader_close(r);
		return NULL;
	}
	return r;
}

struct reader *reader_open(const char *path, struct error *err)
{
	CLEANUP_CLOSE int fd = -1;
	struct stat st;
	int mine;

	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0) {
		error_class(err, ERROR_USAGE, -errno, "cannot open %s: %s", path, strerror(errno));
		return NULL;
	}
	if (!S_ISREG(st.st_mode)) {
		error_class(err, ERROR_USAGE, -EINVAL, "cannot read %s: it is not a file", path);
		return NULL;
	}
	mine = fd;
	fd = -1;
	return reader_new(mine, NULL, 0, path, err);
}

struct reader *reader_open_bytes(const void *bytes, size_t n, struct error *err)
{
	return reader_new(-1, n ? bytes : "", n, "the recording", err);
}

const struct wire_head *reader_next(struct reader *r)
{
	const struct wire_head *record;

	if (r->at == r->n_raw) {
		if (r->state != READING)
			return NULL;
		load_chunk(r);
		if (r->at == r->n_raw)
			return NULL;
	}
	record = (const void *)(r->raw + r->at);
	r->at += record->size;
	return record;
}

bool reader_complete(const struct reader *r, const char **why)
{
	if (r->state == COMPLETE)
		return true;
	*why = r->state == READING ? "not read to its end" : r->why;
	return false;
}

bool reader_again(struct reader *r)
{
	if (r->state == SHORT)
		r->state = READING;
	if (r->at == r->n_raw && r->state == READING)
		load_chunk(r);
	return r->at < r->n_raw;
}

uint64_t reader_offset(const struct reader *r, uint64_t *size)
{
	struct stat st;

	*size = r->n_bytes;
	if (r->fd >= 0)
		*size = fstat(r->fd, &st) ? 0 : (uint64_t)st.st_size;
	return r->offset;
}

void reader_close(struct reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	inflateEnd(&r->inflate); /* harmless on one that was not started */
	free(r->packed);
	free(r->raw);
	free(r);
}
