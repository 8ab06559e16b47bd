#!/bin/bash
# Runs the tests that change the kernel's tables on Debian's kernels in QEMU: see
# README.md.
# Usage: scripts/vm-test/run.sh [KERNEL...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repo=$(cd "$here/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/smtpbl-vm
# Under sudo the PATH often lacks the places of Go and of depmod.
export PATH=$PATH:/usr/local/go/bin:/usr/sbin:/sbin

# check_tools names the packages that are missing; it installs nothing.
check_tools() {
	local tool package missing=()
	while read -r tool package; do
		command -v "$tool" >/dev/null || [ -e "$tool" ] || missing+=("$package")
	done <<-'TOOLS'
		qemu-system-x86_64 qemu-system-x86
		/usr/share/seabios/bios-256k.bin seabios
		busybox busybox-static
		depmod kmod
		cpio cpio
		xz xz-utils
		apt-get apt
		dpkg-deb dpkg
		/usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
		go golang
	TOOLS
	if [ ${#missing[@]} -gt 0 ]; then
		echo "vm-test: these Debian packages are missing: ${missing[*]}" >&2
		exit 1
	fi
	# The guest has no C library that a dynamic one could load.
	if ldd "$(command -v busybox)" >/dev/null 2>&1; then
		echo 'vm-test: busybox needs a C library; the package busybox-static has one that does not' >&2
		exit 1
	fi
}

# boot runs the guest and shows its console. Emulation, because /dev/kvm can be
# opened on machines that cannot run a kernel with it; no network card, because
# the tests make their own network.
boot() {
	timeout --foreground 900 qemu-system-x86_64 \
		-accel tcg,thread=multi -cpu max -m 1024 -smp 1 \
		-nodefaults -no-user-config -nic none -no-reboot -display none -serial stdio \
		-kernel "$1" -initrd "$2" \
		-append 'console=ttyS0 quiet loglevel=1 panic=-1 oops=panic mitigations=off' </dev/null |
		tr -d '\r'
}

# summary counts the results of the tests and of each of their cases.
summary() {
	local log=$1 result
	for result in PASS SKIP FAIL; do
		printf ' %s %s' "$(grep -c "^ *--- $result: " "$log" || true)" "${result,,}"
	done
}

# try runs the tests on one kernel. A guest that dies says no exit code, which is
# a failure as well.
try() {
	local series=$1 kernel log=$work/$1.log start=$SECONDS status=ok
	kernel=$("$here/kernel.sh" "$series" "$cache") || return 1
	"$here/initramfs.sh" "$kernel" "$work/tests" "$work/$series.cpio" || return 1
	boot "$kernel/vmlinuz" "$work/$series.cpio" | tee "$log" | grep --line-buffered -v '^=== ' || true
	grep -qx 'vm-test: exit 0' "$log" || status='NOT OK'
	results+=("$status $(cat "$kernel/version"):$(summary "$log") ($((SECONDS - start)) s)")
	[ "$status" = ok ]
}

check_tools
[ $# -gt 0 ] || set -- 5.10 6.1 6.12
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests"
(cd "$repo" && CGO_ENABLED=0 go test -buildvcs=false -c -o "$work/tests/" ./nft ./cmd/smtpbl/internal/enforce)
results=() failed=0
for series; do
	try "$series" || { failed=$((failed + 1)); echo "vm-test: $series failed" >&2; }
done
printf '%s\n' '' "${results[@]}" "kernels: $(($# - failed)) passed, $failed failed"
[ "$failed" = 0 ]
