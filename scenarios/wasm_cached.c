// SPDX-License-Identifier: GPL-2.0-only
/* wasm_cached.c - the service as a WASI module compiled ahead, outside the timed window. */
#include "scenarios/wasi.h"
#include "user/record/format.h"

const struct scenario_ops scenario_wasm_cached = {
	.name = "wasm-cached",
	.title = "WASM, compiled ahead",
	.summary = "the same module, compiled once before the runs",
	.boundary = "WASM sandbox",
	.flags = SCENARIO_HOST_ACCEPT | SCENARIO_MODULE,
	.net = NET_VETH,
	.timeout = 60,
	.phases = wasi_phases,
	.state_size = sizeof(struct wasi),
	.probe = wasi_probe,
	.describe = wasi_describe,
	.prepare = wasi_compile,
	.command = wasi_command,
	.cleanup = wasi_cleanup,
};
