package enforce

import "time"

// stepSlack is from when on a difference between the two clocks is a step. The
// kernel slews both alike (adjtimex(2)), so they do not drift apart.
const stepSlack = time.Second

// clock finds out that the wall clock was set, or that the machine slept.
type clock struct {
	start time.Time // with a reading of the monotonic clock, from which that counts
	wall  time.Time // what the wall clock shows when the monotonic one shows 0
}

func newClock(now time.Time) clock { return clock{start: now, wall: now.Round(0)} }

// step returns by how much the wall clock was set since the last call.
func (c *clock) step(now time.Time) time.Duration {
	// Round strips the monotonic reading, by which Sub would count.
	by := now.Round(0).Sub(c.wall) - now.Sub(c.start)
	if by.Abs() < stepSlack {
		return 0
	}
	c.wall = c.wall.Add(by)
	return by
}

// followClock moves the ends of all bans by as much as the clock was set. A ban
// is a span of time, and the kernel, which counts ticks, knows what is left of
// it; the ends of the ledger and of the history are those of a clock. Otherwise
// the next round would end bans an hour early, or late, because somebody
// corrected the clock by one. The round that follows writes the new ends.
func (e *Enforcer) followClock(now time.Time) {
	by := e.clock.step(now)
	if by == 0 {
		return
	}
	e.Log.Warn("the clock was set: bans last as long as before", "by", by.Round(time.Millisecond))
	e.ledger.shift(by)
	if e.Kernel != nil {
		e.begin(&round{cause: causeDrift, rewrite: true})
	}
}
