/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * features.h - what this kernel offers, asked of its BTF and of bpf(2), never of its version.
 *
 * Used to choose which programs are loaded, and by `coldprof doctor`.
 */
#ifndef COLDPROF_FEATURES_H
#define COLDPROF_FEATURES_H

#include <stdbool.h>

#include "user/base/error.h"

struct btf;

/* Does the kernel have this tracepoint in its own BTF (not in a module's)? */
bool feature_tracepoint(const struct btf *btf, const char *name);

/* One answer of a check, for doctor: a line each. */
enum feature_level { FEATURE_OK, FEATURE_WARN, FEATURE_MISSING };
struct feature_answer {
	enum feature_level level;
	const char *what;   /* "BTF of the kernel" */
	char found[200];    /* "/sys/kernel/btf/vmlinux, 6 MiB" */
	char mend[200];     /* what to do; "" when ok */
};
typedef void (*feature_fn)(void *ctx, const struct feature_answer *answer);

/* Everything that tracing needs: privilege, BTF, each tracepoint, ring buffer, task storage. */
void features_check(feature_fn fn, void *ctx);

/*
 * Can this process load the probes at all? 0, or negative errno and a sentence that names what is
 * missing and the mend (class ERROR_HOST).
 */
int features_require(struct error *err);

#endif
