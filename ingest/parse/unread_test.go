package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// A line about a login that names no client is counted, lest it be missed.
func TestUnread(t *testing.T) {
	for line, of := range map[string]policy.Service{
		"postfix/smtpd[7]: warning: unknown[unknown]: SASL LOGIN authentication failed: x, sasl_username=a":         policy.Postfix,
		"postfix/smtpd[7]: warning: localhost[local]: SASL PLAIN authentication failed":                             policy.Postfix,
		"postfix/smtpd[7]: warning: unknown[fe80::1%eth0]: SASL LOGIN authentication failed: x":                     policy.Postfix,
		"dovecot: auth: passwd-file(alice): Password mismatch":                                                      policy.Dovecot,
		"dovecot: auth: passwd-file(alice,): Password mismatch":                                                     policy.Dovecot,
		"dovecot: auth(alice,sasl:login): sql: Password mismatch":                                                   policy.Dovecot,
		"dovecot: imap-login: Login: user=<alice>, method=PLAIN, lip=192.0.2.25":                                    policy.Dovecot,
		"dovecot: imap-login: Logged in: user=<alice>, method=PLAIN, rip=, lip=192.0.2.25":                          policy.Dovecot,
		"dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<alice>":                       policy.Dovecot,
		"dovecot: imap-login: Aborted login (auth failed, 1 attempts): user=<alice>, rip=fe80::1%eth0, lip=fe80::2": policy.Dovecot,
		// None of these is certainly about a login.
		"postfix/smtpd[7]: warning: unknown[unknown]: x":                                       0,
		"postfix/smtpd[7]: warning: x y[z]: SASL LOGIN authentication failed":                  0,
		"postfix/smtpd[7]: warning: SASL authentication failure: Password verification failed": 0,
		"postfix/smtpd[7]: warning: non-SMTP command from unknown[unknown]: x":                 0,
		"dovecot: auth: passwd-file(alice): unknown user":                                      0,
		"dovecot: imap-login: Disconnected (no auth attempts in 2 secs): user=<>":              0,
		"postfix/smtpd[7]: connect from unknown[unknown]":                                      0,
	} {
		r := NewReader(nil)
		var ev policy.Event
		if r.Line([]byte(bsdHead+line), &ev) {
			t.Errorf("%s\ngot %+v", line, ev)
		}
		if ev.Service != of {
			t.Errorf("%s\nis not counted for %s", line, of)
		}
		r = NewReader(nil)
		if r.Line(inRecord(t, bsdHead+line), &ev) || ev.Service != of {
			t.Errorf("%s\nis not counted for %s in a container's record", line, of)
		}
	}
}
