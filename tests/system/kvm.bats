#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# A real KVM and a guest that does exactly what it is told: what coldprof counts must be that, every
# time. On the host where /dev/kvm can be used, and in a guest with an emulated SVM everywhere.

load lib
load nested

# toy NAME PREFIX OUT WORD...: a script that runs the toy 20 times, and prints what of the report is looked at: one line of JSON each.
toy() {
	local name=$1 prefix=$2 out=$3$1
	shift 3
	cat <<-END
		coldprof run --no-samples --warmup 0 --requests 0 --settle 0 -n 20 --port 8080 -o $out.coldprof --json $out.json -- \\
			$prefix $* truth=$out.truth serve=8080 >$out.text 2>$out.err || cat $out.text $out.err
		jq -Mc '.environment | { kvm, kvm_tracepoints }' $out.json
		jq -Mc '.scenarios[0].runs[] | { toy: "$name", status, lost_events, cold_start_ns, phases, given: .memory.first_byte.guest_ram.given, vm: (.vm | .ioctls = (.setup.ioctls | map({ (.name): .count }) | add) |
			.slots = (.setup.slots | map(.bytes)) | .backed = (.setup.slots | map([.bytes, .backing])) | .parts = .setup.backing | del(.setup)) }' $out.json
	END
}

# What the toy does: everything once; the same addresses by four vCPUs at once; halts that KVM handles itself.
toy_script() {
	toy exact "$1" "$2" ram=16 back=memfd touch=2 slots=3 second=1 out=0x80:523 out=0x2f8:211 in=0x64:37 mmio=0xfee00020:101 mmioin=0xfeb00070:53 \
		console=hello-from-the-guest hlt=7 haltms=1 mark=0xf4:6 mark=0xf5:1 spin=100000 mark=0xf4:7 \
		mark=0x3fb:0x83 mark=0x3f8:0x41 mark=0x3f9:0x42 mark=0x3fb:0x03 outs=by-one-instruction say=login:
	toy smp "$1" "$2" vcpus=4 out=0x80:211 in=0x64:101 out=0x2f8:97 mmio=0xfeb00070:53 mmioin=0xfeb00170:31 out=0x510:2 \
		"$(seq -s ' ' -f 'out=%g:1' 1792 1841)"
	toy halts "$1" "$2" khlt=20 mark=0xf4:6 out=0x80:300 mark=0xf4:7
}

# results KIND TOY: its lines; the runs only.
results() {
	grep "^{\"toy\":\"$2\"" "$BATS_FILE_TMPDIR/$1.out" >"$BATS_TEST_TMPDIR/$1.json" || true
	JSON=$BATS_TEST_TMPDIR/$1.json
}

setup_file() {
	export WHY_NOT WHY_NO_NESTED WHY_NO_KVM=
	WHY_NOT=$(why_no_tracing)
	[ -z "$WHY_NOT" ] || return 0
	WHY_NO_NESTED=$(why_no_nested)
	WHY_NO_KVM=$("$BUILD/fixture/toyvmm" out=0x80:1 truth=/dev/null 2>&1) || true
	if [ -z "$WHY_NO_KVM" ]; then
		toy_script "$BUILD/fixture/toyvmm" "$BATS_FILE_TMPDIR/host" >"$BATS_FILE_TMPDIR/host.sh"
		PATH=$(dirname "$COLDPROF"):$PATH sh "$BATS_FILE_TMPDIR/host.sh" >"$BATS_FILE_TMPDIR/host.out" 2>&1 </dev/null 3>&-
	fi
	if [ -z "$WHY_NO_NESTED" ]; then
		toy_script toyvmm /tmp/t >"$BATS_FILE_TMPDIR/nested.sh"
		nested "$BATS_FILE_TMPDIR/nested.sh" "$BATS_FILE_TMPDIR/nested.out"
	fi
}

setup() {
	need_tracing
}

# need_nested TOY, need_kvm TOY: look at that one's runs.
need_nested() {
	[ -z "$WHY_NO_NESTED" ] || skip "$WHY_NO_NESTED"
	results nested "$1"
	[ -s "$JSON" ] || { tail -n 20 "$BATS_FILE_TMPDIR/nested.out"; return 1; }
}

need_kvm() {
	[ -z "$WHY_NO_KVM" ] || skip "$WHY_NO_KVM"
	results host "$1"
	[ -s "$JSON" ] || { tail -n 20 "$BATS_FILE_TMPDIR/host.out"; return 1; }
}

# all FILTER: it holds for each of the 20 runs.
all_runs() {
	same 20 "$(jq -s "map(select($1)) | length" "$JSON")" "of 20 runs: $1" || { jq -Mc . "$JSON" | head -n 1; return 1; }
}

counts_are_exact() {
	all_runs '.status == "ok" and .lost_events == 0'
	# each address as often as the guest was told to; the truth of the toy is the same
	all_runs '.vm.addresses | map({ (.space + " " + (.address | tostring)): [.reads, .writes] }) | add ==
		{ "port 128": [0, 523], "port 760": [0, 211], "port 100": [37, 0], "port 1016": [0, 47], "port 1017": [0, 1], "port 1019": [0, 2], "port 244": [0, 2],
		  "port 245": [0, 1], "port 1281": [0, 1], "mmio 4276092960": [0, 101], "mmio 4272947312": [53, 0] }'
	all_runs '.vm.exits | map(select(.to == "vmm") | { (.reason): .count }) | add == { "io": 825, "mmio": 154, "hlt": 7 }'
	all_runs '.vm.vcpus | length == 1 and .[0].kvm_runs == 986 and .[0].userspace_exits == 986'
	all_runs '.vm.devices | map({ (.device): .exits }) | add | .serial == 261 and .post == 523 and .i8042 == 37 and ."boot marker" == 3'
}

smp_counts_are_exact() {
	all_runs '.status == "ok" and .lost_events == 0'
	# what four did to one address is counted once for each, whoever was first
	all_runs '.vm.addresses | map(select(.address < 1792 or .address > 1841) | { (.space + " " + (.address | tostring)): [.reads, .writes] }) | add ==
		{ "port 128": [0, 844], "port 100": [404, 0], "port 760": [0, 388], "port 1296": [0, 8], "port 1281": [0, 4],
		  "mmio 4272947312": [0, 212], "mmio 4272947568": [124, 0] }'
	all_runs '.vm.addresses | map(select(.address >= 1792 and .address <= 1841) | .writes) | . == [range(50) | 4]'
	all_runs '.vm.exits | map(select(.to == "vmm") | { (.reason): .count }) | add == { "io": 1848, "mmio": 336 }'
	all_runs '.vm.vcpus | length == 4 and all(.kvm_runs == 546 and .userspace_exits == 546)'
}

# Of every vCPU, as a whole and phase by phase; what exits took is part of it.
the_ledger_sums() {
	all_runs '.vm.vcpus | all((.ledger | add) == .end_ns - .first_run_ns)'
	all_runs '.vm.vcpus | all(. as $v | [$v.phases[].ledger | add] | add == $v.end_ns - $v.first_run_ns)'
	all_runs '.phases as $phases | .vm.vcpus | all(. as $v | $v.phases | all(.name as $name | (.ledger | add) ==
		([$phases[] | select(.name == $name) | ([.end_ns, $v.end_ns] | min) - ([.start_ns, $v.first_run_ns] | max)] | add)))'
	# a state's parts are rounded where a phase ends between two points
	all_runs '.vm.vcpus | all(. as $v | $v.ledger | to_entries | all(.key as $k | (.value - ([$v.phases[].ledger[$k]] | add)) | fabs < 100))'
	# (a thread that the first byte finds alive has its ledger cut there, by shares of 10 ms)
	all_runs '.cold_start_ns as $cold | any(.vm.vcpus[]; .end_ns >= $cold) or (.vm.vcpus | map(.ledger.vmm) | add) >= (.vm.exits | map(select(.to == "vmm") | .vmm_ns) | add)'
	all_runs '.cold_start_ns as $cold | any(.vm.vcpus[]; .end_ns >= $cold) or .vm.guest_includes_kernel or (.vm.vcpus | map(.ledger.kernel) | add) >= (.vm.exits | map(select(.to == "kernel") | .kernel_ns) | add)'
	all_runs '.cold_start_ns as $cold | any(.vm.vcpus[]; .end_ns >= $cold) or (.vm.vcpus | map(.ledger.kernel + .ledger.guest) | add) >= (.vm.exits | map(select(.to == "vmm") | .kernel_ns) | add)'
	# what the devices took is part of that
	all_runs '(.vm.devices | map(.vmm_ns) | add) as $devices | (.vm.exits | map(select(.to == "vmm") | .vmm_ns) | add) >= $devices'
}

# seven halts of a millisecond each, which the VMM sleeps
the_vmm_halts() {
	all_runs '.vm.vcpus[0].ledger | .guest > 0 and .vmm > 0 and .halted >= 7000000'
}

# Halts that never reach the VMM: the vCPU sleeps, and nobody works.
kvm_halts() {
	all_runs '.status == "ok" and .lost_events == 0'
	all_runs '.vm.exits | map(select(.to == "vmm") | { (.reason): .count }) | add == { "io": 303 }'
	all_runs '.vm.vcpus | length == 1 and .[0].ledger.halted > 0'
	# the timer's and the controller's ports are KVM's own; the handler tells the controller of each tick
	all_runs '.vm.addresses | map({ (.address | tostring): .writes }) | add | ."33" == 4 and ."67" == 1 and ."64" == 2 and ."32" >= 21'
	all_runs '.vm.addresses | map(select(.address < 128) | .vmm_ns) | add == 0'
}

# More POST codes than are kept are counted, and take no room from the boot's own markers.
marks_are_counted() {
	all_runs '.vm.marks | map(select(.address == 244) | .value) == [6, 7]'
	all_runs '(.vm.marks | map(select(.address == 128 and .value == 6)) | length) == 256'
	all_runs '.vm.marks_dropped == 44'
}

setup_is_told() {
	all_runs '.vm.ioctls | .KVM_CREATE_VM == 2 and .KVM_CREATE_VCPU == 1 and .KVM_SET_USER_MEMORY_REGION == 6 and .KVM_RUN == null'
	# the one that KVM refused is nowhere; two VMs have a slot 0 each
	all_runs '.vm.slots | sort == [4096, 4096, 4096, 2097152, 16777216]'
	all_runs '.vm.backed | sort == [[4096, "anon"], [4096, "anon"], [4096, "anon"], [2097152, "anon"], [16777216, "memfd"]]'
	all_runs '.given == 16777216 + 2097152 + 3 * 4096'
	# of a mapping that a slot covers in part: that part
	all_runs '.vm.parts | map(select(.bytes == 2097152) | .rss) == [1572864]'
	all_runs '.vm.parts | map(.bytes) | add == 16777216 + 2097152 + 3 * 4096'
}

guest_is_heard() {
	# not the divisor's bytes; of the last line, which never ends, what there was of it
	all_runs '.vm.console | .source == "port 0x3f8" and (.text | map(.text)) == ["hello-from-the-guest", "by-one-instruction", "login:"] and .bytes == 46'
	all_runs '.vm.marks | map([.address, .value]) == [[244, 6], [245, 1], [244, 7]]'
	all_runs '.vm.marks | map(.meaning) == ["user space starts", "firmware starts", "service starts"]'
}

# What the kernel took for a read of a port is told by kvm_exit, or not at all: never 0.
reads_are_told_or_not() {
	all_runs '(.vm.isa == null) as $blind | .vm.devices[] | select(.device == "i8042") | if $blind then .kernel_ns == null and .kernel_untold == 37 else .kernel_ns > 0 and .kernel_untold == null end'
	all_runs '(.vm.isa == null) as $blind | .vm.addresses[] | select(.address == 100) | if $blind then .kernel_ns == null and .kernel_untold == 37 else .kernel_ns > 0 and .kernel_untold == null end'
	# reads of memory are told when they begin, and so is every write
	all_runs '.vm.addresses | map(select(.address != 100)) | all(.kernel_ns > 0 and .kernel_untold == null)'
}

@test "a real KVM: what nobody knows of reads of ports is not shown as 0" {
	need_kvm exact
	reads_are_told_or_not
	local page=$BATS_FILE_TMPDIR/hostexact
	"$COLDPROF" report "$page.coldprof" >"$page.page"
	"$COLDPROF" export "$page.coldprof" --format html -o "$page.html"
	if [ "$(jq -s '.[0].vm.isa == null' "$JSON")" = true ]; then
		grep -Eq '^ +i8042 +37 +- +[0-9]' "$page.page"
		grep -q 'kvm_exit did not fire on this host' "$page.page"
		grep -q 'kvm_exit did not fire on this host' "$page.html"
	else
		grep -Eq '^ +i8042 +37 +[0-9.]+ ms +[0-9]' "$page.page"
		run ! grep -q 'kvm_exit did not fire' "$page.page"
	fi
}

@test "nested SVM: with kvm_exit reads of ports have the kernel's time" {
	need_nested exact
	reads_are_told_or_not
	all_runs '.vm.isa == "svm"'
}

@test "a real KVM: counts are exact, 20 of 20 times" {
	need_kvm exact
	counts_are_exact
}

@test "a real KVM: four vCPUs at once lose no count, 20 of 20 times" {
	need_kvm smp
	smp_counts_are_exact
	the_ledger_sums
}

@test "a real KVM: the ledger sums, set-up and guest are told" {
	need_kvm exact
	the_ledger_sums
	the_vmm_halts
	setup_is_told
	guest_is_heard
}

@test "a real KVM: halts within KVM are halts" {
	need_kvm halts
	kvm_halts
	marks_are_counted
	the_ledger_sums
}

@test "nested SVM: counts are exact, 20 of 20 times" {
	need_nested exact
	counts_are_exact
}

@test "nested SVM: four vCPUs at once lose no count, 20 of 20 times" {
	need_nested smp
	smp_counts_are_exact
	the_ledger_sums
}

@test "nested SVM: the ledger sums, 20 of 20 times" {
	need_nested exact
	the_ledger_sums
	the_vmm_halts
	all_runs '.vm.vcpus[0].ledger.kernel > 0 and .vm.guest_includes_kernel == false'
}

@test "nested SVM: halts within KVM are halts, and no time of handling" {
	need_nested halts
	kvm_halts
	marks_are_counted
	the_ledger_sums
	all_runs '.vm.exits | map(select(.to == "kernel") | { (.reason): .count }) | add | .hlt == 20'
}

@test "nested SVM: set-up, console and markers are told" {
	need_nested exact
	setup_is_told
	guest_is_heard
}

@test "nested SVM: KVM is a module, and hardware exits have its names" {
	need_nested exact
	grep -q '"kvm_tracepoints":"kvm_entry, kvm_exit, struct kvm_run, kvm_pio, kvm_mmio, kvm_fast_mmio"' "$BATS_FILE_TMPDIR/nested.out"
	all_runs '.vm.isa == "svm"'
	# every port access is one exit of the CPU for io (the string's end is one more), every halt one for hlt
	all_runs '.vm.exits | map(select(.to == "kernel") | { (.reason): .count }) | add | .io == 826 and .hlt == 7 and .mmio == 154 and ."nested page fault" >= 1 and ."nested page fault" < 154'
	all_runs '.vm.vcpus[0] | .kvm_entries >= .kvm_runs'
}
