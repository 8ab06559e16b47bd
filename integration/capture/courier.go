package main

import "slices"

var courier = server{
	name: "courier",
	packages: []string{
		"courier-mta", "courier-imap", "courier-pop", "courier-authlib-userdb",
	},
	selections: "courier-base courier-base/webadmin-configmode boolean false\n",
	setUp:      courierSetUp,
	parts: []part{
		{
			what: "courier-mta, syslog as RFC 3339; authuserdb",
			log:  logRFC3339,
			run: func(r *rig) error {
				return hold(r.Lab, &smtp, slices.Concat(
					on25(smtpGuesses()), smtpStrangers(), smtpHellos(), smtpBroken(), on25(smtpHonest()), smtpAbuse()))
			},
		},
		{
			name: "imap-pop3",
			what: "courier-imap and courier-pop, syslog with the traditional stamp; authuserdb",
			log:  logBSD,
			run:  mailboxRun,
		},
		{
			name: "authdaemond-down",
			what: "all three while authdaemond is down, syslog as RFC 3339",
			log:  logRFC3339,
			run: func(r *rig) error {
				if err := r.sh("/usr/sbin/authdaemond stop"); err != nil {
					return err
				}
				if err := hold(r.Lab, &smtp, smtpGuesses()[:3]); err != nil {
					return err
				}
				if err := hold(r.Lab, &imap, imapTalks()[:3]); err != nil {
					return err
				}
				return hold(r.Lab, &pop3, pop3Talks()[:3])
			},
		},
	},
}

// on25 leaves out what needs another port.
func on25(talks []talk) []talk {
	return slices.DeleteFunc(talks, func(t talk) bool { return t.port != 25 })
}

// courierSetUp changes Debian's configuration where it offers no logins in
// clear, guards against too many connections of one client, or waits.
func courierSetUp(r *rig) error {
	if err := r.user(); err != nil {
		return err
	}
	return r.sh(`
maildirmake.courier /home/alice/Maildir; chown -R alice: /home/alice
echo mx1.example.test > /etc/courier/me
echo mx1.example.test > /etc/courier/locals
install -d -o courier -g courier -m 0775 /run/courier; install -d -o courier -g courier -m 0750 /run/courier/authdaemon
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/' /etc/courier/authdaemonrc
printf 'alice\tuid=%s|gid=%s|home=/home/alice|shell=/bin/sh|systempw=%s|hmac-md5pw=%s\n' \
	$(id -u alice) $(id -g alice) "$(openssl passwd -1 ` + password + `)" "$(echo ` + password + ` | userdbpw -hmac-md5)" > /etc/courier/userdb
chmod 600 /etc/courier/userdb
makeuserdb
sed -i -e 's/^ESMTPAUTH=.*/ESMTPAUTH="PLAIN LOGIN CRAM-MD5"/' -e 's/^BOFHCHECKDNS=.*/BOFHCHECKDNS=0/' \
	-e 's/^TARPIT=.*/TARPIT=0/' -e 's/^MAXPER\(IP\|C\)=.*/MAXPER\1=40/' -e 's/-noidentlookup/-nodnslookup &/' /etc/courier/esmtpd
sed -i 's/^IMAP_CAPABILITY="/&AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 /' /etc/courier/imapd
sed -i 's/^POP3AUTH=.*/POP3AUTH="PLAIN LOGIN CRAM-MD5"/' /etc/courier/pop3d
makesmtpaccess; makeimapaccess; makeacceptmailfor; makealiases
for s in authdaemond courierfilter courier esmtpd imapd pop3d; do /usr/sbin/$s start; done
`)
}
