package parse

import (
	"net/netip"
	"testing"

	"github.com/smtpbl/smtpbl/policy"
)

func TestSendmail(t *testing.T) {
	const failed = "AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed"
	for _, c := range []struct {
		msg, addr, user string
		kind            policy.Kind
		witness         policy.Witness
	}{
		{failed + ", relay=[192.0.2.1]", "192.0.2.1", "", policy.AuthFail, policy.WitnessMTA},
		{failed + ", user=al, relay=h.example [192.0.2.1] (may be forged)", "192.0.2.1", "al", policy.AuthFail, policy.WitnessMTA},
		{failed + ", user=x, relay=[198.51.100.7], relay=[IPv6:2001:DB8::1]", "2001:db8::1", "x, relay=[198.51.100.7]", policy.AuthFail, policy.WitnessMTA},
		{"AUTH failure (PLAIN): generic failure (-1) SASL(-1): x, relay=[192.0.2.1]", "192.0.2.1", "", policy.BackendFault, policy.WitnessMTA},
		{failed + ", user=al, relay=IDENT:x@h.example [192.0.2.1]", "192.0.2.1", "al", policy.AuthFail, policy.WitnessMTA},
		{failed + ", user=al, relay=x+{y}@h.example [192.0.2.1] (may be forged)", "192.0.2.1", "al", policy.AuthFail, policy.WitnessMTA},
		{failed + ", user=al, relay=!@[192.0.2.1]", "192.0.2.1", "al", policy.AuthFail, policy.WitnessMTA},
		{"IDENT:x/y@h.example [192.0.2.1]: possible SMTP attack: command=AUTH, count=5", "192.0.2.1", "", policy.AuthFail, policy.WitnessLogin},
		{"AUTH encode64 error [4 for \"x\"], relay=id@h.example [192.0.2.1]", "192.0.2.1", "", policy.BackendFault, policy.WitnessMTA},
		{"h.example [192.0.2.1]: possible SMTP attack: command=AUTH, count=5", "192.0.2.1", "", policy.AuthFail, policy.WitnessLogin},
		{"[192.0.2.1]: possible SMTP attack: command=NOOP, count=20", "192.0.2.1", "", policy.Abuse, 0},
		{"[192.0.2.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA", "192.0.2.1", "", policy.Abuse, 0},
		{"[192.0.2.1]: EXPN root [rejected]", "192.0.2.1", "", policy.Abuse, 0},
		{"rejecting commands from [192.0.2.1] due to pre-greeting traffic after 1 seconds", "192.0.2.1", "", policy.Abuse, 0},
		{"rejecting commands from h.example [192.0.2.1] due to pre-greeting traffic after 1 seconds", "192.0.2.1", "", policy.Abuse, 0},
		{"rejecting commands from [192.0.2.1] [192.0.2.1] due to pre-greeting traffic after 1 seconds", "192.0.2.1", "", policy.Abuse, 0},
		{"rejecting server EHLO from [IPv6:2001:db8::1] [IPv6:2001:db8::1] due to traffic before response", "2001:db8::1", "", policy.Abuse, 0},
		{"[192.0.2.1]: probable open proxy: command=GET http://198.51.100.7/ HTTP/1.1\\r\\n", "192.0.2.1", "", policy.Abuse, 0},
		{"AUTH decode64 error [-5 for \"x, relay=[198.51.100.7]\"], relay=h.example [192.0.2.1]", "192.0.2.1", "", policy.AuthFail, policy.WitnessMTA},
		{"ruleset=check_rcpt, arg1=<a@b>, relay=h.example [192.0.2.1], reject=550 5.7.1 <a@b>... Relaying denied", "192.0.2.1", "", policy.Abuse, 0},
		{"ruleset=check_relay, arg1=h, arg2=192.0.2.1, relay=h [192.0.2.1], reject=421 4.3.2 Too many open connections.", "192.0.2.1", "", policy.Abuse, 0},
	} {
		var ev policy.Event
		if !Line([]byte(bsdHead+"sm-mta[7]: 26H8MRrS025411: "+c.msg), &ev) {
			t.Errorf("no event: %s", c.msg)
			continue
		}
		if ev.Addr != netip.MustParseAddr(c.addr) || ev.Kind != c.kind || string(ev.User) != c.user || ev.Witness != c.witness ||
			ev.Service != policy.Sendmail || ev.Session != hash([]byte("sendmail"), []byte("7")) {
			t.Errorf("%s: got %+v", c.msg, ev)
		}
	}
}

func TestSendmailIsNoEvent(t *testing.T) {
	for _, msg := range []string{
		"26H8MRrS025411: AUTH failure (LOGIN): authentication failure (-13)",
		"26H8MRrS025411: AUTH failure (LOGIN): x, user=a, relay=[192.0.2.1] x",
		"26H8MRrS025411: ruleset=check_rcpt, arg1=<x, relay=[198.51.100.7], reject=>, relay=[192.0.2.1], reject=550 x",
		"26H8MRrS025411: <x [192.0.2.1]: VRFY a [rejected]>... User unknown",
		"26H8MRrS025411: from=<a@b>, size=9, nrcpts=0, proto=ESMTP, daemon=MTA, relay=[192.0.2.1]",
		`26H8MRrS025411: AUTH decode64 error [-5 for "x, relay=[192.0.2.1]"]`, // until 8.12
		"26H8MRrS025411: rejecting new messages: load average=9",
		// Recipients that imitate a line.
		"26H8MRrS025411: h [192.0.2.1]: possible SMTP attack: command=AUTH, count=5>... Unbalanced '>'",
		"26H8MRrS025411: h [192.0.2.1]: possible SMTP attack: command=AUTH, count=>... Unbalanced '>'",
		"26H8MRrS025411: h [192.0.2.1]: possible SMTP attack: command=AUTH",
		"26H8MRrS025411: h [192.0.2.1]: possible SMTP attack: command=NOOP, count=5>... Unbalanced '>'",
		"26H8MRrS025411: h [192.0.2.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA>... Unbalanced '>'",
		"26H8MRrS025411: h [192.0.2.1]: probable open proxy: command=GET>... Unbalanced '>'",
		"26H8MRrS025411: rejecting commands from h [192.0.2.1] due to pre-greeting traffic after 1 seconds>... Unbalanced '>'",
		"26H8MRrS025411: AUTH failure (LOGIN): x, relay=h [192.0.2.1]>... Unbalanced '>'",
		"26H8MRrS025411: AUTH failure (LOGIN): x, relay=x y@h [192.0.2.1]",
		"26H8MRrS025411: rejecting connections on daemon MTA: load average: 12 from x",
		"26H8MRrS025411: rejecting commands from [192.0.2.1] due to x",
		"26H8MRrS025411: rejecting commands from [192.0.2.1] [x] due to pre-greeting traffic after 1 seconds",
		"26H8MRrS025411: rejecting commands from x",
		"26H8MRrS025411: lost input channel from [192.0.2.1] to MTA after rcpt",
		"26H8MRrS025411: ",
	} {
		var ev policy.Event
		if Line([]byte(bsdHead+"sendmail[7]: "+msg), &ev) {
			t.Errorf("%s: got %+v", msg, ev)
		}
	}
}
