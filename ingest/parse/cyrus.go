package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// cyrus parses a message of Cyrus IMAP's servers. The client stands first,
// before all that it can choose itself:
//
//	badlogin: <client> plaintext <U> SASL(-13): authentication failure: …     before 3.0
//	badlogin: <client> <mech>[ (<U>)] [SASL(-13): authentication failure: …]
//	badlogin: <client> <mech> authentication failure                          timsieved
//	login: <client> <U> <mech>[+TLS] User logged in[ SESSIONID=<…>]
//
// (imap/imapd.c, imap/pop3d.c, timsieved/parser.c).
func cyrus(msg []byte, ev *policy.Event) bool {
	if b, ok := bytes.CutPrefix(msg, []byte("badlogin: ")); ok {
		a, b, ok := cyrusClient(b)
		if !ok {
			return unread(ev, policy.Cyrus)
		}
		return cyrusRefused(b, a, ev)
	}
	b, ok := bytes.CutPrefix(msg, []byte("login: "))
	if !ok {
		return false
	}
	a, b, ok := cyrusClient(b)
	return ok && cyrusAccepted(b, a, ev)
}

// cyrusClient parses the client and the blank behind it.
func cyrusClient(b []byte) (a netip.Addr, rest []byte, ok bool) {
	a, b, ok = bracketed(b)
	if !ok {
		return a, nil, false
	}
	rest, ok = bytes.CutPrefix(b, []byte(" "))
	return a, rest, ok
}

// cyrusRefused parses what follows the client of a failed login. The mechanism
// is the client's word.
func cyrusRefused(b []byte, a netip.Addr, ev *policy.Event) bool {
	mech, rest, _ := bytes.Cut(b, []byte(" "))
	*ev = policy.Event{
		Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.Cyrus, Witness: policy.WitnessLogin,
		Mechanism: mech, Detail: rest,
	}
	ev.User, ev.Detail = cyrusUser(rest)
	ev.Detail = bytes.TrimSuffix(bytes.TrimPrefix(ev.Detail, []byte("[")), []byte("]"))
	if string(ev.Detail) != string(invalidUser) && cyrusFault(rest) { // the name of such a user may be anything
		ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
		ev.Unproven = string(rest) == genericFailure || bytes.Contains(rest, []byte("SASL(-1)"))
	}
	return true
}

var invalidUser = []byte("invalid user")

// cyrusUser separates the user name, which may be missing, from the reason.
// The name may hold anything; it is cut where the reason can first begin.
func cyrusUser(b []byte) (user, reason []byte) {
	if c, ok := bytes.CutPrefix(b, []byte("(")); ok {
		if user, ok := bytes.CutSuffix(c, []byte(") invalid user")); ok {
			return user, invalidUser
		}
		if user, reason, ok = bytes.Cut(c, []byte(") ")); ok {
			return user, reason
		}
	}
	if user, ok := bytes.CutSuffix(b, []byte(" invalid user")); ok {
		return user, invalidUser
	}
	if i := bytes.Index(b, []byte(" SASL(")); i >= 0 && b[0] != '[' {
		return b[:i], b[i+1:]
	}
	return nil, b
}

// cyrusFault tells a fault of our own back end, by Cyrus SASL's codes (sasl.h:
// SASL_FAIL, SASL_NOMEM, SASL_NOTINIT, SASL_BADVERS, SASL_UNAVAIL and
// SASL_CONFIGERR) or, from timsieved, its texts. Only one code may be there: a
// user name that holds another cannot excuse itself.
func cyrusFault(b []byte) bool {
	const open = "SASL(-"
	_, rest, found := bytes.Cut(b, []byte(open))
	if !found {
		return backendReason(b)
	}
	if bytes.Contains(rest, []byte("SASL(")) {
		return false
	}
	n, rest, ok := number(rest)
	if !ok || len(rest) == 0 || rest[0] != ')' {
		return false
	}
	switch n {
	case 1, 2, 12, 23, 24, 100:
		return true
	}
	return false
}

// cyrusAccepted parses what follows the client of a login that worked. An
// anonymous one tells what was given as password, which may hold anything, so
// that a user name with a blank is not believed.
func cyrusAccepted(b []byte, a netip.Addr, ev *policy.Event) bool {
	const in = " User logged in"
	i := bytes.LastIndex(b, []byte(in))
	if i < 0 || len(b) > i+len(in) && !bytes.HasPrefix(b[i+len(in):], []byte(" SESSIONID=<")) {
		return false
	}
	user, mech, ok := bytes.Cut(b[:i], []byte(" "))
	if !ok || bytes.IndexByte(mech, ' ') >= 0 {
		return false
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthOK, Service: policy.Cyrus, Witness: policy.WitnessLogin, User: user, Mechanism: mech}
	return true
}
