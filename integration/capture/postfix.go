package main

import (
	"slices"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// postfix is Postfix with the Cyrus SASL library, and saslauthd with what it
// asks in turn.
var postfix = server{
	name:     "postfix",
	packages: []string{"postfix", "sasl2-bin", "libsasl2-modules"},
	setUp: func(r *rig) error {
		if err := r.certificate("/etc/postfix/cert.pem", "/etc/postfix/key.pem"); err != nil {
			return err
		}
		if err := r.write("/etc/postfix/main.cf", postfixMain); err != nil {
			return err
		}
		if err := r.sasldb(); err != nil {
			return err
		}
		if err := r.user(); err != nil {
			return err
		}
		return r.sh(`chmod 644 /etc/sasldb2
sed 's/^\(smtp *inet *n *- *\)y/\1n/' /usr/share/postfix/master.cf.dist > /etc/postfix/master.cf
sed -n 's/^smtp \( *inet.*\)/587  \1\n  -o smtpd_tls_auth_only=yes/p' /etc/postfix/master.cf >> /etc/postfix/master.cf
postfix check`)
	},
	parts: []part{
		{
			name: "sasldb",
			what: "Cyrus SASL with sasldb, syslog as RFC 3339",
			log:  logRFC3339,
			run:  postfixRun(bySasldb, smtpFew()),
		},
		{
			name: "saslauthd-pam",
			what: "Cyrus SASL with saslauthd and PAM, which is down for the last logins, syslog with the traditional stamp",
			log:  logBSD,
			run:  postfixSaslauthd("pam"),
		},
		{
			name: "saslauthd-shadow",
			what: "the same with the shadow file instead of PAM, syslog as RFC 3339",
			log:  logRFC3339,
			run:  postfixSaslauthd("shadow"),
		},
		{
			name: "saslauthd-sasldb",
			what: "the same with sasldb, syslog as RFC 3339",
			log:  logRFC3339,
			run:  postfixSaslauthd("sasldb"),
		},
	},
}

func postfixSaslauthd(method string) func(r *rig) error {
	return func(r *rig) error {
		end, err := r.saslauthd(method)
		if err != nil {
			return err
		}
		err = postfixRun(bySaslauthd, slices.Concat(smtpGuesses(), smtpStrangers()[10:], smtpHonest()[:4]))(r)
		if err != nil {
			return err
		}
		if err := end(); err != nil {
			return err
		}
		return postfixRun(bySaslauthd, smtpGuesses()[:4])(r)
	}
}

// postfixRun runs Postfix while the clients talk.
func postfixRun(sasl string, talks []talk) func(r *rig) error {
	return func(r *rig) error {
		if err := r.write("/etc/postfix/sasl/smtpd.conf", sasl); err != nil {
			return err
		}
		if err := r.MX.Run("postfix", "start"); err != nil {
			return err
		}
		if err := r.listens(25, 587); err != nil {
			return err
		}
		if err := hold(r.Lab, &smtp, talks); err != nil {
			return err
		}
		return r.MX.Run("postfix", "stop")
	}
}

const postfixMain = `
compatibility_level = 3.6
myhostname = ` + lab.HostName + `
mydestination = $myhostname
local_transport = discard:
local_recipient_maps =
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = /etc/postfix/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = /etc/postfix/cert.pem
smtpd_tls_key_file = /etc/postfix/key.pem
`
