#!/bin/bash
# Writes into a folder what a package could leave behind on this machine: names
# of files, accounts, units. What other programs keep writing is left out.
# Usage: trace.sh FOLDER
set -e
mkdir -p "$1"
cd "$1"
find /etc /usr /opt /srv /var -xdev \
	\( -path /var/log -o -path /var/spool -o -path /var/cache -o -path /var/tmp -o -path /var/backups \
	-o -path /var/lib/dpkg -o -path /var/lib/systemd -o -path /var/lib/logrotate -o -path /var/lib/postfix \
	-o -path /var/lib/dovecot -o -path '/etc/ufw/*' -o -path '/etc/*-' -o -path /etc/.pwd.lock \
	-o -path /etc/ld.so.cache -o -path '/usr/lib/modules/*' \) -prune -o -print | sort >files
# Anywhere, whatever else writes there.
find / -xdev \( -path /proc -o -path /sys -o -path /root -o -path /dev \) -prune -o -iname '*smtpbl*' -print | sort >named
find /run /tmp -iname '*smtpbl*' ! -path '/run/systemd/*' ! -path '/run/log/*' -print 2>/dev/null | sort >>named
cut -d: -f1,3,4,6,7 /etc/passwd | sort >users
cut -d: -f1,3,4 /etc/group | sort >groups
# On a slow machine systemd may take longer than systemctl waits.
units=$(systemctl list-unit-files --no-legend --no-pager || systemctl list-unit-files --no-legend --no-pager)
echo "$units" | awk '{ print $1, $2 }' | sort >units
