/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - private to the report: where every MiB went. Nothing at all where a recording knows no
 * more than totals.
 */
#ifndef COLDPROF_REPORT_MEMORY_H
#define COLDPROF_REPORT_MEMORY_H

#include "user/base/json.h"
#include "user/report/page.h"

/* memory_text.c: the ledger by class, each scenario's processes and heaviest mappings, and the
 * same as others count it. */
void memory_print(const struct page *p);

/* memory_time_text.c: its part of one run over time; nothing where that was not followed. */
void memory_print_time(const struct page *p, const struct run *r);

/* memory_moments_text.c: it at the first byte, at its peak, settled and under load. */
void memory_print_moments(const struct page *p, const struct run *r);

/* memory_json.c: the key "memory" of a run; nothing where it was not taken. */
void memory_json_run(struct json *j, const struct run *r);

#endif
