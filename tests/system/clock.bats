#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The same instants by somebody else's clockwork: a bpftrace script watches the service's execve and
# its first accepted connection in the same runs. Service exec → first accept has to agree within
# 0.3 ms or 2 %, in the median of the runs.

load lib

RUNS=7

setup() {
	need_tracing
	need_program bpftrace
	OBSERVER=
	SEEN=$BATS_TEST_TMPDIR/seen
	FILE=$BATS_TEST_TMPDIR/c.coldprof
	JSON=$BATS_TEST_TMPDIR/json
}

teardown() {
	[ -z "$OBSERVER" ] || { kill "$OBSERVER" 2>/dev/null && wait "$OBSERVER" || true; }
}

# observe NAME: who executes a program of that name, and each connection that it accepts, with the
# time. nsecs is CLOCK_MONOTONIC, as coldprof's times are. bpftrace, unlike coldprof, reads tracefs:
# where it is not mounted, it gets it in a mount namespace of its own.
observe() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -c '
		[ -e /sys/kernel/debug/tracing ] || mount -t debugfs none /sys/kernel/debug || true
		[ -e /sys/kernel/tracing/events ] || mount -t tracefs none /sys/kernel/tracing || true
		exec bpftrace -e "$1"' sh '
		tracepoint:sched:sched_process_exec { printf("exec %llu %d %s\n", nsecs, pid, str(args->filename)); }
		tracepoint:syscalls:sys_exit_accept4 /args->ret >= 0/ { printf("accept %llu %d %s\n", nsecs, pid, comm); }
	' >"$SEEN" 2>"$SEEN.err" 3>&- &
	OBSERVER=$!
	# It watches when it sees something.
	for _ in $(seq 150); do
		/bin/true
		grep -q '^exec .*/true$' "$SEEN" && return
		kill -0 "$OBSERVER" 2>/dev/null || break
		sleep 0.1
	done
	skip "bpftrace sees nothing here: $(tail -n 1 "$SEEN.err")"
}

# What is printed has left its buffer when something later is there.
observed() {
	local before
	before=$(grep -c '^exec .*/true$' "$SEEN")
	for _ in $(seq 50); do
		/bin/true
		[ "$(grep -c '^exec .*/true$' "$SEEN")" -gt "$before" ] && break
		sleep 0.1
	done
	kill -INT "$OBSERVER"
	wait "$OBSERVER" || true
	OBSERVER=
}

# intervals FILTER: service exec → first accept of each run in its order, as coldprof has it.
ours_intervals() {
	q '.scenarios[0].runs[].milestones | .first_accept - .service_exec'
}

# By the observer: the last execve of a process before its first accept.
their_intervals() {
	awk '$1 == "exec" { at[$3] = $2 }
		$1 == "accept" && ($3 in at) && !($3 in done) { done[$3] = 1; print $2 - at[$3] }' "$SEEN"
}

# median: of numbers, one a line.
median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}

# agree: run by run; the median of the differences is within the bounds.
agree() {
	ours_intervals >"$BATS_TEST_TMPDIR/ours"
	their_intervals >"$BATS_TEST_TMPDIR/theirs"
	paste "$BATS_TEST_TMPDIR/ours" "$BATS_TEST_TMPDIR/theirs" | tee "$BATS_TEST_TMPDIR/pairs" |
		awk '{ d = $1 - $2; print d < 0 ? -d : d }' >"$BATS_TEST_TMPDIR/differences"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/ours")" -eq $RUNS ] && [ "$(wc -l <"$BATS_TEST_TMPDIR/theirs")" -eq $RUNS ] || {
		echo "not $RUNS of both:"
		cat "$BATS_TEST_TMPDIR/pairs"
		return 1
	}
	local difference bound
	difference=$(median <"$BATS_TEST_TMPDIR/differences")
	bound=$(($(median <"$BATS_TEST_TMPDIR/theirs") / 50))
	[ "$bound" -ge 300000 ] || bound=300000
	echo "service exec to first accept, ns (coldprof, bpftrace); median difference $difference, bound $bound"
	cat "$BATS_TEST_TMPDIR/pairs"
	[ "$difference" -le "$bound" ]
}

@test "runc: service exec to first accept as bpftrace has it" {
	need_runtime runc
	observe
	"$COLDPROF" --runtime runc -n $RUNS "${QUICK[@]}" -o "$FILE" --json "$JSON" >/dev/null 2>&1 3>&-
	observed
	agree
}

@test "a service that takes 200 ms between the two: the same, absolutely" {
	observe
	"$COLDPROF" run --boxed -n $RUNS "${QUICK[@]}" -o "$FILE" --json "$JSON" -- "$WORKLOAD" sleep=200 listen=8080 serve=0 >/dev/null 2>&1 3>&-
	observed
	agree
	[ "$(median <"$BATS_TEST_TMPDIR/ours")" -gt 200000000 ]
	# The clock is the same, so the instants themselves must be, too.
	"$COLDPROF" dump "$FILE" | awk '$1 == "run" { base = $4; next }
		$3 == "ACCEPT" { split($1, t, /[+m]/); printf "%.0f\n", base + t[2] * 1e6 }' >"$BATS_TEST_TMPDIR/at"
	awk '$1 == "accept" && $4 == "workload" { print $2 }' "$SEEN" | paste "$BATS_TEST_TMPDIR/at" - |
		awk '{ d = $1 - $2; print d < 0 ? -d : d }' | median >"$BATS_TEST_TMPDIR/off"
	[ "$(cat "$BATS_TEST_TMPDIR/off")" -le 300000 ]
}
