#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# A short run of the fuzzers with every test; `make fuzz` runs them for longer.

setup() {
	command -v clang >/dev/null || skip "no clang"
}

@test "a fuzzer that fails makes the run fail, whatever it leaves" {
	mkdir -p "$BATS_TEST_TMPDIR/tree/build/fuzz" "$BATS_TEST_TMPDIR/tree/tests/fuzz"
	cp "$BATS_TEST_DIRNAME/../fuzz/run.sh" "$BATS_TEST_TMPDIR/tree/tests/fuzz/"
	printf '#!/bin/sh\necho stat::none\nexit 77\n' >"$BATS_TEST_TMPDIR/tree/build/fuzz/fuzz_x"
	chmod +x "$BATS_TEST_TMPDIR/tree/build/fuzz/fuzz_x"
	run "$BATS_TEST_TMPDIR/tree/tests/fuzz/run.sh" 1
	[ "$status" -ne 0 ]
}

@test "the fuzzers find nothing in a short run" {
	cd "$BATS_TEST_DIRNAME/../.."
	run make --no-print-directory fuzzers
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	run tests/fuzz/run.sh 5
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$(ls build/fuzz/*-crash-* build/fuzz/*-leak-* build/fuzz/*-oom-* build/fuzz/*-timeout-* 2>/dev/null)" ]
	[[ "$output" == *stat::number_of_executed_units* ]]
}
