#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The other ways to build: without probes, for another architecture.

setup() {
	cd "$BATS_TEST_DIRNAME/../.."
}

@test "the probes compile for arm64 with its own kernel types" {
	command -v clang >/dev/null || skip "no clang"
	for f in bpf/*.bpf.c; do
		clang -g -O2 -Wall -Wextra -Werror -Wno-unused-parameter -target bpf \
			-D__TARGET_ARCH_arm64 -Ivmlinux/arm64 -I. -c "$f" -o "$BATS_TEST_TMPDIR/probe.o"
	done
}

# One object stands for all: they have the same rule.
@test "another way to compile compiles anew, the same way does not" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$BATS_TEST_TMPDIR/tree"
	cd "$BATS_TEST_TMPDIR/tree"
	local object=build/obj/plain-nobpf/user/base/utf8.o
	unset DEVELOPER CFLAGS prefix
	compiled() { make --no-print-directory BPF=0 V=1 "$@" "$object" | grep -c -- "-o $object" || true; }
	[ "$(compiled)" -eq 1 ]
	[ "$(compiled)" -eq 0 ]
	[ "$(compiled DEVELOPER=1)" -eq 1 ]
	[ "$(compiled DEVELOPER=1)" -eq 0 ]
	[ "$(compiled DEVELOPER=1 prefix=/usr)" -eq 1 ]
	[ "$(compiled CFLAGS=-O0)" -eq 1 ]
	# (Of two files of one tick of the kernel's clock, neither is the newer.)
	find . -type f -exec touch -d '1 hour ago' {} +
	[ "$(compiled CFLAGS=-O0)" -eq 0 ]
	touch user/base/utf8.h
	[ "$(compiled CFLAGS=-O0)" -eq 1 ]
}

@test "make BPF=0 builds without clang and bpftool, and says so when asked to launch" {
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$BATS_TEST_TMPDIR/tree"
	cd "$BATS_TEST_TMPDIR/tree"
	run make --no-print-directory BPF=0 DEVELOPER=1 CLANG=/bin/false BPFTOOL=/bin/false
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	run ./coldprof --runtime native
	[ "$status" -eq 3 ]
	[[ "$output" == *"without probes"* ]]
	run ldd ./coldprof
	[[ "$output" != *libbpf* ]]
}
