#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What `make demo` needs before coldprof itself: the package list, the fetched runtimes, the service
# and the guest. Needs neither root nor network once these are built.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=$ROOT/build
	SERVER=
}

teardown() {
	[ -z "$SERVER" ] || { kill "$SERVER" 2>/dev/null || true; wait "$SERVER" 2>/dev/null || true; }
}

need() {
	[ -e "$1" ] || skip "$1 is not built"
}

free_port() {
	local port
	while port=$((20000 + RANDOM % 10000)) && (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo "$port"
}

# Prints the status of the first answer, asking anew until one comes or 20 s are over.
status_of() {
	local line deadline=$((SECONDS + 60))
	while [ $SECONDS -lt $deadline ]; do
		line=$( (exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'GET /any HTTP/1.0\r\n\r\n' >&3 && IFS= read -r -t 15 -u 3 l && echo "$l") 2>/dev/null) || true
		case $line in "HTTP/1.0 "*) line=${line#HTTP/1.0 }; echo "${line%% *}"; return 0 ;; esac
		sleep 0.02
	done
	return 1
}

# Everything that a package manager writes to, with times.
package_state() {
	find /etc/apt /var/lib/apt /var/lib/dpkg -printf '%p %s %T@\n' 2>/dev/null | grep -v -- -lock | sort | cksum
}

@test "a second fetch does nothing, at once, and leaves the system's apt alone" {
	need "$BUILD/runtimes/versions"
	before=$(package_state)
	run env PATH=/nonexistent "$ROOT/scenarios/fetch.sh" # no program to be found, so none is run
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(package_state)" = "$before" ]
}

@test "a tree with a stamp but without its files is not complete" {
	need "$BUILD/runtimes/versions"
	mkdir -p "$BATS_TEST_TMPDIR/r"
	cp "$BUILD/runtimes/versions" "$BATS_TEST_TMPDIR/r/"
	run "$ROOT/scenarios/fetch.sh" --check --dest "$BATS_TEST_TMPDIR/r"
	[ "$status" -eq 1 ]
	[[ $output == *"not complete"* ]]
}

@test "no mirror: a sentence, exit 1, and nothing half-done" {
	. /etc/os-release
	[ "$ID$VERSION_ID" = debian12 ] || skip "fetch stops earlier on other distributions"
	run "$ROOT/scenarios/fetch.sh" --dest "$BATS_TEST_TMPDIR/r" --mirror http://127.0.0.1:9/debian
	[ "$status" -eq 1 ]
	[[ $output == *"cannot be reached"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/r" ]
}

@test "fetch.sh --list names every package; unknown options are usage" {
	run "$ROOT/scenarios/fetch.sh" --list
	[ "$status" -eq 0 ]
	for package in golang-1.23-go golang-1.23-src runsc wazero linux-image-cloud-amd64 containerd docker.io umoci; do
		[[ $output == *"$package "* ]]
	done
	run "$ROOT/scenarios/fetch.sh" --nonsense
	[ "$status" -eq 2 ]
}

@test "the fetched programs run, runsc as itself" {
	need "$BUILD/runtimes/versions"
	"$BUILD/runtimes/bin/go" version
	"$BUILD/runtimes/bin/wazero" version
	[[ $("$BUILD/runtimes/bin/runsc" --version) == "runsc version"* ]]
	"$BUILD/runtimes/bin/containerd" --version
	"$BUILD/runtimes/bin/docker" --version
	"$BUILD/runtimes/bin/umoci" --version
	[ "$(head -c 4 "$BUILD/runtimes/bin/runsc")" = $'\x7fELF' ]
	[ -s "$BUILD/runtimes/kernel/vmlinuz" ]
}

@test "deps.sh with nothing missing does nothing" {
	"$ROOT/scenarios/deps.sh" --check || skip "packages are missing"
	before=$(package_state)
	run "$ROOT/scenarios/deps.sh"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	[ "$(package_state)" = "$before" ]
}

@test "the native service answers, and misbehaves when told to" {
	need "$BUILD/service/service"
	port=$(free_port)
	"$BUILD/service/service" -addr "127.0.0.1:$port" 3>&- &
	SERVER=$!
	[ "$(status_of "$port")" = 200 ]
	kill "$SERVER"
	wait "$SERVER" || true
	"$BUILD/service/service" -addr "127.0.0.1:$port" -status 500 -sleep 50ms 3>&- &
	SERVER=$!
	[ "$(status_of "$port")" = 500 ]
	run "$BUILD/service/service" -exit 3
	[ "$status" -eq 3 ]
}

@test "the module answers under wazero, more than once" {
	need "$BUILD/service/service.wasm"
	need "$BUILD/runtimes/bin/wazero"
	port=$(free_port)
	"$BUILD/runtimes/bin/wazero" run "-listen=127.0.0.1:$port" "$BUILD/service/service.wasm" 3>&- &
	SERVER=$!
	for _ in 1 2 3; do [ "$(status_of "$port")" = 200 ]; done
}

@test "service and init are static" {
	need "$BUILD/guest/init"
	for program in "$BUILD/guest/init" "$BUILD/service/service"; do
		run readelf -lW "$program"
		[[ $output != *INTERP* ]]
	done
}

@test "the initramfs takes further files and is the same bytes each time" {
	need "$BUILD/guest/initrd.gz"
	echo planted >"$BATS_TEST_TMPDIR/file"
	for out in a b; do
		"$ROOT/scenarios/guest/mkinitrd.sh" --out "$BATS_TEST_TMPDIR/$out" --add "$BATS_TEST_TMPDIR/file=/etc/planted"
	done
	cmp "$BATS_TEST_TMPDIR/a/initrd.gz" "$BATS_TEST_TMPDIR/b/initrd.gz"
	[ "$(gzip -dc "$BATS_TEST_TMPDIR/a/initrd.gz" | cpio --quiet -i --to-stdout etc/planted)" = planted ]
	[ -z "$(find "$BATS_TEST_TMPDIR/a" -name '.*' -type d)" ]
}

@test "the guest says its milestones, and ends when its service ends" {
	need "$BUILD/guest/initrd.gz"
	run timeout 60 qemu-system-x86_64 -M q35,accel=tcg -cpu max -m 256 -nodefaults -no-user-config -display none \
		-no-reboot -serial stdio -kernel "$BUILD/guest/vmlinuz" -initrd "$BUILD/guest/initrd.gz" \
		-append "console=ttyS0 quiet panic=-1 coldprof.args=-exit,3"
	[ "$status" -eq 0 ]
	said=$(grep -o 'coldprof-init: .*' <<<"$output" | tr -d '\r')
	[ "$(grep 'load ' <<<"$said" | tr '\n' ' ')" = "$(printf 'coldprof-init: load %s ' virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci failover net_failover virtio_net)" ]
	[ "$(grep -v 'load ' <<<"$said")" = "coldprof-init: start
coldprof-init: modules loaded
coldprof-init: exec service
coldprof-init: service exited 3" ]
}
