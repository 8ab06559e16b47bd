package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// The captured logs' events have their protocols too; these are the lines that
// are in none of them.
func TestProtocols(t *testing.T) {
	const (
		login = "Disconnected (auth failed, 1 attempts in 2 secs): user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25"
		bad   = "LOGIN FAILED, user=al, ip=[::ffff:192.0.2.1]"
		cyrus = "badlogin: [192.0.2.1] plaintext al SASL(-13): authentication failure: checkpass failed"
		uw    = "Login failed user=al auth=al host=[192.0.2.1]"
		asked = "authentication failure; logname= uid=0 euid=0 tty= ruser=al rhost=192.0.2.1"
	)
	for _, c := range []struct {
		line string
		want policy.Protocol
	}{
		{"dovecot: imap-login: " + login, policy.IMAP},
		{"dovecot: pop3-login: " + login, policy.POP3},
		{"dovecot: managesieve-login: " + login, policy.Sieve},
		{"dovecot: submission-login: " + login, policy.SMTP},
		{"submission-login: " + login, policy.SMTP},
		{"dovecot: imap-login: Login: user=<al>, method=PLAIN, rip=192.0.2.1, lip=203.0.113.25, TLS", policy.IMAP},
		{"dovecot: message repeated 2 times: [ pop3-login: " + login + "]", policy.POP3},
		// For whom the auth process asks it does not say.
		{"dovecot: auth: passwd-file(al,192.0.2.1,<CvN+E95U>): Password mismatch", 0},

		{"imapd: " + bad, policy.IMAP},
		{"imapd-ssl: " + bad, policy.IMAP},
		{"pop3d-ssl: " + bad, policy.POP3},
		{"imaplogin: " + bad, policy.IMAP},
		{"pop3login-ssl: " + bad, policy.POP3},
		{"courierpop3login: " + bad, policy.POP3},
		{"courier-imaps: " + bad, policy.IMAP},
		{"courier-pop3d: " + bad, policy.POP3},
		{"courierlogger: " + bad, 0},
		{`courieresmtpd: error,relay=192.0.2.1,msg="535 Authentication failed.",cmd: AUTH LOGIN al`, policy.SMTP},

		{"imaps[7]: " + cyrus, policy.IMAP},
		{"cyrus/pop3s[7]: " + cyrus, policy.POP3},
		{"cyrus/timsieved[7]: " + cyrus, policy.Sieve},
		{"sieve[7]: badlogin: [192.0.2.1] PLAIN authentication failure", policy.Sieve},
		{"imapd[7]: " + uw, policy.IMAP},
		{"ipop3d[7]: " + uw, policy.POP3},

		{"vpopmail[7]: vchkpw-smtp: password fail al:192.0.2.1", policy.SMTP},
		{"vpopmail[7]: vchkpw-submission: password fail al:192.0.2.1", policy.SMTP},
		{"vpopmail[7]: vchkpw-pop3: password fail al:192.0.2.1", policy.POP3},
		{"vpopmail[7]: vchkpw-imap: password fail al:192.0.2.1", policy.IMAP},
		{"vpopmail[7]: vchkpw: password fail al:192.0.2.1", 0},
		{"smtp_auth: smtp_auth: FAILED: al - password incorrect from [192.0.2.1]", policy.SMTP},
		{"qmail: rblsmtpd: 192.0.2.1 pid 7 sh -c: 451 x", policy.SMTP},

		{"imapd[7]: pam_unix(imap:auth): " + asked, policy.IMAP},
		{"auth: pam_unix(dovecot:auth): " + asked, 0},
		{"saslauthd[7]: pam_unix(smtp:auth): " + asked, policy.SMTP},
		{"pop3d[7]: pam_unix(pop3:auth): " + asked, policy.POP3},
		{"saslauthd[7]: pam_unix(sieve:auth): " + asked, policy.Sieve},
		{"pop3(pam_unix)[7]: " + asked, policy.POP3},
		{"postfix/submission/smtpd[7]: " + failure, policy.SMTP},
		{"exim[7]: login authenticator failed for [192.0.2.1]: 535 Incorrect authentication data (set_id=al)", policy.SMTP},
		{"sm-mta[7]: 26H8MRrS025411: AUTH failure (LOGIN): authentication failure (-13) SASL(-13): x, user=al, relay=[192.0.2.1]", policy.SMTP},
		{"postfix/postscreen[7]: PREGREET 11 after 0.06 from [192.0.2.1]:40213: EHLO User\\r\\n", policy.SMTP},
	} {
		var ev policy.Event
		if ok := Line([]byte(isoHead+c.line), &ev); !ok || ev.Protocol != c.want {
			t.Errorf("%s: %v of %v, want %v", c.line, ok, ev.Protocol, c.want)
		}
	}
}

// No client's text can choose the protocol: it follows from the program's name.
func TestProtocolIsTheProgramsWord(t *testing.T) {
	d, err := NewDetector(DetectorConfig{Name: "x", Program: "imap-login", Kind: policy.AuthFail, Pattern: `^from (?P<addr>[0-9.]+)$`})
	if err != nil {
		t.Fatal(err)
	}
	var ev policy.Event
	if !NewReader([]*Detector{d}).Line([]byte(isoHead+"imap-login: from 192.0.2.1"), &ev) || ev.Protocol != 0 {
		t.Errorf("a detector's event has the protocol %v", ev.Protocol)
	}
}
