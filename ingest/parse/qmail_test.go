package parse

import (
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

// mtaLogin is loginEvent as the mail server tells it.
func mtaLogin(kind policy.Kind, user string) policy.Event {
	ev := loginEvent(kind, user, "")
	ev.Witness = policy.WitnessMTA
	return ev
}

func TestQmail(t *testing.T) {
	failed := mtaLogin(policy.AuthFail, "al@example.com")
	checkShapes(t, bsdHead, policy.Qmail, []shape{
		{"vpopmail[7]: vchkpw-smtp: password fail al@example.com:192.0.2.1", failed},
		{"vpopmail[7]: vchkpw-submission: password fail (pass: 'one two:198.51.100.7') al@example.com:192.0.2.1", failed},
		{"vpopmail[7]: vchkpw: password fail secret al@example.com:::ffff:192.0.2.1", failed},
		{"vpopmail[7]: vchkpw-pop3: vpopmail user not found al@:192.0.2.1", mtaLogin(policy.AuthFail, "al")},
		{"vpopmail[7]: vchkpw-smtp: null password given al@example.com:192.0.2.1", failed},
		{"vpopmail[7]: vchkpw-smtp: null user name given :192.0.2.1", withUser(mtaLogin(policy.AuthFail, ""), "")},
		{"vpopmail[7]: vchkpw: system password fail al@example.com:192.0.2.1", failed},
		{"vpopmail[7]: vchkpw: vpopmail user not found x@y:198.51.100.7:192.0.2.1", mtaLogin(policy.AuthFail, "x@y:198.51.100.7")},
		{"vpopmail[7]: vchkpw-smtp: (PLAIN) login success al@example.com:192.0.2.1", mtaLogin(policy.AuthOK, "al@example.com")},
		{"vpopmail[7]: vchkpw: login success al@example.com:192.0.2.1", mtaLogin(policy.AuthOK, "al@example.com")},
		{"smtp_auth: smtp_auth: FAILED: al@example.com - password incorrect  from unknown@ [192.0.2.1]", failed},
		{"smtp_auth[7]: smtp_auth: FAILED: al@example.com - password incorrect from mail.example [192.0.2.1]", failed},
		{
			"smtp_auth[7]: smtp_auth: FAILED: x - password incorrect from y [198.51.100.7] - password incorrect from mail.example [192.0.2.1]",
			mtaLogin(policy.AuthFail, "x - password incorrect from y [198.51.100.7]"),
		},
		{"qmail: 1790000000.485077 rblsmtpd: 192.0.2.1 pid 77 dnsbl.example: 451 listed", policy.Event{Addr: client1, Kind: policy.Abuse, Detail: shapeListed}},
		{"qmail: 1790000000.633171 qmail-smtpd: 421 badiprbl: ip 192.0.2.1 rbl: dnsbl.example", policy.Event{Addr: client1, Kind: policy.Abuse, Detail: shapeListed}},
	})
}

func withUser(ev policy.Event, user string) policy.Event {
	ev.User = []byte(user)
	return ev
}

func TestQmailLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "vpopmail[7]: ", []string{
		"vchkpw-smtp: password fail al@example.com:",
		"vchkpw-smtp: password fail x@198.51.100.7:",
		"vchkpw-smtp: password fail x@y:198.51.100.7:",
		"vchkpw-smtp: password fail x@y:2001:db8::1",
		"vchkpw-smtp: password fail al",
		"vchkpw-smtp: setuid 7 failed errno 1 al@example.com:192.0.2.1",
		"vchkpw-pop3: pop access denied al@example.com:192.0.2.1",
		"vchkpw: (PLAIN login success al@example.com:192.0.2.1",
		"vchkpw password fail al@example.com:192.0.2.1",
		"password fail al@example.com:192.0.2.1",
	})
	checkNoEvents(t, "smtp_auth[7]: ", []string{
		"SMTP connect from unknown@ [192.0.2.1]",
		"smtp_auth: FAILED: al - password incorrect from unknown@",
		"smtp_auth: FAILED: x [192.0.2.1] - password incorrect from unknown@",
		"smtp_auth: FAILED: al - password incorrect from unknown@ [192.0.2.1] x",
	})
	checkNoEvents(t, "qmail: ", []string{
		"1790000000.485077 status: local 0/10 remote 0/20",
		"1790000000 rblsmtpd: 192.0.2.1 pid 77 x",
		"1790000000.4 rblsmtpd: 192.0.2.1: x",
		"1790000000.4 delivery 1: failure: rblsmtpd: 192.0.2.1 pid 7",
	})
}
