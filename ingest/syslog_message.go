package ingest

import "bytes"

// syslogMessage is a message of RFC 3164 or RFC 5424 taken apart; its slices
// alias the message. It is our own work because the general parsers lose what
// syslog daemons really send: a message with a control character or invalid
// UTF-8 in it, and the tag that rsyslog has cut (see cutTag).
type syslogMessage struct {
	stamp, tag, pid, text []byte
}

// decode takes b apart and reports whether it is a syslog message that tells
// its program.
func (m *syslogMessage) decode(b []byte) bool {
	b = bytes.TrimRight(b, "\r\n\x00")
	b, ok := priority(b)
	if !ok {
		return false
	}
	if modern, ok := bytes.CutPrefix(b, []byte("1 ")); ok {
		return m.decode5424(modern)
	}
	return m.decode3164(b)
}

// priority passes over "<22>" (RFC 5424 section 6.2.1).
func priority(b []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != '<' {
		return nil, false
	}
	n, i := 0, 1
	for ; i < len(b) && i <= 3 && '0' <= b[i] && b[i] <= '9'; i++ {
		n = n*10 + int(b[i]-'0')
	}
	const highest = 23*8 + 7
	if i == 1 || i == len(b) || b[i] != '>' || n > highest {
		return nil, false
	}
	return b[i+1:], true
}

// decode3164 reads "Nov 24 10:00:00 host tag[pid]: text", where the stamp may
// be of RFC 3339 and what libc writes to a local socket has no host. Without a
// stamp there is no host either.
func (m *syslogMessage) decode3164(b []byte) bool {
	end := stampEnd(b)
	m.stamp, b = b[:max(end-1, 0)], b[end:]
	word, rest := nextWord(b)
	if !bytes.HasSuffix(word, []byte(":")) && end > 0 {
		word, rest = nextWord(rest) // that was the host
	}
	tag, ok := bytes.CutSuffix(word, []byte(":"))
	if !ok && (len(tag) != cutTag || end == 0) {
		return false
	}
	m.tag, m.pid = splitTag(tag)
	m.text = rest
	return len(m.tag) > 0
}

// cutTag is the length of the tags that RSYSLOG_ForwardFormat and
// RSYSLOG_TraditionalForwardFormat cut: a long name and process id lose their
// end, and the colon with it.
const cutTag = 32

// decode5424 reads what follows the version: "stamp host program pid id
// structured-data text", each of them "-" where unknown.
func (m *syslogMessage) decode5424(b []byte) bool {
	m.stamp, b = nextWord(b)
	_, b = nextWord(b) // host
	m.tag, b = nextWord(b)
	m.pid, b = nextWord(b)
	_, b = nextWord(b) // message id
	b, ok := structuredData(b)
	if !ok || len(m.tag) == 0 || isNil(m.tag) {
		return false
	}
	if isNil(m.pid) {
		m.pid = nil
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	// rsyslog leaves the blank that stood behind the tag.
	m.text = bytes.TrimPrefix(b, []byte(" "))
	return true
}

// structuredData passes over "-" or "[id name="value"]…" and the blank behind
// it (RFC 5424 section 6.3).
func structuredData(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	if b[0] == '-' {
		return afterData(b[1:])
	}
	for len(b) > 0 && b[0] == '[' {
		quoted, i := false, 1
		for ; i < len(b) && (quoted || b[i] != ']'); i++ {
			switch {
			case b[i] == '\\' && quoted:
				i++
			case b[i] == '"':
				quoted = !quoted
			}
		}
		if i >= len(b) {
			return nil, false
		}
		if b = b[i+1:]; len(b) == 0 || b[0] != '[' {
			return afterData(b)
		}
	}
	return nil, false
}

// afterData wants a blank or the message's end.
func afterData(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return b, true
	}
	return b[1:], b[0] == ' '
}

func isNil(b []byte) bool { return len(b) == 1 && b[0] == '-' }
