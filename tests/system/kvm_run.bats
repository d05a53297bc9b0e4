#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# The programs on kvm_entry, kvm_exit and kvm_pio, with arguments of our making (BPF_PROG_TEST_RUN): they load,
# and count, also where the tracepoints never fire.

load lib

setup() {
	need_tracing
}

@test "kvm_entry and kvm_exit: reasons, ledger and window are counted as they should" {
	run "$BUILD/fixture/bpf/kvm_run"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	[[ "$output" == *"exits for io: 20"* ]]
	[[ "$output" == *"all programs without loads: 1"* ]]
	# the reason where each vendor's struct has it
	[[ "$output" == *"vmx up to 6.15"*"exits for io: 20"*"vmx since 6.16"*"exits for io: 20"*"svm"*"exits for io: 20"* ]]
}
