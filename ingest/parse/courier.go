package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// courier parses a message of a program whose tag begins with "courier".
func courier(tag, msg []byte, ev *policy.Event) bool {
	if bytes.HasPrefix(tag, []byte("courieresmtpd")) {
		return courierSMTP(msg, ev)
	}
	return courierIMAP(msg, ev) && speaks(plainName(tag), ev)
}

// courierIMAP parses a message of Courier's imapd and pop3d, "LOGIN FAILED,
// user=<U>, ip=[<ip>][, port=[#]]" (courier-imap, imaplogin.c). It is logged
// before it is known whether the back end was at fault: while authdaemond is
// down, only the lines after it, which name no client, say so.
func courierIMAP(msg []byte, ev *policy.Event) bool {
	const ip = ", ip=["
	b, failed := bytes.CutPrefix(msg, []byte("LOGIN FAILED, "))
	if !failed {
		var ok bool
		if b, ok = bytes.CutPrefix(msg, []byte("LOGIN, ")); !ok {
			return false
		}
	}
	if nameless, ok := bytes.CutPrefix(b, []byte("ip=[")); ok && failed {
		return courierNameless(nameless, ev)
	}
	// The user name is the client's, and stands before the address.
	i := bytes.LastIndex(b, []byte(ip))
	if i < 0 {
		return unread(ev, policy.Courier)
	}
	a, rest, ok := address(b[i+len(ip):])
	if !ok || !courierTail(rest) {
		return unread(ev, policy.Courier)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthOK, Service: policy.Courier, Witness: policy.WitnessLogin}
	if failed {
		ev.Kind, ev.Failures = policy.AuthFail, 1
	}
	if user, ok := bytes.CutPrefix(b[:i], []byte("user=")); ok {
		ev.User = user
	} else if mech, ok := bytes.CutPrefix(b[:i], []byte("method=")); ok {
		ev.Mechanism = mech
	}
	return ev.User != nil || failed
}

// courierNameless parses the rest of "LOGIN FAILED, ip=[", as old releases
// wrote it (courier-imap, imaplogin.c and pop3login.c).
func courierNameless(b []byte, ev *policy.Event) bool {
	a, rest, ok := address(b)
	if !ok || !courierTail(rest) {
		return unread(ev, policy.Courier)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.Courier, Witness: policy.WitnessLogin}
	return true
}

// courierTail tells whether b is "]" and then nothing but ", name=word" and
// ", name=[number]", as in ", port=[4711], protocol=IMAP, stls=1". The port may
// be "N/A".
func courierTail(b []byte) bool {
	b, ok := bytes.CutPrefix(b, []byte("]"))
	for ok && len(b) > 0 {
		if b, ok = bytes.CutPrefix(b, []byte(", ")); !ok {
			break
		}
		i := name(b)
		if b, ok = bytes.CutPrefix(b[i:], []byte("=")); !ok || i == 0 {
			return false
		}
		if in, bracket := bytes.CutPrefix(b, []byte("[")); bracket {
			in = bytes.TrimPrefix(in, []byte("N/A"))
			b, ok = bytes.CutPrefix(in[digits(in):], []byte("]"))
			continue
		}
		b = b[name(b):]
	}
	return ok
}
