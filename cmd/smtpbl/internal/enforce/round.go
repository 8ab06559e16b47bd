package enforce

import (
	"container/heap"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/nft"
)

const (
	// roundEvery is how often every wanted ban is compared with the kernel, by
	// key (about 4 µs each).
	roundEvery = time.Minute
	// roundShare bounds the regular comparison to this share of the time.
	roundShare = 100
	// sliceFirst and sliceMost are how many bans are looked at in one go. The
	// first slice is small: it tells whether a set has been emptied.
	sliceFirst, sliceMost = 128, 2000
)

// round goes once through the ledger, in slices between which other work has
// its turn, and repairs what the kernel lacks or holds with another end.
type round struct {
	cause  string          // counted when something was repaired; "" if it has been
	by     nft.Foreign     // who gave occasion
	urgent bool            // bans are missing: no rest between slices, the latest bans first
	empty  map[string]bool // sets in which nothing stands: no need to ask
	// rewrite is whether the history gets the bans anew, because their ends
	// have moved.
	rewrite bool

	next  func() (store.Record, bool)
	stop  func()
	size  int
	begun time.Time
	due   time.Time // of the next slice

	compared, missing, wrongEnd, failed int
	left                                int // bans of empty sets that are not back yet
}

// begin starts a round, in place of one that is under way, with its first
// slice.
func (e *Enforcer) begin(r *round) {
	if old := e.round; old != nil {
		old.stop()
		// What the old round was about is not finished.
		r.urgent = r.urgent || old.urgent
		r.rewrite = r.rewrite || old.rewrite
		if r.cause == "" && (old.cause != causeDrift || old.missing+old.wrongEnd > 0) {
			r.cause = old.cause
		}
	}
	r.begun, r.size = time.Now(), sliceFirst
	if len(r.empty) > 0 {
		r.size = sliceMost
	}
	for set := range r.empty {
		r.left += e.ledger.sizes()[set]
	}
	if e.round != nil {
		r.left = max(r.left, e.round.left) // what it did not bring back may be lacking still
	}
	e.round, e.owed = r, nil
	bans := e.ledger.all()
	if r.urgent {
		bans = e.latestFirst(sliceMost)
	}
	r.next, r.stop = iter.Pull(bans)
	e.roundDue = r.begun.Add(roundEvery)
	e.slice()
}

// slice works through the next bans of the round.
func (e *Enforcer) slice() {
	r, start := e.round, time.Now()
	ask, write, more := r.gather(start, e.isPending)
	d, err := e.compare(ask)
	if err != nil {
		e.failed(err)
		return
	}
	r.count(&d)
	if r.rewrite {
		e.resave(ask)
	}
	e.write(r, &d, write)
	switch {
	case e.round != r:
	case !more:
		e.finish()
	default:
		r.size = min(2*r.size, sliceMost)
		r.due = time.Now()
		if !r.urgent {
			r.due = r.due.Add(roundShare * time.Since(start))
		}
	}
}

// resave hands bans to the history once more.
func (e *Enforcer) resave(keys []nft.Key) {
	records := make([]store.Record, 0, len(keys))
	for _, k := range keys {
		if r, ok := e.ledger.get(k); ok {
			records = append(records, r)
		}
	}
	e.save(records)
}

// write brings what differs, and what lay in an empty set, into the kernel.
func (e *Enforcer) write(r *round, d *difference, lost []nft.Change) {
	if err := e.apply(append(d.changes, lost...)); err != nil {
		r.failed += len(d.changes) + len(lost)
	}
	if e.round != r { // the table was gone, and a new round has begun
		return
	}
	for set := range d.empty {
		if !r.empty[set] {
			r.empty[set] = true
			r.left += e.ledger.sizes()[set] - d.empty[set]
		}
	}
	r.left = max(0, r.left-len(lost))
	r.missing += len(lost)
	e.health.lacks(r.left)
}

// gather takes bans from the ledger: those to ask for and, where nothing
// stands, those to write. A ban about to end, or one waiting to be tried again,
// is left alone.
func (r *round) gather(now time.Time, pending func(nft.Key) bool) (ask []nft.Key, write []nft.Change, more bool) {
	if r.empty == nil {
		r.empty = map[string]bool{}
	}
	for len(ask)+len(write) < r.size {
		b, ok := r.next()
		if !ok {
			return ask, write, false
		}
		k := b.Key()
		left := b.Until.Sub(now)
		switch {
		case left <= endsNow || pending(k):
		case r.empty[k.Set()]:
			write = append(write, nft.Change{Layer: k.Layer, Prefix: k.Prefix, Timeout: left})
		default:
			ask = append(ask, k)
		}
	}
	return ask, write, true
}

func (r *round) count(d *difference) {
	r.compared += d.compared
	r.missing += d.missing
	r.wrongEnd += d.wrongEnd
}

// failed gives a round up. It is begun again soon, and with the same haste.
func (e *Enforcer) failed(err error) {
	r := e.round
	r.stop()
	e.round = nil
	e.roundDue = e.hurry()
	if r.urgent || r.rewrite {
		e.owed = &round{cause: r.cause, by: r.by, urgent: r.urgent, rewrite: r.rewrite, left: r.left}
	}
	if errors.Is(err, nft.ErrTableGone) {
		e.rebuildFor(causeGone, nft.Foreign{})
		return
	}
	e.health.kernelError(err)
	e.Log.Error("cannot compare the wanted bans with the kernel", "err", err)
}

// finish reports what the round found.
func (e *Enforcer) finish() {
	r := e.round
	e.round, e.patience = nil, 0
	r.stop()
	e.health.compared(time.Now(), 0)
	e.sound()
	if r.missing+r.wrongEnd == 0 {
		return
	}
	if r.cause != "" {
		e.Meter.Healed(r.cause)
	}
	e.Log.Warn("bans restored that the kernel lacked or held with another end", "cause", r.cause, "missing", r.missing,
		"wrong_end", r.wrongEnd, "failed", r.failed, "compared", r.compared, "by", culprit(r.by), "took", time.Since(r.begun))
}

// latestFirst goes through the ledger, beginning with the n latest bans: who
// attacks now must not get through while the others are brought back.
func (e *Enforcer) latestFirst(n int) iter.Seq[store.Record] {
	return func(yield func(store.Record) bool) {
		first := e.latest(n)
		seen := make(map[nft.Key]struct{}, len(first))
		for i := range first {
			seen[first[i].Key()] = struct{}{}
			if r, ok := e.ledger.get(first[i].Key()); ok && !yield(r) {
				return
			}
		}
		for r := range e.ledger.all() {
			if _, again := seen[r.Key()]; !again && !yield(r) {
				return
			}
		}
	}
}

// latest returns the n bans that began last, the last one first.
func (e *Enforcer) latest(n int) []store.Record {
	var h byStart
	for r := range e.ledger.all() {
		switch {
		case len(h) < n:
			heap.Push(&h, r)
		case r.At.After(h[0].At):
			h[0] = r
			heap.Fix(&h, 0)
		}
	}
	slices.SortFunc(h, func(a, b store.Record) int { return b.At.Compare(a.At) })
	return h
}

// byStart is a heap of bans, the one that began first on top.
type byStart []store.Record

func (h byStart) Len() int           { return len(h) }
func (h byStart) Less(i, j int) bool { return h[i].At.Before(h[j].At) }
func (h byStart) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byStart) Push(x any)        { *h = append(*h, x.(store.Record)) }
func (h *byStart) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
