package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// wrapped parses a line that does not begin with a stamp of the usual kinds.
func wrapped(line []byte, ev *policy.Event) bool {
	inner, version := unwrap(line)
	if version {
		return rfc5424(inner, ev)
	}
	if at := stampEnd(inner); at != 0 && len(inner) < len(line) {
		return Line(inner, ev)
	}
	at := tai64nEnd(inner)
	return at != 0 && header(inner[at:], ev)
}

// unwrap drops what stands before the stamp and tells whether it was the
// priority and version of RFC 5424. A line without any of it stays as it is.
func unwrap(line []byte) (inner []byte, version bool) {
	if len(line) == 0 {
		return line, false
	}
	if line[0] == '<' {
		return withoutPriority(line)
	}
	// Dovecot 1 began each line of its own log so.
	if inner, ok := bytes.CutPrefix(line, []byte("dovecot: ")); ok {
		return inner, false
	}
	return withoutContainer(line), false
}

// withoutPriority drops "<22>" of RFC 3164, or "<22>1 " of RFC 5424.
func withoutPriority(line []byte) (rest []byte, version bool) {
	n := digits(line[1:min(len(line), 4)])
	rest = line[1+n:]
	if n == 0 || len(rest) == 0 || rest[0] != '>' {
		return line, false
	}
	rest = rest[1:]
	if inner, ok := bytes.CutPrefix(rest, []byte("1 ")); ok {
		return inner, true
	}
	return rest, false
}

// withoutContainer drops the "name-1  | " that docker compose writes before
// each line.
func withoutContainer(line []byte) []byte {
	const longest = 128
	b := line[name(line[:min(len(line), longest)]):]
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	if inner, ok := bytes.CutPrefix(b, []byte("| ")); ok && len(b) < len(line) {
		return inner
	}
	return line
}
