package policy

import (
	"net/netip"
	"time"
)

// Pardon keeps p unbanned until until: what it earns meanwhile is refused with
// RefusedPardon, and does not count afterwards. A zero until ends a pardon.
func (e *Engine) Pardon(p netip.Prefix, until time.Time) {
	p = plainPrefix(p)
	if !p.IsValid() {
		return
	}
	if until.IsZero() {
		e.pardons.ends.Delete(p)
		return
	}
	e.pardons.put(p, e.clock.at(until.Add(time.Second-1)), e.now)
}

// pardoned tells whether a or a prefix around it is pardoned at at.
func (e *Engine) pardoned(a netip.Addr, at second) bool { return e.pardons.cover(a, at) }
