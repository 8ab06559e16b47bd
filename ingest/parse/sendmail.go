package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// sendmail parses a message of Sendmail's daemon. Each connection has a
// process of its own.
func sendmail(pid, msg []byte, ev *policy.Event) bool {
	if !sendmailTopic(msg, ev) {
		return false
	}
	ev.Service, ev.Protocol = policy.Sendmail, policy.SMTP
	if len(pid) > 0 {
		ev.Session = hash([]byte("sendmail"), pid)
	}
	if ev.Kind != policy.Abuse && ev.Witness == 0 {
		ev.Witness = policy.WitnessMTA
	}
	return true
}

// sendmailTopic finds the parser by what stands after the queue id, which is
// Sendmail's own text.
func sendmailTopic(msg []byte, ev *policy.Event) bool {
	if c, ok := bytes.CutPrefix(msg, []byte("AUTH=server, relay=")); ok {
		return sendmailLogin(c, ev)
	}
	b := msg
	if i := name(b); i > 0 && bytes.HasPrefix(b[i:], []byte(": ")) {
		b = b[i+2:]
	}
	switch {
	case len(b) == 0:
		return false
	case bytes.HasPrefix(b, []byte("AUTH failure (")):
		return sendmailFailed(b[len("AUTH failure ("):], ev)
	case bytes.HasPrefix(b, []byte("AUTH decode64 error [")):
		return sendmailGarbled(b, ev)
	case bytes.HasPrefix(b, []byte("AUTH encode64 error")):
		return sendmailFault(b, ev)
	case bytes.HasPrefix(b, []byte("ruleset=check_")):
		return sendmailRejected(b, ev)
	case bytes.HasPrefix(b, []byte("rejecting ")):
		return sendmailHasty(b[len("rejecting "):], ev)
	}
	return sendmailConnection(b, ev)
}

// sendmailClient parses "name [addr]", "[addr]" or "[IPv6:addr]" at the start
// of b, which "(may be forged)" may follow. The name comes from the client's
// own DNS; an ident and "@" may stand before it, and the ident is the client's.
func sendmailClient(b []byte) (a netip.Addr, rest []byte, ok bool) {
	i := name(b)
	if i > 0 && i < len(b) && b[i] == '@' {
		i++
		i += name(b[i:])
	}
	if i > 0 && i < len(b) && b[i] == ' ' {
		i++
	} else if i > 0 && b[i-1] != '@' {
		return a, nil, false
	}
	b = b[i:]
	if len(b) == 0 || b[0] != '[' {
		return a, nil, false
	}
	b = b[1:]
	const v6 = "IPv6:"
	if len(b) > len(v6) && bytes.EqualFold(b[:len(v6)], []byte(v6)) {
		b = b[len(v6):]
	}
	a, b, ok = address(b)
	if !ok || len(b) == 0 || b[0] != ']' {
		return a, nil, false
	}
	return a, bytes.TrimPrefix(b[1:], []byte(" (may be forged)")), true
}

// sendmailHasty parses the rest of "rejecting ",
//
//	commands from host [addr] due to pre-greeting traffic after 3 seconds
//	server EHLO from host [addr] due to traffic before response
//
// about a client that does not wait for our answers (sendmail srvrsmtp.c). The
// host is the address once more, in brackets, where it has no name.
func sendmailHasty(b []byte, ev *policy.Event) bool {
	_, b, ok := bytes.Cut(b, []byte(" from ")) // the words before are Sendmail's own
	if !ok {
		return false
	}
	a, rest, ok := sendmailClient(b)
	if !ok {
		return false
	}
	if c, twice := bytes.CutPrefix(rest, []byte(" ")); twice && len(c) > 0 && c[0] == '[' {
		if a, rest, ok = sendmailClient(c); !ok {
			return false
		}
	}
	if !bytes.HasPrefix(rest, []byte(" due to pre-greeting traffic")) && !bytes.HasPrefix(rest, []byte(" due to traffic before response")) {
		return false
	}
	return abuse(ev, a, shapeSync)
}

// sendmailConnection parses what begins with the client.
func sendmailConnection(b []byte, ev *policy.Event) bool {
	a, rest, ok := sendmailClient(b)
	if !ok {
		return false
	}
	if c, ok := bytes.CutPrefix(rest, []byte(": possible SMTP attack: command=")); ok {
		return sendmailAttack(a, c, ev)
	}
	switch {
	case bytes.HasPrefix(rest, []byte(" did not issue MAIL/EXPN/VRFY/ETRN during connection to ")):
		return abuse(ev, a, shapeNoMail)
	case bytes.HasPrefix(rest, []byte(": probable open proxy: command=")):
		return abuse(ev, a, shapeNonSMTP)
	case bytes.HasPrefix(rest, []byte(": VRFY ")) || bytes.HasPrefix(rest, []byte(": EXPN ")):
		return bytes.HasSuffix(rest, []byte(" [rejected]")) && abuse(ev, a, shapeProbe)
	}
	return false
}

var shapeProbe = []byte("address probing")

// sendmailAttack parses the rest of a warning that a command came too often in
// one connection, which is written once, at the limit (sendmail
// srvrsmtp.c, checksmtpattack). Until 8.15.2 nothing else tells of failed
// logins by default. Where "AUTH failure" is logged too, it tells the same
// attempt, so this one is another witness.
func sendmailAttack(a netip.Addr, b []byte, ev *policy.Event) bool {
	if !bytes.HasPrefix(b, []byte("AUTH, count=")) {
		return abuse(ev, a, shapeErrors)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Witness: policy.WitnessLogin, Failures: 1, Detail: shapeErrors}
	return true
}
