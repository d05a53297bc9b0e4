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
old=
trap '[ -z "$watch" ] || kill -INT "$watch" 2>/dev/null || true; [ -z "$old" ] || echo "$old" >"$stats"; wait; rm -rf "$out"' EXIT

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
# The watch's own CPU time, second by second, in ns; and what the kernel counts for its programs while
# processes are made: no other load is in that.
# A program that goes while it lists them ends bpftool's list: again then.
show() {
	local i
	for i in $(seq 20); do
		! bpftool -j prog show 2>/dev/null | jq -ce 'select(type == "array")' 2>/dev/null || return 0
	done
}
ids() { show | jq -c '[.[].id]'; }
others=$(ids)
arm
ours=$(ids)
own() { cut -d ' ' -f 1 "/proc/$watch/schedstat"; }
for _ in $(seq 10); do
	before=$(own)
	sleep 1
	echo $(($(own) - before))
done | sort -n | awk '{ v[NR] = $1 } END { printf "CPU of the watch itself, idle: median %.4f %% of a core [%.4f, %.4f], n %d seconds\n", v[5] / 1e7, v[1] / 1e7, v[NR] / 1e7, NR }'

stats=/proc/sys/kernel/bpf_stats_enabled
programs() {
	show | jq -r --argjson ids "${ours:-[]}" --argjson others "${others:-[]}" \
		'[.[] | select(.name | startswith("on_sys_") | not) | select(.id as $i | ($ids - $others | index($i)) != null) | .run_time_ns // 0] | add // 0'
}
old=$(cat "$stats")
if [ "$(programs)" ] && echo 1 2>/dev/null >"$stats"; then
	for _ in $(seq 10); do
		before=$(programs)
		processes
		after=$(programs)
		echo "$((after - before)) $execs"
	done | sort -n | awk '{ v[NR] = $1 / $2 / 1000 } END { printf "its programs: median %.2f us a process [%.2f, %.2f], n %d times %d processes\n", v[5], v[1], v[NR], NR, $2 }'
	echo "$old" >"$stats"
fi
disarm
