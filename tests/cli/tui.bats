#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The terminal UI in a real terminal: tmux. What is on its screens is tested without one
# (tests/unit/test_tui.c); here it is that they come out, and that the terminal is sane afterwards.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	FILE=$BATS_TEST_TMPDIR/story.coldprof
	load tmux
	command -v tmux >/dev/null || skip "no tmux"
	TUI=${BUILD:-$ROOT/build}/obj/${FLAVOUR:-plain}/unit/test_tui
	"$TUI" --write "$ROOT/tests/golden/tui/story.ev" "$FILE"
}

teardown() {
	mux_stop
}

view() {
	keys "$COLDPROF view $FILE; echo status \$?" Enter
	shows '^\[1 runs\] 2 timeline'
}

# Not its guard (tui/guard.h), which is younger.
pid() {
	pgrep -o -f "^$COLDPROF view $FILE\$"
}

@test "view: keys go through the views, q gives the terminal back" {
	shell TERM=screen-256color
	view
	shows '^> native .*36.1 ms'
	shows '^  █+'
	keys Enter
	shows '^1 runs \[2 timeline\]'
	shows '100 svc .*░'
	keys '['
	shows '103 helper3 .*█'
	keys 3
	shows 'kernel .* read pipe'
	keys Tab
	shows '\[4 ledger\]'
	keys '?'
	shows 'Keys of ledger'
	keys Escape
	shows '\[4 ledger\]'
	keys q
	shows '^status 0'
	sane
}

@test "resize at any time" {
	shell TERM=screen-256color
	view
	mux resize-window -t 0 -x 40 -y 10
	shows '40 x 10 is too small'
	mux resize-window -t 0 -x 120 -y 30
	shows '1st accept'
	keys q
	shows '^status 0'
}

ascii() {
	! screen | LC_ALL=C grep -q '[^ -~]'
}

# click COLUMN LINE, from 1, as a terminal says it (SGR).
click() {
	keys -l "$(printf '\033[<0;%d;%dM\033[<0;%d;%dm' "$1" "$2" "$1" "$2")"
}

@test "a mouse: a row, a tab, a place in the timeline, the wheel" {
	infocmp xterm-256color 2>/dev/null | grep -qF 'kmous=\E[<' || skip "terminfo without SGR's mouse"
	shell TERM=xterm-256color
	view
	keys 2 '['
	shows '^  101 helper1'
	click 50 10
	shows '^> 101 helper1'
	shows '^at [1-9][0-9.]* ms'
	click 35 2
	shows '\[4 ledger\]'
	shows '^> .*%.* user +helper3'
	click 20 6
	shows '^> .*% .* user +svc'
	keys -l "$(printf '\033[<65;20;10M')"
	shows '^> .*% .* user +helper1'
	keys q
	shows '^status 0'
	sane
}

@test "a vt100: ASCII, and bars all the same; no colours with NO_COLOR" {
	shell TERM=vt100
	view
	shows '^  #=='
	eventually ascii
	keys 2
	shows '## user .*-- blocked'
	keys q
	shows '^status 0'
	sane
	keys "clear; NO_COLOR=1 TERM=screen-256color $COLDPROF view $FILE; echo left \$?" Enter
	shows '^> native .*36.1 ms'
	shows '^  █+'
	[ -z "$(mux capture-pane -e -p -t 0 | grep -E $'\e''\[([0-9]+;)*(3[0-8]|4[0-8]|9[0-7])[;m]')" ]
	keys q
	shows '^left 0'
}

@test "Ctrl-C, Ctrl-\\, SIGTERM and SIGHUP: the terminal is given back, the status tells" {
	shell TERM=screen-256color
	view
	keys C-c
	shows '^status 130'
	sane
	keys clear Enter
	view
	keys C-\\
	shows '^status 131'
	keys clear Enter
	view
	kill -TERM "$(pid)"
	shows '^status 143'
	keys clear Enter
	view
	kill -HUP "$(pid)"
	shows '^status 129'
	sane
}

# The farewell comes before the shell's words, which would be lost with the other screen.
@test "whatever signal kills it, the terminal is given back" {
	shell TERM=screen-256color
	for signal in SEGV ABRT SYS TRAP USR1 USR2 ALRM XCPU; do
		keys clear Enter
		view
		kill -$signal "$(pid)"
		shows "^status $((128 + $(kill -l $signal)))"
		given_back
	done
	sane
}

@test "the stack runs over: the terminal is given back all the same" {
	shell TERM=screen-256color
	keys "ulimit -s 1024; $TUI --overflow; echo status \$?" Enter
	shows '^status 139'
	sane
}

@test "SIGKILL: its guard gives the terminal back and goes" {
	shell TERM=screen-256color
	view
	kill -KILL "$(pid)"
	eventually given_back
	keys Enter
	sane
	eventually test -z "$(pgrep -f "^$COLDPROF view $FILE\$")"
}

@test "suspended and resumed, by Ctrl-Z and by SIGSTOP; at another size, too" {
	shell TERM=screen-256color
	view
	keys C-z
	shows 'Stopped'
	sane
	mux resize-window -t 0 -x 100 -y 30
	keys clear Enter fg Enter
	shows '^\[1 runs\] 2 timeline'
	eventually last_line 30
	keys 5
	shows '\[5 tree\]'
	kill -STOP "$(pid)"
	eventually given_back
	keys Enter jobs Enter
	shows 'Stopped'
	sane
	mux resize-window -t 0 -x 80 -y 24
	keys clear Enter fg Enter
	shows '\[5 tree\]'
	kill -STOP "$(pid)" # at once
	eventually given_back
	keys Enter clear Enter fg Enter
	shows '\[5 tree\]'
	eventually last_line 24
	keys 6
	shows '\[6 memory\]'
	keys q
	shows '^\$ *$'
	sane
	[ -z "$(pgrep -f "^$COLDPROF view $FILE\$")" ]
}

@test "no terminal, an unknown one, no such file: a sentence and status 2" {
	run "$COLDPROF" view "$FILE" </dev/null
	[ "$status" -eq 2 ]
	[[ $output == "coldprof: the terminal UI needs a terminal"* ]]
	run "$COLDPROF" view
	[ "$status" -eq 2 ]
	run "$COLDPROF" view "$BATS_TEST_TMPDIR/nowhere"
	[ "$status" -eq 2 ]
	shell TERM=screen
	keys "TERM=no-such $COLDPROF view $FILE; echo status \$?" Enter
	shows "nothing is known about the terminal 'no-such'"
	shows '^status 2'
	keys "clear; TERM=dumb $COLDPROF view $FILE; echo status \$?" Enter
	shows "the terminal 'dumb' only prints lines; set TERM"
	shows '^status 2'
	sane
}
