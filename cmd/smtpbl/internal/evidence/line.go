// Package evidence keeps the last lines that speak of each address, so that a
// ban can be explained: a Ring holds them in bounded memory while the service
// runs, and the bytes that it gives away are what the history keeps of a ban.
//
// Clients write user names, and with them parts of log lines. They are kept as
// they came, but cut; whoever shows them makes them safe for a terminal.
package evidence

import (
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// What is kept is bounded: SMTP bounds neither a name nor what a server logs of
// it.
const (
	// MaxText is how many bytes of a line are kept.
	MaxText = 512
	// MaxUser is how many bytes of a user name are kept.
	MaxUser = 128
	// Most is how many lines are told of one address.
	Most = 16

	maxFailures = 1 << 30
)

// Line is one line as evidence.
type Line struct {
	// At is when the line counts: its arrival, or its own stamp in history.
	At       time.Time
	Service  policy.Service
	Protocol policy.Protocol
	Kind     policy.Kind
	// Failures is how many failed logins the line stands for.
	Failures int
	// User is the login name, empty where the line has none.
	User string
	// Text is the line, or what a source without lines told.
	Text string
}

// Cut tells whether User or Text may go on beyond what was kept of it.
func (l *Line) Cut() (user, text bool) { return len(l.User) >= MaxUser, len(l.Text) >= MaxText }

// Counts tells whether an event can be a reason for a ban; abuse says whether
// abuse can.
func Counts(ev *policy.Event, abuse bool) bool {
	switch ev.Kind {
	case policy.AuthFail:
		return true
	case policy.Session:
		return ev.Failures > 0
	case policy.Abuse:
		return abuse
	case policy.AuthOK, policy.BackendFault:
	}
	return false
}

// maxFixed is how many bytes appendLine adds at most to those of the texts.
const maxFixed = 3 + 4*binary.MaxVarintLen64

// appendLine writes what is kept of an event: kind, service and protocol, then
// varints of the time in Unix milliseconds and of the failures, and the texts
// with their lengths. The numbers of policy's kinds, services and protocols are
// stored: they may be added to, never changed.
func appendLine(b []byte, ev *policy.Event) []byte {
	b = append(b, byte(ev.Kind), byte(ev.Service), byte(ev.Protocol))
	b = binary.AppendVarint(b, ev.Time.UnixMilli())
	b = binary.AppendUvarint(b, uint64(min(max(ev.Failures, 0), maxFailures)))
	user, text := cut(ev.User, MaxUser), cut(ev.Line, MaxText)
	b = append(binary.AppendUvarint(b, uint64(len(user))), user...)
	if text == nil {
		return appendWords(b, ev)
	}
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// appendWords writes a text for an event that has no line.
func appendWords(b []byte, ev *policy.Event) []byte {
	text := make([]byte, 0, MaxText)
	text = append(append(text, ev.Service.String()...), " reports "...)
	switch {
	case ev.Kind == policy.Abuse:
		text = append(text, "abuse"...)
	case ev.Failures > 1:
		text = append(strconv.AppendInt(text, int64(ev.Failures), 10), " failed logins"...)
	default:
		text = append(text, "a failed login"...)
	}
	for _, part := range [...]struct {
		name  string
		value []byte
	}{{", user ", ev.User}, {", mechanism ", ev.Mechanism}, {", ", ev.Detail}} {
		if len(part.value) > 0 {
			text = append(append(text, part.name...), cut(part.value, MaxUser)...)
		}
	}
	text = cut(text, MaxText)
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

func cut(b []byte, most int) []byte { return b[:min(len(b), most)] }

var errDamaged = errors.New("the evidence is damaged")

// Decode reads lines that a Ring gave away, the oldest first. Of what is
// damaged it returns the lines before the damage, and an error.
func Decode(b []byte) ([]Line, error) {
	var lines []Line
	for len(b) > 0 {
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return lines, errDamaged
		}
		l, ok := decodeLine(b[n : n+int(size)])
		if !ok {
			return lines, errDamaged
		}
		lines = append(lines, l)
		b = b[n+int(size):]
	}
	return lines, nil
}

// decodeLine is the reverse of appendLine.
func decodeLine(b []byte) (l Line, ok bool) {
	if len(b) < 3 {
		return l, false
	}
	l.Kind, l.Service, l.Protocol = policy.Kind(b[0]), policy.Service(b[1]), policy.Protocol(b[2])
	at, n := binary.Varint(b[3:])
	if n <= 0 {
		return l, false
	}
	l.At = time.UnixMilli(at)
	failures, m := binary.Uvarint(b[3+n:])
	if m <= 0 || failures > maxFailures {
		return l, false
	}
	l.Failures = int(failures)
	b = b[3+n+m:]
	if l.User, b, ok = text(b, MaxUser); !ok {
		return l, false
	}
	l.Text, b, ok = text(b, MaxText)
	return l, ok && len(b) == 0
}

// text reads a text of at most most bytes and returns the rest.
func text(b []byte, most uint64) (s string, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > most || size > uint64(len(b)-n) {
		return "", nil, false
	}
	return string(b[n : n+int(size)]), b[n+int(size):], true
}
