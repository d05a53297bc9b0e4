/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - one screen each: view_NAME.c ends with its const struct view_ops.
 *
 * Views read the model and compute nothing of their own but where things go on the screen. Text of
 * the recording goes through view_escape(). Most are lists: rows of which one is under the cursor;
 * list.h moves it. The core owns the tabs, the keys between views, the filter and the status line.
 */
#ifndef COLDPROF_TUI_VIEW_H
#define COLDPROF_TUI_VIEW_H

#include "tui/canvas.h"
#include "tui/keys.h"
#include "tui/list.h"
#include "user/model/session.h"

#define VIEW_TEXT_MAX 1024
#define VIEW_FILTER_MAX 64

struct app;
struct view;

struct view_ops {
	const char *name;      /* in the tabs: "tree" */
	const char *title;     /* for the help: what it shows */
	char key;              /* jumps to it */
	const char *const *help; /* its own keys: "s\twhat it does", ends with NULL */
	bool needs_run;        /* the core says it where no run is chosen */
	bool filters;          /* '/' works here */
	size_t private_size;   /* zeroed by the core, once */
	void (*open)(struct view *v);  /* another scenario, run or filter: begin anew */
	void (*draw)(struct view *v, struct canvas *c, struct area at);
	bool (*press)(struct view *v, int key); /* false: the key means nothing here */
	long (*row_at)(const struct view *v, int y); /* line of the screen: row or -1; NULL: each has one */
	void (*close)(struct view *v); /* free what open() made; also before the next open() */
};

struct view {
	const struct view_ops *ops;
	struct app *app;
	const struct session *session;
	const struct scenario_result *scenario; /* chosen, NULL: there is none */
	const struct run *run;                  /* chosen, NULL: it has none */
	const char *filter;                     /* "" = all */
	uint64_t now;  /* of a session that goes on, CLOCK_MONOTONIC ns; 0: it is over */
	bool again;    /* open() is for more of the same run: what was set stays */
	struct list list;
	int list_y;    /* draw(): line of the list's first row on the screen, 0: it has none */
	int click_x;   /* press(PRESS_CLICK): column of the click; list.at is its row */
	bool opened;
	void *private;
};

extern const struct view_ops view_runs, view_timeline, view_path, view_ledger, view_tree,
	view_memory, view_events, view_vm, view_compare, view_each, view_help;

/* Those with a tab, in its order; ends with NULL. */
extern const struct view_ops *const views[];

/* app.c: what a view may ask for. */
void app_choose(struct app *a, const struct scenario_result *s, const struct run *r);
void app_show(struct app *a, const struct view_ops *ops);
/* Go on choosing the run that stands for the scenario, whatever comes in (true), or stay (false). */
void app_follow(struct app *a, bool follow);
bool app_follows(const struct app *a);
enum style app_phase_style(const struct app *a, const char *name);
const struct run *app_base(const struct app *a); /* that others are compared with; NULL: none */
void app_say(struct app *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const struct view_ops *app_helped(const struct app *a); /* whose keys the help is to show */

/* draw.c: what views share. */
const char *view_escape(char buf[VIEW_TEXT_MAX], const char *s);
const char *view_ms(char buf[32], double ns);
bool view_matches(const struct view *v, const char *text); /* has the filter, case ignored */
enum style view_state_style(enum path_state state);
enum style view_phase_style(const struct view *v, const char *name);

/* A run's phases as a bar, so many cells a ns. */
void view_phase_bar(const struct view *v, struct canvas *c, int x, int y, int columns,
		    const struct phases *phases, double cells);

/*
 * Phases on an axis: from and to (ns after launch) are the ends of its columns. inside: their names
 * on them, where there is room.
 */
struct view_axis {
	int x, columns;
	double from, to;
};
void view_phase_strip(const struct view *v, struct canvas *c, int y, const struct view_axis *axis,
		      const struct phases *phases, bool inside);

/* "██ exec 3.1 ms  ▒▒ mounts 2.0 ms  +3": what the parts of its bar are. */
void view_phase_legend(const struct view *v, struct canvas *c, struct area at,
		       const struct phases *phases);

/* The classes of memory as parts of a bar, in bytes. */
#define VIEW_CLASSES 4
void view_memory_classes(const struct memory_classes *m, struct bar_part parts[VIEW_CLASSES]);
const char *view_class_name(enum style style);

/* "> " before the row under the cursor, which is marked as a whole. */
void view_cursor(struct canvas *c, struct area at, int y);

/* A line "title ──────" */
void view_heading(struct canvas *c, struct area at, int y, const char *text);

/* At the right end of a heading "1–11 of 20", when not all rows have room. */
void view_position(struct canvas *c, struct area at, int y, size_t first, size_t shown, size_t n);
void view_list_position(struct canvas *c, struct area at, int y, const struct list *l);

/*
 * Ruler of time under or above bars: from at x on, to is where the columns end; ns after launch.
 * cursor: a column on which something else will stand, or -1.
 */
void view_ruler(struct canvas *c, int x, int y, int columns, double from, double to, int cursor);

/* Says so where the filter let nothing through; at: the lines of the list. */
void view_no_match(const struct view *v, struct canvas *c, struct area at);

/* The sentence for a view that has nothing to show. */
void view_nothing(struct canvas *c, struct area at, const char *text);

#endif
