#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Nothing is left behind, however a session ends; and nothing that is not ours is touched. The
# instants are random but the same each time: SEED=N bats … tries others.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
	[ -z "$(missing_runtime native)" ] || WHY_NOT="native is $(missing_runtime native)"
	[ -z "$WHY_NOT" ] || return 0
	FOUR=native
	for name in runc crun gvisor; do ! has_runtime $name || FOUR=$FOUR,$name; done
	export FOUR
	export SEED=${SEED:-20261123} FILES=$BATS_FILE_TMPDIR
	host_state >"$FILES/before"
	# How long a session takes here, so that the instants fall into it; the first warms the caches.
	local start end
	for _ in 1 2; do
		start=$(date +%s%N)
		"$COLDPROF" --runtime "$FOUR" -n 1 "${QUICK[@]}" -o "$FILES/four.coldprof" --force >"$FILES/four.out" 2>&1 </dev/null 3>&-
		end=$(date +%s%N)
	done
	export SESSION_MS=$(((end - start) / 1000000))
}

setup() {
	need_tracing
	OTHERS=()
	FILE=$BATS_TEST_TMPDIR/s.coldprof
}

teardown() {
	for pid in "${OTHERS[@]}"; do
		kill -9 "$pid" 2>/dev/null && wait "$pid" || true
	done
}

unchanged() {
	same "$(cat "$FILES/before")" "$(host_state)" "the host has changed"
}

# Ended early or in time: what the user finds is a whole recording. None at all is right when
# the signal came before it was begun.
sealed() {
	[ -e "$1" ] || return 0
	run "$COLDPROF" dump --count "$1"
	[ "$status" -eq 0 ] && [[ $output != *"not whole"* ]] || {
		echo "$output" | tail -n 5
		return 1
	}
}

@test "a session's normal end leaves nothing" {
	ours_ends 0 --runtime "$FOUR" -n 1 "${QUICK[@]}" -o "$FILE"
	sealed "$FILE"
	unchanged
}

# stopped SIGNAL STATUS DELAY OPTION...: a signal after that many ms.
stopped() {
	local signal=$1 status=$2 delay=$3
	shift 3
	rm -f "$FILE"
	REAPER_OPTIONS=(-s "$signal" -a "$delay")
	[ "$signal" -ne 2 ] || REAPER_OPTIONS+=(-g) # as a terminal does
	ours "$@" -o "$FILE"
	if [ "$SIGNALLED" -eq 0 ]; then # it was through before
		[ "$STATUS" -eq 0 ]
	elif [ "$STATUS" -ne "$status" ] && [ "$STATUS" -ne 0 ] || [ "$TOOK" -gt 2000 ] || [ "$SURVIVORS" -ne 0 ]; then
		echo "signal $signal after $delay ms: status $STATUS, $TOOK ms, $SURVIVORS left"
		tail -n 5 "$ERR"
		return 1
	fi
	# Status 0 is right for one that came when the results were being printed already: that takes a
	# twentieth of a second of CPU, which a busy machine may not give at once.
	[ "$SIGNALLED" -eq 0 ] || [ "$STATUS" -ne 0 ] || [ "$TOOK" -lt 800 ] || {
		echo "signal $signal after $delay ms of $SESSION_MS: status 0 after $TOOK ms"
		return 1
	}
	STOPPED=$((STOPPED + (STATUS == status)))
	no_leftovers "$PID"
	sealed "$FILE"
}

@test "SIGINT at 12 random instants: 130 within 2 s, recording sealed, nothing left" {
	RANDOM=$SEED STOPPED=0
	for _ in $(seq 40); do # some are too late
		[ "$STOPPED" -lt 12 ] || break
		stopped 2 130 $((RANDOM % SESSION_MS)) --runtime "$FOUR" -n 1 "${QUICK[@]}"
	done
	[ "$STOPPED" -eq 12 ]
	unchanged
}

@test "SIGTERM at 4 random instants: 143" {
	RANDOM=$((SEED + 1)) STOPPED=0
	for _ in $(seq 20); do
		[ "$STOPPED" -lt 4 ] || break
		stopped 15 143 $((RANDOM % SESSION_MS)) --runtime "$FOUR" -n 1 "${QUICK[@]}"
	done
	[ "$STOPPED" -eq 4 ]
	unchanged
}

@test "SIGINT while it settles, asks for the steady state, compiles a module" {
	STOPPED=0
	stopped 2 130 600 --runtime native -n 1 --warmup 0 --requests 0 --settle 60000
	stopped 2 130 600 --runtime native -n 1 --warmup 0 --requests 8000 --settle 0
	[ "$STOPPED" -eq 2 ]
	if has_runtime wasm-cached; then
		stopped 2 130 500 --runtime wasm-cached -n 1 "${QUICK[@]}"
	fi
}

@test "SIGINT while a VM boots" {
	need_runtime qemu
	STOPPED=0
	stopped 2 130 1200 --runtime qemu -n 1 "${QUICK[@]}"
	[ "$STOPPED" -eq 1 ]
	unchanged
}

@test "the recording of an interrupted session says what it has" {
	rm -f "$FILE"
	REAPER_OPTIONS=(-s 2 -a 700)
	ours --runtime native -n 10000 "${QUICK[@]}" -o "$FILE"
	[ "$STATUS" -eq 130 ]
	JSON=$BATS_TEST_TMPDIR/json
	report "$FILE" >"$JSON"
	holds '.incomplete == null and (.scenarios[0].runs | length > 0)'
	holds '[.scenarios[0].runs[].status] | .[:-1] | all(. == "ok")'
}

# killed DELAY OPTION...: SIGKILL after that many ms. What was mounted, linked and running went
# with it at once; directories and cgroups are for the next start to sweep.
killed() {
	local delay=$1 command=()
	shift
	if [ "$1" = run ]; then # after its -- an option would be the workload's
		command=(run)
		shift
	fi
	rm -f "$FILE"
	REAPER_OPTIONS=(-s 9 -a "$delay" -w 2000)
	ours "${command[@]}" -o "$FILE" "$@"
	# Status 0: it was through before, or just when the signal came.
	[ "$SURVIVORS" -eq 0 ] && { [ "$STATUS" -eq 137 ] || [ "$STATUS" -eq 0 ]; } || {
		echo "SIGKILL after $delay ms: status $STATUS, $SURVIVORS left"
		tail -n 5 "$ERR"
		return 1
	}
	[ -z "$(processes_of "$PID")" ]
	KILLED=$((KILLED + (STATUS == 137)))
	PIDS+=("$PID")
	if [ -e "$FILE" ]; then # as far as it came it can be read, or it is refused in words
		run "$COLDPROF" report "$FILE"
		[ "$status" -eq 0 ] || [ "$status" -eq 2 ]
	fi
}

# All that the killed sessions left is gone after another one's start.
swept() {
	REAPER_OPTIONS=()
	ours_ends 0 --runtime native -n 1 "${QUICK[@]}" -o "$FILE" --force
	for pid in "${PIDS[@]}"; do
		no_leftovers "$pid"
	done
	unchanged
}

@test "SIGKILL at 30 random instants: nothing runs on, the next start sweeps" {
	RANDOM=$((SEED + 2)) KILLED=0 PIDS=()
	for _ in $(seq 90); do # some are too late
		[ "$KILLED" -lt 30 ] || break
		killed $((RANDOM % SESSION_MS)) --runtime "$FOUR" -n 1 "${QUICK[@]}"
	done
	[ "$KILLED" -eq 30 ]
	swept
}

@test "SIGKILL while a VM boots, and of a command in the host's own namespaces" {
	KILLED=0 PIDS=()
	if has_runtime qemu; then killed 1500 --runtime qemu -n 1 "${QUICK[@]}"; fi
	killed 400 run -n 1 "${QUICK[@]}" --port 18080 -- "$WORKLOAD" daemon=3 fork=1 sleep=60000
	killed 400 run --boxed -n 1 "${QUICK[@]}" -- "$WORKLOAD" daemon=3 fork=1 sleep=60000
	[ "$KILLED" -ge 2 ]
	swept
}

@test "several side by side, stopped or killed on their way: nothing left" {
	local ms
	rm -f "$FILE"
	ours_ends 0 --runtime "$FOUR" -n 1 "${QUICK[@]}" --density 3 -o "$FILE"
	ms=$TOOK
	RANDOM=$((SEED + 3)) STOPPED=0 KILLED=0 PIDS=()
	for _ in $(seq 12); do # the second half of it: the runs come first
		[ "$STOPPED" -lt 3 ] || break
		stopped 2 130 $((ms / 3 + RANDOM % (ms * 2 / 3))) --runtime "$FOUR" -n 1 "${QUICK[@]}" --density 3
	done
	for _ in $(seq 12); do
		[ "$KILLED" -lt 3 ] || break
		killed $((ms / 3 + RANDOM % (ms * 2 / 3))) --runtime "$FOUR" -n 1 "${QUICK[@]}" --density 3
	done
	[ "$STOPPED" -ge 1 ] && [ "$KILLED" -ge 1 ]
	swept
}

@test "a session that lives is not swept by another one's start" {
	"$REAPER" -o "$BATS_TEST_TMPDIR/long" "$COLDPROF" --runtime runc -n 1 --warmup 0 --requests 5 --settle 2500 \
		-o "$BATS_TEST_TMPDIR/long.coldprof" >"$BATS_TEST_TMPDIR/long.out" 2>&1 </dev/null 3>&- &
	OTHERS+=($!)
	sleep 1
	ours_ends 0 --runtime runc -n 2 "${QUICK[@]}" -o "$FILE"
	wait "${OTHERS[0]}" || { tail -n 5 "$BATS_TEST_TMPDIR/long.out"; false; }
	OTHERS=()
	report "$BATS_TEST_TMPDIR/long.coldprof" >"$BATS_TEST_TMPDIR/json"
	JSON=$BATS_TEST_TMPDIR/json
	holds '.scenarios[0].runs[0] | .status == "ok" and .latency_ns.n == 5'
}

@test "a container and processes of the user's survive a session, its Ctrl-C, its kill and the sweep" {
	need_runtime runc
	local bundle=$BATS_TEST_TMPDIR/bundle name=users-own-$$
	mkdir -p "$bundle/rootfs"
	cp "$WORKLOAD" "$bundle/rootfs/w"
	(cd "$bundle" && runc spec)
	jq '.process.terminal = false | .process.args = ["/w", "sleep=120000"]' "$bundle/config.json" >"$bundle/c" && mv "$bundle/c" "$bundle/config.json"
	runc run -b "$bundle" "$name" </dev/null >"$bundle/out" 2>&1 3>&- &
	OTHERS+=($!)
	# Names like ours: what is swept is told by more than a name.
	(exec -a coldprof-1-decoy sleep 120) 3>&- &
	OTHERS+=($!)
	mkdir -p /run/coldprof-of-the-user
	for _ in $(seq 100); do
		[ "$(runc list 2>/dev/null | awk -v n="$name" '$1 == n { print $3 }')" = running ] && break
		sleep 0.05
	done
	ours_ends 0 --runtime runc,crun -n 1 "${QUICK[@]}" -o "$FILE"
	STOPPED=0
	stopped 2 130 300 --runtime "$FOUR" -n 1 "${QUICK[@]}"
	PIDS=() KILLED=0
	killed 300 --runtime "$FOUR" -n 1 "${QUICK[@]}"
	REAPER_OPTIONS=()
	ours_ends 0 --runtime native -n 1 "${QUICK[@]}" -o "$FILE" --force
	local state
	state=$(runc list | awk -v n="$name" '$1 == n { print $3 }')
	kill -0 "${OTHERS[1]}"
	runc kill "$name" KILL
	wait "${OTHERS[0]}" || true
	runc delete -f "$name" 2>/dev/null || true
	kill "${OTHERS[1]}"
	wait "${OTHERS[1]}" || true
	OTHERS=()
	rmdir /run/coldprof-of-the-user
	[ "$state" = running ]
}
