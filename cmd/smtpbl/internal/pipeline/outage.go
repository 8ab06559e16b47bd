package pipeline

import (
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// outage says when the Engine stops and begins again to count failures, because
// our own authentication backend fails.
type outage struct {
	log   *slog.Logger
	since atomic.Int64 // Unix nanoseconds, 0 while failures are counted
	timer *time.Timer  // to see the end of it where no event comes
	times atomic.Uint64
}

// lookAgain is how often the end of a pause is looked for.
const lookAgain = 5 * time.Second

// see looks at the Engine as it is at at.
func (o *outage) see(e *policy.Engine, at time.Time) {
	since, paused := e.Paused(at)
	switch was := o.since.Load(); {
	case paused && was == 0:
		o.since.Store(since.UnixNano())
		o.times.Add(1)
		o.log.Warn("failed logins are not counted: the mail server cannot check passwords", "since", since,
			"hint", "look at the log of the authentication service")
	case !paused && was != 0:
		o.since.Store(0)
		o.log.Warn("failed logins are counted again", "not_counted_for", at.Sub(time.Unix(0, was)).Round(time.Second))
	}
	if paused {
		o.timer.Reset(lookAgain)
	}
}

// Paused tells since when failures are not counted, and whether that is so.
func (j *Judge) Paused() (since time.Time, paused bool) {
	ns := j.outage.since.Load()
	return time.Unix(0, ns), ns != 0
}

// Pauses is how often counting was paused.
func (j *Judge) Pauses() uint64 { return j.outage.times.Load() }

// Forgotten is how many addresses with failures had to make room for others.
func (j *Judge) Forgotten() uint64 { return j.forgotten.Load() }
