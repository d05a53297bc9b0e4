/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * why.h - private to the report: where the time went. Phases, ledger and critical path, where a
 * recording knows them; nothing at all where scheduling was not followed.
 */
#ifndef COLDPROF_WHY_H
#define COLDPROF_WHY_H

#include "user/base/json.h"
#include "user/report/page.h"

/* why.c: for each scenario its sentence, phases, heaviest rows and the median run's path. */
void why_print(const struct page *p);

/* why_path.c: the critical path of a run as an indented timeline. */
void why_print_path(const struct page *p, const struct run *r);

/* why_finding.c: what is known of such starts, and the mend; the key "findings" of a run … */
void why_print_findings(const struct page *p, const struct scenario_result *s);
void why_json_findings(struct json *j, const struct run *r);
void why_json_found(struct json *j, const struct scenario_result *s); /* … and of a scenario */

/* why_oncpu.c: functions that ran; phase: only in it (NULL: everywhere). The key "on_cpu". */
void why_print_oncpu(const struct page *p, const struct scenario_result *s, const char *phase);
void why_json_oncpu(struct json *j, const struct session *session, const struct run *r);

/* why_disk.c: what came from disk, the key "disk"; what each probe cost, the key "programs". */
void why_print_disk(const struct page *p, const struct scenario_result *s);
void why_json_disk(struct json *j, const struct run *r);
void why_print_programs(const struct page *p);
void why_json_programs(struct json *j, const struct run *r);

/* Printable text cut to so many columns; dots tell. The caller frees it. */
char *why_cut(const struct page *p, const char *text, size_t columns);

/* why_json.c: phases, ledger, path and findings of a run; the keys of a summary. */
void why_json_run(struct json *j, const struct session *session, const struct run *r);
void why_json_summary(struct json *j, const struct scenario_result *s);

/* vm_text.c, vm_json.c: inside the VM; the key "vm" of a run. Nothing where there is none. */
void vm_print_run(const struct page *p, const struct run *r);
void vm_json_run(struct json *j, const struct run *r);

/* vm_marks_text.c: the guest's marks and POST codes, and how many of them are left out. */
void vm_print_marks(const struct page *p, const struct run *r);

/* json.c: statistics as an object; nothing where there are none. */
void why_json_stats(struct json *j, const char *key, const struct stats *s);

#endif
