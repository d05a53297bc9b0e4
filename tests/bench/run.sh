#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The figures of README.md, measured here and now: tests/bench/run.sh [PAIRS]
# Quote medians and ratios; the machine should have nothing else to do.
set -eu
cd "$(dirname "$0")/../.."
pairs=${1:-60}
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# spread WHAT UNIT BAR: of the numbers that come in, with what the issue's bar makes of their median.
spread() {
	sort -n | awk -v what="$1" -v unit="$2" -v bar="$3" '{ v[NR] = $1 }
		END { m = v[int((NR + 1) / 2)]
		      printf "%s: median %.4g %s, %.4g to %.4g, n %d; bar %s: %s\n", what, m, unit, v[1], v[NR], NR, bar, m <= bar ? "held" : "MISSED" }'
}

# The same of the table of `coldprof overhead`: median ratios.
overhead() {
	local bar=$1
	shift
	./coldprof overhead -n "$pairs" --warmup 2 "$@" 2>/dev/null | awk -v bar="$bar" '
		/^start of the session/ { next }
		$2 ~ /^[0-9]+$/ { $0 = $0 "   bar " bar ": " ($3 <= bar ? "held" : "MISSED") }
		{ print }'
}

echo "== load average before: $(cut -d' ' -f1-3 /proc/loadavg)"
echo
echo "== cost of being traced, milestones only (--no-ledger)"
overhead 1.03 --runtime native,runc,crun,gvisor --no-ledger
echo
echo "== cost of being traced, everything on"
overhead 1.05 --runtime native,runc,crun,gvisor
echo
echo "== … but for memory over time (--no-memory-timeline)"
overhead 1.05 --runtime native,runc,crun,gvisor --no-memory-timeline
echo
echo "== the least that it can be: the service's start up to its main(), programs that do nothing at the same places"
build/fixture/bpf/empty 200 sys_enter sys_exit page_fault_user page_fault_kernel sched_switch sched_waking \
	task_newtask sched_process_exec sched_process_exit softirq_entry softirq_exit irq_handler_entry \
	irq_handler_exit hrtimer_expire_entry hrtimer_expire_exit -- build/service/service -exit 0
echo
echo "== coldprof itself"
for _ in $(seq 11); do
	./coldprof --runtime native -n 1 --warmup 0 --settle 0 --requests 0 --force \
		-o "$out/start.coldprof" >/dev/null 2>&1
	./coldprof report --format json "$out/start.coldprof" | jq '.environment.own_start_ns | tonumber / 1e6'
done | spread "start to the first launch" ms 150
for _ in $(seq 5); do
	./coldprof --all -n 1 --warmup 1 --force -o "$out/m.coldprof" >/dev/null 2>&1 || true
	./coldprof report --format json "$out/m.coldprof" >"$out/m.json"
	jq '.environment.own_peak_rss | tonumber / 1048576' "$out/m.json" >>"$out/peaks"
	jq '[.scenarios[] | (.runs[]?, .warmup_runs[]?) | .lost_events // 0] | add' "$out/m.json" >>"$out/lost"
done
spread "its own memory at the most, sessions of --all" MiB 32 <"$out/peaks"
spread "lost events in such a session" events 0 <"$out/lost"
echo
echo "== the model: 1,000,000 records analysed: bar 1 s, 300 MiB"
build/obj/plain/unit/test_critpath 2>&1 | grep ' records: '
echo
echo "== report of a usual session, 6 scenarios x 5 runs, 11 times: bar 200 ms"
./coldprof --runtime native,runc,crun,gvisor,qemu,wasm -n 5 --warmup 0 --requests 0 --settle 0 --force \
	-o "$out/r.coldprof" >/dev/null 2>&1 || true
TIMEFORMAT='%R %U %S'
for _ in $(seq 11); do
	{ time ./coldprof report "$out/r.coldprof" >/dev/null; } 2>&1
done | sort -n | awk '{ v[NR] = $1 * 1000; cpu[NR] = ($2 + $3) * 1000 }
	END { m = int((NR + 1) / 2); printf "median %.0f ms (CPU %.0f ms), %.0f to %.0f, n %d\n", v[m], cpu[m], v[1], v[NR], NR }'
echo
echo "== the page of that session: bars 2 MiB, and 1 s to open in headless Chromium"
tests/bench/page.sh "$out/r.coldprof"
echo
echo "== memory of a tree of 200 processes with 300 mappings each, from the first byte to its snapshot's end: bar 150 ms"
./coldprof run --boxed -n 9 --warmup 1 --requests 0 --settle 0 --no-ledger --force -o "$out/tree.coldprof" -- \
	build/fixture/memory_map tree=200:300 serve=8080 >/dev/null 2>&1
./coldprof dump "$out/tree.coldprof" | awk '
	function ms(t) { sub(/^\+/, "", t); return t + 0 }
	$3 == "CLIENT" && match($0, /first_byte=\+[0-9.]+/) { begin = substr($0, RSTART + 12, RLENGTH - 12) }
	$3 == "MEMORY_SYSTEM" && !/when=/ { print ms($1) - begin }' |
	sort -n | awk '{ v[NR] = $1 } END { printf "median %.1f ms, %.1f to %.1f, n %d\n", v[int((NR + 1) / 2)], v[1], v[NR], NR }'

echo
echo "== export of 1,000,000 events, 5 times: bar 3 s and 400 MiB each"
build/export/record --many 1000000 "$out/many.coldprof"
for format in chrome perfetto; do
	for _ in 1 2 3 4 5; do
		build/export/record --cost ./coldprof export "$out/many.coldprof" --format "$format" 2>&1 >/dev/null
	done | sort -n | sed -n "3s/^/$format, median run: /p"
done
echo "== the terminal UI on 1,000,000 events: bars 1500 ms to open, 10 ms a frame"
build/obj/plain/unit/test_tui --big "$out/big.coldprof" 1000000
build/obj/plain/unit/test_tui --frames "$out/big.coldprof"
echo
echo "== the live UI: bars 1.02, and 3 % of a core"
tests/bench/live.sh 10
echo
tests/bench/kvm.sh
echo
echo "== coldprof watch while nothing starts"
tests/bench/watch.sh
