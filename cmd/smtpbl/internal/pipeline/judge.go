package pipeline

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/enforce"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/evidence"
	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/store"
	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/policy"
)

// Sink takes what the Judge decides, in order; enforce.Enforcer is one.
type Sink interface {
	Send(ctx context.Context, w enforce.Work) error
}

// Counter takes counts of events, and of lines that should have been some.
type Counter interface {
	Events(service, kind string, n int)
	Unparsed(service string)
}

// Judge owns the Engine. Everything that touches the Engine goes through it,
// and everything it sends to the Sink keeps the order in which it came.
type Judge struct {
	// Windows keeps the Engine's window; nil forgets it, and the positions, at the
	// end. Unsaved is called when it cannot be kept, and with nil when it can be
	// again. Both are set before Run.
	Windows Windows
	Unsaved func(error)

	engine    *policy.Engine
	sink      Sink
	count     Counter
	log       *slog.Logger
	watch     func(*policy.Event) // nil is nobody
	batches   chan *Batch
	asks      chan ask
	gone      gaveWay
	evidence  *evidence.Ring                  // nil where nobody asks why
	later     []judged                        // whose lines are to be kept
	scratch   []byte                          // see evidenceOf
	grown     map[chan *Batch]<-chan struct{} // homes of large batches, with their tokens
	positions map[string]ingest.Position
	decisions []policy.Decision
	changed   bool // since the last checkpoint
	unsaved   bool // the last one could not be written
	interval  time.Duration
	tracked   atomic.Int64
	forgotten atomic.Uint64
	outage    outage
}

// waiting bounds the batches between sources and Engine.
const waiting = 64

// NewJudge makes a Judge over engine; positions are the places that the
// engine's window corresponds to.
func NewJudge(engine *policy.Engine, sink Sink, count Counter, positions []ingest.Position, log *slog.Logger) *Judge {
	j := &Judge{
		engine: engine, sink: sink, count: count, log: log,
		batches:   make(chan *Batch, waiting),
		asks:      make(chan ask),
		gone:      gaveWay{wake: make(chan struct{}, 1)},
		positions: map[string]ingest.Position{}, grown: map[chan *Batch]<-chan struct{}{},
		interval: checkpointEvery,
	}
	j.outage.log = log
	for _, p := range positions {
		j.positions[p.Source] = p
	}
	j.tracked.Store(int64(engine.Tracked()))
	return j
}

// Watch shows each event to f before it is judged, in the Judge's goroutine. It
// must be called before Run.
func (j *Judge) Watch(f func(*policy.Event)) { j.watch = f }

// Batches is where Collectors put their batches.
func (j *Judge) Batches() chan<- *Batch { return j.batches }

// Tracked is how many addresses have failures in the window.
func (j *Judge) Tracked() int { return int(j.tracked.Load()) }

// ask is a call that runs in the Judge's goroutine.
type ask struct {
	f       func(*policy.Engine)
	changes bool // the window, which then belongs into the next checkpoint
	done    chan struct{}
}

// Ask runs f, which looks at the Engine, in the Judge's goroutine after the
// batches that were taken before. What f sends to the Sink keeps its place.
func (j *Judge) Ask(ctx context.Context, f func(*policy.Engine)) error {
	return j.call(ctx, ask{f: f})
}

// Tell is Ask for an f that changes the Engine.
func (j *Judge) Tell(ctx context.Context, f func(*policy.Engine)) error {
	return j.call(ctx, ask{f: f, changes: true})
}

func (j *Judge) call(ctx context.Context, a ask) error {
	done := make(chan struct{})
	a.done = done
	select {
	case j.asks <- a:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run judges until ctx ends, then writes a last checkpoint. The Sink must
// outlive it.
func (j *Judge) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	<-timer.C
	defer timer.Stop()
	j.outage.timer = time.NewTimer(lookAgain)
	j.outage.timer.Stop()
	defer j.outage.timer.Stop()
	armed := false             // for the timer, which sleeps while nothing changes
	var pause <-chan time.Time // until lines are kept; nil while none wait
	for {
		if j.changed && !armed {
			timer.Reset(j.interval)
			armed = true
		}
		if len(j.later) == 0 {
			pause = nil
		} else if pause == nil {
			pause = time.After(evidencePause)
		}
		select {
		case b := <-j.batches:
			j.judge(ctx, b)
		case <-pause:
			j.keepEvidence(ctx)
		case a := <-j.asks:
			j.keepEvidence(ctx)
			a.f(j.engine)
			j.changed = j.changed || a.changes
			close(a.done)
		case <-j.gone.wake:
			j.gone.release(j.engine)
			j.changed = true
		case <-j.outage.timer.C:
			j.outage.see(j.engine, time.Now())
		case <-timer.C:
			armed = false
			j.checkpoint(ctx)
			j.shed()
		case <-ctx.Done():
			j.keepEvidence(ctx)
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkpointEvery)
			defer cancel()
			j.checkpoint(last)
			return nil
		}
	}
}

func (j *Judge) judge(ctx context.Context, b *Batch) {
	for i := range b.Events {
		ev := &b.Events[i]
		j.count.Events(ev.Service.String(), ev.Kind.String(), 1)
		if j.watch != nil {
			j.watch(ev)
		}
	}
	out := j.engine.ObserveBatch(b.Events, j.decisions[:0])
	for _, service := range b.Unread {
		j.count.Unparsed(service.String())
	}
	j.decisions = out
	if n := len(b.Events); n > 0 {
		j.outage.see(j.engine, b.Events[n-1].Time)
	}
	var sent []policy.Decision
	if len(out) > 0 {
		// The Sink keeps the slice, so it gets one of its own.
		sent = slices.Clone(out)
		w := enforce.Work{Decisions: sent, ReadAt: b.ReadAt}
		// The Engine has counted these events, so even a stopping service
		// must bring them into effect; the Sink outlives the Judge.
		if err := j.sink.Send(context.WithoutCancel(ctx), w); err != nil {
			j.log.Error("cannot hand decisions on", "err", err)
		}
	}
	j.positions[b.Pos.Source] = b.Pos
	if b.large != nil {
		j.grown[b.home] = b.large
	}
	j.keepLater(ctx, b, sent)
	j.changed = true
	j.tracked.Store(int64(j.engine.Tracked()))
	j.forgotten.Store(j.engine.Forgotten())
}

// Recall makes a ban of the history known to an Engine: what the policy banned
// with its rank, whether it still runs or not, and what others banned beside
// that.
func Recall(engine *policy.Engine, r *store.Record) {
	if r.Bans > 0 {
		engine.Restore(policy.Offender{Prefix: r.Prefix, Step: r.Step, Rule: r.Rule, Bans: r.Bans, At: r.At, Until: r.Until})
		return
	}
	if r.Active(time.Now()) {
		engine.Hold(r.Prefix, r.Until)
	}
}

// Waiting is how many batches the Judge has not taken yet.
func (j *Judge) Waiting() int { return len(j.batches) }
