#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Run the tests and count them: tests/run.sh all | user
#
# "user" is what needs neither root nor a runtime. Unit tests (cmocka) and black-box tests (bats)
# both speak TAP; the last line is "N passed, N failed, N skipped". Skipped ones are listed with
# their reasons.
set -u
cd "$(dirname "$0")/.."
mode=${1:-all}
out=build/test
rm -rf "$out" && mkdir -p "$out"

# A scrubbed environment: results may not depend on who runs this where.
unset LC_ALL LANGUAGE NO_COLOR COLUMNS LINES MAKEFLAGS MFLAGS MAKELEVEL SUDO_UID SUDO_GID
export LC_ALL=C.UTF-8 LANG=C.UTF-8 TZ=UTC TERM=dumb HOME="$PWD/$out/home" TMPDIR=/tmp
mkdir -p "$HOME"
flavour=plain${SAN:+-san}
[ "${BPF:-1}" = 0 ] && flavour=$flavour-nobpf
export COLDPROF="$PWD/coldprof" BUILD="$PWD/build" FLAVOUR="$flavour"

# A locale with a comma as decimal point: what writes numbers must not care.
if [ ! -d build/locale/de_DE.UTF-8 ] && command -v localedef >/dev/null; then
	mkdir -p build/locale
	localedef -i de_DE -f UTF-8 build/locale/de_DE.UTF-8 >/dev/null 2>&1 || rm -rf build/locale
fi

passed=0 failed=0 skipped=0

# Count one TAP file; $2 = exit status of the program that wrote it.
count() {
	local ok not skip
	ok=$(grep -c '^ok' "$1")
	# cmocka writes a skipped test as "not ok … # SKIP", bats as "ok … # skip".
	not=$(grep '^not ok' "$1" | grep -civ '# *skip')
	skip=$(grep -ciE '^(not )?ok.*# *skip' "$1")
	ok=$((ok - $(grep -ci '^ok.*# *skip' "$1")))
	# A program that died without a "not ok" has failed all the same.
	if [ "$2" -ne 0 ] && [ "$not" -eq 0 ]; then
		not=1
		echo "not ok - $(basename "$1" .tap) ended with status $2"
	fi
	passed=$((passed + ok)) failed=$((failed + not)) skipped=$((skipped + skip))
}

show() {
	grep -A25 '^not ok' "$1" | grep -iv '^not ok.*# *skip'
	grep -iE '^(not )?ok.*# *skip' "$1" | sed -E 's/^(not )?ok/  skipped/'
}

# Those of this build, and of the sanitized one the UI's (Makefile: check-san).
for program in build/obj/"$flavour"/unit/test_* build/obj/"${flavour/#plain/plain-san}"/unit/test_tui; do
	[ -x "$program" ] || continue
	name=$(basename "$program")
	[[ $program == */plain-san* && $flavour != *-san* ]] && name=$name-san
	start=$SECONDS
	LOCPATH="$PWD/build/locale" CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$program" >"$out/$name.tap" 2>"$out/$name.err"
	status=$?
	count "$out/$name.tap" $status
	printf '%-28s %s (%d s)\n' "$name" "$([ $status = 0 ] && echo ok || echo FAILED)" $((SECONDS - start))
	show "$out/$name.tap"
	[ $status = 0 ] || tail -n 40 "$out/$name.err"
done

suites() {
	find "$1" -name '*.bats' 2>/dev/null | sort
}

# suite FILE: run it; what it said, how it ended and how long it took are files.
suite() {
	local name start=$SECONDS
	name=$(basename "$1" .bats)
	timeout 1200 bats --formatter tap "$1" >"$out/$name.tap" 2>"$out/$name.err" </dev/null
	echo $? $((SECONDS - start)) >"$out/$name.ended"
}

# told FILE: … and now it is told.
told() {
	local name status seconds
	name=$(basename "$1" .bats)
	read -r status seconds <"$out/$name.ended"
	count "$out/$name.tap" "$status"
	printf '%-28s %s (%d s)\n' "$name" "$([ "$status" = 0 ] && echo ok || echo FAILED)" "$seconds"
	show "$out/$name.tap"
	[ "$status" = 0 ] || tail -n 20 "$out/$name.err"
}

trap 'kill $(jobs -p) 2>/dev/null; exit 130' INT TERM

# These measure nothing: as many at once as there are CPUs.
for file in $(suites tests/cli); do
	while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
		wait -n
	done
	suite "$file" &
done
wait
for file in $(suites tests/cli); do
	told "$file"
done

# These do.
[ "$mode" = all ] && for file in $(suites tests/system); do
	suite "$file"
	told "$file"
done

echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
