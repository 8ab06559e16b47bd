package main

import "time"

// verdict is what must become of an address's packets.
type verdict int

const (
	either verdict = iota // while it changes, or nobody asks
	passes
	dropped
)

func (v verdict) String() string {
	return [...]string{"either", "passes", "dropped"}[v]
}

// turn is a change of the verdict.
type turn struct {
	at time.Duration
	to verdict
}

// timeline is what must become of one address, turn by turn. It may reach into
// the future: a ban ends by itself.
type timeline []turn

// at returns the verdict on a packet that was sent then, and that the server
// may have got a little later: only what holds for the whole grace is known.
func (l timeline) at(sent, grace time.Duration) verdict {
	v := either
	for _, t := range l {
		switch {
		case t.at <= sent:
			v = t.to
		case t.at <= sent+grace && t.to != v:
			return either
		}
	}
	return v
}

// from replaces all that was to come after a moment.
func (l timeline) from(at time.Duration, turns ...turn) timeline {
	for len(l) > 0 && l[len(l)-1].at >= at {
		l = l[:len(l)-1]
	}
	return append(l, turns...)
}

// excuse puts off what the service could not do because it did not run from
// down until up, and an end that depends on it.
func (l timeline) excuse(down, up, grace time.Duration) {
	var late time.Duration
	for i := range l {
		t := &l[i]
		if t.to == dropped && t.at >= down && t.at < up+grace {
			late = up + grace - t.at
			t.at += late
		} else if t.to == passes {
			t.at += late
		}
	}
}
