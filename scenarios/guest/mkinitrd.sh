#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Makes build/guest/{vmlinuz,init,initrd.gz} for the VM scenarios: the kernel that fetch.sh brought, our
# init, the service, and the virtio modules that Debian's kernel does not have built in. Needs no root;
# the same input gives the same bytes.

set -euo pipefail

# In the order of loading. A path after the name: init loads it only where that exists (a PCI bus; a
# virtio-mmio device by its ACPI name).
MODULES='
drivers/virtio/virtio_ring.ko
drivers/virtio/virtio.ko
drivers/virtio/virtio_mmio.ko           /sys/bus/acpi/devices/LNRO0005:00
drivers/virtio/virtio_pci_legacy_dev.ko /proc/bus/pci/00
drivers/virtio/virtio_pci_modern_dev.ko /proc/bus/pci/00
drivers/virtio/virtio_pci.ko            /proc/bus/pci/00
net/core/failover.ko
drivers/net/net_failover.ko
drivers/net/virtio_net.ko
'

usage() {
	cat <<'END'
usage: mkinitrd.sh [--out DIR] [--kernel DIR] [--init FILE] [--service FILE] [--add FILE=PATH]…

  --out DIR        where vmlinuz and initrd.gz go (default: build/guest)
  --kernel DIR     has vmlinuz and modules/ (default: build/runtimes/kernel)
  --init FILE      static program to be /init (default: scenarios/guest/init.c, compiled)
  --service FILE   static program to be /service (default: build/service/service)
  --add FILE=PATH  one more file at PATH of the guest; it may replace one of ours
END
}

die() { printf 'mkinitrd: %s\n' "$*" >&2; exit 1; }

compile_init() {
	# shellcheck disable=SC2086 # CC may be two words, as in "ccache cc"
	${CC:-gcc} -std=gnu11 -Wall -Wextra -static -Os -s -ffunction-sections -fdata-sections -Wl,--gc-sections \
		-o "$out/.init.new" "$here/init.c" || die "init.c does not compile; libc6-dev and gcc are needed"
	mv "$out/.init.new" "$out/init"
}

add_modules() {
	local path condition name
	mkdir -p "$tree/modules"
	while read -r path condition; do
		[ -n "$path" ] || continue
		name=${path##*/}
		if [ -e "$kernel/modules/kernel/$path" ]; then
			cp "$kernel/modules/kernel/$path" "$tree/modules/$name"
		elif [ -e "$kernel/modules/kernel/$path.xz" ]; then # newer Debian kernels
			xz -dc "$kernel/modules/kernel/$path.xz" >"$tree/modules/$name"
		else
			die "$kernel has no module $path"
		fi
		echo "${name%.ko}${condition:+ $condition}"
	done <<<"$MODULES" >"$tree/modules/order"
}

# Neither times, inodes nor owners of the building machine may show in the archive.
pack() {
	find "$tree" -exec touch -h -d @0 {} +
	(cd "$tree" && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet -o -H newc -R 0:0 --reproducible) |
		gzip -n >"$out/.initrd.new"
	mv "$out/.initrd.new" "$out/initrd.gz"
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/guest kernel=$root/build/runtimes/kernel init='' service=$root/build/service/service add=()
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--out | --kernel | --init | --service | --add) [ $# -gt 1 ] || die "$1 wants an argument" ;;
	*) usage >&2; exit 2 ;;
	esac
	case $1 in
	--out) out=$2 ;;
	--kernel) kernel=$2 ;;
	--init) init=$2 ;;
	--service) service=$2 ;;
	--add) add+=("$2") ;;
	esac
	shift 2
done
command -v cpio >/dev/null || die "cpio is not here; scenarios/deps.sh installs it"
[ -s "$kernel/vmlinuz" ] || die "no kernel in $kernel; scenarios/fetch.sh brings it"
[ -x "$service" ] || die "no service at $service; scenarios/service/build.sh makes it"

mkdir -p "$out"
tree=$(mktemp -d "$out/.tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT
[ -n "$init" ] || { compile_init; init=$out/init; }
chmod 755 "$tree"
mkdir -p "$tree"/{dev,proc,sys,tmp}
install -m 755 "$init" "$tree/init"
install -m 755 "$service" "$tree/service"
add_modules
for pair in ${add[@]+"${add[@]}"}; do
	case $pair in ?*=?*) ;; *) die "--add $pair: FILE=PATH is wanted" ;; esac
	install -D "${pair%%=*}" "$tree/${pair#*=}"
done
pack
cp -L "$kernel/vmlinuz" "$out/.vmlinuz.new"
mv "$out/.vmlinuz.new" "$out/vmlinuz"
