package ingest

import (
	"sync/atomic"
	"time"
)

// Stats is what a source has counted since it was made. Every field but Lag,
// Behind, LastLine and Trouble only grows.
type Stats struct {
	// Lines and Bytes were handed over; Bytes includes line ends.
	Lines, Bytes uint64
	// Lag is how many bytes of the file are not read yet, as of the last look.
	Lag int64
	// Behind is how long the oldest byte that is known and not handed over has
	// been waiting; 0 where everything is read. It grows while the handler
	// blocks.
	Behind time.Duration
	// LastLine is when the last line was read; zero before the first.
	LastLine time.Time
	// Rotations counts how often the path came to name another file.
	Rotations uint64
	// Gaps counts how often lines may have been missed, because what stood
	// between the file that was read last and the current one is not to be
	// found, or cannot be told from what was read already.
	Gaps uint64
	// Truncations counts how often the file was cut under us.
	Truncations uint64
	// Reopens counts recoveries: the file was missing or refused and can be
	// read again, or journalctl had ended and was started again.
	Reopens uint64
	// Errors counts failed attempts to open or read, and how often the kernel
	// has lost events, which costs one look at the file and no line. A file
	// that is merely missing is no error.
	Errors uint64
	// OverLong counts lines of which only the beginning was kept.
	OverLong uint64
	// Refused counts journal entries that the mail system did not write, or
	// that could not be read as an entry, and syslog messages that are none or
	// come from somebody who is not believed.
	Refused uint64
	// Dropped counts messages that came by a socket faster than they could be
	// handled and are lost.
	Dropped uint64
	// Trouble is what keeps the source from reading now, and what to do about
	// it where that is known; empty is nothing.
	Trouble string
}

// counters are the live form of Stats: written by the source's goroutine,
// read from anywhere.
type counters struct {
	lines, bytes, rotations, truncations atomic.Uint64
	reopens, errors, overLong, refused   atomic.Uint64
	dropped, gaps                        atomic.Uint64
	lag                                  atomic.Int64
	lastLine, behindSince                atomic.Int64 // Unix nanoseconds
	trouble                              atomic.Pointer[string]
}

// snapshot reads the counters; each is exact, together they may be a few
// lines apart.
func (c *counters) snapshot() Stats {
	s := Stats{
		Lines:       c.lines.Load(),
		Bytes:       c.bytes.Load(),
		Lag:         c.lag.Load(),
		Rotations:   c.rotations.Load(),
		Gaps:        c.gaps.Load(),
		Truncations: c.truncations.Load(),
		Reopens:     c.reopens.Load(),
		Errors:      c.errors.Load(),
		OverLong:    c.overLong.Load(),
		Refused:     c.refused.Load(),
		Dropped:     c.dropped.Load(),
	}
	if ns := c.lastLine.Load(); ns != 0 {
		s.LastLine = time.Unix(0, ns)
	}
	if text := c.trouble.Load(); text != nil {
		s.Trouble = *text
	}
	return s
}

// hinder notes what keeps the source from reading.
func (c *counters) hinder(err error, advice string) {
	text := err.Error()
	if advice != "" {
		text += "; " + advice
	}
	c.trouble.Store(&text)
}

// unhinder notes that it reads again.
func (c *counters) unhinder() { c.trouble.Store(nil) }
