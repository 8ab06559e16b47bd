#!/bin/sh
# Runs while all files of the package are still there.
set -e

# At an upgrade the old service runs on until postinst has the new one begin.
[ "$1" = remove ] || exit 0

if [ -d /run/systemd/system ]; then
	deb-systemd-invoke stop smtpbl.service || true
fi

# Without the program nobody could lift a ban that has weeks left, so the table
# goes, and so does what "smtpbl harness install" wrote into ufw. The history
# stays until a purge: installed again, smtpbl brings back the bans that have time
# left. A configuration that cannot be read must keep nobody from removing the
# package; the built-in one names the usual table.
smtpbl=/usr/sbin/smtpbl
if [ -x "$smtpbl" ]; then
	"$smtpbl" harness remove --table ||
		"$smtpbl" --config /dev/null harness remove --table ||
		echo "smtpbl: left may be the table in the kernel (a reboot or \"nft delete table inet smtpbl\" removes it)" \
			"or lines in /etc/ufw/before.rules and before6.rules, which are marked" >&2
fi
