// SPDX-License-Identifier: GPL-2.0-only
/* why_oncpu.c - what ran in the slices of the path that used a CPU: functions, by samples. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define HEAVIEST 8
#define SAMPLES_LEAST 10 /* fewer say nothing */
#define ROW_LEAST 5      /* likewise of one function: of 4 the standard error is 50 % */

/* "runc: runtime.schedinit", "kernel: clear_page_erms", "libc.so.6+0x7d20", "not known". */
static char *row_text(const struct frame *f)
{
	CLEANUP_FREE char *name = oncpu_short_name(f->function);

	if (*f->function && *f->object)
		return xasprintf("%s: %s", f->object, name);
	if (*f->function)
		return STEAL(name);
	return *f->object ? xasprintf("%s+0x%" PRIx64, f->object, f->offset) : xstrdup("not known");
}

static void print_row(const struct page *p, uint64_t ns, uint64_t samples, const char *raw,
		      const struct oncpu *of, size_t runs)
{
	CLEANUP_FREE char *text = page_escape(raw, strlen(raw));
	CLEANUP_FREE char *cut = why_cut(p, text, p->width - 32);
	char number[TEXT_NUMBER_MAX];

	fprintf(p->out, "%12s %4u %% %7" PRIu64 "  %s\n", text_ms(number, ns / runs),
		of->ns ? (unsigned int)((double)ns * 100 / (double)of->ns + 0.5) : 0, samples, cut);
}

/* Rows [first, end) as one. */
static void print_sum(const struct page *p, const struct oncpu *cpu, size_t first, size_t end,
		      size_t runs, const char *what)
{
	CLEANUP_FREE char *text = xasprintf("(%zu%s function%s%s)", end - first,
					    *what ? "" : " other", end - first == 1 ? "" : "s", what);
	uint64_t ns = 0, samples = 0;
	size_t i;

	for (i = first; i < end; i++) {
		ns += cpu->rows[i].ns;
		samples += cpu->rows[i].samples;
	}
	if (first < end)
		print_row(p, ns, samples, text, cpu, runs);
}

/* Of functions with few samples each is a guess, all of them together are known. */
static void print_rows(const struct page *p, const struct oncpu *cpu, size_t runs)
{
	CLEANUP_FREE char *few = NULL;
	size_t i, told = 0;

	while (told < cpu->n && cpu->rows[told].samples >= ROW_LEAST)
		told++;
	for (i = 0; i < told && i < HEAVIEST; i++) {
		CLEANUP_FREE char *text = row_text(&cpu->rows[i].frame);

		print_row(p, cpu->rows[i].ns, cpu->rows[i].samples, text, cpu, runs);
	}
	few = xasprintf("%s with fewer than %d samples", told ? "" : ", all", ROW_LEAST);
	print_sum(p, cpu, i, told, runs, "");
	print_sum(p, cpu, told, cpu->n, runs, few);
}

/* phase: only in it; NULL: everywhere. */
void why_print_oncpu(const struct page *p, const struct scenario_result *s, const char *phase)
{
	CLEANUP_FREE char *name = phase ? page_escape(phase, strlen(phase)) : NULL;
	char number[TEXT_NUMBER_MAX];
	struct oncpu cpu;
	size_t runs;

	oncpu_of_scenario(p->session, s, phase, &cpu, &runs);
	if (runs && cpu.samples >= SAMPLES_LEAST) {
		fprintf(p->out, "\n  On a CPU%s%s%s, %s a run, by %" PRIu64
			" samples: time, share, samples, function\n", name ? " in \"" : "",
			name ? name : "", name ? "\"" : "", text_ms(number, cpu.ns / runs), cpu.samples);
		print_rows(p, &cpu, runs);
	}
	free(cpu.rows);
}

void why_json_oncpu(struct json *j, const struct session *session, const struct run *r)
{
	struct oncpu cpu;
	size_t i;

	oncpu_of_run(session, r, &cpu);
	if (cpu.taken)
		json_array(j, "on_cpu");
	for (i = 0; i < cpu.n; i++) {
		const struct oncpu_row *row = &cpu.rows[i];

		json_object(j, NULL);
		json_string(j, "object", row->frame.object);
		if (*row->frame.function)
			json_string(j, "symbol", row->frame.function);
		else
			json_null(j, "symbol");
		if (row->frame.offset)
			json_u64(j, "offset", row->frame.offset);
		json_u64(j, "samples", row->samples);
		json_u64(j, "ns", row->ns);
		json_end(j);
	}
	if (cpu.taken)
		json_end(j);
	free(cpu.rows);
}
