package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// opensmtpd parses a message of OpenSMTPD's smtpd(8) (smtp_session.c), which
// has named its clients in three ways: up to 5.9 only when they connect, from
// 6.0 to 6.3 in each line, which begins with "event=", and since 6.4 only when
// they connect again. Each connection has a random number of 16 digits.
func opensmtpd(msg []byte, ev *policy.Event) bool {
	if b, ok := bytes.CutPrefix(msg, []byte("smtp-in: ")); ok {
		return opensmtpdOld(b, ev)
	}
	if b, ok := bytes.CutPrefix(msg, []byte("auth-reporter: failed authentication from user=")); ok {
		return authReporter(b, ev)
	}
	session, b, ok := sessionNumber(msg)
	if !ok {
		return false
	}
	if b, ok = bytes.CutPrefix(b, []byte(" smtp ")); !ok {
		return false
	}
	b, named := bytes.CutPrefix(b, []byte("event="))
	what, b, _ := bytes.Cut(b, []byte(" "))
	switch string(what) {
	case "connected":
		return opensmtpdConnected(b, session, ev)
	case "disconnected", "closed":
		*ev = policy.Event{Service: policy.OpenSMTPD, Protocol: policy.SMTP, Session: session}
		return true
	case "authentication":
		return opensmtpdLogin(b, named, session, ev)
	case "failed-command":
		return opensmtpdCommand(b, named, session, ev)
	case "bad-input":
		return opensmtpdPipelining(b, session, ev)
	}
	return false
}

// sessionNumber reads the 16 digits of a connection's number.
func sessionNumber(b []byte) (session uint64, rest []byte, ok bool) {
	const size = 16
	if len(b) < size {
		return 0, nil, false
	}
	for _, c := range b[:size] {
		if !digit(c) && c-'a' > 'f'-'a' {
			return 0, nil, false
		}
	}
	return hash(b[:size]), b[size:], true
}

// opensmtpdAddress reads an address, which OpenSMTPD puts in brackets when it
// is of IPv6 (to.c, sa_to_text).
func opensmtpdAddress(b []byte) (a netip.Addr, rest []byte, ok bool) {
	inside, bracket := bytes.CutPrefix(b, []byte("["))
	a, rest, ok = address(bytes.TrimPrefix(inside, []byte("IPv6:")))
	if ok && bracket {
		rest, ok = bytes.CutPrefix(rest, []byte("]"))
	}
	return a, rest, ok
}

// opensmtpdConnected parses "address=<ip> host=<name>", a connection's start.
// A local client has no address; whoever had the number before is forgotten.
func opensmtpdConnected(b []byte, session uint64, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(b, []byte("address="))
	if !ok {
		return false
	}
	a, rest, ok := opensmtpdAddress(b)
	if !ok || len(rest) > 0 && rest[0] != ' ' {
		a = netip.Addr{}
	}
	*ev = policy.Event{Addr: a, Service: policy.OpenSMTPD, Protocol: policy.SMTP, Session: session}
	return true
}

// opensmtpdLogin parses "user=<U> [address=<ip> host=<name> ]result=<r>". The
// name is the client's; what the server writes stands behind it.
func opensmtpdLogin(b []byte, named bool, session uint64, ev *policy.Event) bool {
	user, ok := bytes.CutPrefix(b, []byte("user="))
	i := bytes.LastIndex(user, []byte(" result="))
	if !ok || i < 0 {
		return false
	}
	result := user[i+len(" result="):]
	user = user[:i]
	var a netip.Addr
	if named {
		user, a = userAndClient(user)
	}
	*ev = policy.Event{Addr: a, Service: policy.OpenSMTPD, Protocol: policy.SMTP, Witness: policy.WitnessLogin, Session: session, User: user, Detail: result}
	switch string(result) {
	case "ok":
		ev.Kind, ev.Detail = policy.AuthOK, nil
	case "permfail":
		ev.Kind, ev.Failures = policy.AuthFail, 1
	case "tempfail":
		// Its table may be away, or just not take that name.
		ev.Kind, ev.Excused, ev.Unproven = policy.BackendFault, 1, true
	}
	return ev.Kind != 0
}

// userAndClient parses "<U> address=<ip> host=<name>" from the right. A host's
// name holds no blank, so nothing in the user name is mistaken for the end.
func userAndClient(b []byte) (user []byte, a netip.Addr) {
	const at, host = " address=", " host="
	i := bytes.LastIndex(b, []byte(at))
	if i < 0 {
		return b, a
	}
	a, rest, ok := opensmtpdAddress(b[i+len(at):])
	if rest, found := bytes.CutPrefix(rest, []byte(host)); !ok || !found || bytes.IndexByte(rest, ' ') >= 0 {
		return b[:i], netip.Addr{}
	}
	return b[:i], a
}

// authReporter parses what the filter filter-auth tells of a failure:
// "<U> address=<ip> host=<name>". It speaks of the attempt as a whole, and
// smtpd's own lines tell of it too.
func authReporter(b []byte, ev *policy.Event) bool {
	user, a := userAndClient(b)
	if !a.IsValid() {
		return unread(ev, policy.OpenSMTPD)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.OpenSMTPD, Protocol: policy.SMTP, Witness: policy.WitnessPolicy, User: user}
	return true
}
