#!/bin/sh
# $1 is how many versions of the package are installed now: 1 is an installation,
# 2 an upgrade.

# The user of the service.
systemd-sysusers smtpbl.conf || exit 1

# Whether a new service is enabled is the distribution's choice (systemd.preset(5)),
# and Fedora and Red Hat leave it to the administrator to start it.
if [ "$1" -eq 1 ]; then
	systemctl --no-reload preset smtpbl.service >/dev/null 2>&1 || :
	echo "smtpbl: its configuration is /etc/smtpbl/smtpbl.toml; to start it: systemctl enable --now smtpbl"
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
fi
exit 0
