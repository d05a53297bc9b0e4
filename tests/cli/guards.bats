#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The rules of the house, checked: who may include whom, where curses and libbpf live, sizes.

sources() {
	git ls-files --cached --others --exclude-standard -- '*.c' '*.h' '*.go' '*.sh' '*.bats' 'Makefile' |
		grep -v '^vmlinux/[^/]*/' | while read -r f; do [ -f "$f" ] && echo "$f"; done
}

# offenders DIR-REGEX FORBIDDEN-INCLUDE-REGEX: files that include what they may not.
offenders() {
	sources | grep -E "$1" | xargs -r grep -HnE "^ *# *include +[<\"]($2)" || true
}

nothing() {
	if [ -n "$1" ]; then
		echo "$1"
		return 1
	fi
}

@test "there are sources to look at" {
	[ "$(sources | wc -l)" -gt 100 ]
}

@test "user/base knows nothing above it" {
	nothing "$(offenders '^user/base/' '(bpf/wire|user/(record|model|report|export|collect|launch)|tui|scenarios)')"
}

@test "user/record knows base and the wire only" {
	nothing "$(offenders '^user/record/' '(user/(model|report|export|collect|launch)|user/base/clock|tui|scenarios|bpf/(libbpf|bpf)\.h)')"
}

@test "the model is pure: no clock, descriptor, output, libbpf or view" {
	nothing "$(offenders '^user/model/' '(user/(report|export|collect|launch)|user/base/clock|tui|scenarios/|bpf/(libbpf|bpf)\.h|unistd|fcntl|time\.h|sys/(stat|time|socket)|curses|locale)')"
	nothing "$(sources | grep '^user/model/' | xargs grep -nE '\b(printf|fprintf|puts|fputs|fopen|open|read|write|clock_gettime|time|getenv) *\(' || true)"
}

@test "views read the model, they collect and launch nothing" {
	nothing "$(offenders '^(user/report|user/export|tui)/' '(user/(collect|launch)|bpf/(libbpf|bpf)\.h)')"
}

@test "scenarios cause things: no clock, collector or recording" {
	nothing "$(offenders '^scenarios/[^/]*\.[ch]$' '(user/(collect|launch|report|export|model/session)|user/record/(reader|writer)|user/base/clock|tui)')"
	nothing "$(sources | grep -E '^scenarios/[^/]*\.c$' | xargs grep -nE '\b(clock_gettime|gettimeofday|time) *\(' || true)"
}

@test "collect does not know scenarios, views or the stage" {
	nothing "$(offenders '^user/collect/' '(scenarios|user/(launch|model|report|export)|tui)')"
}

@test "curses is included by one file, libbpf by user/collect only" {
	nothing "$(sources | grep -E '\.[ch]$' | grep -v '^tui/term\.c$' | xargs grep -nE '^ *# *include +[<"](ncurses|curses|panel|term)' || true)"
	nothing "$(sources | grep -E '^(user|tui|scenarios)/.*\.[ch]$' | grep -v '^user/collect/' | xargs grep -nE '^ *# *include +<bpf/' || true)"
}

@test "wire.h and shared.h include nothing" {
	nothing "$(grep -nE '^ *# *include' bpf/wire.h bpf/shared.h || true)"
}

@test "no include circle among headers" {
	sources | grep -E '^(user|tui|scenarios|bpf)/.*\.h$' | while read -r f; do
		grep -oE '^ *# *include +"[^"]+"' "$f" | sed -E 's/.*"(.*)"/\1/' | sed "s|^|$f |"
	done | awk 'NF==2' >"$BATS_TEST_TMPDIR/edges"
	run tsort "$BATS_TEST_TMPDIR/edges"
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	[[ "$output" != *loop* ]]
}

@test "no file over 800 lines" {
	nothing "$(sources | xargs wc -l | awk '$2 != "total" && $1 > 800')"
}

@test "no function over 80 lines" {
	nothing "$(sources | grep -E '\.c$' | xargs awk '
		FNR == 1 { open = 0 }
		/^{/ { open = FNR }
		/^}/ && open { if (FNR - open > 81) print FILENAME ":" open ": " FNR - open " lines"; open = 0 }
	')"
}

@test "every source says its licence" {
	nothing "$(sources | grep -v '^Makefile$' | while read -r f; do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || echo "$f"; done)"
}

@test "every scenario is documented" {
	for s in $(sed -n 's/^SCENARIO(\(.*\))$/\1/p' build/scenarios.gen.h | tr _ -); do
		grep -q "\`$s\`" docs/scenarios.md || { echo "$s is not in docs/scenarios.md"; false; }
	done
}

@test "every environment key and exit status of the code is in the docs" {
	for key in $(sed -n 's/.*fn(ctx, "\([a-z_]*\)".*/\1/p' user/collect/environment.c | sort -u); do
		grep -q "\`$key\`" docs/json.md || { echo "$key is not in docs/json.md"; false; }
	done
}

@test "touching bpf/wire.h rebuilds both sides" {
	command -v clang >/dev/null || skip "no clang"
	run make -n -W bpf/wire.h coldprof DEVELOPER=1
	[[ "$output" == *bpf/scope.bpf.c* ]]
	[[ "$output" == *user/record/writer.c* ]]
}
