#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Installs from Debian 12 itself what the build, the tests and the scenarios need. With nothing missing
# it needs neither root nor network. On another distribution it names the packages and stops, unless
# what they give is there already.

set -euo pipefail

# package, what shows that it is there on a system without dpkg (command, pkg-config module or header), why
NEEDED=$(cat <<'END'
make                  cmd:make                 the build
gcc                   cmd:gcc                  the build; the guest init
libc6-dev             hdr:stdio.h              only recommended by gcc; its libc.a makes the guest init static
pkg-config            cmd:pkg-config           the build finds libraries by it
clang                 cmd:clang                compiles the BPF programs
llvm                  cmd:llvm-strip           strips them
bpftool               cmd:bpftool              makes their skeletons
libbpf-dev            pc:libbpf                loads them
libelf-dev            pc:libelf                libbpf; symbols
zlib1g-dev            pc:zlib                  libbpf; the recording
libncurses-dev        pc:ncursesw              the terminal UI
libjansson-dev        pc:jansson               JSON that is read or edited
uthash-dev            hdr:uthash.h             hash tables
libcmocka-dev         pc:cmocka                unit tests
libclang-rt-14-dev    none                     libFuzzer and the sanitizers of clang (make fuzz)
git                   cmd:git                  tests that look at the sources
bats                  cmd:bats                 black-box tests
jq                    cmd:jq                   tests of JSON output
bpftrace              cmd:bpftrace             an independent clock for the tests
strace                cmd:strace               an independent clock for the tests
tmux                  cmd:tmux                 tests of the terminal UI
locales               cmd:localedef            a test in a locale with another decimal point
mandoc                cmd:mandoc               checks the manual pages
zsh                   cmd:zsh                  reads its completions
protobuf-compiler     cmd:protoc               reads the Perfetto export back
chromium              cmd:chromium             tests of the page in a browser; screenshots
chromium-driver       cmd:chromedriver         drives it
fonts-dejavu-core     none                     what it writes with
curl                  cmd:curl                 speaks to the driver
tidy                  cmd:tidy                 checks HTML
libxml2-utils         cmd:xmllint              checks XML
iproute2              cmd:ip                   tap and veth of the scenarios
ca-certificates       none                     Debian mirrors that are reached by https
cpio                  cmd:cpio                 the initramfs of the guest
runc                  cmd:runc                 a scenario
crun                  cmd:crun                 a scenario
qemu-system-x86       cmd:qemu-system-x86_64   a scenario
podman                cmd:podman               a test of `run`; its libdevmapper is needed by dockerd
libvirt-daemon        cmd:libvirtd             a test of `run -- virsh start`; nothing of it is started
libvirt-daemon-driver-qemu none                its QEMU
libvirt-clients       cmd:virsh                its client
lz4                   cmd:lz4                  unpacks the guest's kernel for Firecracker
END
)

say() { printf 'deps: %s\n' "$*" >&2; }

usage() {
	cat <<'END'
usage: deps.sh            install what is missing (root)
       deps.sh --check    exit 0 when nothing is missing, else name it and exit 1
       deps.sh --list     what is needed, and why
END
}

list() {
	local package shows why
	while read -r package shows why; do
		[ -z "$package" ] || printf '%-20s %s\n' "$package" "$why"
	done <<<"$NEEDED"
}

is_debian_12() {
	local ID='' VERSION_ID=''
	# shellcheck source=/dev/null
	[ ! -r /etc/os-release ] || . /etc/os-release
	[ "$ID" = debian ] && [ "$VERSION_ID" = 12 ]
}

# Prints the packages that dpkg does not have.
missing_packages() {
	local package rest installed
	installed=$(awk 'NF { print $1 }' <<<"$NEEDED" |
		xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null || true)
	while read -r package rest; do
		[ -n "$package" ] || continue
		case $'\n'$installed$'\n' in *$'\n'"installed $package"$'\n'*) ;; *) echo "$package" ;; esac
	done <<<"$NEEDED"
}

# The same where packages have other names: looks for what they give.
missing_things() {
	local package shows why
	while read -r package shows why; do
		case $shows in
		cmd:*) PATH=$PATH:/usr/sbin:/sbin command -v "${shows#cmd:}" >/dev/null ;;
		pc:*) pkg-config --exists "${shows#pc:}" 2>/dev/null ;;
		hdr:*) [ -e "/usr/include/${shows#hdr:}" ] || [ -e "/usr/local/include/${shows#hdr:}" ] ;;
		esac || echo "$package"
	done <<<"$NEEDED"
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	# Someone else's unattended upgrade is worth waiting for; another repository's trouble is not ours.
	local lock=(-o DPkg::Lock::Timeout=300)
	apt-get "${lock[@]}" -q update >&2 || say "apt-get update was not clean; going on with the lists there are"
	if ! apt-get "${lock[@]}" -q -y --no-install-recommends install "$@" >&2; then
		say "apt could not install them; see above"
		exit 1
	fi
}

main() {
	local missing
	case ${1-} in
	'' | --check) ;;
	--list) list; exit 0 ;;
	-h | --help) usage; exit 0 ;;
	*) usage >&2; exit 2 ;;
	esac

	if ! is_debian_12; then
		mapfile -t missing < <(missing_things)
		[ ${#missing[@]} -gt 0 ] || exit 0
		say "this is not Debian 12, so nothing is installed; what these Debian packages give is missing here:"
		printf '%s\n' "${missing[@]}"
		exit 1
	fi
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -gt 0 ] || exit 0
	if [ "${1-}" = --check ]; then
		say "missing: ${missing[*]}"
		exit 1
	fi
	if [ "$EUID" != 0 ]; then
		say "only root can install; run: sudo apt-get install --no-install-recommends ${missing[*]}"
		exit 1
	fi
	say "installing ${missing[*]}"
	install_packages "${missing[@]}"
}

main "$@"; exit # one line: bash must not read on, should this file change while it runs
