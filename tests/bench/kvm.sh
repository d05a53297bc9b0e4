#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What looking into a VM costs, and what our guest's init does: tests/bench/kvm.sh [EXITS]
set -eu
cd "$(dirname "$0")/../.."
exits=${1:-200000}
toy=$PWD/build/fixture/toyvmm
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "== kvm_entry and kvm_exit by BPF_PROG_TEST_RUN: bar 150 ns the pair"
build/fixture/bpf/kvm_run bench 2000 | tee "$out/pairs"
# What the statistics count of themselves, each time that a program runs.
clock=$(sed -n '1s/.*own clock \([0-9]*\) ns.*/\1/p' "$out/pairs")
clock=$((${clock:-0} / 2))

median() { sort -n | awk -v unit="$1" '{ v[NR] = $1 } END { if (NR) printf "median %.3g%s, %.3g to %.3g, n %d\n", v[int((NR + 1) / 2)], unit, v[1], v[NR], NR; else print "not measured" }'; }

# run [OPTION...]: the toy under coldprof, with all that it traces by default.
run() {
	./coldprof run -n 1 --warmup 0 --settle 0 --requests 0 --timeout 120 --force -o "$out/k.coldprof" --json "$out/k.json" "$@" \
		-- "$toy" "out=0x80:$exits" "truth=$out/traced" serve=8080 >/dev/null 2>&1
}

costs() {
	echo
	echo "== all programs together per exit to user space, $exits exits: bar 300 ns; run time traced/untraced: bar 1.05"
	if ! "$toy" out=0x80:1 truth=/dev/null 2>"$out/why"; then
		echo "not measured: $(cat "$out/why")"
		return
	fi
	for _ in $(seq 11); do
		run --self-cost
		./coldprof dump "$out/k.coldprof" | awk -v exits="$exits" -v clock="$clock" '
			$3 == "PROGRAM_COST" { n = $0; sub(/.* ns=/, "", n); c = $0; sub(/.* count=/, "", c); name = $0; sub(/.* name=/, "", name)
				ns += n; count += c; each[name] = n / exits }
			END { print ns / exits, (ns - clock * count) / exits, count / exits
				for (name in each) if (each[name] >= 5) printf "%s %.0f\n", name, each[name] >"/dev/stderr" }' 2>"$out/programs"
	done >"$out/costs"
	awk '{ print $1 }' "$out/costs" | median " ns" | sed 's/^/by the statistics: /'
	awk '{ print $2 }' "$out/costs" | median " ns" | sed "s/^/without their own $clock ns each time: /"
	awk '{ print $3 }' "$out/costs" | median "" | sed 's/^/programs run for an exit, those for other tasks of the machine too: /'
	sort -k2 -rn "$out/programs" | awk '{ printf "%s%s %s ns", (NR > 1 ? ", " : "the dearest: "), $1, $2 } END { print "" }'
	for _ in $(seq 21); do
		run
		"$toy" "out=0x80:$exits" "truth=$out/untraced"
		cat "$out/traced" "$out/untraced" | awk '$1 == "ns" { v[++n] = $2 } END { if (n == 2) print v[1] / v[2] }'
	done | median "" | sed 's/^/ratio of the run times: /'
	# The least that it can be where a system call and one tracepoint of KVM are looked at.
	build/fixture/bpf/empty 21 sys_enter sys_exit kvm_pio -- "$toy" "out=0x80:$exits" "truth=/dev/null" |
		sed 's/^/… with programs at the same places that do nothing: /'
}

# Of our init: from its first mark to the start of the service, less what the kernel took to load modules.
own_init() {
	local i
	echo
	echo "== our guest's init, its own part: bar 5 ms under KVM"
	for i in $(seq 5); do
		./coldprof --runtime qemu -n 1 --warmup 0 --settle 0 --requests 0 --no-samples --force -o "$out/q.coldprof" --json "$out/q.json" >/dev/null 2>&1 || true
		jq -r '.scenarios[0] | .accel as $accel | .runs[0] | select(.status == "ok") | [.vm.marks[] | select(.address == 244)] | . as $m |
			([.[] | select(.value == 6)][0].at_ns) as $from | ([.[] | select(.value == 7)][0].at_ns) as $to |
			([range(1; length) | select($m[.].value == 35) | $m[.].at_ns - $m[. - 1].at_ns] | add // 0) as $modules |
			([.[] | select(.value == 33)][0].at_ns - [.[] | select(.value == 32)][0].at_ns) as $network |
			[($to - $from - $modules) / 1e6, $modules / 1e6, $network / 1e6, $accel] | @tsv' "$out/q.json"
	done >"$out/init"
	[ -s "$out/init" ] || { echo "not measured: no guest could be started"; return; }
	echo "accelerator: $(cut -f 4 "$out/init" | head -n 1)"
	cut -f 1 "$out/init" | median " ms" | sed 's/^/its own: /'
	cut -f 3 "$out/init" | median " ms" | sed 's/^/… of which the network: /'
	cut -f 2 "$out/init" | median " ms" | sed 's/^/modules, not its own: /'
}

# The same in instructions of the guest (tests/fixture/clocked_init.c): the same on every machine.
own_instructions() {
	scenarios/guest/mkinitrd.sh --out "$out/guest" --init build/fixture/clocked_init
	timeout 240 qemu-system-x86_64 -M microvm,accel=tcg -cpu max -icount shift=0,sleep=off -m 256 -nodefaults -no-user-config -nographic -no-reboot \
		-kernel "$out/guest/vmlinuz" -initrd "$out/guest/initrd.gz" -netdev user,id=n0 -device virtio-net-device,netdev=n0 -serial stdio \
		-append "console=ttyS0 quiet panic=-1 tsc=reliable tsc_early_khz=1000000 coldprof.ip=192.0.2.2/30 coldprof.gw=192.0.2.1 coldprof.args=-no-such-option" </dev/null 2>&1 |
		sed -n 's/.*clocked-init: own \([0-9]*\) network \([0-9]*\) modules \([0-9]*\).*/instructions: its own \1, of which the network \2; modules \3/p'
}

costs
own_init
own_instructions
