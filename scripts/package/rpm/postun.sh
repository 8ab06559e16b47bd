#!/bin/sh
# $1 is how many versions of the package are left: 0 is a removal, 1 an upgrade.
if [ "$1" -eq 0 ]; then
	rm -rf /run/smtpbl # the lock of preun
fi
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload || :
# A running service begins anew with the new program; the bans stand in the
# kernel meanwhile.
if [ "$1" -ge 1 ]; then
	systemctl try-restart smtpbl.service || :
fi
exit 0
