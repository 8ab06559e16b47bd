package parse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

func eximEvent(kind policy.Kind, user, detail string) policy.Event {
	ev := policy.Event{Addr: client1, Kind: kind, Service: policy.Exim, Protocol: policy.SMTP, Detail: []byte(detail)}
	if user != "" {
		ev.User = []byte(user)
	}
	if kind != policy.Abuse {
		ev.Witness = policy.WitnessMTA
	}
	return ev
}

func eximFail(mechanism, user, detail string) policy.Event {
	ev := eximEvent(policy.AuthFail, user, detail)
	ev.Failures = 1
	if mechanism != "" {
		ev.Mechanism = []byte(mechanism)
	}
	return ev
}

// unproven is a fault that the client may have brought about.
func unproven(ev policy.Event) policy.Event {
	ev.Unproven = true
	return ev
}

func excused(ev policy.Event, mechanism string) policy.Event {
	ev.Excused, ev.Mechanism = 1, []byte(mechanism)
	return ev
}

func eximLogin(user, mechanism string) policy.Event {
	ev := eximEvent(policy.AuthOK, user, "")
	ev.Detail, ev.Mechanism = nil, []byte(mechanism)
	return ev
}

const (
	eximBad = "535 Incorrect authentication data"
	unasked = "AUTH command used when not advertised"
	login42 = "login authenticator failed for "
	arrived = "1ahr79-0006jK-G9 <= "
	synErr  = "SMTP protocol synchronization error ("
)

var eximShapes = []struct {
	line string
	want policy.Event
}{
	{login42 + "[192.0.2.1]: " + eximBad, eximFail("login", "", eximBad)},
	{login42 + "host.example ([198.51.100.9]) [192.0.2.1]: " + eximBad + " (set_id=al)", eximFail("login", "al", eximBad)},
	{login42 + "H=host.example (x_y) [192.0.2.1]:99 I=[203.0.113.25]:587 Ci=30416: " + eximBad + " (set_id=a)b)", eximFail("login", "a)b", eximBad)},
	{"a_login \tauthenticator failed for (x) [192.0.2.1] U=al: " + eximBad + ` (set_id=\001x)`, eximFail("a_login", `\001x`, eximBad)},
	{login42 + "[192.0.2.1]: 501 Invalid base64 data", eximFail("login", "", "501 Invalid base64 data")},
	{login42 + "[192.0.2.1]: 501 Authentication cancelled", excused(eximEvent(policy.Abuse, "", "501 Authentication cancelled"), "login")},
	{login42 + "[192.0.2.1]: 435 Unable to authenticate at present: x", unproven(excused(eximEvent(policy.BackendFault, "", "435 Unable to authenticate at present"), "login"))},
	{login42 + "[192.0.2.1]: 435 Unable to authenticate at present: unable to connect to UNIX socket (/run/exim-auth): Connection refused", excused(eximEvent(policy.BackendFault, "", "435 Unable to authenticate at present"), "login")},
	{login42 + "[192.0.2.1] U=x: 435 Unable to authenticate at present: " + eximBad, eximFail("login", "", eximBad)},
	{`SMTP protocol error in "AUTH LOGIN" H=(x) [192.0.2.1] ` + unasked, eximFail("", "", unasked)},
	{`SMTP protocol error in "AUTH NTLM" H=[192.0.2.1]:4 I=[203.0.113.25]:25 Ci=1 NTLM authentication mechanism not supported`, eximFail("NTLM", "", "authentication mechanism not supported")},
	{arrived + "a@b.example H=host.example (x) [192.0.2.1]:9 P=esmtpsa L. X=TLS1.3:x:256 CV=no SNI=s A=login:al S=1 T=\"x\"", eximLogin("al", "login")},
	{`10HmaZ-000000005vi-0000 <= "a H=[198.51.100.9] P=esmtpa A=x:y \" "@b.example H=[192.0.2.1] P=esmtpa A=plain:al S=1`, eximLogin("al", "plain")},
	{"no MAIL in SMTP connection from (x) [192.0.2.1] D=2s A=plain:al C=EHLO,AUTH,QUIT", eximLogin("al", "plain")},
	{"no MAIL in SMTP connection from (x) [192.0.2.1] D=2s C=EHLO,AUTH,QUIT", eximEvent(policy.Abuse, "", "no mail sent")},
	{"H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: relay not permitted", eximEvent(policy.Abuse, "", "relay access denied")},
	{"H=(x) [192.0.2.1] F=<a@b> rejected RCPT <c@d>: Unrouteable address", eximEvent(policy.Abuse, "", "rejected")},
	{"H=(x) [192.0.2.1] sender verify fail for <a@b>: x", eximEvent(policy.Abuse, "", "sender verification failed")},
	{`SMTP call from [192.0.2.1] dropped: too many unrecognized commands (last was "x")`, eximEvent(policy.Abuse, "", "too many errors")},
	{"SMTP connection from (x) [192.0.2.1] closed by DROP in ACL", eximEvent(policy.Abuse, "", "dropped by ACL")},
	{synErr + `next input sent too soon: pipelining was advertised): rejected "RSET" H=[192.0.2.1] next input="x"`, eximEvent(policy.Abuse, "", "input sent too soon")},
	{"rejected EHLO from [192.0.2.1]: syntactically invalid argument(s): x) [198.51.100.7]", eximEvent(policy.Abuse, "", "HELO rejected")},
	{"rejected HELO from host.example [192.0.2.1]:99 I=[203.0.113.25]:25: syntactically invalid argument(s): (no argument given)", eximEvent(policy.Abuse, "", "HELO rejected")},
	{synErr + `input sent without waiting for greeting): rejected connection from H=[192.0.2.1] input="x"`, eximEvent(policy.Abuse, "", "input sent too soon")},
}

func TestExim(t *testing.T) {
	process := eximSession([]byte("7"), false)
	syslog := eximSession([]byte("7"), true)
	for head, session := range map[string]uint64{
		"2026-11-23 15:22:23 ":                           0,
		"2026-11-23 15:22:23.123 ":                       0,
		"2026-11-23 15:22:23 +0200 ":                     0,
		"2026-11-23 15:22:23 [7] ":                       process,
		"2026-11-23 15:22:23.123 -0330 [7] ":             process,
		"2026-11-23 15:22:23 mx1 exim[7]: ":              syslog,
		bsdHead + "exim[7]: ":                            syslog,
		bsdHead + "exim[8]: [7] ":                        syslog,
		isoHead + "exim4[7]: 2026-11-23 15:22:23 +0200 ": syslog,
	} {
		for _, c := range eximShapes {
			var got policy.Event
			c.want.Session = session
			if !Line([]byte(head+c.line), &got) {
				t.Errorf("no event: %s%s", head, c.line)
			} else if diff := cmp.Diff(c.want, got, compareAddr); diff != "" {
				t.Errorf("%s%s (-want +got):\n%s", head, c.line, diff)
			}
		}
	}
}

// Syslog gets a long message in parts, of which only the first has a beginning
// that Exim wrote, and not the end of a name from HELO.
func TestEximParts(t *testing.T) {
	long := strings.Repeat("x", 900)
	for _, c := range []struct {
		msg    string
		event  bool
		unread uint64
	}{
		{"[1/2] login authenticator failed for [192.0.2.1]: " + eximBad + " (set_id=" + long, true, 0},
		{"[1/2] 2026-11-23 15:22:23 login authenticator failed for h.example [192.0.2.1]: " + eximBad + " (set_id=" + long, true, 0},
		{`[1\2] 2026-11-23 15:22:23 [7] login authenticator failed for [192.0.2.1]: ` + eximBad, true, 0},
		{"[1/12] SMTP call from [192.0.2.1] dropped: too many unrecognized commands (last was \"" + long, true, 0},
		{"[1/2] login authenticator failed for (x) [198.51.100.7]: " + eximBad + " (set_id=" + long, false, 1},
		{"[1/2] [7] login authenticator failed for (" + long, false, 1},
		{"[1/2] SMTP call from (x) [198.51.100.7] dropped: too many " + long, false, 0},
		{"[2/2] login authenticator failed for [198.51.100.7]: " + eximBad, false, 0},
		{"[1/x] login authenticator failed for [198.51.100.7]: " + eximBad, false, 0},
		{"[1/] login authenticator failed for [198.51.100.7]: " + eximBad, false, 0},
		{"[1/2]login authenticator failed for [198.51.100.7]: " + eximBad, false, 0},
		{"[1/2] ", false, 0},
		{"[1/", false, 0},
	} {
		r := NewReader(nil)
		var ev policy.Event
		got := r.Line([]byte(bsdHead+"exim[7]: "+c.msg), &ev)
		if unread := !got && ev.Service == policy.Exim; got != c.event || got && ev.Addr != client1 || unread != (c.unread == 1) {
			t.Errorf("%.80s: %v of %v, unread %v", c.msg, got, ev.Addr, unread)
		}
	}
}

func TestEximIsNoEvent(t *testing.T) {
	for _, msg := range []string{
		"1ahr79-0006jK-G9 plain authenticator failed H=mx.example [192.0.2.1] " + eximBad,
		login42 + "U=al: " + eximBad,
		login42 + "al: " + eximBad,
		login42 + "(x) [192.0.2.1]: 454 x",
		login42 + "(x) [192.0.2.1: " + eximBad,
		// A HELO name with blanks, or a login name: nobody can tell.
		login42 + "(x) [198.51.100.7]: " + eximBad + " (set_id=y) [192.0.2.1]: " + eximBad,
		`SMTP protocol error in "AUTH x" H=[198.51.100.7] U=y" H=[192.0.2.1] ` + unasked,
		`SMTP protocol error in "AUTH LOGIN" H=[192.0.2.1] already authenticated`,
		arrived + `a@b.example H=(x) [192.0.2.1] P=esmtp S=9 T="A=login:al"`,
		arrived + `a@b.example H=[192.0.2.1] U=x P=esmtpsa A=login:al P=esmtp S=9`,
		arrived + "al@b.example U=al P=local-esmtpa A=plain:al S=9",
		arrived + `a@b.example H=[192.0.2.1] P=esmtpsa DN="x A=login:al" A=login:bob S=9`,
		"H=(x) [192.0.2.1] F=<a@b> temporarily rejected RCPT <c@d>: greylisted",
		"1ahr79-0006jK-G9 => al <al@b.example> R=local T=local_delivery",
		"no host name found for IP address 192.0.2.1",
		"[x] " + login42 + "[192.0.2.1]: " + eximBad,
	} {
		for _, head := range []string{"2026-11-23 15:22:23 ", bsdHead + "exim[7]: "} {
			var ev policy.Event
			if Line([]byte(head+msg), &ev) {
				t.Errorf("%s: got %+v", msg, ev)
			}
		}
	}
}
