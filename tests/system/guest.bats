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

# uncompressed BZIMAGE: the ELF file in it; false where there is none, or not packed with lz4.
uncompressed() {
	local sectors offset length
	command -v lz4 >/dev/null || return 1
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$1") offset=$(od -An -tu4 -j $((0x248)) -N 4 "$1") length=$(od -An -tu4 -j $((0x24c)) -N 4 "$1")
	# behind what lz4 made of it are four bytes: its length
	tail -c +$(((sectors + 1) * 512 + offset + 1)) "$1" | head -c $((length - 4)) | lz4 -dc 2>/dev/null
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
	boot early --guest-initcalls --append earlyprintk=ttyS0,115200 --initrd "$own/initrd.gz" || true
	if uncompressed "$own/vmlinuz" >"$BATS_FILE_TMPDIR/vmlinux"; then
		boot vmlinux --kernel "$BATS_FILE_TMPDIR/vmlinux" --guest-initcalls --initrd "$own/initrd.gz" || true
	fi
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

# The finding, and that what it claims of the run lies between these.
finds() {
	holds ".findings | map(select(.name == \"$1\")) | length == 1 and .[0].ns >= $2 and .[0].ns <= $3"
}

@test "phases of a boot: firmware, kernel, init, service, in order and without a gap" {
	of plain
	# a quiet boot does not tell where the kernel is unpacked
	holds '[.phases[].name] | . == ["exec", "linking and start-up", "kernel image read", "firmware", "decompression + kernel", "init", "service start-up", "connected to first byte"]
		or . == ["exec", "linking and start-up", "firmware", "decompression + kernel", "init", "service start-up", "connected to first byte"]
		or index("device model") != null'
	holds '.cold_start_ns as $all | .phases | (map(.end_ns - .start_ns) | add) == $all and all((.merged == true) == (.name == "decompression + kernel"))'
	holds '.findings | all(.name != "vm-decompression")'
	# no grey block: what the vCPU does says in which phase
	holds '[.critical_path[] | select(.state == "guest") | .detail] | length > 0 and all(test("^(TCG|KVM): [a-z]"))'
}

@test "decompression is from the end of real mode to the kernel's first line" {
	of early
	# told while it happens, that line comes when it is said
	holds '(.vm.console.text | map(select(.text | test("Linux version"))) | .[0].at_ns) as $said | (.phases | map({ (.name): . }) | add) as $p |
		$p.decompression.end_ns == $p.kernel.start_ns and $p.kernel.start_ns <= $said and $p.kernel.start_ns >= $said - 5000000 and
		$p.decompression.start_ns == (.vm.marks | map(select(.address == 241) | .at_ns) | max)'
	# the finding claims what of the path the vCPU had there: the path may follow the VMM's own thread instead
	holds '(.phases[] | select(.name == "decompression")) as $p | ([.critical_path[] | select(.state | IN("guest", "kernel", "vmm", "halted", "runnable")) |
		([.end_ns, $p.end_ns] | min) - ([.start_ns, $p.start_ns] | max) | select(. > 0)] | add // 0) as $had |
		[.findings[] | select(.name == "vm-decompression")] | if $had < 10000000 then . == [] else length == 1 and .[0].ns == $had and (.[0].evidence | test("^at most")) end'
	# without that the log waits for the console: its stamps tell, but for what it takes until the clock runs
	of initcalls
	holds '(.vm.console.text | map(select(.text | test("Linux version"))) | .[0]) as $l | (.phases | map({ (.name): . }) | add) as $p |
		$p.kernel.start_ns == $l.stamp_at_ns and .vm.console.clock_zero_ns == $l.stamp_at_ns and $l.at_ns - $l.stamp_at_ns > 20000000'
}

@test "an uncompressed kernel is not said to be unpacked" {
	[ -s "$BATS_FILE_TMPDIR/vmlinux" ] || skip "no ELF file in the kernel"
	of vmlinux
	holds '[.phases[].name] | all(test("decompression") | not) and index("firmware") != null and index("kernel") != null'
	holds '.findings | all(.name != "vm-decompression")'
}

@test "who runs qboot is not told to take it" {
	local name
	for name in plain initcalls early sleep; do
		of $name
		# a read of less than 10 us is in no recording: then nobody knows what the firmware is, and the mend says so
		holds '[.findings[].name | select(. == "vm-firmware" or . == "vm-qboot")] | length <= 1'
		jq -e '.scenarios[0].summary.findings | map(select(.name == "vm-firmware")) | all(.mend | test("unless it is qboot already"))' "$BATS_FILE_TMPDIR/$name.json"
	done
}

@test "the guest's console: lines in order, on the host's clock" {
	of plain
	holds '.vm.console | .source == "chardev" and .lines >= 4 and .clock_zero_ns == null'
	holds '.vm.console.text | map(.at_ns) | . == sort'
	# a line cannot arrive before the guest has said it, nor can it before the VMM runs
	holds '.vm.console.text | map(select(.stamp_at_ns != null)) | length > 0 and all(.at_ns >= .stamp_at_ns and .stamp_at_ns > 0)'
	holds '.vm.console.text | map(.text) | (map(test("coldprof-init: start")) | index(true)) < (map(test("coldprof-init: exec service")) | index(true))'
	holds '.vm.marks | map(select(.address == 244) | .value) | .[0] == 6 and .[-1] == 7 and index(32) != null'
}

@test "the guest's clock, which stands still and drifts, is the host's line by line" {
	# with a console from the first line on none waits: late is what the reader was
	of early
	holds '.vm.console.text | map(select(.stamp_ns != null)) | length > 1000 and all(.at_ns - .stamp_at_ns >= 0 and .at_ns - .stamp_at_ns <= 50000000)'
	holds '.vm.console.text | map(select(.stamp_ns != null) | .at_ns - .stamp_at_ns) | sort | .[length / 2 | floor] < 2000000'
	# no one offset would do
	holds '.vm.console.text | map(select(.stamp_ns != null) | .stamp_at_ns - .stamp_ns) | max - min > 50000000'
	of initcalls
	# what comes after there is a console waits for nobody; what was before comes when it is there
	holds '.vm.console.text | map(select(.stamp_ns != null)) | (map(.text | test("console .ttyS0. enabled")) | index(true)) as $on |
		(.[$on:] | all(.at_ns - .stamp_at_ns >= 0 and .at_ns - .stamp_at_ns <= 50000000)) and (.[:$on] | all(.stamp_at_ns <= .at_ns)) and .[0].at_ns - .[0].stamp_at_ns > 20000000'
	# they were said in their order
	holds '.vm.console.text | map(select(.stamp_ns != null) | .stamp_at_ns) | . == sort'
	# our init's first line and its first mark are two ways to the same moment
	holds '(.vm.marks | map(select(.address == 244 and .value == 6) | .at_ns) | .[0]) as $mark | .vm.console.text | map(select(.stamp_ns != null and (.text | test("coldprof-init: start")))) |
		length == 1 and (.[0].stamp_at_ns - $mark | fabs) < 50000000'
}

@test "--guest-initcalls: each initcall is told, with its time" {
	local name
	for name in initcalls early; do
		of $name
		holds '.vm.initcalls | length > 100 and all(.name != "" and .start_ns > 0)'
		holds '.vm.initcalls | map(.name) | index("acpi_init") != null or index("pci_subsys_init") != null'
		# it begins when its line "calling" came and ends when "returned" did, but for what those were late
		holds '[.vm.console.text[] | select(.stamp_ns != null)] as $lines | ($lines | map(.text | test("console .ttyS0. enabled")) | index(true)) as $on |
			($lines[$on:] | map(select(.text | test("\\] calling  ")) | { key: (.text | capture("calling  (?<n>[^+ ]*)").n), value: .at_ns }) | group_by(.key) | map({ (.[0].key): map(.value) }) | add) as $calling |
			($lines[$on:] | map(select(.text | test("\\] initcall ")) | { key: (.text | capture("initcall (?<n>[^+ ]*)").n), value: .at_ns }) | group_by(.key) | map({ (.[0].key): map(.value) }) | add) as $returned |
			[.vm.initcalls[] | select($calling[.name] and $returned[.name])] | length > 100 and
			all(.start_ns as $from | (.start_ns + .ns) as $to |
				([$calling[.name][] | $from - . | fabs] | min <= 50000000) and ([$returned[.name][] | . - $to] | any(. >= 0 and . <= 50000000)))'
		# together they take no longer than from the first one called to the last one that returned
		holds '(.vm.initcalls | map(.ns) | add) <= (.vm.initcalls | map(.start_ns + .ns) | max) - (.vm.initcalls | map(.start_ns) | min)'
	done
	of initcalls
	# what the lines about initcalls take: no more than there is until the next line, and not much less when they come one after the other
	holds '[.vm.console.text[]] as $t | ([range(0; ($t | length) - 1) | select($t[.].text | test("\\] (calling  |initcall )")) | $t[. + 1].at_ns - $t[.].at_ns]) as $d |
		($d | sort | .[length / 4 | floor]) as $quick | (.findings[] | select(.name == "vm-initcall-debug") | .ns) | . <= ($d | add) and . >= $quick * ($d | length) / 4'
	finds vm-initcall-debug 5000000 2000000000
}

@test "a sleep in a custom init is found" {
	of sleep
	# 400 ms and a tick of the guest; its vCPU wakes up for one or the other timer meanwhile
	finds vm-init-waits 380000000 424000000
	# under TCG the guest's clock goes on with the host's: the silence is the sleep, and until it speaks after it
	holds '(.vm.console.text | map(.text | test("plant-init: done")) | index(true)) as $i | .vm.console.text[$i].silence_ns | . >= 395000000 and . <= 500000000'
}

@test "a console of 40,000 lines is found" {
	of chatty
	holds '.vm.console.lines >= 40000 and .vm.console.bytes >= 320000'
	finds vm-console 50000000 600000000000
	# what the marker port said too often is counted, and no line is lost for it
	holds '(.vm.marks | map(select(.address == 244)) | length) == 256 and .vm.marks_dropped > 44'
	# a port of its own has its own budget
	holds '.vm.marks | map(select(.address == 245) | .meaning) == ["firmware starts", "firmware hands over"]'
	# what it claims is not more than the time in which the lines came
	holds '.vm.console.text as $text | (.findings[] | select(.name == "vm-console") | .ns) <= $text[-1].at_ns - $text[0].at_ns'
}

@test "a module that takes long is found, by its name" {
	of module
	# the guest's clock is the host's: sixteen ticks of 4 ms for each of four ways, each from a tick on; and loading it
	finds vm-module 250000000 500000000
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
