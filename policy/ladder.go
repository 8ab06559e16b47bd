package policy

import (
	"math"
	"time"
)

// banTime is how long the rank-th ban lasts: BanTime doubled with each rank
// after the first, up to BanTimeMax.
func (c *Config) banTime(rank int) time.Duration {
	d := c.BanTime
	for ; rank > 1; rank-- {
		if d > c.BanTimeMax/2 {
			return c.BanTimeMax
		}
		d *= 2
	}
	return min(d, c.BanTimeMax)
}

// climb bans r from at on, one rank higher than before, and returns the rank
// and for how long.
func (e *Engine) climb(r *record, at second) (int, time.Duration) {
	e.forget(r, at)
	if r.rank < math.MaxUint8 {
		r.rank++
	}
	d := e.cfg.banTime(int(r.rank))
	r.ends = at.plus(d)
	e.noteNet(r)
	return int(r.rank), d
}

// forget drops r's rank when its last ban ended long enough ago.
func (e *Engine) forget(r *record, at second) {
	if r.ends != never && r.ends.plus(e.cfg.BanTimeMax) <= at {
		r.ends, r.rank = never, 0
	}
}
