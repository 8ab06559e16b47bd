package parse

import (
	"github.com/smtpbl/smtpbl/policy"
)

// Line parses a text line with its header: that of any syslog, of Dovecot's or
// Exim's own log file, and what containers' tools put before those. It reports
// whether the line is an event and then has set all of ev but Time; ev's
// slices alias line. Only the JSON records of containers need a Reader.
func Line(line []byte, ev *policy.Event) bool {
	at := stampEnd(line)
	if at == 0 {
		return wrapped(line, ev)
	}
	// A container's tool writes its own stamp before the program's.
	if line[0] < 'A' && len(line) > at && line[at] <= 'S' {
		if second := stampEnd(line[at:]); second != 0 {
			line, at = line[at:], second
		}
	}
	if line[10] == ' ' && eximLog(line[at:], ev) {
		return true
	}
	return header(line[at:], ev)
}

// Message is Line for a structured source that names the program and the
// process apart from the message; pid may be empty. An event that is none tells
// in Mechanism, User and Detail which program, process and message were read,
// so that detectors need not look for them again.
func Message(tag, pid, msg []byte, ev *policy.Event) bool {
	if n := len(msg); n > 0 && msg[n-1] == '\r' {
		msg = msg[:n-1]
	}
	if len(tag) == 0 || len(msg) == 0 {
		return false
	}
	times, once := 0, msg
	switch msg[0] {
	case 'm':
		times, once = repeated(msg)
	case '[':
		msg = withoutMessageID(msg)
		once = msg
	}
	if !family(tag, pid, once, ev) {
		ev.Mechanism, ev.User, ev.Detail = tag, pid, msg
		return false
	}
	return times == 0 || multiply(ev, times)
}

// isSMTPD tells the server daemon of any Postfix instance and service.
func isSMTPD(tag []byte) bool { return isPostfix(tag, "/smtpd") }

// isPostfix tells a daemon by the tag's last part: an instance's name stands
// before it, and a service's may (syslog_name in postconf(5)).
func isPostfix(tag []byte, last string) bool {
	const first = "postfix"
	n := len(tag)
	return n >= len(first)+len(last) && string(tag[n-len(last):]) == last && string(tag[:len(first)]) == first
}

// splitTag separates "tag[pid]".
func splitTag(b []byte) (tag, pid []byte) {
	i := len(b) - 1
	if i < 0 || b[i] != ']' {
		return b, nil
	}
	for i--; i > 0 && digit(b[i]); i-- {
	}
	if i <= 0 || b[i] != '[' {
		return b, nil
	}
	return b[:i], b[i+1 : len(b)-1]
}
