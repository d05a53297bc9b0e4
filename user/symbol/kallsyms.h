/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kallsyms.h - names of kernel functions, from the text of /proc/kallsyms.
 *
 *     ffffffff81000000 T _stext
 *     ffffffffc0a01000 t veth_open	[veth]
 *
 * The file has no sizes: a function reaches to the next address that has any name, data included.
 * Nothing follows the last function of a module (or of the kernel), so that one is believed up to
 * the end of its page and no farther. Marks of an end (_etext, …_text_end) name nothing.
 *
 * Reading it takes some 0.05 to 0.1 s: not to be done inside a timed window. It is as it
 * was when it was read: modules and BPF programs that come later are not in it.
 */
#ifndef COLDPROF_KALLSYMS_H
#define COLDPROF_KALLSYMS_H

#include <stdio.h>

#include "user/base/error.h"
#include "user/symbol/symbol.h"

#define KALLSYMS_PATH "/proc/kallsyms"

struct kallsyms;

/*
 * Read the text to its end. Lines that are not of the form above are passed over. -EACCES (class
 * ERROR_HOST): the kernel hides addresses from us (kptr_restrict; all of them read as 0);
 * -ENODATA: no function in it; another negative errno: it could not be read.
 */
int kallsyms_read(FILE *in, struct kallsyms **table, struct error *err);
int kallsyms_open(const char *path, struct kallsyms **table, struct error *err);

/* NULL is nothing. */
void kallsyms_free(struct kallsyms *table);

/*
 * The kernel function at an address. *module (may be NULL) is "" for the kernel itself, else the
 * module's name, "bpf" for a BPF program; owned by the table. sym->exact is always false.
 */
bool kallsyms_lookup(const struct kallsyms *table, uint64_t address, struct symbol *sym,
		     const char **module);

/* Distinct addresses of functions. */
size_t kallsyms_count(const struct kallsyms *table);

#endif
