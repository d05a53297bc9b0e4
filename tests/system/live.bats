#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A real session under the live terminal UI, in tmux. Without root the same UI is tested by
# tests/cli/live.bats.

load lib
load ../cli/tmux

setup() {
	need_tracing
	need_program tmux
	OUT=$BATS_TEST_TMPDIR/out.coldprof
	PATIENCE=1200 # tenths of a second: the machine may be busy
}

teardown() {
	mux_stop
}

session() {
	keys "$COLDPROF $* --warmup 0 --requests 3 --settle 50 -o $OUT; echo status \$?" Enter
	shows '^coldprof  ● live '
}

runs_ok() {
	"$COLDPROF" report --format json "$OUT" |
		jq -e "[.scenarios[] | select(.status == \"ok\") | .runs | length] | add == $1"
}

rows() {
	[ "$(screen | grep -cE '^[> ] (native|runc|gvisor|qemu \(TCG\)|qemu|kata-[a-z]+|wasm)')" -ge "$1" ]
}

@test "a live --all: every row, its state, bars; it stays; q prints the report" {
	shell TERM=screen-256color
	session --all -n 1
	shows '^. native +.*(waiting|run 1/1|ready)'
	shows 'the session is over: look around'
	shows '^> native .* [0-9.]+ ms'
	shows '^[> ] [a-z].*[█▓▒░▚▌▞▄▛▀]+.*◆'
	eventually rows 5
	keys q
	shows '^status [01]'
	showed '^Cold start: from the runtime'
	sane
}

@test "q in the middle: the session ends, nothing of it is left, the recording is whole" {
	shell TERM=screen-256color
	session --runtime native -n 1000
	shows '^> native +run [2-9]'
	keys q
	shows '^status 130'
	"$COLDPROF" dump --count "$OUT" >"$BATS_TEST_TMPDIR/dump"
	! grep '^# not whole' "$BATS_TEST_TMPDIR/dump"
	eventually test -z "$(pgrep -f "$OUT")"
	sane
}

@test "Ctrl-\\ in the middle ends the session as Ctrl-C does" {
	shell TERM=screen-256color
	session --runtime native -n 1000
	shows '^> native +run [2-9]'
	keys C-\\
	shows '^status 131'
	"$COLDPROF" dump --count "$OUT" >"$BATS_TEST_TMPDIR/dump"
	! grep '^# not whole' "$BATS_TEST_TMPDIR/dump"
	eventually test -z "$(pgrep -f "$OUT")"
	sane
}

@test "suspended in the middle and resumed" {
	shell TERM=screen-256color
	session --runtime native -n 1000
	shows '^> native +run [2-9]'
	keys C-z
	shows 'Stopped'
	sane
	keys clear Enter fg Enter
	shows '^> native +run '
	keys C-c
	showed '^recording: '
	sane
}

@test "--plain: progress in lines, no UI" {
	shell TERM=screen-256color
	keys "$COLDPROF --runtime native --plain -n 1 --warmup 0 --requests 0 --settle 0 -o $OUT; echo status \$?" Enter
	shows '^status 0'
	showed '^native +run 1/1 +[0-9.]+ ms' # above the report, which fills the screen
	runs_ok 1
}
