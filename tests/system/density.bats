#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# Several instances side by side: what they share counts once, what each has of its own as often.

load lib

MAP=$BUILD/fixture/memory_map

setup() {
	need_tracing
	JSON=$BATS_TEST_TMPDIR/json
	FILE=$BATS_TEST_TMPDIR/d.coldprof
	FAILED=0
}

# dense STATUS OPTION... : a session with one run of each, what it printed in $OUTPUT.
dense() {
	local want=$1
	shift
	OUTPUT=$("$COLDPROF" "$@" 2>&1 >"$BATS_TEST_TMPDIR/report") || FAILED=$?
	[ "$FAILED" -eq "$want" ] || {
		echo "status $FAILED"
		echo "$OUTPUT" | tail -n 5
		return 1
	}
}

@test "a file that three instances read counts once, anonymous memory three times" {
	local common=$BUILD/fixture/common.$$
	head -c $((3000 * 1024)) /dev/zero >"$common"
	dense 0 run --boxed -n 1 "${QUICK[@]}" --density 3 -o "$FILE" --json "$JSON" -- \
		"$MAP" anon=5000 "file=$common" serve=8080
	rm "$common"
	q '.scenarios[0].density | del(.steps[].list)'
	holds '.scenarios[0].density | .status == "ok" and .asked == 3 and .answered == 3 and ([.steps[].instances] == [1, 3])'
	holds '.scenarios[0].density.steps | all(. as $s
		| ([$s.list[].pss] | add) == $s.pss and ([$s.list[].rss] | add) == $s.rss and ($s.list | length) == $s.instances
		and ($s.list | all((.classes | add) == .pss and (.rss_classes | add) == .rss)))'
	holds '.scenarios[0].density.steps[1].files[] | select(.path | contains("common"))
		| .mapped_by == 3 and .rss == 9000 * 1024 and ((.pss - 3000 * 1024) | fabs) <= 3 * 4096'
	holds '.scenarios[0].density.steps[0].files[] | select(.path | contains("common")) | .rss == 3000 * 1024 and .pss == .rss'
	holds '.scenarios[0].density.steps[1].list | all(.classes.anon >= 5000 * 1024 and .classes.anon < 5500 * 1024)'
	# One alone has the file for itself; of three each has a third.
	holds '.scenarios[0].density | (.shared - 2000 * 1024) >= 0 and .shared < 4000 * 1024'
	holds '.scenarios[0].density.one_more.pss >= 5000 * 1024 and .scenarios[0].density.one_more.pss < 6000 * 1024'
	grep -q "What one more instance costs" "$BATS_TEST_TMPDIR/report"
}

@test "real runtimes side by side: each has its own network, runsc's text is shared" {
	local names=native name
	for name in runc crun gvisor; do ! has_runtime $name || names+=,$name; done
	dense 0 --runtime "$names" -n 1 "${QUICK[@]}" --density 3 -o "$FILE" --json "$JSON"
	holds '.scenarios | all(.density | .status == "ok" and .answered == 3 and (.steps[1].list | length == 3 and all(.processes >= 1)))'
	holds '.scenarios | all(.density | .steps[1].pss < 3 * .steps[0].pss and .shared > 0)'
	if has_runtime gvisor; then
		holds '.scenarios[] | select(.name == "gvisor") | .density.steps[1].files | any((.path | endswith("/runsc")) and .mapped_by == 3 and .pss * 2 < .rss)'
	fi
}

@test "guests side by side: guest RAM is told from the VMMs, as in the run before" {
	local toyvmm=$BUILD/fixture/toyvmm back
	"$toyvmm" ram=1 out=0x80:1 >"$BATS_TEST_TMPDIR/probe" 2>&1 || skip "$(cat "$BATS_TEST_TMPDIR/probe")"
	for back in anon memfd; do
		dense 0 run --boxed -n 1 "${QUICK[@]}" --density 2 -o "$FILE" --force --json "$JSON" -- \
			"$toyvmm" ram=64 touch=10 back=$back out=0x80:3 serve=8080
		holds '.scenarios[0].density.steps | all(.guest_ram_told_by == "size")'
		holds '.scenarios[0].density.steps | all(.list | all((.classes.guest_ram - 10 * 1048576 | fabs) <= 4096 and .classes.shmem < 65536 and .pss - .classes.guest_ram < 4194304))'
	done
}

@test "more than can fit is refused before anything starts" {
	dense 2 --runtime native -n 1 "${QUICK[@]}" --density 4096 -o "$FILE" || [ "$FAILED" -eq 0 ]
	if [ "$FAILED" -eq 0 ]; then skip "this machine has room for 4096"; fi
	[[ "$OUTPUT" == *"--density 4096"* ]]
	[[ "$OUTPUT" != *"run 1/1"* ]]
	[ ! -e "$FILE" ]
}

@test "guests' RAM decides how many VMs may be asked for" {
	need_runtime qemu
	dense 2 --runtime qemu -n 1 "${QUICK[@]}" --memory 1048576 --density 2 -o "$FILE"
	[[ "$OUTPUT" == *"2 instances of qemu, with guest RAM of 1024 GiB each, do not fit into the"* ]]
	[ ! -e "$FILE" ]
}

@test "what the first one took decides whether the others are started" {
	local each
	each=$(awk '$1 == "MemAvailable:" { print int($2 / 20) }' /proc/meminfo)
	dense 1 run --boxed -n 1 "${QUICK[@]}" --density 40 -o "$FILE" --json "$JSON" -- "$MAP" "anon=$each" serve=8080
	holds '.scenarios[0].density | .status == "no room" and .answered == 1 and (.steps | length == 1)'
	holds '.scenarios[0].density.reason | test("the first instance took .*; 39 more do not fit .*: --density [0-9]+ would")'
	holds '.scenarios[0].runs[0].status == "ok"'
}

@test "an instance that does not start fails the session, with its own words" {
	# The first two starts are the run and the first instance.
	echo 0 >"$BATS_TEST_TMPDIR/starts"
	cat >"$BATS_TEST_TMPDIR/third" <<-EOF
		#!/bin/sh
		n=\$((\$(cat $BATS_TEST_TMPDIR/starts) + 1))
		echo \$n >$BATS_TEST_TMPDIR/starts
		[ \$n -lt 3 ] || { echo the third time fails; exit 7; }
		exec $MAP serve=8080
	EOF
	chmod +x "$BATS_TEST_TMPDIR/third"
	dense 1 run --boxed -n 1 "${QUICK[@]}" --density 2 -o "$FILE" --json "$JSON" -- "$BATS_TEST_TMPDIR/third"
	holds '.scenarios[0].density | .status == "failed" and .reason == "instance 2 exited with status 7: the third time fails"'
}

@test "on the host's own network it is refused: all would want the same port" {
	dense 2 run -n 1 "${QUICK[@]}" --density 2 -o "$FILE" -- "$MAP" serve=8080
	[[ "$OUTPUT" == *"with --boxed each has its own"* ]]
	[ ! -e "$FILE" ]
}
