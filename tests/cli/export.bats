#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# `coldprof export`: what it takes and refuses, and where its output goes.

setup_file() {
	local root
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	make -s -C "$root" build/fuzz/seed >/dev/null 2>&1 || true
}

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	FILE=$BATS_TEST_TMPDIR/file
	[ -x "$ROOT/build/fuzz/seed" ] || skip "no program that makes a recording"
	mkdir "$BATS_TEST_TMPDIR/seeds"
	"$ROOT/build/fuzz/seed" "$BATS_TEST_TMPDIR/seeds" >/dev/null
	cp "$BATS_TEST_TMPDIR/seeds/kinds.coldprof" "$FILE"
}

# fails_with STATUS REGEX ARG...: that status, nothing on stdout, a sentence on stderr.
fails_with() {
	local want=$1 regex=$2 status=0
	shift 2
	"$COLDPROF" export "$@" >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
	[ "$status" -eq "$want" ] && grep -qE "^coldprof: .*$regex" "$BATS_TEST_TMPDIR/err" && [ ! -s "$BATS_TEST_TMPDIR/out" ] || {
		echo "coldprof export $*: status $status, not $want"
		cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
		return 1
	}
}

@test "the list names every format, its file is called after it" {
	"$COLDPROF" export --list >"$BATS_TEST_TMPDIR/list"
	[ "$(grep -c '^[a-z]' "$BATS_TEST_TMPDIR/list")" -eq "$(grep -l '^const struct export_ops export_' "$ROOT"/user/export/*.c | wc -l)" ]
	for name in $(grep -o '^[a-z]*' "$BATS_TEST_TMPDIR/list"); do
		grep -q "^const struct export_ops export_$name = " "$ROOT/user/export/$name.c"
		grep -q "\.name = \"$name\"," "$ROOT/user/export/$name.c"
	done
}

@test "what makes no sense: status 2 and a sentence" {
	fails_with 2 "which recording" --format json
	fails_with 2 "in which format" "$FILE"
	fails_with 2 "no format is called 'jsn', did you mean 'json'" "$FILE" --format jsn
	fails_with 2 "no option is called --frmat" "$FILE" --frmat json
	fails_with 2 "--format needs a value" "$FILE" --format
	fails_with 2 "takes one recording" "$FILE" "$FILE" --format json
	fails_with 2 "about the whole recording" "$FILE" --format json --scenario native
	fails_with 2 "about the whole recording" "$FILE" --format json --run 1
	fails_with 2 "number from 1, median or all; not 'some'" "$FILE" --format json --run some
	fails_with 2 "number from 1, median or all; not '0'" "$FILE" --format csv --run 0
	fails_with 2 "nowhere: No such file" "$BATS_TEST_TMPDIR/nowhere" --format json
	fails_with 2 "--list takes no FILE" "$FILE" --list
	echo "no recording at all, but longer than a header" >"$FILE"
	fails_with 2 "." "$FILE" --format json
}

@test "json is the report's" {
	"$COLDPROF" export "$FILE" --format json >"$BATS_TEST_TMPDIR/a"
	"$COLDPROF" report "$FILE" --format json >"$BATS_TEST_TMPDIR/b"
	cmp "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
}

@test "a file takes its place when it is complete, with the mode of the umask" {
	cd "$BATS_TEST_TMPDIR"
	mkdir dir
	echo before >dir/json
	ln dir/json held
	(umask 027 && "$COLDPROF" export "$FILE" --format json -o dir/json)
	[ "$(stat -c %a dir/json)" = 640 ]
	[ "$(cat held)" = before ] # not written into: somebody may read it just now
	jq -e .format dir/json
	[ "$(ls -A dir)" = json ]
}

@test "an output that cannot be written is told, and leaves nothing" {
	cd "$BATS_TEST_TMPDIR"
	fails_with 2 "cannot write /nonexistent/x: No such file" "$FILE" --format json -o /nonexistent/x
	ln -s target link
	fails_with 2 "symbolic link" "$FILE" --format json -o link
	[ ! -e target ]
	fails_with 1 "cannot write /dev/full: No space left" "$FILE" --format json -o /dev/full
	run sh -c '"$1" export "$2" --format json >/dev/full' sh "$COLDPROF" "$FILE"
	[ "$status" -eq 1 ]
	[[ $output == "coldprof: cannot write the standard output: "* ]]
	mkdir dir
	echo before >dir/json
	run bash -c 'ulimit -f 0; "$1" export "$2" --format json -o dir/json' sh "$COLDPROF" "$FILE"
	[ "$status" -eq 1 ]
	[[ $output == "coldprof: cannot write dir/json: File too large" ]]
	[ "$(cat dir/json)" = before ]
	[ "$(ls -A dir)" = json ]
}

@test "what root writes for a user belongs to them" {
	[ "$(id -u)" -eq 0 ] || skip "not root"
	cd "$BATS_TEST_TMPDIR"
	SUDO_UID=65534 SUDO_GID=65534 "$COLDPROF" export "$FILE" --format json -o out.json
	[ "$(stat -c %u:%g out.json)" = 65534:65534 ]
}
