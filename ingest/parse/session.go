package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// smtpdSession parses the lines about a whole session.
func smtpdSession(b []byte, ev *policy.Event) bool {
	if c, ok := bytes.CutPrefix(b, []byte("disconnect from ")); ok {
		return smtpdDisconnect(c, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("too many errors after ")); ok {
		return smtpdAfter(c, shapeErrors, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("improper command pipelining after ")); ok {
		return smtpdAfter(c, shapePipeline, ev)
	}
	return false
}

// smtpdAfter parses "<CMD> from <client>". The command is smtpd's own word.
func smtpdAfter(b []byte, shape []byte, ev *policy.Event) bool {
	_, b, ok := bytes.Cut(b, []byte(" from "))
	if !ok {
		return false
	}
	a, _, ok := client(b)
	return ok && abuse(ev, a, shape)
}

// smtpdDisconnect reads the counter of AUTH commands, "auth=accepted/all" or
// "auth=all" when all were accepted (Postfix smtpd.c).
func smtpdDisconnect(b []byte, ev *policy.Event) bool {
	// Most sessions have no login, and then the client does not matter.
	if i := bytes.IndexByte(b, ']'); i < 0 || !bytes.Contains(b[i:], []byte(" auth=")) {
		return false
	}
	a, rest, ok := client(b)
	if !ok {
		return false
	}
	_, c, ok := bytes.Cut(rest, []byte(" auth="))
	if !ok {
		return false
	}
	good, c, ok := number(c)
	if !ok {
		return false
	}
	all := good
	if len(c) > 0 && c[0] == '/' {
		if all, c, ok = number(c[1:]); !ok {
			return false
		}
	}
	if len(c) > 0 && c[0] != ' ' || all < good || all > maxCount {
		return false
	}
	*ev = policy.Event{Addr: a, Kind: policy.Session, Failures: all - good, Successes: good}
	return true
}
