#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `coldprof diff`: recordings of known cold starts, what is said of them, and the exit status.
# UPDATE_GOLDEN=1 writes the golden files anew: look at the difference before you commit it.

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	make -s -C "$root" build/export/record >/dev/null 2>&1 || true
}

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	RECORD=$ROOT/build/export/record
	[ -x "$RECORD" ] || skip "no program that makes a recording"
	cd "$BATS_TEST_TMPDIR"
	base >base.ev
	"$RECORD" base.ev base.coldprof
}

head_of() {
	echo '0 - SESSION realtime=1795003200000000000 port=8080 runs=3 version=0.1'
	echo '0 - SCENARIO id=1 row=0 name=box boundary="shared kernel" flags=host_accept'
	echo '0 - SCENARIO id=2 row=1 name=gone boundary=none flags=host_accept'
}

# one_run NUMBER SCENARIO EXEC LISTEN FIRST_BYTE PSS: times in ms after launch, MiB
one_run() {
	cat <<-END
		run $1 at $1s
		+0 - RUN_BEGIN scenario=$2 index=$1 netns=100 client_netns=200 client_tid=50
		+0 90 FORK child=100 comm=keeper
		+0 - SWITCH next_tid=100 next_ours=1 prev_syscall=none
		+0.1ms 100 EXEC enter=+0 root=1 exe_name=box comm=box
		+$3ms 100 EXEC enter=+0.2ms exe_name=svc comm=svc
		+$4ms 100 LISTEN local_port=8080 netns=100
		+$5ms - CLIENT first_byte=+$5ms attempts=1 http_status=200
		+$5ms 100 PROCESS_MEMORY when=settled rss=$6MiB pss=$6MiB uss=$6MiB anon=$6MiB comm=svc
		+$5ms - LATENCY n=2 ns=1ms,2ms
		+$5ms - RUN_END status=ok
	END
}

base() {
	head_of
	one_run 1 1 5 8 10 4
	one_run 2 1 5 8 11 4
	one_run 3 1 6 9 12 4
	one_run 4 2 1 2 3 1
}

# says STATUS GOLDEN ARG…
says() {
	local want=$1 golden=$ROOT/tests/golden/diff/$2 status=0
	shift 2
	"$COLDPROF" diff "$@" >out 2>err </dev/null || status=$?
	[ -z "${UPDATE_GOLDEN-}" ] || cp out "$golden"
	diff -u "$golden" out
	[ ! -s err ]
	[ "$status" -eq "$want" ] || { echo "status $status, not $want"; return 1; }
}

@test "slower in one phase, with more memory: named, status 1; another scenario, new and gone" {
	{
		head_of
		echo '0 - SCENARIO id=3 row=2 name=<new> boundary=none flags=host_accept'
		one_run 1 1 5 28 30 6
		one_run 2 1 5 29 31 6
		one_run 3 1 6 29 32 6
		one_run 4 3 1 2 3 1
	} >new.ev
	"$RECORD" new.ev new.coldprof
	says 1 regressed base.coldprof new.coldprof
	COLUMNS=120 says 1 wide base.coldprof new.coldprof
	says 1 regressed.json --json base.coldprof new.coldprof
	jq -e '.regressed and (.scenarios | map(.name) == ["box", "<new>", "gone"])' out
	# The other way round it is less, and no regression.
	"$COLDPROF" diff new.coldprof base.coldprof >out
	grep -q "^cold start .* less$" out
	grep -q "^no regression$" out
	"$COLDPROF" diff new.coldprof base.coldprof -o file
	cmp out file
}

@test "the same recording: nothing moved, status 0" {
	"$COLDPROF" diff base.coldprof base.coldprof --json >out
	jq -e '(.regressed | not) and ([.scenarios[] | .totals[], .phases[] | .difference] | all(. == 0)) and
		([.scenarios[] | .totals[], .phases[] | .moved] | unique - ["same", "unknown"] == [])' out
}

@test "what can be chance is no regression: few runs, a small difference, runs that overlap" {
	{ head_of; one_run 1 1 5 28 30 4; one_run 2 1 5 28 30 4; } >few.ev
	{ head_of; one_run 1 1 5 8 10.4 4; one_run 2 1 5 8 11.4 4; one_run 3 1 6 9 12.4 4; } >small.ev
	{ head_of; one_run 1 1 5 8 10 4; one_run 2 1 5 15 30 4; one_run 3 1 6 25 32 4; } >overlap.ev
	for name in few small overlap; do
		"$RECORD" $name.ev $name.coldprof
		"$COLDPROF" diff base.coldprof $name.coldprof --json >out
		jq -e '.scenarios[0].totals[0] | .name == "cold start" and .difference > 0 and
			(.moved == "same" or .moved == "unknown")' out || { echo "$name:"; cat out; return 1; }
	done
}

@test "what was well and now fails is a regression" {
	{
		head_of
		one_run 1 1 5 8 10 4
		printf '%s\n' 'run 2 at 2s' '+0 - RUN_BEGIN scenario=1 index=1 netns=100 client_netns=200' \
			'+9ms - RUN_END status=failed reason="it \x1b[31mdied"'
	} >broken.ev
	"$RECORD" broken.ev broken.coldprof
	status=0
	"$COLDPROF" diff base.coldprof broken.coldprof >out || status=$?
	[ "$status" -eq 1 ]
	grep -q "^  now it fails: it" out
	[ "$(grep -c $'\e' out)" -eq 0 ]
}

@test "what makes no sense: status 2 and a sentence" {
	for arguments in "" "base.coldprof" "base.coldprof base.coldprof base.coldprof" "base.coldprof nowhere" "--jsn base.coldprof base.coldprof"; do
		status=0
		# shellcheck disable=SC2086
		"$COLDPROF" diff $arguments >out 2>err || status=$?
		[ "$status" -eq 2 ]
		grep -q "^coldprof: " err
		[ ! -s out ]
	done
}
