package parse

import (
	"bytes"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// dovecotLogin parses a *-login line, "<what happened>: user=<…>, method=…,
// rip=…, lip=…, session=<…>" (Dovecot login-common/client-common.c). The user
// name and the mechanism are the client's words and stand before the address,
// so the last "rip=" is the server's, and the session behind it too.
func dovecotLogin(msg []byte, ev *policy.Event) bool {
	const sid = " session=<"
	i := lastIP(msg)
	if i < 0 {
		return aboutLogin(msg) && unread(ev, policy.Dovecot)
	}
	a, tail, ok := address(msg[i+len(rip):])
	if !ok || len(tail) > 0 && tail[0] != ',' && tail[0] != ' ' {
		return aboutLogin(msg) && unread(ev, policy.Dovecot)
	}
	head, user := loginUser(msg[:i+1])
	*ev = policy.Event{Addr: a, Witness: policy.WitnessLogin, User: user}
	if _, s, ok := bytes.Cut(tail, []byte(sid)); ok {
		if end := bytes.IndexByte(s, '>'); end > 0 {
			ev.Session = hash(s[:end])
		}
	}
	switch string(head) {
	case "Login: ", "Logged in: ":
		ev.Kind, ev.Successes = policy.AuthOK, 0
		return user != nil
	}
	if ev.User = wholeName(user); len(user) == 0 {
		ev.User = nil
	}
	if bytes.HasPrefix(head, []byte("ID sent: ")) { // what follows is the client's own
		return false
	}
	if cleartextRefused(head) {
		ev.Kind, ev.Witness, ev.Detail = policy.Abuse, 0, shapeCleartext
		return true
	}
	if tooManyCommands(head) {
		ev.Kind, ev.Witness, ev.Detail = policy.Abuse, 0, shapeErrors
		return true
	}
	return loginFailed(head, ev)
}

const rip = " rip="

// lastIP finds the last "rip=". It is near the end, where bytes.LastIndex has
// to hash its way to.
func lastIP(b []byte) int {
	for i := len(b) - len(rip); i >= 0; i-- {
		if b[i] == rip[0] && string(b[i:i+len(rip)]) == rip {
			return i
		}
	}
	return -1
}

// loginUser separates what happened from the user name. Some lines have no
// user, and a name that was cut off has no bracket at its end.
func loginUser(b []byte) (head, user []byte) {
	const open, method = "user=<", "method="
	head, user, found := bytes.Cut(b, []byte(open))
	if !found {
		head, _, _ = bytes.Cut(b, []byte(method))
		return head, nil
	}
	if i := bytes.LastIndexByte(user, '>'); i >= 0 {
		return head, user[:i]
	}
	user, _, _ = bytes.Cut(user, []byte(", "+method))
	return head, user
}

// loginFailed reads the reason in brackets before the user. Reasons other than
// a refused login say nothing about a password.
func loginFailed(head []byte, ev *policy.Event) bool {
	const failed, proxy = "(auth failed, ", "(proxy dest auth failed)"
	head, ok := bytes.CutSuffix(head, []byte(": "))
	if !ok {
		return false
	}
	if i := bytes.Index(head, []byte(failed)); i >= 0 {
		rest, ok := loginAttempts(head[i+len(failed):], ev)
		return ok && loginCode(rest)
	}
	if loginEnded(head, ev) {
		return true
	}
	head = bytes.TrimSuffix(head, []byte(" (proxy_dest_auth_failed)"))
	ev.Kind, ev.Failures = policy.AuthFail, 1
	return bytes.HasSuffix(head, []byte(proxy))
}

// loginAttempts reads "2 attempts in 5 secs" or "1/3 successful auths in 5 secs",
// and returns what follows. Before Dovecot 2.2 there was no time.
func loginAttempts(b []byte, ev *policy.Event) (rest []byte, ok bool) {
	n, b, ok := number(b)
	if !ok {
		return nil, false
	}
	if rest, ok := bytes.CutPrefix(b, []byte("/")); ok {
		good := n
		if n, b, ok = number(rest); !ok {
			return nil, false
		}
		n -= good
		b, ok = bytes.CutPrefix(b, []byte(" successful auths"))
		if !ok {
			return nil, false
		}
	} else if b, ok = bytes.CutPrefix(b, []byte(" attempts")); !ok {
		return nil, false
	}
	secs := 0
	if rest, ok := bytes.CutPrefix(b, []byte(" in ")); ok {
		secs, b, _ = number(rest)
		if b, ok = bytes.CutPrefix(b, []byte(" secs")); !ok {
			return nil, false
		}
	}
	ev.Kind, ev.Failures, ev.Span = policy.AuthFail, n, time.Duration(secs)*time.Second
	ev.Unnamed = max(n-1, 0) // the name is the last attempt's
	return b, n > 0 && n <= maxCount
}

// loginCode reads the end of the reason and Dovecot 2.4's code, if there is one.
// Every other code, such as temp_fail or authorization_failed, is no wrong password.
func loginCode(b []byte) bool {
	if string(b) == ")" {
		return true
	}
	rest := bytes.TrimSuffix(b, []byte(" (auth_failed)"))
	if len(rest) == len(b) {
		rest = bytes.TrimSuffix(b, []byte(" (invalid_credentials)"))
	}
	if len(rest) == len(b) {
		return false
	}
	return loginReasonEnd(rest)
}

// loginReasonEnd tells whether b is the end of a reason, which may tell the last
// failure's text.
func loginReasonEnd(b []byte) bool {
	return string(b) == ")" || bytes.HasPrefix(b, []byte(", last failure: ")) && b[len(b)-1] == ')'
}
