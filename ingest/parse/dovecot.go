package parse

import (
	"bytes"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// dovecot parses a message of Dovecot's login and auth processes. Its
// pam_unix lines repeat the password database's own and are no events.
func dovecot(tag, msg []byte, ev *policy.Event) bool {
	proc := tag
	if string(tag) == "dovecot" {
		i := bytes.IndexAny(msg[:min(len(msg), 32)], ":(")
		if i < 0 {
			return false
		}
		proc, msg = msg[:i], bytes.TrimPrefix(msg[i:], []byte(": "))
	} else if i := bytes.IndexByte(tag, '('); i > 0 {
		return false
	}
	switch string(proc) {
	case "imap-login", "pop3-login", "managesieve-login", "submission-login":
		msg = bytes.TrimPrefix(msg, []byte("Info: "))
		if !dovecotLogin(msg, ev) {
			return false
		}
	case "auth", "auth-worker", "dovecot-auth":
		if !dovecotAuth(msg, ev) {
			return false
		}
	default:
		return false
	}
	ev.Service = policy.Dovecot
	return true
}

// dovecotLogin parses a *-login line. The user name stands before the
// address, so the last "rip=" is the server's.
func dovecotLogin(msg []byte, ev *policy.Event) bool {
	i := bytes.LastIndex(msg, []byte(", rip="))
	if i < 0 {
		return false
	}
	tail := msg[i+len(", rip="):]
	end := bytes.IndexByte(tail, ',')
	if end < 0 {
		return false
	}
	a, ok := addr(tail[:end])
	head, user, found := bytes.Cut(msg[:i], []byte("user=<"))
	if !ok || !found {
		return false
	}
	if j := bytes.LastIndexByte(user, '>'); j >= 0 {
		user = user[:j]
	}
	*ev = policy.Event{Addr: a, Witness: policy.WitnessLogin, User: user}
	if _, s, ok := bytes.Cut(tail, []byte(", session=<")); ok {
		ev.Session = hash(bytes.TrimSuffix(s, []byte(">")))
	}
	switch string(head) {
	case "Login: ", "Logged in: ":
		ev.Kind = policy.AuthOK
		return true
	}
	return loginFailed(head, ev)
}

// loginFailed reads "(auth failed, N attempts in M secs)" and, since Dovecot
// 2.4, the code after it.
func loginFailed(head []byte, ev *policy.Event) bool {
	i := bytes.LastIndex(head, []byte("(auth failed, "))
	if i < 0 {
		return false
	}
	n, b, ok := number(head[i+len("(auth failed, "):])
	b, cut := bytes.CutPrefix(b, []byte(" attempts in "))
	if !ok || !cut || n < 1 || n > maxCount {
		return false
	}
	secs, b, ok := number(b)
	code, cut := bytes.CutPrefix(b, []byte(" secs)"))
	if !ok || !cut {
		return false
	}
	switch string(code) {
	case ": ", " (auth_failed): ", " (invalid_credentials): ":
	default:
		return false
	}
	ev.Kind, ev.Failures, ev.Span = policy.AuthFail, n, time.Duration(secs)*time.Second
	return true
}
