// SPDX-License-Identifier: GPL-2.0-only
#include "user/watch_rows.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "user/base/clock.h"
#include "user/base/mem.h"
#include "user/base/text.h"

#define ROWS_MAX 100           /* remembered; the terminal may have room for fewer */
#define REPAINT_NS 250000000ull /* the table is drawn anew so often at most, but for real news */
#define LINE_MAX_BYTES 512

struct row {
	unsigned int number;
	uint64_t exec_ns;
	enum watch_end end; /* WATCH_OPEN: it goes on */
	char stamp[16];
	char rule[97], id[161]; /* escaped */
	char what[160];
};

struct watch_rows {
	bool terminal;
	unsigned int seen;
	struct row rows[ROWS_MAX]; /* a ring: entry n is at n % ROWS_MAX */
	unsigned int drawn;        /* lines of the table that is on the screen */
	uint64_t painted;
	uint64_t lost; /* records */
};

struct watch_rows *watch_rows_new(void)
{
	struct watch_rows *r = xcalloc(1, sizeof(*r));
	const char *term = getenv("TERM");

	r->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
	return r;
}

void watch_rows_free(struct watch_rows *rows)
{
	free(rows);
}

static void say_end(char *what, size_t size, const struct watch_news *n)
{
	char number[TEXT_NUMBER_MAX], listen[TEXT_NUMBER_MAX];
	int used;

	switch (n->end) {
	case WATCH_ACCEPTED:
		used = snprintf(what, size, "first accept on port %u after %s", n->port,
				text_ms(number, n->took));
		break;
	case WATCH_ENDED:
		used = snprintf(what, size, "ended after %s, nobody had connected",
				text_ms(number, n->took));
		break;
	case WATCH_CROWDED:
		used = snprintf(what, size, "given up: too many at once");
		break;
	default:
		used = snprintf(what, size, "settled: no accept within %s",
				text_ms(number, n->took));
		break;
	}
	if (n->listen)
		used += snprintf(what + used, size - used, ", listened after %s",
				 text_ms(listen, n->listen));
	snprintf(what + used, size - used, ", %u process%s", n->processes,
		 n->processes == 1 ? "" : "es");
}

/* Bytes of the first columns characters of a line without control characters. */
static int cut_at(const char *line, unsigned int columns)
{
	int i = 0;

	for (; line[i]; i++)
		if ((line[i] & 0xc0) != 0x80 && columns-- == 0)
			break;
	return i;
}

static void row_line(char line[LINE_MAX_BYTES], const struct row *row)
{
	snprintf(line, LINE_MAX_BYTES, "%s  %3u  %-16s %-14s %s", row->stamp, row->number, row->rule,
		 *row->id ? row->id : "-", row->what);
}

static void terminal_size(unsigned int *lines, unsigned int *columns)
{
	struct winsize ws;

	*lines = 24;
	*columns = 80;
	if (!ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) && ws.ws_row && ws.ws_col) {
		*lines = ws.ws_row;
		*columns = ws.ws_col;
	}
}

static void draw_row(struct row *row, uint64_t now, unsigned int columns)
{
	char line[LINE_MAX_BYTES], number[TEXT_NUMBER_MAX];

	if (row->end == WATCH_OPEN)
		snprintf(row->what, sizeof(row->what), "starts, %s",
			 text_ms(number, now > row->exec_ns ? now - row->exec_ns : 0));
	row_line(line, row);
	fprintf(stderr, "%.*s\n", cut_at(line, columns), line);
}

/* The table in its place: over the one before. Lines are cut, so that none takes two. */
static void draw(struct watch_rows *r)
{
	unsigned int lines, columns, shown, open = 0, i;
	uint64_t now = clock_mono_ns();
	char head[LINE_MAX_BYTES];

	terminal_size(&lines, &columns);
	shown = r->seen < ROWS_MAX ? r->seen : ROWS_MAX;
	for (i = 0; i < shown; i++)
		open += r->rows[i].end == WATCH_OPEN;
	if (shown > (lines > 4 ? lines - 3 : 1))
		shown = lines > 4 ? lines - 3 : 1;
	if (r->drawn)
		fprintf(stderr, "\033[%uA\r\033[J", r->drawn < lines ? r->drawn : lines - 1);
	for (i = r->seen - shown; i < r->seen; i++)
		draw_row(&r->rows[(i + 1) % ROWS_MAX], now, columns);
	snprintf(head, sizeof(head), "%u start%s seen, %u going on; Ctrl-C ends it", r->seen,
		 r->seen == 1 ? "" : "s", open);
	if (r->lost)
		snprintf(head + strlen(head), sizeof(head) - strlen(head), "; %llu record%s LOST",
			 (unsigned long long)r->lost, r->lost == 1 ? "" : "s");
	fprintf(stderr, "%.*s\n", cut_at(head, columns), head);
	fflush(stderr);
	r->drawn = shown + 1;
	r->painted = now;
}

static void begin_row(struct row *row, const struct watch_news *n)
{
	time_t now = time(NULL);
	struct tm tm;

	*row = (struct row){ .number = n->number, .exec_ns = n->exec_ns, .end = WATCH_OPEN };
	strftime(row->stamp, sizeof(row->stamp), "%H:%M:%S", localtime_r(&now, &tm));
	text_escape(row->rule, sizeof(row->rule), n->rule, strnlen(n->rule, 24));
	/* Of a long hexadecimal id a dozen characters are what everybody shows. */
	text_escape(row->id, sizeof(row->id), n->id, strlen(n->id) > 40 ? 12 : strlen(n->id));
	snprintf(row->what, sizeof(row->what), "starts");
}

void watch_rows_news(void *rows, const struct watch_news *n)
{
	struct watch_rows *r = rows;
	struct row *row = &r->rows[n->number % ROWS_MAX];
	char line[LINE_MAX_BYTES];

	if (n->end == WATCH_ARMED) {
		fputs("armed: starts are seen from now on; Ctrl-C ends it\n", stderr);
		return;
	}
	if (n->end == WATCH_LOST) {
		r->lost = n->lost;
		if (r->terminal)
			draw(r);
		else
			fprintf(stderr, "%llu record%s lost until now: starts are incomplete\n",
				(unsigned long long)n->lost, n->lost == 1 ? " was" : "s were");
		return;
	}
	if (n->end == WATCH_TICK) {
		if (r->terminal && clock_mono_ns() - r->painted > REPAINT_NS)
			draw(r);
		return;
	}
	if (n->end == WATCH_OPEN) {
		r->seen = n->number;
		begin_row(row, n);
	} else if (row->number == n->number) {
		row->end = n->end;
		say_end(row->what, sizeof(row->what), n);
	} else {
		struct row late;

		/* So many came meanwhile that its row is another's. */
		begin_row(&late, n);
		say_end(late.what, sizeof(late.what), n);
		row_line(line, &late);
		if (!r->terminal)
			fprintf(stderr, "%s\n", line);
		return;
	}
	if (r->terminal) {
		draw(r);
	} else {
		row_line(line, row);
		fprintf(stderr, "%s\n", line);
	}
}
