#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What looking into a VM costs: tests/bench/kvm.sh [EXITS]
set -eu
cd "$(dirname "$0")/../.."
exits=${1:-200000}
toy=$PWD/build/fixture/toyvmm
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "== kvm_entry and kvm_exit by BPF_PROG_TEST_RUN: bar 150 ns the pair"
build/fixture/bpf/kvm_run bench 2000
echo
echo "== programs per exit to user space, $exits exits: bar 300 ns; run time traced/untraced: bar 1.05"
if ! "$toy" out=0x80:1 truth=/dev/null 2>"$out/why"; then
	echo "not measured: $(cat "$out/why")"
	exit 0
fi
guest=("$toy" "out=0x80:$exits" truth=/dev/null serve=8080)
run() {
	./coldprof run "$@" -n 1 --warmup 0 --settle 0 --requests 0 --timeout 120 --no-samples --force -o "$out/k.coldprof" --json "$out/k.json" \
		-- "${guest[@]}" >/dev/null 2>&1
}
for _ in $(seq 11); do
	run --self-cost
	./coldprof dump "$out/k.coldprof" | awk -v exits="$exits" '
		$3 == "PROGRAM_COST" && / name=on_(sys_enter|sys_exit|kvm_[a-z_]*)$/ { sub(/.* ns=/, ""); ns += $1 }
		END { printf "%.0f\n", ns / exits }'
done | sort -n | awk '{ v[NR] = $1 } END { printf "per exit: median %d ns, %d to %d, n %d\n", v[int((NR + 1) / 2)], v[1], v[NR], NR }'
for _ in $(seq 21); do
	run
	traced=$(jq '.scenarios[0].runs[0].cold_start_ns' "$out/k.json")
	run --no-trace
	echo "$traced $(jq '.scenarios[0].runs[0].cold_start_ns // empty' "$out/k.json")"
done | awk 'NF == 2 && $2 > 0 { print $1 / $2 }' | sort -n |
	awk '{ v[NR] = $1 } END { if (NR) printf "ratio: median %.3f, %.3f to %.3f, n %d pairs\n", v[int((NR + 1) / 2)], v[1], v[NR], NR; else print "ratio: not measured" }'
