#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A workload of known, odd numbers: the recording holds exactly those, every time.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
}

setup() {
	need_tracing
	FILE=$BATS_TEST_TMPDIR/w.coldprof
	LOAD=()
}

teardown() {
	for pid in "${LOAD[@]}"; do
		kill "$pid" && wait "$pid" || true
	done
}

# boxed RUNS WORD...: runs of the workload, then it waits to be killed.
boxed() {
	local runs=$1
	shift
	"$COLDPROF" run --boxed -n "$runs" "${QUICK[@]}" -o "$FILE" --force -- "$WORKLOAD" "$@" serve=0 >"$BATS_TEST_TMPDIR/out" 2>&1 || {
		tail -n 20 "$BATS_TEST_TMPDIR/out"
		return 1
	}
	"$COLDPROF" dump "$FILE" >"$BATS_TEST_TMPDIR/dump"
	never grep '^# not whole' "$BATS_TEST_TMPDIR/dump"
}

# One line a run: what its records say. The root process is one of the processes.
counts() {
	"$COLDPROF" dump "$FILE" | awk '
		$1 == "run" { run = $2; if (run > last) last = run; next }
		$3 == "FORK" { if (/ thread=/) threads[run]++; else processes[run]++ }
		$3 == "EXEC" { execs[run]++; threadexecs[run] += / old_tid=/ }
		$3 == "EXIT" { exits[run]++ }
		$3 == "LISTEN" { listens[run]++ }
		$3 == "ACCEPT" { accepts[run]++; urings[run] += / io_uring=1/ }
		$3 == "RUN_END" { lost[run] += / lost=/; ok[run] = !/ status=/ }
		END {
			for (run = 1; run <= last; run++)
				printf "processes=%d threads=%d execs=%d exits=%d listens=%d accepts=%d uring=%d texec=%d lost=%d ok=%d\n",
					processes[run], threads[run], execs[run], exits[run], listens[run],
					accepts[run], urings[run], threadexecs[run], lost[run], ok[run]
		}'
}

# every RUNS EXPECTED: all runs are like that; the others are shown.
every() {
	local all
	all=$(counts)
	[ "$(wc -l <<<"$all")" -eq "$1" ] && ! grep -nvxF "$2" <<<"$all" || {
		echo "expected $1 times:"
		echo "  $2"
		return 1
	}
}

ODD=(fork=23 thread=7 exec=5 daemon=3 unix name=odd listen=8080)
# 1 root, 23 children, 3 × 2 daemons; 1 execve by the keeper, 5 by itself; everything ends.
ODD_COUNTS="processes=30 threads=7 execs=6 exits=37 listens=1 accepts=1 uring=0 texec=0 lost=0 ok=1"

@test "20 runs of 20 hold exactly what the workload did" {
	boxed 20 "${ODD[@]}"
	every 20 "$ODD_COUNTS"
}

@test "20 of 20 with both cores busy, too" {
	for _ in $(seq "$(nproc)"); do
		(while :; do :; done) 3>&- &
		LOAD+=($!)
	done
	boxed 20 "${ODD[@]}"
	every 20 "$ODD_COUNTS"
}

@test "the counts of --count are those of the lines" {
	boxed 3 "${ODD[@]}"
	"$COLDPROF" dump "$FILE" | awk '$1 == "run" { run = $2; next } $3 != "" { n[run + 0 " " $3]++ } END { for (k in n) print k, n[k] }' | sort >"$BATS_TEST_TMPDIR/lines"
	"$COLDPROF" dump --count "$FILE" | awk 'NR > 1 { print $1, $2, $3 }' | sort | diff "$BATS_TEST_TMPDIR/lines" -
}

@test "the tree of the report is the workload's" {
	boxed 1 fork=3 thread=2 daemon=1 name=odd listen=8080
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	# 3 children, 1 daemon and what it left; the root has no parent, everybody else has one in the tree.
	holds '.scenarios[0].runs[0].tree | length == 6'
	holds '.scenarios[0].runs[0].tree | map(.pid) as $pids | map(select(.ppid == null)) | length == 1'
	holds '.scenarios[0].runs[0].tree | map(.pid) as $pids | all(.ppid == null or ([.ppid] | inside($pids)))'
	holds '.scenarios[0].runs[0].tree | map(select(.ppid == null))[0] | .comm == "odd"'
}

@test "an accept by io_uring is one" {
	boxed 3 listen=8080 uring=1
	every 3 "processes=1 threads=0 execs=1 exits=1 listens=1 accepts=1 uring=1 texec=0 lost=0 ok=1"
}

@test "an accept by a multishot request of io_uring, by a ring that the kernel polls" {
	boxed 3 listen=8080 uring-multishot=1
	every 3 "processes=1 threads=0 execs=1 exits=1 listens=1 accepts=1 uring=1 texec=0 lost=0 ok=1"
	# The thread that polls is one of the process, though no call of it made it.
	boxed 3 listen=8080 uring-polled=1
	every 3 "processes=1 threads=1 execs=1 exits=2 listens=1 accepts=1 uring=1 texec=0 lost=0 ok=1"
	[ "$("$COLDPROF" dump "$FILE" | grep -c ' FORK .*kernel_worker=1')" = 3 ]
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs | all(.milestones.first_accept > 0 and .milestones.first_accept < .milestones.first_byte)'
}

# Going to sleep sends what a task did to its memory: what is told between the two names is the map's,
# without the pages that any program needs to start.
@test "maps: 20 of 20 hold exactly the pages that the workload touched" {
	boxed 20 sleep=1 name=before map=777 sleep=1 name=after listen=8080
	same "20 777" "$("$COLDPROF" dump "$FILE" | awk '
		$3 == "COMM" && / comm=before/ { on = 1; n = 0 }
		on && $3 == "RSS" && match($0, / faults_anon=[0-9]+/) { n += substr($0, RSTART + 13, RLENGTH - 13) }
		$3 == "COMM" && / comm=after/ { on = 0; print n }' | sort | uniq -c | awk '{ print $1, $2 }')"
}

@test "AF_UNIX listens and accepts are not the service's" {
	boxed 3 unix sleep=50 listen=8080
	every 3 "processes=1 threads=0 execs=1 exits=1 listens=1 accepts=1 uring=0 texec=0 lost=0 ok=1"
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs | all(.milestones.listen > 40000000)'
}

@test "an execve by a thread that is not the first: the process stays one" {
	boxed 5 fork=1 texec=1 fork=1 listen=8080
	every 5 "processes=3 threads=1 execs=2 exits=4 listens=1 accepts=1 uring=0 texec=1 lost=0 ok=1"
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs | all(.tree | length == 3)'
}

@test "listens on another port before its own: the service's counts" {
	boxed 3 listen=8081 sleep=30 listen=8080
	every 3 "processes=1 threads=0 execs=1 exits=1 listens=2 accepts=1 uring=0 texec=0 lost=0 ok=1"
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs | all(.milestones.listen > 30000000)'
}

# The steady state's latency is to be the service's, not that of being watched.
@test "behind the settled snapshot only births, names and ends are followed" {
	"$COLDPROF" --runtime native -n 1 --warmup 0 --requests 200 --settle 50 -o "$FILE" >"$BATS_TEST_TMPDIR/out" 2>&1
	"$COLDPROF" dump "$FILE" >"$BATS_TEST_TMPDIR/dump"
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs[0].latency_ns.n == 200'
	same "" "$(awk '
		function ms(t) { sub(/^\+/, "", t); return t + 0 }
		$3 == "MEMORY_SYSTEM" && / when=settled/ { settled = ms($1) }
		$3 ~ /^(RSS|BLOCKED|SWITCH|WAKING|SYSCALL|SAMPLE|ACCEPT|SOCK_)/ { at[NR] = ms($1); line[NR] = $0 }
		END { if (!settled) print "no settled snapshot"; for (i in at) if (at[i] > settled) print line[i] }' "$BATS_TEST_TMPDIR/dump")"
}
