// SPDX-License-Identifier: GPL-2.0-only
/* test_canvas.c - text, bars and boxes on a grid of cells, in UTF-8 and in ASCII. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tui/canvas.h"
#include "tui/list.h"
#include "tui/keys.h"
#include "tui/theme.h"
#include "user/base/mem.h"

static struct canvas canvas;

static void begin(int width, int height, bool utf8)
{
	canvas.utf8 = utf8;
	canvas_resize(&canvas, width, height);
}

static void expect(const char *want)
{
	CLEANUP_FREE char *got = canvas_dump(&canvas);

	assert_string_equal(got, want);
}

static void test_text(void **state)
{
	(void)state;
	begin(10, 2, true);
	assert_int_equal(canvas_text(&canvas, 0, 0, 10, STYLE_PLAIN, "abc"), 3);
	assert_int_equal(canvas_text(&canvas, 4, 0, 3, STYLE_PLAIN, "defgh"), 3);
	canvas_right(&canvas, 0, 1, 10, STYLE_PLAIN, "right");
	expect("abc de…\n     right\n");
	begin(10, 1, false);
	canvas_text(&canvas, 0, 0, 4, STYLE_PLAIN, "abcdef");
	expect("abc~\n");
}

static void test_clipping(void **state)
{
	(void)state;
	begin(4, 2, true);
	canvas_text(&canvas, -2, 0, 4, STYLE_PLAIN, "abcd");
	canvas_text(&canvas, 2, 1, 99, STYLE_PLAIN, "abcd");
	canvas_text(&canvas, 0, 7, 9, STYLE_PLAIN, "no");
	canvas_text(&canvas, 0, -1, 9, STYLE_PLAIN, "no");
	canvas_text(&canvas, 0, 0, 0, STYLE_PLAIN, "no");
	canvas_text(&canvas, 9, 0, 3, STYLE_PLAIN, "no");
	canvas_fill(&canvas, 3, 0, 9, STYLE_BAR);
	canvas_box(&canvas, (struct area){ 0, 0, 1, 1 }, STYLE_PLAIN);
	expect("cd █\n  a…\n");
}

static void test_wide_and_combining(void **state)
{
	(void)state;
	begin(8, 4, true);
	canvas_text(&canvas, 0, 0, 8, STYLE_PLAIN, "日本語");
	canvas_text(&canvas, 0, 1, 4, STYLE_PLAIN, "日本語");
	/* 'e' and an acute accent are one cell; what follows stands in the next. */
	canvas_text(&canvas, 0, 2, 8, STYLE_PLAIN, "e\xcc\x81x");
	expect("日本語\n日…\ne\xcc\x81x\n\n");
	assert_string_equal(canvas_cell(&canvas, 1, 0)->text, "");
	assert_string_equal(canvas_cell(&canvas, 1, 2)->text, "x");
	/* Half of one is overwritten: the other half is blank, not a stray column. */
	canvas_text(&canvas, 1, 0, 1, STYLE_PLAIN, "x");
	canvas_text(&canvas, 2, 0, 1, STYLE_PLAIN, "y");
	assert_string_equal(canvas_cell(&canvas, 0, 0)->text, " ");
	assert_string_equal(canvas_cell(&canvas, 3, 0)->text, " ");
	/* No room for its second half at the edge. */
	canvas_text(&canvas, 7, 3, 2, STYLE_PLAIN, "日");
	assert_string_equal(canvas_cell(&canvas, 7, 3)->text, "…");
	begin(8, 1, false);
	canvas_text(&canvas, 0, 0, 8, STYLE_PLAIN, "日e\xcc\x81x");
	expect("??ex\n");
}

static void test_hostile_text(void **state)
{
	char many[64] = "e";
	int i;

	(void)state;
	for (i = 0; i < 20; i++)
		strcat(many, "\xcc\x81");
	begin(12, 2, true);
	canvas_text(&canvas, 0, 0, 12, STYLE_PLAIN, "a\033[2J\xff\xe2\x80\xae.");
	canvas_text(&canvas, 0, 1, 12, STYLE_PLAIN, many);
	assert_string_equal(canvas_cell(&canvas, 1, 0)->text, "?");
	assert_string_equal(canvas_cell(&canvas, 5, 0)->text, "?");
	assert_string_equal(canvas_cell(&canvas, 6, 0)->text, "?");
	assert_string_equal(canvas_cell(&canvas, 7, 0)->text, ".");
	assert_true(strlen(canvas_cell(&canvas, 0, 1)->text) < sizeof(struct cell));
	assert_string_equal(canvas_cell(&canvas, 1, 1)->text, " ");
}

static void test_bars(void **state)
{
	const struct bar_part parts[] = { { 1.4, STYLE_ANON }, { 1.4, STYLE_FILE },
					  { 1.4, STYLE_SHMEM } };

	(void)state;
	begin(8, 5, true);
	canvas_bar(&canvas, 0, 0, 8, 2.5, STYLE_BAR);
	canvas_bar(&canvas, 0, 1, 8, 0, STYLE_BAR);
	canvas_bar(&canvas, 0, 2, 4, 1e300, STYLE_BAR);
	canvas_stack(&canvas, 0, 3, 8, parts, ARRAY_SIZE(parts));
	canvas_span(&canvas, 0, 4, 8, 2.2, 2.3, STYLE_LIFE);
	expect("██▌\n▏\n████\n█▓▓▒\n  ━\n");
	begin(8, 4, false);
	canvas_bar(&canvas, 0, 0, 8, 2.5, STYLE_BAR);
	canvas_bar(&canvas, 0, 1, 8, 0.0 / 1.0, STYLE_BAR);
	canvas_stack(&canvas, 0, 2, 8, parts, ARRAY_SIZE(parts));
	canvas_span(&canvas, 0, 3, 8, -5, 99, STYLE_LIFE);
	expect("###\n#\n#==+\n========\n");
}

/* Two of one style are two all the same; what is not there parts nothing. */
static void test_boundary(void **state)
{
	const struct bar_part parts[] = { { 3, STYLE_PHASE_B }, { 0, STYLE_PHASE_A },
					  { 3, STYLE_PHASE_B }, { 1, STYLE_PHASE_B },
					  { 2, STYLE_PHASE_A } };

	(void)state;
	begin(12, 1, true);
	canvas_stack(&canvas, 0, 0, 12, parts, ARRAY_SIZE(parts));
	expect("▒▒▒│▒▒▒██\n");
	begin(12, 1, false);
	canvas_stack(&canvas, 0, 0, 12, parts, ARRAY_SIZE(parts));
	expect("===|===##\n");
}

static void test_box_and_prose(void **state)
{
	(void)state;
	begin(6, 3, true);
	canvas_box(&canvas, (struct area){ 0, 0, 6, 3 }, STYLE_DIM);
	expect("┌────┐\n│    │\n└────┘\n");
	begin(6, 3, false);
	canvas_box(&canvas, (struct area){ 0, 0, 6, 3 }, STYLE_DIM);
	expect("+----+\n|    |\n+----+\n");
	begin(10, 3, true);
	assert_int_equal(canvas_prose(&canvas, (struct area){ 0, 0, 10, 3 }, STYLE_PLAIN,
				      "one two three four fivesixseveneight"), 3);
	expect("one two\nthree four\nfivesixse…\n");
}

static void test_style_map(void **state)
{
	CLEANUP_FREE char *got = NULL;

	(void)state;
	begin(8, 2, true);
	canvas_text(&canvas, 0, 0, 4, STYLE_TITLE, "a b");
	canvas_fill(&canvas, 4, 0, 2, STYLE_BLOCKED);
	canvas_text(&canvas, 0, 1, 4, STYLE_BAD, "no");
	canvas_select(&canvas, 0, 1, 8);
	got = canvas_dump_styles(&canvas);
	assert_string_equal(got, "T T BB\nxx >\n");
}

/* No information by colour alone: what can stand side by side has characters of its own. */
static void test_fills_differ(void **state)
{
	static const struct {
		enum style from, to;
	} groups[] = { { STYLE_USER, STYLE_UNKNOWN }, { STYLE_ANON, STYLE_TABLES },
		       { STYLE_PHASE_A, STYLE_PHASE_F } };
	size_t i;
	int a, b, utf8;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		for (a = groups[i].from; a <= (int)groups[i].to; a++)
			for (b = a + 1; b <= (int)groups[i].to; b++)
				for (utf8 = 0; utf8 < 2; utf8++)
					assert_string_not_equal(style_fill((enum style)a, utf8),
								style_fill((enum style)b, utf8));
	for (a = 0; a < STYLE_COUNT; a++) {
		assert_int_equal(theme_look((enum style)a, 0).colour, -1);
		assert_true(theme_look((enum style)a, 8).colour < 8);
		assert_true(theme_look((enum style)a, 16).colour < 16);
		for (b = a + 1; b < STYLE_COUNT; b++)
			assert_int_not_equal(style_letter((enum style)a),
					     style_letter((enum style)b));
	}
}

static void test_list(void **state)
{
	struct list l = { 0 };

	(void)state;
	list_fit(&l, 0, 5);
	assert_true(list_press(&l, PRESS_DOWN));
	assert_true(list_press(&l, PRESS_END));
	assert_int_equal(l.at, 0);
	list_fit(&l, 10, 4);
	list_press(&l, PRESS_PAGE_DOWN);
	list_fit(&l, 10, 4);
	assert_int_equal(l.at, 4);
	assert_int_equal(l.top, 1);
	list_press(&l, 'G');
	list_fit(&l, 10, 4);
	assert_int_equal(l.at, 9);
	assert_int_equal(l.top, 6);
	list_fit(&l, 10, 40); /* the window grew */
	assert_int_equal(l.top, 0);
	list_fit(&l, 2, 1); /* rows went away */
	assert_int_equal(l.at, 1);
	assert_int_equal(l.top, 1);
	list_press(&l, 'k');
	list_press(&l, 'k');
	assert_int_equal(l.at, 0);
	assert_false(list_press(&l, 'x'));
}

static int release(void **state)
{
	(void)state;
	canvas_release(&canvas);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_clipping),
		cmocka_unit_test(test_wide_and_combining),
		cmocka_unit_test(test_hostile_text),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_boundary),
		cmocka_unit_test(test_box_and_prose),
		cmocka_unit_test(test_style_map),
		cmocka_unit_test(test_fills_differ),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}
