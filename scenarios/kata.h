/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kata.h - Kata Containers behind a private containerd, one scenario for each hypervisor
 * (kata_hypervisors.c has what they differ in). Written to
 * Kata's documentation (docs/how-to of 3.x/4.1); not tried on the real thing by its authors.
 */
#ifndef COLDPROF_SCENARIO_KATA_H
#define COLDPROF_SCENARIO_KATA_H

#include "scenarios/containerd.h"

/* What differs. */
struct kata_hypervisor {
	const char *scenario; /* its name */
	const char *config;   /* file name in Kata's usual directories */
	bool vhost_vsock;     /* the agent is reached by /dev/vhost-vsock, not by a socket of the VMM's */
	bool block_rootfs;    /* no virtio-fs: the rootfs must lie on a block device */
};

struct kata {
	const struct kata_hypervisor *hypervisor;
	struct containerd daemon;
	char *shim, *config; /* owned */
	char *image;         /* block_rootfs: ext4, made by prepare; owned */
};

/* Of the three in kata_hypervisors.c, the one of this scenario. */
const struct kata_hypervisor *kata_hypervisor_of(const char *scenario);

int kata_probe(struct scenario *s, struct error *err);
void kata_describe(struct scenario *s);
int kata_prepare(struct scenario *s, struct error *err);
int kata_enter(struct scenario *s, const struct scenario_run *run, struct error *err);
int kata_command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		 struct error *err);
void kata_cleanup(struct scenario *s);

/*
 * Everything that is missing for it on this host, in one sentence; NULL: nothing. Owned. Where root
 * is not NULL, devices, configuration and the Rust runtime are looked for below it: for tests.
 */
char *kata_missing(const struct kata_hypervisor *h, const char *shim, const char *config,
		   const char *root);

/* MiB that an ext4 image of a tree takes, with room for what a service writes. 0: it cannot be read. */
unsigned int kata_image_mib(const char *tree);

/* Which of the user's options are not for Kata, whose configuration has them: "" or " (… ignored…)". Owned. */
char *kata_ignored(const struct scenario_options *o);

/* The first of Kata's usual directories that has the file; owned, NULL. root as above, or "". */
char *kata_config_file(const char *name, const char *root);

#endif
