/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mappings.h - the mappings of one process, those of a kind and a name together, from smaps.
 *
 * What lies in guest RAM is told apart from the rest of its mapping, to the page (pagemap), for a
 * kernel merges neighbours: a VMM's own memory may share a mapping with its guest's.
 */
#ifndef COLDPROF_MAPPINGS_H
#define COLDPROF_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "user/collect/guestram.h"
#include "user/collect/smaps.h"
#include "user/record/format.h"

struct mapping_group {
	struct host_memory_mapping body; /* .when is the caller's */
	char *name;
};

/* A file that backs guest RAM and that others may map too. */
struct mapping_file {
	uint64_t inode;
	uint32_t major, minor;
};
#define MAPPING_FILES_MAX 16

/* Kinds of file systems by device, kept from one process to the next. One a thread. */
struct mapping_devices {
	struct {
		uint32_t major, minor;
		enum mapping_kind kind; /* MAPPING_FILE, _SHMEM, _HUGETLB or _DEVICE */
	} list[64];
	size_t n;
};

/* Where guest RAM is, and what the sums say. Zero-initialise, then set what is above the line. */
struct mappings {
	pid_t pid;
	const struct guest_range *ranges; /* KVM's memory slots … */
	size_t n_ranges;
	uint64_t asked; /* … or else, mappings of exactly this size; 0 = none … */
	const struct guest_shape *shapes; /* … or that look like these, whose VMM this one is */
	size_t n_shapes;
	/* Files that back the guest RAM of others: what is mapped of them is guest RAM too. */
	const struct mapping_file *guest_files;
	size_t n_guest_files;
	struct mapping_devices *devices;
	/* results: */
	struct mapping_group *groups; /* heaviest first; private members in the hash until then */
	size_t n_groups;
	void *hash; /* private */
	uint32_t count;
	uint64_t rss, pss, private;
	uint64_t rss_anon, rss_shmem;          /* guest RAM included; the rest of rss is file */
	uint64_t pss_anon, pss_shmem;
	uint64_t guest_rss[3], guest_pss[3];   /* by enum backing */
	uint64_t guest_huge, guest_given, huge;
	uint64_t guest_there;  /* bytes of guest RAM that are there, whoever touched them */
	uint64_t guest_others; /* of it, RSS and huge pages that are in files of others */
	struct mapping_file files[MAPPING_FILES_MAX]; /* that back its own guest RAM, shared */
	size_t n_files;
};
enum backing { BACKING_ANON, BACKING_FILE, BACKING_SHMEM };

/* 0 or -errno. Always mappings_release(). */
int mappings_read(struct mappings *m);

/* One mapping: what mappings_read() does with each. For tests on recorded text. */
void mappings_add(struct mappings *m, const struct smaps_vma *vma);
/* groups and n_groups from what was added. */
void mappings_finish(struct mappings *m);
void mappings_release(struct mappings *m);

#endif
