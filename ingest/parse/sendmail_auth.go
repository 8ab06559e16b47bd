package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

var sendmailRelay = []byte(", relay=")

// sendmailLast parses the client at a line's end. Before it may stand the
// client's own text.
func sendmailLast(b []byte) (a netip.Addr, before []byte, ok bool) {
	i := bytes.LastIndex(b, sendmailRelay)
	if i < 0 {
		return a, nil, false
	}
	a, rest, ok := sendmailClient(b[i+len(sendmailRelay):])
	return a, b[:i], ok && len(rest) == 0
}

// sendmailFailed parses the rest of "AUTH failure (",
//
//	LOGIN): text (code) SASL(code): text, user=name, relay=host [addr] (may be forged)
//
// (sendmail srvrsmtp.c). The user is there since 8.16.1. Both his name and
// SASL's text may hold what the client sent. Before 8.13 there is no relay.
func sendmailFailed(b []byte, ev *policy.Event) bool {
	n := name(b)
	a, before, ok := sendmailLast(b)
	if !ok || !bytes.HasPrefix(before[min(n, len(before)):], []byte("): ")) {
		return unread(ev, policy.Sendmail)
	}
	reason, user, named := bytes.Cut(before[n+len("): "):], []byte(", user="))
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Mechanism: b[:n], Detail: reason}
	if named {
		ev.User = user
	}
	// The text before the first code is SASL's own. See genericFailure.
	if text, _, _ := bytes.Cut(reason, []byte(" (")); backendReason(text) {
		ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
		ev.Unproven = string(text) == genericFailure
	}
	return true
}

// sendmailGarbled parses a login that is no base64 text, which stands in the
// line: `AUTH decode64 error [-5 for "text"], relay=host [addr]`.
func sendmailGarbled(b []byte, ev *policy.Event) bool {
	a, _, ok := sendmailLast(b)
	if !ok {
		return unread(ev, policy.Sendmail)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Detail: b[:len("AUTH decode64 error")]}
	return true
}

// sendmailFault parses a failure to encode our own answer.
func sendmailFault(b []byte, ev *policy.Event) bool {
	a, before, ok := sendmailLast(b)
	if !ok {
		return unread(ev, policy.Sendmail)
	}
	*ev = policy.Event{Addr: a, Kind: policy.BackendFault, Excused: 1, Unproven: true, Detail: before}
	return true
}

// sendmailLogin parses the rest of "AUTH=server, relay=",
//
//	host [addr] (may be forged), authid=name, mech=PLAIN, bits=0
//
// written when a login worked.
func sendmailLogin(b []byte, ev *policy.Event) bool {
	a, rest, ok := sendmailClient(b)
	if !ok {
		return unread(ev, policy.Sendmail)
	}
	rest, ok = bytes.CutPrefix(rest, []byte(", authid="))
	i := bytes.LastIndex(rest, []byte(", mech="))
	if !ok || i < 0 {
		return unread(ev, policy.Sendmail)
	}
	mechanism := rest[i+len(", mech="):]
	*ev = policy.Event{Addr: a, Kind: policy.AuthOK, User: rest[:i], Mechanism: mechanism[:name(mechanism)]}
	return true
}

// sendmailRejected parses
//
//	ruleset=check_rcpt, arg1=<recipient>, relay=host [addr], reject=550 5.7.1 <recipient>... Relaying denied
//
// with the client's text on both sides of the address. So a line that names a
// relay twice is not believed.
func sendmailRejected(b []byte, ev *policy.Event) bool {
	_, c, ok := bytes.Cut(b, sendmailRelay)
	if !ok || bytes.Contains(c, sendmailRelay) {
		return false
	}
	a, rest, ok := sendmailClient(c)
	if !ok || !bytes.HasPrefix(rest, []byte(", reject=")) {
		return false
	}
	if bytes.Contains(rest, []byte("... Relaying denied")) {
		return abuse(ev, a, shapeRelay)
	}
	return abuse(ev, a, shapeRejected)
}
