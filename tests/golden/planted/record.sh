#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Record the planted causes anew: sudo tests/golden/planted/record.sh [NAME...]
# Each is launched until what the fixture says and what the model finds agree, 5 times at most: a busy
# machine adds to what was planted. Those called runc-… need runc, "throttle" a cgroup v1 hierarchy of the CPU.
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
	record run --boxed -- "$work/planted" log="$work/w/log" file="$work/w/data" "$@" listen=8080 serve=0
}

# in_runc HOOKS WORDS...: as tests/system/planted.bats does it.
in_runc() {
	local hooks=$1
	shift
	rm -rf "$work/bundle" && mkdir "$work/bundle"
	(cd "$work/bundle" && runc spec) || return
	jq -f tests/fixture/planted_config.jq --arg root "$work/rootfs" --arg data "$work/w" --arg cpu "${quota%/*}" --argjson hooks "$hooks" \
		--args "$@" <"$work/bundle/config.json" >"$work/config" && mv "$work/config" "$work/bundle/config.json"
	record "" --runtime runc --bundle "$work/bundle"
}

# plant WORDS...: where the name of the recording says.
plant() {
	case $where in
	native) native ${quota:+cgroup="$quota"} "$@" ;;
	runc) in_runc '{}' ${quota:+cgroup="/cg/${quota##*/}"} "$@" ;;
	esac
}

launch() {
	local where=native
	[[ $1 != runc-* ]] || where=runc
	case ${1#runc-} in
	sleep) plant sleep=60 ;;
	naps) plant naps=12 ;;
	burn) plant burn=50 ;;
	read) plant read=32 ;;
	flock) plant flock=50 ;;
	futex) plant futex=50 ;;
	pipe) plant pipe=40 ;;
	chain) plant chain=20 ;;
	fsync) plant fsync=64 ;;
	connect) plant connect=50 ;;
	forks) plant forks=100 ;;
	faults) plant faults=64 ;;
	hook)
		in_runc "{ \"prestart\": [{ \"path\": \"$work/planted\",
			\"args\": [\"planted\", \"log=$work/w/log\", \"name=dawdler\", \"sleep=50\"] }] }"
		;;
	throttle)
		quota=/sys/fs/cgroup/cpu/coldprof-planted-$$
		mkdir "$quota" && echo 20000 >"$quota/cpu.cfs_period_us" && echo 4000 >"$quota/cpu.cfs_quota_us"
		plant throttle=16
		sleep 0.2
		rmdir "$quota"
		quota=
		;;
	hog)
		for _ in $(seq $((3 * $(nproc)))); do
			"$work/planted" name=rival spin >/dev/null 2>&1 &
			rivals+=($!)
		done
		plant hog=50
		kill "${rivals[@]}" && wait "${rivals[@]}" 2>/dev/null
		rivals=()
		;;
	*) echo "no cause is called $1" && return 1 ;;
	esac
}

causes=(sleep naps burn read flock futex pipe chain throttle hog fsync connect forks faults)
[ $# -gt 0 ] || set -- "${causes[@]}" "${causes[@]/#/runc-}" runc-hook
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
