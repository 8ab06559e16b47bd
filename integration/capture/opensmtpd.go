package main

import "slices"

// OpenSMTPD offers logins over TLS only.
var opensmtpd = server{
	name:     "opensmtpd",
	packages: []string{"opensmtpd"},
	setUp: func(r *rig) error {
		if err := r.certificate("/etc/smtpd-cert.pem", "/etc/smtpd-key.pem"); err != nil {
			return err
		}
		if err := r.write("/etc/smtpd.conf", opensmtpdConf); err != nil {
			return err
		}
		if err := r.user(); err != nil {
			return err
		}
		err := r.sh("printf '%s\\t%s\\n' " + account +
			" $(smtpctl encrypt " + password + ") > /etc/smtpd-users; chown opensmtpd /etc/smtpd-users")
		if err != nil {
			return err
		}
		if _, err := r.daemon("smtpd", "-F"); err != nil {
			return err
		}
		return r.listens(25, 465, 587)
	},
	parts: []part{{
		what: "syslog as RFC 3339; no login, because this package's TLS fails with its libssl and nothing else is offered",
		log:  logRFC3339,
		run: func(r *rig) error {
			return hold(r.Lab, &smtp, slices.Concat(
				smtpGuesses(), smtpHellos(), smtpBroken(), smtpHonest(), smtpAbuse(), []talk{
					{from: bad4(120), port: 465, tls: true, steps: []step{greet, say("QUIT")}},
					{from: bad6(120), port: 465, tls: true, steps: []step{greet, say("QUIT")}},
				}))
		},
	}},
}

const opensmtpdConf = `
pki mx1 cert "/etc/smtpd-cert.pem"
pki mx1 key "/etc/smtpd-key.pem"
table users file:/etc/smtpd-users
listen on 0.0.0.0 port 25 tls pki mx1 auth-optional <users>
listen on :: port 25 tls pki mx1 auth-optional <users>
listen on 0.0.0.0 port 465 smtps pki mx1 auth-optional <users>
listen on :: port 465 smtps pki mx1 auth-optional <users>
listen on 0.0.0.0 port 587 tls-require pki mx1 auth <users>
action keep maildir "/tmp/mail"
match from any for local action keep
`
