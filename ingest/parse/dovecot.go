package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// dovecot parses a message of Dovecot's login and auth processes. The process
// stands in the tag or, behind the tag "dovecot", before the message.
func dovecot(tag, msg []byte, ev *policy.Event) bool {
	proc := tag
	if string(tag) == "dovecot" {
		msg = bytes.TrimPrefix(msg, []byte("dovecot: "))
		i := name(msg)
		proc, msg = msg[:i], msg[i:]
		if len(msg) == 0 || msg[0] != '(' {
			var ok bool
			if msg, ok = bytes.CutPrefix(msg, []byte(": ")); !ok {
				return false
			}
		}
	}
	ok := false
	switch string(proc) {
	case "imap-login", "pop3-login", "managesieve-login", "submission-login":
		ok = dovecotLogin(levelInfo.without(msg), ev) && speaks(proc, ev)
	case "auth", "auth-worker", "dovecot-auth":
		ok = dovecotAuth(msg, ev)
	}
	if ok {
		ev.Service = policy.Dovecot
	}
	return ok
}

// level is what a line of Dovecot's own log begins with; syslog gets that of an
// error too.
type level string

const (
	levelInfo  level = "Info: "
	levelError level = "Error: "
)

// without drops l where b begins with it.
func (l level) without(b []byte) []byte {
	if len(b) >= len(l) && string(b[:len(l)]) == string(l) {
		return b[len(l):]
	}
	return b
}
