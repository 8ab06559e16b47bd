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
		"postfix/smtpd[7]: lost connection after CONNECT from unknown[192.0.2.1]",
		"postfix/smtpd[7]: timeout after AUTH from unknown[192.0.2.1]",
		"postfix/smtpd[7]: SSL_accept error from unknown[192.0.2.1]: lost connection",
		"postfix/smtpd[7]: warning: TLS SNI x from unknown[192.0.2.1] is invalid",
		"postfix/smtpd[7]: warning: Connection rate limit exceeded: 7 for service smtp from unknown[192.0.2.1]",
		"postfix/smtpd[7]: warning: Connection rate limit exceeded: 7 from unknown[unknown] for service smtp",
		"postfix/smtpd[7]: warning: Illegal address syntax from unknown in MAIL command: unknown[192.0.2.1]",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[unknown]: 554 5.7.1 <a@b.example>: Relay access denied; from=<> to=<a@b.example> proto=SMTP helo=<x[192.0.2.1]>",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 451 4.7.1 <c@d.example>: Sender address rejected: Greylisted; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 452 4.3.1 Insufficient system storage; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject: MAIL from unknown[192.0.2.1]: 552 5.3.4 Message size exceeds fixed limit; proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 552 5.2.2 <a@b.example>: Recipient address rejected: Mailbox full; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: ",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554",
		"postfix/smtpd[7]: NOQUEUE: reject: unknown[192.0.2.1]: 554 5.7.1 x",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 553 5.7.1 <c@d.example>: Sender address rejected: not owned by user al; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x> sasl_method=PLAIN sasl_username=al",
		"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b.example>: Relay access denied; from=<c@d.example> to=<a@b.example> proto=ESMTP helo=<x> sasl_username=al",
		"postfix/smtpd[7]: NOQUEUE: milter-reject: MAIL from unknown[192.0.2.1]: 451 4.7.1 Service unavailable - try again later; from=<c@d.example> proto=ESMTP helo=<x>",
		"postfix/smtpd[7]: NOQUEUE: reject_warning: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b.example>: Relay access denied; from=<> to=<a@b.example> proto=SMTP helo=<x>",
		"postfix/postscreen[7]: CONNECT from [192.0.2.1]:99 to [192.0.2.25]:25",
		"postfix/postscreen[7]: PASS NEW [192.0.2.1]:99",
		"postfix/postscreen[7]: DENYLISTED [192.0.2.1]:99",
		"postfix/postscreen[7]: DISCONNECT [192.0.2.1]:99",
		"postfix/postscreen[7]: HANGUP after 0.1 from [192.0.2.1]:99 in tests after SMTP handshake",
		"postfix/postscreen[7]: PREGREET 11 after 0 from unknown[192.0.2.1]:99: EHLO x",
		"postfix/postscreen[7]: PREGREET 11 after 0 from [192.0.2.1]: EHLO x",
		"postfix/postscreen[7]: PREGREET x from [192.0.2.1]:99: EHLO x",
		"postfix/postscreen[7]: DNSBL rank x for [192.0.2.1]:99",
		"postfix/postscreen[7]: COMMAND PIPELINING from [fe80::1%eth0]:99 after EHLO: x",
		"postfix/postscreen[7]: NOQUEUE: reject: CONNECT from [192.0.2.1]:99: too many connections",
		"postfix/postscreen[7]: NOQUEUE: reject: CONNECT from [192.0.2.1]:99: all server ports busy",
		"postfix/postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:99: 450 4.3.2 Service currently unavailable; from=<c@d.example>, to=<a@b.example>, proto=ESMTP, helo=<550 5.7.1 Service unavailable; client [192.0.2.1] blocked using x>",
		"postfix/postscreen[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]:99: 550 5.7.1 x",
		"postfix/dnsblog[7]: addr 192.0.2.1 listed by domain bl.example as 127.0.0.2",
		"postfix/tlsproxy[7]: CONNECT from [192.0.2.1]:99",
		"evil/postscreen[7]: PREGREET 11 after 0 from [192.0.2.1]:99: EHLO x",
		"smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"evil-postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"sshd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: x",
		"dovecot: imap-login: Disconnected (no auth attempts in 2 secs): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Disconnected (tried to use unsupported auth mechanism): user=<>, method=NTLM, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Disconnected (tried to use discount): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: Login aborted: Connection closed (disconnected during TLS handshake) (tls_handshake_not_finished): user=<>, rip=192.0.2.1, lip=192.0.2.25",
		"dovecot: imap-login: ID sent: name=(tried to use disabled plaintext auth): user=<>, rip=192.0.2.1x",
		"dovecot: auth: policy(alice,192.0.2.1): Policy server request error",
		"dovecot: auth: checkpassword(alice,192.0.2.1): Login failed (status=111)",
		"dovecot: auth-worker(alice,192.0.2.1)<4><s>: request [1]: Error: pam: pam_authenticate() failed: Authentication failure",
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
