// SPDX-License-Identifier: GPL-2.0-only
/* test_stats.c - numbers that were worked out by hand, or by numpy.percentile (type 7 as well). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/model/stats.h"

static void close_to(double got, double want)
{
	if (fabs(got - want) > 1e-9 * (fabs(want) + 1))
		fail_msg("got %.12g, not %.12g", got, want);
}

static void test_none(void **state)
{
	struct stats s;

	(void)state;
	stats_of(NULL, 0, &s);
	assert_int_equal(s.n, 0);
	close_to(s.mean + s.stddev + s.min + s.median + s.p90 + s.p99 + s.max, 0);
}

static void test_one(void **state)
{
	uint64_t v[] = { 42 };
	struct stats s;

	(void)state;
	stats_of(v, 1, &s);
	assert_int_equal(s.n, 1);
	close_to(s.mean, 42);
	close_to(s.stddev, 0);
	close_to(s.median, 42);
	close_to(s.p99, 42);
}

static void test_even(void **state)
{
	uint64_t v[] = { 40, 10, 30, 20 };
	struct stats s;

	(void)state;
	stats_of(v, 4, &s);
	assert_int_equal(v[0], 10);
	assert_int_equal(v[3], 40);
	close_to(s.mean, 25);
	close_to(s.stddev, sqrt(500.0 / 3));
	close_to(s.min, 10);
	close_to(s.median, 25);
	close_to(s.p90, 37); /* 30 + 0.7 * 10 */
	close_to(s.p99, 39.7);
	close_to(s.max, 40);
}

static void test_odd(void **state)
{
	uint64_t v[] = { 7, 1, 100, 3, 5 };
	struct stats s;

	(void)state;
	stats_of(v, 5, &s);
	close_to(s.median, 5);
	close_to(s.p90, 62.8); /* at 3.6: 7 + 0.6 * 93 */
}

/* Big values with a small spread: a sum of squares would give nonsense. */
static void test_precision(void **state)
{
	uint64_t v[] = { 1000000000000001, 1000000000000003, 1000000000000002 };
	struct stats s;

	(void)state;
	stats_of(v, 3, &s);
	close_to(s.mean, 1000000000000002.0);
	close_to(s.stddev, 1);
}

static void test_extreme(void **state)
{
	uint64_t v[] = { UINT64_MAX, 0, UINT64_MAX };
	struct stats s;

	(void)state;
	stats_of(v, 3, &s);
	assert_true(isfinite(s.mean) && isfinite(s.stddev));
	close_to(s.max, (double)UINT64_MAX);
	close_to(s.min, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),	  cmocka_unit_test(test_one),
		cmocka_unit_test(test_even),	  cmocka_unit_test(test_odd),
		cmocka_unit_test(test_precision), cmocka_unit_test(test_extreme),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
