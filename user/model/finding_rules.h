/* SPDX-License-Identifier: GPL-2.0-only */
/* finding_rules.h - private to finding.c: the tables of rules, each ended by an empty one. */
#ifndef COLDPROF_FINDING_RULES_H
#define COLDPROF_FINDING_RULES_H

#include "user/model/finding.h"

extern const struct finding_rule finding_rules_containers[]; /* finding_rules.c */
extern const struct finding_rule finding_rules_vm[];         /* finding_vm.c */

/*
 * Evidence: the path's time in programs that are neither the runtime nor in the container, each once, with
 * what it started (finding_hook.c).
 */
bool finding_other_program(struct finding_search *q);

#endif
