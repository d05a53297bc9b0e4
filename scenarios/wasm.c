// SPDX-License-Identifier: GPL-2.0-only
/* wasm.c - the service as a WASI module that the runtime compiles at every start. */
#include "scenarios/wasi.h"
#include "user/record/format.h"

const struct scenario_ops scenario_wasm = {
	.name = "wasm",
	.title = "WASM",
	.summary = "the service as a WASI module, compiled at each start (wazero or wasmtime)",
	.boundary = "WASM sandbox",
	.flags = SCENARIO_HOST_ACCEPT | SCENARIO_MODULE,
	.net = NET_VETH,
	.timeout = 60,
	.phases = wasi_phases,
	.state_size = sizeof(struct wasi),
	.probe = wasi_probe,
	.describe = wasi_describe,
	.command = wasi_command,
	.cleanup = wasi_cleanup,
};
