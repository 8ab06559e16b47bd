package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// errCursorGone says that the journal does not hold the entry to go on from.
var errCursorGone = errors.New("the journal does not hold the cursor")

// maxEntry bounds one entry as journalctl writes it: a binary message of
// DefaultMaxLine takes up to four characters a byte.
const maxEntry = 5 * DefaultMaxLine

// journalReader reads entries in the goroutine of Journal.Run.
type journalReader struct {
	j       *Journal
	handler Handler
	line    Line
	entry   journalEntry
	buf     []byte
	// cursor is the last entry seen; empty before the first.
	cursor string
	// since is where to begin without a cursor.
	since time.Time
	// verify is set until the first entry has proved that the cursor was
	// found. journalctl goes to the nearest entry where it was not, without
	// saying so.
	verify bool
	// entries counts all entries seen.
	entries uint64
	live    bool
	err     error
	// cut holds the streams of containers whose last entry goes on in the next.
	cut map[string]bool
}

// newJournalReader returns a reader that begins where j's Start says.
func newJournalReader(j *Journal, h Handler) *journalReader {
	r := &journalReader{j: j, handler: h, buf: make([]byte, readSize), cut: map[string]bool{}, since: j.cfg.Now().Add(-j.cfg.History)}
	if j.cfg.Start != nil {
		r.cursor = j.cfg.Start.Cursor
	}
	return r
}

// run reads what stands in the journal, if that is not done yet, and then
// follows it. The two are two runs of journalctl: only the end of the first
// tells for certain that the past is through.
func (r *journalReader) run(ctx context.Context) error {
	if !r.live {
		if err := r.read(ctx, false); err != nil {
			return err
		}
		r.live = true
		r.j.stats.unhinder()
		r.j.declare()
	}
	return r.read(ctx, true)
}

// read takes all that one run of journalctl writes.
func (r *journalReader) read(ctx context.Context, follow bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	child, err := startJournalctl(ctx, r.j.program, r.args(follow))
	if err != nil {
		return err
	}
	seen := r.entries
	r.verify, r.err = r.cursor != "", nil
	s := splitter{max: maxEntry}
	for r.err == nil {
		var n int
		n, err = child.Read(r.buf)
		s.feed(r.buf[:n], r.take)
		if n > 0 && r.err == nil && r.cursor != "" {
			r.handler.Done(Position{Source: JournalSource, Cursor: r.cursor})
		}
		if err != nil {
			break
		}
	}
	if r.err != nil {
		cancel() // a child that has said all ends by itself
	}
	waitErr := child.Wait()
	switch {
	case r.err != nil:
		r.dropCursor()
		return r.err
	case waitErr != nil && r.verify && r.entries == seen && strings.Contains(waitErr.Error(), "cursor"):
		// The cursor is damaged, or of a format that this systemd does not know.
		r.dropCursor()
		return errCursorGone
	case waitErr != nil:
		return waitErr
	case follow || !errors.Is(err, io.EOF):
		return fmt.Errorf("read from journalctl: %w", err)
	}
	return nil
}

// take handles one entry.
func (r *journalReader) take(text []byte) {
	if r.err != nil {
		return
	}
	e := &r.entry
	if err := e.decode(text); err != nil {
		r.j.stats.refused.Add(1)
		return
	}
	r.entries++
	r.j.stats.unhinder()
	if r.verify {
		r.verify = false
		if e.cursor != r.cursor {
			r.err = errCursorGone
			return
		}
		return // this one was handed over before
	}
	r.cursor = e.cursor
	if !r.j.cfg.believe(e) {
		r.j.stats.refused.Add(1)
		return
	}
	r.hand(e)
}

// hand gives the entry's message to the handler.
func (r *journalReader) hand(e *journalEntry) {
	stats := &r.j.stats
	if len(e.message) > DefaultMaxLine {
		e.message = e.message[:DefaultMaxLine]
		stats.overLong.Add(1)
	}
	now := r.j.cfg.Now()
	r.line = Line{Text: e.message, Tag: e.tag, PID: e.pid, Stamp: e.stamp, Arrival: now, Live: r.live}
	torn := false
	if e.container != "" || e.containerTag != "" {
		torn = r.torn(e)
		r.line.Tag, r.line.PID, r.line.Text = containerLine(e.message)
	}
	if !torn {
		r.handler.Line(&r.line)
	}
	stats.lines.Add(1)
	stats.bytes.Add(uint64(len(e.message)))
	stats.lastLine.Store(now.UnixNano())
}

// torn tells whether a container's entry is a piece of a longer line: see pieces.
// The last one has no mark of podman's.
func (r *journalReader) torn(e *journalEntry) bool {
	stream := e.container + " " + e.priority
	torn := e.piece || e.more || r.cut[stream]
	delete(r.cut, stream)
	if e.more {
		r.cut[stream] = true
	}
	return torn
}

// dropCursor makes the next run begin by time: right behind the lost entry,
// whose cursor tells when it was written, but no earlier than History allows.
func (r *journalReader) dropCursor() {
	r.since = r.j.cfg.Now().Add(-r.j.cfg.History)
	if when, ok := cursorTime(r.cursor); ok && when.After(r.since) {
		r.since = when.Add(time.Microsecond)
	}
	r.cursor = ""
}

// cursorTime reads the time from a cursor, "s=…;i=…;b=…;m=…;t=HEX;x=…" with t
// in microseconds (systemd src/libsystemd/sd-journal/sd-journal.c,
// sd_journal_get_cursor).
func cursorTime(cursor string) (time.Time, bool) {
	for field := range strings.SplitSeq(cursor, ";") {
		if hex, found := strings.CutPrefix(field, "t="); found {
			us, err := strconv.ParseInt(hex, 16, 64)
			return time.UnixMicro(us), err == nil
		}
	}
	return time.Time{}, false
}
