#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Installation, manual pages, completions.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	COLDPROF=${COLDPROF:-$ROOT/coldprof}
	cd "$ROOT"
}

@test "install to DESTDIR, run from there, uninstall leaves nothing" {
	local dest=$BATS_TEST_TMPDIR/dest
	# The build is there already, and need not be of these switches.
	run make -o all install DESTDIR="$dest" prefix=/opt/x
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[ "$("$dest/opt/x/sbin/coldprof" --version)" = "$("$COLDPROF" --version)" ]
	(cd / && "$dest/opt/x/sbin/coldprof" export --list | grep -q '^perfetto ')
	[ -s "$dest/opt/x/share/man/man8/coldprof.8" ]
	[ -s "$dest/opt/x/share/man/man5/coldprof-recording.5" ]
	grep -q '^complete .* coldprof$' "$dest/opt/x/share/bash-completion/completions/coldprof"
	head -n 1 "$dest/opt/x/share/zsh/site-functions/_coldprof" | grep -qx '#compdef coldprof'
	if [ -d build/service ]; then
		[ -x "$dest/opt/x/lib/coldprof/service/service" ]
		# It is found beside the program, wherever that is; not here, where root did not ask.
		cd /
		"$dest/opt/x/sbin/coldprof" list | grep -E '^native +' | grep -vq 'not here'
	fi
	make -s -C "$ROOT" uninstall DESTDIR="$dest" prefix=/opt/x
	[ -z "$(find "$dest" ! -type d)" ]
	[ ! -e "$dest/opt/x/lib/coldprof" ]
}

@test "manual pages: mandoc has nothing to say" {
	command -v mandoc >/dev/null || skip "no mandoc"
	for page in docs/*.8 docs/*.5; do
		mandoc -T lint "$page" >"$BATS_TEST_TMPDIR/lint" 2>/dev/null || true
		# Pages that are not installed here (ours among them) cannot be found.
		! grep -v 'referenced manual not found' "$BATS_TEST_TMPDIR/lint" || false
		mandoc -T utf8 "$page" >"$BATS_TEST_TMPDIR/text" 2>/dev/null
		[ "$(wc -l <"$BATS_TEST_TMPDIR/text")" -gt 40 ]
	done
}

# Those of the help, and those that it does not show.
every_command() {
	"$COLDPROF" --help | awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'
	grep -l '\.hidden = true' "$ROOT"/user/cmd_*.c | sed 's/.*cmd_\(.*\)\.c/\1/'
}

@test "coldprof(8) names every option" {
	every_command | grep -qx diff
	every_command | grep -qx completion
	every_command | while read -r c; do
		"$COLDPROF" "$c" --help
	done | grep -oE -- '--[a-z][a-z-]+' | sort -u | while read -r option; do
		grep -q -- "Fl ${option#-}\b" docs/coldprof.8 || { echo "$option is not in coldprof(8)"; false; }
	done
}

@test "coldprof(8) names every command" {
	for c in $("$COLDPROF" --help | awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'); do
		grep -qE "^\.(It )?Cm $c( |\$)" docs/coldprof.8 || { echo "$c is not in coldprof(8)"; false; }
	done
}

@test "docs/exports.md names every format and variant" {
	"$COLDPROF" export --list >"$BATS_TEST_TMPDIR/list"
	for word in $(awk '/^[a-z]/ { print $1; next } { gsub(/[|]/, " ", $2); print $2 }' "$BATS_TEST_TMPDIR/list"); do
		grep -q "\`\(--[a-z]* \)\?$word\`" docs/exports.md || { echo "$word is not in docs/exports.md"; false; }
	done
	for gauge in $(grep -ohE '"coldprof_[a-z_]+"' user/export/prometheus.c | tr -d '"'); do
		grep -q "\`$gauge\`" docs/exports.md || { echo "$gauge is not in docs/exports.md"; false; }
	done
}

# complete WORD...: what bash offers for the last one, one a line.
complete_words() {
	bash -c '
		source <("$1" completion bash)
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_coldprof
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$COLDPROF" "$@"
}

@test "bash completes commands, every option of theirs, and values" {
	for c in $("$COLDPROF" --help | awk '/^commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'); do
		complete_words coldprof "" | grep -qx -- "$c"
	done
	for c in $(every_command); do
		complete_words coldprof "$c" -- >"$BATS_TEST_TMPDIR/offered"
		grep -qx -- --help "$BATS_TEST_TMPDIR/offered"
		for option in $("$COLDPROF" "$c" --help | grep -oE '^ +(-[a-z], +)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
			grep -qx -- "$option" "$BATS_TEST_TMPDIR/offered" || { echo "$c: no $option"; false; }
		done
	done
	[ "$(complete_words coldprof export x --format | tail -n 1)" = --format ]
	complete_words coldprof export x --format "" | sort >"$BATS_TEST_TMPDIR/offered"
	"$COLDPROF" export --list | grep -o '^[a-z]*' | sort | diff - "$BATS_TEST_TMPDIR/offered"
	[ "$(complete_words coldprof report x --format te)" = text ]
	[ "$(complete_words coldprof --accel k)" = kvm ]
	[ "$(complete_words coldprof --runtime runc,gv)" = runc,gvisor ]
	[ "$(complete_words coldprof export x --stacks p)" = path ]
	# What an option takes is offered after its letter, too.
	for pair in "-f --format" "-s --scenario" "-r --run"; do
		complete_words coldprof export x ${pair% *} "" >"$BATS_TEST_TMPDIR/short"
		complete_words coldprof export x ${pair#* } "" | diff - "$BATS_TEST_TMPDIR/short"
		[ "$(grep -c . "$BATS_TEST_TMPDIR/short")" -gt 1 ]
	done
	[ "$(complete_words coldprof export x -s gv)" = gvisor ]
	[ "$(complete_words coldprof export x -r m)" = median ]
	[ "$(complete_words coldprof rep)" = report ]
}

@test "zsh parses its completions" {
	command -v zsh >/dev/null || skip "no zsh"
	"$COLDPROF" completion zsh >"$BATS_TEST_TMPDIR/_coldprof"
	zsh -n "$BATS_TEST_TMPDIR/_coldprof"
}
