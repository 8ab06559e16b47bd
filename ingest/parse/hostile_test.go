package parse

import (
	"bytes"
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func TestLinesThatAreNoEvent(t *testing.T) {
	for _, rest := range []string{
		"",
		"postfix/smtpd[7]:",
		"postfix/smtpd[7]: ",
		"postfix/smtpd[7]: connect from unknown[192.0.2.1]",
		"postfix/smtpd[7]: lost connection after AUTH from unknown[192.0.2.1]",
		"postfix/smtpd[7]: disconnect from unknown[192.0.2.1]",
		"postfix/smtpd[7]: disconnect from unknown[192.0.2.1] ehlo=1 quit=1 commands=2",
		"postfix/smtpd[7]: disconnect from unknown[192.0.2.1] auth=3/1",
		"postfix/smtpd[7]: disconnect from unknown[192.0.2.1] auth=0/x",
		"postfix/smtpd[7]: warning: unknown[unknown]: SASL LOGIN authentication failed: x",
		"postfix/smtpd[7]: warning: unknown[fe80::1%eth0]: SASL LOGIN authentication failed: x",
		"postfix/smtpd[7]: warning: unknown[192.0.2.256]: SASL LOGIN authentication failed: x",
		"postfix/smtpd[7]: warning: un known[192.0.2.1]: SASL LOGIN authentication failed: x",
		"postfix/smtpd[7]: warning: unknown[192.0.2.1] SASL LOGIN authentication failed: x",
		"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failedx",
		"postfix/smtpd[7]: warning: SASL authentication failure: Password verification failed",
		"postfix/smtpd[7]: warning: hostname x.example does not resolve to address 192.0.2.1",
		"postfix/smtpd[7]: message repeated 2 times: [ disconnect from unknown[192.0.2.1] auth=0/1]",
		"postfix/smtpd[7]: message repeated 2 times: [ message repeated 2 times: [ warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x]]",
		"postfix/smtpd[7]: message repeated 99999 times: [ warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x]",
		"postfix/smtpd[7]: 4D2Bzv3Xk1z5P: client=unknown[192.0.2.1]",
		"postfix/smtp[7]: 4D2Bzv3Xk1z5P: to=<a@example.com>, relay=mx.example[192.0.2.1]:25, status=deferred (SASL authentication failed; server mx.example[192.0.2.1] said: 535)",
		"postfix/cleanup[7]: 4D2Bzv3Xk1z5P: warning: header Subject: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"postfix/postscreen[7]: PREGREET 11 after 0 from [192.0.2.1]:99: EHLO x",
		"smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"evil-postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"sshd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"dovecot: imap-login: Disconnected (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Disconnected (tried to use disallowed plaintext auth): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Login aborted: Inactivity (auth failed, 1 attempts in 2 secs) (temp_fail): user=<a>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Login aborted: Inactivity (auth failed, 1 attempts in 2 secs) (authorization_failed): user=<a>, rip=192.0.2.1",
		"dovecot: imap-login: Disconnected (auth failed, 0 attempts in 2 secs): user=<a>, rip=192.0.2.1",
		"dovecot: imap-login: Disconnected (auth failed, 3/3 successful auths in 2 secs): user=<a>, rip=192.0.2.1",
		"dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<a>, rip=192.0.2.1x",
		"dovecot: imap-login: Login: rip=192.0.2.1, user=<x, rip=198.51.100.7>",
		"dovecot: imap(alice)<3><s>: Disconnected: Logged out in=93 out=1021",
		"dovecot: auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 ruser=a rhost=192.0.2.1",
		"dovecot: auth: passwd-file(alice): Password mismatch",
		"dovecot: auth: passwd-file(alice,): Password mismatch",
		"dovecot: auth: passwd-file(alice,192.0.2.1): Requested DIGEST-MD5 scheme, but we have only CRYPT",
		"dovecot: auth: Error: sql(alice,192.0.2.1): Password mismatch",
		"dovecot: auth: pam(x,198.51.100.9): unknown user,192.0.2.1): unknown user",
		"dovecot: auth: pam(x,198.51.100.9): unknown user,192.0.2.1): Timeout",
		"dovecot: auth(1): sql(x,198.51.100.9): unknown user,192.0.2.1,sasl:login): sql: unknown user",
		"dovecot: auth-worker(1): conn unix:auth-worker (pid=1): sql(a,192.0.2.1): unknown user",
		"dovecot: stats: unknown user",
		"dovecot: ",
	} {
		for _, head := range []string{isoHead, bsdHead} {
			var ev policy.Event
			if line := head + rest; Line([]byte(line), &ev) {
				t.Errorf("%s\ngot %+v", line, ev)
			}
		}
	}
}

func TestOddBytesCostNothing(t *testing.T) {
	long := strings.Repeat("x[198.51.100.7]: ,):<>' ", 1<<20/24)
	for _, text := range []string{long, strings.Repeat("\x00", 1<<10), "\xff\xfe\xc3", "a\tb\rc", strings.Repeat(")", 1<<20)} {
		for _, shape := range shapes {
			addressIsTrue(t, isoHead+strings.ReplaceAll(shape, "%u", text))
		}
	}
}

func TestCarriageReturnIsNoPartOfTheUser(t *testing.T) {
	var ev policy.Event
	line := isoHead + "postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x, sasl_username=al\r"
	if !Line([]byte(line), &ev) || string(ev.User) != "al" {
		t.Errorf("user %q", ev.User)
	}
}

// A line cut off anywhere gives no address that the whole one does not.
func TestCutLines(t *testing.T) {
	for _, shape := range shapes {
		whole := []byte(isoHead + strings.ReplaceAll(shape, "%u", "alice"))
		// The address itself must be whole: no reader can tell 192.0.2.1 from
		// the start of 192.0.2.19 at a line's end.
		end := bytes.Index(whole, []byte(truth)) + len(truth)
		for n := range len(whole) {
			var ev policy.Event
			if Line(whole[:n], &ev) && (n < end || ev.Addr.String() != truth) {
				t.Errorf("%q: %s", whole[:n], ev.Addr)
			}
		}
	}
}
