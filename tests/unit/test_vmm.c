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

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/containerd.h"
#include "scenarios/kata.h"
#include "scenarios/vmlinux.h"
#include "scenarios/vmm.h"
#include "user/base/mem.h"

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

/* ---- as much of JSON schema as the documents need --------------------------------------------- */

static bool is_type(const json_t *v, const char *type)
{
	return (!strcmp(type, "object") && json_is_object(v)) ||
	       (!strcmp(type, "array") && json_is_array(v)) ||
	       (!strcmp(type, "string") && json_is_string(v)) ||
	       (!strcmp(type, "integer") && json_is_integer(v)) ||
	       (!strcmp(type, "boolean") && json_is_boolean(v));
}

static bool is_one_type(const json_t *v, const json_t *types)
{
	json_t *one;
	size_t i;

	if (json_is_string(types))
		return is_type(v, json_string_value(types));
	json_array_foreach(types, i, one)
		if (is_type(v, json_string_value(one)))
			return true;
	return !types;
}

static bool is_listed(const json_t *v, const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_equal(v, one))
			return true;
	return !list || json_is_object(v);
}

/* What is wrong with it; NULL: nothing. Static. What is not listed is not documented. */
static const char *wrong(const json_t *v, const json_t *schema, const char *where)
{
	static char why[256];
	json_t *properties = json_object_get(schema, "properties"), *one;
	json_t *least = json_object_get(schema, "minimum"), *most = json_object_get(schema, "maximum");
	const char *key, *inner = NULL;
	size_t i;

	snprintf(why, sizeof(why), "%s", where);
	if (!is_one_type(v, json_object_get(schema, "type")) || !is_listed(v, json_object_get(schema, "enum")))
		return why;
	if ((least && json_integer_value(v) < json_integer_value(least)) ||
	    (most && json_integer_value(v) > json_integer_value(most)))
		return why;
	json_array_foreach(json_object_get(schema, "required"), i, one)
		if (!json_object_get(v, json_string_value(one))) {
			snprintf(why, sizeof(why), "%s lacks %s", where, json_string_value(one));
			return why;
		}
	if (json_is_object(v))
		json_object_foreach((json_t *)v, key, one) {
			const json_t *of = json_object_get(properties, key);

			if (!of && json_is_true(json_object_get(schema, "additionalProperties")))
				continue;
			inner = of ? wrong(one, of, key) : key;
			if (inner)
				return inner;
		}
	if (json_is_array(v))
		json_array_foreach(v, i, one)
			if ((inner = wrong(one, json_object_get(schema, "items"), where)))
				return inner;
	return NULL;
}

static void check(const json_t *v, const json_t *schema, const char *where)
{
	const char *why = wrong(v, schema, where);

	if (why)
		fail_msg("%s: not as documented: %s", where, why);
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

/* "a=1,b=x" as an object; what is no such list, or is free text, as a string. */
static json_t *value_of(const char *option, const char *text)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	char *part, *equals, *end, *rest = NULL;
	json_t *j;

	if (!strchr(text, '=') || !strcmp(option, "--cmdline"))
		return json_string(text);
	j = json_object();
	for (part = strtok_r(copy, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
		equals = strchr(part, '=');
		assert_non_null(equals);
		*equals++ = '\0';
		assert_null(json_object_get(j, part));
		long long number = strtoll(equals, &end, 10);
		json_object_set_new(j, part, *equals && !*end ? json_integer(number) : json_string(equals));
	}
	return j;
}

static json_t *options_of(const struct args *argv)
{
	json_t *j = json_object();
	size_t i;

	for (i = 1; i + 1 < argv->n; i += 2) {
		assert_int_equal(strncmp(argv->list[i], "--", 2), 0);
		assert_null(json_object_get(j, argv->list[i]));
		json_object_set_new(j, argv->list[i], value_of(argv->list[i], argv->list[i + 1]));
	}
	assert_int_equal(i, argv->n);
	return j;
}

static void test_clh_command(void **state)
{
	struct scenario_options serial = { .port = 8080, .serial = true, .vcpus = 3, .memory_mib = 512 };
	const struct scenario_options *cases[] = { &plain, &serial };
	struct vmm v = { .kernel = (char *)"/k", .initrd = (char *)"/i" };
	json_t *documented = schema("clh");
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct args argv = command_of("clh", cases[i], &v);
		json_t *j = options_of(&argv);

		check(j, documented, "clh");
		assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "--cpus"), "boot")),
				 i ? 3 : 1);
		json_decref(j);
		args_release(&argv);
	}
	json_decref(documented);
}

/* The check itself: what it must not let pass. */
static void test_schema(void **state)
{
	static const char *const bad[] = {
		"{\"boot-source\": {\"kernel_image_path\": \"k\"}}",
		"{\"boot-source\": {\"kernel_image_path\": 1}, \"drives\": []}",
		"{\"boot-source\": {\"kernel_image_path\": \"k\", \"x\": 1}, \"drives\": []}",
		"{\"boot-source\": {\"kernel_image_path\": \"k\"}, \"drives\": [], \"machine-config\": "
		"{\"vcpu_count\": 1, \"mem_size_mib\": 1, \"huge_pages\": \"1G\"}}",
		"{\"boot-source\": {\"kernel_image_path\": \"k\"}, \"drives\": [], \"machine-config\": "
		"{\"vcpu_count\": 33, \"mem_size_mib\": 1}}",
		"{\"boot-source\": {\"kernel_image_path\": \"k\"}, \"drives\": [{}]}",
		"{\"boot-source\": {\"kernel_image_path\": \"k\"}, \"drives\": [], \"y\": {}}",
	};
	json_t *documented = schema("firecracker"), *j;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		j = json_loads(bad[i], 0, NULL);
		assert_non_null(j);
		if (!wrong(j, documented, "top"))
			fail_msg("%s passes", bad[i]);
		json_decref(j);
	}
	json_decref(documented);
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
		char *jailer, *exec_file;
	} f = { .vmm.vmlinux = (char *)"/k" };
	struct args argv = command_of("firecracker", &plain, &f);
	size_t i;

	(void)state;
	check_options(&argv, documented);
	assert_string_equal(argv.list[0], "/opt/vmm");
	args_release(&argv);
	f.jailer = (char *)"/opt/jailer";
	f.exec_file = (char *)"/opt/firecracker-v1.12.0-x86_64";
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

/* As upstream's release is called, behind a link: the jailer names the jail by the file itself. */
static void test_jail(void **state)
{
	const char *dir = *state;
	CLEANUP_FREE char *real = xasprintf("%s/firecracker-v1.12.0-x86_64", dir);
	CLEANUP_FREE char *link = xasprintf("%s/firecracker", dir), *file = realpath(dir, NULL);
	CLEANUP_FREE char *path = NULL;
	struct scenario_run run = { .id = (char *)"coldprof-x-1", .dir = (char *)"/r" };

	put(dir, "/firecracker-v1.12.0-x86_64", "");
	assert_int_equal(symlink(real, link), 0);
	free(file);
	file = realpath(link, NULL);
	path = firecracker_jail(file, &run);
	assert_string_equal(path, "/r/jail/firecracker-v1.12.0-x86_64/coldprof-x-1/root");
}

/* ---- containerd and Kata ---------------------------------------------------------------------- */

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

/* As much of TOML as there is in it, strictly: anything else fails. */
static json_t *toml(const char *text)
{
	CLEANUP_FREE char *copy = xstrdup(text);
	json_t *top = json_object(), *table = top, *list = NULL, *value;
	char *line, *rest = NULL, key[64], name[256];
	int number, used;

	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " ");
		value = NULL;
		used = 0;
		if (list && sscanf(line, "\"%255[^\"]\",%n", name, &used) == 1 && used && !line[used]) {
			json_array_append_new(list, json_string(name));
			continue;
		}
		if (list && !strcmp(line, "]")) {
			list = NULL;
			continue;
		}
		assert_null(list);
		if (sscanf(line, "[%63[a-z]]%n", key, &used) == 1 && used && !line[used]) {
			table = json_object();
			assert_null(json_object_get(top, key));
			json_object_set_new(top, key, table);
			continue;
		}
		if (sscanf(line, "%63[a-z_] = \"%255[^\"]\"%n", key, name, &used) == 2 && used)
			value = json_string(name);
		else if (sscanf(line, "%63[a-z_] = %d%n", key, &number, &used) == 2 && used)
			value = json_integer(number);
		else if (sscanf(line, "%63[a-z_] = [%n", key, &used) == 1 && used)
			value = list = json_array();
		if (!value || line[used] || json_object_get(table, key))
			fail_msg("no TOML: %s", line);
		json_object_set_new(table, key, value);
	}
	assert_null(list);
	return top;
}

static void test_containerd_config(void **state)
{
	CLEANUP_FREE char *text = containerd_config("/r/c");
	json_t *j = toml(text), *documented = schema("containerd");

	(void)state;
	/* Without its runtimes it has no tasks; with opt it would write to /opt: only the listed ones are off. */
	check(j, documented, "containerd");
	assert_int_equal(json_array_size(json_object_get(j, "disabled_plugins")), 6);
	assert_string_equal(json_string_value(json_object_get(j, "root")), "/r/c/root");
	assert_string_equal(json_string_value(json_object_get(j, "state")), "/r/c/state");
	assert_string_equal(json_string_value(json_object_get(j, "temp")), "/r/c/tmp");
	assert_string_equal(json_string_value(json_object_get(json_object_get(j, "grpc"), "address")),
			    "/r/c/sock");
	json_decref(j);
	json_decref(documented);
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
	assert_non_null(strstr(nothing, "/dev/net/tun"));
	assert_null(kata_config_file(h.config, root));
	put(root, "/opt/kata/share/defaults/kata-containers/configuration-qemu.toml",
	    "[hypervisor.qemu]\n  path = \"/opt/kata/bin/qemu\"\nkernel = \"/opt/kata/vmlinux\"\n"
	    "# image = \"/nowhere\"\ninitrd = \"\"\n");
	put(root, "/opt/kata/bin/qemu", "");
	put(root, "/dev/kvm", "");
	put(root, "/dev/net/tun", "");
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

/* All reasons, not the first one; and those of each hypervisor only. */
static void test_kata_hypervisors(void **state)
{
	const char *root = *state;
	const char *shim = "/opt/kata/bin/shim";
	CLEANUP_FREE char *config = xasprintf("%s/fc.toml", root), *fc = NULL, *clh = NULL, *rust = NULL;

	put(root, "/fc.toml", "[hypervisor.firecracker]\npath = \"/opt/kata/bin/firecracker\"\n"
			      "jailer_path = \"/opt/kata/bin/jailer\"\n");
	fc = kata_missing(kata_hypervisor_of("kata-fc"), shim, config, root);
	assert_non_null(strstr(fc, "path /opt/kata/bin/firecracker, which"));
	assert_non_null(strstr(fc, "jailer_path /opt/kata/bin/jailer, which"));
	assert_non_null(strstr(fc, "/dev/kvm"));
	assert_non_null(strstr(fc, "/dev/net/tun"));
	/* Both speak to the agent by a socket of their own. */
	assert_null(strstr(fc, "vsock"));
	clh = kata_missing(kata_hypervisor_of("kata-clh"), NULL, NULL, root);
	assert_null(strstr(clh, "vsock"));
	assert_non_null(strstr(clh, "containerd-shim-kata-v2 is not installed"));
	put(root, "/opt/kata/runtime-rs/bin/containerd-shim-kata-v2", "");
	rust = xasprintf("%s/opt/kata/runtime-rs/bin/containerd-shim-kata-v2", root);
	chmod(rust, 0755);
	free(rust);
	rust = kata_missing(kata_hypervisor_of("kata-qemu"), NULL, NULL, root);
	assert_non_null(strstr(rust, "only the one in Rust"));
}

static void test_kata_image_size(void **state)
{
	const char *root = *state;
	CLEANUP_FREE char *file = xasprintf("%s/tree/large", root), *tree = xasprintf("%s/tree", root);
	unsigned int mib;

	put(root, "/tree/large", "");
	assert_int_equal(kata_image_mib(tree), 64);
	assert_int_equal(truncate(file, 200 << 20), 0);
	mib = kata_image_mib(tree);
	assert_in_range(mib, 240, 300); /* all of it has room, holes of the file too */
	assert_int_equal(kata_image_mib("/nowhere/at/all"), 0);
}

static void test_kata_ignored(void **state)
{
	struct scenario_options o = { .memory_mib = 512, .vcpus = 2, .kernel = "/k", .append = "x" };
	struct scenario_options defaults = { .memory_mib = 256, .vcpus = 1 };
	CLEANUP_FREE char *some = kata_ignored(&o), *none = kata_ignored(&defaults);

	(void)state;
	assert_non_null(strstr(some, "--memory --vcpus --kernel --append ignored"));
	assert_string_equal(none, "");
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

/* A disk that fills up: what was written short is no kernel. */
static void test_vmlinux_short(void **state)
{
	struct rlimit limit, before;
	CLEANUP_FREE char *path = NULL;
	struct error err = { 0 };
	int ret;

	if (access("build/guest/vmlinuz", R_OK) || system("command -v lz4 >/dev/null"))
		skip();
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (1 << 20) + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ret = vmlinux_of(&plain, "build/guest/vmlinuz", *state, &path, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(ret, -ENOSPC);
	assert_non_null(strstr(err.text, "cannot copy the kernel"));
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
		cmocka_unit_test_setup_teardown(test_vmlinux_short, setup, teardown),
		cmocka_unit_test_setup_teardown(test_jail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kata_hypervisors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kata_image_size, setup, teardown),
		cmocka_unit_test(test_kata_ignored),
		cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
