// Package enforce owns what is banned. One goroutine, the Enforcer's, holds
// the ledger of wanted bans and is the only one that changes the bans in the
// kernel's table. The order of effects is always the same: ledger, kernel
// commit, then the log line and the metrics that say so; the history is written
// beside them. A
// ban that the kernel refused is never reported as enforced; it is tried
// again with back-off until it stands or has run out.
package enforce

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/nft"
	"github.com/smtpbl/smtpbl/policy"
)

// Kernel is what the Enforcer needs of nft.Table.
type Kernel interface {
	Ensure() (nft.Adoption, error)
	Apply(changes []nft.Change) error
	Load(changes []nft.Change) error
	Query(keys []nft.Key) ([]nft.Ban, error)
	Bans() ([]nft.Ban, error)
	Count() (map[string]int, error)
	Intact() (bool, error)
	Flush() error
	SetAllow(prefixes []netip.Prefix) error
}

// History is what the Enforcer needs of store.Store.
type History interface {
	Each(f func(*store.Record) error) error
	Get(k nft.Key) (r store.Record, ok bool, err error)
	Put(records []store.Record) error
	PutEvidence(list []store.Evidence) error
	Prune(before time.Time) (int, error)
	Checkpoint(positions []ingest.Position, w store.Window) error
	DropWindow(w store.Window)
}

// Meter takes counts of what happened; see package metrics for the series.
type Meter interface {
	Banned(rule policy.Rule, step policy.Step)
	Unbanned(reason string)
	Refused(r policy.Refusal)
	Softened(rule policy.Rule)
	Healed(cause string)
	Committed(took time.Duration)
	Enforced(sinceRead time.Duration)
}

// Work is one message to the Enforcer. All that is queued is committed
// together.
type Work struct {
	// Decisions are the Engine's.
	Decisions []policy.Decision
	// ReadAt is when the line that caused the Decisions was read; zero for
	// history.
	ReadAt time.Time
	// Evidence are lines that led to bans, for the history.
	Evidence []store.Evidence
	// Hand is a change by hand; nil for none.
	Hand *Hand
	// Checkpoint is written after everything before it has taken effect.
	Checkpoint *Checkpoint
	// Do is called in the Enforcer's goroutine, to look at the ledger.
	Do func(*Enforcer)
}

// Checkpoint is the Engine's window, which lies in a file, and the positions it
// corresponds to. Whoever has one either hands it on, writes it or drops it.
type Checkpoint struct {
	Positions []ingest.Position
	Window    store.Window
}

// Options are what an Enforcer is made of. Kernel is nil in a dry run;
// History is nil where there is none to write.
type Options struct {
	Kernel  Kernel
	History History
	// Sessions ends open connections of those banned; nil leaves them to stall.
	Sessions Sessions
	// Watcher tells what other programs do to the table; nil where nobody does:
	// a table that is not protected is then looked at every second.
	Watcher Watcher
	// GaveWay is called with each prefix whose ban of the policy is over before
	// its time because there was no room, in the Enforcer's goroutine, for which
	// it must not wait. It may be nil.
	GaveWay func(netip.Prefix)
	// LookAgain is called between bans and the end of their connections, beside
	// the Enforcer, to find those who must not be banned; when it returns, Allow
	// has been called with them. Nil looks at nobody.
	LookAgain func()
	// LookSoon is called with each round, in the Enforcer's goroutine, for which
	// it must not wait: to find those who must not be banned any more, and those
	// who may be again. So nobody has to wake up for it. Nil looks at nobody.
	LookSoon func()
	// Pardons remembers who was let in by hand; nil forgets it at the end.
	Pardons Pardons
	// Try is a trial to begin or to go on with; nil bans in earnest.
	Try     *Trial
	Meter   Meter
	Log     *slog.Logger
	MaxBans int           // per set; the bans that end soonest give way
	Keep    time.Duration // how long the history remembers an ended ban
}

// Enforcer is the owner of the ledger. New, Restore and Run are called from
// one goroutine; everyone else sends Work.
type Enforcer struct {
	Options
	ledger  *ledger
	in      chan Work
	pending map[nft.Key]nft.Change // refused by the kernel, to be tried again
	untold  []policy.Decision      // in force, not yet in the log
	saver   *saver
	killer  *killer
	lookout *lookout
	backoff backoff
	clock   clock
	health  healthState

	trial *trial // nil where bans are in earnest

	exempt     []netip.Prefix             // see Allow
	pardons    map[netip.Prefix]time.Time // with their ends
	nextPardon time.Time                  // when the first of them ends; zero without one
	allowDue   time.Time                  // when to tell the kernel again who passes; zero where it knows

	protected bool          // nobody else can change the table
	broken    bool          // the table could not be built
	patience  time.Duration // until what failed is tried again, see hurry
	owed      *round        // that failed before it had done what it was for
	lookDue   time.Time     // when to look at the table's outline, where that must be
	roundDue  time.Time     // when to compare all bans again
	round     *round        // the comparison that is under way; nil between
}

// queue bounds how much work may wait; senders then wait, and with them the
// reading of logs.
const queue = 256

// New makes an Enforcer.
func New(o Options) *Enforcer {
	e := &Enforcer{
		Options: o,
		ledger:  newLedger(),
		in:      make(chan Work, queue),
		pending: map[nft.Key]nft.Change{},
		pardons: map[netip.Prefix]time.Time{},
	}
	e.trial = newTrial(o.Try)
	e.saver, e.killer, e.lookout = newSaver(o, &e.health), newKiller(o), newLookout(o)
	return e
}

// Send queues work, waiting where the queue is full. It gives up with the
// context's error.
func (e *Enforcer) Send(ctx context.Context, w Work) error {
	select {
	case e.in <- w:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Ask runs f in the Enforcer's goroutine after the work that was sent before, and
// waits for it. Where it gives up with the context's error, f may still run: what
// f leaves is good without an error only.
func (e *Enforcer) Ask(ctx context.Context, f func(*Enforcer)) error {
	done := make(chan struct{})
	err := e.Send(ctx, Work{Do: func(e *Enforcer) {
		f(e)
		close(done)
	}})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run works until ctx ends, then finishes what is queued and writes the rest
// of the history.
func (e *Enforcer) Run(ctx context.Context) error {
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { e.saver.run(stop) })
	beside.Go(func() { e.killer.run(stop) })
	beside.Go(e.lookout.run)
	defer beside.Wait()
	defer close(stop)
	defer e.lookout.stop()
	e.roundDue = time.Now().Add(roundEvery) // Restore was as good as a round
	e.clock = newClock(time.Now())
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		e.arm(timer)
		select {
		case w := <-e.in:
			e.followClock(time.Now())
			e.take(w)
		case <-e.lookout.wake:
			e.followClock(time.Now())
			e.disturbed()
		case <-timer.C:
			e.followClock(time.Now())
			e.look(time.Now())
		case <-ctx.Done():
			e.drain()
			return nil
		}
	}
}

func (e *Enforcer) drain() {
	for {
		select {
		case w := <-e.in:
			e.take(w)
		default:
			return
		}
	}
}

// groupMax bounds how many messages share a commit, so that a checkpoint or a
// question is not put off for ever by a flood.
const groupMax = queue

// take handles w together with all that is queued behind it: bans that come
// close together share one commit, and a lone ban waits for nobody.
func (e *Enforcer) take(w Work) {
	var g group
	for n := 0; ; n++ {
		g.add(w)
		if w.alone() || n == groupMax {
			break
		}
		var more bool
		if w, more = e.next(); !more {
			break
		}
		if w.alone() {
			e.commit(&g)
			g = group{}
			g.add(w)
			break
		}
	}
	e.commit(&g)
	if len(e.in) == 0 || len(e.untold) > untoldMax {
		e.tell()
	}
	e.publish()
}

func (e *Enforcer) next() (Work, bool) {
	select {
	case w := <-e.in:
		return w, true
	default:
		return Work{}, false
	}
}

// alone tells whether the work must see everything before it in effect.
func (w *Work) alone() bool { return w.Hand != nil || w.Checkpoint != nil || w.Do != nil }
