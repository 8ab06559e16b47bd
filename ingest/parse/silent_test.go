package parse

import (
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func TestSilent(t *testing.T) {
	for line, want := range map[string]bool{
		"postfix/qmgr[811]: 4d2Bzv3Xk1z5P: removed":                         true,
		"postfix/cleanup[7]: 4d2Bzv3Xk1z5P: message-id=<a@mail.example>":    true,
		"postfix/smtp[7]: 4d2Bzv3Xk1z5P: to=<a@mail.example>, relay=x[::1]": true,
		"postfix/lmtp[7]: 4d2Bzv3Xk1z5P: to=<a@mail.example>":               true,
		"postfix/local[7]: 4d2Bzv3Xk1z5P: to=<a@mail.example>":              true,
		"postfix/smtpd[7]: connect from unknown[192.0.2.1]":                 true,
		"dovecot: lmtp(alice)<7><s>: saved mail to INBOX":                   true,
		"dovecot: imap(alice)<7><s>: Disconnected: Logged out":              true,
		"dovecot: pop3(alice)<7><s>: Disconnected: Logged out":              true,
		"postfix/smtpd[7]: " + failure:                                      false,
		"postfix/smtpd[7]: disconnect from unknown[192.0.2.1] auth=0/1":     false,
		"postfix/smtpd[7] connect from unknown[192.0.2.1]":                  false,
		"postfix/smtpd[7]:": false,
		"postfix/qmgr":      false,

		"postfix/submission/smtpd[7]: connect from unknown[192.0.2.1]": false,
		"dovecot: imap-login: Login: user=<a>, rip=192.0.2.1":          false,
		"dovecot: auth: passwd-file(a,192.0.2.1): Password mismatch":   false,
	} {
		for _, head := range []string{isoHead, bsdHead} {
			if got := silent([]byte(head + line)); got != want {
				t.Errorf("%s%s: silent is %v", head, line, got)
			}
		}
	}
	for _, line := range []string{
		"", "postfix/qmgr[811]: 4d2Bzv3Xk1z5P: removed",
		"2026-11-23 15:22:23 1ahr79-0006jK-G9 postfix/qmgr[8]: removed", // Exim's own log
		"Nov 23 15:11:28 imap-login: postfix/qmgr[8]: removed and more", // Dovecot's
	} {
		if silent([]byte(line)) {
			t.Errorf("%q is silent", line)
		}
	}
}

// FuzzSilent holds the short way against the long one.
func FuzzSilent(f *testing.F) {
	for _, head := range []string{isoHead, bsdHead, "2026-11-23 15:22:23 ", "Nov 23 15:11:28 auth: "} {
		for _, s := range shapes {
			f.Add(head, strings.ReplaceAll(s, "%u", "alice"))
		}
		f.Add(head, "postfix/qmgr[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser=a rhost=192.0.2.1")
		f.Add(head, "dovecot: imap(alice)<7><s>: Disconnected")
	}
	f.Fuzz(func(t *testing.T, head, rest string) {
		line := []byte(head + rest)
		var ev policy.Event
		if silent(line) && (Line(line, &ev) || ev.Service != 0) {
			t.Errorf("%q is silent and an event of %s", line, ev.Service)
		}
	})
}
