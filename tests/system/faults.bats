#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What goes wrong: services that misbehave, input that makes no sense, two sessions at once. Each has
# its sentence and its exit status (DESIGN.md §7), and leaves nothing behind.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
}

setup() {
	need_tracing
	FILE=$BATS_TEST_TMPDIR/f.coldprof
	JSON=$BATS_TEST_TMPDIR/json
	REAPER_OPTIONS=()
}

# fails REASON COMMAND...: a boxed run of it fails with status 1 for this reason (a regex of jq's).
fails() {
	local reason=$1
	shift
	ours_ends 1 run --boxed -n 1 "${QUICK[@]}" --timeout 2 -o "$FILE" --json "$JSON" -- "$@"
	holds '.scenarios[0] | .status == "failed" and .runs[0].status == "failed"'
	holds ".scenarios[0].runs[0].reason | test(\"$reason\")"
	holds '.scenarios[0].reason == .scenarios[0].runs[0].reason'
	grep -qE "failed: .*$reason" "$ERR" # told while it goes on, and in the report
	grep -q failed "$OUT"
	holds '.incomplete == null'
}

@test "a service that exits at once: its status and its last words" {
	fails "exited with status 98 before it answered" "$WORKLOAD" nonsense
	grep -q "workload: what is 'nonsense'?" "$OUT"
	holds ".scenarios[0].runs[0].output | contains(\"workload: what is 'nonsense'?\")"
}

@test "a service that dies by a signal" {
	fails "killed by signal 11 .*before it answered" /bin/sh -c 'echo last words >&2; kill -SEGV $$'
	grep -q "last words" "$OUT"
}

@test "a service that never listens" {
	fails "nothing listened on port 8080 within 2 s" "$WORKLOAD" sleep=60000
}

@test "a service that listens on another port" {
	fails "listens on port 9090, not on 8080" "$WORKLOAD" listen=9090 serve=0
}

@test "a service that answers 500" {
	fails "500" "$WORKLOAD" status=500 listen=8080 serve=0
}

@test "a service that listens and never answers" {
	fails "no answer within 2 s, though something listens on port 8080" "$WORKLOAD" listen=8080 sleep=60000
}

@test "a service that ends between accept and answer" {
	fails "." /bin/sh -c "exec '$WORKLOAD' listen=8080 exit=7"
}

@test "a program that cannot be executed" {
	printf '#!/nonexistent/interpreter\n' >"$BATS_TEST_TMPDIR/broken"
	chmod +x "$BATS_TEST_TMPDIR/broken"
	fails "could not be executed: No such file" "$BATS_TEST_TMPDIR/broken"
}

@test "escape sequences of a service reach no terminal" {
	fails "exited with status 4" /bin/sh -c 'printf "\033]0;title\007\033[2J\033[31mred\r\302\233K\n" >&2; exit 4'
	never grep -q $'[\033\007\r]' "$OUT" "$ERR"
	never grep -q $'\302\233' "$OUT" "$ERR"
	grep -q 'red' "$OUT"
	"$COLDPROF" report "$FILE" | cmp - "$OUT"
	"$COLDPROF" dump "$FILE" >"$BATS_TEST_TMPDIR/dump"
	never grep -q $'[\033\007\r]' "$BATS_TEST_TMPDIR/dump"
}

@test "only the last lines of much output are kept, and no more" {
	fails "exited with status 5" /bin/sh -c 'i=0; while [ $i -lt 20000 ]; do echo "line $i of many that nobody wants to read"; i=$((i+1)); done; exit 5'
	grep -q 'line 19999 of many' "$OUT"
	holds '.scenarios[0].runs[0].output | length <= 4096 and contains("line 19999") and (contains("line 100 ") | not)'
	[ "$(stat -c %s "$FILE")" -lt 2000000 ]
}

@test "a service that never stops talking fills no disk" {
	coldprof_output() { du -k /run/coldprof/"$1"-*/*/output 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'; }
	"$COLDPROF" run --boxed -n 1 "${QUICK[@]}" --timeout 6 -o "$FILE" -- /bin/sh -c 'yes "on and on and on"' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	local pid=$! most=0 now
	while kill -0 $pid 2>/dev/null; do
		now=$(coldprof_output $pid)
		[ "$now" -le "$most" ] || most=$now
		sleep 0.2
	done
	wait $pid || [ $? -eq 1 ]
	echo "at most $most KiB"
	[ "$most" -gt 1000 ]
	[ "$most" -lt 600000 ] # it writes half a gigabyte a second and more
	grep -q 'on and on' "$BATS_TEST_TMPDIR/out"
	report "$FILE" >"$JSON"
	holds '.scenarios[0].runs[0].output | length <= 4096'
	no_leftovers $pid
}

# A crun that fails as a real one does, but still tells its version.
broken_crun() {
	cat >"$BATS_TEST_TMPDIR/crun" <<-'END'
		#!/bin/sh
		[ "$1" = --version ] && { echo "crun version 0.broken"; exit 0; }
		echo "2026-11-23T00:00:00Z: boom: Permission denied" >&2
		exit 126
	END
	chmod +x "$BATS_TEST_TMPDIR/crun"
}

@test "a runtime that fails: the others go on, status 1" {
	broken_crun
	ours_ends 1 --runtime crun,native -n 3 "${QUICK[@]}" --runtime-path crun="$BATS_TEST_TMPDIR/crun" -o "$FILE" --json "$JSON"
	holds '.scenarios[0] | .name == "crun" and .status == "failed" and (.runs | length == 3) and (.runs | all(.status == "failed"))'
	holds '.scenarios[0].reason | test("exited with status 126")'
	holds '.scenarios[1] | .name == "native" and .status == "ok" and .summary.cold_start_ns.n == 3'
	grep -q 'boom: Permission denied' "$OUT"
}

@test "a service that fails in a container: its reason and its last words, runc and crun alike" {
	local rootfs=$BATS_TEST_TMPDIR/rootfs runtimes=
	for r in runc crun; do ! has_runtime $r || runtimes=$runtimes,$r; done
	[ -n "$runtimes" ] || skip "neither runc nor crun"
	mkdir "$rootfs"
	cp "$WORKLOAD" "$rootfs/w"
	ours_ends 1 --runtime "${runtimes#,}" -n 1 "${QUICK[@]}" --rootfs "$rootfs" --entry "/w nonsense" -o "$FILE" --json "$JSON"
	holds '.scenarios | all(.status == "failed" and (.reason | test("exited with status 98")) and (.runs[0].output | contains("nonsense")))'
	ours_ends 1 --runtime "${runtimes#,}" -n 1 "${QUICK[@]}" --timeout 2 --rootfs "$rootfs" --entry "/w listen=9090 serve=0" -o "$FILE" --force --json "$JSON"
	holds '.scenarios | all(.reason | test("listens on port 9090, not on 8080"))'
	# What it wrote into its rootfs is not in the user's directory.
	[ "$(ls "$rootfs")" = w ]
}

@test "a warm-up that fails is a failure, too" {
	ours_ends 1 run --boxed -n 1 --warmup 1 --requests 0 --settle 0 -o "$FILE" --json "$JSON" -- "$WORKLOAD" exit=3
	holds '.scenarios[0].status == "failed"'
}

@test "one that fails later is told and does not count" {
	local mark=$BATS_TEST_TMPDIR/mark
	ours_ends 1 run --boxed -n 3 "${QUICK[@]}" -o "$FILE" --json "$JSON" -- /bin/sh -c \
		"if [ -e $mark ]; then rm $mark; exit 3; fi; touch $mark; exec $WORKLOAD listen=8080 serve=0"
	holds '.scenarios[0] | [.runs[].status] == ["ok", "failed", "ok"] and .summary.cold_start_ns.n == 2'
}

# ---- bad input -----------------------------------------------------------------------------------------

files() {
	ls -A "$BATS_TEST_TMPDIR" | grep -vxE 'out|err|reaper' || true
}

# refused STATUS SENTENCE ARG...: status, one clear sentence, and nothing was started or written.
refused() {
	local want=$1 sentence=$2 before after
	shift 2
	before=$(files)
	ours "$@"
	after=$(files)
	[ "$STATUS" -eq "$want" ] && grep -qE "^coldprof: .*$sentence" "$ERR" || {
		echo "coldprof $*: status $STATUS, not $want:"
		cat "$ERR"
		return 1
	}
	[ ! -s "$OUT" ]
	[ "$(grep -c '^coldprof: ' "$ERR")" -eq 1 ]
	[ "$(grep -vc '^usage: ' "$ERR")" -eq 1 ] || { cat "$ERR"; return 1; }
	never grep -q preparing "$ERR"
	same "$before" "$after" "something was written"
	no_leftovers "$PID"
}

@test "an unknown runtime: status 2 and a suggestion" {
	refused 2 "unknown runtime 'rnuc', did you mean 'runc'\?" --runtime rnuc -o "$FILE"
	refused 2 "unknown runtime 'gvisr', did you mean 'gvisor'\?" --runtime native,gvisr -o "$FILE"
	refused 2 "unknown runtime 'zzzzzzzz'" --runtime zzzzzzzz -o "$FILE"
	never grep -q "did you mean" "$ERR"
	refused 2 "unknown runtime '.*x1b" --runtime $'\e[31mx' -o "$FILE"
	never grep -q $'\e' "$ERR"
}

@test "numbers that are none, or too many: status 2" {
	for n in 0 -1 x 1.5 '' 99999999999999999999; do refused 2 "--runs takes a number" --runtime native --runs "$n" -o "$FILE"; done
	for n in 0 -1 65536 http 80x '' 4294967376; do refused 2 "--port takes a number" --runtime native --port "$n" -o "$FILE"; done
	refused 2 "--requests takes a number" --runtime native --requests -5 -o "$FILE"
	refused 2 "--timeout takes a number" --runtime native --timeout 0 -o "$FILE"
	refused 2 "--memory takes a number" --runtime qemu --memory 1 -o "$FILE"
}

@test "unknown options and commands, missing ones: status 2" {
	refused 2 "unknown command 'rnu', did you mean 'run'\?" rnu
	refused 2 "" --no-such-option
	refused 2 "" --runtime
	refused 2 "which command" run -o "$FILE"
	refused 2 "--all and --runtime" --all --runtime native
	refused 2 "'stray' is not an option" --all stray
	refused 2 "no program 'no-such-program'" run -o "$FILE" -- no-such-program
	refused 2 "accel" --runtime qemu --accel warp -o "$FILE"
	refused 2 "--path begins with" --runtime native --path 'a b' -o "$FILE"
	refused 2 "--rootfs and --entry go together" --runtime runc --rootfs / -o "$FILE"
	refused 2 "runtime-path" --runtime runc --runtime-path /usr/sbin/runc -o "$FILE"
	refused 2 "two files" --runtime native -o "$FILE" --json "$FILE"
}

@test "an output that cannot be written: status 2, before anything is started" {
	refused 2 "/nonexistent/x" --runtime native -o /nonexistent/x
	refused 2 "/nonexistent/x.json" --runtime native -o "$FILE" --json /nonexistent/x.json
	refused 2 "" --runtime native -o /
	mkdir "$BATS_TEST_TMPDIR/dir"
	refused 2 "" --runtime native -o "$BATS_TEST_TMPDIR/dir" --force
}

@test "what cannot begin empties no file that was there" {
	echo precious >"$JSON"
	refused 2 "/nonexistent/x" --runtime native -o /nonexistent/x --json "$JSON"
	[ "$(cat "$JSON")" = precious ]
	echo precious >"$FILE"
	refused 2 "exists" --runtime native -o "$FILE" --json "$JSON"
	[ "$(cat "$JSON")" = precious ]
	[ "$(cat "$FILE")" = precious ]
}

# behind WORDS...: coldprof by way of these.
behind() {
	printf '#!/bin/sh\nexec %s "$0.real" "$@"\n' "$*" >"$BATS_TEST_TMPDIR/coldprof"
	ln -s "$COLDPROF" "$BATS_TEST_TMPDIR/coldprof.real"
	chmod +x "$BATS_TEST_TMPDIR/coldprof"
	COLDPROF=$BATS_TEST_TMPDIR/coldprof
}

@test "a kernel without BTF: status 3, before anything is started" {
	behind "unshare -m sh -c 'mount -t tmpfs none /sys/kernel/btf && exec \"\$@\"' sh"
	echo precious >"$JSON"
	refused 3 "no BTF at /sys/kernel/btf/vmlinux.*CONFIG_DEBUG_INFO_BTF" --all -o "$FILE" --json "$JSON"
	refused 3 "no BTF" run -o "$FILE" -- /bin/true
	[ "$(cat "$JSON")" = precious ]
	run "$COLDPROF" doctor
	[[ $output == *MISSING*BTF* ]]
}

@test "BPF refused: status 3, nothing is started, what was there stays" {
	behind "$BUILD/fixture/without" bpf
	echo precious >"$JSON"
	echo old >"$FILE"
	ours --runtime native,runc -o "$FILE" --force --json "$JSON"
	[ "$STATUS" -eq 3 ]
	grep -q '^coldprof: .*refused the probes.*coldprof doctor' "$ERR" || { cat "$ERR"; false; }
	never grep -qE 'preparing|run 1' "$ERR"
	no_leftovers "$PID"
	[ "$(cat "$JSON")" = precious ]
	[ "$(cat "$FILE")" = old ]
	[ "$(files | sort | tr '\n' ' ')" = "coldprof coldprof.real f.coldprof json " ] || { files; false; }
}

@test "sampling refused: status 3, and the option that does without" {
	behind "$BUILD/fixture/without" perf_event_open
	ours --runtime native -n 1 "${QUICK[@]}" -o "$FILE"
	[ "$STATUS" -eq 3 ]
	grep -q -- '--no-samples does without' "$ERR"
	[ ! -e "$FILE" ]
	ours_ends 0 --runtime native -n 1 "${QUICK[@]}" --no-samples -o "$FILE"
}

@test "an existing output needs --force" {
	echo precious >"$FILE"
	refused 2 "exists" --runtime native -o "$FILE"
	[ "$(cat "$FILE")" = precious ]
	ours_ends 0 --runtime native -n 1 "${QUICK[@]}" -o "$FILE" --force
	"$COLDPROF" report "$FILE" >/dev/null
}

@test "a symlink as output is refused, or replaced by --force, and never followed" {
	echo precious >"$BATS_TEST_TMPDIR/target"
	ln -s target "$FILE"
	refused 2 "$FILE" --runtime native -o "$FILE"
	ours --runtime native -n 1 "${QUICK[@]}" -o "$FILE" --force
	[ "$(cat "$BATS_TEST_TMPDIR/target")" = precious ]
	rm -f "$FILE"
	ln -s nowhere "$FILE"
	refused 2 "$FILE" --runtime native -o "$FILE"
	[ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
	ln -s target "$BATS_TEST_TMPDIR/link.json"
	refused 2 "symbolic link" --runtime native -o "$BATS_TEST_TMPDIR/g.coldprof" --json "$BATS_TEST_TMPDIR/link.json"
	[ "$(cat "$BATS_TEST_TMPDIR/target")" = precious ]
}

@test "not root: status 3, and what to do" {
	local dir
	dir=$(mktemp -d)
	chmod 777 "$dir"
	cp "$COLDPROF" "$dir"
	for words in "--all" "--runtime native" "run -- /bin/true" "run --boxed -- /bin/true"; do
		# shellcheck disable=SC2086 # words
		run setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'cd "$1" && shift && exec ./coldprof "$@"' sh "$dir" $words
		[ "$status" -eq 3 ] || { echo "$words: status $status: $output"; rm -r "$dir"; false; }
		[[ ${lines[0]} == coldprof:*root* ]]
		[ "${#lines[@]}" -le 2 ]
	done
	[ "$(ls "$dir")" = coldprof ]
	rm -r "$dir"
}

@test "root without the capability to trace: status 3" {
	run setpriv --bounding-set -sys_admin,-bpf,-perfmon --inh-caps -all "$COLDPROF" --runtime native -o "$FILE"
	[ "$status" -eq 3 ] || { echo "$status: $output"; false; }
	[[ ${lines[0]} == coldprof:*CAP_* ]]
	[ ! -e "$FILE" ]
}

@test "rows that are not here do not make a session fail" {
	ours_ends 0 --runtime native,kata-fc -n 1 "${QUICK[@]}" -o "$FILE" --json "$JSON"
	holds '.scenarios[0].status == "ok" and (.environment.own_start_ns | tonumber) > 0'
	ours_ends 0 --runtime kata-fc -o "$FILE" --force --json "$JSON"
	holds '.scenarios[0].status == "unavailable" and (.environment | has("own_start_ns") | not)'
	ours_ends 0 --runtime native,crun -n 1 "${QUICK[@]}" -o "$FILE" --force --json "$JSON" --rootfs /nonexistent --entry x ||
		[ "$STATUS" -eq 2 ] # a directory that is not there is usage
}

# ---- two at once, and whose files --------------------------------------------------------------------------

@test "two sessions at once: each sees its own, exactly" {
	local pids=() i
	for i in 1 2; do
		"$REAPER" -o "$BATS_TEST_TMPDIR/r$i" "$COLDPROF" run --boxed -n 10 "${QUICK[@]}" -o "$BATS_TEST_TMPDIR/$i.coldprof" -- \
			"$WORKLOAD" fork=$((i * 7)) thread=$((i * 3)) listen=8080 serve=0 >"$BATS_TEST_TMPDIR/out$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in 1 2; do
		wait "${pids[i - 1]}" || { tail -n 5 "$BATS_TEST_TMPDIR/out$i"; false; }
		same "$(seq 10 | sed "s/.*/& $((1 + i * 10))/")" "$("$COLDPROF" dump --count "$BATS_TEST_TMPDIR/$i.coldprof" |
			awk '$2 == "FORK" { print $1, $3 }')" "forks of session $i"
		same "$(seq 10 | sed 's/.*/& 1/')" "$("$COLDPROF" dump --count "$BATS_TEST_TMPDIR/$i.coldprof" |
			awk '$2 == "ACCEPT" { print $1, $3 }')" "accepts of session $i"
	done
}

@test "sessions of one second that name no recording: each writes its own" {
	local i dir=$BATS_TEST_TMPDIR/unnamed pids=()
	mkdir "$dir" && cd "$dir"
	for i in 1 2 3; do
		"$COLDPROF" run --boxed -n 1 "${QUICK[@]}" -- "$WORKLOAD" listen=8080 serve=0 >"../unnamed.$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in 1 2 3; do
		wait "${pids[i - 1]}" || { tail -n 5 "../unnamed.$i"; false; }
		[ -s "$(sed -n 's/^recording: //p' "../unnamed.$i")" ]
	done
	[ "$(ls | wc -l)" -eq 3 ]
	for i in *.coldprof; do "$COLDPROF" report "$i" >/dev/null; done
}

@test "two sessions of runtimes at once" {
	local pids=() i runtimes=native
	for i in runc crun gvisor; do ! has_runtime $i || runtimes=$runtimes,$i; done
	for i in 1 2; do
		"$REAPER" -o "$BATS_TEST_TMPDIR/r$i" "$COLDPROF" --runtime "$runtimes" -n 2 "${QUICK[@]}" -o "$BATS_TEST_TMPDIR/$i.coldprof" \
			>"$BATS_TEST_TMPDIR/out$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in 1 2; do
		wait "${pids[i - 1]}" || { tail -n 5 "$BATS_TEST_TMPDIR/out$i"; false; }
		report "$BATS_TEST_TMPDIR/$i.coldprof" >"$JSON"
		holds '.scenarios | all(.status == "ok" and (.runs | all(.lost_events == 0)))'
	done
}

@test "behind sudo the files belong to the user" {
	mkdir -p "$BATS_TEST_TMPDIR/cwd"
	cd "$BATS_TEST_TMPDIR/cwd"
	SUDO_UID=65534 SUDO_GID=65533 "$COLDPROF" --runtime native -n 1 "${QUICK[@]}" --json out.json >/dev/null 2>&1 3>&-
	# The default name, too.
	[ "$(ls | sed 's/[0-9]/9/g' | tr '\n' ' ')" = "coldprof-99999999-999999.coldprof out.json " ]
	[ "$(stat -c %u:%g -- * | sort -u)" = 65534:65533 ]
	SUDO_UID=nonsense SUDO_GID=-3 "$COLDPROF" --runtime native -n 1 "${QUICK[@]}" -o x >/dev/null 2>&1 3>&-
	[ "$(stat -c %u:%g x)" = 0:0 ]
	"$COLDPROF" report --format json -o y x
	SUDO_UID=65534 SUDO_GID=65533 "$COLDPROF" report --format json -o z x
	[ "$(stat -c %u:%g y z | tr '\n' ' ')" = "0:0 65534:65533 " ]
}
