package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// saslauthd parses "do_auth : auth failure: [user=<U>] [service=<s>]
// [realm=<U>] [mech=<m>] [reason=<text>]" of Cyrus SASL's saslauthd(8)
// (saslauthd-main.c, do_auth). It is never an event. The releases do not name
// the client, and while later sources write "[remote=<ip>] " behind the realm,
// the realm is what the client put behind the last "@" of its user name
// (lib/checkpw.c, saslauthd_verify_password), written as it came. So a client
// of a release can write that field itself, and no reader could tell. The mail
// server's own line tells of the failure in any case.
func saslauthd(msg []byte, ev *policy.Event) bool {
	b := bytes.TrimLeft(msg[name(msg):], " ")
	if !bytes.HasPrefix(b, []byte(": auth failure: [user=")) {
		return false
	}
	return unread(ev, policy.Saslauthd)
}
