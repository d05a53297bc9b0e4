// SPDX-License-Identifier: GPL-2.0-only
/* app.c - the views together: which one is shown, what is chosen, the lines above and below. */
#include "tui/app.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/phases.h"
#include "tui/view.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/base/utf8.h"

const struct view_ops *const views[] = { &view_runs, &view_timeline, &view_path, &view_ledger,
					 &view_tree, &view_memory, &view_events, &view_vm,
					 &view_compare, NULL };

#define TABS (ARRAY_SIZE(views) - 1) /* the others have a tab only while they are shown */
#define EACH TABS
#define HELP (TABS + 1)
#define VIEWS (TABS + 2)

#define FRAME_MS 50 /* while something is counted: 20 frames a second */
#define IDLE_MS 100 /* how often a session is looked at that goes on */
#define QUIET_NS 150000000ull /* a launch is left alone that long */

struct app {
	const struct session *session;
	const struct app_live *live; /* NULL: the session is over */
	bool follow;  /* the cursor goes with the run that goes on */
	uint64_t now; /* 0: the session is over */
	const char *file, *incomplete;
	const struct scenario_result *scenario;
	const struct run *run;
	const struct run *base; /* what others are compared with */
	struct phase_styles phases;
	struct view views[VIEWS];
	size_t stack[VIEWS], depth; /* how we came here; each view once */
	char filter[VIEW_FILTER_MAX];
	bool typing; /* into filter */
	bool over;
	char said[256]; /* in place of the keys, until the next one is pressed */
	struct canvas canvas;
};

static struct view *shown(struct app *a)
{
	return &a->views[a->stack[a->depth - 1]];
}

static void view_close(struct view *v)
{
	if (v->opened && v->ops->close)
		v->ops->close(v);
	v->opened = false;
}

/* Views are opened when they are shown, not before: most never are. */
static void view_open(struct view *v)
{
	struct app *a = v->app;

	if (v->opened)
		return;
	v->again = v->again && v->scenario == a->scenario && v->run == a->run;
	v->scenario = a->scenario;
	v->run = a->run;
	if (v->ops->needs_run && !v->again)
		v->list = (struct list){ 0 };
	v->filter = v->ops->filters ? a->filter : "";
	if (v->ops->open && (v->run || !v->ops->needs_run)) {
		v->ops->open(v);
		v->opened = true;
	}
	v->again = false;
}

static void close_all(struct app *a)
{
	size_t i;

	for (i = 0; i < VIEWS; i++)
		view_close(&a->views[i]);
}

void app_say(struct app *a, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(a->said, sizeof(a->said), fmt, args);
	va_end(args);
}

/* The run that stands for a scenario: the median one, else the last one that was made. */
static const struct run *run_of(const struct scenario_result *s)
{
	const struct run *r = s ? scenario_median_run(s) : NULL;

	return r ? r : s && s->n_runs ? s->runs[s->n_runs - 1] : NULL;
}

void app_choose(struct app *a, const struct scenario_result *s, const struct run *r)
{
	if (!r)
		r = run_of(s);
	if (a->scenario == s && a->run == r)
		return;
	close_all(a);
	a->scenario = s;
	a->run = r;
}

enum style app_phase_style(const struct app *a, const char *name)
{
	return phase_styles_find(&a->phases, name);
}

void app_follow(struct app *a, bool follow)
{
	a->follow = follow;
}

bool app_follows(const struct app *a)
{
	return a->follow && a->live;
}

/* Until one is chosen: the first scenario's, else another run of the same one. */
const struct run *app_base(const struct app *a)
{
	const struct session *s = a->session;
	size_t i;

	for (i = 0; !a->base && i < s->n_scenarios; i++)
		if (s->scenarios[i] != a->scenario && run_of(s->scenarios[i]))
			return run_of(s->scenarios[i]);
	for (i = 0; !a->base && a->scenario && i < a->scenario->n_runs; i++)
		if (a->scenario->runs[i] != a->run)
			return a->scenario->runs[i];
	return a->base;
}

static void take_base(struct app *a)
{
	if (!a->run) {
		app_say(a, "this scenario has no runs");
		return;
	}
	close_all(a);
	a->base = a->run;
	app_say(a, "the base to compare with; now choose another one, 9 compares");
}

static void show_view(struct app *a, size_t which)
{
	size_t i, n = 0;

	if (a->views[which].ops->needs_run)
		a->follow = false; /* what is looked at must not be taken away */
	for (i = 0; i < a->depth; i++)
		if (a->stack[i] != which)
			a->stack[n++] = a->stack[i];
	a->stack[n++] = which;
	a->depth = n;
}

void app_show(struct app *a, const struct view_ops *ops)
{
	size_t i;

	for (i = 0; i < VIEWS; i++)
		if (a->views[i].ops == ops)
			show_view(a, i);
}

const struct view_ops *app_helped(const struct app *a)
{
	return a->depth > 1 ? a->views[a->stack[a->depth - 2]].ops : &view_runs;
}

/* ---- what is on the screen ------------------------------------------------------------------- */

/* The run that goes on, or NULL: the last that was begun. */
static const struct run *run_that_goes_on(const struct session *s)
{
	const struct run *r = s->n_runs ? s->runs[s->n_runs - 1] : NULL;

	return r && !r->ended ? r : NULL;
}

/* "run 12 of 40, 0:23" */
static void progress_text(const struct app *a, char *text, size_t size)
{
	const struct session *s = a->session;
	uint64_t per_row = (uint64_t)s->head.runs + s->head.warmup, all = 0;
	uint64_t seconds = a->now > s->started ? (a->now - s->started) / 1000000000 : 0;
	size_t i;

	for (i = 0; i < s->n_scenarios; i++)
		all += s->scenarios[i]->available ? per_row : s->scenarios[i]->n_runs;
	snprintf(text, size, "run %zu of %" PRIu64 ", %" PRIu64 ":%02" PRIu64, s->n_runs, all,
		 seconds / 60, seconds % 60);
}

static void run_text(const struct app *a, char *text, size_t size)
{
	char name[VIEW_TEXT_MAX], ms[TEXT_NUMBER_MAX];
	uint64_t ns;

	if (!a->run) {
		snprintf(text, size, "%.200s",
			 a->scenario ? view_escape(name, a->scenario->name) : "");
		return;
	}
	if (run_quantity(a->run, QUANTITY_COLD_START, &ns))
		text_ms(ms, ns);
	else
		snprintf(ms, sizeof(ms), session_ready_by(a->session) ? "not ready" :
								      "no first byte");
	snprintf(text, size, "%.200s, %s %" PRIu64 ", %s: %s%s",
		 view_escape(name, a->scenario->name), a->run->warmup ? "warm-up" : "run",
		 (uint64_t)a->run->index + 1, run_status_name(a->run), ms,
		 a->run->lost ? ", with losses" : "");
}

static void draw_title(struct app *a, struct canvas *c)
{
	const char *slash = strrchr(a->file, '/');
	char text[VIEW_TEXT_MAX], name[VIEW_TEXT_MAX];
	int x = canvas_text(c, 0, 0, c->width, STYLE_TITLE, "coldprof") + 2;

	if (a->live && !shown(a)->ops->needs_run)
		progress_text(a, text, sizeof(text));
	else
		run_text(a, text, sizeof(text));
	canvas_right(c, c->width / 2, 0, c->width - c->width / 2, STYLE_TITLE, text);
	if (a->live)
		x += canvas_text(c, x, 0, 6, STYLE_LIVE, c->utf8 ? "● live" : "* live") + 2;
	canvas_text(c, x, 0, c->width - (int)text_width(text) - x - 2, STYLE_DIM,
		    view_escape(name, slash ? slash + 1 : a->file));
}

/* "2 timeline ", the one that is shown "[2 timeline] "; "2 " where names have no room. */
static int tab_width(const struct view_ops *ops, bool here, bool wide)
{
	return here ? (int)strlen(ops->name) + 5 : wide ? (int)strlen(ops->name) + 3 : 2;
}

static bool has_tab(const struct app *a, size_t i)
{
	return i < TABS || i == a->stack[a->depth - 1];
}

static bool tabs_are_wide(const struct app *a)
{
	int width = 0;
	size_t i;

	for (i = 0; i < VIEWS; i++)
		if (has_tab(a, i))
			width += tab_width(a->views[i].ops, i == a->stack[a->depth - 1], true);
	return width - 1 <= a->canvas.width;
}

static void draw_tabs(struct app *a, struct canvas *c)
{
	bool wide = tabs_are_wide(a);
	size_t i;
	int x = 0;

	for (i = 0; i < VIEWS; i++) {
		const struct view_ops *ops = a->views[i].ops;
		bool here = ops == shown(a)->ops;

		if (!has_tab(a, i))
			continue;
		if (here) {
			canvas_textf(c, x, 1, c->width - x, STYLE_TAB, "[%c %s]", ops->key, ops->name);
		} else {
			canvas_textf(c, x, 1, 1, STYLE_KEY, "%c", ops->key);
			if (wide)
				canvas_text(c, x + 2, 1, c->width - x - 2, STYLE_PLAIN, ops->name);
		}
		x += tab_width(ops, here, wide);
	}
}

/* The view whose tab is at a column, or VIEWS. */
static size_t tab_at(struct app *a, int column)
{
	bool wide = tabs_are_wide(a);
	size_t i;
	int x = 0;

	for (i = 0; i < VIEWS; i++) {
		if (!has_tab(a, i))
			continue;
		x += tab_width(a->views[i].ops, a->views[i].ops == shown(a)->ops, wide);
		if (column < x)
			return i;
	}
	return VIEWS;
}

/* "? help": a key told from its word. Returns the columns, or 0 when they are not there. */
static int draw_key(struct canvas *c, int x, int y, int end, const char *key)
{
	const char *tab = strchr(key, '\t');
	int from = x;

	if (x + (int)text_width(key) > end)
		return 0;
	x += canvas_textf(c, x, y, end - x, STYLE_KEY, "%.*s", (int)(tab - key), key) + 1;
	x += canvas_text(c, x, y, end - x, STYLE_DIM, tab + 1);
	return x - from;
}

/* Keys of the view from the left, as many as fit; how to get help and out stands always. */
static void draw_keys(struct app *a, struct canvas *c, int y)
{
	static const char *const more[] = { "Tab\tview", "[ ]\trun", "{ }\tscenario",
					    "Esc\tback", NULL };
	const char *const *keys = shown(a)->ops->help;
	int end = c->width - (int)strlen("? help  q quit"), x = 0, n;

	draw_key(c, end, y, c->width, "?\thelp");
	draw_key(c, end + (int)strlen("? help  "), y, c->width, "q\tquit");
	for (; keys && *keys; keys++, x += n + 2)
		if (!(n = draw_key(c, x, y, end - 2, *keys)))
			return;
	for (keys = more; *keys; keys++, x += n + 2)
		if (!(n = draw_key(c, x, y, end - 2, *keys)))
			return;
}

static void draw_status(struct app *a, struct canvas *c)
{
	char filter[VIEW_TEXT_MAX], why[VIEW_TEXT_MAX];
	int y = c->height - 1;

	view_escape(filter, a->filter);
	if (a->typing)
		canvas_textf(c, 0, y, c->width, STYLE_KEY, "/%s_  (Enter keeps it, Esc shows all)",
			     filter);
	else if (*a->said)
		canvas_text(c, 0, y, c->width, STYLE_WARN, a->said);
	else if (*a->filter && shown(a)->ops->filters)
		canvas_textf(c, 0, y, c->width, STYLE_KEY, "only what has \"%s\"; Esc shows all",
			     filter);
	else if (a->incomplete && a->depth == 1)
		canvas_textf(c, 0, y, c->width, STYLE_WARN, "the recording is not whole: %s",
			     view_escape(why, a->incomplete));
	else
		draw_keys(a, c, y);
}

static void draw_too_small(struct canvas *c)
{
	struct area all = { 0, 0, c->width, c->height };
	char text[96];

	snprintf(text, sizeof(text), "%d x %d is too small: make it %d x %d or more. q quits.",
		 c->width, c->height, APP_WIDTH_MIN, APP_HEIGHT_MIN);
	canvas_prose(c, all, STYLE_PLAIN, text);
}

static void draw(struct app *a, const struct app_io *io)
{
	struct canvas *c = &a->canvas;
	struct view *v = shown(a);
	int width = 80, height = 24;

	io->size(io->ctx, &width, &height);
	canvas_resize(c, width, height);
	if (c->width < APP_WIDTH_MIN || c->height < APP_HEIGHT_MIN) {
		draw_too_small(c);
	} else {
		struct area at = { 0, 3, c->width, c->height - 4 };

		v->now = a->now;
		v->list_y = 0;
		view_open(v);
		draw_title(a, c);
		draw_tabs(a, c);
		canvas_line(c, 0, 2, c->width, STYLE_DIM);
		if (v->opened)
			v->ops->draw(v, c, at);
		else
			view_nothing(c, at, v->scenario ? "This scenario has no runs yet: see view 1." :
						    "No scenario is in this recording.");
		draw_status(a, c);
	}
	io->show(io->ctx, c);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* What was typed must fit into a recording's text: UTF-8, whole characters. */
static void type(struct app *a, int key)
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = strlen(a->filter), bytes, i;

	if (key == PRESS_BACKSPACE) {
		while (n && ((unsigned char)a->filter[n - 1] & 0xc0) == 0x80)
			n--;
		a->filter[n ? n - 1 : 0] = '\0';
		return;
	}
	if (key < ' ' || key >= PRESS_UP || utf8_is_unsafe((uint32_t)key))
		return;
	bytes = key < 0x80 ? 1 : key < 0x800 ? 2 : key < 0x10000 ? 3 : 4;
	if (n + bytes >= sizeof(a->filter) || (key >= 0xd800 && key < 0xe000))
		return;
	a->filter[n + bytes] = '\0';
	for (i = bytes - 1; i > 0; i--, key >>= 6)
		a->filter[n + i] = (char)(0x80 | (key & 0x3f));
	a->filter[n] = (char)(leads[bytes] | key);
}

static void press_typing(struct app *a, int key)
{
	if (key == PRESS_ESC)
		a->filter[0] = '\0';
	if (key == PRESS_ESC || key == PRESS_ENTER)
		a->typing = false;
	else
		type(a, key);
	close_all(a);
}

static void step_run(struct app *a, int by)
{
	const struct scenario_result *s = a->scenario;
	size_t i;

	a->follow = false;

	for (i = 0; s && i < s->n_runs; i++) {
		if (s->runs[i] != a->run)
			continue;
		if ((by < 0 && i) || (by > 0 && i + 1 < s->n_runs))
			app_choose(a, s, s->runs[by < 0 ? i - 1 : i + 1]);
		else
			app_say(a, by < 0 ? "this is the first run" : "this is the last run");
		return;
	}
}

static void step_scenario(struct app *a, int by)
{
	const struct session *s = a->session;
	size_t i;

	a->follow = false;

	for (i = 0; i < s->n_scenarios; i++) {
		if (s->scenarios[i] != a->scenario)
			continue;
		if ((by < 0 && i) || (by > 0 && i + 1 < s->n_scenarios))
			app_choose(a, s->scenarios[by < 0 ? i - 1 : i + 1], NULL);
		return;
	}
}

static void go_back(struct app *a)
{
	if (*a->filter && shown(a)->ops->filters) {
		a->filter[0] = '\0';
		close_all(a);
	} else if (a->depth > 1) {
		a->depth--;
	} else {
		app_say(a, "this is the first view; q quits");
	}
}

static bool press_jump(struct app *a, int key)
{
	size_t i;

	for (i = 0; i < VIEWS; i++) {
		if (key == a->views[i].ops->key) {
			show_view(a, i);
			return true;
		}
	}
	return false;
}

static void press_tab(struct app *a, size_t by)
{
	size_t now = a->stack[a->depth - 1];

	if (now == HELP)
		now = a->depth > 1 ? a->stack[a->depth - 2] : 0;
	if (now >= TABS)
		now = by == 1 ? TABS - 1 : 0;
	show_view(a, (now + by) % TABS);
}

static void press_click(struct app *a, int key)
{
	struct view *v = shown(a);
	int x = (key - PRESS_CLICK) % PRESS_CLICK_ROW, y = (key - PRESS_CLICK) / PRESS_CLICK_ROW;
	long row;

	if (y == 1 && tab_at(a, x) < VIEWS)
		show_view(a, tab_at(a, x));
	if (y <= 1 || !v->opened || !v->list_y || y < v->list_y)
		return;
	row = v->ops->row_at ? v->ops->row_at(v, y) : (long)v->list.top + y - v->list_y;
	if (row < 0 || (size_t)row >= v->list.n || (size_t)row >= v->list.top + v->list.page)
		return;
	v->list.at = (size_t)row;
	v->click_x = x;
	if (v->ops->press)
		v->ops->press(v, PRESS_CLICK);
}

static void follow_session(struct app *a)
{
	const struct run *r = run_that_goes_on(a->session);

	if (a->follow && r)
		app_choose(a, r->scenario, r);
	else if (!a->scenario && a->session->n_scenarios)
		app_choose(a, a->session->scenarios[0], NULL);
	else if (a->follow && a->scenario)
		app_choose(a, a->scenario, NULL);
	else if (a->scenario && !a->run)
		app_choose(a, a->scenario, NULL);
}

/* Keys that mean the same everywhere. */
static bool press_common(struct app *a, int key)
{
	const struct view *v = shown(a);

	if (key == 'f' && a->live) {
		a->follow = !a->follow;
		app_say(a, a->follow ? "the cursor follows the session" : "the cursor stays");
		follow_session(a);
		return true;
	}
	if (key == PRESS_TAB || key == PRESS_BACK_TAB) {
		press_tab(a, key == PRESS_TAB ? 1 : TABS - 1);
	} else if (key == 'c') {
		take_base(a);
	} else if (key == PRESS_ESC || key == PRESS_BACKSPACE) {
		go_back(a);
	} else if (key == '[' || key == ']') {
		step_run(a, key == '[' ? -1 : 1);
	} else if (key == '{' || key == '}') {
		step_scenario(a, key == '{' ? -1 : 1);
	} else if (key == '/') {
		a->typing = v->ops->filters;
		if (!a->typing)
			app_say(a, "nothing to filter here; events, path, ledger and vm have filters");
	} else {
		return press_jump(a, key);
	}
	return true;
}

static void press(struct app *a, int key)
{
	struct view *v = shown(a);

	if (key == PRESS_NONE)
		return;
	a->said[0] = '\0';
	if (key == PRESS_QUIT) {
		a->over = true;
	} else if (key == PRESS_RESIZE) {
		return;
	} else if (a->typing) {
		press_typing(a, key);
	} else if (key == 'q') {
		a->over = true;
	} else if (key >= PRESS_CLICK) {
		press_click(a, key);
	} else if (v->opened && v->ops->press && v->ops->press(v, key)) {
		return;
	} else if (v->opened && list_press(&v->list, key)) {
		return;
	} else if (!press_common(a, key) && key != PRESS_ENTER) {
		app_say(a, "that key does nothing here; ? shows those that do");
	}
}

/* ---- a session that grows -------------------------------------------------------------------- */

static void session_over(struct app *a)
{
	a->live = NULL;
	a->now = 0;
	if (a->follow && a->session->n_scenarios)
		app_choose(a, a->session->scenarios[0], NULL);
	a->follow = false;
	app_say(a, "the session is over: look around; q leaves and prints the report");
}

/* What views have pointers to may move when records come in: they are opened again. */
static void grow(struct app *a)
{
	bool goes_on;
	size_t i;

	if (!a->live)
		return;
	if (a->live->pending(a->live->ctx)) {
		for (i = 0; i < VIEWS; i++) {
			a->views[i].again = a->views[i].opened;
			view_close(&a->views[i]);
		}
		goes_on = a->live->feed(a->live->ctx);
		phase_styles_learn(&a->phases, a->session);
		follow_session(a);
		if (!goes_on)
			session_over(a);
	}
	if (a->live)
		a->now = a->live->now(a->live->ctx);
}

/* Is a launch timed? */
static bool is_timed(const struct run *r)
{
	return r && !r->has_client && !r->has_ready;
}

/* In its first moments a launch is not disturbed by drawing. */
static bool must_be_quiet(const struct app *a)
{
	const struct run *r = a->live ? run_that_goes_on(a->session) : NULL;

	return is_timed(r) && a->now > r->begun && a->now - r->begun < QUIET_NS;
}

static int patience(const struct app *a)
{
	const struct run *r;

	if (!a->live)
		return -1;
	r = run_that_goes_on(a->session);
	return is_timed(r) && !must_be_quiet(a) ? FRAME_MS : IDLE_MS;
}

static void app_init(struct app *a)
{
	size_t i;

	for (i = 0; i < VIEWS; i++) {
		struct view *v = &a->views[i];

		v->ops = i == HELP ? &view_help : i == EACH ? &view_each : views[i];
		v->app = a;
		v->session = a->session;
		v->private = xcalloc(1, v->ops->private_size ? v->ops->private_size : 1);
	}
	phase_styles_learn(&a->phases, a->session);
	if (a->session->n_scenarios)
		app_choose(a, a->session->scenarios[0], NULL);
}

bool app_run(const struct session *session, const char *file, const char *incomplete,
	     const struct app_io *io, const struct app_live *live)
{
	struct app a = { .session = session, .file = file, .incomplete = incomplete, .depth = 1,
			 .live = live, .follow = live != NULL };
	int key = PRESS_RESIZE;
	size_t i;

	a.canvas.utf8 = io->utf8;
	app_init(&a);
	while (!a.over) {
		grow(&a);
		if (key != PRESS_NONE || !must_be_quiet(&a))
			draw(&a, io);
		key = io->next(io->ctx, patience(&a));
		press(&a, key);
	}
	close_all(&a);
	for (i = 0; i < VIEWS; i++)
		free(a.views[i].private);
	canvas_release(&a.canvas);
	phase_styles_release(&a.phases);
	return !a.live;
}
