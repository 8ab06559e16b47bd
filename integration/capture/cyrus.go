package main

import "slices"

var cyrus = server{
	name:     "cyrus",
	packages: []string{"cyrus-imapd", "cyrus-pop3d", "sasl2-bin", "libsasl2-modules"},
	setUp: func(r *rig) error {
		err := r.writeAll(map[string]string{
			"/etc/imapd.conf": `
configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus/mail
sievedir: /var/spool/sieve
allowplaintext: yes
failedloginpause: 0
sasl_pwcheck_method: auxprop
sasl_mech_list: PLAIN LOGIN CRAM-MD5 DIGEST-MD5
sasl_auto_transition: no
syslog_prefix: cyrus
`,
			"/etc/cyrus.conf": `
START {
	recover		cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
	imap		cmd="imapd -U 30" listen="imap" prefork=0 maxchild=100
	pop3		cmd="pop3d -U 30" listen="pop3" prefork=0 maxchild=50
	sieve		cmd="timsieved" listen="sieve" prefork=0 maxchild=100
}
EVENTS {
}
`,
		})
		if err != nil {
			return err
		}
		if err = r.sasldb(); err != nil {
			return err
		}
		err = r.sh("install -d -o cyrus -g mail /run/cyrus /run/cyrus/proc /run/cyrus/lock /run/cyrus/socket; " +
			"chgrp sasl /etc/sasldb2; chmod 640 /etc/sasldb2")
		if err != nil {
			return err
		}
		if _, err = r.daemon("/usr/sbin/cyrmaster"); err != nil {
			return err
		}
		return r.listens(143, 110, 4190)
	},
	parts: []part{
		{
			what: "imapd and pop3d, syslog as RFC 3339; sasldb",
			log:  logRFC3339,
			run:  mailboxRun,
		},
		{
			name: "sieve",
			what: "timsieved, and imapd once more, syslog with the traditional stamp; sasldb",
			log:  logBSD,
			run: func(r *rig) error {
				if err := hold(r.Lab, &managesieve, sieveTalks()); err != nil {
					return err
				}
				return hold(r.Lab, &imap, imapTalks()[:8])
			},
		},
		{
			name: "sasldb-down",
			what: "all three while the sasldb cannot be read, syslog as RFC 3339",
			log:  logRFC3339,
			run: func(r *rig) error {
				if err := r.sh("rm /etc/sasldb2"); err != nil {
					return err
				}
				if err := hold(r.Lab, &imap, imapTalks()[:4]); err != nil {
					return err
				}
				if err := hold(r.Lab, &pop3, pop3Talks()[:4]); err != nil {
					return err
				}
				return hold(r.Lab, &managesieve, sieveTalks()[:2])
			},
		},
	},
}

// sieveTalks is what the clients do with a ManageSieve server.
func sieveTalks() []talk {
	const port = 4190
	return slices.Concat([]talk{
		onMail(1, port, plain(account, "guess"), say("LOGOUT")),
		onMail(7, port, append(repeat(4, plain(account, "guess")), say("LOGOUT"))...),
		onMail(8, port, plain(account, "guess"), reset),
		onMail(11, port, say(`AUTHENTICATE "PLAIN" "!!not*base64!!"`), say("LOGOUT")),
		onMail(13, port, say(`AUTHENTICATE "NTLM"`), say("LOGOUT")),
		onMail(15, port, reset),
		onMail(16, port, say("LOGOUT")),
		onMail(17, port, push("GET / HTTP/1.1\r\nHost: "+victim+"\r\n\r\n"), hear, reset),
		{from: bad6(7), port: port, steps: []step{greet, plain(account, "guess"), say("LOGOUT")}},
		{from: good4(4), port: port, steps: []step{greet, plain(account, password), say("LOGOUT")}},
		{from: good4(6), port: port, steps: []step{greet, plain(account, "typo"), plain(account, password), say("LOGOUT")}},
		{from: good6, port: port, steps: []step{greet, plain(account, password), say("LOGOUT")}},
	}, mailStrangers(port, "LOGOUT"))
}
