package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// uwimap parses a message of the UW imapd and ipop3d (imapd.c, ipop3d.c,
// env_unix.c). The client stands behind all that it can choose itself:
//
//	Login failed user=<U> auth=<U> host=[name ][ip]
//	Authenticated user=<U> host=[name ][ip] mech=PLAIN
//
// "Login disabled" judges no password, and "AUTHENTICATE … failure" repeats
// what another line tells.
func uwimap(msg []byte, ev *policy.Event) bool {
	if len(msg) < 2 || msg[0] != 'L' && msg[0] != 'A' && msg[0] != 'F' {
		return false
	}
	for i := range uwimapLines {
		l := &uwimapLines[i]
		if b, ok := bytes.CutPrefix(msg, l.begin); ok {
			return uwimapClient(b, l.kind, ev)
		}
	}
	b, ok := bytes.CutPrefix(msg, []byte("Failed "))
	if !ok {
		return false
	}
	// An administrator's login in another user's name: his own stands first.
	_, b, ok = bytes.Cut(b, []byte(" override of user="))
	return ok && uwimapClient(b, policy.AuthFail, ev)
}

var uwimapLines = [...]struct {
	begin []byte
	kind  policy.Kind
}{
	{[]byte("Login failed user="), policy.AuthFail},
	{[]byte("Login excessive login failures user="), policy.AuthFail},
	{[]byte("Login SYSTEM BREAK-IN ATTEMPT user="), policy.AuthFail},
	{[]byte("Login user="), policy.AuthOK},
	{[]byte("Authenticated user="), policy.AuthOK},
	{[]byte("Auth user="), policy.AuthOK},
	{[]byte("APOP user="), policy.AuthOK},
}

// uwimapClient parses "<U>[ auth=<U>] host=[name ][ip]", with a word more
// where the login worked. Nothing else may follow the last "host=".
func uwimapClient(b []byte, kind policy.Kind, ev *policy.Event) bool {
	const host = " host="
	i := bytes.LastIndex(b, []byte(host))
	if i < 0 {
		return unread(ev, policy.UWIMAP)
	}
	a, rest, ok := bracketed(b[i+len(host):])
	if !ok || !uwimapTail(rest) {
		return unread(ev, policy.UWIMAP)
	}
	user, _, _ := bytes.Cut(b[:i], []byte(" auth="))
	*ev = policy.Event{
		Addr: a, Kind: kind, Service: policy.UWIMAP, Witness: policy.WitnessLogin, User: bytes.TrimRight(user, " "),
	}
	if kind == policy.AuthFail {
		ev.Failures = 1
	}
	return true
}

// uwimapTail tells whether b is blank, " mech=PLAIN" or " nmsgs=3/14".
func uwimapTail(b []byte) bool {
	b = bytes.TrimRight(b, " ")
	if c, ok := bytes.CutPrefix(b, []byte(" mech=")); ok {
		return name(c) == len(c)
	}
	if c, ok := bytes.CutPrefix(b, []byte(" nmsgs=")); ok {
		c, ok = bytes.CutPrefix(c[digits(c):], []byte("/"))
		return ok && digits(c) == len(c)
	}
	return len(b) == 0
}
