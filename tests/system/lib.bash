# SPDX-License-Identifier: GPL-2.0-only
# Common to the system tests: where things are, what must be there, and what a session left behind.
# shellcheck shell=bash

ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
COLDPROF=${COLDPROF:-$ROOT/coldprof}
BUILD=${BUILD:-$ROOT/build}
WORKLOAD=$BUILD/fixture/workload
REAPER=$BUILD/fixture/reaper
# A run with nothing but the launch in it; the options of most tests here.
QUICK=(--warmup 0 --requests 0 --settle 0)

# ---- what must be there, or the test is skipped with the reason ------------------------------------

# Root alone is not enough: a container may forbid BPF. That this host can trace is doctor's word.
# But that our own probes do not load where everything that they need is there is no reason to skip.
why_no_tracing() {
	if [ "$(id -u)" -ne 0 ]; then
		echo "needs root"
		return
	fi
	"$COLDPROF" doctor | awk '$1 == "MISSING" && $2 != "probes" { $1 = "this host cannot trace:"; print; exit }'
}

# In setup(); setup_file() cannot skip: it asks once for all, in $WHY_NOT, and does nothing then.
need_tracing() {
	local why=${WHY_NOT-$(why_no_tracing)}
	[ -z "$why" ] || skip "$why"
}

need_program() {
	command -v "$1" >/dev/null || skip "no $1"
}

# Why a runtime is not here, in `coldprof list`'s words; nothing when it is.
missing_runtime() {
	"$COLDPROF" list | awk -v name="$1" '
		/^[^ ]/ { mine = $1 == name }
		mine && /^ *not here:/ { sub(/^ */, ""); print }'
}

need_runtime() {
	local why
	why=$(missing_runtime "$1")
	[ -z "$why" ] || skip "$1 is $why"
}

has_runtime() {
	[ -z "$(missing_runtime "$1")" ]
}

# ---- sessions -------------------------------------------------------------------------------------------

# ours ARG...: a session under the reaper: status 250 when a process outlived it, else its own.
# What the reaper found is in $PID, $STATUS, $TOOK, $SIGNALLED, $SURVIVORS; stdout and stderr in
# $OUT and $ERR. REAPER_OPTIONS: -s SIGNAL -a MS -g -w MS.
ours() {
	local result=$BATS_TEST_TMPDIR/reaper
	OUT=$BATS_TEST_TMPDIR/out ERR=$BATS_TEST_TMPDIR/err
	rm -f "$result"
	"$REAPER" "${REAPER_OPTIONS[@]}" -o "$result" "$COLDPROF" "$@" >"$OUT" 2>"$ERR" </dev/null 3>&- || true
	read -r PID STATUS TOOK SIGNALLED SURVIVORS < <(sed 's/[a-z_]*=//g' "$result")
	[ -n "$SURVIVORS" ]
}

# The same, and it must end with this status and leave nothing behind.
ours_ends() {
	local want=$1
	shift
	ours "$@"
	if [ "$STATUS" -ne "$want" ] || [ "$SURVIVORS" -ne 0 ]; then
		echo "coldprof $*: status $STATUS (not $want), $SURVIVORS left"
		tail -n 20 "$ERR"
		return 1
	fi
	no_leftovers "$PID"
}

# ---- what is left --------------------------------------------------------------------------------------

# What a host keeps that a session may not change: mounts, links, routes, named namespaces.
host_state() {
	awk '{ print "mount", $5, $9 }' /proc/self/mountinfo | sort
	ip -o link | awk -F': ' '{ print "link", $2 }' | sort
	ip route show table all | sed 's/^/route /' | sort
	ls /run/netns 2>/dev/null | sed 's/^/netns /'
	for f in ip_forward conf/all/rp_filter; do echo "sysctl $f $(cat "/proc/sys/net/ipv4/$f" 2>/dev/null)"; done
}

# scratch_of PID, cgroups_of PID: of the session whose coldprof had that pid.
scratch_of() {
	find /run/coldprof -mindepth 1 -maxdepth 1 -name "$1-*" 2>/dev/null
}

cgroups_of() {
	find /sys/fs/cgroup -type d -name "coldprof-$1-*" 2>/dev/null
}

# Processes that carry the name of the session in their cgroup or command line.
processes_of() {
	grep -lsaE "coldprof[-/]$1-" /proc/[0-9]*/cgroup /proc/[0-9]*/cmdline | while IFS=/ read -r _ _ pid _; do
		echo "process $pid $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
}

leftovers() {
	scratch_of "$1" | sed 's/^/scratch /'
	cgroups_of "$1" | sed 's/^/cgroup /'
	grep -E "coldprof[-/]$1-" /proc/self/mountinfo | sed 's/^/mount /'
	processes_of "$1"
	true
}

# no_leftovers PID: fails and says what there is.
no_leftovers() {
	local left
	left=$(leftovers "$1")
	[ -z "$left" ] || {
		echo "left behind by session $1:"
		echo "$left"
		return 1
	}
}

# ---- reading results -----------------------------------------------------------------------------------

# report FILE: its JSON, as anybody would read it.
report() {
	"$COLDPROF" report "$1" --format json
}

# q FILTER [FILE]: an answer of jq; $JSON unless a file is given.
q() {
	jq -r "$1" "${2:-$JSON}"
}

# holds FILTER [FILE]: the filter says true, or the test fails with what there is.
holds() {
	jq -e "$1" "${2:-$JSON}" >/dev/null || {
		echo "does not hold: $1"
		jq -c 'del(.environment) | del(.. | .memory?, .phases?, .ledger?, .critical_path?)' "${2:-$JSON}" | head -c 3000
		return 1
	}
}

# sums_up RUNS [FILE]: of each of the runs that the filter gives phases and ledger sum to the cold start,
# and the path tiles it.
sums_up() {
	local file=${2:-$JSON}
	holds "[$1] | length > 0 and all(.cold_start_ns as \$all | ([.ledger[].ns] | add) == \$all)" "$file"
	holds "[$1] | all(.cold_start_ns as \$all | ([.phases[] | .end_ns - .start_ns] | add) == \$all)" "$file"
	holds "[$1] | all(.cold_start_ns as \$all | .critical_path
		| .[0].start_ns == 0 and .[-1].end_ns == \$all and all(.start_ns < .end_ns)
		and [.[1:][].start_ns] == [.[:-1][].end_ns])" "$file"
}

# same WANT GOT [WHAT]
same() {
	[ "$1" = "$2" ] || {
		echo "${3:-difference}:"
		diff <(echo "$1") <(echo "$2") | head -n 30
		return 1
	}
}

# never COMMAND...: it must fail. (A bare "! command" fails no test, unless it is its last line.)
never() {
	if "$@"; then
		echo "did not fail: $*"
		return 1
	fi
}
