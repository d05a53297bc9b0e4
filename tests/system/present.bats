#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What many tests use where it is there, and leave out where it is not: what is missing is counted
# here, once, as skipped with its reason, so that "all passed" never hides it.

load lib

setup() {
	need_tracing
}

@test "runc is here" { need_runtime runc; }
@test "crun is here" { need_runtime crun; }
@test "gvisor is here" { need_runtime gvisor; }
@test "qemu is here" { need_runtime qemu; }
@test "wasm is here" { need_runtime wasm; }
@test "wasm-cached is here" { need_runtime wasm-cached; }
@test "containerd-runc is here" { need_runtime containerd-runc; }
