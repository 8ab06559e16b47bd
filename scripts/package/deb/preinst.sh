#!/bin/sh
# Runs before the files of the package are unpacked.
set -e

# To postinst an upgrade looks like an installation after "apt remove": both name
# the version that was there. The one keeps a stopped service stopped, the other
# starts it, so the difference is noted for it.
if [ "$1" = install ] && [ -d /run/systemd/system ]; then
	: >/run/smtpbl.install
fi
