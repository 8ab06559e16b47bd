#!/bin/bash
# Fetches the newest kernel of a series from Debian and prints the folder that
# has it: vmlinuz, version and lib/modules. Apt gets folders of its own, so that
# the machine's package lists stay as they are.
# Usage: kernel.sh SERIES CACHE
set -euo pipefail
series=$1 cache=$2 suite= archive=debian
case $series in
5.10) suite=bullseye-security archive=debian-security ;;
6.1) suite=bookworm-security archive=debian-security ;;
6.12) suite=trixie ;;
6.18) suite=trixie-backports ;;
*)
	echo "vm-test: no kernel $series; there are 5.10, 6.1, 6.12 and 6.18" >&2
	exit 1
	;;
esac
kernel=$cache/$series
mkdir -p "$cache"
exec 9>"$cache/lock" # two runs at once fetch one after the other
flock 9
if [ -e "$kernel" ]; then
	echo "$kernel"
	exit
fi

apt=$cache/apt-$suite
mkdir -p "$apt"/etc/{apt.conf.d,preferences.d,trusted.gpg.d} "$apt"/{lists,archives}/partial
: >"$apt/status"
# The archive is the one that this machine's own packages come from.
base=${DEBIAN_ARCHIVE:-$(apt-get indextargets --format '$(REPO_URI)' | sed -n 's|/debian/*$||p' | head -n 1)}
if [ -z "$base" ]; then
	echo "vm-test: set DEBIAN_ARCHIVE to the address above Debian's folders debian and debian-security" >&2
	exit 1
fi
cat >"$apt/etc/sources.list" <<EOF
deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $base/$archive $suite main
EOF
# Lists of a suite that is no longer maintained are past their date.
cat >"$apt/apt.conf" <<EOF
Dir::Etc "$apt/etc";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
EOF
export APT_CONFIG=$apt/apt.conf
apt-get -qq update >&2

# The kernel for clouds is the usual one with fewer drivers.
package=$(apt-cache pkgnames "linux-image-$series." | grep -E -- '-cloud-amd64$' | sort -V | tail -1)
if [ -z "$package" ]; then
	echo "vm-test: $suite has no kernel $series" >&2
	exit 1
fi
echo "vm-test: fetching $package" >&2
new=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
(cd "$new" && apt-get -qq download "$package" >&2)
dpkg-deb -x "$new"/*.deb "$new/root"
mv "$new"/root/boot/vmlinuz-* "$new/root/vmlinuz"
[ -d "$new/root/lib" ] || mv "$new/root/usr/lib" "$new/root/lib"
ls "$new/root/lib/modules" >"$new/root/version"
depmod -b "$new/root" "$(cat "$new/root/version")"
# Only a whole kernel gets the name that the next run looks for.
mv "$new/root" "$kernel"
echo "$kernel"
