/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * html.h - private to html*.c: the page and its parts.
 *
 * The page is whole without its scripts; they add zoom, sorting and the choice of theme. No text of
 * a recording is in an attribute that is anything but text, in an id, a style or a script.
 */
#ifndef COLDPROF_HTML_H
#define COLDPROF_HTML_H

#include <stdio.h>

#include "user/export/export.h"

/* html_overview.c: all scenarios on one scale, then the table. */
void html_overview(FILE *out, const struct export_source *source);

/*
 * html_bar.c: a bar of a scenario's cold start by phase, as wide as its median on the scale ("most" ns
 * are all of it), its runs below; then a row that tells what the numbers in the bar stand for. order:
 * of two sides, by which a phase has the same number in both; NULL: that of the phases.
 */
struct compare_rows;
void html_cold_bar(FILE *out, const struct scenario_result *s, const struct compare_rows *order,
		   double most);
void html_cold_key(FILE *out, const struct scenario_result *s, const struct compare_rows *order,
		   unsigned int columns);

/* Which classes of memory the snapshots of some runs have, and their legend. */
#define HTML_CLASSES 4
void html_classes_of(const struct memory_snapshot *m, bool seen[HTML_CLASSES]);
void html_class_keys(FILE *out, const bool seen[HTML_CLASSES]);

/* html_diff.c: of two recordings: what moved, then everything about each scenario of both. */
void html_diff(FILE *out, const struct export_source *before, const struct export_source *after);
void html_diff_nav(FILE *out, const struct export_source *before, const struct export_source *after);

/* html_scenario.c: everything about one; its timeline is that of the runs that were picked. */
void html_scenario(FILE *out, const struct export_source *source, size_t index);

/* Its parts, for pages of two recordings: side is "Before", "After" or "". */
void html_scenario_heading(FILE *out, const struct export_source *source,
			   const struct scenario_result *s);
void html_findings(FILE *out, const struct scenario_result *s, const char *side);
/*
 * The timelines of runs, runs_of_page of which share what a page may be big. span: ns that are the
 * whole width, so that two can be laid one below the other; 0: each has its own scale.
 */
void html_timelines(FILE *out, const struct export_source *source, const struct export_pick *pick,
		    size_t runs_of_page, const char *side, uint64_t span);
void html_run_details(FILE *out, const struct run *r);

/* html_overview.c: why there are no numbers of it: "failed: …", in a cell over so many columns. */
void html_unmeasured(FILE *out, const struct scenario_result *s, unsigned int columns);
/* Whether the recording is cut off, as a paragraph. */
void html_incomplete(FILE *out, const struct export_source *source, const char *side);

/* html_run.c: tables of one run. */
void html_ledger(FILE *out, const struct scenario_result *s);
void html_path(FILE *out, const struct run *r);
void html_tree(FILE *out, const struct run *r);
void html_memory(FILE *out, const struct run *r);

/* html_memory.c: growth and page faults by phase, mappings, cgroups. */
void html_memory_more(FILE *out, const struct run *r);

/* html_vm.c: inside a VM: vCPUs, exits by reason, initcalls, devices, the guest's console; nothing for others. */
void html_vm(FILE *out, const struct run *r);

/* html_notes.c: what the numbers do not say by themselves, environment and honesty; side as above. */
void html_notes(FILE *out, const struct export_source *source, const char *side);

/* html_cells.c */
enum html_align { HTML_LEFT, HTML_RIGHT };
void html_column(FILE *out, const char *heading, enum html_align align);
void html_cell_ms(FILE *out, double ns);     /* sorts by value */
void html_cell_bytes(FILE *out, double bytes);
void html_cell_percent(FILE *out, double part, double whole);
void html_cell_text(FILE *out, const char *text); /* hostile */
void html_cell_none(FILE *out);
void html_cell_state(FILE *out, enum path_state state);

/* A bar of PSS by class, "width" percent of its place; nothing when there is no snapshot. */
void html_memory_bar(FILE *out, const struct memory_snapshot *m, double scale);

/* "s-noticed_late": the class of a state in markup_palette(). */
const char *html_state_class(enum path_state state);

/* Runs that count and have a path; the run that stands for a scenario, or NULL. */
const struct run *html_run_of(const struct export_source *source, const struct scenario_result *s);

#endif
