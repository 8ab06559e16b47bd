package parse

import "time"

// A Stamper is Stamp for the lines of one file. Lines of the same second come
// together, so it remembers the last one and works a calendar out only when
// the text of the second changes. It is not safe for concurrent use.
type Stamper struct {
	ref  time.Time
	loc  *time.Location
	text []byte
	zone []byte
	at   time.Time
}

// NewStamper returns a Stamper whose ref and loc are those of Stamp.
func NewStamper(ref time.Time, loc *time.Location) *Stamper {
	return &Stamper{ref: ref, loc: loc}
}

// Stamp returns the line's own time, and false for a line without one.
func (s *Stamper) Stamp(line []byte) (time.Time, bool) {
	text, fraction, zone, ok := splitStamp(line)
	if !ok {
		return time.Time{}, false
	}
	if string(text) != string(s.text) || string(zone) != string(s.zone) {
		t, ok := second(text, zone, s.ref, s.loc)
		if !ok {
			return time.Time{}, false
		}
		s.at = t
		s.text, s.zone = append(s.text[:0], text...), append(s.zone[:0], zone...)
	}
	return s.at.Add(fraction), true
}
