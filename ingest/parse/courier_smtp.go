package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// courierSMTP parses "error,relay=<ip>[,port=#][,ident=<U>]…" of Courier's
// SMTP server (courier/module.esmtp/courieresmtpd.c). Its "535 Authentication
// rejected" means that the client gave up, and is no event.
func courierSMTP(msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("error,relay="))
	if !ok {
		return false
	}
	failed := []byte(`,msg="535 Authentication failed.",cmd: `)
	a, b, ok := address(b)
	if !ok || len(b) == 0 || b[0] != ',' {
		if bytes.Contains(msg, failed) {
			return unread(ev, policy.Courier)
		}
		return false
	}
	if c, ok := bytes.CutPrefix(b, []byte(",port=")); ok {
		b = c[digits(c):]
	}
	if bytes.HasPrefix(b, []byte(",ident=")) {
		// The client's own identd tells this, so it may hold what follows;
		// the address has been read.
		if i := bytes.LastIndex(b, failed); i >= 0 {
			b = b[i:]
		}
	}
	if command, ok := bytes.CutPrefix(b, failed); ok {
		mech, user := courierCommand(command)
		*ev = policy.Event{
			Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.Courier, Protocol: policy.SMTP, Witness: policy.WitnessMTA,
			User: user, Mechanism: mech,
		}
		return true
	}
	return courierAbuse(b, a, ev)
}

// courierAbuse parses ",from=<U>,to=<U>: <reply>", of which the reply is the
// server's. It names the user since Courier 1.
func courierAbuse(b []byte, a netip.Addr, ev *policy.Event) bool {
	shape := shapeRelay
	if bytes.HasSuffix(b, []byte(": 550 User unknown.")) || bytes.Contains(b, []byte(">: 550 User <")) && bytes.HasSuffix(b, []byte("> unknown")) {
		shape = shapeUnknown
	} else if !bytes.HasSuffix(b, []byte(": 513 Relaying denied.")) {
		return false
	}
	abuse(ev, a, shape)
	ev.Service, ev.Protocol = policy.Courier, policy.SMTP
	return true
}

// courierCommand reads "AUTH <mechanism>[ <initial response>][ <user>]". The
// response of PLAIN holds the password, so a single word that may be one is
// not taken for a user.
func courierCommand(b []byte) (mech, user []byte) {
	words, ok := bytes.CutPrefix(b, []byte("AUTH "))
	if !ok {
		return nil, nil
	}
	mech, words, _ = bytes.Cut(words, []byte(" "))
	response, user, two := bytes.Cut(words, []byte(" "))
	if two {
		return mech, user
	}
	if len(response) == 0 || maybeBase64(response) {
		return mech, nil
	}
	return mech, response
}

// maybeBase64 tells whether b could be a base64 text.
func maybeBase64(b []byte) bool {
	for _, c := range b {
		if !digit(c) && c|0x20-'a' > 'z'-'a' && c != '+' && c != '/' && c != '=' {
			return false
		}
	}
	return len(b)%4 == 0
}
