package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

var (
	shapeNoMail = []byte("no mail sent")
	shapeSync   = []byte("input sent too soon")
	shapeDrop   = []byte("dropped by ACL")
	shapeVerify = []byte("sender verification failed")
)

// eximSMTP parses the rest of messages that begin with "SMTP ".
func eximSMTP(b []byte, ev *policy.Event) bool {
	if c, ok := bytes.CutPrefix(b, []byte(`protocol error in "`)); ok {
		return eximRefused(c, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("protocol synchronization error (")); ok {
		return eximSync(c, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("call from ")); ok {
		return eximEnded(c, []byte(" dropped: too many "), shapeErrors, ev)
	}
	if c, ok := bytes.CutPrefix(b, []byte("connection from ")); ok {
		return eximEnded(c, []byte(" closed by DROP in ACL"), shapeDrop, ev)
	}
	return false
}

// eximEnded parses a host and the fixed text after it.
func eximEnded(b, text, shape []byte, ev *policy.Event) bool {
	a, rest, named, ok := eximHost(bytes.TrimPrefix(b, []byte("H=")))
	if !ok {
		return false
	}
	_, ok = after(rest, text, named)
	return ok && abuse(ev, a, shape)
}

// eximSync parses the rest of a message about a client that does not wait for
// our answers. What it sent goes to the end.
func eximSync(b []byte, ev *policy.Event) bool {
	_, b, ok := bytes.Cut(b, []byte("): rejected ")) // the first one is Exim's
	if !ok {
		return false
	}
	if c, ok := bytes.CutPrefix(b, []byte("connection from ")); ok {
		return eximEnded(c, []byte(` input="`), shapeSync, ev)
	}
	a, ok := eximQuoted(b, func(rest []byte) bool { return bytes.HasPrefix(rest, []byte(` next input="`)) })
	return ok && abuse(ev, a, shapeSync)
}

// eximRejected parses the rest of "H=", a refusal by an ACL. Refusals for a
// while, such as greylisting, are for everybody.
func eximRejected(b []byte, ev *policy.Event) bool {
	a, rest, _, ok := eximHost(b)
	if !ok {
		return false
	}
	switch {
	case bytes.HasSuffix(rest, []byte(">: relay not permitted")):
		return abuse(ev, a, shapeRelay)
	case bytes.HasPrefix(rest, []byte(" sender verify fail for <")):
		return abuse(ev, a, shapeVerify)
	case bytes.Contains(rest, []byte("> rejected RCPT <")):
		return abuse(ev, a, shapeRejected)
	}
	return false
}
