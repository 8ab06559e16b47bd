package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// Line parses a text line with its syslog header, of either stamp style. It
// reports whether the line is an event and then has set all of ev but Time;
// ev's slices alias line.
func Line(line []byte, ev *policy.Event) bool {
	at := stampEnd(line)
	if at == 0 {
		return false
	}
	host := bytes.IndexByte(line[at:], ' ')
	if host < 1 {
		return false
	}
	// Dovecot's own log file has no host: the program follows the stamp.
	if line[at+host-1] != ':' {
		at += host + 1
	}
	rest := line[at:]
	end := bytes.IndexByte(rest, ' ')
	if end < 2 || rest[end-1] != ':' {
		return false
	}
	tag, pid := splitTag(rest[:end-1])
	return Message(tag, pid, rest[end+1:], ev)
}

// Message is Line for a structured source that names the program and the
// process apart from the message; pid may be empty.
func Message(tag, pid, msg []byte, ev *policy.Event) bool {
	if n := len(msg); n > 0 && msg[n-1] == '\r' {
		msg = msg[:n-1]
	}
	if len(msg) == 0 {
		return false
	}
	if isSMTPD(tag) {
		return smtpd(tag, pid, msg, ev)
	}
	return dovecot(tag, msg, ev)
}

// isSMTPD tells the server daemon of any Postfix instance and service.
func isSMTPD(tag []byte) bool {
	return bytes.HasPrefix(tag, []byte("postfix")) && bytes.HasSuffix(tag, []byte("/smtpd"))
}

// splitTag separates "tag[pid]". A tag may hold colons, so the pid is looked
// for at the end.
func splitTag(b []byte) (tag, pid []byte) {
	if n := len(b); n > 0 && b[n-1] == ']' {
		if i := bytes.LastIndexByte(b, '['); i > 0 {
			return b[:i], b[i+1 : n-1]
		}
	}
	return b, nil
}

// The lengths of a stamp up to the second: "Jan _2 15:04:05" and
// "2006-01-02T15:04:05".
const (
	traditional = 15
	isoSecond   = 19
)

// stampEnd returns where the text after the stamp begins, 0 without a stamp.
func stampEnd(b []byte) int {
	if len(b) < 24 {
		return 0
	}
	if b[0] >= 'A' {
		if b[3] == ' ' && b[6] == ' ' && b[9] == ':' && b[12] == ':' && b[15] == ' ' {
			return traditional + 1
		}
		return 0
	}
	if b[4] != '-' || b[10] != 'T' || b[16] != ':' {
		return 0
	}
	if i := bytes.IndexByte(b[isoSecond:min(len(b), 40)], ' '); i > 0 {
		return isoSecond + i + 1
	}
	return 0
}

// hash is FNV-1a over the parts, so that a session can be compared cheaply.
func hash(parts ...[]byte) uint64 {
	h := uint64(14695981039346656037)
	for _, p := range parts {
		for _, c := range p {
			h = (h ^ uint64(c)) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return max(h, 1)
}
