#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What an idle `coldprof watch` costs a busy host: tests/bench/watch.sh [PAIRS [EXECS]]. Processes that
# are made and end, and system calls, each with a watch armed and without, in turn: the CPU time that
# they take, which other load disturbs less than the clock does. Then the watch's own.
set -eu
cd "$(dirname "$0")/../.."
pairs=${1:-20}
execs=${2:-1000}
out=$(mktemp -d)
watch=
trap '[ -z "$watch" ] || kill -INT "$watch" 2>/dev/null || true; wait; rm -rf "$out"' EXIT

arm() {
	./coldprof watch -o "$out/w.coldprof" --force >"$out/out" 2>"$out/err" </dev/null &
	watch=$!
	until grep -q armed "$out/err"; do sleep 0.02; done
}

disarm() {
	kill -INT "$watch"
	wait "$watch" || true
	watch=
}

processes() {
	local i
	for ((i = 0; i < execs; i++)); do /bin/true; done
}

calls() {
	dd if=/dev/zero of=/dev/null bs=1 count=200000 2>/dev/null
}

TIMEFORMAT='%U %S'
# one KIND SIDE: its seconds of CPU, appended to KIND.SIDE
one() {
	{ time "$1"; } 2>>"$out/$1.$2"
}

for i in $(seq "$pairs"); do
	for side in $([ $((i % 2)) = 0 ] && echo with without || echo without with); do
		[ "$side" = without ] || arm
		one processes "$side"
		one calls "$side"
		[ "$side" = without ] || disarm
	done
done
for kind in processes calls; do
	paste "$out/$kind.with" "$out/$kind.without" | awk '{ a = $1 + $2; b = $3 + $4; print a / b, a - b }' | sort -n |
		awk -v kind="$kind" -v n_execs="$execs" '{ v[NR] = $1; d[NR] = $2 }
		END { m = int((NR + 1) / 2); printf "%-10s with a watch armed against without: median ratio of CPU time %.3f [%.3f, %.3f], n %d", kind, v[m], v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)], NR
			if (kind == "processes") printf "; %.1f us a process", d[m] * 1e6 / n_execs
			print "" }'
done
arm
before=$(awk '{ print $14 + $15 }' "/proc/$watch/stat")
sleep 10
after=$(awk '{ print $14 + $15 }' "/proc/$watch/stat")
disarm
awk -v t="$((after - before))" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "CPU of the watch itself, 10 s of it idle: %.2f %% of a core\n", 100 * t / hz / 10 }'
