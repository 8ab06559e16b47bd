package policy

import (
	"math"
	"time"
)

// second is a time in seconds since the Engine's start; four bytes reach 68
// years in either direction.
type second int32

const (
	never    second = math.MinInt32
	farthest second = math.MaxInt32
)

// clock turns times into seconds since base, which is a multiple of grid: what
// is counted by pieces of time is cut at the same times whenever an Engine was
// started, so that two of them decide alike.
type clock struct {
	base time.Time
	grid int64 // seconds
}

// newClock makes a clock that starts at start, or a little before.
func newClock(start time.Time, grid int64) clock {
	c := clock{grid: grid}
	if !start.IsZero() {
		c.begin(start)
	}
	return c
}

func (c *clock) begin(t time.Time) {
	early := (t.Unix()%c.grid + c.grid) % c.grid
	c.base = t.Add(-time.Duration(early)*time.Second - time.Duration(t.Nanosecond()))
}

// at returns t. A clock without a base starts at the first time it is asked
// for, so that logs of any year can be judged.
func (c *clock) at(t time.Time) second {
	if c.base.IsZero() {
		c.begin(t)
	}
	d := t.Sub(c.base)
	s := d / time.Second
	if d%time.Second < 0 {
		s--
	}
	return clamp(int64(s))
}

// time is the reverse of at. What it returns has no monotonic reading.
func (c *clock) time(s second) time.Time {
	return c.base.Round(0).Add(time.Duration(s) * time.Second)
}

func clamp(s int64) second {
	return second(min(max(s, int64(never)+1), int64(farthest)))
}

// plus returns s later by d, rounded up to whole seconds.
func (s second) plus(d time.Duration) second {
	if s == never {
		return never
	}
	return clamp(int64(s) + seconds(d))
}

// since returns the seconds from o to s.
func (s second) since(o second) int64 { return int64(s) - int64(o) }

func seconds(d time.Duration) int64 {
	n := int64(d / time.Second)
	if d%time.Second > 0 {
		n++
	}
	return n
}
