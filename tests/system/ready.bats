#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `run --ready`: the cold start of a command that answers nobody. Each way to be ready, against what
# was planted before it; and what is no way.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
}

setup() {
	need_tracing
	FILE=$BATS_TEST_TMPDIR/r.coldprof
	JSON=$BATS_TEST_TMPDIR/json
}

# ready WHAT COMMAND...: one boxed run of it.
ready() {
	local what=$1
	shift
	"$COLDPROF" run --boxed -n 1 "${QUICK[@]}" --ready "$what" -o "$FILE" --force -- "$@" \
		>"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- || {
		tail -n 20 "$BATS_TEST_TMPDIR/out"
		return 1
	}
	report "$FILE" >"$JSON"
	# Whatever it was: the parts sum to the whole, and the whole ends there.
	holds '.scenarios[0].runs[0] | .status == "ok" and .cold_start_ns == .milestones.ready and
		([.phases[] | .end_ns - .start_ns] | add) == .cold_start_ns and
		([.ledger[].ns] | add) == .cold_start_ns'
	same "$what" "$(q '.scenarios[0].runs[0].ready')" "by what it is ready"
}

@test "exit: a helper that sleeps 40 ms, and the end" {
	ready exit sh -c 'sleep 0.04; exit 0'
	holds '.scenarios[0].runs[0] | .cold_start_ns > 40000000 and .milestones.first_byte == null'
	# The command's own end, by the record.
	local end
	end=$("$COLDPROF" dump "$FILE" | awk '$3 == "EXEC" && / root=1/ { root = $2 } $3 == "EXIT" && $2 == root { print $1 }')
	[ -n "$end" ]
	same "$end" "$("$COLDPROF" dump "$FILE" | sed -n 's/.* READY time=\([^ ]*\) how=exit.*/\1/p')" "the command's end"
}

@test "a line: when it was written, not the lines before it nor half of it" {
	ready '/^up [0-9]+$/' sh -c 'echo up; printf "up "; sleep 0.04; echo 7; sleep 60'
	holds '.scenarios[0].runs[0] | .cold_start_ns > 40000000 and .cold_start_ns < 30000000000'
}

@test "a line that is the command's last word" {
	for _ in $(seq 5); do ready '/^done$/' sh -c 'echo done'; done
}

@test "accept: whatever is spoken on the port" {
	ready accept "$WORKLOAD" listen=8080 status=500 serve=0
	holds '.scenarios[0].runs[0] | .cold_start_ns == .milestones.first_accept and .milestones.first_byte == null'
}

@test "a command of many names is called by the one that was typed" {
	ln -s /bin/true "$BATS_TEST_TMPDIR/true"
	ready exit "$BATS_TEST_TMPDIR/true"
	[ "$(q '.scenarios[0].runs[0].tree[0].argv[0]')" = "$BATS_TEST_TMPDIR/true" ]
	cd "$BATS_TEST_TMPDIR"
	ready exit ./true
	[ "$(q '.scenarios[0].runs[0].tree[0].argv[0]')" = "$BATS_TEST_TMPDIR/./true" ]
}

@test "exec: the first program in a PID namespace of its own" {
	ready exec unshare --fork --pid sh -c 'sleep 60'
	same "$("$COLDPROF" dump "$FILE" | awk '$3 == "EXEC" && / exe_name=(da|ba)?sh / { print $1; exit }')" \
		"$("$COLDPROF" dump "$FILE" | sed -n 's/.* READY time=\([^ ]*\) how=exec.*/\1/p')" "the exec of sh"
}

# fails WHAT REASON COMMAND...
fails() {
	local what=$1 reason=$2
	shift 2
	run "$COLDPROF" run --boxed -n 1 "${QUICK[@]}" --timeout 1 --ready "$what" -o "$FILE" --force -- "$@"
	[ "$status" -eq 1 ] && [[ $output == *"$reason"* ]] || {
		echo "status $status: $output"
		return 1
	}
}

@test "not ready: each in its words, status 1" {
	fails exit "exited with status 3 before it was ready" sh -c 'exit 3'
	fails exit "not ready within 1 s: it has not ended" sleep 60
	fails exec "not ready within 1 s: no program was executed in namespaces of its own" sleep 60
	fails /up/ "not ready within 1 s: no line of its output matches" sh -c 'echo down; sleep 60'
	fails /up/ "exited with status 0 before it was ready" true
	fails accept "nothing listened on port 8080" sleep 60
}

@test "not a way to be ready: said before anything is started" {
	local word
	for word in exitt '/[/' / // /x 'accept '; do
		run "$COLDPROF" run --ready "$word" -o "$FILE" -- true
		[ "$status" -eq 2 ] && [[ $output == *--ready* ]] || { echo "$word: $status $output"; false; }
	done
	run "$COLDPROF" --runtime native --ready exit -o "$FILE"
	[ "$status" -eq 2 ]
	run "$COLDPROF" run --no-trace --ready exit -o "$FILE" -- true
	[ "$status" -eq 2 ]
	[ ! -e "$FILE" ]
}
