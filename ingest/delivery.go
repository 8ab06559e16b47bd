package ingest

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// readSize is the size of one read, and so of what lies between two calls of
// Handler.Done.
const readSize = 256 << 10

// delivery hands lines of any of a source's files to the handler and counts
// them. It belongs to the source's goroutine.
type delivery struct {
	handler Handler
	stats   *counters
	source  string
	now     func() time.Time
	line    Line
	// buf is readSize long while the source reads, and lent to others while it
	// waits: of ten thousand logs few are read at once.
	buf *[readSize]byte
	// passed is how far the last rotated file was read that was read as a
	// whole, before a newer file was begun.
	passed Position
	// pieces outlives a file: the next one may begin with the rest of a line.
	pieces pieces
	// emit is the method value of take, made once: a new one for each read
	// would be an allocation.
	emit func(text []byte)
}

// newDelivery returns a delivery for the source of that name.
func newDelivery(h Handler, stats *counters, source string, now func() time.Time) *delivery {
	d := &delivery{handler: h, stats: stats, source: source, now: now}
	d.emit = d.take
	return d
}

// buffers are what sources that wait do not need.
var buffers = sync.Pool{New: func() any { return new([readSize]byte) }}

// turns bounds how many files are read at the same time, and with them the
// buffers: ten thousand logs are read at the start, and one Engine takes it all.
var turns = make(chan struct{}, 16)

// borrow waits for a turn and gets the buffer to read with.
func (d *delivery) borrow() {
	turns <- struct{}{}
	d.buf = buffers.Get().(*[readSize]byte)
}

// giveBack leaves the turn and the buffer to others. A line that was handed over is not
// valid any more, nor does the line keep what it was cut from.
func (d *delivery) giveBack() {
	buffers.Put(d.buf)
	d.buf, d.line.Text = nil, nil
	<-turns
}

// take hands one line over.
func (d *delivery) take(text []byte) {
	d.stats.lines.Add(1)
	if d.pieces.torn(text) {
		return
	}
	d.line.Text = text
	d.handler.Line(&d.line)
}

// chunk splits what one read has brought and hands its lines over.
func (d *delivery) chunk(s *splitter, chunk []byte, live bool) {
	d.begin(live)
	before := s.long
	s.feed(chunk, d.emit)
	d.stats.overLong.Add(s.long - before)
	d.stats.bytes.Add(uint64(len(chunk)))
}

// flush hands over a last line that will never be ended.
func (d *delivery) flush(s *splitter, live bool) {
	d.begin(live)
	s.flush(d.emit)
}

// begin sets what the lines of one read have in common.
func (d *delivery) begin(live bool) {
	now := d.now()
	d.line.Arrival, d.line.Live = now, live
	d.stats.lastLine.Store(now.UnixNano())
}

// position describes the place at offset in a file that begins with head.
func (d *delivery) position(id fileID, head []byte, offset int64) Position {
	pos := Position{
		Source:         d.source,
		Fingerprint:    headHash(head),
		FingerprintLen: len(head),
		Offset:         offset,
	}
	if len(head) == 0 {
		pos.Inode = id.ino
	}
	return pos
}

// pass tells that a rotated file was read up to pos.
func (d *delivery) pass(pos Position) {
	d.passed = pos
	d.handler.Done(pos)
}

// predecessor hands over a rotated file from offset to its end, an
// unterminated last line only where it is whole.
func (d *delivery) predecessor(ctx context.Context, p *past, offset int64, live, whole bool, maxLine int) error {
	rc, err := p.open()
	if err != nil {
		return err
	}
	defer func() { _ = rc.Close() }() // read only: nothing can be lost
	head := make([]byte, headLen)
	n, err := io.ReadFull(rc, head)
	if n == 0 {
		if errors.Is(err, io.EOF) {
			err = nil // an empty file
		}
		return err
	}
	head = head[:n]
	s := splitter{max: maxLine}
	at := int64(n)
	if offset < at {
		d.chunk(&s, head[offset:], live)
		d.pass(d.position(p.id, head, at-s.pending))
	} else if err = skip(rc, offset-at); err == nil {
		at = offset
	}
	for err == nil && ctx.Err() == nil {
		n, err = rc.Read(d.buf[:])
		at += int64(n)
		if n > 0 {
			d.chunk(&s, d.buf[:n], live)
			d.pass(d.position(p.id, head, at-s.pending))
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	if whole {
		d.flush(&s, live)
	}
	d.pass(d.position(p.id, head, at))
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return err
}

// skip passes over n bytes of r, by a seek where r can.
func skip(r io.Reader, n int64) error {
	if n == 0 {
		return nil
	}
	if seeker, ok := r.(io.Seeker); ok {
		_, err := seeker.Seek(n, io.SeekCurrent)
		return err
	}
	_, err := io.CopyN(io.Discard, r, n)
	return err
}
