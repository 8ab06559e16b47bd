package parse

import (
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

const (
	isoHead = "2026-11-23T15:22:23.517300+00:00 mx1 "
	bsdHead = "Nov 23 15:11:28 mx1 "
)

var benchLines = []struct{ name, line string }{
	{"postfix/connect", isoHead + "postfix/smtpd[1205]: connect from unknown[198.51.100.77]"},
	{"postfix/connect-bsd", bsdHead + "postfix/smtpd[1205]: connect from unknown[198.51.100.77]"},
	{"postfix/qmgr", isoHead + "postfix/qmgr[811]: 4d2Bzv3Xk1z5P: from=<alice@example.com>, size=1732, nrcpt=1 (queue active)"},
	{"postfix/lost", isoHead + "postfix/submission/smtpd[1205]: lost connection after AUTH from unknown[198.51.100.77]"},
	{"postfix/disconnect", isoHead + "postfix/smtpd[1205]: disconnect from unknown[198.51.100.77] ehlo=1 auth=0/3 quit=1 commands=2/5"},
	{"postfix/failure", isoHead + "postfix/smtpd[1205]: warning: unknown[198.51.100.77]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=alice"},
	{"postfix/failure-6", isoHead + "postfix/smtpd[1205]: warning: unknown[2001:db8:bad::17]: SASL LOGIN authentication failed: (reason unavailable), sasl_username=alice"},
	{"postfix/success", isoHead + "postfix/smtpd[1205]: 4d2Bzv3Xk1z5P: client=unknown[203.0.113.5], sasl_method=PLAIN, sasl_username=alice"},
	{"postfix/reject", isoHead + "postfix/smtpd[1205]: NOQUEUE: reject: RCPT from unknown[198.51.100.77]: 550 5.1.1 <alice@example.com>: Recipient address rejected: User unknown in virtual mailbox table; from=<bob@example.net> to=<alice@example.com> proto=ESMTP helo=<mx.example.net>"},
	{"postfix/pregreet", isoHead + "postfix/postscreen[1205]: PREGREET 11 after 0.06 from [198.51.100.77]:40213: EHLO User\\r\\n"},
	{"dovecot/auth", isoHead + "dovecot: auth: passwd-file(alice,198.51.100.77): Password mismatch"},
	{"dovecot/auth-2.4", isoHead + "dovecot: auth(alice,198.51.100.77,sasl:login)<J0jfumw8zNasEQAB>: passwd-file: Password mismatch"},
	{"dovecot/login", isoHead + "dovecot: submission-login: Disconnected (auth failed, 3 attempts in 7 secs): user=<alice>, method=PLAIN, rip=198.51.100.77, lip=192.0.2.25, TLS, session=<J0jfumw8zNasEQAB>"},
	{"dovecot/imap", isoHead + "dovecot: imap(alice)<1205><J0jfumw8zNasEQAB>: Disconnected: Logged out in=93 out=1021 deleted=0"},
	{"opensmtpd/failure", isoHead + "smtpd[7]: 4f00c1a87d2be931 smtp authentication user=alice result=permfail"},
	{"opensmtpd/refused", isoHead + `smtpd[7]: 4f00c1a87d2be931 smtp failed-command command="AUTH LOGIN (password)" result="535 Authentication failed"`},
	{"courier/failure", isoHead + "imapd-ssl: LOGIN FAILED, user=alice, ip=[::ffff:198.51.100.77], port=[4711]"},
	{"courier/smtp", isoHead + `courieresmtpd: error,relay=::ffff:198.51.100.77,port=4711,msg="535 Authentication failed.",cmd: AUTH LOGIN alice`},
	{"cyrus/failure", isoHead + "cyrus/imaps[7]: badlogin: mail.example [198.51.100.77] plaintext alice SASL(-13): authentication failure: checkpass failed"},
	{"uwimap/failure", isoHead + "imapd[7]: Login failed user=alice auth=alice host=mail.example [198.51.100.77]"},
	{"vpopmail/failure", isoHead + "vpopmail[7]: vchkpw-smtp: password fail alice@example.com:198.51.100.77"},
	{"pam/failure", isoHead + "auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=alice rhost=198.51.100.77  user=alice"},
	{"pam/other", isoHead + "sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=198.51.100.77  user=alice"},
	{"rfc5424/connect", "<22>1 2026-11-23T15:22:23.517300+00:00 mx1 postfix/smtpd 1205 - - connect from unknown[198.51.100.77]"},
	{"rfc3164/connect", "<22>" + bsdHead + "postfix/smtpd[1205]: connect from unknown[198.51.100.77]"},
	{"compose/connect", "postfix-1  | " + bsdHead + "postfix/smtpd[1205]: connect from unknown[198.51.100.77]"},
	{"docker/connect", `{"log":"` + bsdHead + `postfix/smtpd[1205]: connect from unknown[198.51.100.77]\n","stream":"stdout","time":"2026-11-23T15:22:23.517300123Z"}`},
	{"docker/login", `{"log":"` + bsdHead + `dovecot: imap-login: Login: user=\u003calice\u003e, method=PLAIN, rip=198.51.100.77, lip=192.0.2.25\n","stream":"stdout","time":"2026-11-23T15:22:23.517300123Z"}`},
	{"exim/failure", "2026-11-23 15:22:23 login authenticator failed for host.example (User) [198.51.100.77]:4812 I=[203.0.113.25]:587: 535 Incorrect authentication data (set_id=alice)"},
	{"exim/delivered", "2026-11-23 15:22:23 1ahr79-0006jK-G9 => alice <alice@example.com> R=local T=local_delivery"},
	{"sendmail/failure", bsdHead + "sm-mta[1205]: 26H8MRrS025411: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed, user=alice, relay=[198.51.100.77]"},
	{"other", isoHead + "systemd[1]: Started Session 41 of user alice."},
}

func BenchmarkLine(b *testing.B) {
	for _, c := range benchLines {
		b.Run(c.name, func(b *testing.B) {
			line := []byte(c.line)
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			r := NewReader(nil)
			var ev policy.Event
			for b.Loop() {
				r.Line(line, &ev)
			}
		})
	}
}

func BenchmarkStamper(b *testing.B) {
	for name, head := range map[string]string{"iso": isoHead, "traditional": bsdHead} {
		b.Run(name, func(b *testing.B) {
			line := []byte(head + "postfix/smtpd[1205]: connect from unknown[198.51.100.77]")
			s := NewStamper(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), time.UTC)
			b.ReportAllocs()
			for b.Loop() {
				s.Stamp(line)
			}
		})
	}
}
