#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Brings the runtimes that `coldprof --all` wants and that Debian 12 itself does not install,
# and unpacks them under build/runtimes:
#
#   bin/go bin/runsc bin/wazero   stable names, whatever the packages' own layout
#   bin/containerd bin/ctr bin/containerd-shim-runc-v2 bin/umoci bin/docker bin/dockerd
#   kernel/vmlinuz                the guest's kernel
#   kernel/modules/               its /lib/modules/VERSION
#   versions                      what lies here; written last, so its presence means "complete"
#
# Nothing is installed. apt runs on a private configuration (own sources, state and cache), so that
# suites newer than the release never become part of the user's system; signatures are checked
# against Debian's own keyring. Needs no root. The second run reads only the stamp.

set -euo pipefail

# component, package, suite, why. The stamp holds this table: a changed line fetches anew.
WANTED='
go      golang-1.23-go           bookworm-backports  builds the service; the release has 1.19, wasip1 needs 1.21
go      golang-1.23-src          bookworm-backports  the standard library, a package of its own in Debian
runsc   runsc                    bookworm-backports  gVisor with systrap; the release has 2022, without it
wazero  wazero                   sid                 a WASI runtime that listens; in no older suite
kernel  linux-image-cloud-amd64  bookworm            the guest of the VM scenarios; unpacked, never installed
containerd  containerd           bookworm            installed, it would start a daemon and drive other Docker packages out
docker  docker.io                bookworm            a daemon that the tests start; likewise
umoci   umoci                    bookworm            unpacks OCI images for --image
'
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

usage() {
	cat <<'END'
usage: fetch.sh [--dest DIR] [--mirror URI] [--force]
       fetch.sh --list | --check [--dest DIR]

  --dest DIR    where to unpack (default: build/runtimes beside this script's folder)
  --mirror URI  Debian mirror (default: the one this system's apt uses)
  --force       fetch anew even when all is here
  --list        print what would be brought, and stop
  --check       exit 0 when all is here, 1 when not; fetch nothing
END
}

say() { printf 'fetch: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

list_wanted() {
	local component package suite why
	while read -r component package suite why; do
		[ -z "$component" ] || printf '%-8s %-24s %-19s %s\n' "$component" "$package" "$suite" "$why"
	done <<<"$WANTED"
}

# Complete = the stamp was written for this very table and what it promises is still there. Builtins
# only: this is all that a second run does.
is_complete() {
	local stamp='' file
	[ -r "$dest/versions" ] || return 1
	stamp=$(<"$dest/versions")
	[ "${stamp%%$'\n\n'*}" = "$(wanted_key)" ] || return 1
	for file in bin/go bin/runsc bin/wazero bin/containerd bin/docker bin/umoci go/usr/lib/go-1.23/bin/go; do
		[ -x "$dest/$file" ] || return 1
	done
	[ -s "$dest/kernel/vmlinuz" ] && [ -d "$dest/kernel/modules/kernel" ]
}

wanted_key() {
	local component package suite why
	while read -r component package suite why; do
		[ -z "$component" ] || printf '# wanted %s %s %s\n' "$component" "$package" "$suite"
	done <<<"$WANTED"
}

check_host() {
	local ID='' VERSION_ID=''
	# shellcheck source=/dev/null
	[ ! -r /etc/os-release ] || . /etc/os-release
	if [ "$ID" != debian ] || [ "$VERSION_ID" != 12 ]; then
		say "this is not Debian 12 (it is ${ID:-unknown} ${VERSION_ID:-}); bring these yourself, then name them with --runtime-path:"
		list_wanted >&2
		exit 1
	fi
	local tool
	for tool in apt-get apt-cache apt-config dpkg-deb flock; do
		command -v "$tool" >/dev/null || die "$tool is not here; it comes with Debian's apt, dpkg and util-linux"
	done
	local arch
	arch=$(dpkg --print-architecture)
	[ "$arch" = amd64 ] || die "the runtimes are fetched for amd64 only, and this system is $arch"
	[ -r "$KEYRING" ] || die "$KEYRING is missing; install debian-archive-keyring"
}

# Root's download into a user's checkout would leave a build directory that the user cannot remove.
drop_to_owner() {
	local owner group dir=$dest
	[ "$EUID" = 0 ] || return 0
	while [ ! -e "$dir" ]; do dir=$(dirname "$dir"); done
	owner=$(stat -c %u "$dir") group=$(stat -c %g "$dir")
	[ "$owner" != 0 ] || return 0
	command -v setpriv >/dev/null || return 0
	setpriv --reuid "$owner" --regid "$group" --clear-groups test -w "$dir" || return 0
	# HOME is root's still, and dpkg complains of what it may not read there.
	HOME=/nonexistent exec setpriv --reuid "$owner" --regid "$group" --clear-groups "$BASH" "$0" "$@"
}

# The mirror for this release as the user's apt would ask it; asks nothing over the network. The lists
# may be empty on a fresh system, so the sources are what is read, with an empty state of our own.
users_mirror() {
	mkdir -p "$apt/probe/lists/partial"
	apt-get -o Dir::State="$apt/probe" -o Dir::State::lists="$apt/probe/lists" -o Debug::NoLocking=1 \
		update --print-uris 2>/dev/null |
		sed -nE "s,^'([^']*[^/'])/+dists/bookworm/InRelease'.*,\1,p" | grep -vE '^(cdrom|copy|file):' | head -n 1
}

write_apt_conf() {
	local mirror=$1 suite
	mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$apt/etc/"{apt.conf.d,preferences.d,trusted.gpg.d}
	: >"$apt/state/status" # as if nothing were installed: dependencies are none of our business
	for suite in bookworm bookworm-backports sid; do
		echo "deb [arch=amd64 signed-by=$KEYRING] $mirror $suite main"
	done >"$apt/etc/sources.list"
	# Hooks of the system's configuration must not run; its proxies must hold, and so must what it says
	# of a mirror that stands still (a snapshot, a frozen company mirror). They may contain a password.
	(
		umask 077
		cat >"$apt/apt.conf" <<END
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
Dir::Etc "$apt/etc";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
APT::Default-Release "bookworm";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
END
		apt-config dump | grep -E '^Acquire::(https?|ftp|tor|socks|ForceIPv[46]|Check-(Valid-Until|Date))(::|[[:space:]])' |
			grep -v '::Timeout ' >>"$apt/apt.conf" || true
	)
}

# APT_CONFIG is read before the directories are settled, so the private Dir::Etc holds from the start.
private_apt() {
	local tool=$1
	shift
	APT_CONFIG=$apt/apt.conf LC_ALL=C "$tool" "$@"
}

update_lists() {
	say "reading the signed package lists of bookworm, bookworm-backports and sid from $1"
	write_apt_conf "$1"
	if private_apt apt-get -q -o APT::Update::Error-Mode=any update >"$apt/log" 2>&1; then
		return 0
	fi
	explain_apt "$1"
	die "$1 did not give the package lists; nothing was changed (--mirror names another)"
}

explain_apt() {
	if grep -qE 'Could not (resolve|connect)|Temporary failure|timed out|Network is unreachable|Connection refused' "$apt/log"; then
		say "$1 cannot be reached; is there a network, or a proxy that apt should know?"
		return
	elif grep -qE 'NO_PUBKEY|not signed|BADSIG|EXPKEYSIG' "$apt/log"; then
		say "the signatures of $1 do not hold against $KEYRING; a newer debian-archive-keyring may be needed"
	elif grep -q 'is expired' "$apt/log"; then
		say "the package lists of $1 are out of date (a frozen mirror, or this machine's clock is wrong):"
	else
		say "apt could not use $1:"
	fi
	grep -E '^(E|W|Err)' "$apt/log" | head -n 5 | sed 's/^/fetch:   /' >&2 || true
}

# The metapackage names the real image of the day.
real_package() {
	case $1 in
	linux-image-cloud-amd64)
		private_apt apt-cache depends "$1" | sed -nE 's/^ *Depends: (linux-image-[0-9].*)$/\1/p' | head -n 1
		;;
	*) echo "$1" ;;
	esac
}

# Fills $debs: apt checks sizes and hashes against the signed lists, and resumes what a broken run left.
download() {
	local component package suite why real specs=()
	while read -r component package suite why; do
		[ -n "$component" ] || continue
		real=$(real_package "$package")
		[ -n "$real" ] || die "$suite has no $package"
		specs+=("$real/$suite")
		mkdir -p "$debs/$component"
	done <<<"$WANTED"

	private_apt apt-get -qq download --print-uris "${specs[@]}" >"$apt/uris" 2>"$apt/log" || {
		sed 's/^/fetch:   /' "$apt/log" >&2
		die "a package is not in the suite where it is expected (see fetch.sh --list)"
	}
	awk '{ n = $2; sub(/_amd64\.deb$|_all\.deb$/, "", n); gsub("%3a", ":", n); sub("_", " ", n);
	       printf "fetch: downloading %s, %.1f MB\n", n, $3 / 1e6 }' "$apt/uris" >&2
	(cd "$debs" && private_apt apt-get -q download "${specs[@]}" >"$apt/log" 2>&1) || {
		explain_apt "the mirror"
		die "the download stopped; run this again and it goes on from here"
	}
}

unpack() {
	local component package suite why real deb versions=''
	while read -r component package suite why; do
		[ -n "$component" ] || continue
		real=$(real_package "$package")
		deb=$(find "$debs" -maxdepth 1 -name "${real}_*.deb" | sort | tail -n 1)
		[ -n "$deb" ] || die "apt said it fetched $real, but no such file came"
		say "unpacking $real"
		mkdir -p "$new/$component"
		dpkg-deb -x "$deb" "$new/$component" || die "$real cannot be unpacked; is the disk full?"
		versions+="$component $real $(dpkg-deb -f "$deb" Version) $suite"$'\n'
	done <<<"$WANTED"
	stable_names
	printf '%s\n\n%s' "$(wanted_key)" "$versions" >"$new/versions.tmp"
}

# runsc starts itself again through /proc/self/exe, so it must be the ELF file, not a wrapper; go needs
# its GOROOT and must never look for another toolchain, so it must be one.
stable_names() {
	local image release program
	mkdir -p "$new/bin"
	ln -s ../runsc/usr/bin/runsc "$new/bin/runsc"
	ln -s ../wazero/usr/bin/wazero "$new/bin/wazero"
	ln -s ../umoci/usr/bin/umoci "$new/bin/umoci"
	ln -s ../docker/usr/bin/docker "$new/bin/docker"
	ln -s ../docker/usr/sbin/dockerd "$new/bin/dockerd"
	for program in containerd ctr containerd-shim-runc-v2; do
		ln -s "../containerd/usr/bin/$program" "$new/bin/$program"
	done
	cat >"$new/bin/go" <<'END'
#!/bin/sh
# Debian's Go from where fetch.sh unpacked it.
GOROOT=$(dirname "$(dirname "$(readlink -f "$0")")")/go/usr/lib/go-1.23
GOTOOLCHAIN=local
export GOROOT GOTOOLCHAIN
exec "$GOROOT/bin/go" "$@"
END
	chmod 755 "$new/bin/go"
	image=$(find "$new/kernel/boot" -name 'vmlinuz-*')
	release=${image##*/vmlinuz-}
	ln -s "boot/vmlinuz-$release" "$new/kernel/vmlinuz"
	ln -s "lib/modules/$release" "$new/kernel/modules"
}

# Try what was unpacked before anyone relies on it: a package built for a newer libc shows here.
try_out() {
	local tool
	"$new/bin/go" version >/dev/null || die "the Go toolchain does not run"
	"$new/bin/wazero" version >/dev/null || die "wazero does not run"
	"$new/bin/runsc" --version >/dev/null || die "runsc does not run"
	"$new/bin/containerd" --version >/dev/null || die "containerd does not run"
	"$new/bin/umoci" --version >/dev/null || die "umoci does not run"
	[ -s "$new/kernel/vmlinuz" ] || die "the kernel package holds no image"
}

put_in_place() {
	mv "$new/versions.tmp" "$new/versions"
	rm -rf "$dest.old"
	[ ! -e "$dest" ] || mv "$dest" "$dest.old"
	mv "$new" "$dest"
	rm -rf "$dest.old" "$apt"
}

main() {
	local root force=0 only='' mirror='' original=("$@")
	case $BASH_SOURCE in */*) root=${BASH_SOURCE%/*} ;; *) root=. ;; esac # a second run starts no process
	root=$(cd "$root/.." && pwd)
	dest=$root/build/runtimes
	while [ $# -gt 0 ]; do
		case $1 in
		--dest | --mirror)
			[ $# -gt 1 ] || { say "$1 wants an argument"; exit 2; }
			case $1 in --dest) dest=$2 ;; *) mirror=${2%/} ;; esac
			shift
			;;
		--force) force=1 ;;
		--list | --check) only=$1 ;;
		-h | --help) usage; exit 0 ;;
		*) say "unknown option $1"; usage >&2; exit 2 ;;
		esac
		shift
	done
	case $dest in /*) ;; *) dest=$PWD/$dest ;; esac
	[ "$only" != --list ] || { list_wanted; exit 0; }
	if [ "$force" = 0 ] && is_complete; then exit 0; fi
	[ "$only" != --check ] || { say "$dest is not complete"; exit 1; }

	check_host
	drop_to_owner "${original[@]}"
	mkdir -p "$(dirname "$dest")"
	exec 9>"$dest.lock"
	flock -n 9 || { say "another fetch is at work here; waiting for it"; flock 9; }
	if [ "$force" = 0 ] && is_complete; then exit 0; fi # the other one did it

	apt=$dest.apt debs=$dest.apt/debs new=$dest.new
	rm -rf "$new"
	mkdir -p "$apt" "$debs"
	[ "$EUID" != 0 ] || chown _apt "$debs" 2>/dev/null || true # apt downloads as this user
	[ -n "$mirror" ] || mirror=$(users_mirror) || true
	[ -n "$mirror" ] || die "apt here knows no mirror of Debian 12: name one with --mirror"
	update_lists "$mirror"
	download
	unpack
	try_out
	put_in_place
	say "complete: $dest"
	sed -n '/^[a-z]/s/^/fetch:   /p' "$dest/versions" >&2
}

main "$@"; exit # one line: bash must not read on, should this file change while it runs
