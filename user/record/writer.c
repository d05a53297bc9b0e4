// SPDX-License-Identifier: GPL-2.0-only
/* writer.c - append records to a recording. */
#include "user/record/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "user/base/mem.h"

/*
 * Records are gathered in blocks that become one chunk each: however long a hold lasts, nothing
 * gathered is moved or searched through again. Emptied blocks are kept for the next records.
 */
struct block {
	size_t n;
	unsigned char data[FORMAT_CHUNK_MAX];
};

struct writer {
	int fd;
	bool hold;
	char *path;
	struct block **blocks;
	size_t n_blocks; /* with records; the last is being filled */
	size_t n_made;
	size_t cap_blocks;
	z_stream deflate;
	uint64_t offset; /* where the next chunk goes */
	struct end_payload totals;
	struct error failed; /* of the write that failed */
	unsigned char out[sizeof(struct chunk_head) + FORMAT_PACKED_MAX];
};

static int failed(const struct writer *w, struct error *err)
{
	if (err)
		*err = w->failed;
	return w->failed.code;
}

/* All of w->out[0..n) or nothing: half a chunk is cut off again. */
static int write_out(struct writer *w, size_t n, struct error *err)
{
	size_t done = 0;

	while (done < n) {
		ssize_t ret = pwrite(w->fd, w->out + done, n - done, (off_t)(w->offset + done));

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret <= 0) {
			error_errno(&w->failed, ret < 0 ? -errno : -EIO, "cannot write %s",
				    w->path);
			/* Should this fail too, readers stop before the half chunk all the same. */
			if (ftruncate(w->fd, (off_t)w->offset) < 0)
				errno = 0;
			return failed(w, err);
		}
		done += (size_t)ret;
	}
	w->offset += n;
	return 0;
}

static void put_chunk_head(struct writer *w, uint32_t type, size_t raw_bytes, size_t packed_bytes)
{
	struct chunk_head head = {
		.type = type,
		.raw_bytes = (uint32_t)raw_bytes,
		.packed_bytes = (uint32_t)packed_bytes,
	};

	head.crc = (uint32_t)crc32(0, w->out + sizeof(head), (uInt)packed_bytes);
	memcpy(w->out, &head, sizeof(head));
}

static int write_block(struct writer *w, struct block *block, struct error *err)
{
	size_t packed;
	int ret;

	deflateReset(&w->deflate);
	w->deflate.next_in = block->data;
	w->deflate.avail_in = (uInt)block->n;
	w->deflate.next_out = w->out + sizeof(struct chunk_head);
	w->deflate.avail_out = FORMAT_PACKED_MAX;
	ret = deflate(&w->deflate, Z_FINISH);
	if (ret != Z_STREAM_END) {
		error_set(&w->failed, -EIO, "cannot write %s: zlib gave up (%d)", w->path, ret);
		return failed(w, err);
	}
	packed = FORMAT_PACKED_MAX - w->deflate.avail_out;
	put_chunk_head(w, CHUNK_RECORDS, block->n, packed);
	ret = write_out(w, sizeof(struct chunk_head) + packed, err);
	if (ret < 0)
		return ret;
	w->totals.chunks++;
	w->totals.raw_bytes += block->n;
	block->n = 0;
	return 0;
}

/*
 * Make the file. With force an old one is unlinked, not truncated: then O_EXCL holds in every case
 * and neither a hard link nor a file that another user put there can be written to.
 */
static int create(const char *path, bool force, struct error *err)
{
	struct stat st;
	int fd;

	if (lstat(path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return error_class(err, ERROR_USAGE, S_ISLNK(st.st_mode) ? -ELOOP : -EEXIST,
					   "cannot create %s: %s is there", path,
					   S_ISLNK(st.st_mode) ? "a symbolic link" :
								 "something that is no file");
		if (!force)
			return error_class(err, ERROR_USAGE, -EEXIST,
					   "cannot create %s: it exists already", path);
		if (unlink(path) < 0)
			return error_class(err, ERROR_USAGE, -errno, "cannot replace %s: %s", path,
					   strerror(errno));
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_class(err, ERROR_USAGE, -errno, "cannot create %s: %s", path,
				   strerror(errno));
	return fd;
}

static void writer_free(struct writer *w)
{
	size_t i;

	for (i = 0; i < w->n_made; i++)
		free(w->blocks[i]);
	free(w->blocks);
	free(w->path);
	deflateEnd(&w->deflate);
	free(w);
}

struct writer *writer_open(const char *path, bool force, uid_t uid, gid_t gid, struct error *err)
{
	const struct file_head head = { .magic = FORMAT_MAGIC, .version = FORMAT_VERSION };
	struct writer *w;
	int fd;

	fd = create(path, force, err);
	if (fd < 0)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->fd = fd;
	w->path = xstrdup(path);
	/* Level 1: records come while the machine is being measured. */
	if (deflateInit(&w->deflate, 1) != Z_OK) {
		error_set(err, -ENOMEM, "cannot write %s: zlib does not start", path);
		goto fail;
	}
	if (uid != (uid_t)-1 && fchown(fd, uid, gid) < 0) {
		error_class(err, ERROR_USAGE, -errno, "cannot give %s to user %u: %s", path,
			    (unsigned int)uid, strerror(errno));
		goto fail;
	}
	memcpy(w->out, &head, sizeof(head));
	if (write_out(w, sizeof(head), err) < 0)
		goto fail;
	return w;
fail:
	unlink(path); /* O_EXCL: it is ours */
	writer_abandon(w);
	return NULL;
}

int writer_flush(struct writer *w, struct error *err)
{
	size_t i;

	if (w->failed.code)
		return failed(w, err);
	if (w->hold)
		return 0;
	for (i = 0; i < w->n_blocks; i++) {
		int ret = w->blocks[i]->n ? write_block(w, w->blocks[i], err) : 0;

		if (ret < 0)
			return ret;
	}
	w->n_blocks = 0;
	return 0;
}

int writer_show(struct writer *w, struct error *err)
{
	bool hold = w->hold;
	int ret;

	w->hold = false;
	ret = writer_flush(w, err);
	w->hold = hold;
	return ret;
}

/* Where a record of size bytes may be built; NULL and err when that cannot be. */
static void *room_for(struct writer *w, size_t size, struct error *err)
{
	struct block *block;
	void *room;

	if (w->failed.code) {
		failed(w, err);
		return NULL;
	}
	block = w->n_blocks ? w->blocks[w->n_blocks - 1] : NULL;
	if (!block || size > sizeof(block->data) - block->n) {
		if (!w->hold && writer_flush(w, err) < 0)
			return NULL;
		if (w->n_blocks == w->n_made) {
			ARRAY_RESERVE(w->blocks, w->n_made, w->cap_blocks, 1);
			block = xmalloc(sizeof(*block));
			block->n = 0;
			w->blocks[w->n_made++] = block;
		}
		block = w->blocks[w->n_blocks++];
	}
	room = block->data + block->n;
	block->n += size;
	w->totals.records++;
	return room;
}

int writer_append(struct writer *w, const struct wire_head *record, struct error *err)
{
	size_t size = record->size;
	void *room;

	if (size < sizeof(*record) || size % 8)
		return error_set(err, -EINVAL, "bug: a record of kind %u has a size of %zu",
				 record->kind, size);
	room = room_for(w, size, err);
	if (!room)
		return w->failed.code;
	memcpy(room, record, size);
	return 0;
}

/* Begin a record of tail bytes after its body; NULL and *ret on failure. */
static char *begin_record(struct writer *w, const struct wire_head *head, const void *body,
			  size_t body_size, size_t tail, uint16_t flags, struct error *err)
{
	size_t n = sizeof(*head) + body_size + tail;
	size_t size = (n + 7) & ~(size_t)7;
	struct wire_head full = *head;
	char *room = room_for(w, size, err);

	if (!room)
		return NULL;
	full.size = (uint16_t)size;
	full.flags |= flags;
	memcpy(room, &full, sizeof(full));
	if (body_size)
		memcpy(room + sizeof(full), body, body_size);
	memset(room + n, 0, size - n);
	return room + sizeof(full) + body_size;
}

/* How many bytes may follow head and body; an error when even min do not fit. */
static int space_after(const struct wire_head *head, size_t body_size, size_t min,
		       struct error *err)
{
	const size_t all = FORMAT_RECORD_MAX - sizeof(*head);

	if (body_size > all || min > all - body_size)
		return error_set(err, -E2BIG, "bug: a record of kind %u does not fit", head->kind);
	return (int)(all - body_size);
}

int writer_put(struct writer *w, const struct wire_head *head, const void *body, size_t body_size,
	       const char *const *strings, size_t n, struct error *err)
{
	size_t i, space, tail = n;
	uint16_t flags = 0;
	char *at;
	int ret;

	ret = space_after(head, body_size, n, err);
	if (ret < 0)
		return ret;
	space = (size_t)ret;
	for (i = 0; i < n; i++) {
		tail += strnlen(strings[i] ? strings[i] : "", space - tail + 1);
		if (tail > space) {
			tail = space;
			flags = WIRE_F_TRUNCATED;
		}
	}
	at = begin_record(w, head, body, body_size, tail, flags, err);
	if (!at)
		return w->failed.code;
	/* The first ones get the room; each has its NUL, so the later ones stay in their place. */
	space = tail - n;
	for (i = 0; i < n; i++) {
		size_t length = strnlen(strings[i] ? strings[i] : "", space);

		if (length)
			memcpy(at, strings[i], length);
		at[length] = '\0';
		at += length + 1;
		space -= length;
	}
	return 0;
}

int writer_put_bytes(struct writer *w, const struct wire_head *head, const void *body,
		     size_t body_size, const void *bytes, size_t n, struct error *err)
{
	uint16_t flags = 0;
	char *at;
	int ret;

	ret = space_after(head, body_size, 0, err);
	if (ret < 0)
		return ret;
	if (n > (size_t)ret) {
		n = (size_t)ret;
		flags = WIRE_F_TRUNCATED;
	}
	at = begin_record(w, head, body, body_size, n, flags, err);
	if (!at)
		return w->failed.code;
	if (n)
		memcpy(at, bytes, n);
	return 0;
}

void writer_hold(struct writer *w, bool hold)
{
	w->hold = hold;
}

static int write_end(struct writer *w, struct error *err)
{
	memcpy(w->out + sizeof(struct chunk_head), &w->totals, sizeof(w->totals));
	put_chunk_head(w, CHUNK_END, sizeof(w->totals), sizeof(w->totals));
	return write_out(w, sizeof(struct chunk_head) + sizeof(w->totals), err);
}

int writer_seal(struct writer *w, struct error *err)
{
	int ret;

	w->hold = false;
	ret = writer_flush(w, err);
	if (ret == 0)
		ret = write_end(w, err);
	/*
	 * On its way to the disk, but not waited for: behind what others write that takes seconds,
	 * and who presses Ctrl-C is promised an end within two.
	 */
	if (ret == 0)
		sync_file_range(w->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	/* Some file systems (NFS) tell of a failed write no earlier than here. */
	if (close(w->fd) < 0 && ret == 0)
		ret = error_errno(err, -errno, "cannot write %s", w->path);
	writer_free(w);
	return ret;
}

void writer_abandon(struct writer *w)
{
	close(w->fd);
	writer_free(w);
}
