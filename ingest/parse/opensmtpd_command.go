package parse

import (
	"bytes"
	"net/netip"

	"github.com/smtpbl/smtpbl/policy"
)

// opensmtpdCommand parses "[address=<ip> host=<name> ]command="<C>"
// result="<reply>"", a command that was refused. Both the command and the
// reply hold client's text; the address stands before them.
func opensmtpdCommand(b []byte, named bool, session uint64, ev *policy.Event) bool {
	var a netip.Addr
	if named {
		var ok bool
		if b, ok = bytes.CutPrefix(b, []byte("address=")); !ok {
			return false
		}
		if a, b, ok = opensmtpdAddress(b); !ok {
			return false
		}
		if b, ok = bytes.CutPrefix(b, []byte(" host=")); !ok {
			return false
		}
		_, b, _ = bytes.Cut(b, []byte(" "))
	}
	b, ok := bytes.CutPrefix(b, []byte(`command="`))
	i := bytes.LastIndex(b, []byte(`" result="`))
	if !ok || i < 0 {
		return false
	}
	return opensmtpdRefused(b[:i], b[i+len(`" result="`):], a, session, ev)
}

// opensmtpdRefused makes an event of a refused AUTH command. 535 is a wrong
// password, 504 a mechanism that is unknown, and 503 "Command not supported"
// a login where none is offered; other replies judge no login. Where a
// password was wrong, the login's own line tells it too: another witness.
func opensmtpdRefused(command, reply []byte, a netip.Addr, session uint64, ev *policy.Event) bool {
	const auth, minReply = "AUTH ", len("535 ")
	if len(command) < len(auth) || !bytes.EqualFold(command[:len(auth)], []byte(auth)) || len(reply) < minReply {
		return false
	}
	reply = bytes.TrimSuffix(reply, []byte(`"`))
	switch string(reply[:minReply]) {
	case "535 ", "504 ":
	case "503 ":
		if !bytes.HasSuffix(reply, []byte("Command not supported")) {
			return false
		}
	default:
		return false
	}
	*ev = policy.Event{
		Addr: a, Kind: policy.AuthFail, Failures: 1, Service: policy.OpenSMTPD, Protocol: policy.SMTP, Witness: policy.WitnessMTA,
		Session: session, Detail: reply,
	}
	return true
}

// opensmtpdPipelining parses "result="500 … Pipelining not supported"".
func opensmtpdPipelining(b []byte, session uint64, ev *policy.Event) bool {
	b, ok := bytes.CutPrefix(b, []byte(`result="500 `))
	if !ok || !bytes.HasSuffix(b, []byte(`: Pipelining not supported"`)) {
		return false
	}
	abuse(ev, netip.Addr{}, shapePipeline)
	ev.Service, ev.Protocol, ev.Session = policy.OpenSMTPD, policy.SMTP, session
	return true
}
