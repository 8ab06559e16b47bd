# Makes a mail server of a new Debian, in a chroot. Everything not said here is
# as Debian has it.
set -euo pipefail

apt-get clean
rm -rf /var/lib/apt/lists/* /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/ssh
ln -sf /usr/share/zoneinfo/UTC /etc/localtime
passwd -d root >/dev/null
sed -i 's/^hosts:.*/hosts: files/' /etc/nsswitch.conf
mkdir -p /var/log/journal /lib/modules # the journal is kept; modules are mounted

# Nothing that works in the background takes the processor from the tests.
for unit in apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service \
	fstrim.timer dpkg-db-backup.timer man-db.timer systemd-pstore.service \
	getty@tty1.service serial-getty@ttyS0.service; do
	ln -sf /dev/null "/etc/systemd/system/$unit"
done

useradd -m -s /usr/sbin/nologin alice
useradd -m -s /usr/sbin/nologin bob
chpasswd <<-'PASSWORDS'
	alice:secret1
	bob:secret2
PASSWORDS

# Postfix: answers on 25, 465 and 587, asks Dovecot about passwords, and does not
# slow clients down: emulated, each second of theirs costs the test a second.
[ -e /etc/postfix/main.cf ] || cp /usr/share/postfix/main.cf.debian /etc/postfix/main.cf
[ -e /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
make-ssl-cert generate-default-snakeoil --force-overwrite
postconf -e \
	'myhostname = mx1.example.test' \
	'mydestination = mx1.example.test, example.test, localhost' \
	'inet_interfaces = all' \
	'inet_protocols = all' \
	'mynetworks = 127.0.0.0/8 [::1]/128' \
	'smtpd_tls_cert_file = /etc/ssl/certs/ssl-cert-snakeoil.pem' \
	'smtpd_tls_key_file = /etc/ssl/private/ssl-cert-snakeoil.key' \
	'smtpd_tls_security_level = may' \
	'smtpd_sasl_auth_enable = yes' \
	'smtpd_sasl_type = dovecot' \
	'smtpd_sasl_path = private/auth' \
	'smtpd_sasl_security_options = noanonymous' \
	'smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination' \
	'smtpd_error_sleep_time = 0' \
	'smtpd_client_connection_count_limit = 0' \
	'smtpd_client_connection_rate_limit = 0' \
	'home_mailbox = Maildir/' \
	'disable_dns_lookups = yes' \
	'smtp_host_lookup = native'
postconf -M 'submission/inet = submission inet n - y - - smtpd -o syslog_name=postfix/submission -o smtpd_client_restrictions=permit_sasl_authenticated,reject'
postconf -M 'smtps/inet = smtps inet n - y - - smtpd -o syslog_name=postfix/smtps -o smtpd_tls_wrappermode=yes -o smtpd_client_restrictions=permit_sasl_authenticated,reject'
newaliases
# Trixie's package leaves making it to Postfix's first start, and Dovecot may be
# first.
install -d -m 0700 -o postfix -g root /var/spool/postfix/private

# Dovecot: passwords only, in the dialect of its version, and without the delays
# that it has for clients who are wrong.
case $(dovecot --version) in
2.3.*) cat >/etc/dovecot/dovecot.conf <<-'CONF' ;;
	protocols =
	ssl = no
	disable_plaintext_auth = no
	auth_mechanisms = plain login cram-md5
	auth_verbose = yes
	auth_failure_delay = 0
	passdb {
	  driver = passwd-file
	  args = scheme=PLAIN username_format=%u /etc/dovecot/users
	}
	userdb {
	  driver = passwd
	}
	CONF
*) cat >/etc/dovecot/dovecot.conf <<-'CONF' ;;
	dovecot_config_version = 2.4.0
	dovecot_storage_version = 2.4.0
	protocols =
	ssl = no
	auth_allow_cleartext = yes
	auth_mechanisms = plain login cram-md5
	auth_verbose = yes
	auth_failure_delay = 0
	passdb passwd-file {
	  passwd_file_path = /etc/dovecot/users
	}
	userdb passwd {
	}
	CONF
esac
cat >>/etc/dovecot/dovecot.conf <<-'CONF'
	service auth {
	  unix_listener /var/spool/postfix/private/auth {
	    mode = 0660
	    user = postfix
	    group = postfix
	  }
	}
	service anvil {
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
CONF
printf 'alice:{PLAIN}secret1\nbob:{PLAIN}secret2\n' >/etc/dovecot/users
chown root:dovecot /etc/dovecot/users
chmod 0640 /etc/dovecot/users
