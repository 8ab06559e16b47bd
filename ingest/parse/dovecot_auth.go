package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// maxReadings bounds the work on a line that a client filled with brackets.
const maxReadings = 8

// dovecotAuth parses "db(user,ip,…): text" and 2.4's "(user,ip,…): db: text".
// The user name stands before the address and may imitate the rest. So every
// closing bracket that could be the server's is read, and when two readings
// differ in the address there is no event.
func dovecotAuth(msg []byte, ev *policy.Event) bool {
	open := bytes.IndexByte(msg, '(')
	if open < 0 || bytes.HasPrefix(msg, []byte("pam_unix(")) {
		return false
	}
	found := false
	for at, n := open, 0; ; n++ {
		i := bytes.IndexByte(msg[at:], ')')
		if i < 0 {
			return found
		}
		if n == maxReadings {
			return false
		}
		at += i + 1
		var one policy.Event
		if !authReading(msg[:open], msg[open+1:at-1], msg[at:], &one) {
			continue
		}
		if found && one.Addr != ev.Addr {
			return false
		}
		*ev, found = one, true
	}
}

// authReading reads the line as if its bracket closed after args.
func authReading(db, args, tail []byte, ev *policy.Event) bool {
	var session []byte
	if len(tail) > 0 && tail[0] == '<' {
		end := bytes.IndexByte(tail[:min(len(tail), 64)], '>')
		if end < 0 {
			return false
		}
		session, tail = tail[1:end], tail[end+1:]
	}
	text, ok := bytes.CutPrefix(tail, []byte(": "))
	if !ok {
		return false
	}
	text = bytes.TrimPrefix(text, []byte("Info: "))
	if len(db) == 0 {
		if db, text, ok = bytes.Cut(text[:min(len(text), 300)], []byte(": ")); !ok {
			return false
		}
	}
	if !authText(text) {
		return false
	}
	a, user, sid, ok := authArgs(args)
	if !ok {
		return false
	}
	if session == nil {
		session = sid
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, User: user, Witness: database(db), Detail: text}
	if session != nil {
		ev.Session = hash(session)
	}
	return true
}

// authArgs reads "user,ip[,<session>|,sasl:mech]" from the right.
func authArgs(b []byte) (a netip.Addr, user, session []byte, ok bool) {
	for range 2 {
		i := bytes.LastIndexByte(b[max(0, len(b)-64):], ',')
		if i < 0 {
			return a, nil, nil, false
		}
		i += max(0, len(b)-64)
		last := b[i+1:]
		if a, ok = addr(last); ok {
			if user = b[:i]; string(user) == "?" {
				user = nil
			}
			return a, user, session, true
		}
		if n := len(last); n > 2 && last[0] == '<' && last[n-1] == '>' {
			session = last[1 : n-1]
		} else if !bytes.HasPrefix(last, []byte("sasl:")) {
			return a, nil, nil, false
		}
		b = b[:i]
	}
	return a, nil, nil, false
}

// authText tells the texts of a refused login.
func authText(t []byte) bool {
	for _, known := range authTexts {
		if bytes.HasPrefix(t, known) {
			return true
		}
	}
	return false
}

var authTexts = [][]byte{
	[]byte("unknown user"), []byte("Password mismatch"), []byte("invalid credentials"),
	[]byte("pam_authenticate() failed: Authentication failure"),
	[]byte("pam_authenticate() failed: User not known"),
	[]byte("Username character disallowed by auth_username_chars"), []byte("invalid input"),
}

// database gives each password database a witness bit of its own.
func database(db []byte) policy.Witness {
	if i := bytes.LastIndexByte(db, ' '); i >= 0 {
		db = db[i+1:]
	}
	for i, known := range [...]string{"passwd-file", "pam", "sql", "ldap", "static", "passwd", "lua"} {
		if string(db) == known {
			return policy.WitnessAuth << i
		}
	}
	return policy.WitnessAuth << 7
}
