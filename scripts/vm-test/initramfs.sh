#!/bin/bash
# Packs what the guest has: busybox, the modules for networking, the tests and
# init, its first process.
# Usage: initramfs.sh KERNEL FOLDER_OF_TESTS OUTPUT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
kernel=$1 tests=$2 output=$3
version=$(cat "$kernel/version")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{bin,sbin,dev,proc,sys,tmp,lib}
install "$(command -v busybox)" "$root/bin/busybox"
install "$here/init" "$root/init"
install "$tests"/*.test "$root"

# All modules of netfilter are there, as on a real machine, and the kernel loads
# what it wants by itself.
modules=$kernel/lib/modules/$version
mapfile -t wanted < <(cd "$modules/kernel/net" &&
	find netfilter ipv4 ipv6 -name '*.ko*' -printf '%f\n' | sed 's/\.ko.*//')
modprobe -d "$kernel" -S "$version" -a --show-depends veth "${wanted[@]}" |
	awk '$1 == "insmod" { print $2 }' | sort -u |
	while read -r file; do
		copy=$root/lib/modules/$version/${file#"$modules"/}
		mkdir -p "${copy%/*}"
		cp "$file" "$copy"
	done
# The modprobe of busybox cannot unpack.
find "$root/lib/modules" -name '*.ko.xz' -exec xz -d {} +
cp "$modules"/modules.{builtin,builtin.modinfo,order} "$root/lib/modules/$version"
depmod -b "$root" "$version"

(cd "$root" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) >"$output"
