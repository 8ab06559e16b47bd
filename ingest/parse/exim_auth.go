package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

var (
	eximWrong     = []byte(": 535 Incorrect authentication data")
	eximBase64    = []byte(": 501 Invalid base64 data")
	eximCancelled = []byte(": 501 Authentication cancelled")
	eximFault     = []byte(": 435 Unable to authenticate at present")
)

// eximFailed parses the rest of "<authenticator> authenticator failed for "
// (Exim src/smtp_in.c). Until 4.98 the host follows, since 4.99 "H=" and the
// host, or "U=" and the user where a local process speaks SMTP to Exim.
func eximFailed(b, authenticator []byte, ev *policy.Event) bool {
	if bytes.HasPrefix(b, []byte("U=")) {
		return false
	}
	a, rest, named, ok := eximHost(bytes.TrimPrefix(b, []byte("H=")))
	if !ok {
		return unread(ev, policy.Exim)
	}
	*ev = policy.Event{Addr: a, Mechanism: authenticator}
	return eximReason(rest, named, ev)
}

// eximReason reads why. An ident stands before the reason and may imitate
// every one, so the wrong password is looked for first: it is what a client
// has no interest to say of himself.
func eximReason(b []byte, named bool, ev *policy.Event) bool {
	find := func(reason []byte) (rest []byte, ok bool) {
		if !named {
			return bytes.CutPrefix(b, reason)
		}
		_, rest, ok = bytes.Cut(b, reason)
		return rest, ok
	}
	if rest, ok := find(eximWrong); ok {
		ev.Kind, ev.Failures, ev.Detail, ev.User = policy.AuthFail, 1, eximWrong[2:], eximSetID(rest)
		return len(rest) == 0 || rest[0] == ' ' || rest[0] == ':'
	}
	if rest, ok := find(eximBase64); ok {
		ev.Kind, ev.Failures, ev.Detail, ev.User = policy.AuthFail, 1, eximBase64[2:], eximSetID(rest)
		return true
	}
	if _, ok := find(eximCancelled); ok {
		ev.Kind, ev.Excused, ev.Detail = policy.Abuse, 1, eximCancelled[2:]
		return true
	}
	if rest, ok := find(eximFault); ok {
		ev.Kind, ev.Excused, ev.Detail = policy.BackendFault, 1, eximFault[2:]
		ev.Unproven = named || !eximAway(rest)
		return true
	}
	return unread(ev, policy.Exim)
}

// eximAway tells of the text behind eximFault that it is about a socket that is
// gone. Other texts may be about what the client sent: a name that a database does
// not take defers a login too.
func eximAway(b []byte) bool {
	return bytes.HasPrefix(b, []byte(": unable to connect to UNIX socket "))
}

// eximSetID reads the login name, which goes to the last bracket.
func eximSetID(b []byte) []byte {
	b, ok := bytes.CutPrefix(b, []byte(" (set_id="))
	end := bytes.LastIndexByte(b, ')')
	if !ok || end < 0 {
		return nil
	}
	return b[:end]
}

var (
	eximUnoffered = []byte("AUTH command used when not advertised")
	eximUnknown   = []byte(" authentication mechanism not supported")
)

// eximRefused parses the rest of "SMTP protocol error in " about an AUTH
// command that Exim refuses before it asks for a password. Mail programs do
// not send what was not offered to them: it is a guess like any other.
func eximRefused(b []byte, ev *policy.Event) bool {
	var mechanism, detail []byte
	switch {
	case bytes.HasSuffix(b, eximUnoffered):
		b, detail = b[:len(b)-len(eximUnoffered)], eximUnoffered
	case bytes.HasSuffix(b, eximUnknown):
		b, detail = b[:len(b)-len(eximUnknown)], eximUnknown[1:]
		i := bytes.LastIndexByte(b, ' ') + 1
		b, mechanism = b[:i], b[i:]
	default:
		return false
	}
	a, ok := eximQuoted(b, func(rest []byte) bool { return string(rest) == " " })
	if !ok {
		return unread(ev, policy.Exim)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Mechanism: mechanism, Detail: detail}
	return true
}
