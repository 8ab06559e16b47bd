package main

import (
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// scanner makes events of logs the way the service does, with the same
// parsers. Several blocks of lines are parsed at the same time; events are
// handed on in the order of their lines.
type scanner struct {
	parsers  []*blockParser
	sessions parse.Sessions
	blocks   *ingest.Blocks[parsed]
	// handle takes the events of a block and the numbers of their lines in
	// their file. They are valid, and its own to change, until handle returns;
	// an event's Time is zero where its line has none.
	handle func(lines []uint64, events []policy.Event)

	before           uint64 // lines of the file before the block
	lines, events    uint64
	overLong, unread uint64 // lines cut, and lines about a login that cannot be read
}

// parsed is what a block of lines says. Its buffers are used again.
type parsed struct {
	events []policy.Event
	lines  []uint64 // of each event, in the block
	text   []byte   // what the events point to
	unread uint64   // lines about a login that cannot be read
}

// parsers is how many goroutines parse. The limit bounds the memory of a
// machine with many cores; more would wait for the one Engine.
func parsers() int { return min(runtime.GOMAXPROCS(0), 8) }

// newScanner returns a scanner that parses in so many goroutines.
func newScanner(parsers int, detectors []*parse.Detector, handle func(lines []uint64, events []policy.Event)) *scanner {
	s := &scanner{handle: handle}
	first := make([]func(*ingest.Block[parsed]), 0, parsers)
	for range parsers {
		p := &blockParser{reader: parse.NewReader(detectors)}
		s.parsers, first = append(s.parsers, p), append(first, p.parse)
	}
	s.blocks = ingest.NewBlocks(first, s.take)
	return s
}

// read reads one log, whose stamps without a year end at ref, with the zone
// loc where they have none.
func (s *scanner) read(r io.Reader, ref time.Time, loc *time.Location) error {
	s.before = 0
	for _, p := range s.parsers {
		p.stamps = parse.NewStamper(ref, loc)
	}
	stats, err := s.blocks.Read(r)
	s.lines += stats.Lines
	s.overLong += stats.OverLong
	return err
}

// take completes a block's events and hands them on.
func (s *scanner) take(b *ingest.Block[parsed]) {
	m, n := &b.Made, 0
	for i := range m.events {
		ev := &m.events[i]
		switch {
		case s.sessions.Resolve(ev):
			if n < i {
				m.events[n] = *ev
			}
			m.lines[n] = s.before + m.lines[i]
			n++
		case ev.Service != 0:
			s.unread++
		}
	}
	s.unread += m.unread
	s.handle(m.lines[:n], m.events[:n])
	s.events += uint64(n) //nolint:gosec // never negative
	s.before += b.Lines
}

// blockParser is what one goroutine parses blocks with.
type blockParser struct {
	reader *parse.Reader
	stamps *parse.Stamper
}

// parse makes events of a block's lines. Most lines are nothing to us.
func (p *blockParser) parse(b *ingest.Block[parsed]) {
	m := &b.Made
	m.events, m.lines, m.text, m.unread = m.events[:0], m.lines[:0], m.text[:0], 0
	line := uint64(0)
	b.Each(func(text []byte) {
		line++
		ev := m.room()
		if !p.reader.Line(text, ev) {
			if ev.Service != 0 {
				m.unread++
			}
			return
		}
		ev.Time, _ = p.stamps.Stamp(text)
		ev.User, ev.Mechanism, ev.Detail = m.keep(ev.User), m.keep(ev.Mechanism), m.keep(ev.Detail)
		m.events, m.lines = m.events[:len(m.events)+1], append(m.lines, line)
	})
}

// room returns the place behind the last event, so that a parser writes the
// next one where it belongs.
func (m *parsed) room() *policy.Event {
	n := len(m.events)
	if n == cap(m.events) {
		m.events = slices.Grow(m.events, 1)
	}
	return &m.events[:n+1][n]
}

// keep copies text, which the parser may overwrite. Where the buffer grows,
// slices of the old one stay valid.
func (m *parsed) keep(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	n := len(m.text)
	m.text = append(m.text, text...)
	return m.text[n:len(m.text):len(m.text)]
}
