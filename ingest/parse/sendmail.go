package parse

import (
	"bytes"
	"net/netip"
	"strings"

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

// sendmailClient parses "name [addr]", "[addr]" or "[IPv6:addr]" at the start of
// b, which "(may be forged)" may follow. The name comes from the client's own
// DNS. What its identd says may stand before the name.
func sendmailClient(b []byte) (a netip.Addr, rest []byte, ok bool) {
	b = withoutIdent(b)
	i := name(b)
	if i > 0 && i < len(b) && b[i] == ' ' {
		i++
	} else if i > 0 {
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

// withoutIdent drops "<ident>@" or "IDENT:<ident>@", where the ident is the
// client's choice of letters, digits and some other characters: no blank and no
// bracket, so that it cannot imitate what follows (sendmail daemon.c, getauthinfo,
// and util.c, cleanstrcpy).
func withoutIdent(b []byte) []byte {
	const others = "!#$%&'*+-./^_`{|}~"
	ident := bytes.TrimPrefix(b, []byte("IDENT:"))
	i := 0
	for i < len(ident) && (nameBytes[ident[i]] || strings.IndexByte(others, ident[i]) >= 0) {
		i++
	}
	if i < len(ident) && ident[i] == '@' {
		return ident[i+1:]
	}
	return b
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
	after, early := bytes.CutPrefix(rest, []byte(" due to pre-greeting traffic"))
	if c, ok := bytes.CutPrefix(after, []byte(" after ")); ok {
		after, _ = bytes.CutSuffix(c[digits(c):], []byte(" seconds"))
	}
	if (!early || len(after) > 0) && string(rest) != " due to traffic before response" {
		return false
	}
	return abuse(ev, a, shapeSync)
}

// sendmailConnection parses what begins with the client. What a client gives as a
// recipient begins a line too, as in "<text>... Unbalanced '>'" (sendmail err.c,
// usrerr), and may imitate all of this but the end.
func sendmailConnection(b []byte, ev *policy.Event) bool {
	a, rest, ok := sendmailClient(b)
	if !ok {
		return false
	}
	if c, ok := bytes.CutPrefix(rest, []byte(": possible SMTP attack: command=")); ok {
		return sendmailAttack(a, c, ev)
	}
	switch {
	case bytes.HasPrefix(rest, sendmailIdle):
		return bytes.IndexByte(rest[len(sendmailIdle):], ' ') < 0 && abuse(ev, a, shapeNoMail)
	case bytes.HasPrefix(rest, []byte(": probable open proxy: command=")):
		return !bytes.Contains(rest, []byte("... ")) && abuse(ev, a, shapeNonSMTP)
	case bytes.HasPrefix(rest, []byte(": VRFY ")) || bytes.HasPrefix(rest, []byte(": EXPN ")):
		return bytes.HasSuffix(rest, []byte(" [rejected]")) && abuse(ev, a, shapeProbe)
	}
	return false
}

var sendmailIdle = []byte(" did not issue MAIL/EXPN/VRFY/ETRN during connection to ")

var shapeProbe = []byte("address probing")

// sendmailAttack parses the rest of a warning that a command came too often in
// one connection, which is written once, at the limit (sendmail
// srvrsmtp.c, checksmtpattack). Until 8.15.2 nothing else tells of failed
// logins by default. Where "AUTH failure" is logged too, it tells the same
// attempt, so this one is another witness.
func sendmailAttack(a netip.Addr, b []byte, ev *policy.Event) bool {
	i := bytes.LastIndexByte(b, '=') + 1
	if digits(b[i:]) < max(len(b)-i, 1) {
		return false // see sendmailConnection
	}
	if string(b[:i]) != "AUTH, count=" {
		return abuse(ev, a, shapeErrors)
	}
	*ev = policy.Event{Addr: a, Kind: policy.AuthFail, Witness: policy.WitnessLogin, Failures: 1, Detail: shapeErrors}
	return true
}
