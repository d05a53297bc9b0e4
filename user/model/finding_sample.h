/* SPDX-License-Identifier: GPL-2.0-only */
/* finding_sample.h - private to finding.c: the samples on a run's critical path, for all rules. */
#ifndef COLDPROF_FINDING_SAMPLE_H
#define COLDPROF_FINDING_SAMPLE_H

#include "user/model/finding.h"

/* Symbols of every frame are looked up once; what a rule says of a symbol is kept, too. */
struct finding_samples {
	struct path_sample *list; /* in the order of the slices */
	size_t n, cap;
	uint32_t *symbols; /* of their frames, as oncpu_symbol() numbers them */
	size_t n_symbols, cap_symbols;
	bool found;
};

/* What the samples say for the rule of q; *samples is zeroed at first and kept between rules. */
struct finding_sampled finding_search_samples(const struct finding_search *q,
					      struct finding_samples *samples);
/* Does a rule ask samples at all? */
bool finding_asks_samples(const struct finding_rule *rule);
void finding_samples_release(struct finding_samples *samples);

/*
 * finding.c: of all slices whose kind has a mark, what is early enough and in the rule's phase;
 * *stolen is what the hypervisor had of that, *longest is the slice that has most of it, or NULL.
 */
uint64_t finding_part_of_kinds(const struct finding_search *q, const bool *marks, uint64_t *stolen,
			       const struct path_slice **longest);
/* When what the rule looks at is over, absolute; UINT64_MAX: never. */
uint64_t finding_bound(const struct finding_search *q);

#endif
