/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * disk.h - what a session puts on a disk, not into its scratch: that is memory, where files are never
 * cold and count as shared memory.
 *
 * It lies in /var/tmp/coldprof/SESSION (0700, root's, as the directory above), and is nobody's when
 * there is no /run/coldprof/SESSION any more.
 */
#ifndef COLDPROF_DISK_H
#define COLDPROF_DISK_H

#include "user/base/error.h"

/*
 * A directory for the scenario whose scratch is /run/coldprof/SESSION/NAME; owned, NULL and err. For a
 * scratch that lies elsewhere, that itself.
 */
char *disk_directory(const char *scratch, struct error *err);

/* Remove a directory that disk_directory() made, with all that is in it; any other path is left. */
void disk_remove(const char *path);

/* What dead sessions have left. Call it when their directories below /run are gone. */
void disk_sweep(void);

#endif
