#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Run each fuzzer for SECONDS on seeds that the real writer made: tests/fuzz/run.sh SECONDS
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
for fuzzer in build/fuzz/fuzz_*; do
	[ -x "$fuzzer" ] && [ ! -d "$fuzzer" ] || continue
	name=$(basename "$fuzzer")
	corpus=build/fuzz/corpus/$name
	mkdir -p "$corpus"
	[ "$name" != fuzz_reader ] || build/fuzz/seed "$corpus"
	echo "$name: $seconds s"
	"$fuzzer" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$name-" "$corpus" 2>&1 | tail -n 8
done
