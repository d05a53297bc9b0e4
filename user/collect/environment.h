/* SPDX-License-Identifier: GPL-2.0-only */
/* environment.h - what this host is, for the recording and for doctor. */
#ifndef COLDPROF_ENVIRONMENT_H
#define COLDPROF_ENVIRONMENT_H

#include <stdbool.h>

/* One fact: key as in the JSON report's "environment". */
typedef void (*environment_fn)(void *ctx, const char *key, const char *value);

/*
 * kernel, architecture, cpu, cpus, memory_bytes, kvm, virtualized (yes, no), cgroup, itlb_multihit,
 * nx_huge_pages.
 */
void environment_each(environment_fn fn, void *ctx);

/* KVM's vendor here: "vmx", "svm", "pvm" or "none" (no usable /dev/kvm). */
const char *environment_kvm(void);

/* The cgroup layout: "v2", "v1", "hybrid" or "none". */
const char *environment_cgroup(void);

/* Is a cgroup hierarchy mounted with favordynmods: a move into it waits for no grace period of RCU? */
bool environment_favours_moves(void);

/* Is the kernel told to hurry its grace periods (rcu_expedited)? */
bool environment_rcu_expedited(void);

#endif
