#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Memory of known amounts: what a process maps and touches is what the recording says, to the page.

load lib

MAP=$BUILD/fixture/memory_map
TOYVMM=$BUILD/fixture/toyvmm

setup_file() {
	export WHY_NOT JSON OTHER
	WHY_NOT=$(why_no_tracing)
	[ -z "$WHY_NOT" ] || return 0
	JSON=$BATS_FILE_TMPDIR/a.json OTHER=$BATS_FILE_TMPDIR/b.json
	mapped "$JSON" anon=5000 private=3000 written=2000 shared=1000 memfd=4000 three=6000 freed=9000
	mapped "$OTHER" anon=9000 private=3000 written=2000 shared=1000 memfd=4000 three=6000 freed=9000
}

setup() {
	need_tracing
}

# mapped JSON WORD...: one run of the fixture, its files on a disk. Every address is the same each time:
# where the stack or the heap begins in its page would make a page or two of difference.
mapped() {
	local json=$1
	shift
	setarch -R "$COLDPROF" run --boxed -n 1 "${QUICK[@]}" -o "$json.coldprof" --force --json "$json" -- \
		"$MAP" "dir=$BUILD" "$@" serve=8080 >"$json.out" 2>&1 || {
		tail -n 20 "$json.out"
		return 1
	}
}

# memory JSON FILTER: jq on the memory of its run, with these at hand: service (the process that
# mapped all), of(KIND; NAME): RSS of its mappings of a kind whose name holds NAME, near(A; B).
memory() {
	jq -e '.scenarios[0].runs[0].memory
		| (.settled.processes | max_by(.rss)) as $service
		| def of($kind; $name): [$service.mappings[] | select(.kind == $kind and ((.name // "") | contains($name))) | .rss] | add // 0;
		  def near($a; $b): (($a - $b) | fabs) <= 4096;
		  '"$2" "$1" >/dev/null || {
		echo "not so: $2"
		jq -c '.scenarios[0].runs[0].memory.settled | del(.processes[].mappings)' "$1"
		jq -c '.scenarios[0].runs[0].memory.settled.processes[].mappings[]' "$1"
		return 1
	}
}

@test "a file mapped privately and read, another written to, another shared: to the page" {
	memory "$JSON" 'near(of("file data"; "memory_map.private"); 3000 * 1024)'
	memory "$JSON" 'near(of("file data"; "memory_map.written"); 2000 * 1024)'
	memory "$JSON" '[$service.mappings[] | select((.name // "") | contains("memory_map.written")) | .anon] | near(add; 2000 * 1024)'
	memory "$JSON" 'near(of("shared file"; "memory_map.shared"); 1000 * 1024)'
}

@test "anonymous memory: 4000 KiB more are 4000 KiB more" {
	local a b
	a=$(jq '.scenarios[0].runs[0].memory.settled.processes | max_by(.rss) | .rss_classes.anon' "$JSON")
	b=$(jq '.scenarios[0].runs[0].memory.settled.processes | max_by(.rss) | .rss_classes.anon' "$OTHER")
	echo "$a $b"
	[ $((b - a)) -eq $((4000 * 1024)) ]
}

@test "a memfd is shmem, to the page" {
	memory "$JSON" 'near(of("shmem"; "memfd:memfd"); 4000 * 1024)'
	memory "$JSON" 'near($service.rss_classes.shmem; 10000 * 1024)'
}

@test "what three processes share counts once in PSS, three times in RSS" {
	memory "$JSON" '.settled.processes | length == 3'
	memory "$JSON" 'near(.settled.classes.shmem; 10000 * 1024)'
	memory "$JSON" 'near(.settled.rss_classes.shmem; 22000 * 1024)'
}

@test "the classes sum to the process, the mappings too, the processes to the tree: exactly" {
	local file
	for file in "$JSON" "$OTHER"; do
		memory "$file" '[.first_byte, .settled] | all(
			(.classes | .anon + .file + .shmem + .guest_ram) == .pss
			and (.rss_classes | add) == .rss
			and ([.processes[].pss] | add) == .pss and ([.processes[].rss] | add) == .rss
			and ([.processes[].uss] | add) == .uss)'
		memory "$file" '[.first_byte, .settled] | all(.processes | all(
			(.classes | .anon + .file + .shmem + .guest_ram) == .pss
			and (.rss_classes | add) == .rss
			and ([.mappings[].pss] | add) == .pss and ([.mappings[].rss] | add) == .rss))'
	done
}

@test "memory that is gone before the first byte is the peak" {
	memory "$JSON" '.peak.rss > .first_byte.rss and .peak.rss > .settled.rss'
	# All of it, and nothing that came or went beside it but some pages of the service itself.
	memory "$JSON" '(.peak.rss_classes.anon - .first_byte.rss_classes.anon) as $d | $d >= 8900 * 1024 and $d <= 9004 * 1024'
	memory "$JSON" '.peak.at_ns < .first_byte.at_ns'
}

@test "memory that is given back at once, or goes with its process, is in the peak to the page" {
	local json=$BATS_TEST_TMPDIR/gone.json
	mapped "$json" gone=7000
	memory "$json" '(.peak.rss_classes.anon - .first_byte.rss_classes.anon) as $d | $d >= 6990 * 1024 and $d <= 7040 * 1024'
	mapped "$json" brief=7000
	memory "$json" '(.peak.rss_classes.anon - .first_byte.rss_classes.anon) as $d | $d >= 6990 * 1024 and $d <= 7400 * 1024'
	# The kernel's own mark is late by what each CPU keeps back, and never more than what we saw.
	memory "$json" '.timeline.processes | all((.high_water_rss // 0) <= .peak_rss + 786432)'
}

@test "the peak ends before our own requests: what they do is growth under load" {
	local json=$BATS_TEST_TMPDIR/load.json
	"$COLDPROF" run --boxed -n 1 --warmup 0 --settle 50 --requests 20 -o "$json.coldprof" --json "$json" -- \
		"$MAP" anon=3000 leak=1000 serve=8080 >"$json.out" 2>&1
	memory "$json" '.peak.rss < 8000 * 1024 and .peak.at_ns <= .settled.at_ns'
	memory "$json" '.timeline.processes | all(.peak_rss < 8000 * 1024)'
	memory "$json" '(.loaded.rss - .settled.rss) as $d | $d >= 19900 * 1024 and $d <= 20500 * 1024'
	memory "$json" '.loaded | (.rss_classes | add) == .rss and ([.processes[].rss] | add) == .rss'
	# Of the requests nothing is in the faults of the start.
	memory "$json" '(.timeline.faults | .minor + .major) < 1500'
}

@test "after the first byte no record is lost, however often the task sleeps" {
	local json=$BATS_TEST_TMPDIR/after.json
	"$COLDPROF" run --boxed -n 1 --warmup 0 --settle 1500 --requests 0 -o "$json.coldprof" --json "$json" -- \
		"$MAP" after=4000 serve=8080 >"$json.out" 2>&1
	memory "$json" '(.settled.rss - .first_byte.rss) as $d | $d >= 3000 * 1024 and $d <= 4100 * 1024'
	memory "$json" '.timeline | (.faults | .minor + .major) >= 1000 and .records_left_out == null'
	[ "$(uname -m)" = x86_64 ] || return 0 # faults are told apart there only
	memory "$json" '.timeline.faults.anon | . >= 1000 and . <= 1030'
}

@test "the timeline ends with what the snapshot says, in classes, to a few pages" {
	memory "$JSON" '.timeline.processes | max_by(.peak_rss) | .points | map(select(.[1] > 0)) | length > 2'
	memory "$JSON" '.first_byte.at_ns as $t | (.timeline.points | map(select(.[0] <= $t)) | last) as $p
		| (($p[1] - .first_byte.rss_classes.anon) | fabs) <= 65536
		and (($p[3] - .first_byte.rss_classes.shmem) | fabs) <= 65536'
}

@test "page faults: every page that was touched is one of its kind, kind by kind" {
	[ "$(uname -m)" = x86_64 ] || skip "faults are told apart on x86-64 only"
	local old=$BUILD/fixture/old.$$ json=$BATS_TEST_TMPDIR/kinds.json base=$BATS_TEST_TMPDIR/base.json
	head -c $((600 * 4096)) /dev/zero >"$old"
	mapped "$base"
	mapped "$json" anon=3000 written=2000 copied=1600 marked=2800 "old=$old" memfd=1200
	rm "$old"
	# What the fixture itself does is taken off; a few pages of its own more or less remain.
	BASE=$(jq -c '.scenarios[0].runs[0].memory.timeline.faults' "$base")
	kind() {
		memory "$json" "(.timeline.faults.$1 - ($BASE).$1) as \$n | \$n >= $2 and \$n <= $3"
	}
	kind anon 748 766
	# 500 pages of a file written to before they were there, 400 that had been read.
	kind copy_on_write 898 912
	# 700 shared pages that became writable; they and the 400 came in 16 at a time.
	kind file_minor 700 800
	# Now and then the kernel brings in a few pages at once; its own count knows.
	kind file_major 400 604
	memory "$json" '.timeline.faults | .file_major == .major'
	# … and all before the first byte, so they are what the page cache did not have.
	cached() {
		jq '.scenarios[0].runs[0].disk.page_cache' "$1"
	}
	jq -en --argjson a "$(cached "$base")" --argjson b "$(cached "$json")" '$b.misses - $a.misses | . >= 400 and . <= 604'
	jq -en --argjson a "$(cached "$base")" --argjson b "$(cached "$json")" '$b.hits - $a.hits | . >= 700 and . <= 800'
	kind shmem 300 302
	kind guest_ram 0 0
	kind other 0 60
	# A fault that is begun anew is seen twice and counted once.
	memory "$json" '.timeline.faults | .minor + .major + 32 >= .anon + .file_minor + .file_major + .shmem + .copy_on_write'
}

@test "page faults by process, phase and kind: the cells add up, kind by kind" {
	local file
	for file in "$JSON" "$OTHER"; do
		memory "$file" 'def sum: map(to_entries) | add // [] | group_by(.key) | map({ key: .[0].key, value: (map(.value) | add) }) | from_entries;
			def some: with_entries(select(.value > 0));
			.timeline | (.phases | all(([.processes[].faults] | sum | some) == (.faults | some)))
			and (([.processes[].faults] | sum | some) == (.faults | some))
			and (.phases | any((.processes | length) > 0))'
	done
	[ "$(uname -m)" = x86_64 ] || return 0 # faults are told apart there only
	# Of the fixture's own pages, most are of the process that touched them, before it listened.
	memory "$JSON" '[.timeline.phases[].processes[] | .faults.anon + .faults.copy_on_write] | max >= 3000'
}

@test "PSS at a peak between the snapshots: no more than RSS, no less than what nobody can share" {
	memory "$JSON" '.peak | .pss_at_most == .rss and .pss_at_least <= .pss_estimate and .pss_estimate <= .pss_at_most'
	# 9000 KiB that are gone later, 5000 anon and 2000 written are one process's own.
	memory "$JSON" '.peak.pss_at_least >= 15500 * 1024'
}

@test "--no-memory-timeline loads none of its probes and keeps the snapshots" {
	"$COLDPROF" run --boxed -n 1 "${QUICK[@]}" --no-memory-timeline -o "$BATS_TEST_TMPDIR/n.coldprof" -- "$MAP" anon=100 serve=8080 >/dev/null 2>&1
	run "$COLDPROF" dump "$BATS_TEST_TMPDIR/n.coldprof"
	[[ "$output" == *MEMORY_PROCESS* ]]
	[[ "$output" != *" RSS "* ]]
	[[ "$output" != *on_fault_user* ]]
}

@test "huge pages are told apart from RSS" {
	local before
	before=$(cat /proc/sys/vm/nr_hugepages 2>/dev/null) || skip "no huge pages here"
	echo $((before + 3)) >/proc/sys/vm/nr_hugepages 2>/dev/null || skip "huge pages cannot be reserved"
	[ "$(awk '$1 == "HugePages_Free:" { print $2 }' /proc/meminfo)" -ge 3 ] || {
		echo "$before" >/proc/sys/vm/nr_hugepages
		skip "no memory for 3 huge pages"
	}
	mapped "$BATS_TEST_TMPDIR/h.json" hugetlb=6144 || { echo "$before" >/proc/sys/vm/nr_hugepages; false; }
	echo "$before" >/proc/sys/vm/nr_hugepages
	memory "$BATS_TEST_TMPDIR/h.json" '.settled.hugetlb == 6144 * 1024'
	memory "$BATS_TEST_TMPDIR/h.json" '.settled.rss < 4194304'
	memory "$BATS_TEST_TMPDIR/h.json" '$service.mappings | any(.kind == "hugetlb" and .hugetlb == 6144 * 1024)'
}

# vm WORD...: the toy VMM with 64 MiB of guest RAM.
vm() {
	VM=$BATS_TEST_TMPDIR/vm.json
	"$TOYVMM" ram=1 out=0x80:1 >"$BATS_TEST_TMPDIR/probe" 2>&1 || skip "$(cat "$BATS_TEST_TMPDIR/probe")"
	"$COLDPROF" run --boxed -n 1 "${QUICK[@]}" -o "$VM.coldprof" --force --json "$VM" -- "$TOYVMM" ram=64 "$@" serve=8080 >"$VM.out" 2>&1 || {
		tail -n 20 "$VM.out"
		return 1
	}
}

@test "64 MiB of guest RAM, 10 MiB of it touched: 10 MiB guest RAM, the rest is the VMM's" {
	vm touch=10 out=0x80:3
	# The one slot may have one page more: where the guest's own code was put.
	memory "$VM" '.settled.guest_ram | .told_by == "slots" and .given == 64 * 1048576 and near(.touched; 10 * 1048576)'
	memory "$VM" 'near(.settled.classes.guest_ram; 10 * 1048576)'
	memory "$VM" '.settled.vmm_pss == .settled.pss - .settled.classes.guest_ram'
	memory "$VM" '.settled.vmm_pss < 4194304'
	memory "$VM" '.settled.as_others_count.firecracker_rss == .settled.rss - .settled.rss_classes.guest_ram'
}

@test "faults in guest RAM: the VMM's and those that KVM takes upon itself, one by one" {
	[ "$(uname -m)" = x86_64 ] || skip "faults are told apart on x86-64 only"
	vm touch=10 late=5 mmio=0x2000000:1 mmio=0x2800000:1 out=0x80:3
	memory "$VM" '.timeline.faults.guest_ram | . >= 1282 and . <= 1290'
	memory "$VM" '.timeline.faults.anon | . >= 2560 and . <= 2600'
	memory "$VM" '.settled.guest_ram.touched | near(.; 15 * 1048576 + 8192)'
}

@test "a VM's peak between the snapshots is split into guest RAM and VMM" {
	local back
	for back in anon memfd; do
		vm touch=10 late=5 spare=20 back=$back out=0x80:3
		memory "$VM" '.peak.at_ns < .first_byte.at_ns and .peak.guest_ram.told_by == "slots"'
		memory "$VM" 'near(.peak.rss_classes.guest_ram; 15 * 1048576) and .peak.guest_ram.touched == .peak.rss_classes.guest_ram'
		memory "$VM" '(.peak.rss_classes | add) == .peak.rss and .peak.vmm_rss == .peak.rss - .peak.rss_classes.guest_ram'
		memory "$VM" '.peak.vmm_rss >= 20 * 1048576 and .peak.vmm_rss < 24 * 1048576'
		memory "$VM" '.peak.rss_classes.shmem < 65536 and .peak.pss_at_least >= 35 * 1048576 - 65536'
	done
}

@test "without KVM: the faults of QEMU's guest are the guest's" {
	need_runtime qemu
	[ "$(uname -m)" = x86_64 ] || skip "faults are told apart on x86-64 only"
	"$COLDPROF" --runtime qemu --accel tcg -n 1 "${QUICK[@]}" -o "$BATS_TEST_TMPDIR/q.coldprof" --json "$BATS_TEST_TMPDIR/q.json" >/dev/null 2>&1
	memory "$BATS_TEST_TMPDIR/q.json" '.first_byte.guest_ram.told_by == "size" and .timeline.faults.guest_ram >= 20'
	memory "$BATS_TEST_TMPDIR/q.json" '.peak.rss_classes.guest_ram >= .first_byte.rss_classes.guest_ram / 2'
}

@test "guest RAM in a memfd is guest RAM, not shmem" {
	vm touch=10 back=memfd out=0x80:3
	memory "$VM" '.settled.guest_ram | .told_by == "slots" and near(.touched; 10 * 1048576)'
	memory "$VM" '.settled.classes.shmem < 65536'
}

@test "a helper that maps the guest's memory has guest RAM, and each page of it counts once" {
	vm touch=10 late=2 helper=5 back=memfd out=0x80:3
	memory "$VM" '.settled.processes | length == 2'
	memory "$VM" '.settled.guest_ram | .told_by == "slots" and .given == 64 * 1048576 and near(.touched; 17 * 1048576)'
	memory "$VM" '.settled.classes.shmem < 65536 and near(.settled.classes.guest_ram; 17 * 1048576)'
	memory "$VM" '.settled.processes | map(.guest_ram.told_by) | sort == ["another\u0027s", "slots"]'
	memory "$VM" '.settled.processes[] | select(.guest_ram.told_by != "slots") | near(.rss_classes.guest_ram; 5 * 1048576) and .guest_ram.given == 0'
	memory "$VM" '.settled.vmm_pss < 4194304'
}

@test "real runtimes: sums are exact, gVisor's parts have their roles, runc's cgroup its charge" {
	local names=native sums
	has_runtime runc && names+=,runc
	has_runtime gvisor && names+=,gvisor
	"$COLDPROF" --runtime "$names" -n 2 "${QUICK[@]}" -o "$BATS_TEST_TMPDIR/r.coldprof" --json "$BATS_TEST_TMPDIR/r.json" >/dev/null 2>&1
	sums='[.scenarios[].runs[].memory | .first_byte, .settled] | all(
		(.classes | .anon + .file + .shmem + .guest_ram) == .pss and (.rss_classes | add) == .rss
		and ([.processes[] | select(.shares_mm_with | not) | .pss] | add) == .pss
		and (.processes | all((.classes | .anon + .file + .shmem + .guest_ram) == .pss
			and (.mappings == null or ([.mappings[].pss] | add) == .pss))))'
	jq -e "$sums" "$BATS_TEST_TMPDIR/r.json" >/dev/null
	if has_runtime gvisor; then
		jq -e '.scenarios[] | select(.name == "gvisor") | .runs | all([.memory.settled.processes[].role]
			| contains(["gofer", "sandbox", "systrap stub"]))' "$BATS_TEST_TMPDIR/r.json" >/dev/null
		jq -e '.scenarios[] | select(.name == "gvisor") | .runs | all([.memory.settled.processes[].mappings // [] | .[].name // ""]
			| any(contains("memfd:runsc-memory")))' "$BATS_TEST_TMPDIR/r.json" >/dev/null
	fi
	if has_runtime runc && grep -qw memory /proc/cgroups; then
		jq -e '.scenarios[] | select(.name == "runc") | .runs | all(.memory.settled
			| .cgroup_charge > 0 and .cgroup.cgroups[0].processes >= 1
			and .as_others_count.docker_stats <= .cgroup_charge)' "$BATS_TEST_TMPDIR/r.json" >/dev/null
	fi
	jq -e '.scenarios[] | select(.name == "native") | .runs | all(.memory.settled | .cgroup_charge == null and .cgroup.why_not != null)' "$BATS_TEST_TMPDIR/r.json" >/dev/null
}
