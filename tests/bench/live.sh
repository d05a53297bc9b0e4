#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What the live UI costs who is measured: tests/bench/live.sh [PAIRS [RUNTIMES]]
#
# Sessions in a tmux of 80x24, alternately with the UI and with --plain, the order turned round each
# time; a pair is the same run (scenario, number) of two neighbours. Then the UI's own CPU in a session
# whose runs take seconds, so that it does draw 20 frames a second. Takes less than three minutes.
set -eu
cd "$(dirname "$0")/../.."
pairs=${1:-12}
runtimes=${2:-native,runc,crun}
long=${3:-qemu}
out=$(mktemp -d)
socket=coldprof-bench-$$
trap 'tmux -L $socket kill-server 2>/dev/null || true; rm -rf "$out" "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$socket"' EXIT

mux() {
	tmux -u -f /dev/null -L "$socket" "$@"
}

# The process that draws: the pane's shell has one child, coldprof, which has the UI.
ui_of_pane() {
	local shell session
	shell=$(mux display-message -p -t 0 '#{pane_pid}')
	session=$(pgrep -P "$shell" -x coldprof) || return 1
	pgrep -P "$session" -x coldprof-ui
}

# Clock ticks of a process so far, and how many hundredths of a second it is old.
ticks_and_age() {
	awk -v up="$(cut -d' ' -f1 /proc/uptime)" -v hz="$(getconf CLK_TCK)" \
		'{ sub(/^.*\) /, ""); printf "%.3f %.3f\n", ($12 + $13) / hz, up - $20 / hz }' "/proc/$1/stat"
}

# session NAME OPTION...: in a terminal; q at its end. Its UI's CPU goes to NAME.cpu.
session() {
	local name=$1 ui
	shift
	mux new-session -d -x 80 -y 24 \
		"env TERM=screen-256color LC_ALL=C.UTF-8 $PWD/coldprof $* --requests 0 --force -o $out/$name.coldprof 2>$out/$name.err; echo \$? >$out/$name.status"
	while [ ! -e "$out/$name.status" ]; do
		sleep 0.4
		if mux capture-pane -p -t 0 2>/dev/null | grep -q 'session is over'; then
			ui=$(ui_of_pane) && ticks_and_age "$ui" >"$out/$name.cpu"
			mux send-keys -t 0 q
		fi
	done
	if [ "$(cat "$out/$name.status")" != 0 ]; then
		echo "coldprof $* ended with status $(cat "$out/$name.status"):" >&2
		tail -n 3 "$out/$name.err" >&2
		return 1
	fi
}

starts() {
	./coldprof report --format json "$out/$1.coldprof" |
		jq -r '.scenarios[] | .name as $n | .runs[] | select(.status == "ok" and (.warmup | not)) | "\($n)/\(.index) \(.cold_start_ns)"' |
		sort
}

# Median and quartiles of the second column, by the first.
summary() {
	sort -k1,1 -k2,2n | awk '
		function line(name, v, n) {
			m = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
			printf "  %-12s median ratio %.3f, quartiles %.3f to %.3f, n %d%s\n", name, m,
				v[int((n + 3) / 4)], v[int((3 * n + 1) / 4)], n,
				name == "all" ? ", bar 1.02: " (m <= 1.02 ? "pass" : "MISS") : ""
		}
		$1 != name && n { line(name, v, n); n = 0 }
		{ name = $1; v[++n] = $2 }
		END { if (n) line(name, v, n) }'
}

began=$(date +%s)
for i in $(seq "$pairs"); do
	options="--runtime $runtimes -n 3 --settle 50"
	if [ $((i % 2)) = 0 ]; then
		session live "$options" && session plain "$options --plain"
	else
		session plain "$options --plain" && session live "$options"
	fi
	join <(starts live) <(starts plain) >>"$out/pairs"
	rm -f "$out"/*.status
done
echo "cold start with the UI on, of that with --plain: $pairs pairs of sessions"
awk '{ split($1, n, "/"); print n[1], $2 / $3; }' "$out/pairs" | summary
awk '{ print "all", $2 / $3 }' "$out/pairs" | summary
if session long "--runtime $long -n 3 --warmup 0 --settle 50" && [ -s "$out/long.cpu" ]; then
	awk -v what="$long" '{ share = 100 * $1 / $2
		printf "CPU of the UI in a session of %s: %.3f s in %.1f s, %.2f %% of a core, bar 3 %%: %s\n", what, $1, $2, share, share <= 3 ? "pass" : "MISS" }' "$out/long.cpu"
fi
echo "(took $(($(date +%s) - began)) s)"
