package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

const attempt = " authentication "

// unavailable stands for the user name that smtpd does not know.
const unavailable = "(unavailable)"

// sasl parses "<mech> authentication failed: <reason>[, sasl_username=<U>]"
// (Postfix smtpd_sasl_glue.c). Very old releases wrote neither user nor
// reason. The mechanism is the client's own word; the address was read before
// it. While Dovecot is away smtpd knows neither reason nor user, but then it has
// said so just before: see Sessions. A client can have the same words with a
// login that Dovecot cannot read, such as "AUTH PLAIN YQ==".
func sasl(b []byte, a netip.Addr, ev *policy.Event) bool {
	i, clean := mechanism(b)
	if i < 0 {
		return false
	}
	mech, b := b[:i], b[i+len(attempt):]
	if string(b) == "aborted" {
		*ev = policy.Event{Addr: a, Kind: policy.Abuse, Excused: 1, Mechanism: mech, Detail: b}
		return true
	}
	b, ok := bytes.CutPrefix(b, []byte("failed"))
	if !ok || len(b) > 0 && b[0] != ':' {
		return false
	}
	reason, user := saslUser(bytes.TrimPrefix(bytes.TrimPrefix(b, []byte(":")), []byte(" ")))
	if string(user) == unavailable || bytes.HasPrefix(reason, []byte("Invalid authentication mechanism")) {
		// Since Postfix 3.10 that reason quotes the client's mechanism, which
		// may hold the separator; there never is a user name then.
		user = nil
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, User: user, Mechanism: mech, Detail: reason}
	// Only a real mechanism reaches the backend, and a forged one could
	// imitate its reasons.
	if clean && backendReason(reason) {
		ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
		ev.Unproven = string(reason) == connectionLost || string(reason) == genericFailure
	}
	return true
}

const (
	// connectionLost is also what smtpd says when Dovecot takes more than 10 s
	// (AUTH_TIMEOUT, xsasl_dovecot_server.c), and it does for an address that
	// failed twice within some seconds (auth-penalty.c).
	connectionLost = "Connection lost to authentication server"
	// genericFailure is SASL_FAIL: a saslauthd that is down, but a login name of
	// blanks and a password of 9 kB too (lib/canonusr.c, lib/checkpw.c).
	genericFailure = "generic failure"
)

// saslAway are the beginnings of what smtpd warns of when it cannot reach its
// backend: Dovecot's auth socket, by itself (xsasl_dovecot_server.c), or what
// Cyrus SASL has it say of saslauthd and authdaemond (lib/checkpw.c). Nothing of them
// is the client's, and the login that failed of it is told next.
var saslAway = []struct {
	text  []byte
	cyrus bool // another of its ways to check passwords may be there
}{
	{[]byte("SASL: Connect to "), false}, // "Dovecot auth socket '…'" since Postfix 3.7
	{[]byte("SASL: Couldn't send handshake: "), false},
	{[]byte("SASL: Protocol version "), false},
	{[]byte("SASL: Connected to wrong auth socket "), false},
	{[]byte("SASL authentication failure: cannot connect to "), true},
	{[]byte("SASL authentication failure: cannot create socket for "), true},
}

// backendAway parses such a warning to half an event. That of Cyrus SASL is
// Unproven by itself: it takes a login that failed of it.
func backendAway(b, pid []byte, ev *policy.Event) bool {
	if len(pid) == 0 || !bytes.HasPrefix(b, []byte("SASL")) {
		return false
	}
	for _, away := range saslAway {
		if bytes.HasPrefix(b, away.text) {
			*ev = policy.Event{Kind: policy.BackendFault, Unproven: away.cyrus, Detail: b}
			return true
		}
	}
	return false
}

// mechanism returns the length of the mechanism. A quoted one may hold blanks
// and imitate the words after it, which no real one does.
func mechanism(b []byte) (size int, clean bool) {
	if i := name(b); bytes.HasPrefix(b[i:], []byte(attempt+"failed")) {
		return i, true
	}
	if i := bytes.Index(b, []byte(attempt+"failed")); i >= 0 {
		return i, false
	}
	return bytes.Index(b, []byte(attempt)), false
}

// saslUser separates the reason from the user name, which is the client's own
// and goes to the end.
func saslUser(b []byte) (reason, user []byte) {
	const name = ", sasl_username="
	reason = b
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], name[0])
		if i < 0 {
			break
		}
		if at += i; len(b)-at >= len(name) && string(b[at:at+len(name)]) == name {
			reason, user = b[:at], b[at+len(name):]
			break
		}
	}
	return reason, user
}

// backendReason tells the reasons that say nothing about what the client
// sent. The first three are those of Postfix's xsasl_dovecot_server.c for a
// socket that is gone, closes early or answers against the protocol. The
// others are Cyrus SASL's texts (lib/common.c, sasl_errstring, which Postfix
// logs as they are) for a saslauthd that does not answer, SASL_UNAVAIL,
// SASL_NOMEM, SASL_CONFIGERR, SASL_NOTINIT and SASL_BADVERS. None of them
// depends on the password; "transient failure (e.g., weak key)" and "bad
// protocol / cancel" may, so they are the client's.
func backendReason(r []byte) bool {
	switch string(r) {
	case connectionLost, "Can't connect to authentication server",
		"Authentication backend error",
		genericFailure, "remote authentication server unavailable", "no memory available",
		"error when parsing configuration file", "SASL library is not initialized", "version mismatch with plug-in":
		return true
	}
	return false
}
