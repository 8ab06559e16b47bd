// Package pipeline carries events from the sources to the Engine and its
// decisions on to the Enforcer: the first of the two hops between the three
// goroutines that own something (a source, the Engine, the kernel's table).
// The channels are bounded; when the Engine is behind, a file is simply read
// later, so nothing is lost and nothing grows.
package pipeline

import (
	"context"
	"runtime/debug"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// Batch is what one read of a source brought.
type Batch struct {
	Events []policy.Event
	// Pos is where to read on once the effects of Events have been kept.
	Pos ingest.Position
	// Unread holds, for each line that speaks of a login without telling its
	// client, or its time where that counts, the service that wrote it.
	Unread []policy.Service
	// ReadAt is when the first line was read; zero for history.
	ReadAt time.Time
	text   []byte // holds the user names and lines that Events point to
	home   chan *Batch
	large  <-chan struct{} // holds a token for it; nil where it is small
}

func (b *Batch) reset() {
	b.Events, b.Unread, b.text, b.ReadAt = b.Events[:0], b.Unread[:0], b.text[:0], time.Time{}
}

// Collector turns a source's lines into Batches. It is the ingest.Handler of
// one source and runs in that source's goroutine.
type Collector struct {
	ctx   context.Context //nolint:containedctx // Handler has no context: Done must give up with the service
	out   chan<- *Batch
	spare chan *Batch
	large chan struct{} // a token for each large batch that is not judged yet
	batch *Batch
	// reader and sessions keep what some servers tell before the line that counts.
	reader   *parse.Reader
	sessions parse.Sessions
	zone     *time.Location
	now      func() time.Time
}

const (
	// spares bounds how many empty batches are kept for reuse.
	spares = 2 * evidenceBatches
	// largeMost bounds how many large batches a source has under way: a log that
	// is read from its beginning would fill the channel with megabytes. Some
	// more than can wait for their lines to be kept, so that it never stands still.
	largeMost = evidenceBatches + 4
	// largeEvents and largeText make a batch large.
	largeEvents, largeText = 256, 64 << 10
)

// NewCollector makes a Collector that reads lines with reader and hands its
// batches to out until ctx ends. Stamps without a zone are of zone.
func NewCollector(ctx context.Context, out chan<- *Batch, reader *parse.Reader, zone *time.Location) *Collector {
	return &Collector{ctx: ctx, out: out, spare: make(chan *Batch, spares), large: make(chan struct{}, largeMost), reader: reader, zone: zone, now: time.Now}
}

// Line parses one line; most are nothing to us.
func (c *Collector) Line(l *ingest.Line) {
	b := c.current()
	b.Events = append(b.Events, policy.Event{})
	ev := &b.Events[len(b.Events)-1]
	if !c.parse(l, ev) {
		b.Events = b.Events[:len(b.Events)-1]
		return
	}
	if l.Live && b.ReadAt.IsZero() {
		b.ReadAt = l.Arrival
	}
	ev.User, ev.Mechanism, ev.Detail, ev.Line = b.keep(ev.User), nil, nil, nil
	if evidence.Counts(ev, true) {
		ev.Line = b.keepLine(l)
	}
}

func (c *Collector) parse(l *ingest.Line, ev *policy.Event) bool {
	ok := c.read(l, ev)
	if !ok {
		return false
	}
	if ev.Time = l.Arrival; l.Live {
		return true
	}
	if ev.Time, ok = c.stamp(l); !ok {
		c.batch.Unread = append(c.batch.Unread, ev.Service)
	}
	return ok
}

// ahead is how far a stamp may be ahead of our clock: servers elsewhere have
// clocks and zones of their own.
const ahead = 24 * time.Hour

// stamp is when a line of the past was written. What is read was written before,
// so that a stamp a little ahead of time stands for now. One far ahead, of a
// clock that was set wrongly, tells nothing: a ban from then on would hold for
// years.
func (c *Collector) stamp(l *ingest.Line) (at time.Time, ok bool) {
	now := c.now()
	if at, ok = l.Stamp, true; at.IsZero() {
		at, ok = parse.Stamp(l.Text, now, c.zone)
	}
	if !at.After(now) {
		return at, ok
	}
	return now, ok && at.Sub(now) <= ahead
}

// read makes an event of l, and notes where a login's client is missing.
func (c *Collector) read(l *ingest.Line, ev *policy.Event) bool {
	var ok bool
	if l.Tag != nil {
		ok = c.reader.Message(l.Tag, l.PID, l.Text, ev)
	} else {
		ok = c.reader.Line(l.Text, ev)
	}
	if ok && c.sessions.Resolve(ev) {
		return true
	}
	if ev.Service != 0 {
		c.batch.Unread = append(c.batch.Unread, ev.Service)
	}
	return false
}

// Event takes an event that a source tells without a log line.
func (c *Collector) Event(ev *policy.Event) {
	b := c.current()
	if b.ReadAt.IsZero() {
		b.ReadAt = ev.Time
	}
	kept := *ev
	kept.User, kept.Mechanism, kept.Detail = b.keep(ev.User), b.keep(ev.Mechanism), b.keep(ev.Detail)
	b.Events = append(b.Events, kept)
}

// keep copies text into the batch. Where the batch's buffer grows, slices of
// the old one stay valid.
func (b *Batch) keep(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	b.room(len(text))
	n := len(b.text)
	b.text = append(b.text, text...)
	return b.text[n:len(b.text):len(b.text)]
}

const (
	// leastText is how much room for texts a batch has at least.
	leastText = 16 << 10
	// mostGrowth is how much it grows by at most, about what one read of a file
	// brings: many batches wait in a burst, and room that none of them fills is
	// memory all the same.
	mostGrowth = 256 << 10
)

// room makes room for n more bytes of text. In a burst of failures it grows to
// the size of a read in three steps, where append would take twenty.
func (b *Batch) room(n int) {
	if len(b.text)+n > cap(b.text) {
		b.text = slices.Grow(b.text, max(n, leastText, min(3*cap(b.text), mostGrowth)))
	}
}

// keepLine copies the beginning of a line into the batch, with the name of the
// program in front where the source tells that apart.
func (b *Batch) keepLine(l *ingest.Line) []byte {
	b.room(len(l.Tag) + len(l.PID) + len("[]: ") + min(len(l.Text), evidence.MaxText))
	n := len(b.text)
	if l.Tag != nil {
		b.text = append(append(append(append(b.text, l.Tag...), '['), l.PID...), "]: "...)
	}
	b.text = append(b.text, l.Text[:min(len(l.Text), evidence.MaxText)]...)
	return b.text[n:len(b.text):len(b.text)]
}

func (c *Collector) current() *Batch {
	if c.batch == nil {
		select {
		case c.batch = <-c.spare:
			c.batch.reset()
		default:
			c.batch = &Batch{home: c.spare}
		}
	}
	return c.batch
}

// Done hands the batch over, waiting where the Engine is behind.
func (c *Collector) Done(pos ingest.Position) {
	b := c.current()
	b.Pos = pos
	c.batch = nil
	if len(b.Events) > largeEvents || len(b.text) > largeText {
		select {
		case c.large <- struct{}{}:
			b.large = c.large
		case <-c.ctx.Done():
			return
		}
	}
	select {
	case c.out <- b:
	case <-c.ctx.Done():
	}
}

// shed forgets the empty batches of a source that had large ones, once it has none
// under way: what it needed to read a whole log is of no use beside new lines. If
// there were many, the memory goes back to the system, which takes a collection.
func (j *Judge) shed() {
	n := 0
	for home, large := range j.grown {
		if len(large) == 0 {
			n += empty(home)
			delete(j.grown, home)
		}
	}
	if n >= evidenceBatches {
		debug.FreeOSMemory()
	}
}

func empty(home <-chan *Batch) (n int) {
	for {
		select {
		case <-home:
			n++
		default:
			return n
		}
	}
}

// release gives a batch that was judged back to its Collector.
func (b *Batch) release() {
	if b.large != nil {
		<-b.large
		b.large = nil
	}
	select {
	case b.home <- b:
	default:
	}
}
