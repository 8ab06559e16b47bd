package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// exim parses a message of Exim's main log that came through syslog. With
// syslog_timestamp the message still has the stamp of Exim's own log.
//
// Only the main log is to be read: the reject log and the panic log repeat its
// lines (LOG_MAIN|LOG_REJECT in Exim src/smtp_in.c).
func exim(pid, msg []byte, ev *policy.Event) bool {
	msg, cut := eximFirstPart(msg)
	if digit(msg[0]) && len(msg) > isoSecond && msg[10] == ' ' {
		msg = msg[stampEnd(msg):]
	}
	if cut && !eximWhole(msg) {
		return bytes.Contains(msg, []byte("authenticator failed for ")) && unread(ev, policy.Exim)
	}
	return eximMessage(pid, msg, true, ev)
}

// eximLog parses what follows the stamp in Exim's own main log, which names
// neither host nor program.
func eximLog(rest []byte, ev *policy.Event) bool { return eximMessage(nil, rest, false, ev) }

// eximMessage takes the process off, which "log_selector = +pid" adds, and
// completes what the message's parser leaves open. Each connection has a
// process of its own.
func eximMessage(pid, msg []byte, syslog bool, ev *policy.Event) bool {
	if b, ok := bytes.CutPrefix(msg, []byte("[")); ok {
		n := digits(b)
		if n == 0 || !bytes.HasPrefix(b[n:], []byte("] ")) {
			return false
		}
		pid, msg = b[:n], b[n+2:]
	}
	if !eximTopic(msg, ev) {
		return false
	}
	ev.Service, ev.Protocol = policy.Exim, policy.SMTP
	if len(pid) > 0 {
		ev.Session = eximSession(pid, syslog)
	}
	if ev.Kind != policy.Abuse {
		ev.Witness = policy.WitnessMTA
	}
	return true
}

// eximTopic finds the parser by the message's beginning, which is Exim's own.
func eximTopic(msg []byte, ev *policy.Event) bool {
	switch {
	case bytes.HasPrefix(msg, []byte("SMTP ")):
		return eximSMTP(msg[len("SMTP "):], ev)
	case bytes.HasPrefix(msg, []byte("H=")):
		return eximRejected(msg[len("H="):], ev)
	case bytes.HasPrefix(msg, []byte("rejected EHLO from ")) || bytes.HasPrefix(msg, []byte("rejected HELO from ")):
		return eximEnded(msg[len("rejected EHLO from "):], []byte(": syntactically invalid argument(s): "), shapeHelo, ev)
	case bytes.HasPrefix(msg, []byte("no MAIL in ")):
		return eximNoMail(msg[len("no MAIL in "):], ev)
	}
	i := bytes.IndexAny(msg, " \t")
	if i < 1 {
		return false
	}
	word, rest := msg[:i], bytes.TrimLeft(msg[i:], " \t")
	if b, ok := bytes.CutPrefix(rest, []byte("authenticator failed for ")); ok {
		return eximFailed(b, word, ev)
	}
	switch n := name(word); {
	case n < len(word) || len(word) < len("1ahr79-0006jK-G9") || word[6] != '-':
		return false
	case bytes.HasPrefix(rest, []byte("<= ")):
		return eximArrived(rest[len("<= "):], ev)
	case bytes.HasPrefix(rest, []byte("SMTP connection from ")):
		return eximSMTP(rest[len("SMTP "):], ev)
	}
	return false
}
