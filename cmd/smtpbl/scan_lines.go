package main

import (
	"io"
	"runtime"
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
	// handle takes an event and the number of its line in its file. The event
	// is valid until handle returns; its Time is zero where the line has none.
	handle func(line uint64, ev *policy.Event)

	before          uint64 // lines of the file before the block
	lines, events   uint64
	overLong, noted uint64 // lines cut, and lines about a login that cannot be read
}

// parsed is what a block of lines says. Its buffers are used again.
type parsed struct {
	events []policy.Event
	lines  []uint64 // of each event, in the block
	text   []byte   // what the events point to
}

// parsers is how many goroutines parse. The limit bounds the memory of a
// machine with many cores; more would wait for the one Engine.
func parsers() int { return min(runtime.GOMAXPROCS(0), 8) }

// newScanner returns a scanner that parses in so many goroutines.
func newScanner(parsers int, detectors []*parse.Detector, handle func(line uint64, ev *policy.Event)) *scanner {
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
	for i := range b.Made.events {
		ev := &b.Made.events[i]
		start := ev.Kind == 0 // of a connection
		switch {
		case s.sessions.Resolve(ev):
			s.events++
			s.handle(s.before+b.Made.lines[i], ev)
		case !start && ev.Service != 0:
			s.noted++
		}
	}
	s.before += b.Lines
}

// unread is how many lines speak of a login whose client cannot be read.
func (s *scanner) unread() uint64 {
	n := s.noted
	for _, p := range s.parsers {
		for _, of := range p.reader.Unread[1:] {
			n += of
		}
	}
	return n
}

// blockParser is what one goroutine parses blocks with.
type blockParser struct {
	reader *parse.Reader
	stamps *parse.Stamper
	event  policy.Event
}

// parse makes events of a block's lines. Most lines are nothing to us.
func (p *blockParser) parse(b *ingest.Block[parsed]) {
	m := &b.Made
	m.events, m.lines, m.text = m.events[:0], m.lines[:0], m.text[:0]
	line, ev := uint64(0), &p.event
	b.Each(func(text []byte) {
		line++
		if !p.reader.Line(text, ev) {
			return
		}
		ev.Time, _ = p.stamps.Stamp(text)
		ev.User, ev.Mechanism, ev.Detail = m.keep(ev.User), m.keep(ev.Mechanism), m.keep(ev.Detail)
		m.events, m.lines = append(m.events, *ev), append(m.lines, line)
	})
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
