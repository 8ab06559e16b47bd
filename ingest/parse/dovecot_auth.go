package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// dovecotAuth parses the lines of Dovecot's auth and auth-worker processes
// behind the process name (Dovecot src/auth/auth-request.c):
//
//	: db(user,ip,<session>): text
//	(pid): conn unix:auth-worker (pid=1,uid=2): auth-worker<3>: db(user,ip): text
//	(user,ip,sasl:mech)<session>: db: text
//	(user,ip)<pid><session>: request [4]: db: text
//
// The user name stands before the address and may imitate the rest where
// auth_username_chars was widened. So a line whose bracket could close in more
// than one place is no event. What cannot be told from the line is a name such
// as "x,192.0.2.1" whose client address the caller did not give to Dovecot;
// Postfix and Dovecot's own login processes always give it.
func dovecotAuth(msg []byte, ev *policy.Event) bool {
	l, isAway := levelInfo, databaseAway(msg)
	if isAway {
		l = levelError
	}
	msg = l.withoutWorker(msg)
	open := name(msg[:min(len(msg), maxID)])
	if open == len(msg) || msg[open] != '(' {
		return false
	}
	end, ok := closing(msg)
	if !ok || end < open {
		return false
	}
	db, tail := msg[:open], msg[end+1:]
	tail, session, ok := l.afterBracket(tail)
	if !ok {
		return false
	}
	if open == 0 {
		if db, tail, ok = l.databaseFirst(tail); !ok {
			return false
		}
	}
	byPolicy := string(db) == "policy" && bytes.HasPrefix(tail, []byte(policyRefusal))
	if isAway && !notConnected(tail) || !isAway && !byPolicy && !refused(tail) {
		return false
	}
	a, user, inside, ok := authArgs(msg[open+1 : end])
	if !ok {
		// Without a client it may be about a mail's recipient.
		return !isAway && !bytes.HasPrefix(tail, []byte("unknown user")) && unread(ev, policy.Dovecot)
	}
	user = wholeName(user)
	switch {
	case isAway:
		*ev = policy.Event{Addr: a, Kind: policy.BackendFault, User: user, Detail: tail}
	case byPolicy:
		*ev = policy.Event{Addr: a, Kind: policy.Abuse, User: user, Detail: shapePolicy}
	default:
		*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, User: user, Witness: database(db), Detail: withoutPassword(tail)}
	}
	if len(session) == 0 {
		session = inside
	}
	if len(session) > 0 {
		ev.Session = hash(session)
	}
	return true
}

// policyRefusal is what the auth policy server made of a login (Dovecot
// src/auth/auth-policy.c). No password was judged, and the server may well be
// one that bans by what it counts: as a failure it would feed on itself.
const policyRefusal = "Authentication failure due to policy server refusal"

// away is what Dovecot writes where the SQL server cannot be reached (Dovecot
// src/lib-sql/sql-api-private.h). To the mail server it calls that a wrong password.
// Other errors of a query may be the client's doing, by a name that the database
// does not take.
const away = "Not connected to database"

// databaseAway tells by its end that a line may be about that. Of the lines of
// errors it is the only one that says what became of a login.
func databaseAway(msg []byte) bool {
	return len(msg) > len(away) && string(msg[len(msg)-len(away):]) == away
}

// notConnected tells that no password was judged.
func notConnected(tail []byte) bool {
	return string(bytes.TrimPrefix(tail, []byte("Password query failed: "))) == away
}

// withoutWorker drops what auth-worker writes before the database.
func (l level) withoutWorker(b []byte) []byte { return withoutConn(l.without(withoutPID(b))) }

// withoutPID drops "(304): ", or "(default): " of Dovecot 1.
func withoutPID(b []byte) []byte {
	if len(b) == 0 || b[0] != '(' {
		return b
	}
	i := 1 + digits(b[1:])
	if i == 1 && bytes.HasPrefix(b[1:], []byte("default")) {
		i += len("default")
	}
	if rest, ok := bytes.CutPrefix(b[i:], []byte("): ")); ok && i > 1 {
		return rest
	}
	return b
}

// withoutConn drops the connection that Dovecot 2.3 names. What has only its
// start is nothing.
func withoutConn(b []byte) []byte {
	rest, ok := bytes.CutPrefix(b, []byte("conn unix:auth-worker ("))
	if !ok {
		return b
	}
	_, rest, _ = bytes.Cut(rest, []byte(")"))
	rest, ok = bytes.CutPrefix(rest, []byte(": auth-worker<"))
	if !ok {
		return nil
	}
	if rest, ok = bytes.CutPrefix(rest[digits(rest):], []byte(">: ")); !ok {
		return nil
	}
	return rest
}

// closing finds the one bracket that the server can have closed its own with.
func closing(b []byte) (at int, ok bool) {
	for i := 0; ; i++ {
		n := bytes.IndexByte(b[i:], ')')
		if n < 0 {
			return at, ok
		}
		i += n
		if rest := b[i+1:]; len(rest) > 1 && (rest[0] == '<' || rest[0] == ':' && rest[1] == ' ') {
			if ok {
				return 0, false
			}
			at, ok = i, true
		}
	}
}

// afterBracket reads "[<pid>][<session>]: [Info: ]". Only a worker's line has
// the first, and a process serves many clients.
func (l level) afterBracket(b []byte) (rest, session []byte, ok bool) {
	for range 2 {
		if len(b) == 0 || b[0] != '<' {
			break
		}
		end := bytes.IndexByte(b[:min(len(b), maxSession)], '>')
		if end < 0 {
			return nil, nil, false
		}
		session, b = b[1:end], b[end+1:]
		if digits(session) == len(session) {
			session = nil
		}
	}
	b, ok = bytes.CutPrefix(b, []byte(": "))
	return l.without(b), session, ok
}

// databaseFirst reads "[request [N]: ][Info: ]db: text".
func (l level) databaseFirst(b []byte) (db, text []byte, ok bool) {
	if rest, found := bytes.CutPrefix(b, []byte("request [")); found {
		if b, ok = bytes.CutPrefix(rest[digits(rest):], []byte("]: ")); !ok {
			return nil, nil, false
		}
		b = l.without(b)
	}
	i := name(b[:min(len(b), maxID)])
	text, ok = bytes.CutPrefix(b[i:], []byte(": "))
	return b[:i], text, ok && i > 0
}
