# SPDX-License-Identifier: GPL-2.0-only
# Common to the tests of the terminal UI: a real terminal, tmux. Waits for text, never for time.
# shellcheck shell=bash

TMUX_SOCKET=coldprof-test-$$-$BATS_TEST_NUMBER

mux() {
	tmux -u -f /dev/null -L "$TMUX_SOCKET" "$@"
}

mux_stop() {
	mux kill-server 2>/dev/null || true
	rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$TMUX_SOCKET"
}

screen() {
	mux capture-pane -p -t 0
}

keys() {
	mux send-keys -t 0 "$@"
}

# shell [VAR=value...]: a shell of 80x24 with a clean prompt.
shell() {
	mux new-session -d -x 80 -y 24 "env $* LC_ALL=C.UTF-8 PS1='\$ ' bash --norc --noprofile"
	shows '^\$'
	keys "stty -a | sed 1d >$BATS_TEST_TMPDIR/before" Enter
	eventually test -s "$BATS_TEST_TMPDIR/before"
}

eventually() {
	local i
	for i in $(seq "${PATIENCE:-300}"); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.1
	done
	return 1
}

has() {
	screen | grep -qE -- "$1"
}

# shows REGEX: before long, a line of the screen matches.
shows() {
	eventually has "$1" || { echo "no line matches: $1"; screen; return 1; }
}

# showed REGEX: the same of all that was printed, what has gone up out of sight included.
had() {
	mux capture-pane -p -S - -t 0 | grep -qE -- "$1"
}

showed() {
	eventually had "$1" || { echo "no line matches: $1"; mux capture-pane -p -S - -t 0; return 1; }
}

# count N REGEX: before long, so many lines of the screen match. A screen may be seen half drawn.
has_count() {
	[ "$(screen | grep -cE -- "$2")" -eq "$1" ]
}

count() {
	eventually has_count "$@" || { echo "not $1 lines match: $2"; screen; return 1; }
}

# The line of the keys is the last one of a screen of so many lines.
last_line() {
	screen | sed -n "$1p" | grep -q '? help  q quit *$'
}

# Screen and cursor are the shell's: alternate screen, cursor, mouse.
given_back() {
	[ "$(mux display-message -p -t 0 '#{alternate_on} #{cursor_flag} #{mouse_any_flag}')" = "0 1 0" ]
}

# The terminal is as it was before: modes, main screen, cursor. Its size may be another.
sane() {
	rm -f "$BATS_TEST_TMPDIR/after"
	keys "stty -a | sed 1d >$BATS_TEST_TMPDIR/after" Enter
	eventually test -s "$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	eventually given_back
}
