package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// rfc5424 parses "STAMP HOST APP PID MSGID STRUCTURED-DATA MESSAGE" (RFC 5424
// section 6), where each but the message may be "-".
func rfc5424(b []byte, ev *policy.Event) bool {
	var fields [5][]byte
	for i := range fields {
		end := bytes.IndexByte(b, ' ')
		if end < 1 {
			return false
		}
		fields[i], b = b[:end], b[end+1:]
	}
	msg, ok := withoutData(b)
	if !ok {
		return false
	}
	msg = bytes.TrimPrefix(msg, []byte("\ufeff"))
	// What rsyslog took from a local program keeps the blank before it.
	msg = bytes.TrimPrefix(msg, []byte(" "))
	tag, pid := fields[2], fields[3]
	if string(pid) == "-" {
		pid = nil
	}
	return Message(tag, pid, msg, ev)
}

// withoutData drops the structured data, "-" or one or more of
// `[id name="value"]`, and the blank behind it. A value may hold brackets, and
// quotes behind a backslash.
func withoutData(b []byte) (msg []byte, ok bool) {
	if msg, ok := bytes.CutPrefix(b, []byte("- ")); ok {
		return msg, true
	}
	for len(b) > 0 && b[0] == '[' {
		end := dataEnd(b)
		if end == 0 {
			return nil, false
		}
		b, ok = b[end:], true
	}
	msg, blank := bytes.CutPrefix(b, []byte(" "))
	return msg, ok && blank
}

// dataEnd returns the length of one element of structured data, 0 if it has
// no end.
func dataEnd(b []byte) int {
	quoted := false
	for i := 0; i < len(b); i++ {
		switch {
		case b[i] == '"':
			quoted = !quoted
		case b[i] == '\\' && quoted:
			i++
		case b[i] == ']' && !quoted:
			return i + 1
		}
	}
	return 0
}
