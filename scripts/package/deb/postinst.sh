#!/bin/sh
# Runs when the files of the package are in place.
set -e

unit=smtpbl.service
installs=/run/smtpbl.install # preinst noted it

case "$1" in
configure | abort-remove) ;;
*) exit 0 ;; # what dpkg takes back before the service was touched
esac

# The user of the service.
systemd-sysusers smtpbl.conf

# An administrator's "systemctl disable" outlives an upgrade, and a removal.
if deb-systemd-helper --quiet was-enabled "$unit"; then
	deb-systemd-helper enable "$unit" >/dev/null || true
else
	deb-systemd-helper update-state "$unit" >/dev/null || true
fi

# Units there come before those of packages (systemd.unit(5)). A link in the first
# is how an administrator masks one.
if [ -f "/etc/systemd/system/$unit" ] && [ ! -L "/etc/systemd/system/$unit" ]; then
	echo "smtpbl: the service is still that of /etc/systemd/system/$unit, not the package's: remove the file," \
		"then: systemctl daemon-reload && systemctl restart smtpbl" >&2
elif [ -e "/usr/local/lib/systemd/system/$unit" ]; then
	echo "smtpbl: the service is still the one of \"make install\", of which \"make uninstall\" removes it;" \
		"then: systemctl enable --now smtpbl" >&2
fi

# As in a container, or while an image is built.
[ -d /run/systemd/system ] || exit 0
systemctl --system daemon-reload || true

# A running service begins anew with the new program; the bans stand in the
# kernel meanwhile. A stopped one stays stopped. One that failed gets another
# chance: the new version may be what it waited for.
action=try-restart
if [ "$1" = abort-remove ] || [ -e "$installs" ] || systemctl --quiet is-failed "$unit"; then
	action=start
fi
rm -f "$installs"

# Neither starts what is disabled or masked. A service that does not start must
# not leave the package half configured: the journal says why, and the next try
# is one command away.
if ! deb-systemd-invoke "$action" "$unit"; then
	echo "smtpbl: the service did not start, see: journalctl -u smtpbl" >&2
	echo "smtpbl: when that is put right: systemctl start smtpbl" >&2
elif [ -z "$2" ] && systemctl --quiet is-active "$unit"; then
	echo "smtpbl runs, and bans addresses whose logins at the mail server keep failing."
	echo "Its configuration is /etc/smtpbl/smtpbl.toml, and \"smtpbl status\" tells how it is."
fi
