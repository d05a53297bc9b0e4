// SPDX-License-Identifier: GPL-2.0-only
/* stats.c - mean, spread and percentiles of a number of measurements. */
#include "user/model/stats.h"

#include <math.h>
#include <stdlib.h>

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Type 7: the point at (n - 1) * p on the line through the order statistics. */
static double percentile(const uint64_t *sorted, size_t n, double p)
{
	double at = (double)(n - 1) * p;
	size_t i = (size_t)at;
	double low = (double)sorted[i];

	if (i + 1 >= n)
		return low;
	return low + (at - (double)i) * ((double)sorted[i + 1] - low);
}

void stats_of(uint64_t *values, size_t n, struct stats *out)
{
	double sum = 0, squares = 0;
	size_t i;

	*out = (struct stats){ .n = n };
	if (n == 0)
		return;
	qsort(values, n, sizeof(*values), compare_u64);
	for (i = 0; i < n; i++)
		sum += (double)values[i];
	out->mean = sum / (double)n;
	/* Two passes: the difference of two big sums would lose the small spread between them. */
	for (i = 0; i < n; i++) {
		double d = (double)values[i] - out->mean;

		squares += d * d;
	}
	if (n > 1)
		out->stddev = sqrt(squares / (double)(n - 1));
	out->min = (double)values[0];
	out->max = (double)values[n - 1];
	out->median = percentile(values, n, 0.5);
	out->p90 = percentile(values, n, 0.9);
	out->p99 = percentile(values, n, 0.99);
}
