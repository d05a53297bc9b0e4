/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - what a run weighs: who has how much of what, at first byte and settled.
 *
 * Bytes. RSS, PSS and USS as in /proc/PID/smaps_rollup. Of the tree each address space (mm) counts
 * once. The four classes of a process sum to its PSS, and its processes' to the tree's; so do those
 * of RSS. Page tables, kernel stacks and huge pages (hugetlb) are in neither and stand apart.
 */
#ifndef COLDPROF_MEMORY_H
#define COLDPROF_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/record/format.h"

struct memory_classes {
	uint64_t anon, file, shmem, guest;
};

struct memory_mapping { /* mappings of a kind and a name, together */
	enum mapping_kind kind;
	const char *name; /* path, or "" */
	uint32_t count;
	uint64_t size, rss, pss, private, shared, anon, huge, swap;
};

struct memory_process {
	uint32_t pid;
	const char *comm;
	const char *role; /* what it is to the run: "gofer"; "" = nothing in particular */
	uint64_t rss, pss, uss;
	uint64_t anon, file, shmem, guest; /* of pss */
	struct memory_classes rss_of; /* of rss; where detailed */
	uint64_t page_tables, kernel_stack, hugetlb, swap;
	uint64_t guest_given; /* bytes of guest RAM that it has … */
	uint64_t guest_huge;  /* … and touched huge pages of it; beside guest */
	uint64_t guest_there; /* … and what is there of it, whoever touched it; 0 = not known */
	enum guest_how guest_how;
	uint32_t threads;
	struct memory_mapping *mappings; /* heaviest first, the rest last; in the arena */
	size_t n_mappings;
	uint32_t mm_owner; /* pid of the first process with the same memory */
	bool counted; /* false: shares the mm of another one here, not added to the totals */
	bool detailed; /* false: of a recording that knows neither classes of RSS nor mappings */
};

struct memory_cgroup {
	const char *path;
	struct host_memory_cgroup figures;
};

/* Charges of all cgroups of the run; MEMORY_UNKNOWN where one of them did not tell. */
struct memory_charge {
	uint64_t usage, peak, inactive_file, kernel;
};

struct memory_snapshot {
	bool taken;
	uint64_t time; /* of its first record */
	uint64_t rss, pss, uss; /* of the tree; each mm once */
	uint64_t anon, file, shmem, guest;
	struct memory_classes rss_of;
	uint64_t page_tables, kernel_stack, hugetlb, swap;
	uint64_t guest_given, guest_touched; /* touched: by VMM, helpers and guest, each page once */
	enum guest_how guest_how; /* the least certain of its processes' */
	uint64_t vmm;  /* PSS outside guest RAM of the processes that have some */
	bool detailed;
	struct memory_process *processes;
	size_t n, cap;
	bool asked_cgroup; /* … and then: */
	uint32_t cgroup_version; /* 0: no memory controller */
	struct memory_cgroup *cgroups; /* n_cgroups = 0: it has none of its own */
	size_t n_cgroups, cap_cgroups;
	struct memory_charge charge;
	bool has_system;
	struct host_memory_system system;
};

/*
 * The heaviest of what the tree maps, by PSS over all its processes: max of them at most into out;
 * returns how many. Of those mappings only that were kept of each process.
 */
struct memory_heavy {
	enum mapping_kind kind;
	const char *name; /* path, or "" */
	uint64_t pss;
};
size_t memory_heaviest(const struct memory_snapshot *m, struct memory_heavy *out, size_t max);

/* What others would print of the same moment; false where they could not. */
struct memory_peers {
	bool has_docker, has_kata, has_firecracker;
	uint64_t docker;      /* cgroup charge less inactive file pages */
	uint64_t kata;        /* PSS of hypervisor, virtiofsd and shim */
	uint64_t firecracker; /* RSS of the VMM outside guest RAM */
};
void memory_peers(const struct memory_snapshot *m, struct memory_peers *out);

/* PSS of the tree less that of the service; false when that is in a guest or not known. */
struct run;
bool memory_overhead(const struct run *r, const struct memory_snapshot *m, uint64_t *bytes);

/*
 * The high-water mark of the run's cgroups, as late as it was read before coldprof's own requests: each
 * one's own, added up. MEMORY_UNKNOWN: none was told.
 */
uint64_t memory_charge_peak(const struct run *r);

/*
 * Which snapshot is the run's peak: the one with the most RSS, when the timeline between them never
 * had more (or there is none). NULL: the peak is the timeline's, or nothing is known.
 */
const struct memory_snapshot *memory_peak_snapshot(const struct run *r);

/*
 * PSS at a peak that is the timeline's; false when it is a snapshot's, which knows PSS, or when
 * nothing is known. At most RSS; at least the anonymous memory that cannot be shared, and guest RAM;
 * the estimate shares each class as the first byte's snapshot does. One process whose snapshot shares
 * no page with anybody: exact.
 */
struct memory_peak_pss {
	uint64_t at_least, at_most, estimate;
	bool has_estimate;
	bool exact; /* nothing of it was shared with anybody: the three are one */
};
bool memory_peak_pss(const struct run *r, struct memory_peak_pss *out);

/* Bytes of the guest RAM that a process was given which are there, huge pages included. */
uint64_t memory_guest_touched(const struct memory_process *p);

/* Stable words: "file", "guest RAM"; "slots". */
const char *memory_mapping_name(enum mapping_kind kind);
const char *memory_guest_how_name(enum guest_how how);

#endif
