package ingest

import "time"

// Line is one line of a log. Its slices alias the source's buffer and are
// valid only until Handler.Line returns.
type Line struct {
	// Text is the line without its end; where Tag is set, the message alone.
	Text []byte
	// Tag and PID are the program and process that a structured source
	// (journald) names apart from the message: "postfix/smtpd", "1234".
	Tag, PID []byte
	// Stamp is the time a structured source gives the line; zero where the
	// stamp stands in Text.
	Stamp time.Time
	// Arrival is when we read it, with the monotonic reading.
	Arrival time.Time
	// Live is true for a line that was written while we watched: it counts
	// at its Arrival. History counts at its own stamp.
	Live bool
}

// Position is a place in a source from which reading can go on after a
// restart. For a file it is a fingerprint of the file's first bytes and an
// offset, and while the file is empty its inode number; for the journal a
// cursor.
type Position struct {
	Source         string `json:"source"`
	Fingerprint    uint64 `json:"fingerprint,omitempty"`
	FingerprintLen int    `json:"fingerprint_len,omitempty"`
	Offset         int64  `json:"offset,omitempty"`
	Inode          uint64 `json:"inode,omitempty"`
	Cursor         string `json:"cursor,omitempty"`
}

// Handler takes what a source reads, in the source's own goroutine.
type Handler interface {
	// Line takes one complete line.
	Line(l *Line)
	// Done follows the last line of each read: everything before pos was
	// handed over. It may block; the source then simply reads later.
	Done(pos Position)
}
