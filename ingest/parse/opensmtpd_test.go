package parse

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/smtpbl/smtpbl/policy"
)

const sid = "4f00c1a87d2be931"

// smtpdLogin is what OpenSMTPD's line about a login tells, smtpdRefusal what
// the line about the refused command does.
func smtpdLogin(kind policy.Kind, result string) policy.Event {
	ev := policy.Event{Kind: kind, Witness: policy.WitnessLogin, User: []byte("al"), Detail: []byte(result)}
	switch kind {
	case policy.AuthFail:
		ev.Failures = 1
	case policy.BackendFault:
		ev.Excused, ev.Unproven = 1, true
	default:
		ev.Detail = nil
	}
	return ev
}

func smtpdRefusal(a netip.Addr, reply string) policy.Event {
	return policy.Event{Addr: a, Kind: policy.AuthFail, Witness: policy.WitnessMTA, Failures: 1, Detail: []byte(reply)}
}

func at(a netip.Addr, ev policy.Event) policy.Event {
	ev.Addr = a
	return ev
}

func TestOpenSMTPD(t *testing.T) {
	six := netip.MustParseAddr("2001:db8::1")
	none := netip.Addr{}
	checkShapes(t, isoHead+"smtpd[77]: ", policy.OpenSMTPD, []shape{
		// since 6.4
		{sid + " smtp connected address=192.0.2.1 host=mail.example", policy.Event{Addr: client1}},
		{sid + " smtp connected address=[2001:db8::1] host=<unknown>", policy.Event{Addr: six}},
		{sid + " smtp connected address=local host=mx1.example", policy.Event{}},
		{sid + " smtp disconnected reason=quit", policy.Event{}},
		{sid + ` smtp disconnected reason="io-error: handshake failed"`, policy.Event{}},
		{sid + " smtp authentication user=al result=ok", smtpdLogin(policy.AuthOK, "")},
		{sid + " smtp authentication user=al result=permfail", smtpdLogin(policy.AuthFail, "permfail")},
		{sid + " smtp authentication user=al result=tempfail", smtpdLogin(policy.BackendFault, "tempfail")},
		{sid + ` smtp failed-command command="AUTH PLAIN (...)" result="535 Authentication failed"`, smtpdRefusal(none, "535 Authentication failed")},
		{sid + ` smtp failed-command command="AUTH LOGIN (password)" result="535 Authentication failed"`, smtpdRefusal(none, "535 Authentication failed")},
		{
			sid + ` smtp failed-command command="auth login" result="503 5.5.1 Invalid command: Command not supported"`,
			smtpdRefusal(none, "503 5.5.1 Invalid command: Command not supported"),
		},
		{
			sid + ` smtp failed-command command="AUTH XX" result="504 5.5.4 Invalid command arguments: AUTH method "XX" not supported"`,
			smtpdRefusal(none, `504 5.5.4 Invalid command arguments: AUTH method "XX" not supported`),
		},
		{sid + ` smtp bad-input result="500 5.5.1 Invalid command: Pipelining not supported"`, policy.Event{Kind: policy.Abuse, Detail: shapePipeline}},
		// from 6.0 to 6.3
		{sid + " smtp event=connected address=192.0.2.1 host=mail.example", policy.Event{Addr: client1}},
		{sid + " smtp event=closed address=192.0.2.1 host=mail.example reason=quit", policy.Event{}},
		{sid + " smtp event=authentication user=al address=192.0.2.1 host=mail.example result=ok", at(client1, smtpdLogin(policy.AuthOK, ""))},
		{sid + " smtp event=authentication user=al address=[2001:db8::1] host=<unknown> result=permfail", at(six, smtpdLogin(policy.AuthFail, "permfail"))},
		{
			sid + ` smtp event=failed-command address=192.0.2.1 host=mail.example command="AUTH LOGIN (password)" result="535 Authentication failed"`,
			smtpdRefusal(client1, "535 Authentication failed"),
		},
		// up to 5.9
		{"smtp-in: New session " + sid + " from host mail.example [192.0.2.1]", policy.Event{Addr: client1}},
		{"smtp-in: New session " + sid + " from host mail.example [[2001:db8::1]]", policy.Event{Addr: six}},
		{"smtp-in: New session " + sid + " from host mail.example [IPv6:2001:db8::1]", policy.Event{Addr: six}},
		{"smtp-in: New session " + sid + " from host localhost [local]", policy.Event{}},
		{"smtp-in: Closing session " + sid, policy.Event{}},
		{"smtp-in: Disconnecting session " + sid + ": session timeout", policy.Event{}},
		{"smtp-in: Received disconnect from session " + sid, policy.Event{}},
		{"smtp-in: Accepted authentication for user al on session " + sid, smtpdLogin(policy.AuthOK, "")},
		{"smtp-in: Authentication failed for user al on session " + sid, smtpdOld(policy.AuthFail)},
		{"smtp-in: Authentication temporarily failed for user al on session " + sid, smtpdOld(policy.BackendFault)},
		{`smtp-in: Failed command on session ` + sid + `: "AUTH PLAIN (...)" => 535 Authentication failed`, smtpdRefusal(none, "535 Authentication failed")},
		// the filter
		{
			"auth-reporter: failed authentication from user=al address=192.0.2.1 host=mail.example",
			policy.Event{Addr: client1, Kind: policy.AuthFail, Witness: policy.WitnessPolicy, Failures: 1, User: []byte("al")},
		},
	})
}

func smtpdOld(kind policy.Kind) policy.Event {
	ev := smtpdLogin(kind, "")
	ev.Detail = nil
	return ev
}

// The client is the one that connected under the number, whatever the lines
// between say.
func TestOpenSMTPDClients(t *testing.T) {
	const other = "9a00c1a87d2be93f"
	for name, c := range map[string]struct{ connect, login, end string }{
		"7.8": {"%s smtp connected address=%s host=x.example", "%s smtp authentication user=%s result=permfail", "%s smtp disconnected reason=quit"},
		"6.0": {
			"%s smtp event=connected address=%s host=x.example", `%s smtp event=authentication user=%s address=192.0.2.1 host=x.example result=permfail`,
			"%s smtp event=closed address=192.0.2.1 host=x.example reason=quit",
		},
		"5.9": {
			"smtp-in: New session %s from host x.example [%s]", "smtp-in: Authentication failed for user %[2]s on session %[1]s",
			"smtp-in: Closing session %s",
		},
	} {
		for _, user := range []string{
			"al", "x result=ok", "x address=198.51.100.7 host=y", "x on session " + other, "x address=198.51.100.7 host=y result=permfail",
		} {
			var s Sessions
			got := resolved(t, &s, []string{
				fmt.Sprintf(c.connect, other, "198.51.100.7"),
				fmt.Sprintf(c.connect, sid, "192.0.2.1"),
				fmt.Sprintf(c.login, sid, user),
				fmt.Sprintf(c.end, sid),
			})
			want := []string{"192.0.2.1 auth_fail " + user}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if late := resolved(t, &s, []string{fmt.Sprintf(c.login, sid, user)}); name != "6.0" && late != nil {
				t.Errorf("%s: after the end: %v", name, late)
			}
		}
	}
}

// resolved returns the events of smtpd's lines, as text.
func resolved(t *testing.T, s *Sessions, lines []string) (events []string) {
	t.Helper()
	for _, line := range lines {
		var ev policy.Event
		if Message([]byte("smtpd"), nil, []byte(line), &ev) && s.Resolve(&ev) {
			events = append(events, fmt.Sprintf("%s %s %s", ev.Addr, ev.Kind, ev.User))
		}
	}
	return events
}

func TestOpenSMTPDLinesThatAreNoEvent(t *testing.T) {
	checkNoEvents(t, "smtpd[7]: ", []string{
		sid + " smtp tls ciphers=TLSv1.3:TLS_AES_256_GCM_SHA384:256",
		sid + " smtp message msgid=1a2b3c4d size=12 nrcpt=1 proto=ESMTP",
		sid + " mta connected address=smtp://192.0.2.1:25 host=mx.example",
		sid + " smtp authentication user=al result=maybe",
		sid + " smtp authentication user=al",
		sid + ` smtp failed-command command="RCPT TO:<a@b.example>" result="550 Invalid recipient: <a@b.example>"`,
		sid + ` smtp failed-command command="AUTH LOGIN (password)" result="421 4.3.0 Temporary failure"`,
		sid + ` smtp failed-command command="AUTH PLAIN" result="503 5.5.1 Invalid command: Already authenticated"`,
		sid + ` smtp failed-command command="AUTH" result="5"`,
		sid + ` smtp bad-input result="500 5.5.1 Invalid command: Command unrecognized"`,
		sid[1:] + " smtp connected address=192.0.2.1 host=mail.example",
		"4F00C1A87D2BE931 smtp connected address=192.0.2.1 host=mail.example",
		"smtp-in: Authentication failed for user al on session 4f00",
		"smtp-in: Started TLS on session " + sid + ": version=TLSv1.2",
		"smtp-in: New session 4f",
		"auth-reporter: failed authentication from user=al address=local host=x",
	})
}

// checkNoEvents wants nothing to come of lines.
func checkNoEvents(t *testing.T, tag string, lines []string) {
	t.Helper()
	for _, line := range lines {
		for _, head := range []string{isoHead, bsdHead} {
			var ev policy.Event
			if Line([]byte(head+tag+line), &ev) {
				t.Errorf("%s%s\ngot %+v", tag, line, ev)
			}
		}
	}
}

// opensmtpdTalk is what one connection makes smtpd write. %u is the client's.
var opensmtpdTalk = []string{
	sid + " smtp authentication user=%u result=permfail",
	sid + " smtp event=authentication user=%u address=192.0.2.1 host=x.example result=permfail",
	sid + ` smtp failed-command command="AUTH LOGIN (password)" result="535 Authentication failed"`,
	sid + ` smtp failed-command command="AUTH %u" result="504 5.5.4 Invalid command arguments: AUTH method "%u" not supported"`,
	sid + ` smtp event=failed-command address=192.0.2.1 host=x.example command="AUTH %u" result="504 5.5.4 %u"`,
	sid + ` smtp failed-command command="%u" result="500 5.5.1 Invalid command: Command unrecognized"`,
	"smtp-in: Authentication failed for user %u on session " + sid,
	"smtp-in: Failed command on session " + sid + `: "AUTH %u" => 504 5.5.4 %u`,
}

func TestForgedOpenSMTPDLines(t *testing.T) {
	for _, text := range forgeries {
		for _, shape := range opensmtpdTalk {
			clientIsTrue(t, strings.ReplaceAll(shape, "%u", text))
		}
	}
}

// clientIsTrue checks that nothing in a line moves it to another connection.
func clientIsTrue(t *testing.T, line string) {
	t.Helper()
	var s Sessions
	for _, connect := range []string{
		"9a00c1a87d2be93f smtp connected address=198.51.100.7 host=x.example", sid + " smtp connected address=192.0.2.1 host=x.example",
	} {
		resolved(t, &s, []string{connect})
	}
	for _, ev := range resolved(t, &s, []string{line}) {
		if !strings.HasPrefix(ev, truth+" ") {
			t.Errorf("%q: %s", line, ev)
		}
	}
}

func FuzzOpenSMTPD(f *testing.F) {
	for i, text := range forgeries {
		f.Add(uint(i), text)
	}
	f.Add(uint(0), "x on session 9a00c1a87d2be93f")
	f.Fuzz(func(t *testing.T, n uint, text string) {
		clientIsTrue(t, strings.ReplaceAll(opensmtpdTalk[n%uint(len(opensmtpdTalk))], "%u", text))
	})
}

func TestOpenSMTPDAllocatesNothing(t *testing.T) {
	var s Sessions
	var ev policy.Event
	s.Resolve(&policy.Event{Session: 1, Addr: client1})
	for _, text := range append(opensmtpdTalk, sid+" smtp connected address=192.0.2.1 host=x.example", sid+" smtp disconnected reason=quit") {
		line := []byte(isoHead + "smtpd[7]: " + text)
		if n := testing.AllocsPerRun(10, func() {
			if Line(line, &ev) {
				s.Resolve(&ev)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", text, n)
		}
	}
}
