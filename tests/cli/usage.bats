#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The command line as far as it needs no root: help, version, and what report and dump do with files
# that are recordings, were recordings, or never were.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	FILE=$BATS_TEST_TMPDIR/file
}

COMMANDS="all run report view list doctor dump"

# As the unprivileged user that most readers of recordings are; from a copy that such a one can reach.
nobody() {
	if [ "$(id -u)" -ne 0 ]; then
		"$COLDPROF" "$@"
		return
	fi
	setpriv --reuid 65534 --regid 65534 --clear-groups "$DIR/coldprof" "$@"
}

# A small recording, made without a launch: by the fuzzer's seed program.
recording() {
	local seed=$ROOT/build/fuzz/seed
	[ -x "$seed" ] || make -s -C "$ROOT" build/fuzz/seed >/dev/null 2>&1 || skip "no program that makes a recording"
	mkdir -p "$BATS_TEST_TMPDIR/seeds"
	"$seed" "$BATS_TEST_TMPDIR/seeds" >/dev/null
	cp "$(ls -S "$BATS_TEST_TMPDIR"/seeds/*.coldprof | head -n 1)" "$FILE"
}

# fails_with STATUS REGEX ARG...: that status, nothing on stdout, a sentence on stderr.
fails_with() {
	local want=$1 regex=$2 status=0
	shift 2
	"$COLDPROF" "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	[ "$status" -eq "$want" ] && grep -qE "^coldprof: .*$regex" "$BATS_TEST_TMPDIR/err" && [ ! -s "$BATS_TEST_TMPDIR/out" ] || {
		echo "coldprof $*: status $status, not $want"
		cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
		return 1
	}
}

@test "help: of the program and of every command, on stdout, with status 0" {
	run "$COLDPROF" --help
	[ "$status" -eq 0 ]
	[ "$("$COLDPROF" help)" = "$output" ]
	[ "$("$COLDPROF" -h)" = "$output" ]
	for c in $COMMANDS; do
		[[ $output == *$'\n'"  $c "* ]] || { echo "--help does not name $c"; false; }
	done
	for c in $(awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }' <<<"$output"); do
		"$COLDPROF" "$c" --help >"$BATS_TEST_TMPDIR/help" 2>"$BATS_TEST_TMPDIR/err"
		grep -q "^usage: coldprof " "$BATS_TEST_TMPDIR/help"
		[ "$(wc -l <"$BATS_TEST_TMPDIR/help")" -ge 3 ]
		[ ! -s "$BATS_TEST_TMPDIR/err" ]
		"$COLDPROF" help "$c" | cmp - "$BATS_TEST_TMPDIR/help"
		[ "$(awk '{ if (length > 120) print }' "$BATS_TEST_TMPDIR/help")" = "" ]
	done
}

@test "help names every option that the commands take" {
	"$COLDPROF" all --help >"$BATS_TEST_TMPDIR/help"
	for option in $(sed -n 's/^\t{ "\([a-z-]*\)", .*/\1/p' "$ROOT/user/options.c" | grep -vx help); do
		grep -q -- "--$option" "$BATS_TEST_TMPDIR/help" || { echo "--$option is not in the help"; false; }
	done
}

@test "version" {
	run "$COLDPROF" --version
	[ "$status" -eq 0 ]
	[[ $output =~ ^coldprof\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ "$("$COLDPROF" version)" = "$output" ]
}

@test "nothing at all: the help and status 2" {
	run "$COLDPROF"
	[ "$status" -eq 2 ]
	[[ $output == *"usage: coldprof"* ]]
}

@test "what is no command or option: status 2 and a sentence" {
	fails_with 2 "unknown command 'reprot', did you mean 'report'" reprot
	fails_with 2 "unknown command 'xyzzy'; see" xyzzy
	fails_with 2 "which recording" report
	fails_with 2 "which recording" report a b
	fails_with 2 "no option is called --frmat" report --frmat json x
	fails_with 2 "format is text or json, not 'xml'" report --format xml x
	fails_with 2 "--format needs a value" report --format
	fails_with 2 "which recording" dump
	fails_with 2 "run takes a number" dump --run -1 x
	fails_with 2 "no option is called -q" list -q
	fails_with 2 "'stray'" list stray
}

@test "no such file, a directory, no permission" {
	fails_with 2 "nowhere: No such file" report "$BATS_TEST_TMPDIR/nowhere"
	fails_with 2 "nowhere: No such file" dump "$BATS_TEST_TMPDIR/nowhere"
	fails_with 2 "." report "$BATS_TEST_TMPDIR"
	fails_with 2 "." report /dev/null
}

@test "files that are no recordings" {
	: >"$FILE"
	fails_with 2 "." report "$FILE"
	echo "hello, world: this is text and longer than a header" >"$FILE"
	fails_with 2 "no (coldprof )?recording|not a (coldprof )?recording" report "$FILE"
	RANDOM=1
	for i in 1 2 3 4 5 6 7 8; do
		head -c $((RANDOM % 4000)) /dev/urandom >"$FILE"
		fails_with 2 "." report "$FILE"
		fails_with 2 "." dump "$FILE"
	done
	printf 'COLDPROF\1\0\0\0\0\0\0\0' >"$FILE" # a header and nothing else
	fails_with 2 "holds no records" report "$FILE"
	printf 'COLDPROF\377\0\0\0\0\0\0\0' >"$FILE"
	fails_with 2 "version" report "$FILE"
}

@test "a name with escape sequences is shown harmless" {
	run "$COLDPROF" report "$BATS_TEST_TMPDIR/"$'\e]0;x\a'
	[ "$status" -eq 2 ]
	[[ $output != *$'\e'* ]]
	run "$COLDPROF" $'\e[31m'
	[ "$status" -eq 2 ]
	[[ $output != *$'\e'* ]]
}

@test "a recording: text, valid JSON, a dump; the same with -o" {
	recording
	"$COLDPROF" report "$FILE" >"$BATS_TEST_TMPDIR/text"
	[ -s "$BATS_TEST_TMPDIR/text" ]
	"$COLDPROF" report --format json "$FILE" >"$BATS_TEST_TMPDIR/json"
	jq -e '.format == "coldprof-report" and .version == 1 and (.scenarios | type == "array") and (.environment | type == "object")' "$BATS_TEST_TMPDIR/json"
	"$COLDPROF" report "$FILE" --format json -o "$BATS_TEST_TMPDIR/out.json"
	cmp "$BATS_TEST_TMPDIR/out.json" "$BATS_TEST_TMPDIR/json"
	"$COLDPROF" dump "$FILE" >"$BATS_TEST_TMPDIR/dump"
	grep -q ' SESSION ' "$BATS_TEST_TMPDIR/dump"
	[ "$("$COLDPROF" dump --count "$FILE" | awk 'NR > 1 { n += $3 } END { print n }')" -eq "$(grep -vcE '^(run |#)' "$BATS_TEST_TMPDIR/dump")" ]
}

@test "an output that cannot be written is told" {
	recording
	fails_with 2 "cannot write" report "$FILE" -o /nonexistent/x
	ln -s target "$BATS_TEST_TMPDIR/link"
	fails_with 2 "symbolic link" report "$FILE" -o "$BATS_TEST_TMPDIR/link"
	run sh -c '"$1" report "$2" >/dev/full' sh "$COLDPROF" "$FILE"
	[ "$status" -eq 1 ]
	[[ $output == "coldprof: cannot write the standard output: "* ]]
	run sh -c '"$1" dump "$2" >/dev/full' sh "$COLDPROF" "$FILE"
	[ "$status" -eq 1 ]
}

@test "cut off at every byte of its ends: read, or refused in words; JSON stays JSON" {
	recording
	local size cut
	size=$(stat -c %s "$FILE")
	for cut in 1 8 15 16 17 31 32 33 $((size / 3)) $((size / 2)) $((size - 41)) $((size - 40)) $((size - 25)) $((size - 1)); do
		head -c "$cut" "$FILE" >"$FILE.cut"
		run "$COLDPROF" report "$FILE.cut" --format json
		[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || { echo "cut at $cut: $status"; false; }
		[[ $output == *"coldprof: "* ]]
		if [ "$status" -eq 0 ]; then
			"$COLDPROF" report "$FILE.cut" --format json 2>/dev/null | jq -e '.incomplete | length > 0'
		fi
	done
}

@test "a byte turned over: never a crash, JSON stays JSON" {
	recording
	local size at
	size=$(stat -c %s "$FILE")
	RANDOM=7
	for _ in $(seq 25); do
		at=$((RANDOM % size))
		cp "$FILE" "$FILE.bad"
		printf "\\x$(printf %02x $((RANDOM % 256)))" | dd of="$FILE.bad" bs=1 seek="$at" conv=notrunc status=none
		for format in text json; do
			run "$COLDPROF" report "$FILE.bad" --format $format
			[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || { echo "byte $at: status $status"; false; }
		done
		if [ "$status" -eq 0 ]; then
			"$COLDPROF" report "$FILE.bad" --format json 2>/dev/null | jq -e '.format' >/dev/null
		fi
	done
}

@test "colours only on a terminal, and not with NO_COLOR" {
	recording
	run "$COLDPROF" report "$FILE"
	[[ $output != *$'\e['* ]]
	command -v script >/dev/null || skip "no script(1) to make a terminal"
	TERM=xterm script -qec "$COLDPROF report $FILE" /dev/null >"$BATS_TEST_TMPDIR/tty" </dev/null
	grep -q $'\e\[' "$BATS_TEST_TMPDIR/tty"
	NO_COLOR=1 TERM=xterm script -qec "$COLDPROF report $FILE" /dev/null >"$BATS_TEST_TMPDIR/tty" </dev/null
	[ "$(grep -c $'\e\[' "$BATS_TEST_TMPDIR/tty")" -eq 0 ]
	TERM=dumb script -qec "$COLDPROF report $FILE" /dev/null >"$BATS_TEST_TMPDIR/tty" </dev/null
	[ "$(grep -c $'\e\[' "$BATS_TEST_TMPDIR/tty")" -eq 0 ]
}

@test "in 80 columns, and in what COLUMNS says" {
	recording
	[ -z "$("$COLDPROF" report "$FILE" | LC_ALL=C.UTF-8 awk 'length > 80')" ]
	[ -z "$(COLUMNS=60 "$COLDPROF" report "$FILE" | LC_ALL=C.UTF-8 awk 'length > 80')" ]
	[ -z "$(LC_ALL=C "$COLDPROF" report "$FILE" | LC_ALL=C grep -n '[^ -~]')" ]
}

@test "an option that no chosen runtime takes is said, in one line" {
	[ "$(id -u)" -ne 0 ] || { DIR=$(mktemp -d); chmod 755 "$DIR"; cp "$COLDPROF" "$DIR/"; }
	nobody --runtime native,runc --guest-initcalls 2>"$FILE" || true
	[ "$(grep -c 'guest-initcalls does nothing here' "$FILE")" -eq 1 ]
	nobody --runtime native,qemu --guest-initcalls 2>"$FILE" || true
	nobody --runtime native 2>>"$FILE" || true
	[ "$(id -u)" -ne 0 ] || rm -r "$DIR"
	[ "$(grep -c 'guest-initcalls' "$FILE")" -eq 0 ]
}

@test "list and doctor work without root" {
	DIR=$BATS_TEST_TMPDIR
	if [ "$(id -u)" -eq 0 ]; then
		DIR=$(mktemp -d)
		chmod 755 "$DIR"
		cp "$COLDPROF" "$DIR/"
	fi
	status=0
	nobody list >"$BATS_TEST_TMPDIR/list" 2>&1 || status=$?
	doctor=0
	nobody doctor >"$BATS_TEST_TMPDIR/doctor" 2>&1 || doctor=$?
	[ "$(id -u)" -ne 0 ] || rm -r "$DIR"
	[ "$status" -eq 0 ]
	grep -q '^native ' "$BATS_TEST_TMPDIR/list"
	# What is missing is said with its mend; that is what it is for.
	[ "$doctor" -eq 3 ] || { cat "$BATS_TEST_TMPDIR/doctor"; false; }
	grep -q '^MISSING' "$BATS_TEST_TMPDIR/doctor"
	# What cgroup-rcu-stall would find, said before.
	if grep -q ' - cgroup.*favordynmods' /proc/self/mountinfo || grep -qx 1 /sys/kernel/rcu_expedited; then
		grep -q '^ok  *moves into cgroups' "$BATS_TEST_TMPDIR/doctor"
	else
		grep -A1 '^warning  *moves into cgroups' "$BATS_TEST_TMPDIR/doctor" | grep -q -- '-> .*favordynmods'
	fi
	grep -q '^ *-> ' "$BATS_TEST_TMPDIR/doctor"
}

@test "every runtime of list has its boundary and is here or says why not" {
	run "$COLDPROF" list
	[ "$status" -eq 0 ]
	for name in native runc crun gvisor qemu wasm wasm-cached kata-qemu kata-fc; do
		[[ $output == *$'\n'"$name "* ]] || { echo "no $name"; false; }
	done
	[ "$(grep -cE '^[a-z]' <<<"$output")" -eq "$(grep -cE '^ +(here|not here): ' <<<"$output")" ]
}
