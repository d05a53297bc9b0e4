#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `coldprof watch`: starts that somebody else makes, by runc here.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
}

setup() {
	need_tracing
	need_program runc
	need_program curl
	FILE=$BATS_TEST_TMPDIR/w.coldprof
	JSON=$BATS_TEST_TMPDIR/w.json
	ERR=$BATS_TEST_TMPDIR/w.err
	PORT=$((20000 + RANDOM % 10000))
	WATCH=
	bundle "$BATS_TEST_TMPDIR/b" "/w listen=$PORT serve=0"
}

teardown() {
	local id
	! declare -F mux_stop >/dev/null || mux_stop
	[ -z "$WATCH" ] || { kill "$WATCH" 2>/dev/null || true; wait "$WATCH" 2>/dev/null || true; }
	for id in $(ls "$BATS_TEST_TMPDIR/state" 2>/dev/null); do runc --root "$BATS_TEST_TMPDIR/state" delete -f "$id" || true; done
}

# bundle DIR "COMMAND ARG...": with the workload as /w, in the host's network.
bundle() {
	mkdir -p "$1/rootfs/proc" "$1/rootfs/dev" "$1/rootfs/sys"
	cp "$WORKLOAD" "$1/rootfs/w"
	(cd "$1" && runc spec)
	jq --arg c "$2" '.process.terminal = false | .process.args = ($c | split(" ")) | .process.rlimits = [] |
		.linux.namespaces |= map(select(.type != "network"))' "$1/config.json" >"$1/new"
	mv "$1/new" "$1/config.json"
}

# start_watch OPTION...: returns when it is armed. What it says goes to $ERR.
start_watch() {
	"$COLDPROF" watch -o "$FILE" --json "$JSON" "$@" >"$BATS_TEST_TMPDIR/w.out" 2>"$ERR" </dev/null 3>&- &
	WATCH=$!
	local i
	for i in $(seq 200); do
		grep -q armed "$ERR" && return 0
		sleep 0.05
	done
	cat "$ERR"
	return 1
}

end_watch() {
	local status=0
	wait "$WATCH" || status=$?
	WATCH=
	[ "$status" -eq "$1" ] || { echo "watch: status $status"; cat "$ERR"; return 1; }
}

# one ID: a container, asked once and ended.
one() {
	local pid i
	runc --root "$BATS_TEST_TMPDIR/state" run -b "$BATS_TEST_TMPDIR/b" "$1" >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	for i in $(seq 400); do
		! curl -s -m 2 "http://127.0.0.1:$PORT/" >/dev/null || break
		sleep 0.02
	done
	runc --root "$BATS_TEST_TMPDIR/state" kill "$1" KILL
	wait "$pid" || true
}

@test "20 of 20 starts by another process are seen, each from its first exec" {
	local i
	start_watch --until 20
	for i in $(seq 20); do one "cpw-$$-$i"; done
	end_watch 0
	[ "$(q '[.scenarios[].runs[]] | length')" -eq 20 ]
	same "$(seq 20 | sed "s/^/cpw-$$-/")" "$(q '.scenarios[].runs[].tree[0].adopted.id')" "ids"
	# The first exec is runc's own, and nothing is before it.
	holds '[.scenarios[].runs[]] | all(.tree[0].argv[0] == "runc" and (.tree[0].argv | index("run")) and .tree[0].ppid == null and .milestones.launch == 0)'
	holds '[.scenarios[].runs[]] | all(.status == "ok" and .lost_events == 0)'
	holds '[.scenarios[].runs[].milestones] | all(.service_exec > 0 and .listen > .service_exec and .first_accept > .listen)'
	[ "$(grep -c ' starts$' "$ERR")" -eq 20 ]
	[ "$(grep -c "first accept on port $PORT after" "$ERR")" -eq 20 ]
	"$COLDPROF" report "$FILE" --format json | cmp - "$JSON"
}

@test "only the last ones are kept, and all are counted" {
	local i
	start_watch --until 5 --max-recordings 2
	for i in 1 2 3 4 5; do one "cpw-$$-$i"; done
	end_watch 0
	same "cpw-$$-4 cpw-$$-5" "$(q '[.scenarios[].runs[].tree[0].adopted.id] | join(" ")')"
	grep -q '^5 starts seen, the last 2 recorded' "$ERR"
}

@test "a start without an accept settles; one that ends says so; other commands of a runtime are no starts" {
	start_watch --until 2 --settle 1500
	runc --version >/dev/null
	runc --root "$BATS_TEST_TMPDIR/state" list >/dev/null
	bundle "$BATS_TEST_TMPDIR/c" "/w sleep=60000"
	runc --root "$BATS_TEST_TMPDIR/state" run -b "$BATS_TEST_TMPDIR/c" "cpw-$$-a" >/dev/null 2>&1 </dev/null 3>&- &
	bundle "$BATS_TEST_TMPDIR/d" "/w exit=3"
	runc --root "$BATS_TEST_TMPDIR/state" run -b "$BATS_TEST_TMPDIR/d" "cpw-$$-b" >/dev/null 2>&1 </dev/null 3>&- || true
	end_watch 0
	holds '[.scenarios[].runs[]] | length == 2'
	holds "[.scenarios[].runs[]] | map({(.tree[0].adopted.id): .status}) | add == {\"cpw-$$-a\": \"ok\", \"cpw-$$-b\": \"failed\"}"
	holds '[.scenarios[].runs[]] | all(.milestones.first_accept == null)'
	grep -q "cpw-$$-a *settled" "$ERR"
	grep -q "cpw-$$-b *ended after" "$ERR"
}

@test "two that start at the same moment are two entries, each with its own processes" {
	local i
	start_watch --until 4 --settle 3000
	bundle "$BATS_TEST_TMPDIR/c" "/w fork=3 sleep=60000"
	bundle "$BATS_TEST_TMPDIR/d" "/w fork=7 sleep=60000"
	for i in 1 2; do
		runc --root "$BATS_TEST_TMPDIR/state" run -b "$BATS_TEST_TMPDIR/c" "cpw-$$-c$i" >/dev/null 2>&1 </dev/null 3>&- &
		runc --root "$BATS_TEST_TMPDIR/state" run -b "$BATS_TEST_TMPDIR/d" "cpw-$$-d$i" >/dev/null 2>&1 </dev/null 3>&- &
	done
	end_watch 0
	holds '[.scenarios[].runs[]] | length == 4'
	holds '[.scenarios[].runs[]] | all((.tree | length) - (if .tree[0].adopted.id | test("-c[12]$") then 3 else 7 end) == 4)'
}

@test "stopped by a signal: what there is, is written; bad options say so" {
	start_watch
	one "cpw-$$-1"
	sleep 0.2
	kill -INT "$WATCH"
	end_watch 130
	holds '[.scenarios[].runs[]] | length == 1'
	for words in "--until 0" "--settle x" "--max-recordings 0" "--program =x" "--program a=longerthan7" "stray"; do
		# shellcheck disable=SC2086 # words
		run "$COLDPROF" watch $words
		[ "$status" -eq 2 ]
		[[ ${lines[0]} == coldprof:* ]]
	done
}

@test "killed in the middle: what was over is in the recording, nothing else is needed to read it" {
	start_watch
	one "cpw-$$-1"
	one "cpw-$$-2"
	local i
	for i in $(seq 200); do [ "$(grep -c 'first accept' "$ERR")" -lt 2 ] || break; sleep 0.05; done
	# Written when it is over: no more news is needed.
	kill -KILL "$WATCH"
	wait "$WATCH" || true
	WATCH=
	"$COLDPROF" report "$FILE" --format json >"$JSON"
	same "cpw-$$-1 cpw-$$-2" "$(q '[.scenarios[].runs[].tree[0].adopted.id] | join(" ")')"
	holds '[.scenarios[].runs[]] | all(.status == "ok" and .milestones.first_accept > .milestones.listen)'
	"$COLDPROF" dump --count "$FILE" | grep -q '^# not whole'
}

# starts N: N execs of a program that the watch was told of, each of which ends at once.
starts() {
	local i
	cp /bin/true "$BATS_TEST_TMPDIR/cpfake"
	for ((i = 0; i < $1; i++)); do "$BATS_TEST_TMPDIR/cpfake" "$i" || true; done
}

# seen N: the watch has told of N starts that are over.
seen() {
	local i
	for i in $(seq 600); do
		[ "$(grep -c ' ended after ' "$ERR")" -lt "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "memory and recording are bounded, however many starts there are" {
	local memory
	echo "the user's" >"$FILE.new"
	start_watch --program cpfake --max-recordings 20
	starts 200
	seen 200
	# Without the ring buffer, a fixed mapping that is used from its beginning to its end.
	memory=$(awk '/^RssAnon/ { print $2 }' "/proc/$WATCH/status")
	starts 1000
	seen 1200
	# An entry has half a KiB of records at least: a thousand of them kept would be more than this.
	[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$WATCH/status")" -lt $((memory + 256)) ] || { grep Rss "/proc/$WATCH/status"; echo "before: $memory"; false; }
	# At most twice as many are in the file while it goes on.
	[ "$("$COLDPROF" dump "$FILE" | grep -c ' RUN_BEGIN ')" -le 40 ]
	kill -INT "$WATCH"
	end_watch 130
	holds '[.scenarios[].runs[]] | length == 20'
	# The last ones of ours; whatever else starts on this host meanwhile is among the 20.
	holds '[.scenarios[] | select(.name == "cpfake") | .runs[].tree[0].argv[1] | tonumber] | length > 0 and . == [range(1000 - length; 1000)]'
	grep -q '^12[0-9]* starts seen, the last 20 recorded' "$ERR"
	# Nothing of ours is left beside it, and a file of a name like our own is what it was.
	same "the user's $(basename "$FILE")" "$(cat "$FILE.new") $(cd "$(dirname "$FILE")" && ls "$(basename "$FILE")"* | grep -v '\.new$')"
	same 1 "$(ls "$FILE".*new | wc -l)" "files left"
}

# fake NAME ARG...: a program of that name that does nothing.
fake() {
	[ -x "$BATS_TEST_TMPDIR/bin/$1" ] || { mkdir -p "$BATS_TEST_TMPDIR/bin" && cp /bin/true "$BATS_TEST_TMPDIR/bin/$1"; }
	"$BATS_TEST_TMPDIR/bin/$1" "${@:2}"
}

@test "what a VMM or runtime is asked without starting anything is no start" {
	start_watch --until 4 --settle 2000
	fake qemu-system-cp --version
	fake qemu-system-cp -version
	fake qemu-system-cp -S -no-user-config -machine none,accel=kvm:tcg -qmp unix:x -daemonize
	fake qemu-system-cp -M help
	fake qemu-system-cp -cpu help
	fake firecracker-v1.12.0-x86_64 --version
	fake cloud-hypervisor --version
	fake conmon --version
	fake conmon -c "cpw-$$-x" -u other -e --exec-process-spec f
	fake containerd-shim-cp -v
	fake runc exec "cpw-$$-x" run
	fake runc --version
	# And these are, though "none" and "help" are in them.
	fake qemu-system-cp -machine q35 -name guest=cp-a,debug-threads=on -display none -net none
	fake firecracker-v1.12.0-x86_64 --no-api --id cp-b
	fake cloud-hypervisor --api-socket path=/s/cp-c --kernel help
	fake runc --root x run "cp-d"
	end_watch 0
	same "cp-a cp-b /s/cp-c cp-d" "$(q '[.scenarios[].runs[]] | sort_by(.tree[0].adopted.at_ns, .index) | map(.tree[0].adopted.id) | sort_by(. != "cp-a", . != "cp-b", . == "cp-d") | join(" ")')"
	[ "$(q '[.scenarios[].runs[]] | length')" -eq 4 ]
}

@test "--until N ends with N while starts go on and on" {
	cp /bin/sleep "$BATS_TEST_TMPDIR/cpfake"
	start_watch --program cpfake --until 5 --settle 60000
	# Each lasts longer than it is to the next: one is open at any time.
	(for i in $(seq 9999); do "$BATS_TEST_TMPDIR/cpfake" 0.4 "0.00$i" & sleep 0.1; done) >/dev/null 2>&1 3>&- &
	local starts=$! i
	for i in $(seq 300); do
		[ -e "/proc/$WATCH" ] && [ "$(cut -d ' ' -f 3 "/proc/$WATCH/stat")" != Z ] || break
		sleep 0.1
	done
	kill "$starts"
	[ "$i" -lt 300 ]
	end_watch 0
	[ "$(q '[.scenarios[].runs[]] | length')" -eq 5 ]
	grep -q '^5 starts seen' "$ERR"
}

# As containerd starts a pod's containers: the shim of the first one stays; that of the second one
# asks it and ends; what is executed for the second one (`runc create`) is a child of the first one's,
# and its argv is longer than what a record keeps.
@test "a pod's second container is an entry of its own, though the first one's shim makes it" {
	local shim=$BATS_TEST_TMPDIR/containerd-shim-cpt-v2 s=cpw-$$-sandbox c=cpw-$$-second i long
	long=$BATS_TEST_TMPDIR/$(for i in $(seq 220); do printf ./; done)
	cp /bin/bash "$shim"
	mkfifo "$BATS_TEST_TMPDIR/asked"
	bundle "$BATS_TEST_TMPDIR/s" "/w sleep=60000"
	cat >"$BATS_TEST_TMPDIR/serve" <<-'END'
		(
			exec 4<>"$4/asked"
			while read -r words <&4; do
				[ "$words" != end ] || exit 0
				$words >/dev/null 2>&1 </dev/null
				echo "$?" >"$4/done"
			done
		) >/dev/null 2>&1 </dev/null &
	END
	start_watch --until 2 --settle 6000
	"$shim" "$BATS_TEST_TMPDIR/serve" -id "$s" start "$BATS_TEST_TMPDIR" 3>&-
	echo "runc --root $BATS_TEST_TMPDIR/state --log $BATS_TEST_TMPDIR/log create --bundle $BATS_TEST_TMPDIR/s --pid-file ${long}pid $s" >"$BATS_TEST_TMPDIR/asked"
	for i in $(seq 200); do [ -e "$BATS_TEST_TMPDIR/done" ] && break; sleep 0.05; done
	same 0 "$(cat "$BATS_TEST_TMPDIR/done")" "runc create of the first"
	rm "$BATS_TEST_TMPDIR/done"
	"$shim" -c true -id "$c" start
	echo "runc --root $BATS_TEST_TMPDIR/state --log $BATS_TEST_TMPDIR/log create --bundle $BATS_TEST_TMPDIR/b --pid-file ${long}pid $c" >"$BATS_TEST_TMPDIR/asked"
	for i in $(seq 200); do [ -e "$BATS_TEST_TMPDIR/done" ] && break; sleep 0.05; done
	same 0 "$(cat "$BATS_TEST_TMPDIR/done")" "runc create of the second"
	runc --root "$BATS_TEST_TMPDIR/state" start "$s"
	runc --root "$BATS_TEST_TMPDIR/state" start "$c"
	for i in $(seq 400); do ! curl -s -m 2 "http://127.0.0.1:$PORT/" >/dev/null || break; sleep 0.02; done
	echo end >"$BATS_TEST_TMPDIR/asked"
	end_watch 0
	same "$c $s" "$(q '[.scenarios[].runs[].tree[0].adopted.id] | sort_by(. != "'"$c"'") | join(" ")')" "entries"
	# The second one's begins with its own shim, has the runtime's exec with its whole id, and is answered.
	holds ".scenarios[].runs[] | select(.tree[0].adopted.id == \"$c\") | .status == \"ok\" and .milestones.first_accept > .milestones.listen and .milestones.listen > 0 and (.tree | map(.adopted // empty | .rule) == [\"containerd shim\", \"runc\"]) and (.tree | map(.adopted // empty | .id) | unique == [\"$c\"])"
	# The first one's has its own runtime and its own service, and not a connection.
	holds ".scenarios[].runs[] | select(.tree[0].adopted.id == \"$s\") | .status == \"ok\" and .milestones.first_accept == null and (.tree | map(.adopted // empty) | length == 1) and (.tree | map(.argv // [] | index(\"listen=$PORT\")) | all(. == null)) and (.tree | map(.argv // [] | index(\"sleep=60000\")) | any)"
}

@test "on a terminal: one table that is kept up to date, cut to its width; then the report" {
	load ../cli/tmux
	command -v tmux >/dev/null || skip "no tmux"
	shell TERM=screen-256color
	keys "clear; $COLDPROF watch --program cpfake --until 3 -o $FILE | cat >$BATS_TEST_TMPDIR/w.out; echo status \$?" Enter
	shows '^armed: '
	starts 2
	shows '^2 starts seen, 0 going on; Ctrl-C ends it'
	count 2 ' cpfake .* ended after '
	count 1 ' starts seen, '
	starts 1
	shows '^status 0'
	shows '^3 starts seen, 0 going on'
	shows '^3 starts seen, the last 3 recorded'
	count 3 ' cpfake .* ended after '
	count 0 ' starts$'
	mux_stop
}
