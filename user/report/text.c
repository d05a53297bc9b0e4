// SPDX-License-Identifier: GPL-2.0-only
/*
 * text.c - the report that people read: a chart, what it took, what it weighs; notes.c goes on.
 *
 *     native           ▏ 13.1 ms
 *     runc             ▍ 35.9 ms
 *     qemu (TCG)       ██████████████████████████████████ 2873 ms  TCG: not a KVM number
 *     firecracker      not here: no firecracker in $PATH
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/report/adopted.h"
#include "user/report/density.h"
#include "user/report/memory.h"
#include "user/report/page.h"
#include "user/report/report.h"
#include "user/report/table.h"
#include "user/report/why.h"

#define WIDTH_MIN 60 /* below, lines overflow: nobody reads tables on less */
#define WIDTH_MAX 160 /* a longer bar says no more */

const char *page_name(char buf[PAGE_NAME_MAX], const char *name)
{
	return text_escape(buf, 32, name, strlen(name));
}

const char *words_emulation(const struct session *session, const struct scenario_result *s)
{
	const char *kvm = session_env(session, "kvm");

	if (!(s->flags & SCENARIO_VM) || (!s->available && s->n_runs == 0))
		return NULL;
	if (!strncmp(s->accel, "tcg", 3))
		return "TCG: not a KVM number";
	if (strncmp(s->accel, "kvm", 3))
		return "emulated: not a KVM number";
	return kvm && !strcmp(kvm, "pvm") ? "PVM: not a VMX or SVM number" : NULL;
}

const char *page_emulation(const struct page *p, const struct scenario_result *s)
{
	return words_emulation(p->session, s);
}

const char *page_row_name(char buf[PAGE_NAME_MAX], const struct page *p,
			  const struct scenario_result *s)
{
	const char *why = page_emulation(p, s);
	size_t n;

	page_name(buf, s->name);
	n = strlen(buf);
	if (why)
		snprintf(buf + n, PAGE_NAME_MAX - n, " (%.*s)", (int)strcspn(why, ":"), why);
	return buf;
}

char *page_escape(const char *s, size_t n)
{
	size_t size = n * 12 + 1; /* no byte becomes longer than \u{10ffff} */
	char *out = xmalloc(size);

	return text_escape(out, size, s, n);
}

void page_heading(const struct page *p, const char *text)
{
	fprintf(p->out, p->options->colour ? "\033[1m%s\033[0m\n" : "%s\n", text);
}

size_t page_counted(const struct scenario_result *s)
{
	size_t n = 0, i;

	for (i = 0; i < s->n_runs; i++)
		n += run_counted(s->runs[i]);
	return n;
}

static uint64_t whole(double v)
{
	if (v <= 0)
		return 0;
	return v >= 18446744073709549568.0 ? UINT64_MAX : (uint64_t)(v + 0.5);
}

static bool cut_short(const struct run *r)
{
	return !r->ended || r->status == RUN_INTERRUPTED;
}

/*
 * "30 runs each", or "30 runs each asked for, 1 to 3 done" where the session was ended before. A run
 * that failed was made, and ends its scenario early by itself.
 */
static char *runs_text(const struct session *s)
{
	uint32_t asked = s->head.runs;
	const char *plural = asked == 1 ? "" : "s";
	size_t least = SIZE_MAX, most = 0, i, k;

	for (i = 0; i < s->n_scenarios; i++) {
		const struct scenario_result *of = s->scenarios[i];
		size_t done = 0;
		bool failed = false;

		for (k = 0; k < of->n_runs; k++) {
			done += !of->runs[k]->warmup && !cut_short(of->runs[k]);
			failed = failed || (of->runs[k]->ended && of->runs[k]->status == RUN_FAILED);
		}
		if (failed || (!of->available && !of->n_runs))
			continue;
		least = done < least ? done : least;
		most = done > most ? done : most;
	}
	if (least >= asked) /* nobody at all: SIZE_MAX */
		return xasprintf("%" PRIu32 " run%s each", asked, plural);
	if (least == most)
		return xasprintf("%" PRIu32 " run%s each asked for, %zu done,", asked, plural, most);
	return xasprintf("%" PRIu32 " run%s each asked for, %zu to %zu done,", asked, plural, least,
			 most);
}

char *words_about(const struct session *s)
{
	CLEANUP_FREE char *runs = runs_text(s);
	const struct host_session *head = &s->head;
	CLEANUP_FREE char *version = page_escape(s->version, strlen(s->version));
	char date[48] = "";
	time_t seconds = (time_t)(head->realtime / 1000000000u);
	struct tm tm;
	bool cold = s->n_runs && s->runs[0]->cold;

	if (head->realtime && gmtime_r(&seconds, &tm))
		strftime(date, sizeof(date), ", %Y-%m-%d %H:%M:%S UTC", &tm);
	return xasprintf("%s after %" PRIu32 " warm-up%s, %s, port %" PRIu32
			 "%s, coldprof%s%s",
			 runs, head->warmup,
			 head->warmup == 1 ? "" : "s",
			 cold ? "page cache dropped before each" : "page cache as it was",
			 head->port, date, *version ? " " : "", version);
}

char *words_cold_start(const struct session *s)
{
	const char *by = session_ready_by(s);
	CLEANUP_FREE char *shown = by ? page_escape(by, strlen(by)) : NULL;

	if (!by)
		return xstrdup("Cold start: from the runtime's execve to the first byte of the answer");
	return xasprintf("Cold start: from the command's execve until it is ready (%s)", shown);
}

static void print_title(const struct page *p)
{
	CLEANUP_FREE char *what = words_cold_start(p->session);
	CLEANUP_FREE char *text = words_about(p->session);

	page_heading(p, what);
	prose_print(p->out, p->width, "", text);
	fputc('\n', p->out);
}

/* One line of the chart. */
struct bar {
	char name[PAGE_NAME_MAX];
	bool measured;
	uint64_t ns;
	char value[TEXT_NUMBER_MAX];
	char *label; /* after the value, or in place of the bar; owned */
};

/* What stands in place of a bar, or after it: escaped, cut later. */
static char *label_of(const struct page *p, const struct scenario_result *s, bool measured)
{
	const char *emulation = page_emulation(p, s);
	const char *status = scenario_status_name(s);
	const char *raw = scenario_reason(s);
	CLEANUP_FREE char *reason = page_escape(raw, strlen(raw));
	size_t failed = 0, runs = 0, i;

	if (!measured) {
		if (!strcmp(status, "unavailable"))
			return xasprintf("not here: %s", reason);
		return xasprintf("%s%s", *reason ? "failed: " : "no first byte was seen", reason);
	}
	for (i = 0; i < s->n_runs; i++) {
		const struct run *r = s->runs[i];

		runs += r->ended;
		failed += r->ended && r->status == RUN_FAILED;
	}
	if (failed)
		return xasprintf("%zu of %zu runs failed%s%s", failed, runs, emulation ? "; " : "",
				 emulation ? emulation : "");
	return xstrdup(emulation ? emulation : "");
}

static void print_blocks(const struct page *p, double cells)
{
	static const char *const parts[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned int eighths = (unsigned int)(cells * 8 + 0.5);
	unsigned int i;

	if (p->options->utf8) {
		if (eighths == 0)
			eighths = 1;
		for (i = 0; i < eighths / 8; i++)
			fputs("█", p->out);
		fputs(parts[eighths % 8], p->out);
	} else {
		for (i = 0; i == 0 || i < (unsigned int)(cells + 0.5); i++)
			fputc('#', p->out);
	}
}

/* Cells of a bar per ns, so that every line with its value and label just fits. */
static double bar_scale(const struct bar *bars, size_t n, size_t room)
{
	double scale = -1;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct bar *b = &bars[i];
		size_t taken = 1 + strlen(b->value) + (*b->label ? 2 + text_width(b->label) : 0);
		double fits;

		if (!b->measured || b->ns == 0)
			continue;
		fits = (room > taken + 4 ? (double)(room - taken) : 4) / (double)b->ns;
		if (scale < 0 || fits < scale)
			scale = fits;
	}
	return scale < 0 ? 0 : scale;
}

/* Cut a label so that it fits into so many columns; dots tell. Notes have it whole. */
static char *fit_label(const struct page *p, char *label, size_t columns)
{
	const char *dots = p->options->utf8 ? "…" : "...";
	size_t n = strlen(label);
	char *cut;

	if (text_width(label) <= columns)
		return label;
	while (n && text_width(label) + text_width(dots) > columns) {
		do {
			n--;
		} while (n && ((unsigned char)label[n] & 0xc0) == 0x80);
		label[n] = '\0';
	}
	cut = xasprintf("%s%s", label, dots);
	free(label);
	return cut;
}

static void print_chart(const struct page *p)
{
	size_t n = p->session->n_scenarios, name_width = 0, room, i;
	CLEANUP_FREE struct bar *bars = xcalloc(n ? n : 1, sizeof(*bars));
	double scale;

	for (i = 0; i < n; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		struct bar *b = &bars[i];
		struct stats cold;

		scenario_stats(s, QUANTITY_COLD_START, &cold);
		page_row_name(b->name, p, s);
		b->measured = cold.n > 0;
		b->ns = whole(cold.median);
		if (b->measured)
			text_ms(b->value, b->ns);
		b->label = label_of(p, s, b->measured);
		if (text_width(b->name) > name_width)
			name_width = text_width(b->name);
	}
	room = p->width > name_width + 22 ? p->width - name_width - 2 : 20;
	for (i = 0; i < n; i++)
		bars[i].label = fit_label(p, bars[i].label,
					  bars[i].measured ? room - room / 3 : room);
	scale = bar_scale(bars, n, room);
	for (i = 0; i < n; i++) {
		const struct bar *b = &bars[i];

		fprintf(p->out, "%s%*s", b->name, (int)(name_width - text_width(b->name) + 2), "");
		if (b->measured) {
			print_blocks(p, scale * (double)b->ns);
			fprintf(p->out, " %s%s", b->value, *b->label ? "  " : "");
		}
		fprintf(p->out, "%s\n", b->label);
		free(b->label);
	}
}

static void cell_ms(struct table *t, const struct stats *s, double v, const char *mark)
{
	char number[TEXT_NUMBER_MAX], cell[TEXT_NUMBER_MAX + 4];

	snprintf(cell, sizeof(cell), "%s%s", s->n ? text_ms(number, whole(v)) : "-", mark);
	table_cell(t, cell);
}

static void cell_bytes(struct table *t, const struct stats *s)
{
	char number[TEXT_NUMBER_MAX];

	table_cell(t, s->n ? text_bytes(number, whole(s->median)) : "-");
}

/* "12.7…13.9 ms" */
static void cell_range(const struct page *p, struct table *t, const struct stats *s)
{
	char low[TEXT_NUMBER_MAX], high[TEXT_NUMBER_MAX], cell[2 * TEXT_NUMBER_MAX + 8];

	text_ms(low, whole(s->min));
	text_ms(high, whole(s->max));
	low[strcspn(low, " ")] = '\0'; /* the unit is always the same: once is enough */
	snprintf(cell, sizeof(cell), "%s%s%s", low, p->options->utf8 ? "…" : "..", high);
	table_cell(t, s->n > 1 ? cell : "-");
}

/* The median of first accept; "*" where it is not what it says, "in guest" where nothing is. */
static void cell_accept(struct table *t, const struct scenario_result *s)
{
	const struct run *r = scenario_median_run(s);
	const char *note = r ? r->milestones.note[MILESTONE_FIRST_ACCEPT] : NULL;
	struct stats accept;

	scenario_stats(s, QUANTITY_FIRST_ACCEPT, &accept);
	if (!accept.n && (s->flags & SCENARIO_VM))
		table_cell(t, "in guest");
	else
		cell_ms(t, &accept, accept.median, note ? "*" : "");
}

static void time_columns(struct table *t)
{
	table_column(t, TABLE_LEFT, "isolation");
	table_column(t, TABLE_RIGHT, "cold start\nmedian");
	table_column(t, TABLE_RIGHT, "\nmin to max");
	table_column(t, TABLE_RIGHT, "\nn");
	table_column(t, TABLE_RIGHT, "first\naccept");
}

static void time_cells(const struct page *p, struct table *t, const struct scenario_result *s)
{
	char boundary[PAGE_NAME_MAX], n[TEXT_NUMBER_MAX];
	struct stats cold;

	scenario_stats(s, QUANTITY_COLD_START, &cold);
	table_cell(t, page_name(boundary, s->boundary));
	cell_ms(t, &cold, cold.median, "");
	cell_range(p, t, &cold);
	snprintf(n, sizeof(n), "%zu", cold.n);
	table_cell(t, n);
	cell_accept(t, s);
}

static void weight_columns(struct table *t)
{
	table_column(t, TABLE_RIGHT, "PSS at\n1st byte");
	table_column(t, TABLE_RIGHT, "\nsettled");
	table_column(t, TABLE_RIGHT, "RSS at\n1st byte");
	table_column(t, TABLE_RIGHT, "\nsettled");
	table_column(t, TABLE_RIGHT, "latency\np50");
	table_column(t, TABLE_RIGHT, "\np99");
}

static void weight_cells(struct table *t, const struct scenario_result *s)
{
	static const enum quantity bytes[] = { QUANTITY_PSS_FIRST_BYTE, QUANTITY_PSS_SETTLED,
					       QUANTITY_RSS_FIRST_BYTE, QUANTITY_RSS_SETTLED };
	struct stats stats;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		scenario_stats(s, bytes[i], &stats);
		cell_bytes(t, &stats);
	}
	scenario_stats(s, QUANTITY_LATENCY, &stats);
	cell_ms(t, &stats, stats.median, "");
	cell_ms(t, &stats, stats.p99, "");
}

/* One table with the time columns, the weight columns, or both. */
static void fill_table(const struct page *p, struct table *t, bool times, bool weights)
{
	size_t i;

	table_column(t, TABLE_LEFT, "scenario");
	if (times)
		time_columns(t);
	if (weights)
		weight_columns(t);
	for (i = 0; i < p->session->n_scenarios; i++) {
		const struct scenario_result *s = p->session->scenarios[i];
		char name[PAGE_NAME_MAX];

		if (page_counted(s) == 0)
			continue;
		table_cell(t, page_row_name(name, p, s));
		if (times)
			time_cells(p, t, s);
		if (weights)
			weight_cells(t, s);
	}
}

static void print_tables(const struct page *p)
{
	struct table both = { 0 };

	fill_table(p, &both, true, true);
	if (both.n_cells && table_width(&both) <= p->width) {
		fputc('\n', p->out);
		table_print(&both, p->out, p->options->colour);
	} else if (both.n_cells) {
		struct table times = { 0 }, weights = { 0 };

		fill_table(p, &times, true, false);
		fill_table(p, &weights, false, true);
		fputc('\n', p->out);
		table_print(&times, p->out, p->options->colour);
		fputc('\n', p->out);
		table_print(&weights, p->out, p->options->colour);
		table_release(&times);
		table_release(&weights);
	}
	table_release(&both);
}

int report_text(FILE *out, const struct session *s, const struct report_options *o)
{
	struct page p = { .out = out, .session = s, .options = o, .width = o->width };

	if (p.width == 0)
		p.width = 80;
	if (p.width < WIDTH_MIN)
		p.width = WIDTH_MIN;
	if (p.width > WIDTH_MAX)
		p.width = WIDTH_MAX;
	errno = 0;
	if (adopted_is_watch(s)) {
		adopted_starts(&p);
		notes_print(&p);
		return fflush(out) || ferror(out) ? (errno ? -errno : -EIO) : 0;
	}
	print_title(&p);
	if (s->n_scenarios)
		print_chart(&p);
	else
		fputs("No scenario is in this recording.\n", out);
	print_tables(&p);
	why_print(&p);
	adopted_print(&p);
	memory_print(&p);
	density_print(&p);
	notes_print(&p);
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}
