package policy

import (
	"math"
	"time"
)

// banTime is how long the rank-th ban of a first length lasts: doubled with
// each rank after the first, up to BanTimeMax.
func (c *Config) banTime(first time.Duration, rank int) time.Duration {
	d := first
	for ; rank > 1; rank-- {
		if d > c.BanTimeMax/2 {
			return c.BanTimeMax
		}
		d *= 2
	}
	return min(d, c.BanTimeMax)
}

// first is how long the first ban of a step lasts that a rule leads to.
func (c *Config) first(s Step, rule Rule) time.Duration {
	switch {
	case s == StepNet:
		return c.NetTime
	case s == StepAll:
		return c.AllPortsTime
	case rule == RuleAccount, rule == RuleHoneypot:
		return c.AccountTime
	}
	return c.BanTime
}

// highest is the rank beyond which no ban gets longer. With BanDecay ranks
// stop there: what quiet time takes back must end within reach.
func (c *Config) highest() int {
	if c.BanDecay == 0 {
		return math.MaxUint8
	}
	rank := 1
	for c.banTime(min(c.BanTime, c.NetTime, c.AllPortsTime, c.AccountTime), rank) < c.BanTimeMax && rank < math.MaxUint8 {
		rank++
	}
	return rank
}

// spread makes d up to BanExtra percent longer, or shorter where it would be
// longer than BanTimeMax, so that bans of one moment do not end in one moment.
// By how much follows from the key and the rank alone: a log read twice leads
// to the same bans.
func (c *Config) spread(d time.Duration, k key, rank int) time.Duration {
	if c.BanExtra <= 0 {
		return d
	}
	const parts = 1 << 10
	most := d / 100 * time.Duration(c.BanExtra)
	extra := (most / parts * time.Duration(mix(uint64(k)+uint64(rank))%parts)).Truncate(time.Second)
	if d+extra > c.BanTimeMax {
		return max(d-extra, time.Second)
	}
	return d + extra
}

// climb bans r at a step from at on, one rank higher than before, and returns
// the rank and for how long.
func (e *Engine) climb(r *record, s Step, rule Rule, at second) (int, time.Duration) {
	e.forget(r, at)
	rank := e.rankOf(r, at)
	wider := s == StepAll && r.banned(at) // the same ban, at more ports
	if !wider || rank == 0 {
		rank = min(rank+1, e.highest)
	}
	d := e.cfg.spread(e.cfg.banTime(e.cfg.first(s, rule), rank), r.key, rank)
	ends := at.plus(d)
	if wider {
		ends = max(ends, r.ends)
	}
	r.rank, r.ends = uint8(rank), ends
	r.flags &^= everywhere
	if s == StepAll {
		r.flags |= everywhere
		r.mark = at.plus(d)
	}
	e.noteNet(r)
	return rank, d
}

// rankOf is r's rank less what quiet time took back until at.
func (e *Engine) rankOf(r *record, at second) int {
	rank := int(r.rank)
	if e.decay > 0 && r.ends != never && at > r.ends {
		rank -= int(min(at.since(r.ends)/e.decay, math.MaxUint8))
	}
	return max(rank, 0)
}

// forget drops r's rank when its last ban ended long enough ago.
func (e *Engine) forget(r *record, at second) {
	if r.ends == never || r.ends > at {
		return
	}
	over := e.rankOf(r, at) == 0
	if e.decay == 0 {
		over = r.ends.plus(e.cfg.BanTimeMax) <= at
	}
	if over {
		r.ends, r.rank = never, 0
		r.flags &^= everywhere
	}
}

// soften puts r, with n failures that count, on the soft step, and tells
// whether it was not there before.
func (e *Engine) soften(r *record, n int, at second) bool {
	t := e.softThreshold(r.key)
	if t == 0 || n < t {
		return false
	}
	before := r.soft(at)
	r.mark = max(r.mark, at.plus(e.cfg.SoftTime))
	return !before
}

func (e *Engine) softThreshold(k key) int {
	if k.is4() {
		return e.cfg.SoftThreshold4
	}
	return e.cfg.SoftThreshold6
}

// allPorts is how many failures ban k at all ports, 0 for never.
func (e *Engine) allPorts(k key) int {
	if k.is4() {
		return e.cfg.AllPorts4
	}
	return e.cfg.AllPorts6
}
