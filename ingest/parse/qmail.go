package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// isQmail tells the programs of qmail and vpopmail.
func isQmail(tag []byte) bool {
	switch string(tag) {
	case "vpopmail", "smtp_auth", "qmail":
		return true
	}
	return false
}

// qmail parses a message of qmail's programs.
func qmail(tag, msg []byte, ev *policy.Event) bool {
	switch string(tag) {
	case "vpopmail":
		return vpopmail(msg, ev)
	case "smtp_auth":
		return smtpAuth(msg, ev)
	}
	return qmailListed(msg, ev)
}

// smtpAuth parses "smtp_auth: FAILED: <U> - password incorrect from
// <host> [<ip>]" of Plesk's qmail. All that the client can choose, the word of
// its identd in the host too, stands before the last bracket.
func smtpAuth(msg []byte, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(msg, []byte("smtp_auth: FAILED: "))
	if !ok {
		return false
	}
	const wrong = " - password incorrect "
	i, at := bytes.LastIndex(b, []byte(wrong)), bytes.LastIndexByte(b, '[')
	if i < 0 || at < i {
		return unread(ev, policy.Qmail)
	}
	a, rest, ok := address(b[at+1:])
	if !ok || string(rest) != "]" {
		return unread(ev, policy.Qmail)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.Qmail, Protocol: policy.SMTP, Witness: policy.WitnessMTA, User: b[:i]}
	return true
}

// qmailListed parses what rblsmtpd and the patch badiprbl write behind
// multilog's stamp.
func qmailListed(msg []byte, ev *policy.Event) bool {
	if i := digits(msg); i > 0 {
		b, dot := bytes.CutPrefix(msg[i:], []byte("."))
		var ok bool
		if msg, ok = bytes.CutPrefix(b[digits(b):], []byte(" ")); !dot || !ok {
			return false
		}
	}
	b, ok := bytes.CutPrefix(msg, []byte("rblsmtpd: "))
	after := " pid "
	if !ok {
		b, ok = bytes.CutPrefix(msg, []byte("qmail-smtpd: 421 badiprbl: ip "))
		after = " rbl: "
	}
	if !ok {
		return false
	}
	a, rest, ok := address(b)
	if !ok || !bytes.HasPrefix(rest, []byte(after)) {
		return false
	}
	abuse(ev, a, shapeListed)
	ev.Service, ev.Protocol = policy.Qmail, policy.SMTP
	return true
}
