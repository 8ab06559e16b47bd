package parse

import (
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// Each of these is all that the log tells of one attempt.
var attempts = []struct {
	about string
	lines []string
}{
	{"OpenSMTPD 7 with filter-auth", []string{
		"smtpd[7]: 4f00c1a87d2be931 smtp connected address=192.0.2.1 host=<unknown>",
		"smtpd[7]: 4f00c1a87d2be931 smtp authentication user=al result=permfail",
		"smtpd[7]: auth-reporter: failed authentication from user=al address=192.0.2.1 host=<unknown>",
		`smtpd[7]: 4f00c1a87d2be931 smtp failed-command command="AUTH LOGIN (password)" result="535 Authentication failed"`,
		"smtpd[7]: 4f00c1a87d2be931 smtp disconnected reason=quit",
	}},
	{"OpenSMTPD 6.0", []string{
		"smtpd[7]: 4f00c1a87d2be931 smtp event=authentication user=al address=192.0.2.1 host=<unknown> result=permfail",
		`smtpd[7]: 4f00c1a87d2be931 smtp event=failed-command address=192.0.2.1 host=<unknown> command="AUTH PLAIN (...)" result="535 Authentication failed"`,
	}},
	{"OpenSMTPD 5.9", []string{
		"smtpd[7]: smtp-in: New session 4f00c1a87d2be931 from host <unknown> [192.0.2.1]",
		"smtpd[7]: smtp-in: Authentication failed for user al on session 4f00c1a87d2be931",
		`smtpd[7]: smtp-in: Failed command on session 4f00c1a87d2be931: "AUTH PLAIN (...)" => 535 Authentication failed`,
		"smtpd[7]: smtp-in: Closing session 4f00c1a87d2be931",
	}},
	{"Postfix with saslauthd and PAM", []string{
		"saslauthd[8]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=192.0.2.1  user=al",
		"saslauthd[8]: do_auth         : auth failure: [user=al] [service=smtp] [realm=] [remote=192.0.2.1] [mech=pam] [reason=PAM auth error]",
		"postfix/smtpd[9]: warning: unknown[192.0.2.1]: SASL PLAIN authentication failed: authentication failure, sasl_username=al",
		"postfix/smtpd[9]: disconnect from unknown[192.0.2.1] ehlo=1 auth=0/1 quit=1 commands=2/3",
	}},
	{"Dovecot with two PAM modules", []string{
		"auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1  user=al",
		"auth: pam_sss(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=al rhost=192.0.2.1 user=al",
		"dovecot: auth-worker(304): pam(al,192.0.2.1,<s>): pam_authenticate() failed: Authentication failure (password mismatch?)",
		"dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, session=<s>",
	}},
	{"Cyrus with saslauthd and PAM", []string{
		"saslauthd[8]: pam_unix(imap:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=192.0.2.1  user=al",
		"saslauthd[8]: do_auth         : auth failure: [user=al] [service=imap] [realm=] [remote=192.0.2.1] [mech=pam] [reason=PAM auth error]",
		"cyrus/imap[9]: badlogin: mail.example [192.0.2.1] plaintext (al) [SASL(-13): authentication failure: checkpass failed]",
	}},
	{"Courier SMTP", []string{`courieresmtpd: error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN al.b`}},
	{"vpopmail", []string{"vpopmail[7]: vchkpw-smtp: password fail al@example.com:192.0.2.1"}},
}

// However many lines tell of an attempt, the second attempt is the second
// failure: with a threshold of two, no line before it bans and one of its does.
func TestAnAttemptCountsOnce(t *testing.T) {
	start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range attempts {
		e := policy.New(policy.Config{Window: time.Hour, Threshold4: 2, Threshold6: 2, BanTime: time.Hour, BanTimeMax: time.Hour}, start)
		var s Sessions
		for n := 1; n <= 2; n++ {
			decisions := 0
			for i, line := range c.lines {
				var ev policy.Event
				if !Line([]byte(bsdHead+line), &ev) || !s.Resolve(&ev) {
					continue
				}
				ev.Time = start.Add(time.Duration(n)*2*time.Minute + time.Duration(i)*time.Second)
				decisions += len(e.Observe(&ev, nil))
			}
			if want := n - 1; decisions != want {
				t.Errorf("%s: attempt %d led to %d decisions, want %d", c.about, n, decisions, want)
			}
		}
	}
}
