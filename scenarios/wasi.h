/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wasi.h - what the scenarios wasm and wasm-cached share: the WASI runtimes that can serve a
 * module on a socket, which they open for it, and how each is told to compile ahead.
 */
#ifndef COLDPROF_WASI_H
#define COLDPROF_WASI_H

#include "scenarios/scenario.h"

struct wasi_engine {
	struct program program;
	bool gives_socket; /* can hand the module a listening socket, as our service wants it */
	void (*compile)(const char *runtime, const char *module, const char *out,
			struct args *argv);
	void (*run)(const struct scenario_options *o, const char *out, struct args *argv);
};

/* State of both scenarios. */
struct wasi {
	const struct wasi_engine *engine;
	char *module; /* absolute path of the .wasm */
	char *out;    /* wasm-cached: cache directory or compiled file */
};

/* The first engine that is here and can serve the module; as ops->probe. */
int wasi_probe(struct scenario *s, struct error *err);
void wasi_describe(struct scenario *s);

/* Compile the module into s->scratch. */
int wasi_compile(struct scenario *s, struct error *err);

/* Serve the module: compiled at start, or after wasi_compile() from what it made. */
int wasi_command(struct scenario *s, const struct scenario_run *run, struct args *argv,
		 struct error *err);

void wasi_cleanup(struct scenario *s);

/* The phases of either: those that one does not have are short in it. */
extern const struct phase_rule wasi_phases[];

#endif
