/* SPDX-License-Identifier: GPL-2.0-only */
/* vmlinux.h - the uncompressed kernel within a bzImage, for VMMs that take nothing else. */
#ifndef COLDPROF_VMLINUX_H
#define COLDPROF_VMLINUX_H

#include "scenarios/scenario.h"

/*
 * The ELF file of a kernel image: the image itself, or what the program that its compression needs
 * (gzip, xz, lz4, zstd, bzip2, lzma) makes of it in dir. *path is owned. Which program that is and
 * that it is missing is in err.
 */
int vmlinux_of(const struct scenario_options *o, const char *image, const char *dir, char **path,
	       struct error *err);

#endif
