/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * runs.h - private to the view of all scenarios: what a row is, drawn by runs_row.c, and what is
 * said of the one under the cursor, by runs_detail.c.
 */
#ifndef COLDPROF_TUI_RUNS_H
#define COLDPROF_TUI_RUNS_H

#include "tui/view.h"
#include "user/report/page.h"

/* Part of a bar: a phase. */
struct runs_part {
	const char *name;
	double ns;
};

/* Memory is shown as one or the other. */
enum runs_weight { RUNS_RSS, RUNS_PSS, RUNS_WEIGHTS };

struct runs_memory {
	double bytes; /* the median; of the run that goes on what it has now; 0: not known */
	struct bar_part parts[VIEW_CLASSES]; /* sum to it */
	bool now;     /* it still grows */
};

struct runs_row {
	const struct scenario_result *s;
	char name[PAGE_NAME_MAX];
	struct progress progress;
	struct stats cold, accept;
	struct runs_memory memory[RUNS_WEIGHTS];
	struct runs_part *parts; /* of the bar: median shares, or of the run that goes on */
	size_t n_parts;
	double parts_ns;         /* their sum */
	int y;                   /* line of the screen; 0: not on it */
	struct finding_summaries findings; /* of its runs */
};

/* Where things stand in a row; 0 wide: no room for it. */
struct runs_columns {
	bool tall; /* the bar has a line of its own */
	int bar, bar_width;
	int state, state_width, number, range, range_width, accept;
	int strip, strip_width;
	int memory, memory_width; /* the bar by class; its number stands to the right, 9 wide */
};

struct runs_scale {
	double longest; /* ns that fill a bar */
	double largest; /* bytes that fill a bar of memory */
	enum runs_weight weight;
	bool own;       /* each bar fills its room: shares instead of lengths */
	bool alone;     /* one row only, with all there is to say of it; … */
	bool findings_only; /* … that is, its findings from this one on: */
	size_t finding;
};

void runs_row_open(struct runs_row *row, const struct session *session,
		   const struct scenario_result *s);
void runs_row_close(struct runs_row *row);

/* What the bar's length stands for, ns: of the run that goes on up to now, else the median. */
double runs_row_length(const struct runs_row *row, uint64_t now);

void runs_row_draw(const struct runs_row *row, const struct view *v, struct canvas *c, int y,
		   const struct runs_columns *k, const struct runs_scale *scale);

/* Returns the first of the row's findings that had no room; their number where all had. */
size_t runs_detail_draw(const struct view *v, const struct runs_row *row,
			const struct runs_scale *scale, struct canvas *c, struct area at);

/* Lines that it takes. */
int runs_row_lines(const struct runs_row *row, bool live, bool tall);

/* Lines that the details would like to have. */
int runs_detail_lines(const struct view *v, const struct runs_row *row);

#endif
