/* SPDX-License-Identifier: GPL-2.0-only */
/* stats.h - what is said of a number of measurements. */
#ifndef COLDPROF_STATS_H
#define COLDPROF_STATS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Percentiles by linear interpolation between order statistics (Hyndman & Fan 1996, type 7);
 * stddev is the sample's (n - 1), 0 for n = 1.
 */
struct stats {
	size_t n;
	double mean, stddev, min, median, p90, p99, max;
};

/* values is sorted in place. n = 0 gives all zeros. */
void stats_of(uint64_t *values, size_t n, struct stats *out);

#endif
