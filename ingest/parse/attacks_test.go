package parse

import (
	"strings"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// Attacks on log readers that were seen in the field or published, and lines
// that readers of their time got wrong. Each names the address that must be
// acted on, or none.
func TestKnownAttacks(t *testing.T) {
	for _, c := range []struct {
		about, line string
		addr        string
		kind        policy.Kind
	}{
		{
			"mailcow 6543: a user name that reads as the address 0 ended the reader and cleared all bans",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=x[0]: SASL a authentication failed: y",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a greedy expression takes the last bracket, which is the user name's",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=x[198.51.100.77]: SASL LOGIN authentication failed: y",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"the mechanism is the client's word and is logged before the reason",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL a]:SASL[198.51.100.7]: authentication failed: Invalid authentication mechanism, sasl_username=(unavailable)",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"HELO repeats a whole line",
			"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b>: Relay access denied; from=<> to=<a@b> proto=SMTP helo=<unknown[198.51.100.9]: SASL LOGIN authentication failed: x>",
			"192.0.2.1", policy.Abuse,
		},
		{
			"a mail's subject repeats a whole line",
			"postfix/cleanup[7]: 4F2A: warning: header Subject: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: x from x[192.0.2.1]; from=<a> to=<b>",
			"", 0,
		},
		{
			"a user name repeats the server's address field",
			"dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x, rip=198.51.100.66>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, session=<s>",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"the same one cut off by the reader's line limit: another's address is not taken",
			"dovecot: pop3-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x, rip=198.51.100.66x",
			"", 0,
		},
		{
			"PAM repeats what the client calls itself as ruser and rhost",
			"dovecot: auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=rhost=198.51.100.7 rhost=192.0.2.1",
			"", 0,
		},
		{
			"a reason of many words made nested expressions run for ever",
			"dovecot: imap-login: Disconnected: " + strings.Repeat("a: ", 50000) + "(auth failed, 1 attempts in 2 secs): user=<>, rip=192.0.2.1",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"the remote relay refused our own login",
			"postfix/smtp[7]: 4F2A: to=<a@b>, relay=mx.example[192.0.2.1]:587, delay=1, dsn=4.7.8, status=deferred (SASL authentication failed; server mx.example[192.0.2.1] said: 535 5.7.8)",
			"", 0,
		},
		{
			"Cyrus SASL's own warning has no client",
			"postfix/smtpd[7]: warning: SASL authentication failure: no secret in database",
			"", 0,
		},
		{
			"HELO repeats postscreen's line about another client",
			"postfix/postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:99: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using bl.example; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<COMMAND LENGTH LIMIT from [198.51.100.7]:99 after x>",
			"192.0.2.1", policy.Abuse,
		},
		{
			"postscreen's own address stands behind the client's, and a connection is no abuse",
			"postfix/postscreen[7]: CONNECT from [192.0.2.1]:99 to [192.0.2.25]:25",
			"", 0,
		},
		{
			"what a client says too early is postscreen's line about another client",
			"postfix/postscreen[7]: PREGREET 40 after 0 from [192.0.2.1]:99: PREGREET 9 after 0 from [198.51.100.7]:1: x\\r\\n",
			"192.0.2.1", policy.Abuse,
		},
		{
			"a client that talks to smtpd imitates postscreen",
			"postfix/smtpd[7]: improper command pipelining after CONNECT from unknown[192.0.2.1]: postscreen DENYLISTED [198.51.100.14]:1\\r\\n",
			"192.0.2.1", policy.Abuse,
		},
		{
			"a name from HELO hides behind the end of a known user's line",
			"postfix/smtpd[7]: NOQUEUE: reject: RCPT from unknown[192.0.2.1]: 554 5.7.1 <a@b>: Relay access denied; from=<> to=<a@b> proto=SMTP helo=<x> sasl_method=LOGIN sasl_username=al>",
			"192.0.2.1", policy.Abuse,
		},
		{
			"the first line of a session that hangs up is told twice, the second time without a verdict",
			"postfix/smtpd[7]: NOQUEUE: lost connection after AUTH from unknown[192.0.2.1]",
			"", 0,
		},
		{
			"greylisting is no abuse",
			"postfix/postscreen[7]: NOQUEUE: reject: RCPT from [192.0.2.1]:99: 450 4.3.2 Service currently unavailable; from=<a@b>, to=<c@d>, proto=ESMTP, helo=<x>",
			"", 0,
		},
		{
			"IMAP's ID command repeats the reason of a failure",
			"dovecot: imap-login: ID sent: name=(auth failed, 9 attempts): user=<>, rip=192.0.2.1, lip=192.0.2.25",
			"", 0,
		},
		{
			"anvil's statistics name an address that did nothing",
			"postfix/anvil[7]: statistics: max connection rate 3/60s for (smtpd:192.0.2.1) at Nov 23 15:11:28",
			"", 0,
		},
		{
			"our backend is down, which is no fault of the client's",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: Connection lost to authentication server",
			"192.0.2.1", policy.BackendFault,
		},
		{
			"a client that talks TLS to a plain port, with the reader's words in it",
			"postfix/smtpd[7]: improper command pipelining after CONNECT from unknown[192.0.2.1]: \\026\\003\\001 dovecot: imap-login: Login: user=<a>, rip=198.51.100.11, lip=192.0.2.25",
			"192.0.2.1", policy.Abuse,
		},
	} {
		for _, head := range []string{isoHead, bsdHead} {
			var ev policy.Event
			ok := Line([]byte(head+c.line), &ev)
			if ok != (c.addr != "") || ok && (ev.Addr.String() != c.addr || ev.Kind != c.kind) {
				t.Errorf("%s\n%.300s\ngot %v %s of %s", c.about, c.line, ok, ev.Kind, ev.Addr)
			}
		}
	}
}
