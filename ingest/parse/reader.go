package parse

import (
	"bytes"

	"github.com/smtpbl/smtpbl/policy"
)

// A Reader makes events of lines and keeps what that takes between them: the
// administrator's detectors, room to unwrap containers' lines, and the count
// of what could not be read. It is not safe for concurrent use.
//
// Some servers name the client only when it connects. A Reader then gives two
// kinds of half an event, which Sessions put together.
type Reader struct {
	detectors []*Detector
	// Unread counts, by service, the lines that speak of a login without
	// telling its client in a way that can be read.
	Unread [1 << 8]uint64
}

// NewReader returns a Reader that tries detectors on lines that nothing else
// knows, in their order.
func NewReader(detectors []*Detector) *Reader { return &Reader{detectors: detectors} }

// Line is the function Line with the Reader's detectors.
func (r *Reader) Line(line []byte, ev *policy.Event) bool {
	ev.Service = 0
	if Line(line, ev) || r.detectLine(line, ev) {
		return true
	}
	r.Unread[ev.Service]++
	return false
}

// Message is the function Message with the Reader's detectors.
func (r *Reader) Message(tag, pid, msg []byte, ev *policy.Event) bool {
	ev.Service = 0
	if Message(tag, pid, msg, ev) || r.detect(tag, pid, msg, ev) {
		return true
	}
	r.Unread[ev.Service]++
	return false
}

// detectLine tries the detectors on a text line.
func (r *Reader) detectLine(line []byte, ev *policy.Event) bool {
	if len(r.detectors) == 0 {
		return false
	}
	at := stampEnd(line)
	if at == 0 {
		return false
	}
	tag, pid, msg := header(line[at:])
	return r.detect(tag, pid, msg, ev)
}

// detect tries the detectors on a message.
func (r *Reader) detect(tag, pid, msg []byte, ev *policy.Event) bool {
	if len(r.detectors) == 0 || len(tag) == 0 {
		return false
	}
	times, once := repeated(bytes.TrimSuffix(msg, []byte("\r")))
	for _, d := range r.detectors {
		if d.event(tag, pid, once, ev) {
			return times == 0 || multiply(ev, times)
		}
	}
	return false
}
