#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Record the planted causes anew: sudo tests/golden/planted/record.sh [NAME...]
# Each is launched until what the fixture says and what the model finds agree, 5 times at most: a busy
# machine adds to what was planted. "hook" needs runc, "throttle" a cgroup v1 hierarchy of the CPU.
set -u
cd "$(dirname "$0")/../../.."
work=$(mktemp -d -p /run coldprof-planted-XXXXXX)
out=tests/golden/planted
test=build/obj/plain/unit/test_planted
rivals=() quota=
trap 'rm -rf "$work"; [ -z "$quota" ] || rmdir "$quota"' EXIT
mkdir -p "$work/w" "$work/rootfs"
cp build/fixture/planted "$work/planted"
cp build/fixture/planted "$work/rootfs/"
head -c 32M /dev/urandom >"$work/w/data"
sync "$work/w/data"
touch "$work/w/log"
chmod -R go+rwX "$work"

record() {
	: >"$work/w/log"
	rm -f "$work/s.coldprof"
	./coldprof ${1:+"$1"} -n 1 --warmup 0 --requests 0 --settle 0 --force -o "$work/s.coldprof" "${@:2}" >/dev/null 2>&1 </dev/null
}

# native WORDS...
native() {
	record run --boxed -- "$work/planted" log="$work/w/log" file="$work/w/data" \
		${quota:+cgroup="$quota"} "$@" listen=8080 serve=0
}

hook() {
	rm -rf "$work/bundle" && mkdir "$work/bundle"
	(cd "$work/bundle" && runc spec) || return
	jq --arg root "$work/rootfs" --arg data "$work/w" --arg hook "$work/planted" '
		.root = { path: $root, readonly: false } | .process.terminal = false
		| .process.args = ["/planted", "log=/w/log", "listen=8080", "serve=0"]
		| .mounts += [{ destination: "/w", type: "bind", source: $data, options: ["bind", "rw"] }]
		| .hooks = { prestart: [{ path: $hook, args: ["planted", "log=\($data)/log", "name=dawdler", "sleep=50"] }] }' \
		"$work/bundle/config.json" >"$work/config" && mv "$work/config" "$work/bundle/config.json"
	record "" --runtime runc --bundle "$work/bundle"
}

launch() {
	case $1 in
	sleep) native sleep=60 ;;
	burn) native burn=50 ;;
	read) native read=32 ;;
	flock) native flock=50 ;;
	futex) native futex=50 ;;
	pipe) native pipe=40 ;;
	chain) native chain=20 ;;
	fsync) native fsync=64 ;;
	connect) native connect=50 ;;
	forks) native forks=100 ;;
	faults) native faults=64 ;;
	hook) hook ;;
	throttle)
		quota=/sys/fs/cgroup/cpu/coldprof-planted-$$
		mkdir "$quota" && echo 20000 >"$quota/cpu.cfs_period_us" && echo 4000 >"$quota/cpu.cfs_quota_us"
		native throttle=16
		sleep 0.2
		rmdir "$quota"
		quota=
		;;
	hog)
		for _ in $(seq $((3 * $(nproc)))); do
			"$work/planted" name=rival spin >/dev/null 2>&1 &
			rivals+=($!)
		done
		native hog=50
		kill "${rivals[@]}" && wait "${rivals[@]}" 2>/dev/null
		rivals=()
		;;
	*) echo "no cause is called $1" && return 1 ;;
	esac
}

[ $# -gt 0 ] || set -- sleep burn read flock futex pipe chain throttle hog fsync connect forks faults hook
failed=0
for name; do
	for try in 1 2 3 4 5; do
		launch "$name"
		"$test" --strip "$work/s.coldprof" "$out/$name.coldprof" && cp "$work/w/log" "$out/$name.log"
		if "$test" "$name" >"$work/said" 2>&1; then
			echo "$name: $(stat -c %s "$out/$name.coldprof") bytes, launch $try"
			continue 2
		fi
	done
	cat "$work/said"
	failed=1
done
exit $failed
