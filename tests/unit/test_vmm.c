// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_vmm.c - what is generated for VMMs and daemons that the test machines do not have: files against
 * the documented schema (tests/golden/schema), command lines against the documented options, and what
 * is said to be missing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/containerd.h"
#include "scenarios/kata.h"
#include "scenarios/vmlinux.h"
#include "scenarios/vmm.h"
#include "user/base/mem.h"

/* ---- as much of JSON schema as the documents need --------------------------------------------- */

static bool is_type(const json_t *v, const char *type)
{
	return (!strcmp(type, "object") && json_is_object(v)) ||
	       (!strcmp(type, "array") && json_is_array(v)) ||
	       (!strcmp(type, "string") && json_is_string(v)) ||
	       (!strcmp(type, "integer") && json_is_integer(v)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(v));
}

static void check(const json_t *v, const json_t *schema, const char *where)
{
	const char *type = json_string_value(json_object_get(schema, "type")), *key;
	json_t *properties = json_object_get(schema, "properties"), *one;
	json_t *least = json_object_get(schema, "minimum"), *most = json_object_get(schema, "maximum");
	size_t i;

	if (type && !is_type(v, type))
		fail_msg("%s is no %s", where, type);
	json_array_foreach(json_object_get(schema, "required"), i, one)
		if (!json_object_get(v, json_string_value(one)))
			fail_msg("%s lacks %s", where, json_string_value(one));
	if (least)
		assert_true(json_integer_value(v) >= json_integer_value(least));
	if (most)
		assert_true(json_integer_value(v) <= json_integer_value(most));
	if (json_is_object(v))
		json_object_foreach((json_t *)v, key, one) {
			const json_t *of = json_object_get(properties, key);

			if (!of)
				fail_msg("%s.%s is not documented", where, key);
			check(one, of, key);
		}
	if (json_is_array(v))
		json_array_foreach(v, i, one)
			check(one, json_object_get(schema, "items"), where);
}

static json_t *schema(const char *name)
{
	CLEANUP_FREE char *path = xasprintf("tests/golden/schema/%s.json", name);
	json_t *j = json_load_file(path, 0, NULL);

	assert_non_null(j);
	assert_true(json_is_string(json_object_get(j, "document")));
	return j;
}

static const struct scenario_options plain = { .port = 8080 };

static json_t *config_of(const struct scenario_options *o)
{
	struct firecracker_files files = { "/k/vmlinux", "/k/initrd.gz" };
	CLEANUP_FREE char *text = firecracker_config(o, &files);
	json_t *j;

	assert_non_null(text);
	j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(j);
	return j;
}

static void test_firecracker_config(void **state)
{
	struct scenario_options full = { .port = 81, .memory_mib = 512, .vcpus = 4, .serial = true,
					 .append = "loglevel=7 \"x\"" };
	json_t *documented = schema("firecracker"), *j = config_of(&plain);
	const char *args;

	(void)state;
	check(j, documented, "configuration");
	args = json_string_value(json_object_get(json_object_get(j, "boot-source"), "boot_args"));
	assert_non_null(strstr(args, "8250.nr_uarts=0"));
	assert_null(strstr(args, "console="));
	assert_non_null(strstr(args, "coldprof.port=8080"));
	assert_int_equal(json_array_size(json_object_get(j, "drives")), 0);
	json_decref(j);
	j = config_of(&full);
	check(j, documented, "configuration");
	args = json_string_value(json_object_get(json_object_get(j, "boot-source"), "boot_args"));
	assert_non_null(strstr(args, "console=ttyS0"));
	assert_non_null(strstr(args, "coldprof.port=81 loglevel=7 \"x\""));
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "machine-config"),
							    "mem_size_mib")), 512);
	json_decref(j);
	json_decref(documented);
}

/* ---- command lines --------------------------------------------------------------------------- */

/* Every option of the command must be documented; what is no option is the value of the one before. */
static void check_options(const struct args *argv, const char *const *documented)
{
	size_t i, k;

	for (i = 1; i < argv->n; i++) {
		if (strncmp(argv->list[i], "--", 2) || !argv->list[i][2])
			continue;
		for (k = 0; documented[k] && strcmp(documented[k], argv->list[i]); k++)
			;
		if (!documented[k])
			fail_msg("%s is not documented", argv->list[i]);
	}
}

static struct args command_of(const char *name, const struct scenario_options *o, void *state)
{
	struct scenario s = { .ops = scenario_find(name), .options = o, .state = state,
			      .runtime_path = (char *)"/opt/vmm" };
	struct scenario_run run = { .number = 1, .id = (char *)"coldprof-x-1", .dir = (char *)"/r" };
	struct error err = { 0 };
	struct args argv = { 0 };

	assert_non_null(s.ops);
	assert_int_equal(s.ops->command(&s, &run, &argv, &err), 0);
	return argv;
}

/* cloud-hypervisor --help, v43. */
static void test_clh_command(void **state)
{
	static const char *const documented[] = {
		"--kernel", "--initramfs", "--cmdline", "--cpus", "--memory", "--net", "--serial",
		"--console", "--log-file", NULL
	};
	struct vmm v = { .kernel = (char *)"/k", .initrd = (char *)"/i" };
	struct args argv = command_of("clh", &plain, &v);

	(void)state;
	check_options(&argv, documented);
	args_release(&argv);
}

/* firecracker --help and jailer --help, v1.12; what follows "--" is Firecracker's. */
static void test_firecracker_command(void **state)
{
	static const char *const documented[] = {
		"--id", "--no-api", "--config-file", "--boot-timer", "--level", "--log-path",
		"--exec-file", "--uid", "--gid", "--chroot-base-dir", NULL
	};
	struct {
		struct vmm vmm;
		char *jailer;
	} f = { .vmm.vmlinux = (char *)"/k" };
	struct args argv = command_of("firecracker", &plain, &f);
	size_t i;

	(void)state;
	check_options(&argv, documented);
	assert_string_equal(argv.list[0], "/opt/vmm");
	args_release(&argv);
	f.jailer = (char *)"/opt/jailer";
	argv = command_of("firecracker", &plain, &f);
	check_options(&argv, documented);
	assert_string_equal(argv.list[0], "/opt/jailer");
	for (i = 0; i < argv.n && strcmp(argv.list[i], "--"); i++)
		;
	assert_true(i < argv.n); /* in the jail its files are at the root */
	for (; i < argv.n; i++)
		assert_null(strstr(argv.list[i], "/r/"));
	args_release(&argv);
}

/* ---- containerd and Kata ---------------------------------------------------------------------- */

/* Keys of containerd's config.toml(5), version 2. */
/* The line as Firecracker writes it (src/vmm/src/devices/pseudo/boot_timer.rs), alone and among others. */
static void test_firecracker_log(void **state)
{
	static const struct {
		const char *log;
		uint64_t us, cpu_us; /* 0: nothing is understood */
	} cases[] = {
		{ "Guest-boot-time =  58012 us 58 ms,  21003 CPU us 21 CPU ms\n", 58012, 21003 },
		{ "2026-01-02T03:04:05.678 [x:main] Running Firecracker v1.12.0\n"
		  "2026-01-02T03:04:05.737 [x:fc_vcpu 0] Guest-boot-time = 123456 us 123 ms, 100000 CPU us 100 CPU ms\n"
		  "2026-01-02T03:04:06.000 [x:main] Vmm is stopping.\n", 123456, 100000 },
		{ "Guest-boot-time = 1 us 0 ms, 1 CPU us 0 CPU ms\n"
		  "Guest-boot-time = 2000 us 2 ms, 1000 CPU us 1 CPU ms\n", 2000, 1000 },
		{ "Guest-boot-time = 2000 us 2 ms, 1000 CPU us 1 CPU ms\nGuest-boot-time = x us", 2000, 1000 },
		{ "", 0, 0 },
		{ "Guest-boot-time =", 0, 0 },
		{ "Guest-boot-time = -5 us 0 ms, 1 CPU us 0 CPU ms", 0, 0 },
		{ "Guest-boot-time = 99999999999999999999999 us 0 ms, 1 CPU us 0 CPU ms", 0, 0 },
		{ "Guest-boot-time = 86400000001 us 0 ms, 1 CPU us 0 CPU ms", 0, 0 },
		{ "Guest-boot-time = 5 us 0 ms, 1 CPU", 0, 0 },
	};
	uint64_t ns, cpu_ns;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		ns = cpu_ns = 0;
		assert_int_equal(vmm_log_boot_time(cases[i].log, &ns, &cpu_ns), cases[i].us != 0);
		assert_int_equal(ns, cases[i].us * 1000);
		assert_int_equal(cpu_ns, cases[i].cpu_us * 1000);
	}
	assert_false(vmm_log_read("/nowhere/log", &ns, &cpu_ns));
	assert_false(vmm_log_read("/dev/zero", &ns, &cpu_ns));
}

static void test_containerd_config(void **state)
{
	static const char *const keys[] = { "version = 2", "root = \"/r/c/root\"",
					    "state = \"/r/c/state\"", "temp = \"/r/c/tmp\"",
					    "disabled_plugins = [", "[grpc]",
					    "  address = \"/r/c/sock\"" };
	CLEANUP_FREE char *text = containerd_config("/r/c", NULL);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		assert_non_null(strstr(text, keys[i]));
	/* Without its runtimes it has no tasks; with opt it would write to /opt. */
	assert_null(strstr(text, "io.containerd.runtime"));
	assert_non_null(strstr(text, "\"io.containerd.internal.v1.opt\""));
	assert_non_null(strstr(text, "\"io.containerd.grpc.v1.cri\""));
}

static void put(const char *root, const char *path, const char *text)
{
	CLEANUP_FREE char *full = xasprintf("%s%s", root, path);
	CLEANUP_FCLOSE FILE *f = NULL;
	char *slash;

	for (slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	f = fopen(full, "we");
	assert_non_null(f);
	fputs(text, f);
}

static void test_kata_missing(void **state)
{
	static const struct kata_hypervisor h = { .config = "configuration-qemu.toml",
						  .vhost_vsock = true };
	const char *root = *state;
	CLEANUP_FREE char *nothing = kata_missing(&h, NULL, NULL, root);
	CLEANUP_FREE char *config = NULL, *some = NULL, *none = NULL;

	assert_non_null(strstr(nothing, "containerd-shim-kata-v2 is not installed"));
	assert_non_null(strstr(nothing, "/dev/kvm"));
	assert_non_null(strstr(nothing, "/dev/vhost-vsock"));
	assert_null(kata_config_file(h.config, root));
	put(root, "/opt/kata/share/defaults/kata-containers/configuration-qemu.toml",
	    "[hypervisor.qemu]\n  path = \"/opt/kata/bin/qemu\"\nkernel = \"/opt/kata/vmlinux\"\n"
	    "# image = \"/nowhere\"\ninitrd = \"\"\n");
	put(root, "/opt/kata/bin/qemu", "");
	put(root, "/dev/kvm", "");
	config = kata_config_file(h.config, root);
	assert_non_null(config);
	some = kata_missing(&h, "/opt/kata/bin/shim", config, root);
	assert_non_null(strstr(some, "kernel /opt/kata/vmlinux, which is not there"));
	assert_non_null(strstr(some, "/dev/vhost-vsock"));
	assert_null(strstr(some, "/dev/kvm"));
	assert_null(strstr(some, "nowhere"));
	put(root, "/opt/kata/vmlinux", "");
	put(root, "/dev/vhost-vsock", "");
	none = kata_missing(&h, "/opt/kata/bin/shim", config, root);
	assert_null(none);
}

/* docs/how-to/containerd-kata.md: ctr run --runtime … --runtime-config-path … */
static void test_kata_command(void **state)
{
	static const char *const documented[] = { "--address", "--rm", "--runtime",
						  "--runtime-config-path", "--config", NULL };
	static const char *const names[] = { "kata-qemu", "kata-fc", "kata-clh" };
	struct kata k = { .daemon.ctr = (char *)"/bin/ctr", .config = (char *)"/etc/c.toml" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct args argv = command_of(names[i], &plain, &k);

		check_options(&argv, documented);
		assert_string_equal(argv.list[argv.n - 1], "coldprof-x-1");
		args_release(&argv);
	}
}

/* ---- the kernel within a bzImage --------------------------------------------------------------- */

static void test_vmlinux(void **state)
{
	const char *dir = *state;
	struct error err = { 0 };
	CLEANUP_FREE char *path = NULL, *again = NULL, *junk = xasprintf("%s/junk", dir);
	char magic[4];
	int fd;

	put(dir, "/junk", "this is no kernel");
	assert_true(vmlinux_of(&plain, junk, dir, &again, &err) < 0);
	assert_non_null(strstr(err.text, "neither an ELF kernel nor a bzImage"));
	if (access("build/guest/vmlinuz", R_OK) || system("command -v lz4 >/dev/null"))
		skip();
	assert_int_equal(vmlinux_of(&plain, "build/guest/vmlinuz", dir, &path, &err), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, magic, 4), 4);
	close(fd);
	assert_memory_equal(magic, "\177ELF", 4);
	/* One that is uncompressed already is taken as it is. */
	assert_int_equal(vmlinux_of(&plain, path, dir, &again, &err), 0);
	assert_string_equal(again, path);
}

static int setup(void **state)
{
	char *dir = xstrdup("/tmp/coldprof-test-XXXXXX");

	*state = mkdtemp(dir);
	return *state ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	nftw(*state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_firecracker_config),
		cmocka_unit_test(test_clh_command),
		cmocka_unit_test(test_firecracker_command),
		cmocka_unit_test(test_firecracker_log),
		cmocka_unit_test(test_containerd_config),
		cmocka_unit_test_setup_teardown(test_kata_missing, setup, teardown),
		cmocka_unit_test(test_kata_command),
		cmocka_unit_test_setup_teardown(test_vmlinux, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
