// SPDX-License-Identifier: GPL-2.0-only
/* why_disk.c - was it cold, and what did each probe cost: the two sides of "can this be believed?" */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define FILES_SHOWN 4
#define PROGRAMS_SHOWN 3

/* The counted run that read most. */
static const struct run *heaviest_reader(const struct scenario_result *s, uint64_t *sum, size_t *n)
{
	const struct run *most = NULL;
	size_t i;

	*sum = *n = 0;
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		if (!run_counted(r))
			continue;
		(*n)++;
		if (__builtin_add_overflow(*sum, r->disk.read_bytes, sum))
			*sum = UINT64_MAX;
		if (!most || r->disk.read_bytes > most->disk.read_bytes)
			most = r;
	}
	return most;
}

/* A file system reads what it keeps of its files by the device itself, whose pages have no name. */
static char *file_name(const struct disk_file *f)
{
	uint32_t major, minor;

	if (*f->name)
		return page_escape(f->name, strlen(f->name));
	if (disk_file_device(f, &major, &minor))
		return xasprintf("file-system metadata (device %" PRIu32 ":%" PRIu32 ")", major, minor);
	return xasprintf("inode %" PRIu64 " (no name)", f->inode);
}

/* "runc 3.9 MiB, libc.so.6 64 KiB and others" */
static char *files_text(const struct disk *d)
{
	char *text = xstrdup(""), number[TEXT_NUMBER_MAX];
	size_t i;

	for (i = 0; i < d->n && i < FILES_SHOWN; i++) {
		const struct disk_file *f = &d->files[i];
		CLEANUP_FREE char *name = file_name(f);
		char *longer = xasprintf("%s%s%s %s%s", text, i ? ", " : "", name,
					 text_bytes(number, f->read_bytes),
					 i + 1 == FILES_SHOWN && d->n > FILES_SHOWN ?
						 " and others" : "");

		free(text);
		text = longer;
	}
	return text;
}

/*
 * "read calls returned 9.1 MiB, page faults on files found 228 of 231 in the page cache and 3 of 1432 page faults
 * waited for the disk"; without the part in the middle where the kinds of faults were not recorded; NULL: not known.
 */
static char *io_text(const struct run *r)
{
	const struct host_io *io = &r->disk.io;
	CLEANUP_FREE char *cache = NULL;
	char calls[TEXT_NUMBER_MAX];
	struct memory_faults f;

	if (!r->disk.has_io)
		return NULL;
	if (memory_faults_of_start(&r->timeline, &f) && f.file + f.read > 0)
		cache = xasprintf(", page faults on files found %" PRIu64 " of %" PRIu64 " in the page cache",
				  f.file, f.file + f.read);
	return xasprintf("read calls returned %s%s and %" PRIu64 " of %" PRIu64
			 " page faults waited for the disk", text_bytes(calls, io->call_bytes),
			 cache ? cache : "", (uint64_t)io->major_faults,
			 (uint64_t)(io->minor_faults + io->major_faults));
}

/* "  Was it cold?  1.2 MiB from disk, mean of 5 runs; most in run 2: 4.1 MiB (runc 3.9 MiB, …), where …" */
void why_print_disk(const struct page *p, const struct scenario_result *s)
{
	char mean[TEXT_NUMBER_MAX], most[TEXT_NUMBER_MAX];
	CLEANUP_FREE char *text = NULL, *files = NULL, *io = NULL, *of = NULL;
	const struct run *r;
	uint64_t sum;
	size_t n;

	r = heaviest_reader(s, &sum, &n);
	if (!r || (!sum && !r->disk.has_io))
		return;
	files = files_text(&r->disk);
	io = io_text(r);
	if (r->disk.read_bytes)
		of = xasprintf("most in run %" PRIu32 ": %s%s%s%s", r->index + 1,
			       text_bytes(most, r->disk.read_bytes), *files ? " (" : "", files,
			       *files ? ")" : "");
	else
		of = xasprintf("in run %" PRIu32, r->index + 1);
	text = xasprintf("%s from disk, mean of %zu run%s; %s%s%s", text_bytes(mean, sum / n), n,
			 n == 1 ? "" : "s", of, !io ? "" : r->disk.read_bytes ? ", where " : " ",
			 io ? io : "");
	fputc('\n', p->out);
	prose_print(p->out, p->width, "  Was it cold?  ", text);
}

void why_json_disk(struct json *j, const struct run *r)
{
	struct memory_faults f;
	uint32_t major, minor;
	size_t i;

	json_object(j, "disk");
	json_u64(j, "read_bytes", r->disk.read_bytes);
	if (r->disk.has_io) {
		json_u64(j, "call_bytes", r->disk.io.call_bytes);
		json_u64(j, "major_faults", r->disk.io.major_faults);
		json_u64(j, "minor_faults", r->disk.io.minor_faults);
	}
	if (memory_faults_of_start(&r->timeline, &f) && f.file + f.read > 0) {
		json_object(j, "page_cache");
		json_u64(j, "hits", f.file);
		json_u64(j, "misses", f.read);
		json_end(j);
	}
	json_array(j, "files");
	for (i = 0; i < r->disk.n; i++) {
		json_object(j, NULL);
		json_string(j, "path", r->disk.files[i].name);
		json_u64(j, "bytes", r->disk.files[i].read_bytes);
		if (!*r->disk.files[i].name && disk_file_device(&r->disk.files[i], &major, &minor)) {
			json_u64(j, "device_major", major);
			json_u64(j, "device_minor", minor);
		}
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

void why_json_programs(struct json *j, const struct run *r)
{
	size_t i;

	if (r->programs.n == 0)
		return;
	json_array(j, "programs");
	for (i = 0; i < r->programs.n; i++) {
		json_object(j, NULL);
		json_string(j, "name", r->programs.list[i].name);
		json_u64(j, "ns", r->programs.list[i].ns);
		json_u64(j, "count", r->programs.list[i].count);
		json_end(j);
	}
	json_end(j);
}

/* "runc: on_switch 0.413 ms (377 times), …": n of them; nothing where it was not measured. */
static void write_programs(FILE *out, const struct scenario_result *s, const char *separator)
{
	char number[TEXT_NUMBER_MAX], name[PAGE_NAME_MAX];
	struct program_costs costs;
	size_t runs, i;

	cost_of_scenario(s, &costs, &runs);
	for (i = 0; i < costs.n && i < PROGRAMS_SHOWN; i++) {
		const struct program_cost *c = &costs.list[i];
		CLEANUP_FREE char *program = page_escape(c->name, strlen(c->name));

		if (i)
			fputs(", ", out);
		else
			fprintf(out, "%s%s: ", separator, page_name(name, s->name));
		fprintf(out, "%s %s (%" PRIu64 " times)", program, text_ms(number, c->ns), c->count);
	}
	free(costs.list);
}

/* A note like those of notes.c: the dearest programs. */
void why_print_programs(const struct page *p)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *whole = NULL;
	size_t size = 0, i;
	FILE *out = open_memstream(&text, &size);
	long before;

	if (!out)
		abort(); /* out of memory, as xmalloc() */
	for (i = 0; i < p->session->n_scenarios; i++) {
		before = ftell(out);
		write_programs(out, p->session->scenarios[i], before ? "; " : "");
	}
	fclose(out);
	if (!size)
		return;
	whole = xasprintf("the dearest, mean of the runs in which that was measured: %s", text);
	page_note(p, "probes", whole);
}
