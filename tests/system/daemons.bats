#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
#
# What daemons do for a run: podman (no daemon), a private containerd, Docker's daemon started here.
# And what goes wrong with them: each a clear reason, the rest goes on, nothing is left.

load lib

setup_file() {
	export WHY_NOT DOCKER_DIR='' DOCKERD=''
	WHY_NOT=$(why_no_tracing)
	[ -z "$WHY_NOT" ] || return 0
	start_dockerd
}

teardown_file() {
	# What a test that failed has left.
	[ -z "$DOCKERD" ] || docker_ ps -aq 2>/dev/null | xargs -r "$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" rm -f >/dev/null 2>&1 || true
	[ -z "$DOCKERD" ] || { kill "$DOCKERD" 2>/dev/null || true; }
	local i
	for i in $(seq 100); do [ -n "$DOCKERD" ] && [ -e "/proc/$DOCKERD" ] || break; sleep 0.1; done
	[ -z "$DOCKER_DIR" ] || grep -o " $DOCKER_DIR[^ ]*" /proc/self/mountinfo | xargs -r umount 2>/dev/null || true
	[ -z "$DOCKER_DIR" ] || rm -rf "$DOCKER_DIR"
}

teardown() {
	[ -z "${CGROUP:-}" ] || end_cgroups || true
	[ -z "${LIBVIRTD:-}" ] || { virsh_ destroy cp-vm; virsh_ destroy cp-other; kill "$LIBVIRTD"; } >/dev/null 2>&1 || true
	[ -z "${LIBVIRT:-}" ] || rm -rf "$LIBVIRT"
}

setup() {
	need_tracing
	FILE=$BATS_TEST_TMPDIR/f.coldprof
	JSON=$BATS_TEST_TMPDIR/json
	PORT=$((20000 + RANDOM % 10000))
	REAPER_OPTIONS=()
}

# Docker's daemon with everything of its own, its containerd too. Sockets have short paths.
start_dockerd() {
	local i
	[ -x "$BUILD/runtimes/bin/dockerd" ] || return 0
	DOCKER_DIR=$(mktemp -d /tmp/cpd-XXXXXX)
	PATH=$BUILD/runtimes/bin:$PATH "$BUILD/runtimes/bin/dockerd" --data-root "$DOCKER_DIR/data" --exec-root "$DOCKER_DIR/exec" \
		-H "unix://$DOCKER_DIR/sock" --pidfile "$DOCKER_DIR/pid" --iptables=false --bridge=none \
		>"$DOCKER_DIR/log" 2>&1 </dev/null 3>&- &
	DOCKERD=$!
	for i in $(seq 200); do
		! docker_ version >/dev/null 2>&1 || break
		sleep 0.1
	done
	mkdir -p "$DOCKER_DIR/rootfs"
	cp "$WORKLOAD" "$DOCKER_DIR/rootfs/w"
	tar -C "$DOCKER_DIR/rootfs" -c . | docker_ import - w:1 >/dev/null 2>>"$DOCKER_DIR/log" || true
}

docker_() {
	"$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" "$@"
}

need_docker() {
	[ -n "$DOCKER_DIR" ] || skip "no dockerd: make runtimes"
	docker_ image inspect w:1 >/dev/null 2>&1 || skip "dockerd does not run here: $(grep -v level=info "$DOCKER_DIR/log" | tail -n 1)"
}

docker_run() {
	echo "$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" run --ulimit nofile=1024:1024 --network host "$@"
}

# ---- podman ------------------------------------------------------------------------------------------

podman_() {
	podman --runtime "$(command -v runc)" --cgroup-manager cgroupfs --storage-driver vfs --root "$BATS_TEST_TMPDIR/root" \
		--runroot "$BATS_TEST_TMPDIR/run" --tmpdir "$BATS_TEST_TMPDIR/tmp" "$@"
}

@test "podman with runc: three runs, all of it in the tree, nothing left in its books" {
	need_program podman
	need_program runc
	mkdir -p "$BATS_TEST_TMPDIR/rootfs"
	cp "$WORKLOAD" "$BATS_TEST_TMPDIR/rootfs/w"
	local before after
	before=$(host_state)
	ours_ends 0 run -n 3 --warmup 0 --requests 3 --settle 50 --port "$PORT" -o "$FILE" --json "$JSON" -- \
		podman --runtime "$(command -v runc)" --cgroup-manager cgroupfs --storage-driver vfs --root "$BATS_TEST_TMPDIR/root" \
		--runroot "$BATS_TEST_TMPDIR/run" --tmpdir "$BATS_TEST_TMPDIR/tmp" run --rm --ulimit nofile=1024:1024 \
		--ulimit nproc=1024:1024 --network host --rootfs "$BATS_TEST_TMPDIR/rootfs" /w "listen=$PORT" serve=0
	holds '.scenarios[0].runs | length == 3 and all(.status == "ok" and .lost_events == 0)'
	# conmon and what it starts are descendants, though conmon is double-forked; nothing was adopted.
	holds '.scenarios[0].runs | all(.tree | map(.comm) | contains(["podman", "conmon"]))'
	holds '.scenarios[0].runs | all(.tree | all(.adopted == null))'
	holds '.scenarios[0].runs | all((.phases | map(.end_ns - .start_ns) | add) == .cold_start_ns)'
	same "" "$(podman_ ps -a --format '{{.ID}}')" "containers left"
	after=$(host_state)
	same "$before" "$after" "the host has changed"
	[ -z "$(find /sys/fs/cgroup -type d -name 'libpod-*' 2>/dev/null)" ]
}

# crun refuses a hybrid layout of cgroups, and what it wants for devices needs a larger RLIMIT_MEMLOCK
# than a container has: a cgroup2 mount of its own, and no cgroup.
@test "podman with crun, in a cgroup2 mount of its own" {
	need_program podman
	need_program crun
	mkdir -p "$BATS_TEST_TMPDIR/rootfs"
	cp "$WORKLOAD" "$BATS_TEST_TMPDIR/rootfs/w"
	cat >"$BATS_TEST_TMPDIR/podman" <<-END
		#!/bin/sh
		mount -t cgroup2 none /sys/fs/cgroup || exit 1
		exec podman --runtime $(command -v crun) --cgroup-manager cgroupfs --storage-driver vfs --root $BATS_TEST_TMPDIR/root \\
			--runroot $BATS_TEST_TMPDIR/run --tmpdir $BATS_TEST_TMPDIR/tmp "\$@"
	END
	chmod +x "$BATS_TEST_TMPDIR/podman"
	unshare -m "$BATS_TEST_TMPDIR/podman" info >/dev/null 2>&1 || skip "no cgroup2 can be mounted"
	ours_ends 0 run -n 3 "${QUICK[@]}" --port "$PORT" -o "$FILE" --json "$JSON" -- unshare -m "$BATS_TEST_TMPDIR/podman" run --rm --cgroups=disabled \
		--ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --network host --rootfs "$BATS_TEST_TMPDIR/rootfs" /w "listen=$PORT" serve=0
	holds '.scenarios[0].runs | length == 3 and all(.status == "ok" and .lost_events == 0)'
	holds '.scenarios[0].runs | all(.tree | map(.comm) | contains(["conmon", "w"]))'
	holds '.scenarios[0].runs | all(.tree | map(.argv[0] // "") | any(test("crun$")))'
	same "" "$(podman_ ps -a --format '{{.ID}}')" "containers left"
}

# ---- Docker's daemon ------------------------------------------------------------------------------------

@test "docker run: what dockerd's containerd does for it is the run's, and told" {
	need_docker
	# shellcheck disable=SC2046 # words
	ours_ends 0 run -n 3 --warmup 0 --requests 3 --settle 50 --port "$PORT" -o "$FILE" --json "$JSON" -- \
		$(docker_run --rm w:1 /w "listen=$PORT" serve=0)
	holds '.scenarios[0].runs | length == 3 and all(.status == "ok" and .lost_events == 0)'
	holds '.scenarios[0].runs | all(.tree | map(select(.adopted)) | length == 1)'
	holds '.scenarios[0].runs | map(.tree[] | select(.adopted) | .adopted) | all(.rule == "containerd shim" and .how == "exec" and .by_comm == "containerd" and (.id | length > 40) and .at_ns > 0)'
	holds '.scenarios[0].runs | map(.tree[] | select(.adopted) | .adopted.id) | unique | length == 3'
	# From the adopted shim on, everything is inherited: runc and the service.
	holds '.scenarios[0].runs | all(.milestones.service_exec > 0 and .milestones.listen > .milestones.service_exec and .milestones.first_accept > 0)'
	holds '.scenarios[0].runs | all((.phases | map(.end_ns - .start_ns) | add) == .cold_start_ns)'
	grep -q 'containerd shim of [0-9a-f]* *, *made by containerd' <(tr -s '\n ' ' ' <"$OUT") || grep -q 'adopted' "$OUT"
	"$COLDPROF" dump "$FILE" | grep -q ' ADOPTED how=exec .*rule="containerd shim"'
	same "" "$(docker_ ps -aq)" "containers left"
}

@test "docker run -d: the client ends, the container is the run's and ends with it; the daemon stays" {
	need_docker
	# shellcheck disable=SC2046 # words
	ours_ends 0 run -n 2 "${QUICK[@]}" --port "$PORT" -o "$FILE" --json "$JSON" -- \
		$(docker_run -d w:1 /w "listen=$PORT" serve=0)
	holds '.scenarios[0].runs | length == 2 and all(.status == "ok")'
	same "" "$(docker_ ps -q)" "containers that still run"
	docker_ version >/dev/null
	docker_ ps -aq | xargs -r "$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" rm >/dev/null
}

@test "killed while a daemon's container runs: it ends all the same, the daemon and another container do not" {
	need_docker
	local other pid i
	# shellcheck disable=SC2046 # words
	other=$($(docker_run -d w:1 /w sleep=60000))
	# shellcheck disable=SC2046 # words
	"$COLDPROF" run -n 1 --warmup 0 --requests 0 --settle 30000 --port "$PORT" -o "$FILE" -- \
		$(docker_run -d w:1 /w "listen=$PORT" serve=0) >/dev/null 2>&1 </dev/null 3>&- &
	pid=$!
	for i in $(seq 200); do ! curl -s -m 1 -o /dev/null "http://127.0.0.1:$PORT/" || break; sleep 0.05; done
	[ "$(docker_ ps -q | wc -l)" -eq 2 ]
	sleep 0.3
	kill -KILL "$pid"
	wait "$pid" || true
	for i in $(seq 100); do [ "$(docker_ ps -q | wc -l)" -gt 1 ] || break; sleep 0.1; done
	same "$other" "$(docker_ ps -q --no-trunc)" "containers that run"
	docker_ kill "$other" >/dev/null
	docker_ ps -aq | xargs -r "$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" rm -f >/dev/null
}

@test "two containers that start at the same moment are told apart" {
	need_docker
	local pids=() i
	for i in 1 2; do
		# shellcheck disable=SC2046 # words
		"$REAPER" -o "$BATS_TEST_TMPDIR/r$i" "$COLDPROF" run -n 3 "${QUICK[@]}" --port $((PORT + i)) -o "$BATS_TEST_TMPDIR/$i.coldprof" \
			--json "$BATS_TEST_TMPDIR/$i.json" -- $(docker_run --rm w:1 /w fork=$((i * 5)) "listen=$((PORT + i))" serve=0) \
			>"$BATS_TEST_TMPDIR/out$i" 2>&1 </dev/null 3>&- &
		pids+=($!)
	done
	for i in 1 2; do
		wait "${pids[i - 1]}" || { tail -n 5 "$BATS_TEST_TMPDIR/out$i"; false; }
		# The children that each workload forks are in its own tree, all of them and no others.
		holds ".scenarios[0].runs | length == 3 and all(.status == \"ok\" and (.tree | map(select(.argv[0] == \"/w\")) | length == 1))" "$BATS_TEST_TMPDIR/$i.json"
		holds ".scenarios[0].runs | all(.tree | (map(select(.argv[0] == \"/w\"))[0].pid) as \$w | map(select(.ppid == \$w)) | length == $((i * 5)))" "$BATS_TEST_TMPDIR/$i.json"
		holds '.scenarios[0].runs | all(.tree | map(select(.adopted)) | length == 1)' "$BATS_TEST_TMPDIR/$i.json"
	done
	same "" "$(jq -r '.scenarios[0].runs[].tree[] | select(.adopted) | .adopted.id' "$BATS_TEST_TMPDIR/1.json" "$BATS_TEST_TMPDIR/2.json" | sort | uniq -d)" "ids in both"
}

@test "docker start: a container that exists, by its name alone" {
	need_docker
	# shellcheck disable=SC2046 # words
	$(docker_run --name kept w:1 /w "listen=$PORT" serve=0 | sed 's/ run / create /') >"$BATS_TEST_TMPDIR/id"
	ours_ends 0 run -n 2 "${QUICK[@]}" --port "$PORT" -o "$FILE" --json "$JSON" -- \
		"$BUILD/runtimes/bin/docker" -H "unix://$DOCKER_DIR/sock" start kept
	docker_ rm kept >/dev/null
	holds '.scenarios[0].runs | length == 2 and all(.status == "ok")'
	holds ".scenarios[0].runs | all(.tree | map(select(.adopted)) | length == 1 and .[0].adopted.id == \"$(cut -c -63 "$BATS_TEST_TMPDIR/id")\")"
	holds '.scenarios[0].runs | all(.milestones.service_exec > 0 and .milestones.first_accept > 0)'
}

@test "ctr run on a containerd that is somebody else's: its shim is the run's, by the id in the command" {
	need_docker
	local sock=$DOCKER_DIR/exec/containerd/containerd.sock
	[ -S "$sock" ] || skip "dockerd's containerd has no socket of its own"
	ours_ends 0 run -n 2 "${QUICK[@]}" --port "$PORT" -o "$FILE" --json "$JSON" -- \
		"$BUILD/runtimes/bin/ctr" --address "$sock" --namespace cpt run --rm --net-host --rootfs "$DOCKER_DIR/rootfs" "cpt-$$" /w "listen=$PORT" serve=0
	holds '.scenarios[0].runs | length == 2 and all(.status == "ok")'
	holds ".scenarios[0].runs | all(.tree | map(select(.adopted) | .adopted) | length == 1 and .[0].rule == \"containerd shim\" and .[0].id == \"cpt-$$\" and .[0].by_comm == \"containerd\")"
	same "" "$("$BUILD/runtimes/bin/ctr" --address "$sock" --namespace cpt containers ls -q)" "containers left"
	docker_ version >/dev/null
}

# ---- a daemon whose programs no rule names -----------------------------------------------------------

# A daemon that starts the workload in a cgroup for who asks it, and at the same moment another one, of
# another id, for nobody; and the client that asks, by Docker's API and its REQUEST, then by a fifo. In
# the cgroup that $BEFORE names, made before, a process executes something during the run as well.
cgroup_daemon() {
	cat >"$1/daemon" <<-'END'
		#!/bin/bash
		start() {
			mkdir -p "$1" && echo "$BASHPID" >"$1/cgroup.procs" && exec "$2" fork=3 "listen=$3" serve=0
		}
		# Open for writing too: between two clients there is no end of file.
		exec 4<>"$1/asked"
		while read -r port name <&4; do
			start "$3/$(tr 0-9a-f 1-9a-f0 <<<"$name")" "$2" $((port + 1)) &
			echo $! >>"$1/others"
			start "$3/$name" "$2" "$port" &
			echo $! >>"$1/own"
		done
	END
	cat >"$1/client" <<-END
		#!/bin/sh
		case \$1 in
		*:*) python3 "$1/grpc" "$1/sock" "\$1" ;;
		*) curl -s -o /dev/null --unix-socket "$1/sock" -X POST "http://d/v1.41/containers/\$1" ;;
		esac
		[ ! -p "$1/go" ] || echo go >"$1/go"
		echo "$PORT \$2" >"$1/asked"
		exec sleep 30
	END
	# containerd's API: "make:ID" as Containers.Create, "task:ID" as what looks into a task.
	cat >"$1/grpc" <<-'END'
		import socket, struct, sys
		kind, name = sys.argv[2].split(":")
		message = b"\x0a\x40" + name.encode()
		if kind == "make":
		    message += b"\x12\x06\x0a\x01a\x12\x01b" * 20
		    message = b"\x0a" + bytes([len(message) & 127 | 128, len(message) >> 7]) + message
		message = b"\0" + struct.pack(">I", len(message)) + message
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(struct.pack(">I", len(message) << 8)[:4] + b"\x01\0\0\0\x01" + message)
	END
	cat >"$1/api" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(9)
		while True:
		    c = s.accept()[0]
		    c.recv(4096)
		    c.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
		    c.close()
	END
	chmod +x "$1/daemon" "$1/client"
	mkfifo "$1/asked"
	python3 "$1/api" "$1/sock" 3>&- &
	API=$!
	"$1/daemon" "$1" "$WORKLOAD" "$2" >/dev/null 2>&1 </dev/null 3>&- &
	DAEMON=$!
	local i
	for i in $(seq 100); do [ ! -S "$1/sock" ] || break; sleep 0.05; done
}

new_cgroup() {
	CGROUP=/sys/fs/cgroup/pids
	[ -d "$CGROUP" ] || CGROUP=/sys/fs/cgroup
	CGROUP=$CGROUP/cpd-test-$$-$BATS_TEST_NUMBER
	mkdir "$CGROUP" || skip "no cgroup can be made"
}

end_cgroups() {
	local i pid
	kill ${DAEMON:+"$DAEMON"} ${API:+"$API"} 2>/dev/null || true
	for pid in $(cat "$BATS_TEST_TMPDIR/others" "$BATS_TEST_TMPDIR/own" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
	for pid in $(find "$CGROUP" -name cgroup.procs -exec cat {} + 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
	for i in $(seq 50); do
		find "$CGROUP" -depth -mindepth 1 -type d -exec rmdir {} + 2>/dev/null || true
		! rmdir "$CGROUP" 2>/dev/null || break
		sleep 0.1
	done
	[ ! -d "$CGROUP" ] || return 1
	CGROUP=
}

new_id() {
	head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'
}

@test "a program that no rule names, in a cgroup of the container asked for: adopted; another one's, or one that was there before, is not" {
	local id name pid before ask
	new_cgroup
	cgroup_daemon "$BATS_TEST_TMPDIR" "$CGROUP"
	for name in %s unit-%s.scope nerd-%s; do
		id=$(new_id)
		ask=$id/start
		[ "$name" != nerd-%s ] || ask=make:$id
		# shellcheck disable=SC2059 # a format of ours
		name=$(printf "$name" "$id")
		# A container of this id runs already, in a cgroup of this name; somebody executes a program in it.
		mkdir -p "$CGROUP/before/$name"
		rm -f "$BATS_TEST_TMPDIR/go"
		mkfifo "$BATS_TEST_TMPDIR/go"
		bash -c 'echo $BASHPID >"$1/cgroup.procs" && read -r go <"$2" && exec sleep 7777' bash "$CGROUP/before/$name" "$BATS_TEST_TMPDIR/go" 3>&- &
		before=$!
		echo "$before" >>"$BATS_TEST_TMPDIR/own"
		ours_ends 0 run -n 1 "${QUICK[@]}" --timeout 10 --port "$PORT" -o "$FILE" --force --json "$JSON" -- "$BATS_TEST_TMPDIR/client" "$ask" "$name"
		holds '.scenarios[0].runs | length == 1 and all(.status == "ok" and .milestones.first_accept > 0)'
		# The workload is the run's with its three children, and nothing else is adopted.
		holds ".scenarios[0].runs[0].tree | map(select(.adopted)) | length == 1 and (.[0].adopted | .how == \"cgroup\" and .rule == \"exec in its cgroup\" and .by_comm == \"daemon\" and .id == \"${id:0:63}\")"
		holds '.scenarios[0].runs[0].tree | (map(select(.adopted))[0].pid) as $w | map(select(.ppid == $w)) | length == 3'
		holds ".scenarios[0].runs[0].tree | map(.argv // [] | index(\"listen=$((PORT + 1))\")) | all(. == null)"
		holds '.scenarios[0].runs[0].tree | map(.argv // [] | index("7777")) | all(. == null)'
		# It ends with the run; what others asked for, or what ran before, does not.
		same "sleep 7777" "$(tr '\0' ' ' <"/proc/$before/cmdline" | sed 's/ $//')" "who ran before"
		for pid in $(cat "$BATS_TEST_TMPDIR/others"); do
			[ -e "/proc/$pid" ]
			kill "$pid"
		done
		kill "$before"
		rm "$BATS_TEST_TMPDIR/others"
	done
	end_cgroups
}

@test "a container that was only looked into, or a cgroup whose name is a word of the command, is nobody's" {
	local id name pid ask
	new_cgroup
	cgroup_daemon "$BATS_TEST_TMPDIR" "$CGROUP"
	id=$(new_id)
	for name in "$id" "cpd-$$-x" "nerd-$id"; do
		ask=$id/exec
		[ "$name" != "nerd-$id" ] || ask=task:$id
		ours_ends 1 run -n 1 "${QUICK[@]}" --timeout 2 --port "$PORT" -o "$FILE" --force --json "$JSON" -- "$BATS_TEST_TMPDIR/client" "$ask" "$name"
		holds '.scenarios[0].runs[0].tree | map(select(.adopted)) | length == 0'
		for pid in $(cat "$BATS_TEST_TMPDIR/own"); do
			[ -e "/proc/$pid" ]
			kill "$pid"
		done
		rm "$BATS_TEST_TMPDIR/own"
	done
	end_cgroups
}

@test "a daemon that is not there: the client's own words, status 1" {
	[ -x "$BUILD/runtimes/bin/docker" ] || skip "no docker: make runtimes"
	ours_ends 1 run -n 1 "${QUICK[@]}" -o "$FILE" --json "$JSON" -- "$BUILD/runtimes/bin/docker" -H "unix://$BATS_TEST_TMPDIR/none" run x
	holds '.scenarios[0].runs[0] | (.reason | test("exited with status 125")) and (.output | test("Cannot connect"))'
}

@test "a socket that is no daemon's: no answer, a reason, nothing left" {
	[ -x "$BUILD/runtimes/bin/docker" ] || skip "no docker: make runtimes"
	python3 -c 'import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(9); time.sleep(60)' "$BATS_TEST_TMPDIR/mute" 3>&- &
	local mute=$!
	sleep 0.3
	ours_ends 1 run -n 1 "${QUICK[@]}" --timeout 2 -o "$FILE" --json "$JSON" -- "$BUILD/runtimes/bin/docker" -H "unix://$BATS_TEST_TMPDIR/mute" run x
	kill "$mute"
	holds '.scenarios[0].runs[0].reason | test("nothing listened on port 8080 within 2 s|exited with status 125")'
}

# ---- libvirt -----------------------------------------------------------------------------------------

# A libvirtd with everything of its own: what it has compiled in lies on file systems of its own. On
# $LIBVIRT/run/libvirt-sock; its pid in $LIBVIRTD.
start_libvirtd() {
	local d i
	cat >"$LIBVIRT/start" <<-'END'
		set -e
		for d in /run /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt; do
			mkdir -p "$d"
			mount -t tmpfs none "$d"
		done
		for f in passwd group; do cp /etc/$f "$1/$f"; done
		grep -q ^libvirt-qemu: "$1/passwd" || echo libvirt-qemu:x:64055:64055::/nonexistent:/bin/false >>"$1/passwd"
		for g in libvirt-qemu:x:64055: kvm:x:64056:; do grep -q "^${g%%:*}:" "$1/group" || echo "$g" >>"$1/group"; done
		for f in passwd group; do mount --bind "$1/$f" /etc/$f; done
		printf 'unix_sock_dir = "%s/run"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:stderr"\n' "$1" >/etc/libvirt/libvirtd.conf
		printf 'stdio_handler = "file"\nuser = "root"\ngroup = "root"\ndynamic_ownership = 0\nremember_owner = 0\nsecurity_driver = "none"\ncgroup_controllers = [ ]\nnamespaces = [ ]\nclear_emulator_capabilities = 0\nseccomp_sandbox = 0\n' >/etc/libvirt/qemu.conf
		exec libvirtd -f /etc/libvirt/libvirtd.conf -p "$1/pid"
	END
	mkdir -p "$LIBVIRT/run"
	unshare -m bash "$LIBVIRT/start" "$LIBVIRT" >"$LIBVIRT/log" 2>&1 </dev/null 3>&- &
	LIBVIRTD=$!
	for i in $(seq 150); do
		! virsh_ version >/dev/null 2>&1 || return 0
		[ -e "/proc/$LIBVIRTD" ] || break
		sleep 0.1
	done
	tail -n 5 "$LIBVIRT/log"
	skip "libvirtd does not run here"
}

virsh_() {
	virsh -c "qemu+unix:///system?socket=$LIBVIRT/run/libvirt-sock" "$@"
}

# domain NAME PORT: a PC with the scenarios' guest, its port 8080 as the host's PORT.
domain() {
	cat <<-END
		<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>$1</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
		<os><type arch='x86_64' machine='pc'>hvm</type><kernel>$BUILD/guest/vmlinuz</kernel><initrd>$BUILD/guest/initrd.gz</initrd>
		<cmdline>quiet panic=-1 tsc_early_khz=2000000 coldprof.ip=10.0.2.15/24 coldprof.gw=10.0.2.2 coldprof.port=8080</cmdline></os>
		<devices><emulator>$(command -v qemu-system-x86_64)</emulator><memballoon model='none'/></devices>
		<qemu:commandline><qemu:arg value='-netdev'/><qemu:arg value='user,id=n0,hostfwd=tcp:127.0.0.1:$2-:8080'/>
		<qemu:arg value='-device'/><qemu:arg value='virtio-net-pci,netdev=n0,romfile=,addr=0x10'/></qemu:commandline></domain>
	END
}

@test "virsh start: the machine that libvirtd makes is the run's, by its name, and another one is not" {
	need_program libvirtd
	need_program virsh
	[ -s "$BUILD/guest/initrd.gz" ] || skip "no guest: make runtimes"
	LIBVIRT=$(mktemp -d /tmp/cpl-XXXXXX)
	LIBVIRTD=
	start_libvirtd
	domain "cp-vm" "$PORT" >"$LIBVIRT/a.xml"
	# Without a kernel it has nothing to do.
	domain "cp-other" "$((PORT + 1))" | sed 's|<kernel>.*</initrd>||; s|<cmdline>.*</cmdline>||' >"$LIBVIRT/b.xml"
	virsh_ define "$LIBVIRT/a.xml"
	virsh_ define "$LIBVIRT/b.xml"
	(sleep 0.5 && virsh_ start cp-other) >/dev/null 2>&1 3>&- &
	local other=$!
	ours_ends 0 run -n 1 "${QUICK[@]}" --timeout 120 --port "$PORT" -o "$FILE" --json "$JSON" -- \
		virsh -c "qemu+unix:///system?socket=$LIBVIRT/run/libvirt-sock" start cp-vm || { q .scenarios[0].runs[0].output; tail -n 4 "$LIBVIRT/log"; false; }
	wait "$other"
	holds '.scenarios[0].runs | length == 1 and all(.status == "ok")'
	holds '.scenarios[0].runs[0].tree | map(select(.adopted) | .adopted) | length == 1 and (.[0] | .rule == "QEMU" and .id == "cp-vm")'
	# It ended with the run, the daemon and the other one did not. The daemon learns it a little later.
	local i
	for i in $(seq 100); do
		[ "$(virsh_ list --name | head -n 1)" != cp-vm ] || sleep 0.1
	done
	same "cp-other" "$(virsh_ list --name | head -n 1)" "machines that run"
	# Named by an option, and coldprof killed while it runs: it ends all the same.
	"$COLDPROF" run -n 1 --warmup 0 --requests 0 --settle 60000 --ready exit -o "$FILE" --force -- \
		virsh -c "qemu+unix:///system?socket=$LIBVIRT/run/libvirt-sock" start --domain=cp-vm >/dev/null 2>&1 </dev/null 3>&- &
	local ours=$!
	for i in $(seq 200); do [ "$(virsh_ list --name | grep -c .)" -lt 2 ] || break; sleep 0.1; done
	[ "$(virsh_ list --name | grep -c .)" -eq 2 ]
	sleep 1
	kill -KILL "$ours"
	wait "$ours" || true
	for i in $(seq 100); do [ "$(virsh_ list --name | grep -c .)" -gt 1 ] || break; sleep 0.1; done
	same "cp-other" "$(virsh_ list --name | grep .)" "machines that run after the kill"
	virsh_ destroy cp-other
	kill "$LIBVIRTD"
	wait "$LIBVIRTD" || true
	rm -rf "$LIBVIRT"
	LIBVIRT=
}

# ---- the private containerd --------------------------------------------------------------------------

@test "containerd-runc: three runs, phases complete, nothing left" {
	need_runtime containerd-runc
	local before after
	before=$(host_state)
	ours_ends 0 --runtime containerd-runc -n 3 --warmup 0 --requests 3 --settle 50 -o "$FILE" --json "$JSON"
	after=$(host_state)
	same "$before" "$after" "the host has changed"
	holds '.scenarios[0].runs | length == 3 and all(.status == "ok" and .lost_events == 0)'
	holds '.scenarios[0].runs | all(.phases | map(.name) == ["exec", "ctr'"'"'s start-up", "containerd'"'"'s task creation", "shim start", "shim serves", "runc create", "runc start", "service exec", "service start-up", "listen to accept", "accept to first byte"])'
	holds '.scenarios[0].runs | all((.phases | map(.end_ns - .start_ns) | add) == .cold_start_ns)'
	[ ! -e /run/containerd ] || [ -z "$(find /run/containerd -newer "$BATS_TEST_TMPDIR" -name '*coldprof*' 2>/dev/null)" ]
}

# A program that stands before the real one: does something first.
wrapper() {
	cat >"$BATS_TEST_TMPDIR/$1" <<-END
		#!/bin/bash
		$2
	END
	chmod +x "$BATS_TEST_TMPDIR/$1"
}

# Not Kata: what the shim is given is looked at, then it fails. Kata refuses a container whose network is
# the namespace that its shim lives in.
@test "kata: the shim lives in another network namespace than the one that the container is given" {
	need_runtime containerd-runc
	[ -w /dev/kvm ] && [ -w /dev/net/tun ] || skip "no /dev/kvm or /dev/net/tun"
	wrapper containerd-shim-kata-v2 'ns=$(jq -r ".linux.namespaces[] | select(.type == \"network\") | .path" config.json)
		echo "$(readlink /proc/self/ns/net) $(readlink "$ns") $(ls /sys/class/net "$ns" 2>&1 | wc -l)" >>'"$BATS_TEST_TMPDIR/seen"'
		echo "a stand-in, no Kata" >&2; exit 1'
	cat >"$BATS_TEST_TMPDIR/in" <<-'END'
		mount -t tmpfs none /opt && mkdir -p /opt/kata/share/defaults/kata-containers || exit 99
		echo '[hypervisor.clh]' >/opt/kata/share/defaults/kata-containers/configuration-clh.toml
		exec "$@"
	END
	unshare -m bash "$BATS_TEST_TMPDIR/in" true || skip "nothing can be mounted over /opt"
	unshare -m bash "$BATS_TEST_TMPDIR/in" "$COLDPROF" --runtime kata-clh --accel kvm -n 1 "${QUICK[@]}" --plain \
		--runtime-path containerd-shim-kata-v2="$BATS_TEST_TMPDIR/containerd-shim-kata-v2" --timeout 15 -o "$FILE" --json "$JSON" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- || true
	holds '.scenarios[0].status == "failed"'
	local own given rest
	read -r own given rest <"$BATS_TEST_TMPDIR/seen" || { cat "$BATS_TEST_TMPDIR/out"; false; }
	[[ $own == net:* && $given == net:* ]] || { cat "$BATS_TEST_TMPDIR/seen"; false; }
	[ "$own" != "$given" ]
}

# Not Firecracker: what its jailer needs of us is tried, then it fails. On hosts /run allows neither
# programs nor devices.
@test "--jailer: in the jail a program can be executed, a device opened, and our files are there" {
	[ -w /dev/kvm ] || skip "no /dev/kvm"
	[ -s "$BUILD/guest/initrd.gz" ] || skip "no guest: make runtimes"
	wrapper firecracker-v1.12.0-x86_64 'exit 1'
	ln -s firecracker-v1.12.0-x86_64 "$BATS_TEST_TMPDIR/firecracker"
	wrapper jailer '[ "$1" = --id ] && [ "$3" = --exec-file ] && [ "$9" = --chroot-base-dir ] || exit 9
		cd "${10}/$(basename "$4")/$2/root" || exit 8
		{ ls; cp '"$(command -v sleep)"' ./prog && ./prog 0 && echo executes; mknod kvm c 10 232 && exec 3<>kvm && echo opens; ls /sys/class/net | tr "\n" " "; } >'"$BATS_TEST_TMPDIR/seen"' 2>&1
		echo "Guest-boot-time = 2000 us 2 ms, 1000 CPU us 1 CPU ms" >>log
		exit 1'
	cat >"$BATS_TEST_TMPDIR/in" <<-'END'
		mkdir -p /run/coldprof && mount -t tmpfs -o nodev,noexec,nosuid,mode=700 none /run/coldprof || exit 99
		exec "$@"
	END
	unshare -m bash "$BATS_TEST_TMPDIR/in" "$COLDPROF" --runtime firecracker --jailer --accel kvm -n 1 "${QUICK[@]}" --plain --timeout 15 -o "$FILE" --json "$JSON" \
		--runtime-path firecracker="$BATS_TEST_TMPDIR/firecracker" --runtime-path jailer="$BATS_TEST_TMPDIR/jailer" >"$BATS_TEST_TMPDIR/out" 2>&1 </dev/null 3>&- || true
	holds '.scenarios[0].status == "failed"'
	for what in vm.json vmlinux initrd log executes opens; do
		grep -qx "$what" "$BATS_TEST_TMPDIR/seen" || { echo "no $what"; cat "$BATS_TEST_TMPDIR/seen" "$BATS_TEST_TMPDIR/out"; false; }
	done
	# The box's own /sys shows the tap; and the log is read though the jail is gone.
	grep -q cptap0 "$BATS_TEST_TMPDIR/seen"
	"$COLDPROF" dump "$FILE" | grep -q 'BOOT_TIMER ns=2000000'
}

@test "containerd that does not start: its last words are the reason, others go on" {
	need_runtime containerd-runc
	wrapper containerd 'echo "level=fatal msg=\"disk on fire\"" >&2; exit 1'
	ours_ends 1 --runtime containerd-runc,native -n 1 "${QUICK[@]}" --runtime-path containerd="$BATS_TEST_TMPDIR/containerd" -o "$FILE" --json "$JSON"
	holds '.scenarios[0].runs[0].reason | test("containerd ended with status 1 before it served: .*disk on fire")'
	holds '.scenarios[1].status == "ok"'
}

@test "containerd that never serves: it says so itself, before the box is given up" {
	need_runtime containerd-runc
	wrapper containerd 'echo "level=info msg=\"still waiting for the disk\"" >&2; exec sleep 60'
	ours_ends 1 --runtime containerd-runc,native -n 1 "${QUICK[@]}" --runtime-path containerd="$BATS_TEST_TMPDIR/containerd" -o "$FILE" --json "$JSON"
	holds '.scenarios[0].runs[0].reason | test("containerd does not serve on its socket: .*still waiting")'
	holds '.scenarios[1].status == "ok"'
}

@test "containerd that dies in the middle: it is named, the rest goes on, nothing is left" {
	need_runtime containerd-runc
	# The runtime kills the daemon of its own box, by its pid there: the keeper's first child.
	wrapper runc 'case "$*" in *create*) kill -KILL "$(pgrep -o -x containerd)"; sleep 20 ;; esac
		exec '"$(command -v runc)"' "$@"'
	ours_ends 1 --runtime containerd-runc,native -n 1 "${QUICK[@]}" --timeout 15 --runtime-path runc="$BATS_TEST_TMPDIR/runc" -o "$FILE" --json "$JSON"
	holds '.scenarios[0].runs[0].reason | test("containerd was killed by signal 9 .*before the service answered")'
	holds '.scenarios[1].status == "ok"'
}

@test "a runtime that leaves a half-made container: its words, and nothing is left" {
	need_runtime containerd-runc
	wrapper runc 'case "$*" in *start*) echo "half-made" >&2; exit 1 ;; esac
		exec '"$(command -v runc)"' "$@"'
	ours_ends 1 --runtime containerd-runc,native -n 1 "${QUICK[@]}" --timeout 15 --runtime-path runc="$BATS_TEST_TMPDIR/runc" -o "$FILE" --json "$JSON"
	holds '.scenarios[0].runs[0].reason | test("containerd-runc exited with status 1 before it answered")'
	holds '.scenarios[1].status == "ok"'
}

@test "a shim that outlives the run: it goes with the box, and nothing is left" {
	need_runtime containerd-runc
	# In a session of its own, deaf to what a process is asked to end with.
	wrapper containerd-shim-runc-v2 'trap "" TERM INT HUP
		case "$*" in *start*) setsid sh -c "trap \"\" TERM INT HUP; exec sleep 300" </dev/null >/dev/null 2>&1 & ;; esac
		exec '"$BUILD/runtimes/bin/containerd-shim-runc-v2"' "$@"'
	ours_ends 0 --runtime containerd-runc,native -n 2 "${QUICK[@]}" --runtime-path containerd-shim-runc-v2="$BATS_TEST_TMPDIR/containerd-shim-runc-v2" -o "$FILE" --json "$JSON"
	holds '.scenarios | all(.status == "ok")'
	# It was there, and it was the run's.
	holds '.scenarios[0].runs | all(.tree | map(.argv // [] | join(" ")) | index("sleep 300") != null)'
}

@test "killed while daemon, shim and service run: nothing outlives it" {
	need_runtime containerd-runc
	local ms
	for ms in 150 400 900; do
		REAPER_OPTIONS=(-s KILL -a "$ms" -w 5000)
		ours --runtime containerd-runc -n 3 "${QUICK[@]}" -o "$FILE" --force
		[ "$SURVIVORS" -eq 0 ]
	done
	# Scratch and cgroups of the killed go with the next session.
	REAPER_OPTIONS=()
	ours_ends 0 --runtime native -n 1 "${QUICK[@]}" -o "$FILE" --force
	[ -z "$(find /run/coldprof -mindepth 1 -maxdepth 1 -newer "$BATS_TEST_TMPDIR" 2>/dev/null)" ]
}

# Kata's guests have their network on a tap of its name in the container's namespace; here anybody makes it.
@test "the first frame of a tap that is called as Kata's is seen in the box" {
	[ -c /dev/net/tun ] || skip "no /dev/net/tun"
	cat >"$BATS_TEST_TMPDIR/tap" <<-'END'
		import fcntl, os, struct, subprocess, sys
		tun = os.open("/dev/net/tun", os.O_RDWR)
		fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", sys.argv[1].encode(), 0x1002))
		subprocess.check_call(["ip", "link", "set", sys.argv[1], "up"])
		os.write(tun, b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x01\x08\x06" + b"\x00" * 46)
		os.execv(sys.argv[2], sys.argv[2:])
	END
	ours_ends 0 run --boxed -n 1 "${QUICK[@]}" -o "$FILE" -- python3 "$BATS_TEST_TMPDIR/tap" tap0_kata "$WORKLOAD" listen=8080 serve=0
	[ "$("$COLDPROF" dump "$FILE" | grep -c ' TAP_FRAME .*ifname="*tap0_kata')" -eq 1 ]
	ours_ends 0 run --boxed -n 1 "${QUICK[@]}" -o "$FILE" --force -- python3 "$BATS_TEST_TMPDIR/tap" tap0_other "$WORKLOAD" listen=8080 serve=0
	never grep -q TAP_FRAME <("$COLDPROF" dump "$FILE")
}

# ---- an image of one's own ------------------------------------------------------------------------------

# image DIR COMMAND...: an OCI layout with the workload as /w.
image() {
	local umoci=$BUILD/runtimes/bin/umoci
	[ -x "$umoci" ] || umoci=$(command -v umoci) || skip "no umoci: make runtimes"
	"$umoci" init --layout "$1"
	"$umoci" new --image "$1:latest"
	"$umoci" insert --image "$1:latest" "$WORKLOAD" /w
	"$umoci" config --image "$1:latest" --config.entrypoint "$2" "${@:3}"
}

@test "--image: an OCI image's own command, under every OCI runtime that is here" {
	local runtimes=runc r
	need_runtime runc
	for r in crun gvisor containerd-runc; do ! has_runtime $r || runtimes=$runtimes,$r; done
	image "$BATS_TEST_TMPDIR/i" /w --config.cmd listen=8080 --config.cmd serve=0
	ours_ends 0 --runtime "$runtimes,native" -n 1 "${QUICK[@]}" --image "$BATS_TEST_TMPDIR/i" -o "$FILE" --json "$JSON"
	holds '.scenarios | map(select(.name != "native")) | all(.status == "ok")'
	holds '.scenarios[] | select(.name == "native") | .status == "unavailable" and (.reason | test("--image is for OCI runtimes"))'
	holds '.scenarios[] | select(.name == "runc") | .runs[0].tree | map(.argv | join(" ")) | index("/w listen=8080 serve=0") != null'
	ours_ends 0 --runtime runc -n 1 "${QUICK[@]}" --port 8099 --image "$BATS_TEST_TMPDIR/i:latest" --entry "/w listen=8099 serve=0" -o "$FILE" --force
}

@test "--image is unpacked onto a disk, goes with the session, and what a killed one left with the next" {
	need_runtime runc
	image "$BATS_TEST_TMPDIR/i" /w --config.cmd listen=8080 --config.cmd serve=0
	local umoci=$BUILD/runtimes/bin/umoci
	[ -x "$umoci" ] || umoci=$(command -v umoci)
	wrapper umoci 'echo "${*: -1}" >>'"$BATS_TEST_TMPDIR/to"'
		exec '"$umoci"' "$@"'
	# Of a dead session; a directory of the user's beside it is none of ours.
	mkdir -p -m 700 /var/tmp/coldprof
	mkdir -p /var/tmp/coldprof/1-dead/runc/image /var/tmp/coldprof-user-$$
	ours_ends 0 --runtime runc,containerd-runc -n 1 "${QUICK[@]}" --image "$BATS_TEST_TMPDIR/i" --runtime-path umoci="$BATS_TEST_TMPDIR/umoci" -o "$FILE" --json "$JSON"
	holds '.scenarios | all(.status == "ok")'
	[ "$(grep -c "^/var/tmp/coldprof/$PID-[^/]*/[a-z-]*/image$" "$BATS_TEST_TMPDIR/to")" -eq 2 ]
	[ ! -e "/var/tmp/coldprof/1-dead" ]
	[ -z "$(find /var/tmp/coldprof -maxdepth 1 -name "$PID-*" 2>/dev/null)" ]
	rmdir "/var/tmp/coldprof-user-$$"
}

@test "--image without its command, without a tag, or no image: a clear reason each" {
	need_runtime runc
	image "$BATS_TEST_TMPDIR/i" /nothing
	ours_ends 1 --runtime runc,crun -n 1 "${QUICK[@]}" --image "$BATS_TEST_TMPDIR/i" -o "$FILE" --json "$JSON"
	holds '.scenarios | all(.reason | test("--image: its command /nothing is not in it"))'
	ours_ends 1 --runtime runc -n 1 "${QUICK[@]}" --image "$BATS_TEST_TMPDIR/i:none" -o "$FILE" --force --json "$JSON"
	holds '.scenarios[0].reason | test("could not be prepared: .*umoci")'
	mkdir "$BATS_TEST_TMPDIR/empty"
	ours --runtime runc -n 1 --image "$BATS_TEST_TMPDIR/empty" -o "$FILE" --force
	[ "$STATUS" -eq 2 ]
	grep -q 'no OCI image layout' "$ERR"
	ours --runtime runc -n 1 --image "$BATS_TEST_TMPDIR/i" --bundle / -o "$FILE" --force
	[ "$STATUS" -eq 2 ]
}
