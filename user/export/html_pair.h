/* SPDX-License-Identifier: GPL-2.0-only */
/* html_pair.h - private to html_diff.c and html_pair.c: one scenario of two recordings. */
#ifndef COLDPROF_HTML_PAIR_H
#define COLDPROF_HTML_PAIR_H

#include "user/export/html.h"
#include "user/model/compare.h"

/* What was chosen of a scenario, or NULL. */
const struct export_pick *html_pick_of(const struct export_source *source, const char *name);

/* Was it run, and failed? */
bool html_fails(const struct scenario_result *s);

/* html_pair.c: the section of a scenario. */
void html_pair(FILE *out, const struct export_source *before, const struct export_source *after,
	       const struct compare_scenario *c, size_t index);

/* "now it fails: …", "only in the first recording", or by how much its cold start moved. */
void html_pair_state(FILE *out, const struct compare_scenario *c);

/* html_diff.c: two cells, by how much and by how many percent; the table of a scenario. */
void html_difference(FILE *out, const struct compare_row *row);
void html_moved(FILE *out, const struct compare_scenario *s);

#endif
