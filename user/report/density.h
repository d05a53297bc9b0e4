/* SPDX-License-Identifier: GPL-2.0-only */
/* density.h - private to the report: what one more instance costs; nothing where nobody asked. */
#ifndef COLDPROF_REPORT_DENSITY_H
#define COLDPROF_REPORT_DENSITY_H

#include "user/base/json.h"
#include "user/report/page.h"

/* density_text.c: a table of all scenarios, and what instances share of each. */
void density_print(const struct page *p);

/* density_json.c: the key "density" of a scenario. */
void density_json(struct json *j, const struct scenario_result *s);

#endif
