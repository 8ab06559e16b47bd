package parse

import "github.com/smtpbl/smtpbl/policy"

// A Reader makes events of lines and keeps what that takes between them: the
// administrator's detectors, room to unwrap containers' lines, and the count
// of what could not be read. It is not safe for concurrent use.
//
// Some servers name the client only when it connects. A Reader then gives two
// kinds of half an event, which Sessions put together.
type Reader struct {
	detectors []*Detector
	// unescaped holds the line of the last container's record, and is used again.
	unescaped []byte
	// Unread counts, by service, the lines that speak of a login without
	// telling its client in a way that can be read.
	Unread [1 << 8]uint64
}

// NewReader returns a Reader that tries detectors on lines that nothing else
// knows, in their order.
func NewReader(detectors []*Detector) *Reader { return &Reader{detectors: detectors} }

// Line is the function Line with the Reader's detectors, and knows the JSON
// records of containers too. ev's slices are good until the next call.
func (r *Reader) Line(line []byte, ev *policy.Event) bool {
	ev.Service = 0
	if len(line) > 0 && line[0] == '{' {
		if r.record(line, ev) {
			return true
		}
	} else if Line(line, ev) {
		return true
	}
	r.Unread[ev.Service]++
	return false
}

// record is Line for a container's record.
func (r *Reader) record(b []byte, ev *policy.Event) (ok bool) {
	b, r.unescaped, ok = record(b, r.unescaped)
	return ok && recorded(b, ev)
}

// Message is the function Message with the Reader's detectors.
func (r *Reader) Message(tag, pid, msg []byte, ev *policy.Event) bool {
	ev.Service = 0
	if Message(tag, pid, msg, ev) {
		return true
	}
	r.Unread[ev.Service]++
	return false
}
