// SPDX-License-Identifier: GPL-2.0-only
/* test_scenarios.c - the list of scenarios, and what each would start, without starting it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scenarios/accel.h"
#include "scenarios/scenario.h"
#include "user/base/mem.h"
#include "user/record/format.h"
#include "user/rows.h"

/* ---- a directory with what probe looks for --------------------------------------------------- */

struct fixture {
	char dir[64];
	struct scenario_options o;
	struct scenario s;
	struct error err;
	struct args argv;
};

static char *put(const struct fixture *f, const char *name, mode_t mode, const char *text)
{
	char *path = xasprintf("%s/%s", f->dir, name), *slash;
	int fd;

	for (slash = path + strlen(f->dir) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void have(const struct fixture *f, const char *name)
{
	free(put(f, name, 0755, "#!/bin/sh\necho \"$(basename \"$0\") version 1.2.3\"\n"));
}

/* A library with everything in it; $PATH without anything. */
static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/coldprof-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->o.port = 8123;
	f->o.lib_dir = f->dir;
	have(f, "service/service");
	have(f, "service/service.wasm");
	have(f, "guest/vmlinuz");
	have(f, "guest/initrd.gz");
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void reset(struct fixture *f)
{
	if (f->s.ops && f->s.ops->cleanup)
		f->s.ops->cleanup(&f->s);
	free(f->s.state);
	free(f->s.scratch);
	free(f->s.runtime_path);
	free(f->s.runtime_version);
	free(f->s.accel);
	free(f->s.reason);
	free(f->s.advice);
	args_release(&f->argv);
	memset(&f->s, 0, sizeof(f->s));
	memset(&f->err, 0, sizeof(f->err));
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reset(f);
	nftw(f->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static int probe(struct fixture *f, const char *name)
{
	int ret;

	reset(f);
	f->s.ops = scenario_find(name);
	assert_non_null(f->s.ops);
	f->s.options = &f->o;
	f->s.state = xcalloc(1, f->s.ops->state_size + 1);
	f->s.scratch = xstrdup(f->dir);
	ret = f->s.ops->probe(&f->s, &f->err);
	assert_null(f->s.runtime_version); /* not asked in a probe, that has to be quick */
	if (!ret)
		scenario_ask_version(&f->s);
	return ret;
}

/* The whole command in one string; owned. */
static char *command(struct fixture *f)
{
	struct scenario_run run = { .number = 1, .id = (char *)"coldprof-x-1", .dir = f->dir };
	char *line = xstrdup("");
	size_t i;

	assert_int_equal(f->s.ops->command(&f->s, &run, &f->argv, &f->err), 0);
	assert_null(f->argv.list[f->argv.n]);
	for (i = 0; i < f->argv.n; i++) {
		char *more = xasprintf("%s%s%s", line, i ? " " : "", f->argv.list[i]);

		free(line);
		line = more;
	}
	return line;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void test_list(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; scenarios[i]; i++) {
		const struct scenario_ops *o = scenarios[i];

		assert_ptr_equal(scenario_find(o->name), o);
		assert_true(o->title && o->summary && o->boundary && o->probe && o->command);
		assert_true(o->timeout > 0);
		if (i)
			assert_true(strcmp(scenarios[i - 1]->name, o->name) < 0);
	}
	assert_null(scenario_find("no-such-runtime"));
	assert_null(scenario_find(""));
}

static void test_rows(void **state)
{
	static const char *const order[] = { "native", "runc", "gvisor", "kata-qemu", "kata-fc",
					     "wasm" };
	size_t i;

	(void)state;
	for (i = 0; canonical_rows[i].name; i++) {
		assert_true(i < ARRAY_SIZE(order));
		assert_string_equal(canonical_rows[i].name, order[i]);
		assert_string_equal(canonical_rows[i].candidates[0], order[i]);
		assert_true(canonical_rows[i].title && canonical_rows[i].advice);
	}
	assert_int_equal(i, ARRAY_SIZE(order));
	assert_string_equal(canonical_rows[3].candidates[1], "qemu");
	assert_string_equal(canonical_rows[4].candidates[1], "firecracker");
}

static void test_args(void **state)
{
	struct args a = { 0 };

	(void)state;
	args_add_words(&a, "  --one two\t \n three");
	args_add_words(&a, "");
	args_addf(&a, "%s=%d", "four", 4);
	args_add(&a, "five and six");
	assert_int_equal(a.n, 5);
	assert_string_equal(a.list[0], "--one");
	assert_string_equal(a.list[1], "two");
	assert_string_equal(a.list[2], "three");
	assert_string_equal(a.list[3], "four=4");
	assert_string_equal(a.list[4], "five and six");
	assert_null(a.list[5]);
	args_release(&a);
	assert_null(a.list);
}

/* ---- KVM or TCG ------------------------------------------------------------------------------ */

static void test_cpuinfo(void **state)
{
	static const char text[] = "processor\t: 0\nmodel name\t: vmx svm\ncpu MHz\t\t: 2596.138\n"
				   "flags\t\t: fpu vmx_not svme smx svm\nbugs\t\t: vmx\n";

	(void)state;
	assert_true(accel_cpu_flag(text, "svm"));
	assert_true(accel_cpu_flag(text, "fpu"));
	assert_false(accel_cpu_flag(text, "vmx"));
	assert_false(accel_cpu_flag("", "vmx"));
	assert_false(accel_cpu_flag("flags", "vmx"));
	assert_true(accel_cpu_flag("flags : vmx", "vmx"));
	assert_int_equal(accel_cpu_khz(text), 2596138);
	assert_int_equal(accel_cpu_khz("cpu MHz : 800"), 800000);
	assert_int_equal(accel_cpu_khz("cpu MHz : ?"), 0);
	assert_int_equal(accel_cpu_khz(""), 0);
}

static void test_accel(void **state)
{
	static const struct {
		const char *wanted;
		struct accel_host host;
		int ret;
		bool kvm;
		const char *text;
	} cases[] = {
		{ "auto", { 0, true, false, false }, 0, true, "kvm (vmx)" },
		{ NULL, { 0, false, true, false }, 0, true, "kvm (svm)" },
		{ "auto", { 0, false, false, true }, 0, false,
		  "tcg: emulated, no vmx/svm (kvm_pvm)" },
		{ "auto", { 0, false, false, false }, 0, false, "tcg: emulated, no vmx/svm" },
		{ "auto", { ENOENT, false, false, false }, 0, false, "tcg: emulated, no vmx/svm" },
		{ "auto", { ENOENT, true, false, false }, 0, false, "tcg: emulated, no /dev/kvm" },
		{ "auto", { EACCES, true, false, false }, 0, false,
		  "tcg: emulated, /dev/kvm cannot be opened" },
		{ "auto", { 0, true, false, true }, 0, false,
		  "tcg: emulated, KVM's vendor module is kvm_pvm" },
		{ "tcg", { 0, true, false, false }, 0, false, "tcg: emulated, as asked for" },
		{ "kvm", { 0, true, false, false }, 0, true, "kvm (vmx)" },
		{ "kvm", { 0, false, false, true }, 0, true, "kvm (kvm_pvm)" },
		{ "kvm", { ENOENT, true, false, false }, 1, true,
		  "/dev/kvm cannot be opened: No such file or directory" },
	};
	struct accel_host host = { 0 };
	struct accel a;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(accel_choose(cases[i].wanted, &cases[i].host, &a), cases[i].ret);
		assert_int_equal(a.kvm, cases[i].kvm);
		assert_string_equal(a.text, cases[i].text);
	}
	assert_int_equal(accel_choose("xen", &host, &a), -EINVAL);
}

/* ---- finding programs ------------------------------------------------------------------------ */

static void test_program_given(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *tool = put(f, "tools/my-runc", 0755, "#!/bin/sh\necho runc 9.9\n");
	CLEANUP_FREE char *given = xasprintf("runc=%s", tool);
	CLEANUP_FREE char *missing = xasprintf("runc=%s/none", f->dir);
	CLEANUP_FREE char *plain = put(f, "tools/plain", 0644, "text");
	CLEANUP_FREE char *not_executable = xasprintf("runc=%s", plain);
	const char *paths[] = { missing, given, NULL };
	const char *bad[] = { not_executable, NULL };

	f->o.runtime_paths = paths;
	assert_int_equal(probe(f, "runc"), 0); /* the last one counts */
	assert_string_equal(f->s.runtime_path, tool);
	assert_string_equal(f->s.runtime_version, "runc 9.9");
	paths[1] = NULL;
	assert_true(probe(f, "runc") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	f->o.runtime_paths = bad;
	assert_true(probe(f, "runc") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	assert_contains(f->err.text, "not a program");
}

static void test_program_path(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *dir = xasprintf(":.:%s/tools", f->dir);
	CLEANUP_FREE char *before = xstrdup(getenv("PATH") ? getenv("PATH") : "");

	have(f, "tools/runsc");
	setenv("PATH", dir, 1);
	assert_int_equal(probe(f, "gvisor"), 0);
	assert_contains(f->s.runtime_path, "/tools/runsc");
	have(f, "runtimes/bin/runsc"); /* what was fetched is newer than the release's */
	assert_int_equal(probe(f, "gvisor"), 0);
	assert_contains(f->s.runtime_path, "/runtimes/bin/runsc");
	setenv("PATH", before, 1);
}

static void test_version(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *silent = put(f, "silent", 0755, "#!/bin/sh\n");
	CLEANUP_FREE char *noisy = put(f, "noisy", 0755,
				       "#!/bin/sh\necho \"v $1\" >&2; exec yes second\n");
	CLEANUP_FREE char *version = runtime_version(noisy, "--version");

	assert_string_equal(version, "v --version");
	assert_null(runtime_version(silent, "x"));
	assert_null(runtime_version("/nonexistent", "x"));
}

static void test_run_program(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *tool = put(f, "tool", 0755, "#!/bin/sh\nyes | head -n 3000\n"
						       "echo \"because $1\"; exit $2\n");

	args_add(&f->argv, tool);
	args_add_words(&f->argv, "why 0");
	assert_int_equal(run_program(&f->argv, &f->err), 0);
	args_release(&f->argv);
	args_add(&f->argv, tool);
	args_add_words(&f->argv, "why 3");
	assert_true(run_program(&f->argv, &f->err) < 0);
	assert_contains(f->err.text, "ended with status 3: because why");
}

/* The session blocks SIGINT; Ctrl-C must end a long preparation all the same. */
static void test_run_program_stopped(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *tool = put(f, "tool", 0755, "#!/bin/sh\nexec sleep 60\n");
	sigset_t set, old;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, &old);
	raise(SIGINT);
	args_add(&f->argv, tool);
	assert_int_equal(run_program(&f->argv, &f->err), -EINTR);
	sigwait(&set, &sig); /* still there for the session to see */
	assert_int_equal(sig, SIGINT);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* ---- commands -------------------------------------------------------------------------------- */

static void test_native(void **state)
{
	struct fixture *f = *state;
	const char *extra[] = { "runc=-no", "native=-status 500", "native=-x", NULL };
	CLEANUP_FREE char *line = NULL, *want = NULL;

	f->o.runtime_args = extra;
	assert_int_equal(probe(f, "native"), 0);
	line = command(f);
	want = xasprintf("%s/service/service -addr 0.0.0.0:8123 -status 500 -x", f->dir);
	assert_string_equal(line, want);
	f->o.lib_dir = "/nonexistent";
	assert_true(probe(f, "native") > 0);
	assert_true(f->s.reason && f->s.advice);
	f->o.rootfs = "/";
	assert_true(probe(f, "native") > 0);
	assert_contains(f->s.reason, "--rootfs");
}

/* path is of a program, which scenario name is told to use */
static const char *const *given(const struct fixture *f, const char *name, const char *program)
{
	static char text[128];
	static const char *list[] = { text, NULL };

	have(f, program);
	snprintf(text, sizeof(text), "%s=%s/%s", name, f->dir, program);
	return list;
}

static void test_qemu(void **state)
{
	struct fixture *f = *state;
	const char *extra[] = { "qemu=-trace x", NULL };
	CLEANUP_FREE char *line = NULL;

	f->o.runtime_paths = given(f, "qemu", "qemu");
	f->o.runtime_args = extra;
	f->o.accel = "tcg";
	f->o.append = "quiet loglevel=7";
	f->o.memory_mib = 512;
	f->o.vcpus = 2;
	assert_int_equal(probe(f, "qemu"), 0);
	assert_string_equal(f->s.accel, "tcg: emulated, as asked for");
	line = command(f);
	assert_contains(line, "-M microvm,accel=tcg ");
	assert_contains(line, " -m 512 -smp 2 ");
	assert_contains(line, "coldprof.ip=192.0.2.2/30 coldprof.gw=192.0.2.1 coldprof.port=8123 "
			      "quiet loglevel=7");
	assert_contains(line, "ifname=cptap0,script=no");
	assert_contains(line, "virtio-net-device,netdev=n0,mac=02:00:00:c0:1d:02");
	assert_contains(line, "/console -chardev file,id=port-f4,");
	assert_string_equal(f->argv.list[f->argv.n - 1], "x");
	f->o.accel = "xen";
	assert_true(probe(f, "qemu") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	f->o.accel = "tcg";
	f->o.kernel = "/nonexistent";
	assert_true(probe(f, "qemu") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	f->o.kernel = NULL;
	f->o.lib_dir = "/nonexistent";
	assert_true(probe(f, "qemu") > 0);
}

static void test_gvisor(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *line = NULL, *host = NULL, *old = NULL;

	f->o.runtime_paths = given(f, "runsc", "runsc"); /* by the program's name */
	assert_int_equal(probe(f, "gvisor"), 0);
	assert_string_equal(f->s.runtime_version, "runsc version 1.2.3, systrap, netstack");
	line = command(f);
	assert_contains(line, " --ignore-cgroups --platform=systrap --network=sandbox run ");
	f->o.gvisor_host_network = true;
	f->o.platform = "ptrace";
	assert_int_equal(probe(f, "gvisor"), 0);
	host = command(f);
	assert_contains(host, "--platform=ptrace --network=host");
	f->o.platform = "gvm";
	assert_true(probe(f, "gvisor") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	f->o.platform = NULL;
	old = put(f, "runsc", 0755, "#!/bin/sh\necho 'runsc version 0.0~20221219.0'\n");
	assert_int_equal(probe(f, "gvisor"), 0);
	assert_true(f->s.ops->prepare(&f->s, &f->err) < 0);
	assert_contains(f->err.text, "before systrap");
}

static void test_wasi_engines(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *wazero = NULL, *cached = NULL, *wasmtime = NULL, *precompiled = NULL;
	CLEANUP_FREE char *module = put(f, "own.wasm", 0644, "");

	f->o.runtime_paths = given(f, "wazero", "wazero");
	assert_int_equal(probe(f, "wasm"), 0);
	wazero = command(f);
	assert_contains(wazero, "/wazero run -listen=0.0.0.0:8123 ");
	assert_contains(wazero, "/service/service.wasm");
	assert_int_equal(probe(f, "wasm-cached"), 0);
	assert_int_equal(f->s.ops->prepare(&f->s, &f->err), 0);
	cached = command(f);
	assert_contains(cached, "/wazero run -cachedir=/");
	assert_contains(cached, "/service.wasm");

	f->o.runtime_paths = given(f, "wasmtime", "wasmtime");
	assert_int_equal(probe(f, "wasm"), 0);
	wasmtime = command(f);
	assert_contains(wasmtime, "run -C cache=n -S preview2=n -S tcplisten=0.0.0.0:8123 /");
	assert_int_equal(probe(f, "wasm-cached"), 0);
	assert_int_equal(f->s.ops->prepare(&f->s, &f->err), 0);
	precompiled = command(f);
	assert_contains(precompiled, " --allow-precompiled /");
	assert_contains(precompiled, "/compiled");

	f->o.runtime_paths = given(f, "wasm", "wasmedge");
	assert_true(probe(f, "wasm") > 0);
	assert_contains(f->s.reason, "WasmEdge");
	f->o.wasm = module;
	assert_int_equal(probe(f, "wasm"), 0);
	f->o.runtime_paths = given(f, "wasm", "other");
	assert_true(probe(f, "wasm") < 0);
	assert_int_equal(f->err.class, ERROR_USAGE);
	f->o.wasm = "/nonexistent";
	assert_true(probe(f, "wasm") < 0);
}

/* A runtime that is named twice is run once, in its first place. */
static void test_named_twice(void **state)
{
	char native[] = "native", runc[] = "runc", fc[] = "kata-fc";
	char *names[] = { native, runc, native, fc, runc, fc };
	struct launch_options o = { .runtimes = names, .n_runtimes = ARRAY_SIZE(names) };
	struct rows rows = { 0 };

	(void)state;
	assert_int_equal(rows_choose(&rows, &o), 0);
	assert_int_equal(rows.n, 3);
	assert_string_equal(rows.list[0].name, "native");
	assert_string_equal(rows.list[1].name, "runc");
	assert_string_equal(rows.list[2].name, "kata-fc");
	rows_release(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_named_twice),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_cpuinfo),
		cmocka_unit_test(test_accel),
		cmocka_unit_test_setup_teardown(test_program_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_program_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_program, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_program_stopped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_native, setup, teardown),
		cmocka_unit_test_setup_teardown(test_qemu, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gvisor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wasi_engines, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
