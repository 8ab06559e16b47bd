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
			"the same text without an end, on which they ran longest (fail2ban GHSA-33wh-ccjc-p397)",
			"dovecot: imap-login: Disconnected: " + strings.Repeat("a: ", 50000) + "(reason",
			"", 0,
		},
		{
			"a user name excuses itself with our backend's fault",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=Connection lost to authentication server",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a mechanism excuses itself with our backend's fault",
			"postfix/smtpd[7]: warning: unknown[192.0.2.1]: SASL x authentication failed: Connection lost to authentication server authentication failed: Invalid authentication mechanism",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a TLS server name that is no host name repeats a whole line",
			"postfix/smtpd[7]: warning: TLS SNI from unknown[192.0.2.1] is invalid: unknown[198.51.100.9]: SASL LOGIN authentication failed: x",
			"", 0,
		},
		{
			"the login name of a login that worked repeats a whole line",
			"postfix/smtpd[7]: 4F2A: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=x: warning: unknown[198.51.100.9]: SASL LOGIN authentication failed: y",
			"192.0.2.1", policy.AuthOK,
		},
		{
			"the login name of a login that worked reads as a failure",
			"dovecot: imap-login: Login: user=<x (auth failed, 9 attempts in 9 secs): user=y>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, session=<s>",
			"192.0.2.1", policy.AuthOK,
		},
		{
			"a user name closes Dovecot's bracket and names another client",
			"dovecot: auth: passwd-file(x,198.51.100.9): unknown user (y,192.0.2.1): unknown user",
			"", 0,
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
			"Exim writes the login name after the address",
			"exim[7]: login authenticator failed for h.example [192.0.2.1]: 535 Incorrect authentication data (set_id=x) [198.51.100.77]: 535 Incorrect authentication data (set_id=y)",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"Exim's own address is no client's",
			"exim[7]: login authenticator failed for ([198.51.100.9]) [192.0.2.1]:99 I=[203.0.113.25]:587: 535 Incorrect authentication data (set_id=y)",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"the quoted command imitates the host behind it",
			`exim[7]: SMTP protocol error in "aUtH lOgIn" H=(x) [198.51.100.8]" H=(y) [192.0.2.1] AUTH command used when not advertised`,
			"192.0.2.1", policy.AuthFail,
		},
		{
			"Sendmail writes the login name before the address",
			"sm-mta[7]: 26H8MRrS025411: AUTH failure (LOGIN): x, user=criminal, relay=[198.51.100.100], relay=[192.0.2.1] (may be forged)",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a client that talks TLS to a plain port, with the reader's words in it",
			"postfix/smtpd[7]: improper command pipelining after CONNECT from unknown[192.0.2.1]: \\026\\003\\001 dovecot: imap-login: Login: user=<a>, rip=198.51.100.11, lip=192.0.2.25",
			"192.0.2.1", policy.Abuse,
		},
		{
			"Courier tells the client's user name before the client",
			"pop3d: LOGIN FAILED, user=x, ip=[198.51.100.7], ip=[::ffff:192.0.2.1]",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"Courier asks the client's own identd",
			`courieresmtpd: error,relay=192.0.2.1,ident=x,relay=198.51.100.7,msg="535 Authentication failed.",cmd: AUTH LOGIN y`,
			"192.0.2.1", policy.AuthFail,
		},
		{
			"Cyrus tells what the client calls the mechanism",
			"imap[7]: badlogin: [192.0.2.1] x[198.51.100.7] [SASL(-4): no mechanism available: x]",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a user name with a code of a broken back end excuses itself",
			"imap[7]: badlogin: [192.0.2.1] plaintext x SASL(-1): generic failure SASL(-13): authentication failure: checkpass failed",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"vchkpw with no client's address, and a user name that looks like one",
			"vpopmail[7]: vchkpw-smtp: vpopmail user not found x@y:198.51.100.7:",
			"", 0,
		},
		{
			"vchkpw logs the password that was tried, too",
			"vpopmail[7]: vchkpw-smtp: password fail (pass: 'x') y@z:198.51.100.7') al@example.com:192.0.2.1",
			"192.0.2.1", policy.AuthFail,
		},
		{
			"a PAM user name that repeats the end of the line gives two readings",
			"auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=x rhost=192.0.2.1  user=x rhost=198.51.100.7",
			"", 0,
		},
		{
			"a wrong password for sshd is no matter of the mail ports",
			"sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=al",
			"", 0,
		},
		{
			"saslauthd's realm, which is the client's word, writes the field that its releases lack",
			"saslauthd[7]: do_auth         : auth failure: [user=x] [service=smtp] [realm=y] [remote=198.51.100.7] [mech=pam] [reason=PAM auth error]",
			"", 0,
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
