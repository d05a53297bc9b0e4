#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Every real scenario, end to end: one session of --all, and what each row of it must hold; and that
# whatever is shown comes from the recording.

load lib

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
	[ -z "$WHY_NOT" ] || return 0
	export SESSION=$BATS_FILE_TMPDIR/session
	host_state >"$SESSION.before"
	"$COLDPROF" --all -n 1 --warmup 0 --requests 3 --settle 200 -o "$SESSION.coldprof" --json "$SESSION.json" \
		>"$SESSION.out" 2>"$SESSION.err" </dev/null 3>&- &
	local pid=$! status=0
	wait "$pid" || status=$?
	echo "$pid" >"$SESSION.pid"
	echo "$status" >"$SESSION.status"
	host_state >"$SESSION.after"
}

setup() {
	need_tracing
	JSON=$SESSION.json
}

# ran NAME [FILE]: what holds for every runtime's run: it ended well, all is there, in order, and sane.
ran() {
	need_runtime "$1"
	JSON=$BATS_TEST_TMPDIR/$1.json
	jq --arg name "$1" '.scenarios[] | select(.name == $name)' "${2:-$SESSION.json}" >"$JSON"
	[ -s "$JSON" ] || { echo "no row $1"; return 1; }
	holds '.status == "ok" and (.runs | length == 1)'
	holds '.runs[0].status == "ok" and .runs[0].lost_events == 0'
	holds '.runs[0].cold_start_ns > 0 and .runs[0].milestones.first_byte == .runs[0].cold_start_ns'
	# In order, as far as they are seen; and where not, it says why.
	holds '.runs[0].milestones | [.launch, .exec, .service_exec, .listen, .connected, .first_accept, .first_byte] | map(select(. != null)) | . == sort and .[0] == 0'
	holds '.runs[0] | (.milestones | to_entries | map(select(.value == null).key) | sort) == (.milestones_why | keys | sort)'
	holds '.runs[0].milestones_why | all(length > 5)'
	# What is not seen lies between what is.
	holds '.runs[0] | .milestones as $m | .milestones_between // {} | to_entries | all(.value[0] >= 0 and .value[0] <= .value[1] and .value[1] <= $m.first_byte)'
	holds '.runs[0].memory | .first_byte.pss > 500000 and .settled.pss > 500000 and .settled.rss >= .settled.pss and .settled.pss >= .settled.uss'
	holds '.runs[0].memory.settled | (.processes | map(select(.shares_mm_with == null) | .pss) | add) == .pss'
	holds '.runs[0].latency_ns.n == 3 and .runs[0].latency_failed == 0 and .runs[0].latency_ns.min > 0'
	holds '.summary.cold_start_ns.n == 1 and .summary.cold_start_ns.median == .runs[0].cold_start_ns'
	# Each nanosecond is in one phase and one row.
	sums_up '.runs[]'
	# One root, everybody else was forked by somebody of the tree, nobody is counted twice.
	holds '.runs[0].tree | map(.pid) as $pids | map(select(.ppid == null)) | length == 1'
	holds '.runs[0].tree | map(.pid) as $pids | all(.ppid == null or (.ppid as $p | $pids | index($p) != null))'
	holds '.runs[0].tree | map(.pid) | length == (unique | length)'
	holds '.runs[0] | .memory.settled.processes | all(.pid > 0)'
}

# line NAME KIND [FILE]: its records of a kind, of the run of that scenario.
records() {
	local file=${3:-$SESSION.coldprof} id
	id=$("$COLDPROF" dump --run 0 "$file" | grep -E " SCENARIO .* name=$1 | SCENARIO .* name=$1\$" | tail -n 1 | grep -o ' id=[0-9]*')
	"$COLDPROF" dump "$file" | awk -v id="scenario=${id# id=}" -v kind="$2" '
		$3 == "RUN_BEGIN" { mine = 0; for (i = 4; i <= NF; i++) if ($i == id) mine = 1 }
		mine && $3 == kind'
}

answered() {
	records "$1" CLIENT "$2" | grep -q ' http_status=200'
}

# Listen and accept are the host kernel's: all is visible; service exec where there is one.
visible() {
	holds '.runs[0].milestones | .listen != null and .connected != null and .first_accept != null'
	holds '.runs[0].milestones | .listen < .connected and .connected <= .first_accept and .first_accept < .first_byte'
	holds '.runs[0].uncertainty_ns == 0'
}

# The process that listened is in the tree, is what the row says, and has the milestone's exec.
listener_is() {
	local pid
	pid=$(records "$1" LISTEN | awk '/ local_port=8080/ { split($2, t, "/"); print t[1]; exit }')
	[ -n "$pid" ]
	holds ".runs[0].tree[] | select(.pid == $pid) | .argv[0] | endswith(\"$2\")"
}

@test "--all: status 0, rows in the canonical order, what is not here says so" {
	[ "$(cat "$SESSION.status")" -eq 0 ] || { tail -n 30 "$SESSION.err"; false; }
	local rows
	rows=$(q '.scenarios[].name' | tr '\n' ' ')
	[[ $rows =~ ^native\ runc\ gvisor\ (kata-qemu|qemu)\ (kata-fc|firecracker)\ wasm\  ]] || { echo "$rows"; false; }
	holds '.scenarios | map(select(.status == "unavailable")) | all((.reason | length > 5) and (.advice | length > 5) and (.runs | length == 0))'
	holds '.scenarios | map(select(.name == "qemu" and .status == "ok")) | all(.stands_for == "kata-qemu")'
	holds '.scenarios | all(.boundary == "none" or .boundary == "shared kernel" or .boundary == "user-space kernel" or .boundary == "VM" or .boundary == "WASM sandbox" or .status == "unavailable")'
	holds '.environment | .kernel and .cpu and .cpus > 0 and .kvm and .cgroup and .started and (.options | startswith("coldprof --all"))'
}

@test "--all leaves the host as it was" {
	same "$(cat "$SESSION.before")" "$(cat "$SESSION.after")" "the host has changed"
	no_leftovers "$(cat "$SESSION.pid")"
}

@test "native" {
	ran native
	visible
	answered native
	listener_is native /service
	# No runtime: the service is what is executed.
	holds '.runs[0].milestones | .exec > 0 and .service_exec == .exec'
	holds '.runs[0].memory.settled.processes | length == 1'
}

@test "runc" {
	ran runc
	visible
	answered runc
	listener_is runc /service
	holds '.runs[0].milestones | .service_exec > .exec and .service_exec < .listen'
	holds '.runtime.version | startswith("runc version")'
	# runc itself stays, and waits.
	holds '.runs[0].memory.settled.processes | length == 2'
}

@test "crun" {
	ran crun
	visible
	answered crun
	listener_is crun /service
	holds '.runs[0].milestones | .service_exec > .exec and .service_exec < .listen'
}

@test "containerd-runc: daemon, shim, runtime and service are one tree" {
	ran containerd-runc
	visible
	answered containerd-runc
	listener_is containerd-runc /service
	# The daemon by adoption, the shim as its descendant, though it was double-forked.
	holds '.runs[0].tree | map(select(.adopted)) | length == 1 and .[0].adopted.how == "daemon" and .[0].comm == "containerd"'
	holds '.runs[0].tree | (map(select(.adopted))[0].pid) as $daemon | map(select(.comm == "containerd-shim")) | length >= 2 and .[0].ppid == $daemon'
	holds '.runs[0].memory.settled.processes | map(.comm) | contains(["containerd", "containerd-shim", "service"])'
	holds '.runs[0].phases | map(.name) | contains(["shim start", "shim serves", "runc create", "service start-up"])'
	holds '.runtime.version | test("containerd.*runc")'
}

# What the host can see of gVisor with its own network stack.
gvisor_guest() {
	holds '.runs[0] | .milestones.service_exec == null and (.milestones_why.service_exec | contains("gVisor"))'
	holds '.runs[0].milestones | .listen != null and .first_accept != null and .listen < .first_accept and .first_accept < .first_byte'
}

@test "gvisor: systrap, its own network stack" {
	ran gvisor
	gvisor_guest
	# The stub's trap is the call's entry; how it returns is not to be seen.
	holds '.runs[0].milestones_note | (.listen | contains("gVisor")) and (.first_accept | contains("gVisor"))'
	answered gvisor
	holds '.boundary == "user-space kernel"'
}

# one RUNTIME OPTION...: a session of one run of it, checked as the others.
one() {
	local name=$1 file=$BATS_TEST_TMPDIR/one
	shift
	need_runtime "$name"
	ours_ends 0 --runtime "$name" -n 1 --warmup 0 --requests 3 --settle 50 -o "$file.coldprof" --json "$file.json" "$@"
	ran "$name" "$file.json"
	answered "$name" "$file.coldprof"
}

@test "gvisor --host-network: listen and accept are the host's" {
	one gvisor --host-network
	holds '.runs[0].milestones | .listen != null and .first_accept != null and .listen < .connected and .connected <= .first_byte'
}

@test "gvisor --platform ptrace" {
	one gvisor --platform ptrace
	gvisor_guest # and here its return is seen: no note
}

@test "gvisor --platform ptrace --host-network" {
	one gvisor --platform ptrace --host-network
	holds '.runs[0].milestones | .listen != null and .first_accept != null'
}

@test "qemu: what is in the guest is not guessed" {
	ran qemu
	answered qemu
	holds '.runs[0] | .milestones.listen == null and .milestones.first_accept == null and .milestones.service_exec == null'
	holds '.runs[0] | [.milestones_why[]] | all(contains("guest"))'
	holds '.runs[0] | .milestones_between.first_accept[1] == .milestones.first_byte'
	holds '.accel | startswith("tcg") or startswith("kvm")'
	holds '.runs[0].uncertainty_ns > 0 and .runs[0].uncertainty_ns < .runs[0].cold_start_ns / 10'
	# An emulated guest is labelled so in the table's every line about it.
	if [[ $(q .accel) == tcg* ]]; then
		[ "$(grep -cE '^qemu ' "$SESSION.out")" -ge 3 ]
		[ "$(grep -cE '^qemu \(TCG\)' "$SESSION.out")" -eq "$(grep -cE '^qemu ' "$SESSION.out")" ]
		grep -q 'not a KVM number' "$SESSION.out"
	fi
}

@test "wasm: the service is a module in the runtime's process" {
	ran wasm
	visible
	answered wasm
	holds '.runs[0] | .milestones.service_exec == null and (.milestones_why.service_exec | contains("module"))'
	holds '.boundary == "WASM sandbox"'
}

@test "wasm-cached: compiled before, so no run does it" {
	ran wasm-cached
	visible
	answered wasm-cached
	need_runtime wasm
	JSON=$SESSION.json
	# Not "sooner": where system calls are slow, wazero reads its cache as long as it would compile.
	compiles='any(.runs[].findings[]; .name == "jit-no-cache")'
	holds ".scenarios[] | select(.name == \"wasm\") | $compiles"
	holds ".scenarios[] | select(.name == \"wasm-cached\") | $compiles | not"
}

# In the median of three runs: two more where the session's one has more, so that this takes no time
# as a rule. On a nested host that is busy the kernel changes to a task without telling now and then.
@test "no more than 0.5 % of any runtime's cold start is unexplained" {
	local name dark='[.ledger[] | select(.state == "unexplained") | .ns] | add // 0'
	local more
	for name in $(q '.scenarios[] | select(.status == "ok") | .name'); do
		more=$BATS_TEST_TMPDIR/$name
		q ".scenarios[] | select(.name == \"$name\") | .runs[] | ($dark) / .cold_start_ns" >"$more.shares"
		if jq -e '. > 0.005' "$more.shares" >/dev/null; then
			ours_ends 0 --runtime "$name" -n 2 "${QUICK[@]}" -o "$more.coldprof"
			report "$more.coldprof" >"$more.json"
			sums_up '.scenarios[0].runs[]' "$more.json"
			q ".scenarios[0].runs[] | ($dark) / .cold_start_ns" "$more.json" >>"$more.shares"
		fi
		jq -se 'sort | .[length / 2 | floor] <= 0.005' "$more.shares" >/dev/null || {
			echo "$name: $(tr '\n' ' ' <"$more.shares")"
			return 1
		}
	done
}

@test "report gives the numbers of the live run, byte for byte" {
	report "$SESSION.coldprof" | cmp - "$SESSION.json"
	"$COLDPROF" report "$SESSION.coldprof" | diff "$SESSION.out" -
}

# nobody COMMAND...: as an unprivileged user, with a program and a file that such a one can reach.
nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

@test "and so it does to an unprivileged user" {
	local dir
	dir=$(mktemp -d)
	chmod 755 "$dir"
	cp "$COLDPROF" "$SESSION.coldprof" "$dir"
	chmod 644 "$dir/session.coldprof"
	nobody "$dir/coldprof" report "$dir/session.coldprof" --format json >"$BATS_TEST_TMPDIR/json"
	nobody "$dir/coldprof" report "$dir/session.coldprof" >"$BATS_TEST_TMPDIR/text"
	rm -r "$dir"
	cmp "$BATS_TEST_TMPDIR/json" "$SESSION.json"
	diff "$BATS_TEST_TMPDIR/text" "$SESSION.out"
}

@test "a recording that is cut off is read up to there, and says so" {
	local size cut kept=0 file=$BATS_TEST_TMPDIR/cut.coldprof
	size=$(stat -c %s "$SESSION.coldprof")
	RANDOM=4711
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		cut=$((size - 1 - (RANDOM * 32768 + RANDOM) % (size - 1)))
		[ "$i" -gt 1 ] || cut=$((size - 1))
		head -c "$cut" "$SESSION.coldprof" >"$file"
		run "$COLDPROF" report "$file"
		[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || { echo "cut at $cut: status $status"; false; }
		if [ "$status" -eq 2 ]; then # not even the first chunk: a sentence
			[[ $output == coldprof:* ]]
			continue
		fi
		[[ $output == *"not whole"* ]]
		report "$file" >"$file.json" 2>/dev/null
		holds '.incomplete | length > 5' "$file.json"
		# What is there whole is what it was.
		same "$(jq -c '[.scenarios[] | .name as $name | .runs[] | select(.status == "ok") | [$name, .milestones, .memory]]' "$file.json")" \
			"$(jq -c --argjson n "$(jq '[.scenarios[].runs[] | select(.status == "ok")] | length' "$file.json")" \
			'[.scenarios[] | .name as $name | .runs[] | [$name, .milestones, .memory]] | .[:$n]' "$SESSION.json")" "cut at $cut"
		kept=$((kept + $(jq '[.scenarios[].runs[] | select(.status == "ok")] | length' "$file.json")))
	done
	[ "$kept" -gt 6 ] # the cuts were not all before the first run
}

@test "runs are interleaved: A B A B" {
	local file=$BATS_TEST_TMPDIR/i.coldprof
	need_runtime crun
	ours_ends 0 --runtime native,crun -n 2 --warmup 1 --requests 0 --settle 0 -o "$file"
	[ "$("$COLDPROF" dump "$file" | awk '$3 == "RUN_BEGIN"' | grep -o 'scenario=[0-9]' | tr -d '\n')" = scenario=1scenario=2scenario=1scenario=2scenario=1scenario=2 ]
	report "$file" >"$BATS_TEST_TMPDIR/json"
	JSON=$BATS_TEST_TMPDIR/json
	holds '.scenarios | all((.runs | length == 2) and (.warmup_runs | length == 1) and .summary.cold_start_ns.n == 2)'
}
