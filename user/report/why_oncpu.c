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

static void print_row(const struct page *p, const struct oncpu_row *row, size_t runs, uint64_t ns)
{
	CLEANUP_FREE char *raw = row_text(&row->frame);
	CLEANUP_FREE char *text = page_escape(raw, strlen(raw));
	CLEANUP_FREE char *cut = why_cut(p, text, p->width - 24);
	char number[TEXT_NUMBER_MAX];

	fprintf(p->out, "%12s %4u %%  %s\n", text_ms(number, row->ns / runs),
		ns ? (unsigned int)((double)row->ns * 100 / (double)ns + 0.5) : 0, cut);
}

/* phase: only in it; NULL: everywhere. */
void why_print_oncpu(const struct page *p, const struct scenario_result *s, const char *phase)
{
	CLEANUP_FREE char *name = phase ? page_escape(phase, strlen(phase)) : NULL;
	char number[TEXT_NUMBER_MAX];
	struct oncpu cpu;
	size_t runs, i;

	oncpu_of_scenario(p->session, s, phase, &cpu, &runs);
	if (runs && cpu.samples >= SAMPLES_LEAST) {
		fprintf(p->out, "\n  On a CPU%s%s%s, %s a run, by %" PRIu64 " samples\n",
			name ? " in \"" : "", name ? name : "", name ? "\"" : "",
			text_ms(number, cpu.ns / runs), cpu.samples);
		for (i = 0; i < cpu.n && i < HEAVIEST; i++)
			print_row(p, &cpu.rows[i], runs, cpu.ns);
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
