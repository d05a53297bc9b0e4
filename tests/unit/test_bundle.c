// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_bundle.c - OCI bundles: what is refused, and what is written, read back. Writing mounts, so
 * that part wants root and takes place in a mount namespace of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/scenario.h"
#include "user/base/mem.h"

struct fixture {
	char dir[64];
	char *rootfs, *bundle, *out, *out_rootfs;
	struct scenario_options o;
	struct scenario s;
	struct error err;
};

static void put(const char *dir, const char *name, mode_t mode, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/%s", dir, name);
	CLEANUP_CLOSE int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static char *make_dir(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);

	assert_int_equal(mkdir(path, 0755), 0);
	return path;
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	CLEANUP_FREE char *service = NULL, *bin = NULL, *link = NULL;

	strcpy(f->dir, "/tmp/coldprof-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	service = make_dir(f->dir, "service");
	put(service, "service", 0755, "program");
	/* What mount options would trip over. */
	f->rootfs = make_dir(f->dir, "a,b:c\\d e");
	free(make_dir(f->rootfs, "usr"));
	bin = make_dir(f->rootfs, "usr/bin");
	put(bin, "srv", 0755, "#!/bin/sh\n");
	put(bin, "data", 0644, "");
	link = xasprintf("%s/outside", f->rootfs);
	assert_int_equal(symlink("/proc/self/exe", link), 0);
	f->bundle = make_dir(f->dir, "bundle");
	free(make_dir(f->bundle, "root"));
	f->out = xasprintf("%s/out", f->dir);
	f->out_rootfs = xasprintf("%s/rootfs", f->out);
	f->o.port = 8123;
	f->o.lib_dir = f->dir;
	f->s.ops = scenario_find("runc");
	f->s.options = &f->o;
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *service = xasprintf("%s/service", f->out_rootfs);

	umount2(service, MNT_DETACH);
	umount2(f->out_rootfs, MNT_DETACH);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f->s.reason);
	free(f->s.advice);
	free(f->rootfs);
	free(f->bundle);
	free(f->out);
	free(f->out_rootfs);
	free(f);
	return 0;
}

static void refused(struct fixture *f, const char *part)
{
	memset(&f->err, 0, sizeof(f->err));
	assert_true(bundle_check(&f->s, &f->err) < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	if (!strstr(f->err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, f->err.text);
}

static void test_check_rootfs(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(bundle_check(&f->s, &f->err), 0);
	f->o.entry = "srv";
	refused(f, "--entry wants --rootfs");
	f->o.rootfs = "/nonexistent";
	refused(f, "--rootfs /nonexistent: No such file");
	f->o.rootfs = "/proc/self/exe";
	refused(f, "not a directory");
	f->o.rootfs = f->rootfs;
	assert_int_equal(bundle_check(&f->s, &f->err), 0);
	f->o.entry = "/usr/bin/srv -x";
	assert_int_equal(bundle_check(&f->s, &f->err), 0);
	f->o.entry = "../../usr/bin/srv"; /* as after chroot: .. of the root is the root */
	assert_int_equal(bundle_check(&f->s, &f->err), 0);
	f->o.entry = "/usr/bin/data";
	refused(f, "no such program inside");
	f->o.entry = "/outside";
	refused(f, "no such program inside");
	f->o.entry = "sh";
	refused(f, "no such program inside");
	f->o.entry = " ";
	refused(f, "--rootfs wants --entry");
	f->o.entry = NULL;
	refused(f, "--rootfs wants --entry");
	f->o.rootfs = NULL;
	f->o.lib_dir = "/nonexistent";
	assert_true(bundle_check(&f->s, &f->err) > 0);
	assert_non_null(f->s.reason);
}

static void test_check_bundle(void **state)
{
	struct fixture *f = *state;

	f->o.bundle = f->bundle;
	refused(f, "config.json");
	put(f->bundle, "config.json", 0644, "{\n\"root\": ");
	refused(f, "line 2");
	put(f->bundle, "config.json", 0644, "[1]");
	refused(f, "no root.path");
	put(f->bundle, "config.json", 0644, "{\"root\": {\"path\": \"root\"}}");
	refused(f, "no process");
	put(f->bundle, "config.json", 0644, "{\"root\": {\"path\": \"none\"}, \"process\": {}}");
	refused(f, "No such file");
	put(f->bundle, "config.json", 0644, "{\"root\": {\"path\": \"root\"}, \"process\": {}}");
	assert_int_equal(bundle_check(&f->s, &f->err), 0);
	f->o.rootfs = f->rootfs;
	refused(f, "leave out --rootfs");
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *write_bundle(struct fixture *f, const struct bundle_options *extra)
{
	struct bundle_options b = *extra;
	CLEANUP_FREE char *file = xasprintf("%s/config.json", f->out);
	json_t *config;

	if (geteuid())
		skip();
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		fail_msg("cannot make a mount namespace");
	b.dir = f->out;
	if (bundle_write(&f->o, &b, &f->err))
		fail_msg("%s", f->err.text);
	config = json_load_file(file, 0, NULL);
	assert_non_null(config);
	return config;
}

static const char *text_at(json_t *j, const char *object, const char *key)
{
	return json_string_value(json_object_get(json_object_get(j, object), key));
}

/* The namespaces' types in order; with its path where there is one. */
static char *namespaces(json_t *config)
{
	json_t *list = json_object_get(json_object_get(config, "linux"), "namespaces"), *entry;
	char *text = xstrdup("");
	size_t i;

	json_array_foreach(list, i, entry) {
		const char *path = json_string_value(json_object_get(entry, "path"));
		char *more = xasprintf("%s%s%s%s ", text,
				       json_string_value(json_object_get(entry, "type")),
				       path ? "=" : "", path ? path : "");

		free(text);
		text = more;
	}
	return text;
}

static void test_write_own(void **state)
{
	struct fixture *f = *state;
	struct bundle_options b = { .cgroups_path = "/coldprof-x-1" };
	json_t *config = write_bundle(f, &b), *args, *process;
	CLEANUP_FREE char *ns = namespaces(config);
	CLEANUP_FREE char *service = xasprintf("%s/service", f->out_rootfs);

	assert_string_equal(ns, "pid ipc uts mount ");
	assert_string_equal(text_at(config, "linux", "cgroupsPath"), "/coldprof-x-1");
	assert_string_equal(text_at(config, "root", "path"), f->out_rootfs);
	assert_true(json_is_true(json_object_get(json_object_get(config, "root"), "readonly")));
	process = json_object_get(config, "process");
	assert_true(json_is_false(json_object_get(process, "terminal")));
	assert_true(json_is_true(json_object_get(process, "noNewPrivileges")));
	args = json_object_get(process, "args");
	assert_int_equal(json_array_size(args), 3);
	assert_string_equal(json_string_value(json_array_get(args, 0)), "/service");
	assert_string_equal(json_string_value(json_array_get(args, 2)), "0.0.0.0:8123");
	assert_int_equal(json_array_size(json_object_get(config, "mounts")), 7);
	assert_null(json_object_get(json_object_get(config, "linux"), "seccomp"));
	/* the file itself, and nobody in the container can write to it */
	assert_int_equal(access(service, X_OK), 0);
	assert_int_equal(access(service, W_OK), -1);
	json_decref(config);
}

static void test_write_rootfs(void **state)
{
	struct fixture *f = *state;
	struct bundle_options b = { .netns_path = "/proc/1/ns/net", .cgroup_namespace = true };
	CLEANUP_FREE char *below = xasprintf("%s/usr/bin/new", f->rootfs);
	CLEANUP_FREE char *ns = NULL, *above = NULL;
	json_t *config, *args;

	f->o.rootfs = f->rootfs;
	f->o.entry = "srv -a b";
	config = write_bundle(f, &b);
	ns = namespaces(config);
	assert_string_equal(ns, "pid ipc uts mount network=/proc/1/ns/net cgroup ");
	assert_null(text_at(config, "linux", "cgroupsPath"));
	args = json_object_get(json_object_get(config, "process"), "args");
	assert_int_equal(json_array_size(args), 3);
	assert_string_equal(json_string_value(json_array_get(args, 0)), "srv");
	/* the user's files are there, and what is written does not reach them */
	put(f->out_rootfs, "usr/bin/new", 0644, "x");
	above = xasprintf("%s/usr/bin/srv", f->out_rootfs);
	assert_int_equal(access(above, X_OK), 0);
	assert_int_equal(access(below, F_OK), -1);
	json_decref(config);
}

static void test_write_bundle(void **state)
{
	struct fixture *f = *state;
	struct bundle_options b = { .cgroups_path = "/coldprof-x-2" };
	CLEANUP_FREE char *source = xasprintf("%s/data", f->bundle);
	CLEANUP_FREE char *ns = NULL;
	json_t *config, *first;

	put(f->bundle, "config.json", 0644,
	    "{\"root\": {\"path\": \"root\"},"
	    " \"process\": {\"terminal\": true, \"consoleSize\": {}},"
	    " \"mounts\": [{\"destination\": \"/d\", \"type\": \"bind\", \"source\": \"data\"},"
	    " {\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"}],"
	    " \"hostname\": \"kept\", \"linux\": {\"cgroupsPath\": \"/users\", \"namespaces\":"
	    " [{\"type\": \"network\"}, {\"type\": \"user\"}, {\"type\": \"pid\"}]}}");
	f->o.bundle = f->bundle;
	config = write_bundle(f, &b);
	ns = namespaces(config);
	assert_string_equal(ns, "user pid ");
	assert_string_equal(text_at(config, "linux", "cgroupsPath"), "/coldprof-x-2");
	assert_string_equal(json_string_value(json_object_get(config, "hostname")), "kept");
	assert_true(json_is_false(
		json_object_get(json_object_get(config, "process"), "terminal")));
	assert_null(json_object_get(json_object_get(config, "process"), "consoleSize"));
	first = json_array_get(json_object_get(config, "mounts"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "source")), source);
	first = json_array_get(json_object_get(config, "mounts"), 1);
	assert_string_equal(json_string_value(json_object_get(first, "source")), "proc");
	json_decref(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_check_rootfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_check_bundle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_rootfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write_bundle, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
