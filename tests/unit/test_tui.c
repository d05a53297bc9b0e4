// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_tui.c - the terminal UI without a terminal: every tests/golden/tui-*.screen, and keys at
 * random.
 *
 * A .screen has its own answers in it:
 *
 *     %ev report                    records of tests/golden/report.ev, and …
 *     %record 0 - ENV key=x         … lines of the same language
 *     %shot 80x24 j Enter           a size, what is pressed, and behind it the screen
 *     %shot 80x24 ascii styles /ab  ASCII only; the style map (tui/style.h) below the screen
 *     %shot 80x24 live=4500 j         the session as it is 4500 ms after time 0, and goes on
 *
 * Keys are characters, names (see below), "WxH" for another size and "'text" to type it. With
 * UPDATE_GOLDEN=1 the screens are written anew: look at the difference before you commit it.
 *
 *     test_tui --write FILE.ev OUT.coldprof      makes a recording, for tests/cli/tui.bats
 *     test_tui --big OUT N; test_tui --frames FILE      for tests/bench, see big.h
 *     test_tui --replay[-hold] FILE OUT          a live session: replay.h, for tests/cli/live.bats
 *     test_tui --overflow                        the terminal is taken, then the stack runs over
 */
#include "tests/unit/evtext.h"
#include "tests/unit/big.h"
#include "tests/unit/replay.h"

#include <glob.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/app.h"
#include "tui/term.h"
#include "user/base/mem.h"
#include "user/base/text.h"
#include "user/base/utf8.h"
#include "user/record/writer.h"

static const struct {
	const char *name;
	int key;
} key_names[] = {
	{ "Enter", PRESS_ENTER }, { "Esc", PRESS_ESC }, { "Tab", PRESS_TAB },
	{ "BackTab", PRESS_BACK_TAB }, { "Up", PRESS_UP }, { "Down", PRESS_DOWN },
	{ "Left", PRESS_LEFT }, { "Right", PRESS_RIGHT }, { "PgUp", PRESS_PAGE_UP },
	{ "PgDn", PRESS_PAGE_DOWN }, { "Home", PRESS_HOME }, { "End", PRESS_END },
	{ "Backspace", PRESS_BACKSPACE }, { "Space", ' ' }, { "Quit", PRESS_QUIT },
};

/* ---- a script -------------------------------------------------------------------------------- */

struct script {
	const char *at;     /* words that are left */
	const char *typing; /* rest of a 'text, or NULL */
	int width, height;
	const struct canvas *last;
	char *screen, *styles;
	bool left; /* the script quit by itself */
};

static void script_size(void *ctx, int *width, int *height)
{
	const struct script *s = ctx;

	*width = s->width;
	*height = s->height;
}

static void script_show(void *ctx, const struct canvas *c)
{
	struct script *s = ctx;

	s->last = c;
}

static int key_of(struct script *s, const char *word, size_t n)
{
	size_t i;

	if (n == 1)
		return *word;
	if (sscanf(word, "%dx%d", &s->width, &s->height) == 2)
		return PRESS_RESIZE;
	for (i = 0; i < ARRAY_SIZE(key_names); i++)
		if (strlen(key_names[i].name) == n && !strncmp(key_names[i].name, word, n))
			return key_names[i].key;
	fail_msg("no key is called \"%.*s\"", (int)n, word);
	return PRESS_NONE;
}

static int type_char(const char **at)
{
	uint32_t point;
	size_t n = utf8_decode(*at, strlen(*at), &point);

	assert_true(n > 0);
	*at += n;
	return (int)point;
}

static int script_next(void *ctx, int ms)
{
	struct script *s = ctx;
	const char *word;
	size_t n;

	(void)ms;
	if (s->typing && *s->typing && *s->typing != ' ')
		return type_char(&s->typing);
	if (s->typing)
		s->at = s->typing;
	s->typing = NULL;
	s->at += strspn(s->at, " ");
	word = s->at;
	n = strcspn(word, " ");
	if (!n) {
		s->screen = canvas_dump(s->last);
		s->styles = canvas_dump_styles(s->last);
		return PRESS_QUIT;
	}
	if (n > 1 && *word == '\'') {
		s->typing = word + 1;
		return type_char(&s->typing);
	}
	s->at += n;
	return key_of(s, word, n);
}

/* ---- golden screens -------------------------------------------------------------------------- */

/* The value of "%directive value" if the line is one, to be freed; NULL when it is not. */
static char *directive(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) || line[n] != ' ')
		return NULL;
	return xasprintf("%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
}

static bool take_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*at, word, n) || (*at)[n] != ' ')
		return false;
	*at += n + 1;
	return true;
}

/* A session that goes on: its records up to now, in two portions. */
struct growing {
	struct session *session;
	struct evtext ev;
	size_t at;
	uint64_t now;
	unsigned int fed;
};

static bool growing_pending(void *ctx)
{
	const struct growing *g = ctx;

	return g->fed < 2;
}

static bool growing_feed(void *ctx)
{
	struct growing *g = ctx;
	uint64_t until = g->fed++ ? g->now : g->now / 2;
	const struct wire_head *record;
	size_t at = g->at;

	while ((record = evtext_next(&g->ev, &at)) && record->time <= until) {
		session_add(g->session, record);
		g->at = at;
	}
	session_grow(g->session);
	return true;
}

static uint64_t growing_now(void *ctx)
{
	const struct growing *g = ctx;

	return g->now;
}

static void run_app(const struct session *session, const char *records, unsigned int live_ms,
		    const struct app_io *io)
{
	struct growing g = { .now = live_ms * 1000000ull };
	const struct app_live live = { growing_pending, growing_feed, growing_now, &g };

	if (!live_ms) {
		app_run(session, "dir/golden.coldprof", NULL, io, NULL);
		return;
	}
	g.session = session_new();
	if (evtext_parse(&g.ev, records))
		fail_msg("%s", g.ev.error);
	assert_false(app_run(g.session, "dir/golden.coldprof", NULL, io, &live));
	session_free(g.session);
	evtext_release(&g.ev);
}

static void shoot(FILE *out, const struct session *session, const char *records, const char *shot)
{
	struct app_io io = { script_size, script_show, script_next, true, NULL };
	CLEANUP_FREE char *keys = xasprintf("%s ", shot);
	struct script s = { .at = keys };
	unsigned int live_ms = 0;
	bool styles;
	int used = 0;

	assert_int_equal(sscanf(keys, "%dx%d %n", &s.width, &s.height, &used), 2);
	s.at += used;
	io.utf8 = !take_word(&s.at, "ascii");
	styles = take_word(&s.at, "styles");
	if (sscanf(s.at, "live=%u %n", &live_ms, &used) == 1)
		s.at += used;
	io.ctx = &s;
	run_app(session, records, live_ms, &io);
	if (!s.screen)
		fail_msg("%%shot %s: it quits before its end", shot);
	fprintf(out, "%%shot %s\n%s", shot, s.screen);
	if (styles)
		fprintf(out, "%%styles\n%s", s.styles);
	free(s.screen);
	free(s.styles);
}

/* The records that a .screen names, as text; to be freed. */
static char *records_of(FILE *out, const char *text)
{
	char *records = xstrdup("");
	const char *line;
	char *more;

	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		CLEANUP_FREE char *ev = directive(line, "%ev");
		CLEANUP_FREE char *record = directive(line, "%record");
		CLEANUP_FREE char *path = ev ? xasprintf(TEST_DIR "/golden/%s.ev", ev) : NULL;
		CLEANUP_FREE char *file = path ? evtext_read_file(path) : NULL;

		if (*line == '#')
			fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
		if (!ev && !record)
			continue;
		if (ev && !file)
			fail_msg("%s cannot be read", path);
		fprintf(out, "%.*s\n", (int)strcspn(line, "\n"), line);
		more = xasprintf("%s%s\n", records, record ? record : file);
		free(records);
		records = more;
	}
	return records;
}

static void compare(const char *path, const char *got, const char *want)
{
	unsigned int line = 1;

	for (; *got || *want; line++) {
		size_t g = strcspn(got, "\n"), w = strcspn(want, "\n");

		if (g != w || strncmp(got, want, g) || got[g] != want[w])
			fail_msg("%s:%u\n  expected: %.*s\n  got:      %.*s\n"
				 "(UPDATE_GOLDEN=1 takes it)", path, line, (int)w, want,
				 (int)g, got);
		got += g + (got[g] == '\n');
		want += w + (want[w] == '\n');
	}
}

static void test_screen(void **state)
{
	const char *path = *state, *line;
	CLEANUP_FREE char *text = evtext_read_file(path);
	CLEANUP_FREE char *got = NULL;
	CLEANUP_FREE char *records = NULL;
	struct session *session;
	size_t size;
	FILE *out = open_memstream(&got, &size);

	assert_non_null(text);
	assert_non_null(out);
	records = records_of(out, text);
	session = evtext_session(records);
	for (line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		CLEANUP_FREE char *shot = directive(line, "%shot");

		if (shot)
			shoot(out, session, records, shot);
	}
	fclose(out);
	session_free(session);
	if (getenv("UPDATE_GOLDEN")) {
		CLEANUP_FCLOSE FILE *f = fopen(path, "w");

		assert_non_null(f);
		fputs(got, f);
		return;
	}
	compare(path, got, text);
}

/* ---- keys at random -------------------------------------------------------------------------- */

#define RANDOM_KEYS 35000 /* in each of the sessions */

struct monkey {
	uint64_t seed;
	size_t left;
	int width, height;
	size_t frames;
};

static uint32_t dice(struct monkey *m, uint32_t sides)
{
	m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(m->seed >> 33) % sides;
}

static void monkey_size(void *ctx, int *width, int *height)
{
	const struct monkey *m = ctx;

	*width = m->width;
	*height = m->height;
}

/* Whatever is pressed, each line is as wide as the screen: no character without its columns. */
static void check_canvas(const struct canvas *c)
{
	int x, y;

	for (y = 0; y < c->height; y++) {
		for (x = 0; x < c->width; x++) {
			const struct cell *cell = canvas_cell(c, x, y);
			size_t width = text_width(cell->text);

			assert_true(cell->style < STYLE_COUNT);
			assert_true(*cell->text ? width == 1 || width == 2 : x > 0);
			assert_true((unsigned char)*cell->text >= ' ' || !*cell->text);
			if (width == 2) {
				assert_true(x + 1 < c->width);
				assert_string_equal(canvas_cell(c, ++x, y)->text, "");
			}
		}
	}
}

static void monkey_show(void *ctx, const struct canvas *c)
{
	struct monkey *m = ctx;

	assert_int_equal(c->width, m->width);
	if (m->frames++ % 64 == 0)
		check_canvas(c);
}

static int monkey_next(void *ctx, int ms)
{
	static const char letters[] = "hjklHLgG+-0123456789?sabdm[]{}/ =xncefwpN%";
	static const int sizes[][2] = { { 80, 24 }, { 60, 15 }, { 40, 10 }, { 1, 1 }, { 61, 16 },
					{ 120, 32 }, { 300, 80 }, { 110, 15 }, { 60, 70 } };
	struct monkey *m = ctx;
	uint32_t which;

	(void)ms;
	if (!m->left--)
		return PRESS_QUIT;
	if (dice(m, 100) == 0) {
		which = dice(m, ARRAY_SIZE(sizes));
		m->width = sizes[which][0];
		m->height = sizes[which][1];
		return PRESS_RESIZE;
	}
	if (dice(m, 20) == 0)
		return PRESS_NONE; /* time goes by */
	if (dice(m, 10) == 0) /* half of them where there is something, some outside */
		return PRESS_CLICK + (int)dice(m, dice(m, 2) ? 24 : PRESS_CLICK_ROW) * PRESS_CLICK_ROW +
		       (int)dice(m, dice(m, 2) ? 80 : PRESS_CLICK_ROW);
	if (dice(m, 50) == 0) /* of any plane, surrogates and what is no character among them */
		return (int)dice(m, 0x110000);
	if (dice(m, 20) == 0)
		return (int)dice(m, 0x3000) == 'q' ? 'p' : (int)dice(m, 0x100) | 0x80;
	if (dice(m, 2))
		return letters[dice(m, sizeof(letters) - 1)];
	which = dice(m, ARRAY_SIZE(key_names) - 1); /* all but Quit */
	return key_names[which].key;
}

static void test_random_keys(void **state)
{
	const char *path = *state;
	CLEANUP_FREE char *text = evtext_read_file(path);
	struct monkey m = { .seed = 42, .left = RANDOM_KEYS, .width = 80, .height = 24 };
	struct app_io io = { monkey_size, monkey_show, monkey_next, true, &m };
	struct session *session;

	assert_non_null(text);
	session = evtext_session(text);
	app_run(session, path, "not closed", &io, NULL);
	assert_true(m.frames > RANDOM_KEYS);
	m.left = RANDOM_KEYS / 10;
	io.utf8 = false;
	app_run(session, path, NULL, &io, NULL);
	session_free(session);
}

/* ---- … on a session that grows while keys come ------------------------------------------------ */

#define GROWING_KEYS 26000 /* in each of the recordings */
#define GROWING_ONCE 2600  /* then it begins from nothing again */

struct growing_monkey {
	struct monkey m;
	struct growing g;
	size_t records; /* between two portions none to two so many come */
};

static bool monkey_pending(void *ctx)
{
	struct growing_monkey *gm = ctx;

	return dice(&gm->m, 8) == 0;
}

static bool monkey_feed(void *ctx)
{
	struct growing_monkey *gm = ctx;
	const struct wire_head *record = NULL;
	size_t n = dice(&gm->m, (uint32_t)(2 * gm->records));

	while (n-- && (record = evtext_next(&gm->g.ev, &gm->g.at))) {
		session_add(gm->g.session, record);
		if (record->time > gm->g.now)
			gm->g.now = record->time;
	}
	if (record || n == SIZE_MAX) {
		session_grow(gm->g.session);
		return true;
	}
	session_settle(gm->g.session);
	return false;
}

static uint64_t monkey_now(void *ctx)
{
	struct growing_monkey *gm = ctx;

	return gm->g.now + dice(&gm->m, 400000000);
}

static void test_random_growing(void **state)
{
	CLEANUP_FREE char *text = evtext_read_file(*state);
	struct growing_monkey gm = { .m = { .seed = 4711, .width = 80, .height = 24 } };
	struct app_io io = { monkey_size, monkey_show, monkey_next, true, &gm.m };
	const struct app_live live = { monkey_pending, monkey_feed, monkey_now, &gm };
	size_t round, n = 0;

	assert_non_null(text);
	if (evtext_parse(&gm.g.ev, text))
		fail_msg("%s", gm.g.ev.error);
	while (evtext_next(&gm.g.ev, &gm.g.at))
		n++;
	/* It is whole after two thirds of the keys. */
	gm.records = n * 12 / GROWING_ONCE + 1;
	for (round = 0; round < GROWING_KEYS / GROWING_ONCE; round++) {
		gm.m.left = GROWING_ONCE;
		gm.g.at = 0;
		gm.g.now = 0;
		gm.g.session = session_new();
		io.utf8 = round % 4 != 3;
		app_run(gm.g.session, "x", NULL, &io, &live);
		session_free(gm.g.session);
	}
	assert_true(gm.m.frames > GROWING_KEYS / 2);
	evtext_release(&gm.g.ev);
}

/* A session of nothing at all, and one without runs. */
static void test_random_empty(void **state)
{
	static const char *const texts[] = { "0 - ENV key=x value=y\n",
					     "0 - SCENARIO id=1 name=x status=unavailable\n" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		struct monkey m = { .seed = 7, .left = 2000, .width = 80, .height = 24 };
		struct app_io io = { monkey_size, monkey_show, monkey_next, true, &m };
		struct session *session = evtext_session(texts[i]);

		app_run(session, "", NULL, &io, NULL);
		session_free(session);
	}
}

/* ---- */

static int write_recording(const char *from, const char *to)
{
	CLEANUP_FREE char *text = evtext_read_file(from);
	struct error err = { 0 };
	struct evtext ev = { 0 };
	const struct wire_head *record;
	struct writer *w;
	size_t at = 0;

	if (!text || evtext_parse(&ev, text)) {
		fprintf(stderr, "%s: %s\n", from, text ? ev.error : "cannot be read");
		return 1;
	}
	w = writer_open(to, true, (uid_t)-1, (gid_t)-1, &err);
	while (w && !err.code && (record = evtext_next(&ev, &at)))
		writer_append(w, record, &err);
	if (w)
		writer_seal(w, &err);
	evtext_release(&ev);
	if (err.code)
		fprintf(stderr, "%s\n", err.text);
	return err.code ? 1 : 0;
}

static unsigned int fall(unsigned int depth)
{
	volatile unsigned char room[4096];

	room[depth % sizeof(room)] = (unsigned char)depth;
	return depth == UINT32_MAX ? 0 : fall(depth + 1) + room[depth % sizeof(room)];
}

static int overflow(void)
{
	struct error err = { 0 };
	struct canvas c = { 0 };
	struct app_io io;

	if (term_open(&io, -1, &err))
		return 1;
	canvas_resize(&c, 80, 24);
	io.show(io.ctx, &c);
	return (int)fall(0);
}

int main(int argc, char **argv)
{
	static const char *const sessions[] = { TEST_DIR "/golden/report.ev",
						TEST_DIR "/golden/path_waits.ev",
						TEST_DIR "/golden/hostile.ev" };
	static const char *const growing[] = { TEST_DIR "/golden/report.ev",
					       TEST_DIR "/golden/memory.ev",
					       TEST_DIR "/golden/vm_boot.ev",
					       TEST_DIR "/golden/tui/story.ev" };
	struct CMUnitTest *tests;
	glob_t found = { 0 };
	size_t i, n = 0;
	int result;

	if (argc == 4 && !strcmp(argv[1], "--write"))
		return write_recording(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "--big"))
		return big_write(argv[2], strtoul(argv[3], NULL, 10));
	if (argc == 3 && !strcmp(argv[1], "--frames"))
		return setlocale(LC_CTYPE, "") ? big_frames(argv[2]) : 1;
	if (argc == 2 && !strcmp(argv[1], "--overflow"))
		return overflow();
	if (argc == 4 && !strcmp(argv[1], "--replay"))
		return setlocale(LC_CTYPE, "") ? replay(argv[2], argv[3], false) : 1;
	if (argc == 4 && !strcmp(argv[1], "--replay-hold"))
		return setlocale(LC_CTYPE, "") ? replay(argv[2], argv[3], true) : 1;
	if (glob(TEST_DIR "/golden/tui-*.screen", 0, NULL, &found)) {
		fprintf(stderr, "no screens in %s/golden\n", TEST_DIR);
		return 1;
	}
	tests = xcalloc(found.gl_pathc + ARRAY_SIZE(sessions) +
			ARRAY_SIZE(growing) + 1, sizeof(*tests));
	for (i = 0; i < found.gl_pathc; i++)
		tests[n++] = (struct CMUnitTest){ .name = found.gl_pathv[i],
						  .test_func = test_screen,
						  .initial_state = found.gl_pathv[i] };
	for (i = 0; i < ARRAY_SIZE(sessions); i++)
		tests[n++] = (struct CMUnitTest){ .name = sessions[i],
						  .test_func = test_random_keys,
						  .initial_state = (void *)sessions[i] };
	for (i = 0; i < ARRAY_SIZE(growing); i++)
		tests[n++] = (struct CMUnitTest){ .name = growing[i],
						  .test_func = test_random_growing,
						  .initial_state = (void *)growing[i] };
	tests[n++] = (struct CMUnitTest){ .name = "empty", .test_func = test_random_empty };
	result = _cmocka_run_group_tests("tui", tests, n, NULL, NULL);
	free(tests);
	globfree(&found);
	return result;
}
