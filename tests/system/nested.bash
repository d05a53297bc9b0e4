# SPDX-License-Identifier: GPL-2.0-only
# A guest that has KVM: an emulated CPU with SVM runs the scenarios' kernel, which loads kvm-amd. There
# KVM is a module, kvm_entry and kvm_exit fire, and exits have reasons, whatever the host can do.
# shellcheck shell=bash

# Why it cannot be had here; nothing when it can.
why_no_nested() {
	local kernel=$BUILD/runtimes/kernel
	command -v qemu-system-x86_64 >/dev/null || { echo "no qemu-system-x86_64"; return; }
	[ -s "$kernel/vmlinuz" ] || { echo "no guest kernel: make runtimes"; return; }
	find "$kernel/modules/kernel/arch/x86/kvm" -name 'kvm-amd.ko*' 2>/dev/null | grep -q . || echo "the guest kernel has no kvm-amd"
}

# copy_program TREE PROGRAM...: into TREE/bin, with the libraries that it needs.
copy_programs() {
	local tree=$1 program path lib
	shift
	for program in "$@"; do
		path=$(command -v "$program")
		install -D -m 755 "$(readlink -f "$path")" "$tree/bin/${program##*/}"
		for lib in $(ldd "$path" 2>/dev/null | grep -o '/[^ ]*'); do
			[ -e "$tree$lib" ] || install -D -m 755 "$(readlink -f "$lib")" "$tree$lib"
		done
	done
}

# nested SCRIPT OUT [SECONDS]: run SCRIPT by sh in the guest; its console goes to OUT.
nested() {
	local tree=$BATS_FILE_TMPDIR/nested kernel=$BUILD/runtimes/kernel module path
	mkdir -p "$tree"/{bin,modules,tmp,run,root}
	install -m 755 "$BUILD/fixture/nested" "$tree/init"
	install -m 755 "$1" "$tree/run.sh"
	copy_programs "$tree" sh cat jq "$COLDPROF" "$BUILD/fixture/toyvmm"
	for module in irqbypass ccp kvm kvm-amd; do
		path=$(find "$kernel/modules/kernel" -name "$module.ko" -o -name "$module.ko.xz")
		case $path in
		'') continue ;;
		*.xz) xz -dc "$path" >"$tree/modules/$module.ko" ;;
		*) cp "$path" "$tree/modules/" ;;
		esac
		echo "$module"
	done >"$tree/modules/order"
	(cd "$tree" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0) | gzip -1 >"$BATS_FILE_TMPDIR/nested.gz"
	timeout "${3:-600}" qemu-system-x86_64 -M microvm,accel=tcg -cpu EPYC,+svm,+npt -m 768 -nodefaults -no-user-config \
		-nographic -no-reboot -kernel "$kernel/vmlinuz" -initrd "$BATS_FILE_TMPDIR/nested.gz" \
		-device isa-debug-exit,iobase=0x501 -append "console=ttyS0 quiet panic=-1 tsc=reliable tsc_early_khz=2000000" -serial "file:$2" </dev/null >"$2.qemu" 2>&1 3>&- || true # the debug exit's status is odd
}
