package parse

import (
	"testing"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

const smtpdHead = "Nov 23 15:11:28 mx1 postfix/127.0.0.1:10025/smtpd[7]: "

func TestLine(t *testing.T) {
	for _, c := range []struct {
		line, addr, user string
		kind             policy.Kind
	}{
		{smtpdHead + "warning: unknown[192.0.2.1]:4812: SASL login authentication failed: x, sasl_username=a, b\r", "192.0.2.1", "a, b", policy.AuthFail},
		{smtpdHead + "warning: h.example[2001:DB8::1]: SASL LOGIN authentication failed: generic failure, sasl_username=a", "2001:db8::1", "a", policy.BackendFault},
		{smtpdHead + "warning: un known[192.0.2.1]: SASL LOGIN authentication failed: x", "", "", 0},
		{smtpdHead + "warning: unknown[192.0.2.1]: SASL LOGIN authentication aborted", "192.0.2.1", "", policy.Abuse},
		{smtpdHead + "NOQUEUE: disconnect from unknown[192.0.2.1] ehlo=1 auth=1/3 quit=1", "192.0.2.1", "", policy.Session},
		{smtpdHead + "4F2A: client=unknown[192.0.2.1], sasl_method=PLAIN, sasl_username=al", "192.0.2.1", "al", policy.AuthOK},
		{smtpdHead + "connect from unknown[192.0.2.1]", "", "", 0},
		{"2026-11-23T15:22:23.517300+00:00 mx1 dovecot: auth(al,192.0.2.1,sasl:login): passwd-file: unknown user", "192.0.2.1", "al", policy.AuthFail},
		{"Nov 23 15:11:28 mx1 dovecot: auth: passwd-file(al,::ffff:192.0.2.1): Password mismatch", "192.0.2.1", "al", policy.AuthFail},
		{"Nov 23 15:11:28 mx1 dovecot: auth: pam(x,198.51.100.9): unknown user,192.0.2.1): unknown user", "", "", 0},
		{"Nov 23 15:11:28 mx1 dovecot: imap-login: Disconnected (auth failed, 3 attempts in 7 secs): user=<a, rip=198.51.100.9, >, method=PLAIN, rip=192.0.2.1, lip=192.0.2.25, session=<x>", "192.0.2.1", "a, rip=198.51.100.9, ", policy.AuthFail},
	} {
		var ev policy.Event
		ok := Line([]byte(c.line), &ev)
		if ok != (c.kind != 0) || ok && (ev.Kind != c.kind || string(ev.User) != c.user || ev.Addr.String() != c.addr) {
			t.Errorf("%s\ngot %v %v %s %q", c.line, ok, ev.Kind, ev.Addr, ev.User)
		}
	}
}

func TestStampTakesTheYearBeforeRef(t *testing.T) {
	ref := time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	for line, want := range map[string]time.Time{
		"Dec 31 23:59:59 mx1 x: padding":       time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
		"Feb 29 01:00:00 mx1 x: padding":       time.Date(2024, 2, 29, 1, 0, 0, 0, time.UTC),
		"2026-05-01T10:00:00+0200 mx1 x: y":    time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC),
		"2026-05-01T10:00:00.25Z mx1 x: y pad": time.Date(2026, 5, 1, 10, 0, 0, 250_000_000, time.UTC),
	} {
		if got, ok := Stamp([]byte(line), ref, time.UTC); !ok || !got.Equal(want) {
			t.Errorf("%s: got %v %v", line, got, ok)
		}
	}
}
