// SPDX-License-Identifier: GPL-2.0-only
/* wasi.c - wazero, wasmtime and WasmEdge, in the order in which they are looked for. */
#include "scenarios/wasi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/mem.h"
#include "user/model/syscall_names.h"

#define GET_WASI "make runtimes, in coldprof's source tree, fetches wazero; or install wasmtime"

/* ---- the engines ---------------------------------------------------------------------------- */

static void wazero_compile(const char *runtime, const char *module, const char *out,
			   struct args *argv)
{
	args_add(argv, runtime);
	args_add(argv, "compile");
	args_addf(argv, "-cachedir=%s", out);
	args_add(argv, module);
}

static void wazero_run(const struct scenario_options *o, const char *out, struct args *argv)
{
	args_add(argv, "run");
	if (out)
		args_addf(argv, "-cachedir=%s", out);
	args_addf(argv, "-listen=0.0.0.0:%u", o->port);
}

static void wasmtime_compile(const char *runtime, const char *module, const char *out,
			     struct args *argv)
{
	args_add(argv, runtime);
	args_add(argv, "compile");
	args_add(argv, module);
	args_add(argv, "-o");
	args_add(argv, out);
}

/* Sockets opened for the module are a thing of its first WASI implementation: preview2=n. */
static void wasmtime_run(const struct scenario_options *o, const char *out, struct args *argv)
{
	args_add_words(argv, "run -C cache=n -S preview2=n -S");
	args_addf(argv, "tcplisten=0.0.0.0:%u", o->port);
	if (out)
		args_add(argv, "--allow-precompiled");
}

static void wasmedge_compile(const char *runtime, const char *module, const char *out,
			     struct args *argv)
{
	args_add(argv, runtime);
	args_add(argv, "compile");
	args_add(argv, module);
	args_add(argv, out);
}

static void wasmedge_run(const struct scenario_options *o, const char *out, struct args *argv)
{
	(void)out;
	args_add(argv, "--env");
	args_addf(argv, "PORT=%u", o->port);
}

static const struct wasi_engine engines[] = {
	{
		.program = { "wazero", "version", true },
		.gives_socket = true,
		.compile = wazero_compile,
		.run = wazero_run,
	},
	{
		.program = { "wasmtime", "--version", false },
		.gives_socket = true,
		.compile = wasmtime_compile,
		.run = wasmtime_run,
	},
	{
		/* Its modules open their sockets themselves, by calls that only it knows. */
		.program = { "wasmedge", "--version", false },
		.compile = wasmedge_compile,
		.run = wasmedge_run,
	},
};

/* ---- choosing ------------------------------------------------------------------------------- */

static int find_module(struct scenario *s, struct error *err)
{
	const struct scenario_options *o = s->options;
	struct wasi *w = s->state;

	if (o->wasm)
		return user_file("--wasm", o->wasm, &w->module, err);
	if (o->rootfs || o->bundle || o->image)
		return scenario_not_for_rootfs(s);
	w->module = lib_path(o, "service/service.wasm");
	if (!w->module)
		return scenario_unavailable(s, GET_SERVICE,
					    "coldprof's service is not there as a module");
	return 0;
}

/* With --runtime-path wasm=PATH every engine finds PATH; its file name says which one it is. */
static bool is_engine(const struct scenario *s, const struct wasi_engine *e)
{
	const char *base = strrchr(s->runtime_path, '/');

	base = base ? base + 1 : s->runtime_path;
	return !strncmp(base, e->program.name, strlen(e->program.name));
}

/* "wazero dev": the version alone does not say of which runtime it is. */
void wasi_describe(struct scenario *s)
{
	const char *name = s->program->name;
	char *version = s->runtime_version;

	if (version && strstr(version, name))
		return;
	s->runtime_version = version ? xasprintf("%s %s", name, version) : xstrdup(name);
	free(version);
}

/* Take engine e. 0: taken; > 0: it is not here or not fit (then *unfit is set); < 0: fault. */
static int try_engine(struct scenario *s, const struct wasi_engine *e, bool *unfit,
		      struct error *err)
{
	struct wasi *w = s->state;
	int ret = find_program(s, &e->program, err);

	if (ret)
		return ret;
	if (!is_engine(s, e))
		return 1;
	if (!e->gives_socket && !s->options->wasm) {
		*unfit = true;
		return 1;
	}
	w->engine = e;
	return 0;
}

int wasi_probe(struct scenario *s, struct error *err)
{
	bool unfit = false, named;
	size_t i;
	int ret = find_module(s, err), pass;

	if (ret)
		return ret;
	/* One that the user named goes before those that are found. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < ARRAY_SIZE(engines); i++) {
			named = given_runtime(s->options, engines[i].program.name);
			if (named != (pass == 0))
				continue;
			ret = try_engine(s, &engines[i], &unfit, err);
			if (ret <= 0)
				return ret;
		}
	if (unfit)
		return scenario_unavailable(s, GET_WASI,
					    "WasmEdge gives no socket to coldprof's module; it can "
					    "serve one that was made for it (--wasm FILE)");
	if (given_runtime(s->options, s->ops->name))
		return error_class(err, ERROR_USAGE, -EINVAL,
				   "--runtime-path %s=%s: by its name it is none of wazero, "
				   "wasmtime, wasmedge", s->ops->name,
				   given_runtime(s->options, s->ops->name));
	return scenario_unavailable(s, GET_WASI, "none of wazero, wasmtime, WasmEdge is installed");
}

/* ---- using ---------------------------------------------------------------------------------- */

int wasi_compile(struct scenario *s, struct error *err)
{
	struct wasi *w = s->state;
	struct args argv = { 0 };
	int ret;

	free(w->out);
	w->out = xasprintf("%s/compiled", s->scratch);
	w->engine->compile(s->runtime_path, w->module, w->out, &argv);
	ret = run_program(&argv, err);
	args_release(&argv);
	return ret;
}

int wasi_command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		 struct error *err)
{
	const struct wasi *w = s->state;
	bool file = w->out && w->engine->compile != wazero_compile;

	(void)run, (void)err;
	args_add(argv, s->runtime_path);
	w->engine->run(s->options, w->out, argv);
	add_runtime_args(s->options, s->ops->name, argv);
	args_add(argv, file ? w->out : w->module);
	return 0;
}

void wasi_cleanup(struct scenario *s)
{
	struct wasi *w = s->state;

	free(w->module);
	free(w->out);
	w->module = w->out = NULL;
}

/*
 * The module is read whole; then it is compiled, or what was compiled ahead is read, until the
 * runtime listens. That its code becomes executable is no boundary: wazero does it before a million
 * small reads of the rest of its cache, and for the pieces made last by calls too quick for a record.
 *
 * wazero and wasmtime open the module's socket when they have its code and before they make an
 * instance of it. WasmEdge's modules open it themselves, when they have been started.
 */
const struct phase_rule wasi_phases[] = {
	{ .name = "exec" },
	{ .name = "runtime's start-up", .at = PHASE_MILESTONE, .milestone = MILESTONE_EXEC },
	{ .name = "module read", .at = PHASE_SYSCALL, .nr = SYSCALL_READ, .object = "*.wasm" },
	{ .name = "module compiled or loaded", .at = PHASE_SYSCALL, .nr = SYSCALL_READ,
	  .object = "*.wasm", .last = true, .returned = true, .before = MILESTONE_LISTEN },
	{ .name = "module loaded, instantiated, started", .at = PHASE_SYSCALL, .nr = SYSCALL_READ,
	  .object = "*.wasm", .last = true, .returned = true, .before = MILESTONE_LISTEN,
	  .comm = "wasmedge*", .optional = true },
	{ .name = "instantiation and service start-up", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_LISTEN },
	{ .name = "listen to accept", .at = PHASE_LISTEN, .comm = "wasmedge*", .optional = true },
	{ .name = "accept to first byte", .at = PHASE_MILESTONE,
	  .milestone = MILESTONE_FIRST_ACCEPT },
	{ 0 }
};
