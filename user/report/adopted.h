/* SPDX-License-Identifier: GPL-2.0-only */
/* adopted.h - private to user/report: what was adopted, and the starts that a watch has seen. */
#ifndef COLDPROF_REPORT_ADOPTED_H
#define COLDPROF_REPORT_ADOPTED_H

#include "user/report/page.h"

/* Is it a recording of `coldprof watch`? Then its starts take the place of chart and tables. */
bool adopted_is_watch(const struct session *s);
void adopted_starts(const struct page *p);

/* Of each scenario's median run: processes that daemons made for it, and why they are counted. */
void adopted_print(const struct page *p);

#endif
