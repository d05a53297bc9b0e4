/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer.h - append records to a recording.
 *
 * Records are gathered in memory and written as compressed chunks, by writer_flush() or when a
 * chunk is full. Compressing costs CPU: while a launch is timed, give the writer room
 * (writer_hold) and flush after. Not thread-safe: one thread owns a writer.
 */
#ifndef COLDPROF_WRITER_H
#define COLDPROF_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/base/error.h"
#include "user/record/format.h"

struct writer;

/*
 * Create the file at path, mode 0644 less the umask. A regular file that is there is replaced with
 * force, never written into: somebody may hold it open or know it by another name. Symbolic links
 * and special files are refused. The file is given to uid/gid when uid is not (uid_t)-1 (sudo: the
 * calling user). NULL and err (ERROR_USAGE) on failure.
 */
struct writer *writer_open(const char *path, bool force, uid_t uid, gid_t gid, struct error *err);

/*
 * Append one record as it came from the kernel: a struct wire_head with its body, head->size bytes.
 * Returns 0 or a negative errno; after a failed write every further call fails the same way. What
 * was written before stays readable. The program ignores SIGXFSZ, or it is killed by a file limit.
 */
int writer_append(struct writer *w, const struct wire_head *record, struct error *err);

/*
 * Build and append a record of user space: body (fixed part, body_size bytes) and n strings.
 * Strings that would make the record longer than FORMAT_RECORD_MAX are cut and WIRE_F_TRUNCATED is
 * set. A NULL string is written as empty.
 */
int writer_put(struct writer *w, const struct wire_head *head, const void *body, size_t body_size,
	       const char *const *strings, size_t n, struct error *err);

/* The same with raw bytes after the body instead of strings. */
int writer_put_bytes(struct writer *w, const struct wire_head *head, const void *body,
		     size_t body_size, const void *bytes, size_t n, struct error *err);

/*
 * Between hold(true) and hold(false) nothing is compressed or written, by writer_flush() neither;
 * memory grows instead, and is kept for the next hold. hold(false) itself writes nothing.
 */
void writer_hold(struct writer *w, bool hold);

/* Compress and write what is gathered (nothing while held). */
int writer_flush(struct writer *w, struct error *err);

/*
 * The same although held: for a live view of a run that takes long enough for somebody to look at
 * it. Costs the CPU that the hold is there to save, so the caller says when, and rarely.
 */
int writer_show(struct writer *w, struct error *err);

/*
 * Flush, write the end chunk, close and free; the disk is told to write, but not waited for. w is
 * gone whatever is returned.
 */
int writer_seal(struct writer *w, struct error *err);

/* Close and free without sealing: what happens to a file when its session is killed. For tests. */
void writer_abandon(struct writer *w);

#endif
