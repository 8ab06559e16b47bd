package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpdWarning parses smtpd's warnings about a client.
func smtpdWarning(msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("warning: "))
	if !ok {
		return false
	}
	if c, ok := bytes.CutPrefix(b, []byte("non-SMTP command from ")); ok {
		a, _, ok := client(c)
		return ok && abuse(ev, a, shapeNonSMTP)
	}
	if c, ok := bytes.CutPrefix(b, []byte("AUTH command rate limit exceeded: ")); ok {
		_, c, _ = number(c)
		c, ok = bytes.CutPrefix(c, []byte(" from "))
		if !ok {
			return false
		}
		a, _, ok := client(c)
		return ok && abuse(ev, a, shapeRate)
	}
	a, rest, ok := client(b)
	if !ok {
		return false
	}
	rest, ok = bytes.CutPrefix(rest, []byte(": SASL "))
	return ok && sasl(rest, a, ev)
}

// sasl parses "<mech> authentication failed: <reason>[, sasl_username=<U>]"
// (Postfix smtpd_sasl_glue.c). The mechanism is the client's own word; the
// address was read before it.
func sasl(b []byte, a netip.Addr, ev *policy.Event) bool {
	i := bytes.Index(b, []byte(" authentication "))
	if i < 0 {
		return false
	}
	mech, b := b[:i], b[i+len(" authentication "):]
	if string(b) == "aborted" {
		*ev = policy.Event{Addr: a, Kind: policy.Abuse, Excused: 1, Mechanism: mech, Detail: b}
		return true
	}
	b, ok := bytes.CutPrefix(b, []byte("failed"))
	if !ok {
		return false
	}
	reason, user, _ := bytes.Cut(bytes.TrimPrefix(b, []byte(": ")), []byte(", sasl_username="))
	// Since Postfix 3.10 this reason quotes the client's mechanism, which may
	// hold the separator; there never is a user name then.
	if bytes.HasPrefix(reason, []byte("Invalid authentication mechanism")) || string(user) == "(unavailable)" {
		user = nil
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, User: user, Mechanism: mech, Detail: reason}
	if backendReason(reason) {
		ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
	}
	return true
}

// backendReason tells the reasons of Postfix's xsasl_dovecot_server.c and of
// Cyrus SASL that say nothing about what the client sent.
func backendReason(r []byte) bool {
	switch string(r) {
	case "Connection lost to authentication server", "Can't connect to authentication server",
		"Authentication backend error", "generic failure":
		return true
	}
	return false
}
