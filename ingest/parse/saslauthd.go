package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// saslauthd parses "do_auth : auth failure: [user=<U>] [service=<s>]
// [realm=<U>] [remote=<ip>] [mech=<m>] [reason=<text>]" of Cyrus SASL's
// saslauthd(8) (saslauthd-main.c, do_auth). Releases up to 2.1 lack the remote
// address; there the mail server's own line must tell of the failure, which it
// does in any case: this one is another witness's.
func saslauthd(msg []byte, ev *policy.Event) bool {
	const service = "] [service="
	b := bytes.TrimLeft(msg[name(msg):], " ")
	b, ok := bytes.CutPrefix(b, []byte(": auth failure: [user="))
	if !ok {
		return false
	}
	at, ok := onlyRemote(b)
	if !ok {
		return unread(ev, policy.Saslauthd)
	}
	user, rest, ok := bytes.Cut(b[:at], []byte(service))
	if !ok || bytes.Contains(rest, []byte(service)) || !isMailService(rest[:name(rest)]) {
		return false
	}
	a, reason, _ := remote(b[at:])
	*ev = policy.Event{
		Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.Saslauthd, Witness: database([]byte("saslauthd")),
		User: user, Detail: reason,
	}
	if saslauthdFault(reason) {
		ev.Kind, ev.Failures, ev.Excused = policy.BackendFault, 0, 1
	}
	return true
}

const remoteField = "] [remote="

// onlyRemote finds the one place where the server can have written the remote
// address. The user name and the realm before it are the client's, and the
// reason may be what another server answered.
func onlyRemote(b []byte) (at int, ok bool) {
	for i := 0; ; i++ {
		n := bytes.Index(b[i:], []byte(remoteField))
		if n < 0 {
			return at, ok
		}
		i += n
		if _, _, fits := remote(b[i:]); fits {
			if ok {
				return 0, false
			}
			at, ok = i, true
		}
	}
}

// remote reads "] [remote=<ip>[;<port>]] [mech=<m>] [reason=<text>]" to the
// line's end.
func remote(b []byte) (a netip.Addr, reason []byte, ok bool) {
	if a, b, ok = address(b[len(remoteField):]); !ok {
		return a, nil, false
	}
	if c, port := bytes.CutPrefix(b, []byte(";")); port {
		b = c[digits(c):]
	}
	if b, ok = bytes.CutPrefix(b, []byte("] [mech=")); !ok {
		return a, nil, false
	}
	if b, ok = bytes.CutPrefix(b[name(b):], []byte("] [reason=")); !ok {
		return a, nil, false
	}
	reason, ok = bytes.CutSuffix(b, []byte("]"))
	return a, reason, ok
}

// saslauthdFault tells the reasons that say nothing about a password
// (saslauthd/auth_pam.c, auth_rimap.c, auth_httpform.c, auth_krb5.c).
func saslauthdFault(reason []byte) bool {
	switch string(bytes.TrimPrefix(reason, []byte("[ALERT] "))) {
	case "saslauthd internal error", "The remote authentication server is currently unavailable",
		"Unexpected response from remote authentication server", "Couldn't contact remote authentication server",
		"error synchronizing with remote authentication server", "No address given", "PAM start error":
		return true
	}
	return false
}
