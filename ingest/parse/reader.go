package parse

import "github.com/smtpbl/smtpbl/policy"

// A Reader makes events of lines and keeps what that takes between them: the
// administrator's detectors and room to unwrap containers' lines. It is not
// safe for concurrent use.
//
// Of a line that is no event, ev.Service names the server that speaks there of
// a login without telling its client in a way that can be read; 0 is none.
//
// Some servers name the client only when it connects. A Reader then gives two
// kinds of half an event, which Sessions put together.
type Reader struct {
	detectors []*Detector
	// unescaped holds the line of the last container's record, and is used again.
	unescaped []byte
}

// NewReader returns a Reader that tries detectors on lines that nothing else
// knows, in their order.
func NewReader(detectors []*Detector) *Reader { return &Reader{detectors: detectors} }

// Line is the function Line with the Reader's detectors, and knows the JSON
// records of containers too. ev's slices are good until the next call.
func (r *Reader) Line(line []byte, ev *policy.Event) bool {
	ev.Service, ev.Mechanism = 0, nil
	if len(line) > 0 && line[0] == '{' {
		return r.record(line, ev) || r.detect(ev)
	}
	if len(r.detectors) == 0 && silent(line) {
		return false
	}
	return Line(line, ev) || r.detect(ev)
}

// record is Line for a container's record.
func (r *Reader) record(b []byte, ev *policy.Event) (ok bool) {
	b, r.unescaped, ok = record(b, r.unescaped)
	return ok && recorded(b, ev)
}

// Message is the function Message with the Reader's detectors.
func (r *Reader) Message(tag, pid, msg []byte, ev *policy.Event) bool {
	ev.Service, ev.Mechanism = 0, nil
	return Message(tag, pid, msg, ev) || r.detect(ev)
}

// detect tries the detectors on a message that is no event. See Message for
// how ev tells the message.
func (r *Reader) detect(ev *policy.Event) bool {
	if tag, pid, msg := ev.Mechanism, ev.User, ev.Detail; len(r.detectors) > 0 && len(tag) > 0 {
		times, once := repeated(msg)
		for _, d := range r.detectors {
			if d.event(tag, pid, once, ev) {
				return times == 0 || multiply(ev, times)
			}
		}
	}
	return false
}
