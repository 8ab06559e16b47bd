#!/bin/sh
# Runs when the files of the package are gone.
set -e

unit=smtpbl.service

case "$1" in
remove)
	rm -rf /run/smtpbl # prerm's lock
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload || true
	fi
	;;
abort-install)
	rm -f /run/smtpbl.install
	;;
purge)
	# These directories are ours alone, so keys and lists that the administrator
	# put into the first go too: that is what purge means. Files that "systemctl
	# edit" made are his. The third has ufw's files as they were before the
	# harness, the last one is the service's, where [postfix] is configured. What
	# is a mount point stays, empty.
	rm -rf /etc/smtpbl /var/lib/smtpbl /var/backups/smtpbl /run/smtpbl /var/spool/postfix/smtpbl || true
	if command -v deb-systemd-helper >/dev/null; then
		deb-systemd-helper purge "$unit" >/dev/null || true
	fi
	# Nothing is left that belongs to it. A user of that name whose home is
	# elsewhere is somebody else.
	case "$(getent passwd smtpbl)" in
	smtpbl:*:/var/lib/smtpbl:*)
		userdel smtpbl || true
		if getent group smtpbl >/dev/null; then
			groupdel smtpbl || true
		fi
		;;
	esac
	;;
esac
