#!/bin/sh
# $1 is how many versions of the package will be left: 0 is a removal, 1 an
# upgrade.
[ "$1" -eq 0 ] || exit 0

if [ -d /run/systemd/system ]; then
	systemctl --no-reload disable --now smtpbl.service || :
else
	systemctl --no-reload disable smtpbl.service >/dev/null 2>&1 || :
fi

# Without the program nobody could lift a ban that has weeks left, so the table
# goes, and so does what "smtpbl harness install" wrote into ufw. The history
# stays: installed again, smtpbl brings back the bans that have time left. A
# configuration that cannot be read must keep nobody from removing the package;
# the built-in one names the usual table.
smtpbl=/usr/sbin/smtpbl
if [ -x "$smtpbl" ]; then
	"$smtpbl" harness remove --table ||
		"$smtpbl" --config /dev/null harness remove --table ||
		echo "smtpbl: left may be the table in the kernel (a reboot or \"nft delete table inet smtpbl\" removes it)" \
			"or lines in /etc/ufw/before.rules and before6.rules, which are marked" >&2
fi
exit 0
