package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// eximNoMail parses the rest of "no MAIL in ", written at the end of a
// connection that sent no mail (Exim src/smtp_in.c, smtp_log_no_mail). "A="
// there stands right after the duration.
func eximNoMail(b []byte, ev *policy.Event) bool {
	b = bytes.TrimPrefix(b, []byte("TFO "))
	b = bytes.TrimPrefix(b, []byte("TFO* "))
	b, ok := bytes.CutPrefix(b, []byte("SMTP connection from "))
	if !ok {
		return false
	}
	a, rest, named, ok := eximHost(b)
	if !ok {
		return false
	}
	rest, ok = after(rest, []byte(" D="), named)
	if !ok {
		return false
	}
	if !eximAs(rest[word(rest):], ev) {
		return abuse(ev, a, shapeNoMail)
	}
	ev.Addr = a
	return true
}

// eximArrived parses what follows "<= " in a message's first line,
//
//	sender H=host P=protocol X=cipher CV=yes DN="name" SNI=name A=authenticator:id S=size …
//
// (Exim src/receive.c). The protocol says whether the client had logged in.
func eximArrived(b []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(b[senderEnd(b):], []byte(" "))
	if !ok {
		return false
	}
	b, ok = bytes.CutPrefix(bytes.TrimPrefix(b, []byte("DS ")), []byte("H="))
	if !ok {
		return false
	}
	a, rest, named, ok := eximHost(b)
	if !ok {
		return false
	}
	rest, ok = after(rest, []byte(" P="), named)
	if !ok {
		return false
	}
	n := word(rest)
	if !loginProtocol(rest[:n]) {
		return false
	}
	rest = rest[n:]
	for len(rest) > 0 && !eximAs(rest, ev) {
		// The fields before hold no blank, except the name in the client's
		// certificate, which may imitate what follows.
		if bytes.HasPrefix(rest, []byte(" DN=")) {
			return false
		}
		rest = rest[1+word(rest[1:]):]
	}
	ev.Addr = a
	return len(rest) > 0
}

// senderEnd returns the length of a sender. Its local part may be quoted and
// then hold blanks.
func senderEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == ' ' && !quoted:
			return i
		}
	}
	return len(b)
}

// loginProtocol tells the protocols of RFC 3848 that mean a login, and the
// "asmtp" of old releases.
func loginProtocol(protocol []byte) bool {
	switch string(bytes.TrimPrefix(protocol, []byte("utf8"))) {
	case "esmtpa", "esmtpsa", "asmtp":
		return true
	}
	return false
}

// eximAs reads " A=authenticator:id" or " A=authenticator". The id is a real
// account's.
func eximAs(b []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(b, []byte(" A="))
	if !ok {
		return false
	}
	authenticator, id, _ := bytes.Cut(b[:word(b)], []byte(":"))
	*ev = policy.Event{Kind: policy.AuthOK, User: id, Mechanism: authenticator}
	return len(authenticator) > 0
}
