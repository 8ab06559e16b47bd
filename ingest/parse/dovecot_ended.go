package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// loginEnded parses how Dovecot 2.4 tells of a connection whose last attempt to
// log in came to another end than a wrong password (login-common/client-common.c,
// client_get_extra_disconnect_reason):
//
//	… (auth aborted by client, 6 attempts in 9 secs) (auth_aborted_by_client)
//	… (proxy dest authentication failure, 2 attempts in 9 secs, last failure: <text>) (proxy_dest_auth_failed)
//
// The last attempt gives the line its words, so whoever ends each connection
// with a mechanism that does not exist would have guessed unseen. What came
// before the last counts. Ends that are the server's doing, such as temp_fail,
// tell nothing of a client, nor does a login in cleartext where that is disabled:
// all others on such a connection were refused too.
func loginEnded(head []byte, ev *policy.Event) bool {
	open := bytes.LastIndex(head, []byte(" ("))
	if open < 0 || !bytes.HasSuffix(head, []byte(")")) {
		return false
	}
	code, head := head[open+len(" ("):len(head)-1], head[:open]
	for i := range loginEnds {
		end := &loginEnds[i]
		if string(code) != end.code {
			continue
		}
		at := bytes.Index(head, end.text)
		if at < 0 {
			return false
		}
		b := head[at+len(end.text):]
		if end.host {
			_, b, _ = bytes.Cut(b, []byte(", "))
		}
		b, ok := loginAttempts(b, ev)
		if end.last > 0 { // nor is the name theirs
			ev.Failures -= end.last
			ev.Unnamed = ev.Failures
		}
		return ok && ev.Failures > 0 && loginReasonEnd(b)
	}
	return false
}

var loginEnds = [...]struct {
	code string
	text []byte
	host bool // ", " or, after 2.4.4, " to <host>, " follows the text
	last int  // attempts that are none, of those counted
}{
	{"proxy_dest_auth_failed", []byte("(proxy dest authentication failure"), true, 0},
	{"invalid_mech", []byte("(tried to use unsupported auth mechanism, "), false, 1},
	{"invalid_base64", []byte("(sent invalid base64 in response, "), false, 1},
	{"invalid_credentials", []byte("(credentials contain control characters, "), false, 1},
	{"anonymous_auth_disabled", []byte("(anonymous logins disabled, "), false, 1},
	{"auth_aborted_by_client", []byte("(auth aborted by client, "), false, 1},
	{"auth_waiting_client", []byte("(client didn't finish SASL auth, "), false, 1},
}
