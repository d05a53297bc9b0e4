// SPDX-License-Identifier: GPL-2.0-only
/* scenario.c - the list of scenarios, the rows of --all, and what all drivers share. */
#include "scenarios/disk.h"
#include "scenarios/scenario.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <unistd.h>

#include "user/base/mem.h"

#ifndef COLDPROF_LIBDIR
#define COLDPROF_LIBDIR "/usr/local/lib/coldprof"
#endif

/* ---- the list -------------------------------------------------------------------------------- */

/* A list of our own that the Makefile makes from the files that define a scenario, sorted. */
#define SCENARIO(name) extern const struct scenario_ops scenario_##name;
#include "scenarios.gen.h"
#undef SCENARIO

#define SCENARIO(name) &scenario_##name,
const struct scenario_ops *const scenarios[] = {
#include "scenarios.gen.h"
	NULL
};
#undef SCENARIO

const struct scenario_ops *scenario_find(const char *name)
{
	const struct scenario_ops *const *ops;

	for (ops = scenarios; *ops; ops++)
		if (!strcmp((*ops)->name, name))
			return *ops;
	return NULL;
}

#define CANDIDATES(...) ((const char *const[]){ __VA_ARGS__, NULL })

const struct canonical_row canonical_rows[] = {
	{ "native", "native", CANDIDATES("native"),
	  "make runtimes, in coldprof's source tree, builds the service" },
	{ "runc", "runc", CANDIDATES("runc"), "apt-get install runc" },
	{ "gvisor", "gVisor", CANDIDATES("gvisor"),
	  "make runtimes, in coldprof's source tree, fetches runsc; or see gvisor.dev/docs" },
	{ "kata-qemu", "Kata/QEMU", CANDIDATES("kata-qemu", "qemu"),
	  "install Kata Containers; its nearest relative is qemu: apt-get install qemu-system-x86, "
	  "then make runtimes" },
	{ "kata-fc", "Kata/Firecracker", CANDIDATES("kata-fc", "firecracker"),
	  "install Kata Containers, or Firecracker itself, its nearest relative" },
	{ "wasm", "WASM", CANDIDATES("wasm"),
	  "make runtimes, in coldprof's source tree, fetches wazero; or install wasmtime" },
	{ 0 },
};

void scenario_forget(struct scenario *s)
{
	if (s->ops && s->ops->cleanup && s->state)
		s->ops->cleanup(s);
	free(s->state);
	if (s->unpacked)
		disk_remove(s->unpacked);
	free(s->unpacked);
	free(s->scratch);
	free(s->runtime_path);
	free(s->runtime_version);
	free(s->accel);
	free(s->reason);
	free(s->advice);
	memset(s, 0, sizeof(*s));
}

/* ---- what is not here ------------------------------------------------------------------------ */

int scenario_unavailable(struct scenario *s, const char *advice, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	free(s->reason);
	free(s->advice);
	s->reason = xstrdup(text);
	s->advice = xstrdup(advice);
	return 1;
}

/*
 * A row with coldprof's own service among rows with the user's would compare different things;
 * a row that is missing at least says so.
 */
int scenario_not_for_rootfs(struct scenario *s)
{
	const struct scenario_options *o = s->options;

	return scenario_unavailable(s,
				    "coldprof run -- COMMAND traces any command without isolation; "
				    "--wasm and --initrd take a service for the others",
				    "%s is for OCI runtimes; %s cannot start what lies in it",
				    o->image ? "--image" : o->bundle ? "--bundle" : "--rootfs",
				    s->ops->name);
}

/* ---- files that coldprof brings along -------------------------------------------------------- */

/* DIR/NAME, absolute, when it is there. */
static char *lib_try(const char *dir, const char *name)
{
	CLEANUP_FREE char *full = realpath(dir, NULL);
	CLEANUP_FREE char *path = full ? xasprintf("%s/%s", full, name) : NULL;

	return path && !access(path, F_OK) ? STEAL(path) : NULL;
}

char *lib_path(const struct scenario_options *o, const char *name)
{
	/* Where it was built, and where `make install` puts it, wherever that was moved to. */
	static const char *const beside[] = { "/build", "/../lib/coldprof" };
	char exe[PATH_MAX], *slash, *found;
	ssize_t n;
	size_t i;

	if (o->lib_dir)
		return lib_try(o->lib_dir, name);
	if (getenv("COLDPROF_LIB"))
		return lib_try(getenv("COLDPROF_LIB"), name);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - sizeof("/../lib/coldprof"));
	if (n > 0) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		for (i = 0; slash && i < ARRAY_SIZE(beside); i++) {
			strcpy(slash, beside[i]);
			found = lib_try(exe, name);
			if (found)
				return found;
		}
	}
	return lib_try(COLDPROF_LIBDIR, name);
}

/* ---- files that the user names --------------------------------------------------------------- */

static int user_path(const char *option, const char *name, mode_t kind, char **path,
		     struct error *err)
{
	struct stat st;
	char *full = realpath(name, NULL);

	if (!full || stat(full, &st)) {
		int code = -errno;

		free(full);
		return error_class(err, ERROR_USAGE, code, "%s %s: %s", option, name,
				   strerror(-code));
	}
	if ((st.st_mode & S_IFMT) != kind) {
		free(full);
		return error_class(err, ERROR_USAGE, -EINVAL, "%s %s is not a %s", option, name,
				   kind == S_IFDIR ? "directory" : "regular file");
	}
	free(*path);
	*path = full;
	return 0;
}

int user_file(const char *option, const char *name, char **path, struct error *err)
{
	return user_path(option, name, S_IFREG, path, err);
}

int user_directory(const char *option, const char *name, char **path, struct error *err)
{
	return user_path(option, name, S_IFDIR, path, err);
}

bool cgroup_unified(void)
{
	struct statfs fs;

	return !statfs("/sys/fs/cgroup", &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}
