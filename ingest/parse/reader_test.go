package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// What certainly speaks of a login but names no client is counted, by service.
func TestReaderCountsWhatItCannotRead(t *testing.T) {
	for line, service := range map[string]policy.Service{
		"saslauthd[7]: do_auth         : auth failure: [user=al] [service=smtp] [realm=] [mech=pam] [reason=PAM auth error]": policy.Saslauthd,
		"saslauthd[7]: pam_unix(smtp:auth): authentication failure; logname= uid=0 euid=0 tty= ruser= rhost=  user=al":       policy.PAM,
		"smtpd[7]: auth-reporter: failed authentication from user=al":                                                        policy.OpenSMTPD,
		"imapd: LOGIN FAILED, user=al, ip=[unknown]":                                                                         policy.Courier,
		`courieresmtpd: error,relay=unknown,msg="535 Authentication failed.",cmd: AUTH LOGIN al`:                             policy.Courier,
		"imap[7]: badlogin: mail.example [unknown] plaintext al invalid user":                                                policy.Cyrus,
		"imapd[7]: Login failed user=al auth=al host=UNKNOWN":                                                                policy.UWIMAP,
		"vpopmail[7]: vchkpw-smtp: password fail al@example.com:2001:db8::1":                                                 policy.Qmail,
		"smtp_auth: smtp_auth: FAILED: al - password incorrect from unknown@":                                                policy.Qmail,
		"systemd[1]: Started Session 41 of user alice.":                                                                      0,
		"auth: pam_unix(dovecot:auth): check pass; user unknown":                                                             0,
		"sshd[7]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=  user=al":         0,
	} {
		r := NewReader(nil)
		var ev policy.Event
		if r.Line([]byte(bsdHead+line), &ev) || ev.Service != service {
			t.Errorf("%s\nis not counted as one of %s", line, service)
		}
	}
}
