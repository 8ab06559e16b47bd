package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// Line parses a text line with its syslog header, of either stamp style, or of
// Dovecot's own log file. It reports whether the line is an event and then has
// set all of ev but Time; ev's slices alias line.
func Line(line []byte, ev *policy.Event) bool {
	at := stampEnd(line)
	if at == 0 {
		return false
	}
	rest := line[at:]
	if line[10] == ' ' && eximLog(rest, ev) {
		return true
	}
	tag, pid, msg := header(rest)
	return Message(tag, pid, msg, ev)
}

// header separates what stands between the stamp and the message. There is no
// tag in a line without a header.
func header(rest []byte) (tag, pid, msg []byte) {
	host := bytes.IndexByte(rest, ' ')
	if host < 1 {
		return nil, nil, nil
	}
	if ownLog(rest[:host]) {
		return dovecotTag, nil, rest
	}
	rest = rest[host+1:]
	end := bytes.IndexByte(rest, ' ')
	if end < 2 || rest[end-1] != ':' {
		return nil, nil, nil
	}
	tag, pid = splitTag(rest[:end-1])
	return tag, pid, rest[end+1:]
}

// dovecotTag stands for the tag that Dovecot's own log file lacks.
var dovecotTag = []byte("dovecot")

// ownLog tells the first word after the stamp in Dovecot's own log file, which
// has no host: the process follows, and its user name may hold a blank.
func ownLog(word []byte) bool {
	return word[len(word)-1] == ':' || word[0] == 'a' &&
		(bytes.HasPrefix(word, []byte("auth(")) || bytes.HasPrefix(word, []byte("auth-worker(")))
}

// Message is Line for a structured source that names the program and the
// process apart from the message; pid may be empty.
func Message(tag, pid, msg []byte, ev *policy.Event) bool {
	if n := len(msg); n > 0 && msg[n-1] == '\r' {
		msg = msg[:n-1]
	}
	if len(tag) == 0 || len(msg) == 0 {
		return false
	}
	times := 0
	if msg[0] == 'm' {
		times, msg = repeated(msg)
	}
	ok := family(tag, pid, msg, ev)
	return ok && (times == 0 || multiply(ev, times))
}

// isSMTPD tells the server daemon of any Postfix instance and service.
func isSMTPD(tag []byte) bool {
	const first, last = "postfix", "/smtpd"
	n := len(tag)
	return n >= len(first+last) && string(tag[n-len(last):]) == last && string(tag[:len(first)]) == first
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
