#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The real Linux guest, seen from the host: its phases in order, its console on the host's clock; and
# faults that were planted in it are found. One boot each.

load lib

# boot NAME OPTION...: one run of qemu; its JSON in $BATS_FILE_TMPDIR/NAME.json.
boot() {
	local name=$1
	shift
	"$COLDPROF" --runtime qemu -n 1 --warmup 0 --requests 0 --settle 0 --no-samples --timeout 240 -o "$BATS_FILE_TMPDIR/$name.coldprof" \
		--json "$BATS_FILE_TMPDIR/$name.json" "$@" >"$BATS_FILE_TMPDIR/$name.out" 2>&1 </dev/null 3>&-
}

# Our own init with one more module, which does take long: raid6_pq tries all its ways against each other.
boot_slow_module() {
	local own=$1 guest=$BATS_FILE_TMPDIR/guest-module kernel=$BUILD/runtimes/kernel module order
	module=$BATS_FILE_TMPDIR/raid6_pq.ko order=$BATS_FILE_TMPDIR/order
	if [ -e "$kernel/modules/kernel/lib/raid6/raid6_pq.ko" ]; then
		cp "$kernel/modules/kernel/lib/raid6/raid6_pq.ko" "$module"
	else
		xz -dc "$kernel/modules/kernel/lib/raid6/raid6_pq.ko.xz" >"$module"
	fi
	gzip -dc "$own/initrd.gz" | cpio --quiet -i --to-stdout 'modules/order' >"$order"
	echo raid6_pq >>"$order"
	"$ROOT/scenarios/guest/mkinitrd.sh" --out "$guest" --init "$own/init" --add "$module=modules/raid6_pq.ko" --add "$order=modules/order" >&2
	boot module --initrd "$guest/initrd.gz"
}

# Our init with a clock, in a guest whose clock counts its instructions; see tests/fixture/clocked_init.c.
count_instructions() {
	local guest=$BATS_FILE_TMPDIR/guest-clocked
	"$ROOT/scenarios/guest/mkinitrd.sh" --out "$guest" --init "$BUILD/fixture/clocked_init" >&2
	timeout 240 qemu-system-x86_64 -M microvm,accel=tcg -cpu max -icount shift=0,sleep=off -m 256 -nodefaults -no-user-config -nographic -no-reboot \
		-kernel "$guest/vmlinuz" -initrd "$guest/initrd.gz" -netdev user,id=n0 -device virtio-net-device,netdev=n0 -serial "file:$BATS_FILE_TMPDIR/clocked.out" \
		-append "console=ttyS0 quiet panic=-1 tsc=reliable tsc_early_khz=1000000 coldprof.ip=192.0.2.2/30 coldprof.gw=192.0.2.1 coldprof.args=-no-such-option" \
		>"$BATS_FILE_TMPDIR/clocked.err" 2>&1 </dev/null 3>&-
}

setup_file() {
	export WHY_NOT
	WHY_NOT=$(why_no_tracing)
	[ -z "$WHY_NOT" ] || return 0
	has_runtime qemu || return 0
	# our init as it is now, whatever was built before
	local own=$BATS_FILE_TMPDIR/own guest=$BATS_FILE_TMPDIR/guest
	"$ROOT/scenarios/guest/mkinitrd.sh" --out "$own" >&2
	"$ROOT/scenarios/guest/mkinitrd.sh" --out "$guest" --init "$BUILD/fixture/plant" --add "$own/init=real-init" >&2
	boot plain --initrd "$own/initrd.gz" || true
	boot initcalls --guest-initcalls --initrd "$own/initrd.gz" || true
	boot sleep --initrd "$guest/initrd.gz" --append plant=sleep || true
	boot chatty --initrd "$guest/initrd.gz" --append "plant=chatty plant=marks" || true
	boot_slow_module "$own" || true
	count_instructions || true
}

setup() {
	need_tracing
	need_runtime qemu
}

# of NAME: the run of that boot, which was well.
of() {
	JSON=$BATS_TEST_TMPDIR/run.json
	jq '.scenarios[0].runs[0]' "$BATS_FILE_TMPDIR/$1.json" >"$JSON" || { cat "$BATS_FILE_TMPDIR/$1.out"; return 1; }
	holds '.status == "ok" and .lost_events == 0'
}

# The finding, and that it claims so much of the run.
finds() {
	holds ".findings | map(select(.name == \"$1\")) | length == 1 and .[0].ns >= $2"
}

@test "phases of a boot: firmware, decompression, kernel, init, service, in order and without a gap" {
	of plain
	holds '[.phases[].name] | . == ["exec", "linking and start-up", "kernel image read", "firmware", "decompression", "kernel", "init", "service start-up", "connected to first byte"]
		or . == ["exec", "linking and start-up", "firmware", "decompression", "kernel", "init", "service start-up", "connected to first byte"]
		or index("device model") != null'
	holds '.cold_start_ns as $all | .phases | (map(.end_ns - .start_ns) | add) == $all and all(.merged != true)'
	# no grey block: what the vCPU does says in which phase
	holds '[.critical_path[] | select(.state == "guest") | .detail] | length > 0 and all(test("^(TCG|KVM): [a-z]"))'
}

@test "the guest's console: lines in order, on the host's clock" {
	of plain
	holds '.vm.console | .source == "chardev" and .lines >= 4 and .clock_zero_ns > 0'
	holds '.vm.console.text | map(.at_ns) | . == sort'
	# a line cannot arrive before the guest has said it, nor can it before the VMM runs
	holds '.vm.console.text | map(select(.stamp_at_ns != null)) | length > 0 and all(.at_ns >= .stamp_at_ns and .stamp_at_ns > 0)'
	holds '.vm.console.text | map(.text) | (map(test("coldprof-init: start")) | index(true)) < (map(test("coldprof-init: exec service")) | index(true))'
	holds '.vm.marks | map(select(.address == 244) | .value) | .[0] == 6 and .[-1] == 7 and index(32) != null'
}

@test "--guest-initcalls: each initcall is told, with its time" {
	of initcalls
	holds '.vm.initcalls | length > 100 and all(.name != "" and .start_ns > 0)'
	holds '.vm.initcalls | map(.name) | index("acpi_init") != null or index("pci_subsys_init") != null'
	finds vm-initcall-debug 5000000
}

@test "a sleep in a custom init is found" {
	of sleep
	finds vm-init-waits 300000000
	# under TCG the guest's clock goes on with the host's: the silence is the sleep, and after it
	holds '.vm.console.text | map(select(.silence_ns != null and .silence_ns >= 300000000)) | length >= 1'
}

@test "a console of 40,000 lines is found" {
	of chatty
	holds '.vm.console.lines >= 40000 and .vm.console.bytes >= 320000'
	finds vm-console 50000000
	# what the marker port said too often is counted, and no line is lost for it
	holds '(.vm.marks | map(select(.address == 244)) | length) == 256 and .vm.marks_dropped > 44'
	# a port of its own has its own budget
	holds '.vm.marks | map(select(.address == 245) | .meaning) == ["firmware starts", "firmware hands over"]'
	# what it claims is not more than the time in which the lines came
	holds '.vm.console.text as $text | (.findings[] | select(.name == "vm-console") | .ns) <= $text[-1].at_ns - $text[0].at_ns'
}

@test "a module that takes long is found, by its name" {
	of module
	# the guest's clock is the host's: sixteen ticks of 4 ms for each of at least four ways
	finds vm-module 200000000
	holds '.findings[] | select(.name == "vm-module") | .evidence | test("load raid6_pq")'
	# the claim is what lies between the marks around it
	holds '[.vm.marks[] | select(.address == 244 and (.value == 34 or .value == 35)) | .at_ns] as $at | [range(0; $at | length; 2) | $at[. + 1] - $at[.]] | max > 0'
	holds '[.vm.marks[] | select(.address == 244 and (.value == 34 or .value == 35)) | .at_ns] as $at |
		([range(0; $at | length; 2) | $at[. + 1] - $at[.]] | max) == (.findings[] | select(.name == "vm-module") | .ns)'
}

@test "a boot without a slow module has no such finding, though its modules are told one by one" {
	of plain
	holds '[.vm.console.text[].text | select(test("coldprof-init: load "))] | length >= 4'
	holds '(.vm.marks | map(select(.value == 34)) | length) == (.vm.marks | map(select(.value == 35)) | length)'
}

@test "our init does its own part in less than 4 million instructions" {
	local line own
	line=$(grep -ao 'clocked-init: own [0-9]* network [0-9]* modules [0-9]*' "$BATS_FILE_TMPDIR/clocked.out") || { cat "$BATS_FILE_TMPDIR"/clocked.{err,out}; return 1; }
	echo "$line"
	read -r _ _ own _ <<<"$line"
	[ "$own" -gt 0 ] && [ "$own" -lt 4000000 ]
}
