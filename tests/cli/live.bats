#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The live terminal UI in a real terminal, on a session that is played back (tests/unit/replay.h):
# without root, and it goes on until it is told to end. A real session is in tests/system/live.bats.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	TUI=${BUILD:-$ROOT/build}/obj/${FLAVOUR:-plain}/unit/test_tui
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	FROM=$BATS_TEST_TMPDIR/from.coldprof OUT=$BATS_TEST_TMPDIR/out.coldprof
	load tmux
	command -v tmux >/dev/null || skip "no tmux"
	"$TUI" --write "$ROOT/tests/golden/tui/live.ev" "$FROM"
}

# The recording gets an end.
finish() {
	{
		cat "$ROOT/tests/golden/tui/live.ev"
		echo '+2100.1ms - CLIENT first_byte=+2100.1ms attempts=1 http_status=200'
		echo '+2101ms - RUN_END status=ok'
	} >"$BATS_TEST_TMPDIR/whole.ev"
	"$TUI" --write "$BATS_TEST_TMPDIR/whole.ev" "$FROM"
}

teardown() {
	mux_stop
}

# Without -hold the session comes to its end by itself.
session() {
	keys "$TUI --replay${1:-} $FROM $OUT; echo status \$?" Enter
	shows '^coldprof  ● live '
	shows '^> slow +run 2/2 +[0-9.]+ ms'
}

sealed() {
	"$COLDPROF" dump --count "$OUT" >"$BATS_TEST_TMPDIR/dump"
	! grep '^# not whole' "$BATS_TEST_TMPDIR/dump"
}

leader() {
	pgrep -f "^$TUI --replay-hold $FROM $OUT\$" | head -n 1
}

ui() {
	pgrep -P "$(leader)"
}

ascii() {
	! screen | LC_ALL=C grep -q '[^ -~]'
}

@test "live: rows, states and bars; at its end it stays, q gives the rest" {
	shell TERM=screen-256color
	finish
	session
	shows '^  native +(run 2/2|ready) +'
	shows '^  kata-fc +not here: not installed'
	shows 'the session is over: look around'
	shows '^> native +12\.5 ms .* 12\.0…13\.0 ms +██'
	shows '^  slow .*[0-9]…2100 ms'
	count 0 live
	sealed
	keys 2
	shows '^1 runs \[2 timeline\]'
	keys q
	shows '^status 0'
	shows '^sealed: '
	sane
}

@test "live: q before the end ends the session" {
	shell TERM=screen-256color
	session -hold
	keys q
	shows '^status 130'
	sealed
	sane
}

@test "live: Ctrl-C, Ctrl-\\, SIGTERM and SIGHUP end the session and give the terminal back" {
	shell TERM=screen-256color
	session -hold
	keys C-c
	shows '^status 130'
	sealed
	sane
	keys clear Enter
	session -hold
	keys C-\\
	shows '^status 131'
	sealed
	sane
	keys clear Enter
	session -hold
	kill -TERM "$(leader)"
	shows '^status 143'
	sealed
	sane
	keys clear Enter
	session -hold
	kill -HUP "$(leader)"
	shows '^status 129'
	sealed
	sane
}

@test "live: the UI dies of a fault or is killed, the session goes on and says so" {
	shell TERM=screen-256color
	session -hold
	kill -SEGV "$(ui)"
	shows 'the terminal UI was ended by signal 11'
	[ -n "$(leader)" ]
	keys C-c
	shows '^status 130'
	sane
	for signal in USR1 SYS; do
		keys clear Enter
		session -hold
		kill -$signal "$(ui)"
		shows "the terminal UI was ended by signal $(kill -l $signal)"
		keys C-c
		shows '^status 130'
		sane
	done
	keys clear Enter
	session -hold
	kill -KILL "$(ui)"
	shows 'the terminal UI was ended by signal 9'
	keys C-c
	shows '^status 130'
	sealed
	sane
}

@test "live: the session's process is killed, the UI gives the terminal back and ends" {
	shell TERM=screen-256color
	session -hold
	ui=$(ui)
	kill -KILL "$(leader)"
	eventually test ! -e "/proc/$ui"
	eventually given_back
	keys Enter
	sane
}

@test "live: suspended and resumed, by Ctrl-Z and by SIGSTOP" {
	shell TERM=screen-256color
	session -hold
	keys C-z
	shows 'Stopped'
	sane
	mux resize-window -t 0 -x 100 -y 30
	keys clear Enter fg Enter
	shows '^> slow +run 2/2'
	eventually last_line 30
	kill -STOP "$(leader)"
	eventually given_back
	keys Enter jobs Enter
	shows 'Stopped'
	sane
	mux resize-window -t 0 -x 80 -y 24
	keys clear Enter fg Enter
	shows '^> slow +run 2/2'
	eventually last_line 24
	keys 5
	shows '\[5 tree\]'
	keys q
	shows '^sealed: '
	sane
}

@test "live: resize, a vt100 and no terminal at all" {
	shell TERM=vt100
	keys "$TUI --replay-hold $FROM $OUT; echo status \$?" Enter
	shows '^> slow +run 2/2'
	shows '^  [#=%+-]+'
	eventually ascii
	mux resize-window -t 0 -x 40 -y 10
	shows '40 x 10 is too small'
	mux resize-window -t 0 -x 120 -y 30
	shows '1st accept'
	keys q
	shows '^status 130'
	sane
	run "$TUI" --replay "$FROM" "$OUT" </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"no terminal"*"sealed: "* ]]
}
